"""The stimuli of one family, as one run reads and continues them, and what follows when units are exchanged in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy

from corpora.records import Pair

from ..config import UserError
from ..progress import Progress
from ..translator import Translator
from .interventions import Experiment
from .statistics import Estimate, auc, beside, by_cluster, cluster_mean, estimate
from .stimuli import GENDERS, Partners, other, partners, select, some
from .units import difference, eighth, matched

UNDERSTOOD = 0.5  # a model that translates fewer of the stimuli right is not probed as if it understood them


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
