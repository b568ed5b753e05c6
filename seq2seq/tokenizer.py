"""Words to word pieces and back: a joint sentencepiece unigram model, and which piece belongs to which word."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from .config import UserError
from .model import BEGIN, END, PAD

WORD = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")  # letters and digits, joined by hyphen or apostrophe; else one sign

SPACE = "▁"  # how sentencepiece writes a space: it cannot tell the two apart


@dataclass(frozen=True)
class Word:
    """A word or sign of a sentence: characters start … end, pieces first … last (both counted)."""

    text: str
    start: int
    end: int
    first: int
    last: int


def normal(text: str) -> str:
    """Composed characters (NFC), one space between words, none around, nothing that controls a terminal."""
    text = unicodedata.normalize("NFC", text)
    if SPACE in text or not text.isprintable():  # as most texts are: no category need then be looked up
        text = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") or c == SPACE else c for c in text)
    return " ".join(text.split())


def words(sentences: Iterable[str]) -> list[str]:
    """The different words of some sentences, in small letters, sorted."""
    between_spaces = {text for sentence in sentences for text in sentence.split()}  # far fewer than there are words
    return sorted({word.lower() for text in between_spaces for word in WORD.findall(text)})


class Tokenizer:
    """A trained sentencepiece model; bytes stand in for characters it never saw, so nothing is unknown (Kudo 2018)."""

    def __init__(self, proto: bytes):
        self.proto = proto
        self.processor = sentencepiece.SentencePieceProcessor()
        try:
            self.processor.LoadFromSerializedProto(proto)
            ids = (self.processor.pad_id(), self.processor.bos_id(), self.processor.eos_id())
        except RuntimeError as error:
            raise UserError("the tokenizer is damaged: it is no sentencepiece model") from error
        if ids != (PAD, BEGIN, END):
            raise UserError(
                f"the tokenizer was not made by this project: pad, begin and end are {ids}, not {(PAD, BEGIN, END)}"
            )

    def __len__(self) -> int:
        return self.processor.get_piece_size()

    @classmethod
    def train(cls, sentences: Iterable[str], size: int) -> Tokenizer:
        """Learn at most `size` pieces from sentences of both languages; fewer where the text does not hold so many."""
        model = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences), model_writer=model, vocab_size=size, model_type="unigram",
                byte_fallback=True, character_coverage=0.9999, normalization_rule_name="identity", hard_vocab_limit=False,
                pad_id=PAD, bos_id=BEGIN, eos_id=END, unk_id=3, minloglevel=2, num_threads=1, max_sentence_length=100_000,
            )  # fmt: skip
        except RuntimeError as error:
            needed = re.search(r"required_chars\. \d+ vs (\d+)", str(error))
            if needed:
                raise UserError(f"--vocabulary {size} is too small for this text: give {needed[1]} or more") from error
            raise UserError(f"no tokenizer can be learnt from this text: {str(error).splitlines()[0]}") from error
        return cls(model.getvalue())

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        try:
            return cls(path.read_bytes())
        except UserError as error:
            raise UserError(f"{path}: {error}; restore it or train again") from error

    def encode(self, text: str) -> list[int]:
        """Piece numbers of a sentence, without begin and end."""
        return self.processor.encode(normal(text))

    def decode(self, pieces: Sequence[int]) -> str:
        return normal(self.processor.decode(list(pieces)))

    def pieces(self, numbers: Sequence[int]) -> list[str]:
        return [self.processor.id_to_piece(number) for number in numbers]

    def align(self, pieces: Sequence[int]) -> list[Word]:
        """The words that these pieces spell, each with the pieces that have a part in it.

        Of the bytes of one character, the last alone spans it; those before it span nothing, where it starts.
        """
        spelt = self.processor.decode(list(pieces), return_type="offset_mapping")
        text, offsets, words = spelt["text"], spelt["offsets"], []
        for match in WORD.finditer(text):
            first, last = match.span()
            inside = [n for n, (start, end) in enumerate(offsets) if first <= start < last or start < first < end]
            words.append(Word(match[0], first, last, inside[0], inside[-1]))
        return words
