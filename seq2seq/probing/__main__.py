"""python -m seq2seq.probing CHECKPOINT… : does the cell hold gender?"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import corpora

from ..config import Parser, UserError, command
from ..progress import share_done
from ..translator import load
from . import natural, planted
from .report import save, summary
from .study import FULL, QUICK, Result, Study

SELF_TESTS = 5  # models of each kind


def test(seeds: range) -> None:
    """Print what was planted and whether it was found; status 1 if anything was not."""
    with share_done("self-test") as show:
        checks = planted.self_test(seeds, show)
    print(planted.summary(checks))
    if not all(each.holds for each in checks):
        sys.exit(1)


def main() -> None:
    parser = Parser(prog="python -m seq2seq.probing", description="Does the cell state hold grammatical gender?")
    parser.add_argument("checkpoints", nargs="*", type=Path, metavar="CHECKPOINT", help="run folders")
    parser.add_argument(
        "--corpus", default="agreement", help="a corpus whose pairs have factors: agreement (default: %(default)s)"
    )
    parser.add_argument(
        "--pairs", type=Path, metavar="TSV", help="natural minimal pairs instead: which gender the Czech shows"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("reports/gender"), help="folder of the report (default: %(default)s)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer sentences and random sets: under a minute")
    parser.add_argument("--seed", type=int, default=1, help="of controls and intervals (default: %(default)s)")
    parser.add_argument("--self-test", action="store_true", help="test the tool on models with a planted answer")
    given = parser.parse_args()
    if given.self_test:
        test(range(given.seed, given.seed + SELF_TESTS))
        return
    if not given.checkpoints:
        raise UserError("no run folder given: try checkpoints/demo (see --help)")
    if given.pairs:
        for folder in given.checkpoints:
            print(f"{folder}, {natural.summary(natural.natural(load(folder), given.pairs))}")
        return
    size = QUICK if given.quick else FULL
    results: list[Result] = []
    for folder in given.checkpoints:
        translator = load(folder)
        longest = translator.run.loading.get("max_words") if translator.run else None
        pairs = corpora.load(given.corpus, "probe", max_words=longest).pairs
        if not any(pair.factors for pair in pairs):
            raise UserError(f"{given.corpus} has no factors, so nobody knows which words agree: probe on agreement")
        with share_done(str(folder)) as show:
            results.append(Study(translator, pairs, size, given.seed, show).result(str(folder)))
        print(summary(results[-1]))
    line = shlex.join(["python", "-m", "seq2seq.probing", *sys.argv[1:]])
    for path in save(results, given.out, line):
        print(f"wrote {path}")


if __name__ == "__main__":
    command(main, "python -m seq2seq.probing")
