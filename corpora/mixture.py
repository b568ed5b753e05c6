"""mix(specs, split): several corpora as one, each as often in an epoch as its weight says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from corpora.files import SPLITS
from corpora.holdout import draw
from corpora.loading import NoSuchSplit, load
from corpora.records import Corpus, CorpusError, Pair


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
    mixed: list[Pair] = []
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
        mixed += repeated(corpus, weight) if split == "train" else corpus
        left_out += corpus.left_out
        notes += corpus.notes
    if not mixed:
        raise NoSuchSplit(f"no pair for {split} in {' + '.join(specs)}: {'; '.join(notes) or 'the weights leave none'}")
    return Corpus(" + ".join(specs), split, mixed, left_out, tuple(notes))


def parse(spec: str) -> tuple[str, float]:
    """ "multi30k:2" → ("multi30k", 2.0); the colons of "hub:ID:CONFIG" are part of the name."""
    name, _, last = spec.rpartition(":")
    try:
        weight = float(last)
    except ValueError:
        return spec, 1.0
    if name in ("", "hub"):
        return spec, 1.0
    if not (math.isfinite(weight) and weight > 0):
        raise CorpusError(f"{spec}: the weight {last} must be a number above 0")
    return name, weight


def repeated(corpus: Corpus, weight: float) -> list[Pair]:
    """`weight` times the corpus; the same pairs make up the fraction every time."""
    whole, fraction = divmod(weight, 1)
    part = [pair for pair in corpus if draw(f"{pair.source}\t{pair.target}", "weight") < fraction] if fraction else []
    return list(corpus) * int(whole) + part
