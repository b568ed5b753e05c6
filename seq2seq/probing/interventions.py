"""Interchange: units of one sentence's cell, put once into another's, and free decoding from there.

Both sentences are forced through their own prefix to the end of the noun. At the step that reads its last piece the named
units of the decoder's cell are overwritten inside the step, before h = o ⊙ tanh(c); then the model says what it wants, and
reads what it said. (Interchange intervention: Vig et al. 2020; Geiger et al. 2021.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..agreement import RIGHT, judge
from ..batching import sources
from ..model import Memory
from ..search import SearchSettings, search
from ..taps import Patch, Tap
from ..trace import Trace, trace
from ..translator import Translator
from .stimuli import GENDERS, Partners, Stimulus

ROWS = 512  # continuations decoded together


@dataclass(frozen=True)
class Continuation:
    """What the model said after the noun, judged."""

    text: str  # the whole sentence, forced words included
    as_masculine: int  # how many of the judged words have the masculine form
    as_feminine: int
    judged: int

    def all_are(self, gender: str) -> bool:
        return {"masculine": self.as_masculine, "feminine": self.as_feminine}[gender] == self.judged

    def any_is(self, gender: str) -> bool:
        return {"masculine": self.as_masculine, "feminine": self.as_feminine}[gender] > 0


def other(gender: str) -> str:
    return GENDERS[1 - GENDERS.index(gender)]


def at_start(site: str, value: Tensor, units: Sequence[int] | Tensor | None = None) -> Patch:
    """Overwrite (units of) a site at the step that reads the word's last piece, and never again; value [R, U]."""
    return Patch(site, value, units=units, positions=torch.zeros(len(value), dtype=torch.long))


class Experiment:
    """Stimuli, read up to a word, ready to go on with whatever is put into the decoder.

    `positions` [B] are the decoder's positions to go on from, each the one that reads a word's last piece; without them, the
    controlling nouns'.
    """

    def __init__(self, translator: Translator, stimuli: Sequence[Stimulus], positions: Sequence[int] | None = None):
        model = translator.model
        self.translator, self.stimuli = translator, stimuli
        self.site = f"decoder.{len(model.decoder) - 1}.{model.decoder[-1].cell.memory}"
        states = [f"decoder.{layer}.{state}" for layer, each in enumerate(model.decoder) for state in each.cell.states]
        self.trace: Trace = trace(
            model,
            translator.tokenizer,
            [each.pair.source for each in stimuli],
            [each.pair.target for each in stimuli],
            states,
        )
        self.positions = [each.position for each in stimuli] if positions is None else list(positions)
        before = [position - 1 for position in self.positions]
        with torch.inference_mode():
            source, lengths = sources(self.trace.source_pieces)
            place = next(model.parameters()).device
            memory = model.encode(source.to(place), lengths)
        initial = [
            {state: self.trace.at(f"decoder.{layer}.{state}", before).to(place) for state in each.cell.states}
            for layer, each in enumerate(model.decoder)
        ]
        self.memory = Memory(memory.states, memory.keys, memory.mask, initial)  # as it is before the word's last piece
        self.first = torch.tensor([each.pieces[position - 1] for each, position in zip(stimuli, self.positions)])
        self.limit = 2 * lengths + 10
        self.own = self.trace.at(self.site, self.positions)  # [B, H] the cell once the word has been read

    def go_on(
        self, rows: Sequence[int], tap: Callable[[slice], Tap] | None = None, beam: int = 1
    ) -> list[Continuation]:
        """Decode from the word on. `tap` makes the tap of a slice of `rows` (many are decoded part by part); its position 0
        is the step that reads the word's last piece, and it sees every step after that."""
        said = []
        for start in range(0, len(rows), ROWS):
            part = slice(start, start + ROWS)
            index = torch.as_tensor(rows[part])
            found = search(
                self.translator.model,
                self.memory.rows(index.to(self.memory.states.device)),
                self.limit[index],
                SearchSettings(beam=beam),
                first=self.first[index],
                tap=tap(part) if tap else None,
            )
            said += [self.judge(int(row), hypotheses[0].pieces) for row, hypotheses in zip(index, found)]
        return said

    def judge(self, row: int, pieces: Sequence[int]) -> Continuation:
        stimulus, decode = self.stimuli[row], self.translator.tokenizer.decode
        prefix = stimulus.pieces[: self.positions[row]]
        text = decode([*prefix, *pieces])
        after = text[len(decode(prefix)) :]  # words already said are not scored
        right = [
            sum(v.verdict == RIGHT for v in judge(stimulus.factors, after, gender, stimulus.judged, stimulus.unjudged))
            for gender in GENDERS
        ]
        return Continuation(text, right[0], right[1], len(stimulus.judged))

    def interchange(
        self, pairs: Sequence[Partners], units: Sequence[Tensor], beam: int = 1
    ) -> list[list[Continuation]]:
        """For each set of units, each recipient's continuation with its donor's values in these units."""
        recipients = [pair.recipient for pair in pairs]
        own, donor = self.own[recipients], self.own[[pair.donor for pair in pairs]]  # [R, H]
        values = []
        for chosen in units:
            mixed = own.clone()
            mixed[:, chosen] = donor[:, chosen]
            values.append(mixed)
        value = torch.cat(values)
        said = self.go_on(recipients * len(units), lambda part: at_start(self.site, value[part]), beam)
        return [said[start : start + len(pairs)] for start in range(0, len(said), len(pairs))]
