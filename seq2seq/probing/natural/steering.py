"""Natural sentences made to change gender, by what the encoder's cell holds once the noun has been read.

Interventions act once, at the noun's word: interchange puts the partner sentence's units there (the same sentence, the other
noun), steering adds dose × the mean feminine − masculine difference. Which units, and where to, is estimated on sentences
with *other nouns* (`SCHEMES`); the dose is chosen on one file (`choose`), and held for another. Decoding is free.

Two figures: the gender that the output shows becomes the other, noun included (`shown`); all its agreeing words do
(`agreeing`). Each is over the sentences whose two unpatched outputs show it rightly, with Wilson's interval over sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from ...agreement import evident
from ...config import UserError
from ...progress import Progress
from ..statistics import Estimate, wilson
from ..stimuli import GENDERS, other
from ..units import eighth
from .pairs import Nouns, shown, unchanged
from .sentences import CHANGES, Doses, Others, Pairs, ranking

STEERING, INTERCHANGE = "steering", "interchange"
DOSES = (0.5, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)  # 1: as long as the difference between partners is on average
SHOWN, AGREEING, CHRF = 0.97, 0.67, 95.0  # the bars that a dose is chosen for


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


def schemes(fitted: Pairs) -> list[str]:
    """Those that these sentences allow: without a boy and a girl among them nothing is estimated on these."""
    return [name for name, others in SCHEMES.items() if others is not boy_or_rest or BOY in fitted.nouns]


@dataclass(frozen=True)
class Effect:
    """What one intervention did, in one direction."""

    what: str  # interchange, steering
    scheme: str
    k: int
    dose: float | None  # None: the values do not come from a dose
    beam: int
    change: str  # one of CHANGES
    shown: Estimate
    agreeing: Estimate
    chrf: float  # of the words that show no gender, against the unpatched output; over the sentences of `shown`


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
    pairs: Pairs, values: Tensor, what: str, k: int, doses: Doses | None, scheme: str, beam: int = 1
) -> list[Effect]:
    """Translate with these values [2P, U] at the noun, and see what became of the gender, in each direction."""
    right, agree, P = pairs.right(shown, beam), pairs.right(evident, beam), len(pairs)
    if not right:
        raise UserError(
            f"{pairs.file}: in no pair do both translations show the gender of their noun, so there is nothing to change: "
            "take a run that was trained on sentences like these"
        )
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


def figure(effect: Effect, units: int) -> Estimate:
    """What a dose is chosen by: the gender shown, with all units; all agreeing words, with an eighth of them."""
    return effect.shown if effect.k == units else effect.agreeing


def pick(tried: Sequence[Effect], units: int) -> Effect:
    """The trial of the dose to take, of trials in the order of their doses; the rule stands in `choose`."""
    reach = [
        each for each in tried if (each.shown.value >= SHOWN if each.k == units else each.agreeing.low >= AGREEING)
    ]
    considered = [each for each in reach if each.chrf >= CHRF] or tried
    best = max((figure(each, units) for each in considered), key=lambda each: each.value)
    error = (best.value * (1 - best.value) / max(best.n, 1)) ** 0.5
    return next(each for each in considered if figure(each, units).value >= best.value - error)


def choose(
    fitted: Pairs,
    *,
    doses: Sequence[float] = DOSES,
    progress: Progress = lambda what, share: None,
) -> Choice:
    """The dose for either direction, with all units and with an eighth of them.

    Rule: the smallest dose that changes as much as the one that changes most, but for one standard error of that (Breiman
    et al. 1984), so that it is not one at which any direction would do. If doses reach the bar (97 % shown with all units;
    with an eighth, agreeing words at least 67 % by the interval's lower end) and leave the rest at chrF 95 or more, only they
    are considered.
    """
    U, k, scheme = fitted.units, eighth(fitted.units), schemes(fitted)[0]
    trials: list[Effect] = []
    for size, dose in product((U, k), sorted(doses)):
        progress("choosing the dose", len(trials) / (4 * len(doses)))
        step, _ = steps(fitted, fitted.nouns, size, SCHEMES[scheme])
        both = dict.fromkeys(CHANGES, dose)
        trials += measure(fitted, fitted.steered(step, both), STEERING, size, both, scheme)
    best: dict[int, Doses] = {U: {}, k: {}}
    for size, change in product(best, CHANGES):
        tried = [each for each in trials if (each.k, each.change) == (size, change)]
        best[size][change] = pick(tried, U).dose  # type: ignore[assignment]  # a trial of steering has one
    units = {
        " / ".join(own): ranking(fitted.difference, fitted.nouns, own, SCHEMES[scheme])[1][:k].tolist()
        for own in dict.fromkeys(fitted.nouns)
    }
    return Choice(fitted.file, fitted.sentences.sites, scheme, k, best[k], best[U], units, trials)
