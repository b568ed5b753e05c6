"""Natural minimal pairs: real sentences in which one English noun was exchanged for one of the other gender.

A TSV with the columns id, source_masc, source_fem, and, where known, noun_en, other_human_en, gender_cue_en: rows in which
another person or another cue of gender stands are counted, and left out of the rates. There are no factors, so the verdict
is what the output's words show (`seq2seq.agreement.evident`), apart from what its nouns do.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..agreement import evident, shown_by_nouns
from ..config import UserError
from ..translator import Translator
from .statistics import Estimate, wilson

COLUMNS = ("id", "source_masc", "source_fem")
CUES = ("other_human_en", "gender_cue_en")


@dataclass(frozen=True)
class NaturalPair:
    """One sentence with a noun of either gender."""

    id: str
    masculine: str
    feminine: str


@dataclass(frozen=True)
class Natural:
    """How often the Czech shows the gender of the English noun; intervals over sentences."""

    file: str
    pairs: int
    left_out: int  # rows with another person or another cue
    noun: dict[str, Estimate]  # gender → share of the sentences whose nouns for people show it alone
    agreeing: dict[str, Estimate]  # of the sentences whose agreeing words show any, share that shows this one alone


def read(path: Path) -> tuple[list[NaturalPair], int]:
    """The clean rows, and how many others there were."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise UserError(f"{path}: column {missing[0]!r} is missing; wanted a TSV with the columns {', '.join(COLUMNS)}")
    clean = [row for row in rows if not any(row.get(cue) for cue in CUES)]
    found = [NaturalPair(row["id"], row["source_masc"] or "", row["source_fem"] or "") for row in clean]
    if not found:
        raise UserError(f"{path}: no row without another person or another cue of gender")
    return found, len(rows) - len(clean)


def natural(translator: Translator, path: Path) -> Natural:
    """Translate every pair, and see which gender the Czech shows."""
    pairs, left_out = read(path)
    nouns, agreeing = {}, {}
    for gender in ("masculine", "feminine"):
        outputs = translator.translate([getattr(pair, gender) for pair in pairs])
        nouns[gender] = wilson([shown_by_nouns(output) == gender for output in outputs])
        shown = [verdict for output in outputs if (verdict := evident(output))]
        agreeing[gender] = wilson([verdict == gender for verdict in shown])
    return Natural(path.name, len(pairs), left_out, nouns, agreeing)


def summary(found: Natural) -> str:
    lines = [f"{found.file}: {found.pairs} pairs ({found.left_out} left out: another person or another cue of gender)"]
    for what, rates in (("nouns show", found.noun), ("agreeing words, where any tells, show", found.agreeing)):
        for gender, rate in rates.items():
            share = f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}] of {rate.n}".replace("%", " %")
            lines.append(f"  English {gender}: {what} {gender}: {share}")
    return "\n".join(lines)
