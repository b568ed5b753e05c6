"""Corpora from the Hugging Face hub: `datasets` fetches them, keeps them in its cache, and runs no code of theirs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from corpora.files import one_line, record_row, split_of, two_files
from corpora.records import CorpusError
from corpora.rows import Part, Row

MULTI30K = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
MULTI30K_FILES = {"train": "train", "dev": "val", "test": "test_2016_flickr"}
DATASETS = {
    "opus-100": ("Helsinki-NLP/opus-100", "cs-en"),
    "news-commentary": ("Helsinki-NLP/news_commentary", "cs-en"),
    "tatoeba": ("sentence-transformers/parallel-sentences-tatoeba", "en-cs"),
}
T = TypeVar("T")


def parts(name: str, cache: Path | None = None) -> dict[str, list[Part]]:
    """The parts of a named corpus, or of "hub:ID[:CONFIG]", where ID may also be a folder laid out like a dataset."""
    if name == "multi30k":
        return {split: [multi30k_part(MULTI30K, stem, cache)] for split, stem in MULTI30K_FILES.items()}
    identifier, _, config = name.removeprefix("hub:").partition(":")
    if name in DATASETS:
        identifier, config = DATASETS[name]
    if not identifier:
        raise CorpusError(f"{name!r} names no dataset: expected hub:ID[:CONFIG]")
    dataset = fetched(
        name, lambda library: library.load_dataset(identifier, config or None, cache_dir=cache and str(cache))
    )
    found: dict[str, list[Part]] = {}
    for key, rows in dataset.items():
        part = Part(key, f"{identifier} {key}", f"{identifier} {key}", partial(records, f"{identifier} {key}", rows))
        found.setdefault(split_of(key) or key, []).append(part)
    return found


def records(where: str, rows: Any) -> Iterator[Row]:
    """The rows of one split, a `datasets.Dataset`."""
    tables = rows.with_format("arrow").iter(batch_size=1_000)
    for number, record in enumerate(chain.from_iterable(table.to_pylist() for table in tables), start=1):
        yield record_row(where, number, record)


def multi30k_part(base: str, stem: str, cache: Path | None) -> Part:
    """One split of multi30k/dataset, whose raw text files are `base`/train.en.gz, train.cs.gz, …; fetched when read."""
    urls = [f"{base}/{stem}.{language}.gz" for language in ("en", "cs")]

    def fetch(library: Any) -> list[str]:
        settings = library.DownloadConfig(cache_dir=cache and str(cache), use_etag=False)  # cached: no network
        return library.DownloadManager(download_config=settings).download_and_extract(urls)

    return Part(stem, urls[0], urls[1], lambda: two_files(*map(Path, fetched("multi30k", fetch))))


def fetched(name: str, fetch: Callable[[Any], T]) -> T:
    """`fetch(datasets)`, with whatever can go wrong on the way said in one line."""
    try:
        import datasets
    except ImportError as error:
        raise CorpusError(f"{name} needs the package datasets: pip install datasets, or give a path") from error
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it announces each of its five attempts
    try:
        return fetch(datasets)
    except datasets.exceptions.DatasetNotFoundError as error:
        raise CorpusError(
            f"{name}: the hub has no such dataset, or does not let you read it: {one_line(error)}"
        ) from error
    except OSError as error:
        raise CorpusError(
            f"{name} is not in the cache and cannot be fetched: load it once on a machine with a network, "
            f"or give the path of a copy ({one_line(error)[:120]})"
        ) from error
    except Exception as error:  # a library this wide raises its own, its parsers', and Python's exceptions
        raise CorpusError(
            f"{name} cannot be loaded from the hub (as hub:ID[:CONFIG]): {one_line(error)[:300]}"
        ) from error
