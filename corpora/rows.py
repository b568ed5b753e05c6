"""Rows as they come out of a file, and the pairs they become: cleaned, or left out and counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from corpora.records import CorpusError, Pair

# Files are decoded with "surrogateescape": a byte that is not UTF-8 arrives as a lone surrogate and spoils its own row
# only. NUL is what ASCII text in UTF-16 looks like.
UNDECODABLE = re.compile("[\0\ud800-\udfff]")


class Row(NamedTuple):
    """One row of a file: the two cells, or what is wrong with it."""

    line: int
    source: object
    target: object
    fault: str = ""


@dataclass(frozen=True)
class Part:
    """A file, or a pair of files, that holds rows of one split."""

    stem: str  # the file name without its extensions
    source: str  # where the English stands, for messages: "data/train.en"
    target: str  # where the Czech stands: "data/train.cs", or the same file
    rows: Callable[[], Iterator[Row]]


def tidy(text: str) -> str:
    """`text` in NFC, with every run of white space (U+2028 included) one space, and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def pairs(part: Part, corpus: str, left_out: Counter[str]) -> Iterator[Pair]:
    """The usable pairs of `part`; the others are counted in `left_out`.

    CorpusError: more than one row and 1 % of the rows, or all of them, are not UTF-8.
    """
    rows = undecodable = 0
    first = ""
    for row in part.rows():
        rows += 1
        reason, source, target = usable(row)
        if not reason:
            yield Pair(source, target, corpus)
            continue
        left_out[reason] += 1
        if reason == "not UTF-8":
            undecodable += 1
            file = part.source if UNDECODABLE.search(str(row.source)) else part.target
            first = first or f"{file} line {row.line}"
    if undecodable > max(1, rows // 100) or 0 < undecodable == rows:
        raise CorpusError(
            f"{first} is not UTF-8 ({undecodable:,} of {rows:,} rows are not): "
            "convert the file, e.g. iconv -f WINDOWS-1250 -t UTF-8 OLD > NEW"
        )


def usable(row: Row) -> tuple[str, str, str]:
    """Why the row cannot be used ("" if it can), and its two sentences."""
    source, target = ("" if cell is None else cell for cell in (row.source, row.target))
    if any(isinstance(cell, str) and UNDECODABLE.search(cell) for cell in (source, target)):
        return "not UTF-8", "", ""
    if row.fault:
        return row.fault, "", ""
    if not (isinstance(source, str) and isinstance(target, str)):
        return "not text", "", ""
    source, target = tidy(source), tidy(target)
    return ("" if source and target else "empty side"), source, target


def within(pairs: Iterable[Pair], max_words: int | None, left_out: Counter[str]) -> Iterator[Pair]:
    """The pairs whose two sides have at most `max_words` words each (None: all of them)."""
    for pair in pairs:
        if max_words is not None and max(pair.source.count(" "), pair.target.count(" ")) >= max_words:
            left_out[f"longer than {max_words} words"] += 1
        else:
            yield pair
