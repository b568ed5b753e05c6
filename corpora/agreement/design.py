"""Which sentences are made: the legal cells of the design, the splits, and the balance inside each.

A **frame** (a sentence without its controlling noun) belongs to one split for good, by a hash of its text: so splits share
no sentence and no frame, whatever the seed. A **cell** is a template, a family of controlling noun, and the gender of
the nouns that intervene; inside a cell every noun gets the same number of rows.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from corpora.agreement.constructions import TEMPLATES
from corpora.agreement.grammar import AN, Template, realise, related
from corpora.agreement.lexicon import DOMAINS, NOUNS, NounWord, Word
from corpora.records import GENDERS, CorpusError, Pair

# split → share of the frames, in hundredths
SHARES = {"train": 80, "probe": 10, "test": 7, "dev": 3}
# the two sentences that the project begins with are always trained on
PINNED = {"I am a ___ who likes to learn.": "train"}
PATIENCE = 600  # draws before nouns are given up as impossible in a cell


def split_of(frame: str) -> str:
    """The split that owns a frame."""
    if frame in PINNED:
        return PINNED[frame]
    share = int.from_bytes(hashlib.sha256(frame.encode()).digest()[:4], "big") % 100
    for split, size in SHARES.items():
        if share < size:
            return split
        share -= size
    raise AssertionError("SHARES must add up to 100")


@dataclass(frozen=True)
class Cell:
    """A legal cell: `attractor` is the gender of its intervening nouns, or of the second subject; empty: none."""

    template: Template
    family: str
    attractor: str = ""
    plural: bool = False

    @property
    def genders(self) -> Sequence[str]:
        return GENDERS if self.family == "open" else GENDERS[:2]


def cells(attractors: int, plural: bool = False) -> list[Cell]:
    """Every legal cell, in order; `attractors`: how many genders intervene where English tells the gender."""
    found = []
    for template in TEMPLATES:
        for family in template.families.split():
            if plural and not (template.has_plural and family != "pronoun"):
                continue
            genders = GENDERS if family == "open" else GENDERS[:attractors]
            if template.crossed or "person" in template.interveners:
                genders = GENDERS[:2]
            elif not template.interveners:
                genders = ("",)
            found += [Cell(template, family, gender, plural) for gender in genders]
    return found


# ── filling a frame ──────────────────────────────────────────────────────────────────────────────────────────────────
@cache
def exemplar(family: str, kinds: str) -> NounWord:
    """A noun that stands for its kind while a frame is filled: only its kind is looked at."""
    return next(noun for noun in NOUNS if noun.family == family and noun.kinds == kinds)


@cache
def candidates(template: Template, slot: str, gender: str, chosen: tuple[tuple[str, Word], ...]) -> tuple[Word, ...]:
    """The words that fit a slot beside those that are `chosen` for the slots it stands in relation with."""
    words = dict(chosen)
    fitting = []
    for word in DOMAINS[slot.rstrip("0123456789")]:
        if not template.accepts(slot, word) or (gender and word.gender != gender):
            continue
        trial = {**words, slot: word}
        if all(
            related(how, trial[first], trial[second])
            for how, first, second in template.relations
            if first in trial and second in trial and slot in (first, second)
        ):
            fitting.append(word)
    return tuple(fitting)


@cache
def neighbours(template: Template, slot: str) -> frozenset[str]:
    related_slots = [pair for how, *pair in template.relations if slot in pair]
    return frozenset(name for pair in related_slots for name in pair) - {slot}


def fill(cell: Cell, noun: NounWord, generator: random.Random) -> dict[str, Word] | None:
    """A word for every slot but the controlling noun's, whose kind alone counts; nothing if the draw ran into a wall."""
    template = cell.template
    words: dict[str, Word] = {"noun": noun}
    for slot in template.slots[1:]:
        gender = cell.attractor if slot in template.interveners or slot == template.crossed else ""
        near = neighbours(template, slot)
        choice = candidates(template, slot, gender, tuple((name, words[name]) for name in words if name in near))
        used = {word.english for name, word in words.items() if name != "noun"}
        choice = [word for word in choice if word.english not in used]
        if not choice:
            return None
        words[slot] = generator.choice(choice)
    return words


def make_frame(
    cell: Cell, nouns: Sequence[NounWord], split: str, generator: random.Random, taken: set[str]
) -> list[Pair]:
    """One frame of the split with each of the nouns: rows that differ in the noun and in the words its gender changes.

    Nothing where the split owns no such frame that is not yet `taken`: a small kind of noun in a short construction.
    """
    stand_in = exemplar(nouns[0].family, nouns[0].kinds)
    for _ in range(PATIENCE):
        words = fill(cell, stand_in, generator)
        if words is None or any(noun in words.values() for noun in nouns if noun != stand_in):
            continue
        if stand_in in nouns and sum(word == stand_in for word in words.values()) > 1:
            continue
        first = realise(cell.template, {**words, "noun": nouns[0]}, cell.plural)
        if first.source in taken or split_of(first.factors.frame) != split:
            continue
        if first.factors.distance != cell.template.distance:
            raise CorpusError(f"{cell.template.name}: {first.target!r} has distance {first.factors.distance}")
        pairs = [first, *(realise(cell.template, {**words, "noun": noun}, cell.plural) for noun in nouns[1:])]
        if any(pair.source in taken for pair in pairs):
            continue
        taken.update(pair.source for pair in pairs)
        return pairs
    return []


# ── controlling nouns ────────────────────────────────────────────────────────────────────────────────────────────────
def groups(cell: Cell, size: int, generator: random.Random) -> Iterator[list[NounWord]]:
    """For ever: nouns for one frame, `size` of each gender, all of one kind, one fold and one English article.

    Every noun comes up before any comes up again. Where nouns intervene and English says nothing about gender, a frame
    holds two genders, the attractor's and one other in turn, so that same and other are equally many.
    """
    genders = cell.genders
    shelves: dict[tuple, Mapping[str, list[NounWord]]] = {}
    for noun in NOUNS:
        if noun.family == cell.family and noun.kinds in cell.template.kinds:
            key = (noun.kinds, noun.held_out, bool(AN.match(noun.english)) and noun.family != "open")
            shelves.setdefault(key, {gender: [] for gender in genders})[noun.gender].append(noun)
    while True:
        drawn = []
        for shelf in shelves.values():
            for nouns in shelf.values():
                generator.shuffle(nouns)
            pairs = [list(group) for group in zip(*shelf.values(), strict=True)]
            for start in range(0, len(pairs), size):
                drawn.append([noun for group in pairs[start : start + size] for noun in group])
        generator.shuffle(drawn)
        if cell.family == "open" and cell.attractor:
            others = [gender for gender in genders if gender != cell.attractor]
            for i, group in enumerate(drawn):
                yield [noun for noun in group if noun.gender in (cell.attractor, others[i % 2])]
        else:
            yield from drawn


def frames_per_round(cell: Cell, size: int) -> int:
    """How many groups hold every noun once."""
    nouns = [noun for noun in NOUNS if noun.family == cell.family and noun.kinds in cell.template.kinds]
    return len(nouns) // len(cell.genders) // size
