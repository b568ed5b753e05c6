"""Rungs L4 to L6: is what some units hold needed, is it enough, and is anything else touched?

Every intervention acts on some units of one site as the noun's last piece is read, once or held over the steps after it, and
the sentence is decoded on. Everything that is put in comes from nouns that are not tested. What changes is counted per
sentence and averaged per noun lemma, in each direction by itself, beside controls of the same size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from sacrebleu.metrics import CHRF
from torch import Tensor

from ..config import UserError
from ..progress import Progress
from ..taps import Chain, Recorder
from ..tokenizer import WORD
from .erasure import Erase, Whitened
from .interventions import ROWS, Change, Continuation, Experiment, MakeTap, at_start, relative
from .statistics import Estimate, beside, by_cluster, cluster_mean, estimate, sign_flip, too_few_to_flip
from .stimuli import GENDERS, Partners, other, some
from .units import eighth, matched

DOSES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0)
FLIPPED = 0.9  # share of sentences that a set of units has to change to be said to decide
FELT = 1e-4  # of what the donor's whole run changes: a unit that does less by itself does nothing
BEAM = 5  # hypotheses, where beam search stands beside greedy search
ALONE = 48  # sentences on which each unit is exchanged alone
ABLATIONS = ("mean, held", "resample")  # interventions that take the units' own value away: for good, and once
ABLATED = 20  # matched random sets that are ablated so
PROTOCOLS = ("c → h", "c only", "h only")


@dataclass(frozen=True)
class Effect:
    """What one intervention changes in one direction; means over lemmas."""

    name: str
    site: str
    units: int
    span: str  # "once", or "held over … steps"
    direction: str
    beam: int
    all_words: Estimate  # L5: every agreeing word took the other gender
    any_word: Estimate
    kept_gender: Estimate  # L4: every agreeing word still has the noun's own gender
    log_odds: Estimate  # change for the other gender's form of the next agreeing word, nats
    p: float | None  # of that change: sign flips of lemma means; None: too few lemmas
    normalised: Estimate  # that, in units of what the donor's whole run changes
    chrf: Estimate  # L6: against the unpatched output outside the agreeing words, 0 … 100
    changed_words: Estimate  # words put in, left out or replaced there, a sentence
    kept_number: Estimate  # every agreeing word is there, in the noun's number, whatever its gender or animacy (který for kterého)
    divergence: Estimate  # KL from the unpatched model, mean over the steps that predict no agreeing word, nats


@dataclass(frozen=True)
class Control:
    """How often random interventions of the same kind change all agreeing words, on the same sentences."""

    name: str
    direction: str
    units: int
    draws: int
    observed: float  # what they are the control of
    mean: float
    high: float | None  # 95th percentile
    p: float  # (b + 1) / (B + 1), b: draws that change as much or more
    apart: float | None = None  # matched sets: mean distance from the units that they stand for, in ranks / H


@dataclass(frozen=True)
class Erased:
    """What is left of the agreement when the gender is erased at every step from the noun on.

    A model that no longer knows may still say one gender throughout, so what is left is a mean over the genders: ½ is chance
    where one word agrees, less where several do.
    """

    sites: list[str]
    effects: list[Effect]  # in each direction
    kept_gender: float  # every agreeing word still has the noun's gender; mean over the directions
    control: list[float]  # the same, for random genders of the same nouns
    p: float  # (b + 1) / (B + 1), b: random genders after which as little is left


@dataclass(frozen=True)
class Smallest:
    """The fewest units, best first by some order, that change enough sentences: found on some lemmas, measured on others."""

    order: str
    curve: list[tuple[int, float]]  # k, share of all words changed in the worse direction, where the set was found
    units: list[int] | None  # nothing: not even all units change enough
    measured: dict[str, Estimate]  # direction → share on the other lemmas


class Bench:
    """Recipients, each with a donor of the other gender, what they say by themselves, and the means of nouns not tested.

    `fit` are the rows that means and erasers come from. ValueError: a tested lemma is among them.
    """

    def __init__(self, experiment: Experiment, pairs: Sequence[Partners], fit: Sequence[int], seed: int, beam: int = 1):
        self.experiment, self.pairs, self.fit, self.seed, self.beam = experiment, pairs, list(fit), seed, beam
        if not pairs:
            raise UserError("no sentence that is understood has a partner of the other gender: train for longer")
        self.recipients, self.donors = [each.recipient for each in pairs], [each.donor for each in pairs]
        factors = [each.factors for each in experiment.stimuli]
        self.lemmas = [factors[row].lemma for row in self.recipients]
        self.templates = [factors[row].template for row in self.recipients]
        self.genders = numpy.array([factors[row].gender for row in self.recipients])
        self.fit_lemmas = [factors[row].lemma for row in fit]
        self.fit_genders = [factors[row].gender for row in fit]
        if shared := set(self.lemmas) & set(self.fit_lemmas):
            raise ValueError(f"{sorted(shared)[0]} is tested, and among the nouns that the means come from")
        self.directions = [gender for gender in GENDERS if gender in self.genders]
        self.said = experiment.go_on(self.recipients, beam=beam)
        self.features = experiment.forced(self.recipients)
        self.log_odds = experiment.log_odds(self.recipients, self.features)  # [R]
        partners = experiment.forced(self.donors)
        self.full = (
            -experiment.log_odds(self.donors, partners) - self.log_odds
        )  # [R] what the donor's whole run changes
        self.counted = self.without_agreement()
        self.of_gender: dict[str, dict[str, Tensor]] = {}  # what `means` has found

    def without_agreement(self) -> NDArray[numpy.bool_]:
        """Which steps of the forced run predict nothing that the noun's gender decides: [R, T]."""
        counted = numpy.zeros(self.features.shape[:2], dtype=bool)
        for number, row in enumerate(self.recipients):
            stimulus, first = self.experiment.stimuli[row], self.experiment.positions[row]
            agreeing = {word.target.start for word in stimulus.factors.agreeing if word.controller == 0}
            places = set(range(first, len(stimulus.pieces) + 1))  # the end is predicted, too
            for word in self.experiment.words[row][1]:
                if word.start in agreeing:
                    places -= set(range(word.first, word.last + 1))
            places -= {each.place for each in self.experiment.partings[row]}
            counted[number, [place - first for place in places]] = True
        return counted

    # What is put in: each gives the tap of some rows

    def write(
        self, site: str, add: Tensor, *, keep: float = 0.0, units: Sequence[int] | None = None, span: int | None = 1
    ) -> MakeTap:
        """Units become keep · value + add, add [R, H]."""
        return lambda part: Change(site, add[part], keep=keep, units=units, span=span)

    def width(self, site: str) -> int:
        return self.experiment.values(site).shape[1]

    def own(self, site: str) -> Tensor:
        return self.experiment.values(site)[self.recipients]

    def donor(self, site: str) -> Tensor:
        return self.experiment.values(site)[self.donors]

    def means(self, site: str) -> tuple[Tensor, Tensor]:
        """The mean of the nouns of the recipient's gender, and of the other gender, over lemmas not tested: [R, H] each."""
        if site not in self.of_gender:
            lemmas, names = by_cluster(self.experiment.values(site)[self.fit].numpy(), self.fit_lemmas)
            gender = dict(zip(self.fit_lemmas, self.fit_genders))
            self.of_gender[site] = {
                g: torch.tensor(lemmas[[gender[name] == g for name in names]].mean(0)) for g in GENDERS
            }
        of = self.of_gender[site]
        return (
            torch.stack([of[gender] for gender in self.genders]),
            torch.stack([of[other(gender)] for gender in self.genders]),
        )

    def zero(self, site: str, **where: Any) -> MakeTap:
        return self.write(site, torch.zeros_like(self.own(site)), **where)

    def mean(self, site: str, **where: Any) -> MakeTap:
        """The mean over both genders' lemma means."""
        same, different = self.means(site)
        return self.write(site, (same + different) / 2, **where)

    def resample(self, site: str, **where: Any) -> MakeTap:
        """A random stimulus' value, of another noun of either gender."""
        rows = numpy.random.default_rng(self.seed).choice(self.fit, len(self.recipients))
        return self.write(site, self.experiment.values(site)[rows], **where)

    def interchange(self, site: str, **where: Any) -> MakeTap:
        return self.write(site, self.donor(site), **where)

    def clamp(self, site: str, dose: float, **where: Any) -> MakeTap:
        """Dose 0 leaves the value, 1 is the other gender's mean, in between on the line that joins the two; beyond, the line
        goes on by (dose − 1) times the difference of the two genders' means."""
        same, different = self.means(site)
        add = min(dose, 1.0) * different + max(dose - 1.0, 0.0) * (different - same)
        return self.write(site, add, keep=max(0.0, 1.0 - dose), **where)

    def steer(self, site: str, dose: float, **where: Any) -> MakeTap:
        """The value plus dose times the other gender's mean less the own's."""
        same, different = self.means(site)
        return self.write(site, dose * (different - same), keep=1.0, **where)

    def steer_at_random(
        self, site: str, dose: float, random: numpy.random.Generator, units: Sequence[int] | None = None
    ) -> MakeTap:
        """The value plus a random direction in all units, as long as what `steer` adds to these: one direction, forwards for
        the recipients of one gender and backwards for those of the other, as the true one is."""
        same, different = self.means(site)
        length = (different - same)[0, slice(None) if units is None else list(units)].norm()
        direction = torch.tensor(random.normal(size=same.shape[1]), dtype=torch.float32)
        sign = torch.tensor(numpy.where(self.genders == GENDERS[0], 1.0, -1.0), dtype=torch.float32)  # [R]
        return self.write(site, dose * length / direction.norm() * sign[:, None] * direction, keep=1.0)

    @property
    def protocols(self) -> tuple[str, ...]:
        """Of a cell whose memory is its hidden state, the first only: neither can be held while the other changes."""
        return PROTOCOLS[:1] if self.experiment.site == self.experiment.hidden else PROTOCOLS

    def protocol(self, name: str, units: Sequence[int] | None = None) -> MakeTap:
        """Interchange in the last layer, once: "c → h" the cell, the hidden state following; "c only" with the hidden state
        held at its own value at this step; "h only" the hidden state, the cell left alone."""
        site, hidden = self.experiment.site, self.experiment.hidden
        if name not in self.protocols:
            raise UserError(f"no protocol {name!r}: there are {', '.join(self.protocols)}")
        given = self.interchange(hidden if name == "h only" else site, units=units)
        if name != "c only":
            return given
        held = self.write(hidden, self.own(hidden))
        return lambda part: Chain(given(part), held(part))

    # What becomes of it

    def effect(
        self, name: str, site: str, tap: MakeTap, *, units: int | None = None, span: int | None = 1
    ) -> list[Effect]:
        """What the tap changes, in each direction. `units` and `span` are only told."""
        start = self.experiment.begin(torch.tensor(self.recipients), tap(slice(None)))
        said = self.experiment.go_on(self.recipients, tap, self.beam, start)
        features = self.experiment.forced(self.recipients, tap, start=start)
        change = self.experiment.log_odds(self.recipients, features) - self.log_odds  # [R]
        pairs = list(zip(self.recipients, said, self.said))
        outside = [self.outside(row, now.text, before.text) for row, now, before in pairs]
        divergence = self.divergence(features)
        found = []
        for gender in self.directions:
            rows, wanted = numpy.flatnonzero(self.genders == gender), other(gender)
            lemmas = [self.lemmas[row] for row in rows]
            mean = lambda values, rows=rows, rate=True: self.estimate(values, rows, rate)
            changes, _ = by_cluster(change[rows].numpy(), lemmas)
            found.append(
                Effect(
                    name,
                    site,
                    self.width(site) if units is None else units,
                    "once" if span == 1 else f"held over {'all' if span is None else span} steps",
                    f"{gender} → {wanted}",
                    self.beam,
                    mean([said[row].all_are(wanted) for row in rows]),
                    mean([said[row].any_is(wanted) for row in rows]),
                    mean([said[row].all_are(gender) for row in rows]),
                    mean(change[rows].tolist(), rate=False),
                    None if too_few_to_flip(len(changes)) else sign_flip(changes, self.seed),
                    mean(relative(change[rows], self.full[rows], lemmas).tolist(), rate=False),
                    mean([outside[row][0] for row in rows], rate=False),
                    mean([outside[row][1] for row in rows], rate=False),
                    mean([said[row].present == said[row].judged for row in rows]),
                    mean(divergence[rows].tolist(), rate=False),
                )
            )
        return found

    def estimate(self, values: Sequence[float], rows: NDArray[numpy.int_], rate: bool = True) -> Estimate:
        """A mean over lemmas of some recipients' values, its interval over lemmas and templates."""
        lemmas, templates = ([names[row] for row in rows] for names in (self.lemmas, self.templates))
        return estimate(values, lemmas, self.seed, templates=templates, rate=rate)

    def outside(self, row: int, now: str, before: str) -> tuple[float, int]:
        """chrF and the number of changed words, without the words that have any form of an agreeing word."""
        forms = {form.lower() for word in self.experiment.stimuli[row].judged for form in word.forms.values()}
        left = [[word for word in WORD.findall(text) if word.lower() not in forms] for text in (now, before)]
        changed = sum(
            max(i2 - i1, j2 - j1)
            for what, i1, i2, j1, j2 in SequenceMatcher(None, left[0], left[1], autojunk=False).get_opcodes()
            if what != "equal"
        )
        return CHRF().sentence_score(" ".join(left[0]), [" ".join(left[1])]).score if changed else 100.0, changed

    @torch.inference_mode()
    def divergence(self, features: Tensor) -> NDArray[numpy.floating]:
        """KL(unpatched ‖ patched), a mean over each row's steps that predict no agreeing word: [R], nats."""
        model, counted = self.experiment.translator.model, torch.from_numpy(self.counted)
        found = []
        for place in range(len(features)):
            before, now = (
                model.logits(each[place, counted[place]]).log_softmax(1) for each in (self.features, features)
            )
            found.append(float((before.exp() * (before - now)).sum(1).mean()))
        return numpy.array(found)

    def share(self, said: Sequence[Continuation], gender: str, wanted: str | None = None) -> float:
        """How often all agreeing words of this gender's recipients have the wanted gender (None: the other); a mean over
        lemmas."""
        rows = numpy.flatnonzero(self.genders == gender).tolist()
        have = [said[row].all_are(wanted or other(gender)) for row in rows]
        return cluster_mean(have, [self.lemmas[row] for row in rows])

    def still_right(self, tap: MakeTap) -> float:
        """How often every agreeing word has the noun's own gender; a mean over lemmas, then over the genders."""
        said = self.experiment.go_on(self.recipients, tap, self.beam)
        return float(numpy.mean([self.share(said, gender, gender) for gender in self.directions]))

    def controls(
        self, name: str, units: int, tap: MakeTap, random: Sequence[MakeTap], apart: float | None = None
    ) -> list[Control]:
        """A tap beside random ones, in each direction."""
        observed, *drawn = (self.experiment.go_on(self.recipients, each, self.beam) for each in (tap, *random))
        found = []
        for gender in self.directions:
            own, rates = self.share(observed, gender), [self.share(said, gender) for said in drawn]
            found.append(
                Control(
                    name,
                    f"{gender} → {other(gender)}",
                    units,
                    len(rates),
                    own,
                    *beside(own, rates),  # type: ignore[arg-type]  # there are draws
                    apart,
                )
            )
        return found

    # Erasure

    @torch.inference_mode()
    def whitened(self, site: str) -> list[tuple[Whitened, NDArray[numpy.int_]]]:
        """For every step from the noun on at which half of the fitted sentences still go on, their values and which they are."""
        values, inside = [], [len(s.pieces) - s.position for s in (self.experiment.stimuli[row] for row in self.fit)]
        for begin in range(0, len(self.fit), ROWS):
            recorder = Recorder([site])
            self.experiment.forced(
                self.fit[begin : begin + ROWS],
                lambda _, recorder=recorder: recorder,  # type: ignore[misc]
                max(inside) + 1,
            )
            values.append(recorder[site].cpu())
        found, all_values = [], torch.cat(values).numpy()  # [N, T, H]
        for step in range(all_values.shape[1]):
            rows = numpy.flatnonzero(numpy.array(inside) >= step)
            if 2 * len(rows) < len(self.fit):
                break
            found.append((Whitened(all_values[rows, step]), rows))
        return found

    def erase(self, site: str, steps: list[tuple[Whitened, NDArray[numpy.int_]]], gender: dict[str, str]) -> MakeTap:
        """Erase these genders of the fitted lemmas, at every step."""
        labels = numpy.array([gender[lemma] for lemma in self.fit_lemmas])
        tap = Erase(site, [values.eraser(labels[rows].tolist()) for values, rows in steps])
        return lambda part: tap

    def erased(self, sites: Sequence[str], draws: int) -> Erased:
        """LEACE at these sites, held, beside LEACE for genders dealt out at random among the lemmas."""
        random, steps = numpy.random.default_rng(self.seed), {site: self.whitened(site) for site in sites}
        gender = dict(zip(self.fit_lemmas, self.fit_genders))

        def tap(gender: dict[str, str]) -> MakeTap:
            taps = [self.erase(site, each, gender) for site, each in steps.items()]
            return lambda part: Chain(*(make(part) for make in taps))

        effects = self.effect("erasure", " and ".join(sites), tap(gender), units=self.width(sites[0]), span=None)
        kept, control = float(numpy.mean([each.kept_gender.value for each in effects])), []
        for _ in range(draws):
            dealt = dict(zip(gender, random.permutation(list(gender.values())).tolist()))
            control.append(self.still_right(tap(dealt)))
        as_little = sum(each <= kept for each in control)
        return Erased(list(sites), effects, kept, control, (as_little + 1) / (draws + 1))


# The smallest set


def alone(bench: Bench) -> NDArray[numpy.floating]:
    """What each unit of the cell does by itself to the next agreeing word's log-odds, exchanged at the noun, in units of what
    the donor's whole run changes: [H], a mean over the directions' means over lemmas."""
    experiment, R, H = bench.experiment, len(bench.pairs), bench.width(bench.experiment.site)
    own, donor = bench.own(experiment.site), bench.donor(experiment.site)  # [R, H]
    steps = 1 + max(experiment.next_parting(row).place - experiment.positions[row] for row in bench.recipients)
    effects, together = [], max(1, ROWS // R)
    for first in range(0, H, together):
        units = range(first, min(first + together, H))
        value = own.repeat(len(units), 1)
        for place, unit in enumerate(units):
            value[place * R : (place + 1) * R, unit] = donor[:, unit]
        rows = bench.recipients * len(units)
        tap = lambda part, value=value: at_start(experiment.site, value[part])
        odds = experiment.log_odds(rows, experiment.forced(rows, tap, steps)).view(len(units), R)
        effects.append(odds - bench.log_odds)
    change = torch.cat(effects)  # [H, R]
    means = []
    for gender in bench.directions:
        of = numpy.flatnonzero(bench.genders == gender)
        lemmas = [bench.lemmas[row] for row in of]
        means.append(by_cluster(relative(change[:, of].T, bench.full[of], lemmas).numpy(), lemmas)[0].mean(0))
    return numpy.mean(means, axis=0)


def smallest(name: str, order: Sequence[int], sizes: Sequence[int], select: Bench, test: Bench) -> Smallest:
    """The fewest units of an order whose exchange changes FLIPPED of the sentences in both directions.

    Looked for on `select` over these sizes, then by halving between the last that fails and the first that does; measured on
    `test`. ValueError: the two share a lemma.
    """
    if shared := set(select.lemmas) & set(test.lemmas):
        raise ValueError(f"{sorted(shared)[0]} is among the nouns to choose on and among those to measure on")

    def worst(k: int) -> float:
        [said] = select.experiment.interchange(select.pairs, [order[:k]], select.beam)
        return min(select.share(said, gender) for gender in select.directions)

    curve = {k: worst(k) for k in sizes}
    enough = next((k for k in sorted(curve) if curve[k] >= FLIPPED), None)
    if enough is None:
        return Smallest(name, sorted(curve.items()), None, {})
    fails = max((k for k in curve if k < enough), default=0)
    while enough - fails > 1:
        middle = (enough + fails) // 2
        curve[middle] = worst(middle)
        fails, enough = (fails, middle) if curve[middle] >= FLIPPED else (middle, enough)
    units = [int(unit) for unit in order[:enough]]
    [said] = test.experiment.interchange(test.pairs, [units], test.beam)
    measured = {}
    for gender in test.directions:
        rows = numpy.flatnonzero(test.genders == gender)
        changed = [said[row].all_are(other(gender)) for row in rows]
        measured[f"{gender} → {other(gender)}"] = test.estimate(changed, rows)
    return Smallest(name, sorted(curve.items()), units, measured)


# Everything together


@dataclass(frozen=True)
class Causal:
    """Rungs L4 to L6 of one run: its last decoder cell, units chosen on some nouns, everything measured on others."""

    site: str
    chosen: list[int]  # those with most effect of their own on the nouns to choose on: at most an eighth of all units
    alone: list[float]  # each unit's own effect on the log-odds, on the nouns to choose on
    smallest: list[Smallest]
    effects: list[Effect]
    controls: list[Control]
    # ablation → share still right when matched random sets are ablated so; mean of both genders
    ablated: dict[str, float]
    erased: list[Erased]
    nouns: int  # tested
    draws: int
    seed: int

    @property
    def exchange(self) -> list[Effect]:
        """The chosen units exchanged at the noun, the hidden state following, decoded greedily: in each direction."""
        return [each for each in self.effects if each.name == "interchange, c → h" and each.beam == 1]


def interventions(bench: Bench, units: Sequence[int]) -> dict[str, tuple[MakeTap, int | None]]:
    """Every kind of intervention on these units of the last decoder cell, and over how many steps it is held."""
    site = bench.experiment.site
    found = {
        "zero": (bench.zero(site, units=units), 1),
        "zero, held": (bench.zero(site, units=units, span=None), None),
        "mean": (bench.mean(site, units=units), 1),
        "mean, held": (bench.mean(site, units=units, span=None), None),
        "resample": (bench.resample(site, units=units), 1),
    }
    found |= {f"interchange, {name}": (bench.protocol(name, units), 1) for name in bench.protocols}
    found |= {f"clamp, dose {dose:g}": (bench.clamp(site, dose, units=units), 1) for dose in DOSES}
    return found | {f"steer, dose {dose:g}": (bench.steer(site, dose, units=units), 1) for dose in DOSES}


def causal(
    test: Bench,
    choose: Bench,
    order: Sequence[int],
    sizes: Sequence[int],
    draws: int,
    progress: Progress,
) -> Causal:
    """Find the smallest set on `choose`'s nouns; on `test`'s, do everything to it, and what can be done to all units.

    `order` are all units of the last decoder cell, those first that tell the genders best apart; `sizes` are the numbers of
    units among which the smallest set is looked for; `draws` random sets, half as many random directions of either kind, and
    a fifth as many erasures.
    """
    experiment, site, H = test.experiment, test.experiment.site, len(order)
    random, model = numpy.random.default_rng(test.seed), experiment.translator.model
    progress("each unit alone", 0.0)
    own = alone(Bench(choose.experiment, some(choose.pairs, ALONE, choose.seed), [], choose.seed, choose.beam))
    found = []
    for name, each in (("class separation", list(order)), ("own effect", numpy.argsort(-own).tolist())):
        progress("the smallest set", 0.1)
        found.append(smallest(name, each, sizes, choose, test))
    most = max(1, min(eighth(H), int((own > FELT).sum())))
    chosen = numpy.argsort(-own)[:most].tolist()
    progress("interventions", 0.2)
    effects, controls, ablated = [], [], dict[str, float]()
    for name, (tap, span) in interventions(test, chosen).items():
        effects += test.effect(name, site, tap, units=len(chosen), span=span)
    for dose in DOSES:
        effects += test.effect(f"steer, dose {dose:g}", site, test.steer(site, dose))
    progress("every site", 0.3)
    for each in model.vectors():
        effects += test.effect("interchange", each, test.interchange(each))
    wide = Bench(experiment, test.pairs, test.fit, test.seed, BEAM)
    effects += wide.effect("interchange, c → h", site, wide.protocol("c → h", chosen), units=len(chosen))
    progress("matched random sets", 0.4)
    sets, apart = matched(chosen, experiment.traits(test.fit), draws, random)
    if sets:
        taps = [test.protocol("c → h", each) for each in sets]
        controls += test.controls("matched sets", len(chosen), test.protocol("c → h", chosen), taps, apart)
        for name in ABLATIONS:
            left = [test.still_right(interventions(test, each)[name][0]) for each in sets[:ABLATED]]
            ablated[name] = float(numpy.mean(left))
    for units in (chosen, None):
        progress("random directions", 0.6 if units else 0.75)
        directions = [test.steer_at_random(site, 1.0, random, units) for _ in range(max(2, draws // 2))]
        controls += test.controls(
            "random directions", len(units or order), test.steer(site, 1.0, units=units), directions
        )
    progress("erasure", 0.9)
    places = dict.fromkeys(((site,), tuple(experiment.states)))  # of a cell without a second state they are one
    erased = [test.erased(sites, max(1, draws // 5)) for sites in places]
    return Causal(
        site, chosen, own.tolist(), found, effects, controls, ablated, erased, len(set(test.lemmas)), draws, test.seed
    )  # fmt: skip
