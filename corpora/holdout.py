"""A dev part for a corpus that has none: 2 % of the training sentences, chosen by a hash of their text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from corpora.records import Pair

SHARE = 0.02
AT_MOST = 1_000


def draw(text: str, purpose: str) -> float:
    """A number in [0, 1) that depends on nothing but the text and what it is drawn for."""
    digest = blake2b(text.encode(), digest_size=8, person=purpose.encode()).digest()
    return int.from_bytes(digest, "big") / 2**64


def held_out(pairs: Iterable[Pair]) -> list[Pair]:
    """The dev pairs of a corpus, one for each chosen source sentence; `rest` is what then remains to train on.

    A sentence is chosen by its own hash, so rows added to the corpus later never move a training sentence into dev.
    (A corpus too small for 2 % gives its lowest hash, one of more than 50,000 sentences its 1,000 lowest, and one that
    would have nothing left to train on gives none.)
    """
    lowest: dict[str, tuple[float, Pair]] = {}  # source → what it drew, and its first pair
    bar = 1.0
    for pair in pairs:
        drawn = draw(pair.source, "dev")
        if drawn < bar and pair.source not in lowest:
            lowest[pair.source] = drawn, pair
        if len(lowest) > 2 * AT_MOST:  # never more in memory, however large the corpus
            bar = sorted(drawn for drawn, _ in lowest.values())[AT_MOST]
            lowest = {source: each for source, each in lowest.items() if each[0] < bar}
    ranked = sorted(lowest, key=lambda source: lowest[source][0])
    chosen = {source for source in ranked[:AT_MOST] if lowest[source][0] < SHARE} or set(ranked[:1])
    dev = [pair for source, (_, pair) in lowest.items() if source in chosen]
    return dev if any(rest(pairs, dev, Counter())) else []


def rest(pairs: Iterable[Pair], dev: list[Pair], left_out: Counter[str]) -> Iterator[Pair]:
    """The pairs without those that were held out, and without those that repeat a sentence of theirs, on either side."""
    sources, targets, waiting = {pair.source for pair in dev}, {pair.target for pair in dev}, set(dev)
    for pair in pairs:
        if pair.source not in sources and pair.target not in targets:
            yield pair
        elif pair in waiting:
            waiting.remove(pair)
        else:
            left_out["repeats a sentence held out for dev"] += 1
