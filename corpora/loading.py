"""load(name or path, split): one corpus, wherever it comes from."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

from corpora import files, hub
from corpora.holdout import held_out, rest
from corpora.records import Corpus, CorpusError, NoSuchSplit, Pair
from corpora.rows import Part, pairs, within
from corpora.storage import OnDisk

NAMES = {
    "agreement": "the bundled corpus: made by a grammar, every Czech word that follows a noun's gender marked",
    "multi30k": "29,000 captions of pictures (multi30k/dataset on GitHub; test is test_2016_flickr)",
    "opus-100": "1,000,000 pairs, mostly film subtitles (Helsinki-NLP/opus-100 on the hub)",
    "news-commentary": "170,000 pairs from newspapers (Helsinki-NLP/news_commentary on the hub)",
    "tatoeba": "short everyday sentences (sentence-transformers/parallel-sentences-tatoeba on the hub)",
    "hub:ID[:CONFIG]": "any dataset on the hub with a translation column or two text columns",
}


def load(
    name_or_path: str,
    split: str = "train",
    *,
    limit: int | None = None,
    max_words: int | None = None,
    cache: Path | None = None,
) -> Corpus:
    """One split of a corpus that has a name (NAMES) or a path.

    split      train, dev (or val, valid, validation), test; or the name of a file of the folder ("test_2018_flickr");
               of the bundled corpus, any of its splits. Without a dev part, dev is held out of train.
    limit      at most so many pairs, the first that are usable
    max_words  leave out a pair with a longer side
    cache      where `datasets` keeps what it fetches, if not in its usual place

    The pairs of files and of the hub are a sequence on disk, not in memory (storage.OnDisk); those of the bundled corpus, with
    their factors, are a list.

    CorpusError: the corpus cannot be read. NoSuchSplit: it can, but has no such split.
    """
    for option, value in (("limit", limit), ("max_words", max_words)):
        if value is not None and value < 1:
            raise CorpusError(f"{option} is {value}: expected 1 or more")
    name = str(name_or_path)
    split = files.SPLITS.get(split, split)
    left_out: Counter[str] = Counter()
    notes: list[str] = []
    kept: Sequence[Pair]
    if name == "agreement":  # its pairs have factors
        from corpora import agreement

        kept = list(islice(within(agreement.load(split), max_words, left_out), limit))
    else:
        usable = split_pairs(name, parts(name, cache), split, left_out, notes)
        kept = OnDisk(islice(within(usable, max_words, left_out), limit), name)
    if not kept:
        raise CorpusError(f"{name} has no usable pair for {split}: {reasons(left_out) or 'it is empty'}")
    return Corpus(name, split, kept, left_out, tuple(notes))


def parts(name: str, cache: Path | None) -> dict[str, list[Part]]:
    """Where the corpus called `name` keeps each of its splits."""
    if name in NAMES or name.startswith("hub:"):
        return hub.parts(name, cache)
    path = Path(os.path.expanduser(name))
    if name and os.path.exists(path):
        try:
            return files.parts(path)
        except OSError as error:
            raise CorpusError(f"{name} cannot be read: {error.strerror}") from error
    kind = "no such file or folder" if files.FILE.fullmatch(path.name) or len(path.parts) > 1 else "unknown corpus"
    raise CorpusError(
        f"{kind}: {name[:200]!r}; known names are {', '.join(NAMES)}, and the path of a file or folder is accepted"
    )


def split_pairs(
    name: str, found: dict[str, list[Part]], split: str, left_out: Counter[str], notes: list[str]
) -> Iterable[Pair]:
    """The usable pairs of one split, dev held out of train where the corpus has no dev part."""

    def read(chosen: list[Part]) -> Iterable[Pair]:
        if len(chosen) > 1:
            stems = [part.stem for part in chosen[:4]] + ["…"] * (len(chosen) > 4)
            notes.append(f"{name}: {split} is read from {len(chosen)} files, {', '.join(stems)}")
        return chain.from_iterable(pairs(part, name, left_out) for part in chosen)

    if split in ("train", "dev") and "train" in found and "dev" not in found:
        everything = OnDisk(read(found["train"]), name)
        dev = held_out(everything)
        if split == "dev" and not dev:
            raise NoSuchSplit(
                f"{name} has no dev part, and with {len(everything):,} pairs is too small to hold one out"
            )
        notes.append(f"{name}: no dev part, {len(dev):,} of {len(everything):,} training pairs held out by hash")
        return rest(everything, dev, left_out) if split == "train" else dev
    if split in found:
        return read(found[split])
    named = [part for each in found.values() for part in each if part.stem == split]
    if named:
        return read(named)
    raise NoSuchSplit(f"{name} has no {split} part: it has {', '.join(sorted(found))}")


def reasons(left_out: Counter[str]) -> str:
    """What was left out, for a sentence: "12 empty side, 3 longer than 100 words"."""
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.most_common())
