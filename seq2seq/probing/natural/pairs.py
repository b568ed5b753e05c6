"""Natural minimal pairs: real sentences in which one English noun was exchanged for one of the other gender.

A TSV with the columns id, source_masc, source_fem, and, where known, noun_en, other_human_en, gender_cue_en: rows in which
another person or another cue of gender stands are counted, and left out of the rates. There are no factors, so the verdict
is what the output's words show (`seq2seq.agreement`); intervals are over sentences. What changes it: `steering`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...agreement import evident, people, shown_by_nouns
from ...config import UserError
from ...tokenizer import WORD, normal
from ...translator import Translator
from ..statistics import Estimate, interval, wilson
from ..stimuli import GENDERS

COLUMNS = ("id", "source_masc", "source_fem")
CUES = ("other_human_en", "gender_cue_en")

Nouns = tuple[str, str]  # "boy", "girl"


@dataclass(frozen=True)
class NaturalPair:
    """One sentence with a noun of either gender; `place` is the number of the noun among its words, if it can be told."""

    id: str
    masculine: str
    feminine: str
    nouns: Nouns
    place: int | None


@dataclass(frozen=True)
class Natural:
    """How often the Czech shows the gender of the English noun; intervals over sentences."""

    file: str
    pairs: int
    left_out: int  # rows with another person or another cue
    noun: dict[str, Estimate]  # gender → share of the sentences whose nouns for people show it alone
    agreeing: dict[str, Estimate]  # of the sentences whose agreeing words show any, share that shows this one alone


def bare(word: str) -> str:
    return word.lower().removesuffix("'s").removesuffix("’s")


def pair(row: dict[str, str]) -> NaturalPair:
    """The noun is the first word that differs, or, where noun_en names it, the first that differs and is it."""
    texts = [normal(row[column] or "") for column in COLUMNS[1:]]
    words = [[bare(word) for word in WORD.findall(text)] for text in texts]
    differ = [n for n, both in enumerate(zip(*words)) if both[0] != both[1]]
    named = [n for n in differ if row.get("noun_en") in (None, "", words[0][n], words[1][n])]
    place = named[0] if named and len(words[0]) == len(words[1]) else None
    return NaturalPair(
        row["id"], texts[0], texts[1], ("", "") if place is None else (words[0][place], words[1][place]), place
    )


def read(path: Path) -> tuple[list[NaturalPair], int]:
    """The clean rows, and how many others there were."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except csv.Error as error:
        raise UserError(f"{path}: no table of tab-separated columns ({error})") from error
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise UserError(f"{path}: column {missing[0]!r} is missing; wanted a TSV with the columns {', '.join(COLUMNS)}")
    found = [pair(row) for row in rows if not any(row.get(cue) for cue in CUES)]
    if not found:
        raise UserError(f"{path}: no row without another person or another cue of gender")
    return found, len(rows) - len(found)


def natural(translator: Translator, path: Path) -> Natural:
    """Translate every pair, and see which gender the Czech shows."""
    pairs, left_out = read(path)
    nouns, agreeing = {}, {}
    for gender in GENDERS:
        outputs = translator.translate([getattr(pair, gender) for pair in pairs])
        nouns[gender] = wilson([shown_by_nouns(output) == gender for output in outputs])
        shown = [verdict for output in outputs if (verdict := evident(output))]
        agreeing[gender] = wilson([verdict == gender for verdict in shown])
    return Natural(path.name, len(pairs), left_out, nouns, agreeing)


def share_of(rate: Estimate) -> str:
    return f"{interval(rate)} of {rate.n}"


def summary(found: Natural) -> str:
    lines = [f"{found.file}: {found.pairs} pairs ({found.left_out} left out: another person or another cue of gender)"]
    for what, rates in (("nouns show", found.noun), ("agreeing words, where any tells, show", found.agreeing)):
        lines += [f"  English {gender}: {what} {gender}: {share_of(rate)}" for gender, rate in rates.items()]
    return "\n".join(lines)


# What an output shows


def shown(text: str) -> str | None:
    """The gender that nouns for people and agreeing words show together: masculine, feminine, mixed, or None."""
    found = {shown_by_nouns(text), evident(text)} - {None}
    return "mixed" if len(found) > 1 else next(iter(found), None)


def rest(text: str) -> str:
    """A sentence without the words that show a person's gender: nouns for people, and the words that `evident` counts,
    alone or at most three words before or two after such a noun."""
    words = [word.lower() for word in WORD.findall(text)]

    def shows(place: int) -> bool:
        word = words[place]
        before = (noun for noun in words[max(0, place - 2) : place] if noun in people())
        after = (noun for noun in words[place + 1 : place + 4] if noun in people())
        beside = (*(f"{noun} {word}" for noun in before), *(f"{word} {noun}" for noun in after))
        return word in people() or any(map(evident, (word, *beside)))

    return " ".join(word for place, word in enumerate(words) if not shows(place))


def unchanged(outputs: Sequence[str], before: Sequence[str]) -> float:
    """chrF of the rest of some outputs against the rest of what was said before."""
    from sacrebleu.metrics import CHRF  # late: translating need not wait for it

    return float(CHRF().corpus_score([rest(each) for each in outputs], [[rest(each) for each in before]]).score)
