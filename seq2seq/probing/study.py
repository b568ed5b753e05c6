"""The gender study: is it in the cell, in which units, for how long, and does changing it change the Czech?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy
import torch

from corpora.agreement import pinned
from corpora.records import Pair

from .. import checkpoint
from ..config import UserError
from ..trace import read_at
from ..translator import Translator
from .interventions import Continuation, Experiment, other
from .probes import Probe, Table, probe
from .statistics import Estimate, auc, by_cluster, estimate
from .stimuli import GENDERS, Partners, partners, select

STEPS = range(9)  # words after the noun, none of which shows its gender; 0 is the noun
PROBED = (0, 1, 2, 4, 8)  # steps at which probes are fitted
SHOWN = 10  # units drawn
ENOUGH = 20  # draws behind a 95th percentile
FEWEST = 5  # nouns of a gender behind a number
FLIPPED = 0.9  # share of sentences that a set of units has to change to be said to decide
UNDERSTOOD = 0.5  # a model that translates fewer of the stimuli right is not probed as if it understood them


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    name: str
    frames: int
    draws: int  # random sets of units
    recipients: int  # sentences of an intervention


FULL = Size("full", frames=400, draws=100, recipients=300)
QUICK = Size("quick", frames=120, draws=20, recipients=80)


@dataclass(frozen=True)
class Strip:
    """One unit of one site over the words of one sentence."""

    unit: int
    values: list[float]


@dataclass(frozen=True)
class Sentence:
    """One of the two sentences that the project begins with, as the model sees it."""

    source: str
    target: str
    translation: str  # the model's own
    target_words: list[str]
    strips: dict[str, list[Strip]]  # site → a strip for each shown unit


@dataclass(frozen=True)
class StepAUC:
    """AUC of every unit of the cell for feminine, so many gender-neutral words after the noun, on held-out nouns in
    held-out templates."""

    step: int
    nouns: int
    areas: list[float]


@dataclass(frozen=True)
class StepProbe:
    """A probe of one site, so many gender-neutral words after the noun."""

    site: str
    step: int
    probe: Probe


@dataclass(frozen=True)
class Flips:
    """How often the words after the noun changed gender, all of them, when k units were exchanged."""

    k: int
    direction: str  # "masculine → feminine", …
    all_words: Estimate
    any_word: Estimate
    draws: int  # random sets of k units, drawn evenly from all units, on the same sentences
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    p: float | None  # (b + 1) / (B + 1), b: random sets that change as much or more


@dataclass(frozen=True)
class Result:
    """Everything that the report says of one run."""

    run: str
    facts: dict[str, Any]
    understood: Estimate
    site: str
    units: int
    best: list[int]  # units by how far apart the genders are, chosen on the nouns and templates to fit on
    steps: list[StepAUC]
    probes: list[StepProbe]
    alone: list[Estimate]  # each of the best units exchanged alone, both directions: how often all words change
    flips: list[Flips]
    same_gender: Estimate  # control: a donor of the same gender; how often a word changes gender all the same
    smallest: int | None  # smallest k whose two directions both reach 90 %
    boy_to_girl: list[tuple[int, str]] = field(default_factory=list)  # k, the boy's sentence with the girl's k units
    sentences: list[Sentence] = field(default_factory=list)

    @property
    def eighth(self) -> int:
        """How many units a claim about units may use."""
        return eighth(self.units)


def eighth(units: int) -> int:
    """How many of a cell's units a claim about units may use."""
    return max(1, units // 8)


def sizes(units: int) -> list[int]:
    """1, 2, 4 … up to all units, with the eighth that a claim about units may use."""
    found = {units, eighth(units)}
    k = 1
    while k < units:
        found.add(k)
        k *= 2
    return sorted(found)


class Study:
    """One run's experiments, step by step; `progress` hears what is being done and how far (0 … 1)."""

    def __init__(
        self,
        translator: Translator,
        pairs: Sequence[Pair],
        size: Size,
        seed: int,
        progress: Callable[[str, float], None],
    ):
        self.translator, self.pairs, self.size, self.seed, self.progress = translator, pairs, size, seed, progress
        progress("choosing stimuli", 0.0)
        self.stimuli = select(pairs, translator.tokenizer, "lexical", size.frames)
        progress("reading the stimuli", 0.05)
        self.experiment = Experiment(translator, self.stimuli)
        self.place, _, self.memory = self.experiment.site.rpartition(".")
        progress("translating the stimuli", 0.15)
        own = self.experiment.go_on(range(len(self.stimuli)))
        self.good = [row for row, said in enumerate(own) if said.all_are(self.stimuli[row].factors.gender)]
        self.understood = estimate(
            [said.all_are(each.factors.gender) for said, each in zip(own, self.stimuli)], self.lemmas(), seed
        )
        if self.understood.value < UNDERSTOOD:
            raise UserError(
                f"this run says only {self.understood.value:.0%} of the {len(own)} stimuli right once the noun is given, so "
                "there is nothing to probe: train it on the agreement corpus"
            )

    def lemmas(self) -> list[str]:
        return [each.factors.lemma for each in self.stimuli]

    def table(self, site: str, step: int) -> Table | None:
        """Values of a site so many gender-neutral words after the noun, of the sentences that have them and are
        understood; nothing where fewer than FEWEST nouns of a gender are held out or fitted on."""
        rows, positions = [], []
        for row in self.good:
            words = self.stimuli[row].neutral(self.experiment.trace.targets[row])
            if step < len(words):
                rows.append(row)
                positions.append(read_at(words[step]))
        factors = [self.stimuli[row].factors for row in rows]
        made = Table(
            self.experiment.trace.values[site][rows, positions].numpy(),
            numpy.array([each.gender == "feminine" for each in factors], dtype=bool),
            [each.lemma for each in factors],
            numpy.array([each.lemma_fold == "held-out" for each in factors], dtype=bool),
            numpy.array([each.template_fold == "held-out" for each in factors], dtype=bool),
        )
        for part in (made.lemma_held_out & made.template_held_out, ~made.lemma_held_out & ~made.template_held_out):
            for gender in (made.feminine, ~made.feminine):
                if len({lemma for lemma, keep in zip(made.lemmas, part & gender) if keep}) < FEWEST:
                    return None
        return made

    def held_out(self, table: Table) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Values averaged per held-out lemma in held-out templates, and which of the lemmas are feminine."""
        rows = table.lemma_held_out & table.template_held_out
        lemmas = [lemma for lemma, keep in zip(table.lemmas, rows) if keep]
        values, _ = by_cluster(table.values[rows], lemmas)
        feminine, _ = by_cluster(table.feminine[rows].astype(float), lemmas)
        return values, feminine > 0.5

    def order(self) -> list[int]:
        """All units of the cell, those first whose means for the two genders are furthest apart at the noun; means are
        over lemmas, on the nouns and templates to fit on."""
        rows = [row for row in self.good if self.stimuli[row].fitted]
        values = self.experiment.own[rows].numpy()
        lemmas = [self.stimuli[row].factors.lemma for row in rows]
        feminine = numpy.array([self.stimuli[row].factors.gender == "feminine" for row in rows])
        means, _ = by_cluster(values, lemmas)
        labels, _ = by_cluster(feminine.astype(float), lemmas)
        apart = numpy.abs(means[labels > 0.5].mean(0) - means[labels < 0.5].mean(0))
        return [int(unit) for unit in numpy.argsort(-apart)]

    def tested(self, gender: str | None = None, *, same_gender: bool = False) -> list[Partners]:
        """Recipients (of one gender) with donors, on held-out nouns in held-out templates."""
        rows = [row for row in self.good if self.stimuli[row].held_out]
        found = partners(self.stimuli, rows, same_gender=same_gender)
        found = [each for each in found if gender in (None, self.stimuli[each.recipient].factors.gender)]
        if not found:
            raise UserError("too few held-out sentences are understood to exchange anything: train for longer")
        return found[: self.size.recipients]

    def lemmas_of(self, pairs: Sequence[Partners]) -> list[str]:
        return [self.stimuli[each.recipient].factors.lemma for each in pairs]

    def flips(self, order: Sequence[int]) -> list[Flips]:
        """The curve over k, in each direction, beside random sets of the same size on the same sentences."""
        random, curve, H = numpy.random.default_rng(self.seed), sizes(len(order)), len(order)
        found = []
        for number, gender in enumerate(GENDERS):
            pairs, wanted = self.tested(gender), other(gender)
            lemmas = self.lemmas_of(pairs)
            for place, k in enumerate(curve):
                self.progress("exchanging units", 0.4 + 0.55 * (number * len(curve) + place) / (2 * len(curve)))
                [said] = self.experiment.interchange(pairs, [torch.tensor(order[:k])])
                draws = self.size.draws if k == eighth(H) else self.size.draws // 10
                sets = [torch.tensor(random.choice(H, k, replace=False)) for _ in range(draws if k < H else 0)]
                rates = [share(self.experiment.interchange(pairs, [each])[0], wanted, lemmas) for each in sets]
                own = share(said, wanted, lemmas)
                as_much = sum(each >= own for each in rates)
                found.append(
                    Flips(
                        k,
                        f"{gender} → {wanted}",
                        estimate([each.all_are(wanted) for each in said], lemmas, self.seed),
                        estimate([each.any_is(wanted) for each in said], lemmas, self.seed),
                        len(rates),
                        float(numpy.mean(rates)) if rates else None,
                        float(numpy.quantile(rates, 0.95)) if len(rates) >= ENOUGH else None,
                        (as_much + 1) / (len(rates) + 1) if rates else None,
                    )
                )
        return found

    def alone(self, units: Sequence[int]) -> list[Estimate]:
        """Each of these units exchanged by itself, both directions together."""
        pairs = self.tested()
        wanted = [other(self.stimuli[each.recipient].factors.gender) for each in pairs]
        return [
            estimate([each.all_are(gender) for each, gender in zip(said, wanted)], self.lemmas_of(pairs), self.seed)
            for said in self.experiment.interchange(pairs, [torch.tensor([unit]) for unit in units])
        ]

    def same_gender(self, order: Sequence[int]) -> Estimate:
        """Control: an eighth of the units from a donor of the same gender; how often a word changes gender all the same."""
        pairs = self.tested(same_gender=True)
        [said] = self.experiment.interchange(pairs, [torch.tensor(order[: eighth(len(order))])])
        wanted = [other(self.stimuli[each.recipient].factors.gender) for each in pairs]
        return estimate([each.any_is(gender) for each, gender in zip(said, wanted)], self.lemmas_of(pairs), self.seed)

    def sentence(self, pair: Pair, units: Sequence[int]) -> Sentence:
        source, target = pair.source, pair.target
        trace = self.translator.trace(source, target, self.drawn())
        strips = {}
        for site in self.drawn():
            values = trace.words(site, 0)[:, list(units)]
            strips[site] = [Strip(unit, [round(float(v), 4) for v in values[:, n]]) for n, unit in enumerate(units)]
        return Sentence(
            source,
            target,
            self.translator.translate([source], beam=1)[0],
            [word.text for word in trace.targets[0]],
            strips,
        )

    def drawn(self) -> list[str]:
        """The memory first, then the rest of its layer."""
        cell = self.translator.model.decoder[-1].cell
        return [f"{self.place}.{name}" for name in dict.fromkeys((self.memory, *cell.gates, *cell.states))]

    def boy_to_girl(self, order: Sequence[int]) -> list[tuple[int, str]]:
        """What becomes of the boy's sentence with the girl's k best units."""
        boy, girl = select(pinned(), self.translator.tokenizer, "lexical", 1)
        experiment = Experiment(self.translator, [boy, girl])
        curve = sizes(len(order))
        said = experiment.interchange([Partners(0, 1)], [torch.tensor(order[:k]) for k in curve])
        return [(k, each[0].text) for k, each in zip(curve, said)]

    def result(self, run: str) -> Result:
        """All that the report says, the boy and the girl included."""
        found = self.measure(run)
        self.progress("the boy and the girl", 0.96)
        sentences = [self.sentence(pair, found.best) for pair in pinned()]
        return replace(found, boy_to_girl=self.boy_to_girl(self.order()), sentences=sentences)

    def measure(self, run: str) -> Result:
        """The numbers, over many sentences."""
        self.progress("ranking units", 0.2)
        order = self.order()
        best = order[:SHOWN]
        steps, probes = [], []
        for step in STEPS:
            self.progress("probing", 0.22 + 0.15 * step / len(STEPS))
            for site in dict.fromkeys((self.experiment.site, f"{self.place}.hidden")):
                table = self.table(site, step)
                if table is None:
                    continue
                if site == self.experiment.site:
                    values, feminine = self.held_out(table)
                    steps.append(
                        StepAUC(step, len(feminine), [round(float(area), 4) for area in auc(values, feminine)])
                    )
                if step in PROBED:
                    probes.append(StepProbe(site, step, probe(table, self.seed)))
        if not probes:
            raise UserError("too few nouns are understood to fit a probe on: train for longer")
        flips = self.flips(order)
        reached = {k: min(each.all_words.value for each in flips if each.k == k) for k in sizes(len(order))}
        smallest = next((k for k, worst in reached.items() if worst >= FLIPPED), None)
        return Result(
            run, self.facts(), self.understood, self.experiment.site, len(order), best, steps, probes, self.alone(best),
            flips, self.same_gender(order), smallest,
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        run = self.translator.run
        return {
            "corpus": f"{self.pairs[0].corpus}, split probe, family lexical, singular",
            "longest sentence": f"{max(len(each.pair.target.split()) for each in self.stimuli)} Czech words",
            "stimuli": len(self.stimuli),
            "understood": len(self.good),
            "size": self.size.name,
            "random sets": f"{self.size.draws} at an eighth of the units, {self.size.draws // 10} elsewhere",
            "frames": len({each.factors.frame for each in self.stimuli}),
            "nouns": len(set(self.lemmas())),
            "held-out nouns": len(
                {each.factors.lemma for each in self.stimuli if each.factors.lemma_fold == "held-out"}
            ),
            "seed": self.seed,
            "decoding": "greedy",
            "attention": self.translator.model.settings.attention,
            "cell": self.translator.model.settings.cell,
            "trained on": run.corpora if run else [],
            "training seed": run.training.get("seed") if run else None,
            "weights": checkpoint.digest(self.translator.model.state_dict())[:16],
        }


def share(said: Sequence[Continuation], gender: str, lemmas: Sequence[str]) -> float:
    """The share of continuations whose every judged word has this gender, a mean over lemmas."""
    return float(by_cluster(numpy.array([each.all_are(gender) for each in said], dtype=float), lemmas)[0].mean())
