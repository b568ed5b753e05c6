"""Make the whole agreement corpus again and check it: `python -m corpora.agreement [--out FOLDER] [--renew]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpora import writing
from corpora.agreement import SPLITS, load, verify
from corpora.records import GENDERS, Corpus

HERE = Path(__file__).parent
COMMITTED = (HERE / "checksums.tsv", HERE / "cells.tsv")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    start = time.perf_counter()
    corpora = {split: load(split, options.seed) for split in SPLITS}
    print(f"made {sum(map(len, corpora.values())):,} pairs in {time.perf_counter() - start:.1f} s, seed {options.seed}")
    for split, corpus in corpora.items():
        print(f"  {split:<7} {len(corpus):>7,}  {summary(corpus)}")
    print_probe_cells(corpora["probe"])
    failed = sum(report(check.__doc__.splitlines()[0], list(check(corpora))) for check in verify.CHECKS)
    made = (verify.checksum_table(corpora), verify.cell_table(corpora))
    if options.renew:
        for path, text in zip(COMMITTED, made, strict=True):
            writing.write(path, text)
    if options.seed == 1:
        failed += report("The bytes are the committed ones.", differing(made))
    if options.out:
        try:
            write(corpora, options.out)
        except OSError as error:
            parser().error(f"--out {options.out}: {error.strerror}")
    print(f"{failed} checks failed" if failed else "every check holds", f"({time.perf_counter() - start:.1f} s)")
    return 1 if failed else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m corpora.agreement", description="Make the whole agreement corpus again and check it."
    )
    made.add_argument("--out", type=Path, help="write every split there as a .jsonl file that `datasets` loads")
    made.add_argument("--seed", type=int, default=1, help="the draw (default: %(default)s, whose bytes are committed)")
    made.add_argument("--renew", action="store_true", help="commit to these bytes: rewrite checksums.tsv and cells.tsv")
    return made


def summary(corpus: Corpus) -> str:
    genders = Counter(pair.factors.gender for pair in corpus)
    lemmas = {pair.factors.lemma for pair in corpus}
    return ", ".join(f"{gender} {genders[gender]:,}" for gender in GENDERS) + f"; {len(lemmas)} nouns in control"


def print_probe_cells(probe: Corpus) -> None:
    """Rows of the probe split: family, distance and intervener by gender; then the crossed subjects."""
    counts, crossed = verify.probe_cells(probe)
    print(f"  probe   {'family':<8} {'distance':>8} {'intervener':<12} " + " ".join(GENDERS))
    for family, cells in counts.items():
        for distance, kind in sorted({cell[:2] for cell in cells}):
            row = " ".join(f"{cells[distance, kind, gender]:>{len(gender)}}" for gender in GENDERS)
            print(f"  {'':<7} {family:<8} {distance:>8} {kind:<12} {row}")
    for template, cells in crossed.items():
        row = ", ".join(f"{first}–{second} {count}" for (first, second), count in sorted(cells.items()))
        print(f"  {'':<7} {template}: {row}")


def report(what: str, problems: Sequence[str]) -> bool:
    print(f"{'FAILS' if problems else 'holds'}  {what}")
    for problem in problems[:5]:
        print(f"         {problem}")
    if len(problems) > 5:
        print(f"         … and {len(problems) - 5} more")
    return bool(problems)


def differing(made: Sequence[str]) -> list[str]:
    """The committed files that are not what was made."""
    read = (path.read_text(encoding="utf-8") if path.exists() else "" for path in COMMITTED)
    return [f"{path.name} differs" for path, old, new in zip(COMMITTED, read, made, strict=True) if old != new]


def write(corpora: verify.Corpora, folder: Path) -> None:
    for split, corpus in corpora.items():
        path = folder / f"{split}.jsonl"
        writing.write(path, verify.json_lines(corpus))
        print(f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
