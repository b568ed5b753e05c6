"""Which sentences are made: the legal cells of the design, the splits, and the balance inside each.

A **frame** (a sentence without its controlling noun) belongs to one split for good, by a hash of its text: so splits share
no sentence and no frame, whatever the seed. A **cell** is a template, a family of controlling noun, and the gender of
the nouns that intervene.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from corpora.agreement.constructions import TEMPLATES
from corpora.agreement.grammar import AN, Template, realise, related, source_sentence, without_pronoun
from corpora.agreement.lexicon import DOMAINS, NOUNS, NounWord, Word
from corpora.records import GENDERS, Pair

# split → share of the frames, in hundredths
SHARES = {"train": 80, "probe": 10, "test": 7, "dev": 3}
# the two sentences that the project begins with are always trained on
PINNED = {"I am a ___ who likes to learn.": "train"}
# the legal cells: words between the noun and the scored word, and what intervenes
LEGAL = (
    (0, "none"),
    *((distance, kind) for distance in (2, 4, 8) for kind in ("no-noun", "same-gender", "other-gender")),
)
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
    """A legal cell: `attractor` is the gender of the nouns that intervene; empty where none does."""

    template: Template
    family: str
    attractor: str = ""
    plural: bool = False
    kinds: str = ""  # of the controlling noun; empty: what the template says

    @property
    def genders(self) -> Sequence[str]:
        return GENDERS if self.family == "open" else GENDERS[:2]


def cells(attractors: int, plural: bool = False) -> list[Cell]:
    """Every legal cell, in order; `attractors`: how many genders intervene where English tells the gender."""
    found = []
    for template in TEMPLATES:
        if not (template.plural if plural else template.singular):
            continue
        for family in template.families:
            genders = GENDERS if family == "open" else GENDERS[:attractors]
            if "person" in template.interveners:
                genders = GENDERS[:2]
            elif not template.interveners:
                genders = ("",)
            # coordinated subjects make a plural of two singulars
            found += [Cell(template, family, gender, plural and template.singular) for gender in genders]
    return found


def cells_of_children() -> list[Cell]:
    """People of neuter gender have no partners: they are trained on and tested, not probed."""
    found = [template for template in TEMPLATES if template.children]
    return [Cell(template, "open", "neuter" if template.interveners else "", kinds="k") for template in found]


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
        gender = cell.attractor if slot in template.interveners else ""
        near = neighbours(template, slot)
        choice: Sequence[Word] = candidates(
            template, slot, gender, tuple((name, words[name]) for name in words if name in near)
        )
        used = {word.english for name, word in words.items() if name != "noun"}
        if slot.startswith("manner"):
            scales = {word.tags for name, word in words.items() if name.startswith("manner")} - {""}
            choice = [word for word in choice if word.tags not in scales]
        choice = [word for word in choice if word.english not in used]
        if not choice:
            return None
        words[slot] = generator.choice(choice)
    return words


def make_frame(
    cell: Cell, nouns: Sequence[NounWord], split: str, generator: random.Random, taken: set[str]
) -> list[Pair]:
    """One frame of the split with each of the nouns: rows that differ in the noun and in the words its gender changes.

    A construction with a crossed second subject gives the frame twice, the second time with that subject's partner.
    Nothing where the split owns no such frame that is not yet `taken`: a small kind of noun in a short construction.
    """
    template = cell.template
    for _ in range(PATIENCE):
        words = fill(cell, exemplar(nouns[0].family, nouns[0].kinds), generator)
        if words is None:
            continue
        seconds = partners(words[template.crossed]) if template.crossed else ()
        others = {word for slot, word in words.items() if slot != "noun"} | set(seconds)
        if not others.isdisjoint(nouns) or split_of(home(template, words, nouns[0], cell.plural)) != split:
            continue
        variants = [{**words, template.crossed: second} for second in seconds] or [words]
        pairs = [realise(template, {**variant, "noun": noun}, cell.plural) for variant in variants for noun in nouns]
        if not any(pair.source in taken for pair in pairs):
            taken.update(pair.source for pair in pairs)
            return pairs
    return []


def home(template: Template, words: Mapping[str, Word], noun: NounWord, plural: bool) -> str:
    """What decides the split of a frame: its text, and where a second subject is crossed, without that too."""
    source, spans = source_sentence(template, {**words, "noun": noun}, plural)
    for slot in sorted({"noun", template.crossed} - {""}, key=lambda slot: -spans[slot].start):
        source = source[: spans[slot].start] + "___" + source[spans[slot].end :]
    return without_pronoun(source)


@cache
def partners(noun: NounWord) -> tuple[NounWord, ...]:
    """The noun and its partner by lexicon, the masculine first."""
    return tuple(other for other in NOUNS if (other.family, other.pair) == (noun.family, noun.pair))


# ── controlling nouns ────────────────────────────────────────────────────────────────────────────────────────────────
def groups(cell: Cell, size: int, generator: random.Random) -> Iterator[list[NounWord]]:
    """For ever: nouns for one frame, `size` of each gender, all of one kind, one fold and one English article.

    Every noun comes up before any comes up again. Where nouns intervene and English says nothing about gender, a frame
    holds two genders, the attractor's and one other in turn, so that same and other are equally many.
    """
    shelves: dict[tuple[str, bool, bool], dict[str, list[NounWord]]] = {}
    for noun in controllers(cell):
        article = noun.family != "open" and bool(AN.match(noun.english))
        shelves.setdefault((noun.kinds, noun.held_out, article), {}).setdefault(noun.gender, []).append(noun)
    while True:
        drawn = []
        for shelf in shelves.values():
            for nouns in shelf.values():
                generator.shuffle(nouns)
            rows = list(zip(*shelf.values(), strict=not cell.plural))  # a mass noun has no plural
            drawn += [[noun for row in rows[i : i + size] for noun in row] for i in range(0, len(rows), size)]
        generator.shuffle(drawn)
        for turn, group in enumerate(drawn):
            if cell.family == "open" and cell.attractor:
                other = [gender for gender in cell.genders if gender != cell.attractor][turn % 2]
                group = [noun for noun in group if noun.gender in (cell.attractor, other)]
            yield group


def controllers(cell: Cell) -> list[NounWord]:
    """The nouns that may control in a cell."""
    return [
        noun
        for noun in NOUNS
        if noun.family == cell.family
        and noun.kinds in (cell.kinds or cell.template.kinds)
        and not (cell.plural and noun.tags == "mass")
    ]


# rows of each gender in every legal cell (distance × intervener) of the probe split; a frame holds two of each gender
PROBE_ROWS = {"lexical": 384, "open": 160, "pronoun": 112}
CROSSED_DRAWS = 48  # of a template with two crossed subjects: twice every pair of partners


def probe_plan() -> list[tuple[Cell, int]]:
    """Every cell of the probe split and its number of draws, the same for every distance and intervener of a family.

    The templates of one cell share its frames evenly; where two genders meet in a frame and the other one takes turns,
    the number of draws is even. Crossed subjects stand apart: their cells are the four combinations of two genders.
    """
    plan = [(cell, CROSSED_DRAWS) for cell in cells(2) if cell.template.crossed]
    same: dict[tuple[str, int, str], list[Cell]] = {}
    for cell in cells(2):
        if not cell.template.crossed:
            kind = "none" if cell.template.distance == 0 else cell.attractor
            same.setdefault((cell.family, cell.template.distance, kind), []).append(cell)
    for (family, _, attractor), found in same.items():
        unit = 2 if family == "open" and attractor in GENDERS else 1
        left = PROBE_ROWS[family] // 2 // unit
        for i, cell in enumerate(found):
            draws = left // (len(found) - i)
            left -= draws
            plan.append((cell, draws * unit))
    return plan
