"""The gender study: is it in the cell, in which units, for how long, and does changing it change the Czech?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
import torch

from corpora.records import Pair

from .. import checkpoint
from ..config import UserError
from ..translator import Translator
from .interventions import Continuation, Experiment, other
from .probes import Probe, Table, probe
from .statistics import Estimate, auc, by_cluster, estimate
from .stimuli import Partners, Stimulus, partners, select

BOY = ("I am a boy who likes to learn.", "Jsem kluk, který se rád učí.")
GIRL = ("I am a girl who likes to learn.", "Jsem holka, která se ráda učí.")
STEPS = range(9)  # words after the noun; 0 is the noun
SHOWN = 10  # units drawn
FEWEST = 5  # nouns of a gender behind a number
UNDERSTOOD = 0.5  # a model that translates fewer of the stimuli right is not probed as if it understood them


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    frames: int
    draws: int  # random sets of units
    recipients: int  # sentences of an intervention


FULL, QUICK = Size(frames=400, draws=100, recipients=300), Size(frames=120, draws=20, recipients=80)


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
    source_words: list[str]
    target_words: list[str]
    strips: dict[str, list[Strip]]  # site → a strip for each shown unit


@dataclass(frozen=True)
class StepProbe:
    """A probe of one site, so many words after the noun."""

    site: str
    step: int
    probe: Probe
    selectivity: float


@dataclass(frozen=True)
class Flips:
    """How often the words after the noun changed gender, all of them, when k units were exchanged."""

    k: int
    direction: str  # "masculine → feminine", …
    all_words: Estimate
    any_word: Estimate
    random_mean: float  # the same with random sets of k units
    random_high: float  # their 95th percentile
    draws: int


@dataclass(frozen=True)
class Result:
    """Everything that the report says of one run."""

    run: str
    facts: dict[str, Any]
    understood: Estimate
    site: str
    units: int
    best: list[int]  # units by how far apart the genders are, chosen on the nouns and templates to fit on
    unit_auc: list[float]  # of the best units at the noun, on held-out nouns in held-out templates
    auc_steps: dict[str, list[float]]  # site → the largest |AUC − ½| + ½ among its units at each step
    auc_best: list[list[float]]  # [best unit][step] AUC on held-out nouns
    step_nouns: list[int]  # held-out nouns behind each step
    probes: list[StepProbe]
    flips: list[Flips]
    same_gender: Estimate  # control: a donor of the same gender; how often the words change gender
    smallest: int | None  # smallest k whose two directions both reach 90 %
    boy_to_girl: list[tuple[int, str]]  # k, the boy sentence with the girl's k units
    sentences: list[Sentence] = field(default_factory=list)


def sizes(units: int) -> list[int]:
    """1, 2, 4 … up to all units, with the eighth that a claim about units may use."""
    found = {units, units // 8}
    k = 1
    while k < units:
        found.add(k)
        k *= 2
    return sorted(found - {0})


def pairs_of(stimuli: Sequence[Stimulus], rows: Sequence[int], gender: str) -> list[Partners]:
    return [
        each for each in partners(stimuli, rows, same_gender=False) if stimuli[each.recipient].factors.gender == gender
    ]


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
        self.translator, self.size, self.seed, self.progress = translator, size, seed, progress
        progress("choosing stimuli", 0.0)
        self.stimuli = select(pairs, translator.tokenizer, "lexical", size.frames)
        layers = len(translator.model.decoder)
        self.sites = [f"decoder.{layers - 1}.cell", f"decoder.{layers - 1}.hidden"]
        progress("reading the stimuli", 0.05)
        self.experiment = Experiment(translator, self.stimuli)
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
        """Values of a site so many words after the noun, of the sentences that are long enough and understood; nothing
        where fewer than FEWEST nouns of a gender are held out or fitted on."""
        rows, positions = [], []
        for row in self.good:
            words = self.experiment.trace.targets[row]
            place = next(n for n, word in enumerate(words) if word.start == self.stimuli[row].noun.start) + step
            if place < len(words):
                rows.append(row)
                positions.append(words[place].last + 1)
        factors = [self.stimuli[row].factors for row in rows]
        made = Table(
            self.experiment.trace.values[site][rows, positions].numpy(),
            numpy.array([each.gender == "feminine" for each in factors]),
            [each.lemma for each in factors],
            numpy.array([each.lemma_fold == "held-out" for each in factors]),
            numpy.array([each.template_fold == "held-out" for each in factors]),
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

    def flips(self, order: Sequence[int]) -> list[Flips]:
        """The curve over k, in each direction, on held-out nouns and templates, beside random sets of the same size."""
        random = numpy.random.default_rng(self.seed)
        H = len(order)
        rows = [row for row in self.good if self.stimuli[row].held_out]
        found = []
        curve = sizes(H)
        for number, gender in enumerate(("masculine", "feminine")):
            pairs = pairs_of(self.stimuli, rows, gender)[: self.size.recipients]
            if not pairs:
                raise UserError(
                    "no two held-out nouns of different gender in one frame: too few frames were understood"
                )
            lemmas = [self.stimuli[each.recipient].factors.lemma for each in pairs]
            for place, k in enumerate(curve):
                self.progress("exchanging units", 0.4 + 0.55 * (number * len(curve) + place) / (2 * len(curve)))
                said = self.experiment.interchange(pairs, [torch.tensor(order[:k])])[0]
                draws = self.size.draws if k == max(1, H // 8) else max(5, self.size.draws // 10)
                few = pairs[: max(40, len(pairs) // 4)]
                sets = [torch.tensor(random.choice(H, k, replace=False)) for _ in range(draws if k < H else 0)]
                rates = [rate(each, other(gender)) for each in (self.experiment.interchange(few, sets) if sets else [])]
                found.append(
                    Flips(
                        k,
                        f"{gender} → {other(gender)}",
                        estimate([each.all_are(other(gender)) for each in said], lemmas, self.seed),
                        estimate([each.any_is(other(gender)) for each in said], lemmas, self.seed),
                        float(numpy.mean(rates)) if rates else float("nan"),
                        float(numpy.quantile(rates, 0.95)) if rates else float("nan"),
                        len(rates),
                    )
                )
        return found

    def same_gender(self, order: Sequence[int]) -> Estimate:
        """Control: the same units from a donor of the same gender; how often a word changes gender all the same."""
        rows = [row for row in self.good if self.stimuli[row].held_out]
        pairs = partners(self.stimuli, rows, same_gender=True)[: self.size.recipients]
        said = self.experiment.interchange(pairs, [torch.tensor(order[: max(1, len(order) // 8)])])[0]
        genders = [self.stimuli[each.recipient].factors.gender for each in pairs]
        lemmas = [self.stimuli[each.recipient].factors.lemma for each in pairs]
        return estimate([each.any_is(other(gender)) for each, gender in zip(said, genders)], lemmas, self.seed)

    def sentence(self, pair: tuple[str, str], units: Sequence[int]) -> Sentence:
        source, target = pair
        trace = self.translator.trace(source, target, self.drawn())
        strips = {}
        for site in self.drawn():
            values = trace.words(site, 0)[:, list(units)]
            strips[site] = [Strip(unit, [round(float(v), 4) for v in values[:, n]]) for n, unit in enumerate(units)]
        return Sentence(
            source,
            target,
            self.translator.translate([source], beam=1)[0],
            [word.text for word in trace.sources[0]],
            [word.text for word in trace.targets[0]],
            strips,
        )

    def drawn(self) -> list[str]:
        place = self.experiment.site.rpartition(".")[0]
        names = (*self.translator.model.decoder[-1].cell.gates, "cell", "hidden")
        return [f"{place}.{name}" for name in ("cell", *[name for name in names if name != "cell"])]

    def boy_to_girl(self, order: Sequence[int]) -> list[tuple[int, str]]:
        """What becomes of the boy's sentence with the girl's k best units."""
        from corpora import agreement

        found = {pair.source: pair for pair in agreement.load("train") if pair.source in (BOY[0], GIRL[0])}
        boy, girl = select(found.values(), self.translator.tokenizer, "lexical", 1)
        if boy.factors.gender == "feminine":
            boy, girl = girl, boy
        experiment = Experiment(self.translator, [boy, girl])
        curve = sizes(len(order))
        said = experiment.interchange([Partners(0, 1)], [torch.tensor(order[:k]) for k in curve])
        return [(k, each[0].text) for k, each in zip(curve, said)]

    def result(self, run: str) -> Result:
        self.progress("ranking units", 0.2)
        order = self.order()
        best = order[:SHOWN]
        aucs: dict[str, list[float]] = {site: [] for site in self.sites}
        best_auc: list[list[float]] = [[] for _ in best]
        nouns, probes = [], []
        for step in STEPS:
            self.progress("probing", 0.22 + 0.15 * step / len(STEPS))
            for site in self.sites:
                table = self.table(site, step)
                if table is None:
                    continue
                values, feminine = self.held_out(table)
                area = auc(values, feminine)
                aucs[site].append(float(numpy.abs(area - 0.5).max() + 0.5))
                if site == self.experiment.site:
                    nouns.append(len(feminine))
                    for row, unit in zip(best_auc, best):
                        row.append(float(area[unit]))
                if step in (0, 1, 2, 4, 8):
                    fitted = probe(table, self.seed)
                    probes.append(StepProbe(site, step, fitted, fitted.selectivity))
        flips = self.flips(order)
        reached = {k: min(each.all_words.value for each in flips if each.k == k) for k in sizes(len(order))}
        smallest = next((k for k, worst in reached.items() if worst >= 0.9), None)
        self.progress("the boy and the girl", 0.96)
        return Result(
            run, self.facts(), self.understood, self.experiment.site, len(order), best, [row[0] for row in best_auc],
            aucs, best_auc, nouns, probes, flips, self.same_gender(order), smallest, self.boy_to_girl(order),
            [self.sentence(pair, best) for pair in (BOY, GIRL)],
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        run = self.translator.run
        return {
            "corpus": "agreement, split probe, family lexical, singular",
            "stimuli": len(self.stimuli),
            "understood": len(self.good),
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


def rate(said: Sequence[Continuation], gender: str) -> float:
    return float(numpy.mean([each.all_are(gender) for each in said]))
