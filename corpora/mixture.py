"""mix(specs, split): several corpora as one, each as often in an epoch as its weight says."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from corpora.files import SPLITS
from corpora.holdout import draw
from corpora.loading import load
from corpora.records import Corpus, CorpusError, NoSuchSplit, Pair
from corpora.storage import Picked

MOST = 1000  # an epoch's order is kept in memory, so a slip of the finger must not fill it


def mix(
    specs: Sequence[str],
    split: str = "train",
    *,
    limit: int | None = None,
    max_words: int | None = 100,
    cache: Path | None = None,
) -> Corpus:
    """The corpora of `specs`, such as ["agreement", "multi30k:2", "my/folder:0.5"], one after the other.

    The number is how often an epoch goes over that corpus: 2.5 is twice, and a half chosen by hash once more. Other
    splits than train are read once each, whatever the weight; a corpus without that split is passed over, and noted.

    CorpusError: a corpus cannot be read, or a weight is no positive number. NoSuchSplit: none of them has that split.
    """
    if not specs:
        raise CorpusError("no corpus given: expected at least one name or path")
    split = SPLITS.get(split, split)
    weights: dict[str, float] = {}
    for spec in specs:
        name, weight = parse(spec)
        weights[name] = weights.get(name, 0) + weight
    parts: list[Sequence[Pair]] = []
    numbers = array("q")
    left_out: Counter[str] = Counter()
    notes: list[str] = []
    for name, weight in weights.items():
        try:
            corpus = load(name, split, limit=limit, max_words=max_words, cache=cache)
        except NoSuchSplit as error:
            if len(weights) == 1:
                raise
            notes.append(str(error))
            continue
        first = sum(map(len, parts))
        parts.append(corpus.pairs)
        numbers.extend(first + number for number in repeated(corpus, weight if split == "train" else 1))
        left_out += corpus.left_out
        notes += corpus.notes
    if not numbers:
        raise NoSuchSplit(f"no pair for {split} in {' + '.join(specs)}: {'; '.join(notes) or 'the weights leave none'}")
    pairs = parts[0] if len(parts) == 1 and len(numbers) == len(parts[0]) else Picked(parts, numbers)
    return Corpus(" + ".join(specs), split, pairs, left_out, tuple(notes))


def parse(spec: str) -> tuple[str, float]:
    """ "multi30k:2" → ("multi30k", 2.0); the colons of "hub:ID:CONFIG" are part of the name."""
    name, _, last = spec.rpartition(":")
    try:
        weight = float(last)
    except ValueError:
        return spec, 1.0
    if name in ("", "hub"):
        return spec, 1.0
    if not 0 < weight <= MOST:  # nan is neither
        raise CorpusError(f"{spec}: the weight {last} must be a number above 0 and at most {MOST}")
    return name, weight


def repeated(corpus: Corpus, weight: float) -> Iterator[int]:
    """The numbers of `weight` times the corpus; the same pairs make up the fraction every time."""
    whole, fraction = divmod(weight, 1)
    for _ in range(int(whole)):
        yield from range(len(corpus))
    for number, pair in enumerate(corpus if fraction else ()):
        if draw(f"{pair.source}\t{pair.target}", "weight") < fraction:
            yield number
