"""Path decomposition: along which way does a noun's gender reach the words that agree with it?

A recipient is given one thing of its donor's run (the same sentence with a noun of the other gender), all else stays its own.
There are two places to cut the run, and at each the parts are all that the rest of the sentence can depend on:

    at the noun      the decoder's cell, its hidden state, and what attention can look at from here on
    at the start     the initial state (the bridge's output), the noun's own pieces that the decoder reads, the words before it
                     that agree with it, and what attention can look at; the prefix is read anew

With everything at once the recipient says what its donor says: the total. What the parts leave unexplained, the total less
their sum, is what only several of them together change (positive) or what each changes by itself (negative).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..search import Start, read_prefixes
from ..taps import Chain
from .interventions import Change, Continuation, Experiment, MakeTap, relative
from .statistics import Estimate, estimate
from .stimuli import GENDERS, Partners, other

AT_NOUN, AT_START, TOTAL = "at the noun", "at the start", "total"


@dataclass(frozen=True)
class Path:
    """What changes when only this comes from the donor."""

    name: str
    all_words: Estimate  # how often all agreeing words take the donor's gender
    any_word: Estimate
    log_odds: Estimate  # change for the donor's form of the next agreeing word, in nats
    share: Estimate  # of the total's change of log-odds, lemma by lemma


@dataclass(frozen=True)
class Decomposition:
    """One cut in one direction: the parts, all of them together, and what the parts leave unexplained."""

    cut: str
    direction: str
    parts: list[Path]
    total: Path
    unexplained_flips: Estimate  # of all words; total − sum of the parts
    unexplained_log_odds: Estimate  # nats
    unexplained_share: Estimate


@dataclass(frozen=True)
class Outcome:
    """What the recipients said, and their log-odds [R]."""

    said: list[Continuation]
    log_odds: Tensor


class Paths:
    """Recipients whose runs go on from the noun, each with one thing of its donor's."""

    def __init__(self, experiment: Experiment, pairs: Sequence[Partners]):
        self.experiment = experiment
        self.recipients, self.donors = [each.recipient for each in pairs], [each.donor for each in pairs]
        self.values = {site: experiment.values(site) for site in experiment.states}
        self.own = experiment.starts(torch.tensor(self.recipients))
        self.donor = experiment.starts(torch.tensor(self.donors))
        self.unpatched = self.outcome(self.own)

    def outcome(self, start: Start, tap: MakeTap | None = None) -> Outcome:
        experiment, rows = self.experiment, self.recipients
        steps = 1 + max(experiment.next_parting(row).place - experiment.positions[row] for row in rows)
        log_odds = experiment.log_odds(rows, experiment.forced(rows, tap, steps, start))
        return Outcome(experiment.go_on(rows, tap, start=start), log_odds)

    def looking(self, start: Start, at: Start) -> Start:
        """The same, but that attention looks at another's source: the encoder's states and, where it sees them, the words."""
        went = start.memory
        return Start(replace(at.memory, initial=went.initial, elapsed=went.elapsed), start.first)

    def given(self, *states: str) -> MakeTap:
        """At the noun these states of every layer are the donor's, and the others are held at the recipient's own."""
        values = {
            site: value[self.donors if site.rpartition(".")[2] in states else self.recipients]
            for site, value in self.values.items()
        }
        return lambda part: Chain(*(Change(site, value[part]) for site, value in values.items()))

    def context(self) -> dict[str, Outcome]:
        """Attention feeds nothing back, so that it matters from the noun on only, wherever the run is cut."""
        attends = self.experiment.translator.model.attention is not None
        return {"attention's context": self.outcome(self.looking(self.own, self.donor))} if attends else {}

    def at_noun(self) -> dict[str, Outcome]:
        """Each part's outcome, and the total's."""
        states = self.experiment.translator.model.decoder[-1].cell.states
        parts = {f"decoder's {state}": self.outcome(self.own, self.given(state)) for state in states}
        return parts | self.context() | {TOTAL: self.outcome(self.looking(self.own, self.donor), self.given(*states))}

    def at_start(self) -> dict[str, Outcome]:
        """Each part's outcome, and the total's."""
        experiment, model = self.experiment, self.experiment.translator.model
        stimuli = experiment.stimuli
        before = lambda rows: [stimuli[row].pieces[: stimuli[row].noun.first] for row in rows]
        noun = lambda rows: [stimuli[row].pieces[stimuli[row].noun.first : stimuli[row].position] for row in rows]

        def read(initial: Sequence[int], words: Sequence[int], nouns: Sequence[int]) -> Start:
            """The rows whose initial state, whose words before the noun and whose noun are read, the source unchanged."""
            prefixes = [[*each, *last] for each, last in zip(before(words), noun(nouns))]
            with torch.inference_mode():
                encoded = model.encode(experiment.source[initial], experiment.lengths[initial])
            return self.looking(read_prefixes(model, encoded, prefixes), self.own)

        own, donor = self.recipients, self.donors
        parts = {
            "initial state": self.outcome(read(donor, own, own)),
            "the noun read": self.outcome(read(own, own, donor)),
            "words read before the noun": self.outcome(read(own, donor, own)),
        }
        return parts | self.context() | {TOTAL: self.outcome(self.looking(read(donor, donor, donor), self.donor))}

    def decomposition(self, cut: str, outcomes: dict[str, Outcome], gender: str, seed: int) -> Decomposition:
        """The sentences whose own noun has this gender."""
        factors, wanted = [self.experiment.stimuli[row].factors for row in self.recipients], other(gender)
        rows = [place for place, each in enumerate(factors) if each.gender == gender]
        lemmas, templates = [factors[row].lemma for row in rows], [factors[row].template for row in rows]
        mean = partial(estimate, clusters=lemmas, seed=seed, templates=templates)
        flips = {
            name: numpy.array([each.said[row].all_are(wanted) for row in rows], float)
            for name, each in outcomes.items()
        }
        changes = {name: (each.log_odds - self.unpatched.log_odds)[rows] for name, each in outcomes.items()}
        shares = {name: relative(each, changes[TOTAL], lemmas).numpy() for name, each in changes.items()}

        def left(values: dict[str, NDArray[numpy.floating]]) -> Estimate:
            """The total less the sum of its parts, sentence by sentence."""
            return mean(2 * values[TOTAL] - sum(values.values()), rate=False)

        *parts, total = (
            Path(
                name,
                mean(flips[name]),
                mean([each.said[row].any_is(wanted) for row in rows]),
                mean(changes[name].numpy(), rate=False),
                mean(shares[name], rate=False),
            )
            for name, each in outcomes.items()
        )
        unexplained = left({name: each.numpy() for name, each in changes.items()})
        return Decomposition(cut, f"{gender} → {wanted}", parts, total, left(flips), unexplained, left(shares))


def decompose(experiment: Experiment, pairs: Sequence[Partners], seed: int) -> list[Decomposition]:
    """Both cuts, in each direction that the pairs have. The experiment's positions are its nouns'."""
    paths = Paths(experiment, pairs)
    genders = {experiment.stimuli[row].factors.gender for row in paths.recipients}
    cuts = {AT_NOUN: paths.at_noun(), AT_START: paths.at_start()}
    return [
        paths.decomposition(cut, outcomes, gender, seed)
        for cut, outcomes in cuts.items()
        for gender in GENDERS
        if gender in genders
    ]
