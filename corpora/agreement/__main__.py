"""Make the whole agreement corpus again and check it: `python -m corpora.agreement [--out FOLDER] [--renew]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from corpora.agreement import SPLITS, load, verify

HERE = Path(__file__).parent
CHECKSUMS, CELLS = HERE / "checksums.tsv", HERE / "cells.tsv"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    start = time.perf_counter()
    corpora = {split: load(split, options.seed) for split in SPLITS}
    print(f"made {sum(map(len, corpora.values())):,} pairs in {time.perf_counter() - start:.1f} s, seed {options.seed}")
    for split, corpus in corpora.items():
        print(f"  {split:<7} {len(corpus):>7,}  {summary(corpus)}")
    print_cells(corpora)
    failures = sum(report(check.__doc__.splitlines()[0], list(check(corpora))) for check in verify.CHECKS)
    checksums = "".join(f"{split}\t{verify.checksum(corpus)}\n" for split, corpus in corpora.items())
    if options.renew:
        CHECKSUMS.write_text(checksums, encoding="utf-8")
        CELLS.write_text(verify.cell_table(corpora), encoding="utf-8")
    if options.seed == 1:
        wrong = [name.name for name, text in committed(corpora, checksums) if name.read_text(encoding="utf-8") != text]
        failures += report("The bytes are the committed ones.", [f"{name} differs" for name in wrong])
    if options.out:
        write(corpora, options.out)
    print(f"{failures} checks failed" if failures else "every check holds", f"({time.perf_counter() - start:.1f} s)")
    return 1 if failures else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m corpora.agreement", description=__doc__.split(":")[0] + ".")
    made.add_argument("--out", type=Path, help="write every split there as a .jsonl file that `datasets` loads")
    made.add_argument("--seed", type=int, default=1, help="the draw (default: %(default)s, whose bytes are committed)")
    made.add_argument("--renew", action="store_true", help="commit to these bytes: rewrite checksums.tsv and cells.tsv")
    return made


def summary(corpus) -> str:
    genders = Counter(pair.factors.gender for pair in corpus)
    lemmas = len({pair.factors.lemma for pair in corpus})
    return (
        ", ".join(f"{gender} {count:,}" for gender, count in sorted(genders.items())) + f", {lemmas} nouns in control"
    )


def print_cells(corpora) -> None:
    """Rows of the probe split: family, distance and intervener by gender."""
    counts, crossed = Counter(), Counter()
    for pair in corpora["probe"]:
        factors = pair.factors
        if factors.construction == "switch":
            crossed[factors.template, factors.nouns[0].gender, factors.nouns[1].gender] += 1
            continue
        counts[factors.family, factors.distance, factors.intervener, factors.gender] += 1
    print(f"probe, rows  {'family':<8} {'distance':>8} {'intervener':<12} masculine feminine neuter")
    for family, distance, kind in sorted({cell[:3] for cell in counts}):
        row = [counts[family, distance, kind, gender] for gender in ("masculine", "feminine", "neuter")]
        print(f"{'':<12} {family:<8} {distance:>8} {kind:<12} {row[0]:>9} {row[1]:>8} {row[2]:>6}")
    for (template, first, second), count in sorted(crossed.items()):
        print(f"{'':<12} {template}: {first} then {second} {count}")


def report(what: str, problems: list[str]) -> bool:
    print(f"{'FAILS' if problems else 'holds'}  {what}")
    for problem in problems[:5]:
        print(f"         {problem}")
    if len(problems) > 5:
        print(f"         … and {len(problems) - 5} more")
    return bool(problems)


def committed(corpora, checksums: str) -> list[tuple[Path, str]]:
    return [(CHECKSUMS, checksums), (CELLS, verify.cell_table(corpora))]


def write(corpora, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for split, corpus in corpora.items():
        path = folder / f"{split}.jsonl"
        path.write_bytes(verify.json_lines(corpus))
        print(f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
