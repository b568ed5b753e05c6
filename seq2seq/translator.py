"""Sentences in, sentences out: a model with its tokenizer and its way of searching."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from . import checkpoint
from .batching import by_length, sources
from .config import UserError
from .model import Model
from .search import SearchSettings, read_prefixes, search
from .taps import Chain, Tap, in_encoder, set_once
from .tokenizer import Tokenizer, words
from .trace import Trace, trace

LONGEST = 400  # word pieces of a source sentence


@dataclass(frozen=True)
class Translation:
    """One translation of a sentence, with log p of its pieces and the score that search ranked it by."""

    text: str
    log_probability: float
    score: float


class Translator:
    """Translates and traces with one trained model."""

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        settings: SearchSettings = SearchSettings(),
        *,
        known: frozenset[str] = frozenset(),
        run: checkpoint.Run | None = None,
    ):
        self.model, self.tokenizer, self.settings, self.known, self.run = model, tokenizer, settings, known, run

    @property
    def facts(self) -> dict[str, Any]:
        """Which model this is, for the conditions of a result: its settings, what it was trained on, a digest of its weights."""
        settings, run = self.model.settings, self.run
        return {
            "cell": settings.cell,
            "attention": settings.attention,
            "layers": settings.layers,
            "units": settings.units,
            "trained on": run.corpora if run else [],
            "training seed": run.training.get("seed") if run else None,
            "corpus digest": run.corpus_digest[:16] if run else None,
            "weights": checkpoint.digest(self.model.state_dict())[:16],
        }

    def translate(self, sentences: Sequence[str], beam: int | None = None, **options: Any) -> list[str]:
        """The best translation of each sentence; an empty sentence has an empty one. Options as for `nbest`.

        TypeError: `sentences` is one string.
        """
        return [found[0].text if found else "" for found in self.nbest(sentences, beam, **options)]

    @torch.inference_mode()
    def nbest(
        self,
        sentences: Sequence[str],
        beam: int | None = None,
        *,
        exponent: float | None = None,
        batch: int = 64,
        progress: Callable[[int], None] | None = None,
        tap: Tap | None = None,
        forced: str = "",
    ) -> list[list[Translation]]:
        """`beam` translations of each sentence, best first; of an empty sentence none.

        `progress` hears how many more sentences have been done. A `tap` sees and may change every step of encoder and decoder,
        with all sentences in one batch, in their order, a sentence's hypotheses in neighbouring rows.

        Every translation begins with the words `forced`, and goes on freely: a tap sees the decoder from the step that reads
        their last piece, which is its position 0, and scores are those of what comes after them.

        UserError: one of the sentences, or `forced`, has a `refusal`.
        """
        if isinstance(sentences, str):
            raise TypeError(f"sentences must be a list of strings, not one: [{sentences!r}]")
        self.check(sentences)
        if why := self.refusal(forced):
            raise UserError(f"what is forced {why}")
        prefix = self.tokenizer.encode(forced)
        own = self.settings
        settings = SearchSettings(own.beam if beam is None else beam, own.exponent if exponent is None else exponent)
        rows = [self.tokenizer.encode(sentence) for sentence in sentences]
        found: list[list[Translation]] = [[] for _ in rows]
        place = self.model.device
        full = [number for number, row in enumerate(rows) if row]
        heard = tap if in_encoder(tap) else None  # the encoder is slower under a tap
        chunks = by_length([rows[number] for number in full], batch) if tap is None else [range(len(full))] * bool(full)
        for chunk in chunks:
            numbers = [full[index] for index in chunk]
            source, lengths = sources([rows[number] for number in numbers])
            memory, first = self.model.encode(source.to(place), lengths, heard), None
            if prefix:
                start = read_prefixes(self.model, memory, [prefix] * len(numbers))
                memory, first = start.memory, start.first
            done = search(self.model, memory, 2 * lengths + 10, settings, first=first, tap=tap)
            for number, hypotheses in zip(numbers, done):
                found[number] = [
                    Translation(self.tokenizer.decode([*prefix, *h.pieces]), h.log_probability, h.score)
                    for h in hypotheses
                ]
            if progress:
                progress(len(numbers))
        return found

    def trace(self, source: str, target: str | None = None, sites: Iterable[str] | None = None) -> Trace:
        """Every state and gate at every word, forced through `target` (None: the model's own greedy translation)."""
        target = self.translate([source], beam=1)[0] if target is None else target
        return trace(self.model, self.tokenizer, [source], [target], sites)

    def set_once(self, texts: Sequence[str]) -> Tap | None:
        """`decoder.0.cell[3,17]=0.81,-0.2` and more of the kind as one tap of the decoder's position 0; of nothing none."""
        widths = {site: layer.units for layer in self.model.decoder for site in layer.sites()}
        return Chain(*(set_once(text, widths) for text in texts)) if texts else None

    def refusal(self, sentence: str) -> str | None:
        """Why a sentence cannot be translated, to be read after its number; None where it can."""
        try:
            sentence.encode()
        except UnicodeEncodeError:
            return "is not UTF-8"
        pieces = len(self.tokenizer.encode(sentence))
        if pieces <= LONGEST:
            return None
        return f"is too long, {pieces:,} word pieces where {LONGEST} can be translated at once: split it into sentences"

    def check(self, sentences: Sequence[str]) -> None:
        """Raise UserError at the first sentence that cannot be translated."""
        for number, sentence in enumerate(sentences, 1):
            if why := self.refusal(sentence):
                raise UserError(f"sentence {number} {why}")

    def new_words(self, sentence: str) -> list[str]:
        """The words of a sentence that training never saw."""
        return [word for word in words([sentence]) if self.known and word not in self.known]


def load(folder: str | Path) -> Translator:
    """The translator of a run folder, on the GPU where there is one."""
    run, model, tokenizer = checkpoint.load(folder)
    known = checkpoint.read_words(Path(folder) / checkpoint.WORDS)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Translator(model.to(device), tokenizer, run.search, known=frozenset(known), run=run)
