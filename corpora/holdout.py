"""A dev part for a corpus that has none: 2 % of the training sentences, chosen by a hash of their text."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from corpora.records import Pair

SHARE = 0.02
AT_MOST = 1_000


def draw(text: str, purpose: str) -> float:
    """A number in [0, 1) that depends on nothing but the text and what it is drawn for."""
    digest = blake2b(text.encode(), digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "big") / 2**64


def hold_out(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """`pairs` as (train, dev): one dev pair per chosen source sentence; no sentence of dev is in train, on either side.

    A sentence is chosen by its own hash, so rows added to the corpus later never move a training sentence into dev.
    (A corpus too small for 2 % gives its lowest hash, one of more than 50,000 sentences its 1,000 lowest, and one that
    would have nothing left to train on gives none.) Pairs that repeat a sentence of dev are in neither.
    """
    draws = {pair.source: draw(pair.source, "dev") for pair in pairs}
    lowest = sorted(draws, key=lambda source: draws[source])
    chosen = {source for source in lowest[:AT_MOST] if draws[source] < SHARE} or set(lowest[:1])
    first = {pair.source: pair for pair in reversed(pairs) if pair.source in chosen}
    dev = [pair for pair in pairs if first.get(pair.source) is pair]
    targets = {pair.target for pair in dev}
    train = [pair for pair in pairs if pair.source not in chosen and pair.target not in targets]
    return (train, dev) if train else (list(pairs), [])
