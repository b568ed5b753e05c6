"""Interventions: values put into a sentence's run at one word, and everything that follows from them.

Each sentence is forced through its own prefix to the end of the word. At the step that reads its last piece units of a site
are overwritten inside the step (the cell before h = o ⊙ tanh(c)), once, or held over the steps after it; then the model says
what it wants and reads what it said, or is forced through the sentence's own words, so that log-odds compare like with like.
(Interchange intervention: Vig et al. 2020; Geiger et al. 2021.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from corpora.records import Agreeing

from ..agreement import MISSING, RIGHT, judge
from ..batching import pad, sources
from ..config import UserError
from ..model import END, Memory
from ..search import SearchSettings, Start, read_prefixes, search
from ..taps import Chain, Patch, Recorder, Tap, anywhere, in_encoder
from ..tokenizer import Tokenizer, Word
from ..trace import from_the_right, heard_at
from ..translator import Translator
from .statistics import cluster_mean, ratio
from .stimuli import GENDERS, Partners, Stimulus, other, traced
from .units import outgoing

ROWS = 512  # continuations decoded together

MakeTap = Callable[[slice], Tap]  # which of the rows are decoded together → the tap for them


@dataclass(frozen=True)
class Continuation:
    """What the model said after the noun, judged."""

    text: str  # the whole sentence, forced words included
    as_masculine: int  # how many of the judged words have the masculine form
    as_feminine: int
    judged: int
    present: int  # how many are there in any gender's form, in the number of the noun

    def all_are(self, gender: str) -> bool:
        return {"masculine": self.as_masculine, "feminine": self.as_feminine}[gender] == self.judged

    def any_is(self, gender: str) -> bool:
        return {"masculine": self.as_masculine, "feminine": self.as_feminine}[gender] > 0


@dataclass(frozen=True)
class Parting:
    """Where the pieces of a sentence and of the same sentence with one word in the other gender first differ."""

    place: int  # which piece of the sentence; the decoder's position of this number predicts it
    own: int  # the piece there
    other: int


def at_start(site: str, value: Tensor, units: Sequence[int] | Tensor | None = None) -> Patch:
    """Overwrite (units of) a site at the step that reads the word's last piece, and never again; value [R, U]."""
    return Patch(site, value, units=units, positions=torch.zeros(len(value), dtype=torch.long))


def put_in(values: Mapping[str, Tensor]) -> MakeTap:
    """`at_start` at several sites, of a slice of the rows; values [R, H] each."""
    return lambda part: Chain(*(at_start(site, value[part]) for site, value in values.items()))


class Change:
    """A tap: units of a site become keep · (what they are) + add, at the first `span` steps (None: at every step).

    add [R, H] has a row for each sentence, and a column for each unit of the site; `units` are those that change (None: all).
    Under beam search the K hypotheses of a sentence are neighbouring rows, and all of them change.
    """

    def __init__(
        self,
        site: str,
        add: Tensor,
        *,
        keep: float = 0.0,
        units: Sequence[int] | Tensor | None = None,
        span: int | None = 1,
    ):
        self.site, self.add, self.keep, self.span = site, add, keep, span
        self.units = torch.arange(add.shape[1]) if units is None else torch.as_tensor(units)
        self.sites = frozenset([site])
        self.until = float("inf") if span is None else span
        if len(self.units) and not 0 <= int(self.units.min()) <= int(self.units.max()) < add.shape[1]:
            raise UserError(f"{site} has units 0 … {add.shape[1] - 1}, so not {sorted(self.units.tolist())}")

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        if site != self.site or (self.span is not None and position >= self.span):
            return value
        add = self.add.to(value).repeat_interleave(len(value) // len(self.add), dim=0)
        changed = value.clone()
        changed[:, self.units] = self.keep * value[:, self.units] + add[:, self.units]
        return changed


class FromWord:
    """A tap as each sentence's own word sees it: what it calls step 0 is that sentence's position in `starts(site)` [R], and
    steps are counted the way that the site reads."""

    def __init__(self, tap: Tap, starts: Callable[[str], Tensor]):
        self.tap, self.starts, self.sites = tap, starts, getattr(tap, "sites", None)
        self.narrow = None if anywhere(tap) else self.sites

    def __call__(self, site: str, position: int, value: Tensor) -> Tensor:
        if self.narrow is not None and site not in self.narrow:
            return value
        steps = position - self.starts(site)
        steps = -steps if from_the_right(site) else steps
        for step in steps[steps >= 0].unique().tolist():
            here = (steps == step).to(value.device)[:, None]  # [R, 1]
            value = torch.where(here, self.tap(site, step, value), value)
        return value


def relative(change: Tensor, full: Tensor, lemmas: Sequence[str]) -> Tensor:
    """Changes of log-odds, [R] or [R, H], in units of the full effect, what the donor's whole run changes [R].

    Their mean over lemmas is the ratio of the two means, and an interval over them that ratio's: the whole is surely all of it.
    """
    if cluster_mean(full.numpy(), lemmas) <= 0:
        raise UserError("the donors' own runs do not prefer the donors' forms, so there is no effect to be a part of")
    return torch.as_tensor(ratio(change.double().numpy(), full.double().numpy(), lemmas))


def parting(stimulus: Stimulus, word: Agreeing, tokenizer: Tokenizer) -> Parting:
    """Where the pieces part if a judged word has the form of the other gender."""
    text = stimulus.pair.target
    form = word.forms[other(stimulus.factors.gender)]
    form = form.capitalize() if word.target.of(text)[0].isupper() else form
    changed = [*tokenizer.encode(text[: word.target.start] + form + text[word.target.end :]), END]
    own = [*stimulus.pieces, END]
    place = next(n for n, (a, b) in enumerate(zip(own, changed)) if a != b)
    return Parting(place, own[place], changed[place])


class Experiment:
    """Stimuli, read up to a word, ready to go on with whatever is put into the model.

    `positions` [B] are the decoder's positions to go on from, each the one that reads a word's last piece; without them, the
    controlling nouns'.
    """

    def __init__(self, translator: Translator, stimuli: Sequence[Stimulus], positions: Sequence[int] | None = None):
        model, top = translator.model, translator.model.decoder[-1]
        self.translator, self.stimuli = translator, stimuli
        self.site, self.hidden = top.memories[0], f"{top.places[0]}.{top.cell.states[0]}"
        self.states = [
            f"decoder.{layer}.{state}" for layer, each in enumerate(model.decoder) for state in each.cell.states
        ]
        self.positions = [each.position for each in stimuli] if positions is None else list(positions)
        encoded = [translator.tokenizer.encode(each.pair.source) for each in stimuli]
        self.source, self.lengths = sources(encoded)
        self.source = self.source.to(model.device)
        # many are read part by part: few positions of each are kept
        self.parts = torch.arange(len(stimuli)).split(ROWS)
        parts = [self.before(index) for index in self.parts]
        self.memory = Memory.joined([memory for memory, _ in parts])  # as it is before the word's last piece
        self.words = [words for _, each in parts for words in each]  # source words and target words
        self.first = torch.tensor([each.pieces[position - 1] for each, position in zip(stimuli, self.positions)])
        self.start = Start(self.memory, self.first)
        self.limit = 2 * self.lengths + 10
        self.known: dict[str, Tensor] = {}  # what `values` has found

    @torch.inference_mode()
    def before(self, index: Tensor) -> tuple[Memory, list[tuple[Sequence[Word], Sequence[Word]]]]:
        """Of some stimuli: the memory with the decoder's states before the word's last piece, and the words."""
        rows, device = index.tolist(), self.source.device
        made = traced(self.translator, [self.stimuli[row].pair for row in rows], self.states)
        memory = self.translator.model.encode(self.source[index], self.lengths[index])
        at = [self.positions[row] for row in rows]
        initial = [
            {
                state: made.at(f"decoder.{layer}.{state}", [position - 1 for position in at]).to(device)
                for state in each.cell.states
            }
            for layer, each in enumerate(self.translator.model.decoder)
        ]
        elapsed = torch.tensor(at, device=device)[:, None]
        before = replace(memory, initial=initial, elapsed=elapsed, keys=None)
        return before, list(zip(made.sources, made.targets))

    @property
    def own(self) -> Tensor:
        """The cell once the word has been read: [B, H]."""
        return self.values(self.site)

    def traits(self, rows: Sequence[int], site: str | None = None) -> NDArray[numpy.floating]:
        """What random units of a state (None: the cell) are matched on: each unit's variance over these rows, and how strongly
        it is read: [H, 2]."""
        site = site or self.site
        weights = outgoing(self.translator.model, site).numpy()
        return numpy.stack([self.values(site)[rows].var(0).numpy(), weights], axis=1)

    @cached_property
    def nouns(self) -> list[Word]:
        """Each stimulus' controlling noun among the words of its source."""
        found = []
        for (words, _), each in zip(self.words, self.stimuli):
            end = each.factors.nouns[0].source.end
            word = next((word for word in words if word.end == end), None)
            if word is None:
                raise UserError(f"no English word ends where the noun of {each.pair.source!r} should")
            found.append(word)
        return found

    def heard(self, index: Tensor, site: str) -> Tensor:
        """The position at which a site of the encoder has read these stimuli's controlling nouns: [R]."""
        return torch.tensor([heard_at(self.nouns[row], site) for row in index.tolist()])

    @cached_property
    def partings(self) -> list[list[Parting]]:
        """Of each stimulus, where each of its judged words parts from its form in the other gender."""
        return [[parting(each, word, self.translator.tokenizer) for word in each.judged] for each in self.stimuli]

    def next_parting(self, row: int) -> Parting:
        """That of the next agreeing word."""
        return min(
            (each for each in self.partings[row] if each.place >= self.positions[row]), key=lambda each: each.place
        )

    @torch.inference_mode()
    def starts(self, index: Tensor) -> Start:
        """Where some rows go on from; attention's keys are made for them, for all they would take as much as all else."""
        found, attention = self.start.rows(index), self.translator.model.attention
        keys = attention.keys(found.memory.states) if attention else None
        return Start(replace(found.memory, keys=keys), found.first)

    @torch.inference_mode()
    def begin(self, index: Tensor, tap: Tap | None) -> Start:
        """Where some rows go on from; a tap on the encoder has the source read anew, its step 0 the noun, when it is read."""
        if not in_encoder(tap):
            return self.starts(index)
        memory = self.translator.model.encode(
            self.source[index], self.lengths[index], FromWord(tap, partial(self.heard, index))
        )
        prefixes = [self.stimuli[row].pieces[: self.positions[row]] for row in index.tolist()]
        return read_prefixes(self.translator.model, memory, prefixes)

    @torch.inference_mode()
    def values(self, site: str) -> Tensor:
        """What a site is once a word has been read, the decoder's that is gone on from, the encoder's controlling noun: [B, H]."""
        model = self.translator.model
        if site not in model.vectors():
            raise UserError(f"no site {site!r}: the model has {', '.join(model.vectors())}")
        if site not in self.known:  # all sites of this side at once, but part by part: few positions of many are kept
            side = site.split(".")[0] == "encoder"
            sites = [each for each in model.vectors() if each.startswith("encoder.") == side]
            found: dict[str, list[Tensor]] = {each: [] for each in sites}
            for index in self.parts:
                recorder = Recorder(sites)
                if side:
                    model.encode(self.source[index], self.lengths[index], recorder)
                else:
                    here = self.starts(index)
                    model.step(here.first.to(self.source.device), here.memory.initial, here.memory, 0, recorder)
                for each in sites:
                    at = self.heard(index, each) if side else torch.zeros_like(index)
                    found[each].append(recorder[each][torch.arange(len(index)), at].cpu())
            self.known |= {each: torch.cat(parts) for each, parts in found.items()}
        return self.known[site]

    def go_on(
        self, rows: Sequence[int], tap: MakeTap | None = None, beam: int = 1, start: Start | None = None
    ) -> list[Continuation]:
        """Decode from the word on. `tap` makes the tap of a slice of `rows` (many are decoded part by part); its position 0
        is the step that reads the word's last piece, and it sees every step after that. `start` [R] goes on from elsewhere."""
        said, judge = list[Continuation](), cache(self.judge)  # where rows are repeated, most go on alike
        for begin in range(0, len(rows), ROWS):
            part = slice(begin, begin + ROWS)
            index, acting = torch.as_tensor(rows[part]), tap(part) if tap else None
            here = start.rows(torch.arange(len(rows))[part]) if start else self.begin(index, acting)
            found = search(
                self.translator.model,
                here.memory,
                self.limit[index],
                SearchSettings(beam=beam),
                first=here.first,
                tap=acting,
            )
            said += [judge(row, best.pieces) for row, [best, *_] in zip(index.tolist(), found)]
        return said

    @torch.inference_mode()
    def forced(
        self, rows: Sequence[int], tap: MakeTap | None = None, steps: int | None = None, start: Start | None = None
    ) -> Tensor:
        """Force the sentences' own words from the word on, with the tap of `go_on`: features [R, T, E] of `steps` steps
        (None: to the end of the longest)."""
        rests = [self.stimuli[row].pieces[self.positions[row] :] for row in rows]
        steps = 1 + max(map(len, rests)) if steps is None else steps
        features = []
        for begin in range(0, len(rows), ROWS):
            part = slice(begin, begin + ROWS)
            index, acting = torch.as_tensor(rows[part]), tap(part) if tap else None
            here = start.rows(torch.arange(len(rows))[part]) if start else self.begin(index, acting)
            tokens = pad([[int(piece), *rest] for piece, rest in zip(here.first, rests[part])] + [[0] * steps])[
                :-1, :steps
            ]
            features.append(self.translator.model.decode(tokens.to(self.source.device), here.memory, acting)[0])
        return torch.cat(features)

    @torch.inference_mode()
    def log_odds(self, rows: Sequence[int], features: Tensor) -> Tensor:
        """log p(other gender's form) − log p(own form) of the next agreeing word, where the two first part: [R], in nats.
        features [R, T, E] as `forced` makes them."""
        model, place = self.translator.model, features.device
        partings = [self.next_parting(row) for row in rows]
        steps = torch.tensor([each.place - self.positions[row] for each, row in zip(partings, rows)])
        here = features[torch.arange(len(rows)), steps]  # [R, E]
        other, own = (
            torch.tensor([getattr(each, name) for each in partings], device=place) for name in ("other", "own")
        )
        vectors = model.target_embedding.weight
        return ((here * (vectors[other] - vectors[own])).sum(1) + model.bias[other] - model.bias[own]).cpu()

    def judge(self, row: int, pieces: Sequence[int]) -> Continuation:
        stimulus, decode = self.stimuli[row], self.translator.tokenizer.decode
        prefix = stimulus.pieces[: self.positions[row]]
        text = decode([*prefix, *pieces])
        after = text[len(decode(prefix)) :]  # words already said are not scored
        verdicts = {
            gender: [
                each.verdict for each in judge(stimulus.factors, after, gender, stimulus.judged, stimulus.unjudged)
            ]
            for gender in GENDERS
        }
        right = [each.count(RIGHT) for each in verdicts.values()]
        present = len(stimulus.judged) - verdicts[stimulus.factors.gender].count(MISSING)
        return Continuation(text, right[0], right[1], len(stimulus.judged), present)

    def interchange(
        self, pairs: Sequence[Partners], sets: Sequence[Sequence[int]], beam: int = 1
    ) -> list[list[Continuation]]:
        """For each set of the cell's units, each recipient's continuation with its donor's values in these units."""
        return self.exchange(pairs, [{self.site: units} for units in sets], beam)

    def exchange(
        self, pairs: Sequence[Partners], sets: Sequence[Mapping[str, Sequence[int]]], beam: int = 1
    ) -> list[list[Continuation]]:
        """As `interchange`, with units of several sites at once; each set has units of the same sites."""
        recipients, donors = [pair.recipient for pair in pairs], [pair.donor for pair in pairs]
        values = {}
        for site in sets[0]:
            own, donor = self.values(site)[recipients], self.values(site)[donors]  # [R, H]
            chosen = [torch.as_tensor(each[site], dtype=torch.long) for each in sets]
            values[site] = torch.cat([own.index_copy(1, units, donor[:, units]) for units in chosen])
        said = self.go_on(recipients * len(sets), put_in(values), beam)
        return [said[start : start + len(pairs)] for start in range(0, len(said), len(pairs))]
