"""Traces: what every named state and gate was, at every word of many sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .batching import Example, collate
from .model import Model
from .taps import Recorder, TapError
from .taps import check as check_tap
from .tokenizer import Tokenizer, Word


def read_at(word: Word) -> int:
    """The decoder's position that reads the last piece of a target word: position 0 reads the begin piece."""
    return word.last + 1


def predicted_at(word: Word) -> int:
    """The decoder's position that predicts the first piece of a target word, before anything of it was read."""
    return word.first


def side(site: str) -> str:
    """Which sentence of a pair a site reads."""
    return "source" if site.startswith("encoder.") else "target"


def from_the_right(site: str) -> bool:
    """Whether a site, or a layer, reads its sentence backwards."""
    return "backward" in site.split(".")


def heard_at(word: Word, site: str) -> int:
    """The position at which a site has read the whole of a word of its sentence: from the right, that of its first piece."""
    if side(site) == "target":
        return read_at(word)
    return word.first if from_the_right(site) else word.last


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
        """A site of one sentence, word by word, each when all of it has been read: [W, …]. TapError: the site was not
        recorded."""
        if site not in self.values:
            raise TapError(f"no site {site!r} was recorded: there are {', '.join(self.values)}")
        words = (self.sources if side(site) == "source" else self.targets)[sentence]
        return self.values[site][sentence, [heard_at(word, site) for word in words]]

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
) -> Trace:
    """Read the sources, force the targets, and record `sites` (None: all).

    Without logits, and without a decoder where only the encoder is looked at: nobody asks for them here.
    """
    wanted = frozenset(model.sites() if sites is None else sites)
    recorder = Recorder(wanted)
    check_tap(recorder, model.sites())
    examples = [
        Example(tokenizer.encode(source), tokenizer.encode(target))
        for source, target in zip(sources, targets, strict=True)
    ]
    batch = collate(examples).to(model.device)
    read = {side(site) for site in wanted}
    memory = model.encode(batch.source, batch.source_lengths, recorder if "source" in read else None)
    if "target" in read:
        model.decode(batch.target_in, memory, recorder)
    return Trace(
        [tokenizer.align(each.source) for each in examples],
        [tokenizer.align(each.target) for each in examples],
        [each.source for each in examples],
        [each.target for each in examples],
        {site: recorder[site].cpu() for site in wanted},
    )
