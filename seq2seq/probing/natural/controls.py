"""What steering and interchange are held against: random directions and units, and nouns that have no natural gender."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy
import torch
from torch import Tensor

from corpora.records import Pair

from ...agreement import coherent, shown_by_nouns
from ...progress import Progress
from ...tokenizer import WORD
from ..statistics import Estimate, beside, estimate
from ..stimuli import GENDERS, other
from ..units import matched
from .sentences import CHANGES, Pairs, Sentences
from .steering import INTERCHANGE, SCHEMES, STEERING, Choice, Effect, measure, steps

EACH = 4  # sentences of each noun of family 2
RANDOM_DIRECTION, RANDOM_UNITS = "random direction", "random units"


@dataclass(frozen=True)
class Null:
    """The same rate under random draws."""

    mean: float
    high: float | None  # 95th percentile
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
    U, k, scheme = pairs.units, choice.k, SCHEMES[choice.scheme]
    whole, _ = steps(fitted, pairs.nouns, U, scheme)
    step, chosen = steps(fitted, pairs.nouns, k, scheme)
    sets, which = chosen.unique(dim=0, return_inverse=True)  # sentences with other nouns have other units
    variance = fitted.sentences.own.var(0, keepdim=True).T.numpy()  # [U, 1]

    def direction() -> Tensor:
        return torch.from_numpy(random.standard_normal(U)).float().expand_as(step)

    def units() -> Tensor:
        drawn = torch.zeros_like(sets)
        for row, each in zip(drawn, sets):
            [others], _ = matched(each.nonzero().flatten().tolist(), variance, 1, random)
            row[others] = True
        return drawn[which]

    kinds: list[tuple[str, str, int, Callable[[], Tensor]]] = [
        (RANDOM_DIRECTION, STEERING, U, lambda: pairs.steered(as_long(direction(), whole), choice.all_doses)),
        (RANDOM_DIRECTION, STEERING, k, lambda: pairs.steered(as_long(direction() * chosen, step), choice.doses)),
        (RANDOM_UNITS, STEERING, k, lambda: pairs.steered(as_long(whole * units(), step), choice.doses)),
        (RANDOM_UNITS, INTERCHANGE, k, lambda: pairs.interchanged(units())),
    ]
    found = []
    for number, (what, against, size, draw) in enumerate(kinds):
        drawn: list[Effect] = []
        for done in range(draws):
            progress("controls", (number + done / draws) / len(kinds))
            drawn += measure(pairs, draw(), what, size, None, choice.scheme)
        for change in CHANGES:
            key = (against, choice.scheme, size, 1, change)
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
    return Null(*beside(own.value, [each.value for each in drawn]))  # type: ignore[arg-type]  # there are draws


# Nouns of family 2


def family_two(pairs: Iterable[Pair], random: numpy.random.Generator) -> list[Pair]:
    """A few sentences of each masculine and feminine noun whose English has no gender."""
    by_lemma: dict[str, list[Pair]] = defaultdict(list)
    for each in pairs:
        if each.factors and each.factors.family == "open" and each.factors.gender in GENDERS:
            by_lemma[each.factors.lemma].append(each)
    return [each[n] for each in by_lemma.values() for n in random.permutation(len(each))[:EACH]]


def says_noun(pair: Pair, output: str) -> bool:
    form = pair.factors.nouns[0].target.of(pair.target)
    return form.lower() in (word.lower() for word in WORD.findall(output))


def stood_by(
    what: str, k: int, change: str, stimuli: Sequence[Pair], before: Sequence[str], after: Sequence[str], seed: int
) -> Bystanders:
    """What became of some sentences of one gender."""
    lemmas = [each.factors.lemma for each in stimuli]
    lost = [not says_noun(each, said) for each, said in zip(stimuli, after)]
    person = [bool(shown_by_nouns(now)) and not shown_by_nouns(then) for then, now in zip(before, after)]
    right = [n for n, (each, said) in enumerate(zip(stimuli, before)) if coherent(each.factors, said)]  # type: ignore[arg-type]
    agree = [coherent(stimuli[n].factors, after[n], other(stimuli[n].factors.gender)) for n in right]  # type: ignore[arg-type]
    return Bystanders(
        what, k, change, estimate(lost, lemmas, seed), estimate(person, lemmas, seed),
        estimate(agree, [lemmas[n] for n in right], seed) if right else None,
    )  # fmt: skip


def bystanders(
    fitted: Pairs, choice: Choice, stimuli: Sequence[Pair], random: numpy.random.Generator, seed: int
) -> list[Bystanders]:
    """The mean step of all natural nouns, and a random direction as long, at nouns of family 2, in the sentences whose
    unpatched output says the Czech noun; nothing where there are none."""
    if not stimuli:
        return []
    places = [len(WORD.findall(each.source[: each.factors.nouns[0].source.start])) for each in stimuli]
    sentences = Sentences(fitted.sentences.translator, [each.source for each in stimuli], places)
    before, found = sentences.translate(range(len(stimuli))), []
    for k, doses in ((fitted.units, choice.all_doses), (choice.k, choice.doses)):
        step, chosen = (each[:1] for each in steps(fitted, fitted.nouns[:1], k, lambda own, given: True))  # [1, U]
        noise = as_long(torch.from_numpy(random.standard_normal((1, fitted.units))).float() * chosen, step)
        for (what, way), gender in product(((STEERING, step), (RANDOM_DIRECTION, noise)), GENDERS):
            rows = [
                n
                for n, (each, said) in enumerate(zip(stimuli, before))
                if each.factors.gender == gender and says_noun(each, said)
            ]
            if not rows:
                continue
            change = CHANGES[GENDERS.index(gender)]
            values = sentences.own[rows] + doses[change] * (way if gender == GENDERS[0] else -way)
            after = sentences.translate(rows, encoder=sentences.written(rows, values))
            found.append(stood_by(what, k, change, [stimuli[n] for n in rows], [before[n] for n in rows], after, seed))
    return found
