"""The Czech agreement corpus: made by a grammar, regenerable, each pair with the factors that made it.

`load("test")[0]` is a pair: its `source`, its `target`, and `factors.gender`, `factors.distance` and what else made it.
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from corpora.agreement.constructions import TEMPLATES
from corpora.agreement.design import Cell, cells, cells_of_children, groups, make_frame, probe_plan
from corpora.agreement.grammar import realise
from corpora.agreement.lexicon import DOMAINS
from corpora.records import Corpus, NoSuchSplit, Pair

# split → rows for each template and family
ROWS = {"train": 540, "dev": 8, "test": 15}
SPLITS = ("train", "dev", "test", "probe", "plural")


@cache
def load(split: str, seed: int = 1) -> Corpus:
    """The pairs of one split; the same seed gives the same pairs, in the same order, everywhere."""
    if split not in SPLITS:
        raise NoSuchSplit(f"no split {split!r} in the agreement corpus: choose from {', '.join(SPLITS)}")
    generator = random.Random(f"agreement {split} {seed}")
    with uncollected():
        pairs = probe_pairs(generator) if split == "probe" else split_pairs(split, generator)
    return Corpus("agreement", split, pairs)


@contextmanager
def uncollected() -> Iterator[None]:
    """Records have no cycles: the collector of cycles would only walk them over and over, for a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def split_pairs(split: str, generator: random.Random) -> list[Pair]:
    """Equally many rows for every template and family, shared out among the genders that intervene."""
    pairs = pinned() if split == "train" else []
    taken = {pair.source for pair in pairs}
    for cell, rows in shares(split):
        made = failures = 0
        for nouns in groups(cell, 1, generator):
            frame = make_frame(cell, nouns, split if split in ROWS else "probe", generator, taken)
            pairs += frame
            made += len(frame)
            failures += not frame
            if made >= rows or failures > 8:
                break
    generator.shuffle(pairs)
    return pairs


def pinned() -> list[Pair]:
    """The two sentences that the project begins with: the boy who likes to learn, and the girl."""
    template = next(template for template in TEMPLATES if template.name == "first-person-0")
    learn = next(verb for verb in DOMAINS["hobby"] if verb.english == "learn")
    nouns = {noun.english: noun for noun in DOMAINS["noun"]}
    return [realise(template, {"noun": nouns[english], "hobby": learn}) for english in ("boy", "girl")]


def shares(split: str) -> list[tuple[Cell, int]]:
    """Every cell of the split and how many rows it gets."""
    plural = cells(2, plural=True)
    if split == "plural":
        return [(cell, 24) for cell in plural]
    singular = cells(3)
    per_template = Counter((cell.template.name, cell.family) for cell in singular)
    plan = [
        (cell, ROWS[split] * cell.template.weight // per_template[cell.template.name, cell.family]) for cell in singular
    ]
    plan += [(cell, ROWS[split]) for cell in cells_of_children()]
    if split == "train":
        plan += [(cell, 90) for cell in plural]
    return plan


def probe_pairs(generator: random.Random) -> list[Pair]:
    """The balanced factorial set, two nouns of each gender in a frame."""
    taken: set[str] = set()
    pairs: list[Pair] = []
    for cell, draws in probe_plan():
        drawn = groups(cell, 2, generator)
        for _ in range(draws):
            pairs += make_frame(cell, next(drawn), "probe", generator, taken)
    return pairs
