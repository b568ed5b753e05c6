"""Traces: what every named state and gate was, at every word of many sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .batching import Example, collate
from .model import Model
from .taps import Chain, Recorder, Tap, TapError
from .taps import check as check_tap
from .tokenizer import Tokenizer, Word


def read_at(word: Word) -> int:
    """The decoder's position that reads the last piece of a target word: position 0 reads the begin piece."""
    return word.last + 1


def predicted_at(word: Word) -> int:
    """The decoder's position that predicts the first piece of a target word, before anything of it was read."""
    return word.first


@dataclass(frozen=True)
class Trace:
    """Values of sites over word pieces, and which words the pieces are.

    `values[site]` is [B, T, …]: source pieces for the encoder's sites, the decoder's positions for the others. Beyond a
    sentence's end it holds what the padding left there; go through `sources`, `targets` and the words' positions.
    """

    sources: Sequence[Sequence[Word]]
    targets: Sequence[Sequence[Word]]
    source_pieces: Sequence[Sequence[int]]
    target_pieces: Sequence[Sequence[int]]
    values: dict[str, Tensor] = field(repr=False)

    def words(self, site: str, sentence: int) -> Tensor:
        """A site of one sentence, word by word, each at its last piece: [W, …]. TapError: the site was not recorded."""
        if site not in self.values:
            raise TapError(f"no site {site!r} was recorded: there are {', '.join(self.values)}")
        if site.startswith("encoder."):
            positions = [word.last for word in self.sources[sentence]]
        else:
            positions = [read_at(word) for word in self.targets[sentence]]
        return self.values[site][sentence, positions]

    def at(self, site: str, positions: Sequence[int]) -> Tensor:
        """A site at one position of each sentence: [B, …]."""
        return self.values[site][torch.arange(len(positions)), torch.as_tensor(positions)]


@torch.inference_mode()
def trace(
    model: Model,
    tokenizer: Tokenizer,
    sources: Sequence[str],
    targets: Sequence[str],
    sites: Iterable[str] | None = None,
    tap: Tap | None = None,
) -> Trace:
    """Read the sources, force the targets, and record `sites` (None: all); a `tap` acts before the recorder sees.

    Without logits, and without a decoder where only the encoder is looked at: nobody asks for them here.
    """
    wanted = frozenset(model.sites() if sites is None else sites)
    recorder = Recorder(wanted)
    check_tap(recorder, model.sites())
    examples = [
        Example(tokenizer.encode(source), tokenizer.encode(target))
        for source, target in zip(sources, targets, strict=True)
    ]
    batch = collate(examples).to(next(model.parameters()).device)
    seen = Chain(tap, recorder) if tap else recorder
    of_encoder = {site for site in wanted if site.startswith("encoder.")}
    memory = model.encode(batch.source, batch.source_lengths, seen if tap or of_encoder else None)
    if tap or wanted - of_encoder:
        model.decode(batch.target_in, memory, seen)
    return Trace(
        [tokenizer.align(each.source) for each in examples],
        [tokenizer.align(each.target) for each in examples],
        [each.source for each in examples],
        [each.target for each in examples],
        {site: recorder[site].cpu() for site in wanted},
    )
