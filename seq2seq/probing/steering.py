"""Natural sentences made to change gender, by what the encoder's cell holds once the noun has been read.

Interventions act once, at the noun's word: interchange puts the partner sentence's units there (the same sentence, the other
noun), steering adds dose × the mean feminine − masculine difference. Which units, and where to, is estimated on sentences
with *other nouns* (`SCHEMES`); the dose is chosen on one file (`choose`), and held for another (`evaluate`). Decoding is free.

Two figures: the gender that the output shows becomes the other, noun included (`shown`); all its agreeing words do
(`agreeing`). Each is over the sentences whose two unpatched outputs show it rightly, with Wilson's interval over sentences.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy
import torch
from scipy.stats import rankdata
from torch import Tensor

import corpora
from corpora.records import Pair

from ..agreement import coherent, evident, shown_by_nouns
from ..tokenizer import WORD
from ..translator import Translator
from .carried import Carried, carried
from .interventions import other
from .natural import Nouns, percent, shown, unchanged
from .sentences import CHANGES, Doses, Others, Pairs, Sentences, ranking
from .statistics import Estimate, Values, estimate, wilson
from .stimuli import GENDERS
from .study import eighth, sizes

STEERING, INTERCHANGE = "steering", "interchange"
DOSES = (0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)  # 1: as long as the difference between partners is on average
SHOWN, AGREEING, CHRF = 0.97, 0.67, 95.0  # the bars that a dose is chosen for
WIDE = 5  # hypotheses of a beam
ALIKE = 8  # a random unit is one of so many whose variance is nearest
EACH = 4  # sentences of each noun of family 2

Progress = Callable[[str, float], None]


def apart(nouns: Nouns, given: Nouns) -> bool:
    """Whether no noun of the one pair is (the head of) one of the other's: policeman is a man."""
    return not any(a.endswith(b) or b.endswith(a) for a in nouns for b in given)


def boy_or_rest(nouns: Nouns, given: Nouns) -> bool:
    """Boy and girl for all that is apart from them; what is apart from them for boy and girl."""
    return given == BOY if apart(nouns, BOY) else apart(given, BOY)


BOY = ("boy", "girl")
SCHEMES: dict[str, Others] = {
    "boy and girl from the rest, the rest from boy and girl": boy_or_rest,
    "each pair of nouns from all others": apart,
}
SCHEME = next(iter(SCHEMES))  # the one that the dose is chosen with


@dataclass(frozen=True)
class Effect:
    """What one intervention did, in one direction."""

    what: str  # interchange, steering
    scheme: str
    k: int
    dose: float | None
    beam: int
    change: str  # one of CHANGES
    shown: Estimate
    agreeing: Estimate
    chrf: float  # of the words that show no gender, against the unpatched output; over the sentences of `shown`


@dataclass(frozen=True)
class Null:
    """The same rate under random draws."""

    mean: float
    high: float  # 95th percentile
    p: float  # (b + 1) / (B + 1), b: draws that change as much or more


@dataclass(frozen=True)
class Control:
    """What random directions of the same length, or random sets of as many units matched on variance, did."""

    what: str  # random direction, random units
    against: str  # steering, interchange
    k: int
    change: str
    draws: int
    shown: Null
    agreeing: Null


@dataclass(frozen=True)
class Bystanders:
    """The same step at nouns of family 2 (chair, whose English has no gender): is a word swapped? Rates over nouns."""

    what: str  # steering, random direction
    k: int
    change: str
    noun_lost: Estimate  # the Czech noun is no longer said
    person: Estimate  # a noun for a person is said, and was not before
    agreeing: Estimate | None  # all agreeing words change, of the sentences that were right; None: there are none


@dataclass(frozen=True)
class Choice:
    """What was fixed on the file to choose on."""

    file: str
    sites: list[str]
    scheme: str
    k: int  # units, an eighth of all
    doses: Doses  # for k units
    all_doses: Doses  # for all units
    units: dict[str, list[int]]  # nouns → the k units that are changed in sentences with them, most different first
    trials: list[Effect]


@dataclass(frozen=True)
class Steering:
    """Everything that is said of one run and one file."""

    file: str
    pairs: int
    unplaced: int  # sentences without one place for the noun
    units: int
    choice: Choice
    effects: list[Effect]
    controls: list[Control]
    bystanders: list[Bystanders]
    carried: list[Carried]
    seed: int
    seconds: float


def steps(fitted: Pairs, nouns: Sequence[Nouns], k: int, others: Others) -> tuple[Tensor, Tensor]:
    """For each sentence the step towards feminine at dose 1 [P, U], and which k units it changes [P, U]: as long as the
    differences between partners are in these units on average."""
    found = {}
    for own in dict.fromkeys(nouns):
        mean, order, rows = ranking(fitted.difference, fitted.nouns, own, others)
        chosen = torch.zeros(len(mean), dtype=torch.bool)
        chosen[order[:k]] = True
        length = (fitted.difference[rows] * chosen).norm(dim=1).mean()
        step = mean * chosen
        found[own] = step / step.norm() * length, chosen
    return torch.stack([found[own][0] for own in nouns]), torch.stack([found[own][1] for own in nouns])


def measure(
    pairs: Pairs, values: Tensor, what: str, k: int, doses: Doses | None, scheme: str = SCHEME, beam: int = 1
) -> list[Effect]:
    """Translate with these values [2P, U] at the noun, and see what became of the gender, in each direction."""
    right, agree, P = pairs.right(shown, beam), pairs.right(evident, beam), len(pairs)
    wanted, effects = sorted({*right, *agree}), []
    for number, (gender, change) in enumerate(zip(GENDERS, CHANGES)):
        rows = [number * P + n for n in wanted]
        outputs = pairs.sentences.translate(rows, beam, encoder=pairs.sentences.written(rows, values[rows]))
        said = dict(zip(wanted, outputs))
        effects.append(
            Effect(
                what, scheme, k, doses[change] if doses else None, beam, change,
                wilson([shown(said[n]) == other(gender) for n in right]),
                wilson([evident(said[n]) == other(gender) for n in agree]),
                unchanged([said[n] for n in right], [pairs.said(beam)[number * P + n] for n in right]),
            )
        )  # fmt: skip
    return effects


def reached(effect: Effect, units: int) -> float:
    """The figure that a dose is chosen by: what is shown, with all units; how all agreeing words change, with an eighth."""
    return effect.shown.value if effect.k == units else effect.agreeing.value


def gentle(effect: Effect, units: int) -> bool:
    """Whether the bar is reached, and the rest left alone."""
    enough = effect.shown.value >= SHOWN if effect.k == units else effect.agreeing.low >= AGREEING
    return enough and effect.chrf >= CHRF


def choose(fitted: Pairs, progress: Progress) -> Choice:
    """The dose for either direction, with all units and with an eighth of them.

    Rule: of the doses that reach the bar (97 % shown with all units; with an eighth, agreeing words at least 67 % by the
    interval's lower end) and leave the rest at chrF 95 or more, the one that changes most; where none does, of all doses
    the one that changes most. Of two that change as much, the smaller.
    """
    U = fitted.units
    trials: list[Effect] = []
    for k in (U, eighth(U)):
        step, _ = steps(fitted, fitted.nouns, k, SCHEMES[SCHEME])
        for dose in DOSES:
            progress("choosing the dose", len(trials) / (4 * len(DOSES)))
            both = dict.fromkeys(CHANGES, dose)
            trials += measure(fitted, fitted.steered(step, both), "steering", k, both)
    doses: dict[int, Doses] = {U: {}, eighth(U): {}}
    for k, change in product(doses, CHANGES):
        tried = [each for each in trials if (each.k, each.change) == (k, change)]
        best = max([each for each in tried if gentle(each, U)] or tried, key=lambda each: reached(each, U))
        doses[k][change] = DOSES[tried.index(best)]
    units = {
        " / ".join(own): ranking(fitted.difference, fitted.nouns, own, SCHEMES[SCHEME])[1][: eighth(U)].tolist()
        for own in dict.fromkeys(fitted.nouns)
    }
    return Choice(fitted.file, fitted.sentences.sites, SCHEME, eighth(U), doses[eighth(U)], doses[U], units, trials)


# Controls


def matched(variance: Values, chosen: Tensor, random: numpy.random.Generator) -> Tensor:
    """As many units, none of them chosen, each drawn from the few whose variance is nearest in rank; [U] and [U] → [U]."""
    ranks, free = rankdata(variance), numpy.flatnonzero(~chosen.numpy())
    drawn = torch.zeros_like(chosen)
    for unit in random.permutation(numpy.flatnonzero(chosen.numpy())):
        near = free[numpy.argsort(numpy.abs(ranks[free] - ranks[unit]), kind="stable")[:ALIKE]]
        taken = random.choice(near)
        drawn[taken] = True
        free = free[free != taken]
    return drawn


def as_long(step: Tensor, like: Tensor) -> Tensor:
    """Rows [P, U] brought to the length that other rows have."""
    return step * (like.norm(dim=1) / step.norm(dim=1).clamp_min(1e-12))[:, None]


def controls(
    fitted: Pairs,
    pairs: Pairs,
    choice: Choice,
    effects: Sequence[Effect],
    draws: int,
    random: numpy.random.Generator,
    progress: Progress,
) -> list[Control]:
    """Random directions with all units and with the chosen ones; the same direction, and interchange, in random sets of
    units. `effects` are what they are held against."""
    U, k, others = pairs.units, choice.k, SCHEMES[choice.scheme]
    whole, _ = steps(fitted, pairs.nouns, U, others)
    step, chosen = steps(fitted, pairs.nouns, k, others)
    sets, which = chosen.unique(dim=0, return_inverse=True)  # sentences with other nouns have other units
    variance = fitted.sentences.own.var(0).numpy()

    def direction() -> Tensor:
        return torch.from_numpy(random.standard_normal(U)).float().expand_as(step)

    def units() -> Tensor:
        return torch.stack([matched(variance, each, random) for each in sets])[which]

    kinds: list[tuple[str, str, int, Callable[[], Tensor]]] = [
        ("random direction", STEERING, U, lambda: pairs.steered(as_long(direction(), whole), choice.all_doses)),
        ("random direction", STEERING, k, lambda: pairs.steered(as_long(direction() * chosen, step), choice.doses)),
        ("random units", STEERING, k, lambda: pairs.steered(as_long(whole * units(), step), choice.doses)),
        ("random units", INTERCHANGE, k, lambda: pairs.interchanged(units())),
    ]
    found = []
    for number, (what, against, size, draw) in enumerate(kinds):
        drawn: list[Effect] = []
        for done in range(draws):
            progress("controls", (number + done / draws) / len(kinds))
            drawn += measure(pairs, draw(), what, size, None)
        for change in CHANGES:
            key = (against, SCHEME, size, 1, change)
            own = next(each for each in effects if (each.what, each.scheme, each.k, each.beam, each.change) == key)
            null_effects = [each for each in drawn if each.change == change]
            found.append(
                Control(
                    what, against, size, change, draws,
                    null(own.shown, [each.shown for each in null_effects]),
                    null(own.agreeing, [each.agreeing for each in null_effects]),
                )
            )  # fmt: skip
    return found


def null(own: Estimate, drawn: Sequence[Estimate]) -> Null:
    rates = [each.value for each in drawn]
    as_much = sum(rate >= own.value for rate in rates)
    return Null(float(numpy.mean(rates)), float(numpy.quantile(rates, 0.95)), (as_much + 1) / (len(rates) + 1))


def family_two(translator: Translator, random: numpy.random.Generator) -> list[Pair]:
    """A few sentences of each masculine and feminine noun whose English has no gender, as long as the run may read."""
    longest = translator.run.loading.get("max_words") if translator.run else None
    by_lemma: dict[str, list[Pair]] = defaultdict(list)
    for each in corpora.load("agreement", "probe", max_words=longest).pairs:
        if each.factors and each.factors.family == "open" and each.factors.gender in GENDERS:
            by_lemma[each.factors.lemma].append(each)
    return [each[n] for each in by_lemma.values() for n in random.permutation(len(each))[:EACH]]


def says_noun(pair: Pair, output: str) -> bool:
    form = pair.factors.nouns[0].target.of(pair.target)
    return form.lower() in (word.lower() for word in WORD.findall(output))


def bystanders(fitted: Pairs, choice: Choice, random: numpy.random.Generator) -> list[Bystanders]:
    """The mean step of all natural nouns, and one random direction as long, at nouns of family 2, in the sentences whose
    unpatched output says the Czech noun."""
    translator = fitted.sentences.translator
    stimuli = family_two(translator, random)
    places = [len(WORD.findall(each.source[: each.factors.nouns[0].source.start])) for each in stimuli]
    sentences = Sentences(translator, [each.source for each in stimuli], places, choice.sites)
    before, found = sentences.translate(range(len(stimuli))), []
    for k, doses in ((fitted.units, choice.all_doses), (choice.k, choice.doses)):
        step, chosen = (each[:1] for each in steps(fitted, fitted.nouns[:1], k, lambda own, given: True))
        noise = as_long(torch.from_numpy(random.standard_normal((1, fitted.units))).float() * chosen, step)
        for (what, each), (gender, change) in product(
            ((STEERING, step), ("random direction", noise)), zip(GENDERS, CHANGES)
        ):
            rows = [
                n
                for n, (pair, said) in enumerate(zip(stimuli, before))
                if pair.factors.gender == gender and says_noun(pair, said)
            ]
            if not rows:
                continue
            values = sentences.own[rows] + doses[change] * (each if gender == GENDERS[0] else -each)
            after = sentences.translate(rows, encoder=sentences.written(rows, values))
            lemmas = [stimuli[n].factors.lemma for n in rows]
            lost = [not says_noun(stimuli[n], said) for n, said in zip(rows, after)]
            person = [bool(shown_by_nouns(said)) and not shown_by_nouns(before[n]) for n, said in zip(rows, after)]
            right = [place for place, n in enumerate(rows) if coherent(stimuli[n].factors, before[n])]
            agree = [coherent(stimuli[rows[place]].factors, after[place], other(gender)) for place in right]
            found.append(
                Bystanders(
                    what, k, change, estimate(lost, lemmas, 1), estimate(person, lemmas, 1),
                    estimate(agree, [lemmas[place] for place in right], 1) if right else None,
                )
            )  # fmt: skip
    return found


# All together


def evaluate(
    fitted: Pairs, pairs: Pairs, choice: Choice, *, draws: int = 20, seed: int = 1, progress: Progress
) -> Steering:
    """All that is said of `pairs` (which may be `fitted` itself) with the choice that was made on `fitted`."""
    begin, random, U = time.monotonic(), numpy.random.default_rng(seed), pairs.units
    effects: list[Effect] = []
    for beam, (scheme, others) in product((1, WIDE), SCHEMES.items()):
        for k in sizes(U) if (beam, scheme) == (1, SCHEME) else (choice.k, U):
            progress("steering and interchange", 0.4 * len(effects) / (4 * len(sizes(U)) + 24))
            step, chosen = steps(fitted, pairs.nouns, k, others)
            doses = choice.all_doses if k == U else choice.doses
            effects += measure(pairs, pairs.steered(step, doses), STEERING, k, doses, scheme, beam)
            effects += measure(pairs, pairs.interchanged(chosen), INTERCHANGE, k, None, scheme, beam)
    found = controls(
        fitted, pairs, choice, effects, draws, random, lambda what, share: progress(what, 0.4 + 0.5 * share)
    )
    progress("nouns of family 2", 0.9)
    spared = bystanders(fitted, choice, random)
    progress("the decoder's own cell", 0.95)
    decoder = carried(fitted, pairs, SCHEMES[SCHEME])
    return Steering(
        pairs.file, len(pairs), pairs.unplaced, U, choice, effects, found, spared, decoder, seed,
        round(time.monotonic() - begin, 1),
    )  # fmt: skip


def told(found: Steering) -> str:
    """A few lines for the terminal: an eighth of the units and all, greedy, beside their controls."""
    choice = found.choice
    lines = [
        f"{found.file}: {found.pairs} pairs, changed once at the noun in {', '.join(choice.sites)}; greedy, doses chosen on "
        f"{choice.file}, units and direction from other nouns"
    ]
    for each in found.effects:
        if each.k in (choice.k, found.units) and (each.beam, each.scheme) == (1, choice.scheme):
            dose = "" if each.dose is None else f" × {each.dose:g}"
            lines.append(
                f"  {each.change}, {each.what}{dose}, {each.k} of {found.units} units: shown {percent(each.shown)}, all "
                f"agreeing words {percent(each.agreeing)}, chrF of the rest {each.chrf:.1f}"
            )
    for each in found.controls:
        line = (
            f"  {each.change}, {each.against} control, {each.what}, {each.k} units, {each.draws} draws: shown "
            f"{each.shown.mean:.1%}, agreeing {each.agreeing.mean:.1%}"
        )
        lines.append(line.replace("%", " %"))
    for each in found.bystanders:
        if each.what == STEERING:
            lines.append(f"  {each.change}, nouns of family 2, {each.k} units: become a person {percent(each.person)}")
    whole = found.carried[-2:]
    lines += [
        f"  {each.change}, the decoder's whole cell after its noun: agreeing {percent(each.agreeing)}" for each in whole
    ]
    return "\n".join(lines)
