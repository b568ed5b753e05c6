"""Interchange: units of one sentence's cell, put once into another's, and free decoding from there.

Both sentences are forced through their own prefix to the end of the noun. At the step that reads its last piece the named
units of the decoder's cell are overwritten inside the step, before h = o ⊙ tanh(c); then the model says what it wants, and
reads what it said. (Interchange intervention: Vig et al. 2020; Geiger et al. 2021.)
"""

from __future__ import annotations

from collections.abc import Sequence
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


class Experiment:
    """Stimuli, read up to their nouns, ready to go on with whatever is put into the decoder's cell."""

    def __init__(self, translator: Translator, stimuli: Sequence[Stimulus]):
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
        self.positions = [each.position for each in stimuli]
        before = [position - 1 for position in self.positions]
        with torch.inference_mode():
            source, lengths = sources(self.trace.source_pieces)
            place = next(model.parameters()).device
            memory = model.encode(source.to(place), lengths)
        initial = [
            {state: self.trace.at(f"decoder.{layer}.{state}", before).to(place) for state in each.cell.states}
            for layer, each in enumerate(model.decoder)
        ]
        self.memory = Memory(memory.states, memory.keys, memory.mask, initial)  # as it is before the noun's last piece
        self.first = torch.tensor([each.pieces[each.noun.last] for each in stimuli])
        self.limit = 2 * lengths + 10
        self.own = self.trace.at(self.site, self.positions)  # [B, H] the cell once the noun has been read

    def go_on(self, rows: Sequence[int], value: Tensor | None = None) -> list[Continuation]:
        """Decode greedily from the noun on; `value` [R, H] is what the cell is set to at the step that reads its last piece."""
        said = []
        for start in range(0, len(rows), ROWS):
            index = torch.as_tensor(rows[start : start + ROWS])
            tap: Tap | None = None
            if value is not None:
                tap = Patch(self.site, value[start : start + ROWS], positions=torch.zeros(len(index), dtype=torch.long))
            found = search(
                self.translator.model,
                self.memory.rows(index.to(self.memory.states.device)),
                self.limit[index],
                SearchSettings(beam=1),
                first=self.first[index],
                tap=tap,
            )
            said += [self.judge(int(row), hypotheses[0].pieces) for row, hypotheses in zip(index, found)]
        return said

    def judge(self, row: int, pieces: Sequence[int]) -> Continuation:
        stimulus, decode = self.stimuli[row], self.translator.tokenizer.decode
        prefix = stimulus.pieces[: stimulus.noun.last + 1]
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
        said = self.go_on(recipients * len(units), torch.cat(values))
        return [said[start : start + len(pairs)] for start in range(0, len(said), len(pairs))]
