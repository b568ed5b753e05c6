"""The gender study of one run: everything the report says, from the first stimulus to the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy

from corpora.agreement import pinned
from corpora.records import Pair

from ..config import UserError
from ..progress import Progress
from ..translator import Translator
from . import examples, gates, register
from .causal import Bench, Causal, causal, some
from .interventions import Experiment
from .ladder import Hypothesis, Rung, climb, hypotheses
from .paths import Decomposition, decompose
from .persistence import Curve, persistence
from .reading import Reader, Reading, read
from .statistics import Estimate, auc, beside, by_cluster, cluster_mean, estimate
from .stimuli import GENDERS, Partners, Stimulus, other, partners, select
from .units import difference, eighth, matched, sizes

SHOWN = 10  # units drawn
UNDERSTOOD = 0.5  # a model that translates fewer of the stimuli right is not probed as if it understood them
Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    name: str
    frames: int
    draws: int  # random sets of units
    recipients: int  # sentences of an intervention
    events: int  # of each kind, in the gate story
    cuts: int  # random sets beside a surgery or a swap


FULL = Size("full", frames=800, draws=100, recipients=160, events=300, cuts=20)
QUICK = Size("quick", frames=100, draws=20, recipients=40, events=60, cuts=5)


@dataclass(frozen=True)
class UnitMap:
    """How well each unit of one layer's memory tells the gender at the noun, by itself."""

    site: str
    areas: list[float]  # AUC for feminine over held-out nouns, in held-out templates
    nouns: int


@dataclass(frozen=True)
class Flips:
    """How often the words after the noun changed gender, all of them, when k units were exchanged."""

    family: str  # lexical: English tells the gender; open: it does not
    chosen_on: str  # the family whose nouns ranked the units
    k: int
    direction: str  # "masculine → feminine", …
    all_words: Estimate
    any_word: Estimate
    draws: int  # random sets of k other units, matched on variance and outgoing weights, on the same sentences
    random_mean: float | None
    random_high: float | None  # their 95th percentile
    p: float | None  # (b + 1) / (B + 1), b: random sets that change as much or more


@dataclass(frozen=True)
class Result:
    """Everything that the report says of one run."""

    run: str
    facts: dict[str, Any]
    understood: dict[str, Estimate]  # family → stimuli said right, once the noun is given
    site: str
    units: int
    best: list[int]  # units by how far apart the genders are, chosen on the nouns and templates to fit on
    alone: list[Estimate]  # each of the best units exchanged alone, both directions: how often all words change
    flips: list[Flips]
    same_gender: Estimate  # control: a donor of the same gender; how often a word changes gender all the same
    reading: Reading
    causal: Causal
    ladder: list[Rung]
    hypotheses: list[Hypothesis] = field(default_factory=list)
    paths: list[Decomposition] = field(default_factory=list)
    register: register.Result | None = None
    gates: gates.Story | None = None
    persistence: list[Curve] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)  # what, and why not
    boy_to_girl: list[tuple[int, str]] = field(default_factory=list)  # k, the boy's sentence with the girl's k units
    sentences: list[examples.Sentence] = field(default_factory=list)  # the boy, the girl, the two of them
    sliders: list[examples.Slider] = field(default_factory=list)
    layers: list[UnitMap] = field(default_factory=list)

    @property
    def eighth(self) -> int:
        """How many units a claim about units may use."""
        return eighth(self.units)


class Family:
    """The stimuli of one family, as one run reads and continues them."""

    def __init__(self, translator: Translator, pairs: Sequence[Pair], name: str, size: Size, seed: int):
        self.translator, self.name, self.size, self.seed = translator, name, size, seed
        self.stimuli = select(pairs, translator.tokenizer, name, size.frames)
        self.experiment = Experiment(translator, self.stimuli)
        self.place, _, self.memory = self.experiment.site.rpartition(".")
        own = self.experiment.go_on(range(len(self.stimuli)))
        right = [said.all_are(each.factors.gender) for said, each in zip(own, self.stimuli)]
        self.good = [row for row, each in enumerate(right) if each]
        self.understood = estimate(right, self.lemmas(range(len(right))), seed)
        if self.understood.value < UNDERSTOOD:
            raise UserError(
                f"this run says only {self.understood.value:.0%} of {len(own)} {name} stimuli right once the noun is given, so "
                "there is nothing to probe: train it on the agreement corpus"
            )

    def lemmas(self, rows: Sequence[int]) -> list[str]:
        return [self.stimuli[row].factors.lemma for row in rows]

    def templates(self, rows: Sequence[int]) -> list[str]:
        return [self.stimuli[row].factors.template for row in rows]

    @property
    def fitted(self) -> list[int]:
        """Rows on which units are chosen: nouns and templates that nothing is measured on."""
        return [row for row in self.good if self.stimuli[row].fitted]

    def order(self, site: str | None = None) -> list[int]:
        """All units of a site (None: the cell), those first whose means for the two genders are furthest apart at the noun;
        means are over lemmas, on the nouns and templates to fit on."""
        values = self.experiment.values(site or self.experiment.site)[self.fitted].numpy()
        feminine = numpy.array([self.stimuli[row].factors.gender == "feminine" for row in self.fitted])
        return numpy.argsort(-numpy.abs(difference(values, feminine, self.lemmas(self.fitted)))).tolist()

    def unit_maps(self) -> list[UnitMap]:
        """Every layer's memory, the encoder's at the English noun."""
        rows = [row for row in self.good if self.stimuli[row].held_out]
        feminine = numpy.array([self.stimuli[row].factors.gender == "feminine" for row in rows])
        found = []
        for layer in (*self.translator.model.encoder, *self.translator.model.decoder):
            for site in layer.memories:
                means, lemmas = by_cluster(self.experiment.values(site)[rows].numpy(), self.lemmas(rows))
                labels = by_cluster(feminine.astype(float), self.lemmas(rows))[0] > 0.5  # [L]
                found.append(UnitMap(site, auc(means, labels).tolist(), len(lemmas)))
        return found

    def partners(self, fitted: bool = False, gender: str | None = None, *, same_gender: bool = False) -> list[Partners]:
        """Recipients with donors, drawn from the held-out nouns in held-out templates, or from those to fit on; of these,
        those of one gender."""
        rows = self.fitted if fitted else [row for row in self.good if self.stimuli[row].held_out]
        drawn = some(partners(self.stimuli, rows, same_gender=same_gender), self.size.recipients, self.seed)
        found = [each for each in drawn if gender in (None, self.stimuli[each.recipient].factors.gender)]
        if not found:
            which = "" if fitted else "held-out "
            raise UserError(f"too few {which}sentences are understood to exchange anything: train for longer")
        return found

    def rate(self, said: Sequence[bool], pairs: Sequence[Partners]) -> Estimate:
        rows = [each.recipient for each in pairs]
        return estimate(said, self.lemmas(rows), self.seed, templates=self.templates(rows))

    def wanted(self, pairs: Sequence[Partners]) -> list[str]:
        """The gender that each recipient does not have."""
        return [other(self.stimuli[each.recipient].factors.gender) for each in pairs]

    def random_sets(
        self, chosen: Mapping[str, Sequence[int]], draws: int, random: numpy.random.Generator
    ) -> list[dict[str, list[int]]]:
        """Random sets of as many other units at the same sites, matched on variance and on what reads them."""
        drawn = {
            site: matched(units, self.experiment.traits(self.fitted, site), draws, random)[0]
            for site, units in chosen.items()
        }
        return [{site: sets[n] for site, sets in drawn.items()} for n in range(min(map(len, drawn.values())))]

    def exchanged(
        self, chosen: Mapping[str, Sequence[int]], random: Sequence[Mapping[str, Sequence[int]]], gender: str
    ) -> tuple[Estimate, Estimate, tuple[int, float | None, float | None, float | None]]:
        """These units of these sites put in from donors of the other gender: how often all later agreeing words change, and
        how often any; beside it random sets: how many, the mean of what they change, their 95th percentile, p."""
        pairs, wanted = self.partners(gender=gender), other(gender)
        said, *drawn = self.experiment.exchange(pairs, [chosen, *random])
        lemmas = self.lemmas([each.recipient for each in pairs])
        own, *rates = (cluster_mean([each.all_are(wanted) for each in by], lemmas) for by in (said, *drawn))
        all_words = self.rate([each.all_are(wanted) for each in said], pairs)
        any_word = self.rate([each.any_is(wanted) for each in said], pairs)
        return all_words, any_word, (len(rates), *beside(own, rates))

    def same_gender(self, chosen: Mapping[str, Sequence[int]], gender: str | None = None) -> Estimate:
        """Control: these units from a donor of the same gender; how often a word changes gender all the same."""
        pairs = self.partners(gender=gender, same_gender=True)
        [said] = self.experiment.exchange(pairs, [chosen])
        return self.rate([each.any_is(w) for each, w in zip(said, self.wanted(pairs))], pairs)

    def flips(self, order: Sequence[int], curve: Sequence[int], chosen_on: str, progress: Progress) -> list[Flips]:
        """The curve over k, in each direction, beside random sets of the same size, matched, on the same sentences."""
        random, found = numpy.random.default_rng(self.seed), []
        for number, gender in enumerate(GENDERS):
            for place, k in enumerate(curve):
                progress(f"exchanging units, {self.name}", (number * len(curve) + place) / (2 * len(curve)))
                draws = self.size.draws if k == eighth(len(order)) else max(2, self.size.draws // 10)
                chosen = {self.experiment.site: order[:k]}
                sets = self.random_sets(chosen, draws, random)
                all_words, any_word, by_chance = self.exchanged(chosen, sets, gender)
                direction = f"{gender} → {other(gender)}"
                found.append(Flips(self.name, chosen_on, k, direction, all_words, any_word, *by_chance))
        return found

    def alone(self, units: Sequence[int]) -> list[Estimate]:
        """Each of these units exchanged by itself, both directions together."""
        pairs = self.partners()
        exchanged = self.experiment.interchange(pairs, [[unit] for unit in units])
        wanted = self.wanted(pairs)
        return [self.rate([each.all_are(w) for each, w in zip(said, wanted)], pairs) for said in exchanged]

    def causal(self, order: Sequence[int], progress: Progress) -> Causal:
        test = Bench(self.experiment, self.partners(), self.fitted, self.seed)
        choose = Bench(self.experiment, self.partners(fitted=True), [], self.seed)
        return causal(test, choose, order, sizes(len(order)), self.size.draws, progress)


class Study:
    """One run's experiments; `progress` hears what is being done and how far (0 … 1)."""

    def __init__(
        self, translator: Translator, pairs: Sequence[Pair], size: Size, seed: int, progress: Progress,
        sites: Sequence[str] | None = None,
    ):  # fmt: skip
        self.translator, self.pairs, self.size, self.seed, self.progress = translator, pairs, size, seed, progress
        known = translator.model.vectors()
        for site in sites or ():
            if site not in known:
                raise UserError(f"no site {site!r} to fit probes at: the model has {', '.join(known)}")
        self.sites = sites
        progress("translating the stimuli", 0.0)
        self.lexical = Family(translator, pairs, "lexical", size, seed)
        families = {pair.factors.family for pair in pairs if pair.factors}
        self.open, self.refused = None, dict[str, str]()  # what cannot be measured, and why not
        try:
            self.open = Family(translator, pairs, "open", size, seed) if "open" in families else None
        except UserError as error:
            self.refused["nouns whose English has no gender"] = str(error)

    def between(self, low: float, high: float) -> Progress:
        """Progress of a part that takes this much of the whole."""
        return lambda what, done: self.progress(what, low + (high - low) * done)

    def measure(self, run: str) -> Result:
        """What can be asked of any run: rungs L1 to L6."""
        own, full = self.lexical, self.size.draws >= FULL.draws
        order = own.order()
        sites = [] if self.sites is None and not full else self.sites
        caused = own.causal(order, self.between(0.05, 0.3))
        reading = read(  # what they record is not needed after that
            Reader(self.translator, own.stimuli, own.good, sites),
            Reader(self.translator, self.open.stimuli, self.open.good, []) if self.open else None,
            caused.chosen, self.seed, full, self.between(0.3, 0.45),
        )  # fmt: skip
        flips = own.flips(order, sizes(len(order)), "lexical", self.between(0.45, 0.58))
        if self.open:
            few = [eighth(len(order))]
            own_first = [*caused.chosen, *(unit for unit in order if unit not in caused.chosen)]
            flips += self.open.flips(own_first, few, "lexical", self.between(0.58, 0.61))
            flips += self.open.flips(self.open.order(), few, "open", self.between(0.61, 0.64))
        same_gender = own.same_gender({own.experiment.site: caused.chosen})
        return Result(
            run,
            self.facts(),
            {each.name: each.understood for each in (own, self.open) if each},
            own.experiment.site,
            len(order),
            order[:SHOWN],
            own.alone(order[:SHOWN]),
            flips,
            same_gender,
            reading,
            caused,
            climb(reading, caused, same_gender),
        )

    def result(self, run: str) -> Result:
        """All that the report says: also by which path, register or slots, the gates, and the boy and the girl."""
        found, size, own = self.measure(run), self.size, self.lexical
        few, reasons = min(60, size.recipients), dict(self.refused)

        def unless_refused(what: str, share: float, measure: Callable[[], Measured]) -> Measured | None:
            """A short corpus has no sentences with two subjects, another cell no such gates: that is said, and the rest goes on."""
            self.progress(what, share)
            try:
                return measure()
            except UserError as error:
                reasons[what] = str(error)
                return None

        paths = unless_refused("by which path", 0.65, lambda: decompose(own.experiment, own.partners(), self.seed))
        tested = unless_refused(
            "register or slots",
            0.7,
            lambda: register.register_test(self.translator, self.pairs, self.seed, draws=size.cuts, recipients=few),
        )
        told = unless_refused(
            "the gates",
            0.8,
            lambda: gates.gate_story(
                self.translator, self.pairs, self.seed, draws=size.draws, cut=size.cuts, recipients=few,
                per_kind=size.events,
            ),
        )  # fmt: skip
        units = {each.place: each.units for each in (told.sites if told else []) if "backward" not in each.place}
        units = units or {own.place: found.causal.chosen}
        kept = unless_refused(
            "how long it is kept",
            0.93,
            lambda: persistence(self.translator, self.pairs, units, self.seed, at_most=size.events),
        )
        self.progress("the boy and the girl", 0.97)
        boy_and_girl = select(pinned(), self.translator.tokenizer, "lexical", 1)
        sets = [[unit] for unit in found.best] + [found.causal.chosen]
        return replace(
            found,
            hypotheses=hypotheses(found.reading, found.causal, told, tested),
            paths=paths or [],
            register=tested,
            gates=told,
            persistence=kept or [],
            not_measured=reasons,
            boy_to_girl=self.boy_to_girl(boy_and_girl, own.order()),
            sentences=self.sentences(),
            sliders=examples.sliders(
                self.translator, run, boy_and_girl, [own.stimuli[row] for row in own.fitted], sets, self.seed
            ),
            layers=own.unit_maps(),
        )

    # The boy and the girl

    def sentences(self) -> list[examples.Sentence]:
        """The boy's, the girl's, and both in one, which the model is asked to translate: no corpus says it."""
        model, forms = self.translator.model, register.telling(self.pairs)
        units = {
            place: self.lexical.order(site)[:SHOWN]
            for layer in (model.encoder[-1], model.decoder[-1])
            for place, site in zip(layer.places, layer.memories)
        }
        asked = [*((pair.source, pair.target) for pair in pinned()), (examples.SWITCH, None)]
        return [examples.sentence(self.translator, *each, units, forms) for each in asked]

    def boy_to_girl(self, both: Sequence[Stimulus], order: Sequence[int]) -> list[tuple[int, str]]:
        """What becomes of the boy's sentence with the girl's k best units."""
        experiment = Experiment(self.translator, both)
        curve = sizes(len(order))
        said = experiment.interchange([Partners(0, 1)], [order[:k] for k in curve])
        return [(k, each[0].text) for k, each in zip(curve, said)]

    def facts(self) -> dict[str, Any]:
        stimuli = self.lexical.stimuli
        both = [each for each in (self.lexical, self.open) if each]
        held_out = {each.factors.lemma for each in stimuli if each.factors.lemma_fold == "held-out"}
        return {
            "corpus": f"{self.pairs[0].corpus}, split probe, singular",
            "stimuli": {each.name: len(each.stimuli) for each in both},
            "understood": {each.name: len(each.good) for each in both},
            "longest sentence": f"{max(len(each.pair.target.split()) for each in stimuli)} Czech words",
            "frames": len({each.factors.frame for each in stimuli}),
            "nouns": len(set(self.lexical.lemmas(range(len(stimuli))))),
            "held-out nouns": len(held_out),
            "size": self.size.name,
            "random sets": f"{self.size.draws} at an eighth of the units, {max(2, self.size.draws // 10)} elsewhere",
            "seed": self.seed,
            "decoding": "greedy",
            **self.translator.facts,
        }
