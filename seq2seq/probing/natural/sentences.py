"""English sentences read up to one word each, ready to be translated with other values there; and natural pairs of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy
import torch
from torch import Tensor

from ...batching import by_length, sources
from ...config import UserError
from ...search import search
from ...taps import Chain, Patch, Recorder, Tap
from ...trace import heard_at
from ...translator import Translator
from ..statistics import by_cluster
from ..stimuli import GENDERS, other
from .pairs import Nouns, read

ROWS = 128  # sentences translated together
CHANGES = tuple(f"{gender} → {other(gender)}" for gender in GENDERS)

MakeTap = Callable[[Sequence[int]], Tap]  # which of the rows are translated together → their tap
Others = Callable[[Nouns, Nouns], bool]  # whether the second nouns are others than the first, and may speak for them
Doses = dict[str, float]  # change → dose


class Sentences:
    """English sentences, read up to a word each, ready to be translated with other values there.

    A direction has read the whole word at its last piece (of boy's: the 's), and, from right to left, at its first.
    `own` [B, U] holds all units of the sites side by side.
    """

    def __init__(self, translator: Translator, texts: Sequence[str], places: Sequence[int]):
        translator.check(texts)
        self.translator, self.texts = translator, list(texts)
        self.sites = translator.model.encoder[-1].memories
        pieces = [translator.tokenizer.encode(text) for text in self.texts]
        nouns = [translator.tokenizer.align(each)[place] for each, place in zip(pieces, places, strict=True)]
        self.positions = {site: torch.tensor([heard_at(noun, site) for noun in nouns]) for site in self.sites}
        self.source, self.lengths = sources(pieces)
        recorder = Recorder(self.sites)
        with torch.inference_mode():
            translator.model.encode(self.source.to(self.translator.model.device), self.lengths, recorder)
        values = [recorder[site][torch.arange(len(pieces)), self.positions[site]].cpu() for site in self.sites]
        self.widths = [each.shape[1] for each in values]
        self.own = torch.cat(values, dim=1)  # [B, U]

    def written(self, rows: Sequence[int], values: Tensor) -> MakeTap:
        """The encoder's tap that writes values [R, U] at the words of these rows, once."""

        def make(part: Sequence[int]) -> Tap:
            index = torch.tensor(rows)[part]
            parts = values[part].split(self.widths, dim=1)
            return Chain(
                *(Patch(site, each, positions=self.positions[site][index]) for site, each in zip(self.sites, parts))
            )

        return make

    @torch.inference_mode()
    def translate(
        self,
        rows: Sequence[int],
        beam: int = 1,
        *,
        encoder: MakeTap | None = None,
        decoder: MakeTap | None = None,
        forced: Tensor | None = None,
    ) -> list[str]:
        """The best translation of each row, with a tap of the encoder or decoder; `forced` [R, P] as in `search`."""
        settings, said = replace(self.translator.settings, beam=beam), [""] * len(rows)
        for part in by_length([range(int(self.lengths[row])) for row in rows], ROWS):
            index = torch.tensor(rows)[part]
            lengths = self.lengths[index]
            source = self.source[index, : int(lengths.max())].to(self.translator.model.device)
            memory = self.translator.model.encode(source, lengths, encoder(part) if encoder else None)
            found = search(
                self.translator.model,
                memory,
                2 * lengths + 10,
                settings,
                forced=None if forced is None else forced[part].to(self.translator.model.device),
                tap=decoder(part) if decoder else None,
            )
            for n, hypotheses in zip(part, found):
                said[n] = self.translator.tokenizer.decode(hypotheses[0].pieces)
        return said


class Pairs:
    """Natural pairs at the noun: rows 0 … P − 1 are the masculine sentences, P … 2P − 1 the feminine ones."""

    def __init__(self, translator: Translator, path: Path):
        found, _ = read(path)
        placed = [pair for pair in found if pair.place is not None]
        if not placed:
            raise UserError(f"{path}: in no row do the two sentences differ in one noun at the same place")
        self.file, self.unplaced, self.nouns = path.name, len(found) - len(placed), [pair.nouns for pair in placed]
        texts = [getattr(pair, gender) for gender in GENDERS for pair in placed]
        self.sentences = Sentences(translator, texts, [pair.place for pair in placed if pair.place is not None] * 2)
        masculine, feminine = self.sentences.own.chunk(2)
        self.difference = feminine - masculine  # [P, U]
        self.outputs: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self.nouns)

    @property
    def units(self) -> int:
        return self.difference.shape[1]

    def said(self, beam: int) -> list[str]:
        """The unpatched outputs [2P]."""
        if beam not in self.outputs:
            self.outputs[beam] = self.sentences.translate(range(2 * len(self)), beam)
        return self.outputs[beam]

    def right(self, verdict: Callable[[str], str | None], beam: int) -> list[int]:
        """The pairs whose two unpatched outputs both show the gender of their noun."""
        masculine, feminine = self.said(beam)[: len(self)], self.said(beam)[len(self) :]
        return [n for n, both in enumerate(zip(masculine, feminine)) if tuple(map(verdict, both)) == GENDERS]

    def steered(self, step: Tensor, doses: Doses) -> Tensor:
        """Own values, so many steps towards the other gender; step [P, U] is towards feminine; → [2P, U]."""
        to_feminine, to_masculine = (doses[change] for change in CHANGES)
        return self.sentences.own + torch.cat([to_feminine * step, -to_masculine * step])

    def interchanged(self, chosen: Tensor) -> Tensor:
        """Own values, the chosen units [P, U] those of the partner: [2P, U]."""
        return torch.where(chosen.repeat(2, 1), self.sentences.own.roll(len(self), 0), self.sentences.own)


def ranking(
    differences: Tensor, nouns: Sequence[Nouns], own: Nouns, others: Others
) -> tuple[Tensor, Tensor, list[int]]:
    """What sentences with other nouns say: their mean difference [U] (nouns weigh alike), all units, those first whose
    difference is largest, and which sentences these are."""
    rows = [row for row, given in enumerate(nouns) if others(own, given)]
    if not rows:
        raise UserError(f"no sentence has nouns other than {' and '.join(own)}, so none can say how gender differs")
    mean = by_cluster(differences[rows].numpy(), [nouns[row] for row in rows])[0].mean(0)
    return torch.from_numpy(mean), torch.from_numpy(numpy.argsort(-numpy.abs(mean), kind="stable")), rows
