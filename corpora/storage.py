"""Pairs that are not all in memory: written to a temporary file as they are read, or picked from other pairs by number."""

from __future__ import annotations

import os
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from corpora.records import CorpusError, Pair

BLOCK = 1_000  # pairs that are read at once by those who want all


class Stored(Sequence[Pair]):
    """A sequence whose pairs are made each time they are asked for, by `at(number)`."""

    def at(self, number: int) -> Pair:
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Any:  # a pair, or a list of some of them
        found = range(len(self))[index]
        return [self.at(number) for number in found] if isinstance(found, range) else self.at(found)

    def __iter__(self) -> Iterator[Pair]:
        return map(self.at, range(len(self)))


class OnDisk(Stored):
    """The pairs of one corpus, without factors, in a file that has no name and is gone with them; eight bytes each in
    memory. What was read once is what is read again, whatever happens to the corpus meanwhile.

    CorpusError: there is no room for them.
    """

    def __init__(self, pairs: Iterable[Pair], corpus: str):
        self.corpus = corpus
        self.ends = array("q", [0])
        self.file = self.kept(tempfile.TemporaryFile)
        for pair in pairs:
            line = f"{pair.source}\t{pair.target}\n".encode()
            self.kept(self.file.write, line)
            self.ends.append(self.ends[-1] + len(line))
        self.kept(self.file.flush)

    def kept(self, write: Callable[..., Any], *given: bytes) -> Any:
        try:
            return write(*given)
        except OSError as error:
            raise CorpusError(
                f"{tempfile.tempdir or 'temporary files'}: {error.strerror}, where {self.corpus} is kept while it is used: "
                "make room, or name another folder in TMPDIR"
            ) from error

    def __len__(self) -> int:
        return len(self.ends) - 1

    def at(self, number: int) -> Pair:
        [pair] = self.between(number, number + 1)
        return pair

    def __iter__(self) -> Iterator[Pair]:
        for first in range(0, len(self), BLOCK):
            yield from self.between(first, min(first + BLOCK, len(self)))

    def between(self, first: int, end: int) -> Iterator[Pair]:
        start = self.ends[first]
        text = os.pread(self.file.fileno(), self.ends[end] - start, start).decode()
        for line in text[:-1].split("\n"):
            source, target = line.split("\t")
            yield Pair(source, target, self.corpus)


class Picked(Stored):
    """Pairs of some sequences, which are numbered as if they stood one after the other; a number may come twice."""

    def __init__(self, parts: Sequence[Sequence[Pair]], numbers: array[int]):
        self.parts, self.numbers = parts, numbers
        self.starts = [0, *accumulate(map(len, parts))]

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, number: int) -> Pair:
        wanted = self.numbers[number]
        part = bisect_right(self.starts, wanted) - 1
        return self.parts[part][wanted - self.starts[part]]
