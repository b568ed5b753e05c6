"""Corpora: pairs of an English and a Czech sentence, by name or by path. Strings only: no torch, no tensors.

    records    what a corpus is made of: Pair, Corpus, CorpusError, and the factors of a grammar-made pair
    rows       what comes out of a file before it is a pair: Row, Part; cleaning, and counting what is left out
    files      a path → its parts: which files belong to which split, and how each format is read
    hub        a Hugging Face dataset → its parts
    writing    files written whole or not at all
    storage    pairs that are not all in memory: on disk, or picked from others by number
    holdout    a dev part for a corpus that has none
    loading    load(name or path, split), NAMES
    mixture    mix(["agreement", "multi30k:2"], split): several corpora with weights
    agreement  the bundled corpus, made by a grammar

What reads `hub`, `files` and `agreement` is `loading`; pyarrow and datasets are imported when a corpus needs them.
"""

from corpora.loading import NAMES, load
from corpora.mixture import mix
from corpora.records import Corpus, CorpusError, NoSuchSplit, Pair

__all__ = ["NAMES", "Corpus", "CorpusError", "NoSuchSplit", "Pair", "load", "mix"]
