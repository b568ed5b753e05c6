"""Lines in, lines out: sentences of a file or a pipe, translated in order, one line out for each line in."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from corpora.mixture import parse

from .config import UserError, called
from .tokenizer import words
from .translator import Translation, Translator

CHUNK = 256  # lines of a file that are sorted by length together
READ = 1 << 14  # bytes taken from a pipe at once
WIDER = ("multi30k", "tatoeba", "opus-100")  # corpora of everyday words, to add to a run that knows too few
SHOWN = 5  # line numbers that a message names


def split(content: bytes, name: str, first: int = 1) -> list[str]:
    """The lines of some UTF-8 text that begins at line `first` of the input called `name`."""
    lines = []
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), first):
        try:
            lines.append(line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r"))
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name}: line {number:,} is not UTF-8 (byte {line[error.start]:#04x} after {error.start:,} bytes): "
                "convert it, for example with iconv -f windows-1250 -t utf-8"
            ) from error
    return lines


def read(path: Path) -> list[str]:
    """All lines of a file."""
    return split(path.read_bytes(), str(path))


def cut(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(lines), CHUNK):
        yield lines[start : start + CHUNK]


def arriving(pipe: BinaryIO, name: str) -> Iterator[list[str]]:
    """The lines of a pipe as they arrive: who writes slowly is answered line by line, and memory stays flat."""
    count, begun = 0, list[bytes]()  # a line's pieces so far
    while piece := pipe.read1(READ):  # type: ignore[attr-defined]
        whole, newline, rest = piece.rpartition(b"\n")
        if newline:
            lines = split(b"".join((*begun, whole, newline)), name, count + 1)
            count, begun = count + len(lines), []
            yield lines
        begun.append(rest)
    if last := b"".join(begun):
        yield split(last, name, count + 1)


def advice(translator: Translator, sentence: str) -> str | None:
    """What makes a sentence's translation a guess."""
    return new_words(translator, sentence) or too_long(translator, sentence)


def too_long(translator: Translator, sentence: str) -> str | None:
    """That the sentence is longer than any that the run was trained on."""
    longest = translator.run.loading.get("max_words") if translator.run else None
    if not longest or len(sentence.split()) <= longest:
        return None
    return f"longer than the {longest} words of the longest sentence that this run was trained on: expect guesses"


def new_words(translator: Translator, sentence: str) -> str | None:
    """Where over a third of a sentence's words are new to the run, which they are, and the command for a wider run."""
    run = translator.run
    # punctuation says nothing, emoji do
    said = [word for word in words([sentence]) if not unicodedata.category(word[0]).startswith("P")]
    new = [word for word in translator.new_words(sentence) if word in said] if run else []
    if run is None or 3 * len(new) <= len(said):
        return None
    names = [parse(spec)[0] for spec in run.corpora]
    wider = [*run.corpora, *([name for name in WIDER if name not in names][:2] or ["YOUR_OWN_FILES"])]
    command = " ".join(f"--corpus {shlex.quote(spec)}" for spec in wider)
    return (
        f"{', '.join(new[:3])}{', …' * (len(new) > 3)}: new to this run, which was trained on {', '.join(names)}; "
        f"expect guesses; for a wider one: {called('train.py')} {command} --out checkpoints/wider"
    )


class Filter:
    """Translates chunks of lines in order. A line that cannot be translated is left empty and remembered.

    Options as for `Translator.nbest`.
    """

    def __init__(self, translator: Translator, warn: Callable[[str], None], **options: Any):
        self.translator, self.warn, self.options = translator, warn, options
        self.advices = [new_words, too_long]  # each is given once, of the first line that asks for it
        self.count, self.left_empty = 0, 0
        self.reasons: list[str] = []  # of the first lines that were left empty

    def __call__(self, lines: Sequence[str]) -> list[list[Translation]]:
        """Each line's translations, best first; none where there is nothing to translate."""
        kept = list(lines)
        for number, line in enumerate(lines):
            if why := self.translator.refusal(line):
                kept[number] = ""
                self.left_empty += 1
                self.reasons += [f"line {self.count + number + 1:,} {why}"] if len(self.reasons) < SHOWN else []
            else:
                for advise in self.advices.copy():
                    if told := advise(self.translator, line):
                        self.advices.remove(advise)
                        self.warn(told)
        self.count += len(lines)
        return self.translator.nbest(kept, **self.options)

    def close(self) -> None:
        """UserError: some lines were left empty."""
        if self.left_empty:
            more = self.left_empty - len(self.reasons)
            named = "; ".join(self.reasons) + (f"; and {more:,} more" if more else "")
            raise UserError(f"{self.left_empty:,} of {self.count:,} lines left empty: {named}")


def render(found: Sequence[Translation], nbest: int | None) -> list[str]:
    """The lines that answer one sentence: the best translation, or `nbest` of them with their scores.

    A sentence always has the same number of lines; where there is nothing to translate they are empty.
    """
    best = found[: nbest or 1]
    lines = [each.text if nbest is None else f"{each.score:.4f}\t{each.text}" for each in best]
    return lines + [""] * ((nbest or 1) - len(lines))
