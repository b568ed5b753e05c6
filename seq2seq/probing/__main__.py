"""python -m seq2seq.probing CHECKPOINT… : does the cell hold gender?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import corpora

from ..config import Parser, UserError, command
from ..translator import load
from .report import save, summary
from .study import FULL, QUICK, Result, Study


def main() -> None:
    parser = Parser(prog="python -m seq2seq.probing", description="Does the cell state hold grammatical gender?")
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="run folders")
    parser.add_argument("--corpus", default="agreement", help="a corpus with factors (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("reports/gender"), help="folder of the report (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer sentences and random sets: under a minute")
    parser.add_argument("--seed", type=int, default=1, help="of controls and intervals (default: %(default)s)")
    given = parser.parse_args()
    size = QUICK if given.quick else FULL
    results: list[Result] = []
    for folder in given.checkpoints:
        translator = load(folder)
        longest = translator.run.loading["max_words"] if translator.run else None
        pairs = corpora.load(given.corpus, "probe", max_words=longest).pairs
        if not any(pair.factors for pair in pairs):
            raise UserError(f"{given.corpus} has no factors, so nobody knows which words agree: probe on agreement")
        columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(str(folder), total=1.0)
            show = lambda what, share: bar.update(task, description=f"{folder}: {what}", completed=share)  # noqa: B023
            results.append(Study(translator, pairs, size, given.seed, show).result(str(folder)))
        print(summary(results[-1]))
    line = shlex.join(["python", "-m", "seq2seq.probing", *sys.argv[1:]])
    for path in save(results, given.out, line):
        print(f"wrote {path}")


if __name__ == "__main__":
    command(main)
