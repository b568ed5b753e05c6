"""Linear probes of one site at one step, with the controls that say what their accuracy means.

Probe: logistic regression on standardised values, fitted on seen lemmas in seen templates; its strength is chosen there, on
lemmas and templates left out in turn. Accuracies are balanced: a mean over lemmas, then over the two genders.

Control task (Hewitt & Liang 2019): each noun gets a random gender, in the same proportion. A probe that reaches as much
there as on the true gender has learnt the nouns. Probe and control are fitted and tested on the same nouns in other
templates, and selectivity, their difference, is reported there only; on held-out nouns a control is chance by construction.

Description length (Voita & Titov 2020, online code): what it costs, in bits, to send every noun's gender to somebody who has
the values, when the code is a probe fitted on the nouns sent so far. A few bits: it is easy to read, not only readable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy
from numpy.typing import NDArray
from scipy import stats
from sklearn.linear_model import LogisticRegression

from ..config import UserError
from .statistics import (
    RELABELLINGS,
    Estimate,
    Labels,
    Values,
    auc,
    by_cluster,
    estimate,
    numbered,
    sign_flip,
    too_few_to_flip,
)

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # inverse of the L2 penalty; the first leans most on the mean difference
FOLDS = 5
DRAWS = 5  # of a control task, of orders to send the nouns in, of random sets of units
FEWEST = 4  # lemmas of a gender to fit on
RANDOM_UNITS = 10  # of which the best is a baseline
BLOCKS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)  # shares of the nouns that have been sent when a block ends


@dataclass(frozen=True)
class Table:
    """Values [N, H] of one site at one step, with what is known of each row; without `templates` intervals are over
    lemmas alone, and so is the choice of strength. UserError: a lemma has two genders."""

    values: Values
    feminine: Labels
    lemmas: Sequence[str]
    lemma_held_out: Labels
    template_held_out: Labels
    templates: Sequence[str] = ()

    def __post_init__(self) -> None:
        genders = dict(zip(self.lemmas, self.feminine))
        for lemma, feminine in zip(self.lemmas, self.feminine, strict=True):
            if genders[lemma] != feminine:
                raise UserError(f"{lemma!r} has two genders in one table: each lemma has one label")

    @property
    def fit(self) -> Labels:
        """Rows to fit on: seen lemmas in seen templates."""
        return ~self.lemma_held_out & ~self.template_held_out

    @property
    def elsewhere(self) -> Labels:
        """Seen lemmas in held-out templates."""
        return ~self.lemma_held_out & self.template_held_out

    @property
    def held_out(self) -> Labels:
        """Held-out lemmas in held-out templates."""
        return self.lemma_held_out & self.template_held_out


@dataclass(frozen=True)
class Linear:
    """A fitted logistic regression: p(feminine) = σ(standardised values · weights + bias)."""

    mean: Values  # [H]
    deviation: Values  # [H]
    weights: Values  # [H]
    bias: float
    strength: float

    def margin(self, values: Values) -> Values:
        """How far on the feminine side each row is, in log-odds: [N, H] → [N]."""
        return (values - self.mean) / self.deviation @ self.weights + self.bias

    def bits(self, values: Values, labels: Labels) -> Values:
        """−log₂ p of each row's label [N]."""
        return numpy.logaddexp(0, numpy.where(labels, -1, 1) * self.margin(values)) / numpy.log(2)


@dataclass(frozen=True)
class Difference:
    """A probe beside another, or beside a baseline, on held-out lemmas in held-out templates."""

    accuracy: Estimate  # of the other one
    gain: Estimate  # the probe's accuracy − the other's, row by row
    p: float | None  # of the gain, lemma means flipped; None: too few lemmas


@dataclass(frozen=True)
class Probe:
    """Balanced accuracies of one probe, and its controls."""

    both: Estimate  # held-out lemmas in held-out templates
    lemmas: Estimate | None  # held-out lemmas in seen templates; None: there are no such rows
    templates: Estimate  # seen lemmas in held-out templates
    p: float  # of `both`: genders dealt out anew among the held-out lemmas
    strength: float
    controls: list[float]  # accuracy on the rows of `templates` for each draw of random genders
    # `templates` − the mean of the controls, row by row; a lower bound, their strength is their best
    selective: Estimate
    baselines: dict[str, Difference]
    fit_nouns: int
    held_out_nouns: int


@dataclass(frozen=True)
class Code:
    """How many bits it takes to send each noun's gender once; means over random orders of the nouns."""

    bits: float
    uniform: float  # one bit a noun
    control: float  # bits for random genders
    compression: float  # uniform / bits
    against_control: float  # control / bits
    orders: list[float]  # bits of each order
    control_orders: list[float]
    nouns: int


@dataclass(frozen=True)
class Sparse:
    """A probe that sees k units only; accuracies on held-out lemmas in held-out templates."""

    k: int
    units: list[int]  # the best on the lemmas and templates to fit on
    best: Estimate
    random: Estimate  # of the best, on the part to fit on, of several random sets of k units
    draws: int


# Fitting


def linear(values: Values, labels: Labels, strength: float) -> Linear:
    """Logistic regression of labels [N] on values [N, H], standardised."""
    mean, deviation = values.mean(0), values.std(0)
    deviation = numpy.where(deviation > 0, deviation, 1)
    model = LogisticRegression(C=strength, max_iter=500).fit((values - mean) / deviation, labels)
    return Linear(mean, deviation, model.coef_[0], float(model.intercept_[0]), strength)


def disjoint(lemmas: Sequence[str], fit: Labels, test: Labels) -> None:
    """UserError: a lemma to test on is among those to fit on."""
    names = numpy.asarray(lemmas)
    if shared := sorted(set(names[fit].tolist()) & set(names[test].tolist())):
        raise UserError(f"the lemma {shared[0]!r} is tested on, and the probe would be fitted on it")


def nouns(table: Table, rows: Labels) -> dict[str, bool]:
    """The lemmas of these rows, and whether each is feminine."""
    return {
        lemma: bool(feminine) for lemma, feminine, keep in zip(table.lemmas, table.feminine, rows, strict=True) if keep
    }


def folds(table: Table) -> list[tuple[Labels, Labels]]:
    """Rows to fit on and rows to test on, in turn, all of them in `table.fit`: other lemmas and, where these are enough,
    other templates. UserError: too few lemmas."""
    genders = nouns(table, table.fit)
    by_gender = [[lemma for lemma in genders if genders[lemma] == gender] for gender in (False, True)]
    fewest = min(map(len, by_gender))
    if fewest < FEWEST:
        raise UserError(f"{fewest} nouns of a gender to fit a probe on: it takes {FEWEST} or more")
    place = {lemma: number for lemmas in by_gender for number, lemma in enumerate(lemmas)}
    lemma = numpy.array([place.get(each, -1) for each in table.lemmas])
    template = numpy.full(len(lemma), -1)
    if len(table.templates):
        seen, _ = numbered([each for each, keep in zip(table.templates, table.fit) if keep])
        template[table.fit] = seen
    count = min(FOLDS, fewest)
    both = min(count, int(template.max()) + 1)
    parts = [
        (
            table.fit & (lemma % both != n) & (template % both != n),
            table.fit & (lemma % both == n) & (template % both == n),
        )
        for n in range(both if both > 1 else 0)
    ]
    if not parts or not all(test.any() and len(set(table.feminine[fit])) == 2 for fit, test in parts):
        parts = [(table.fit & (lemma % count != n), table.fit & (lemma % count == n)) for n in range(count)]
    for fit, test in parts:
        disjoint(table.lemmas, fit, test)
    return parts


def loss(table: Table, values: Values, strength: float, parts: Sequence[tuple[Labels, Labels]]) -> float:
    """Bits a row that a probe of this strength loses on what is left out in turn."""
    labels = table.feminine
    lost = [linear(values[fit], labels[fit], strength).bits(values[test], labels[test]) for fit, test in parts]
    return float(numpy.concatenate(lost).mean())


def fitted(table: Table, values: Values | None = None) -> Linear:
    """A probe of these values [N, K] (None: the table's) of the strength that loses least on lemmas and templates left out
    in turn; nothing of the held-out ones is seen."""
    values, parts = table.values if values is None else values, folds(table)
    strength = min(STRENGTHS, key=lambda each: loss(table, values, each, parts))
    return linear(values[table.fit], table.feminine[table.fit], strength)


# Accuracy


def accuracy(table: Table, right: Values, rows: Labels, seed: int) -> Estimate:
    """The mean of `right` [N] over rows, lemmas and genders, with its interval."""
    pick = lambda each: [value for value, keep in zip(each, rows) if keep]
    return estimate(
        right[rows], pick(table.lemmas), seed, templates=pick(table.templates) or None, groups=pick(table.feminine)
    )


def by_lemma(table: Table, values: Values, rows: Labels) -> tuple[Values, Labels]:
    """Means [L, …] of values [N, …] over each lemma's rows, and which lemmas are feminine [L]."""
    lemmas = numpy.asarray(table.lemmas)[rows].tolist()
    return by_cluster(values[rows], lemmas)[0], by_cluster(table.feminine[rows].astype(float), lemmas)[0] > 0.5


def random_genders(table: Table, random: numpy.random.Generator) -> Labels:
    """The true genders, dealt out anew among the lemmas to fit on, and among the held-out ones."""
    dealt: dict[str, bool] = {}
    for fold in (~table.lemma_held_out, table.lemma_held_out):
        genders = nouns(table, fold)
        dealt |= dict(zip(genders, random.permutation(list(genders.values()))))
    return numpy.array([dealt[lemma] for lemma in table.lemmas], dtype=bool)


def mean_accuracy(table: Table, right: Values, rows: Labels) -> float:
    """The mean of `right` [N] over rows, lemmas and genders."""
    means, feminine = by_lemma(table, right, rows)
    return float(means[feminine].mean() + means[~feminine].mean()) / 2


def controls(table: Table, seed: int, draws: int) -> Values:
    """Which rows a probe gets right for random genders [draws, N], each draw with the strength that serves it best on seen
    lemmas in held-out templates."""
    random, found = numpy.random.default_rng(seed), []
    for _ in range(draws):
        labels = random_genders(table, random)
        models = [linear(table.values[table.fit], labels[table.fit], strength) for strength in STRENGTHS]
        rights = [((model.margin(table.values) > 0) == labels).astype(float) for model in models]
        found.append(max(rights, key=lambda right: mean_accuracy(table, right, table.elsewhere)))
    return numpy.stack(found)


def permuted(table: Table, says_feminine: Labels, seed: int) -> float:
    """One-sided p of what a probe says of the held-out rows: are the genders as far apart when lemmas change theirs?"""
    share, feminine = by_lemma(table, says_feminine.astype(float), table.held_out)
    found = stats.permutation_test(
        (share[feminine], share[~feminine]),
        lambda x, y, axis: x.mean(axis) - y.mean(axis),
        alternative="greater",
        n_resamples=RELABELLINGS,
        vectorized=True,
        random_state=numpy.random.default_rng(seed),
    )
    return float(found.pvalue)


def compare(table: Table, right: Labels, other: Labels, seed: int) -> Difference:
    """A probe's right answers [N] beside another's, on the same held-out rows: paired, lemma by lemma."""
    gain = right.astype(float) - other
    means, _ = by_lemma(table, gain, table.held_out)
    p = None if too_few_to_flip(len(means)) else sign_flip(means, seed)
    gained = accuracy(table, gain, table.held_out, seed)
    if not gain[table.held_out].any():  # as a rate it could only rise; as a difference it could fall as well
        gained = replace(gained, low=-gained.high)
    return Difference(accuracy(table, other.astype(float), table.held_out, seed), gained, p)


def probe(table: Table, seed: int, draws: int = DRAWS, others: Mapping[str, Values] | None = None) -> Probe:
    """Fit on seen lemmas in seen templates; test on held-out ones, and beside the control on seen lemmas elsewhere.

    Baselines are the commoner gender, the best of ten random units, and `others`: other values of the same rows, [N, …]
    each, as of an untrained model, the static embedding of what the step has read, a bag of word pieces. Each gets a probe
    of its own.
    """
    disjoint(table.lemmas, table.fit, table.lemma_held_out)
    for rows, what in ((table.held_out, "held-out nouns"), (table.elsewhere, "seen nouns")):
        if len(set(table.feminine[rows])) < 2:
            raise UserError(f"a probe is tested on {what} of both genders in held-out templates: one gender has none")
    model = fitted(table)
    says = model.margin(table.values) > 0
    right = says == table.feminine
    control = controls(table, seed, draws)
    lemmas_only = table.lemma_held_out & ~table.template_held_out
    fit_nouns = nouns(table, table.fit)
    commoner = 2 * sum(fit_nouns.values()) > len(fit_nouns)
    drawn = numpy.random.default_rng(seed).permutation(table.values.shape[1])[:RANDOM_UNITS]
    unit = next(unit for unit in ranked(table) if unit in drawn)
    values = {f"best of {len(drawn)} random units": table.values[:, [unit]], **(others or {})}
    answers = {name: (fitted(table, each).margin(each) > 0) == table.feminine for name, each in values.items()}
    answers["the commoner gender"] = table.feminine == commoner
    return Probe(
        accuracy(table, right, table.held_out, seed),
        accuracy(table, right, lemmas_only, seed) if lemmas_only.any() else None,
        accuracy(table, right, table.elsewhere, seed),
        permuted(table, says, seed),
        model.strength,
        [mean_accuracy(table, each, table.elsewhere) for each in control],
        accuracy(table, right - control.mean(0), table.elsewhere, seed),
        {name: compare(table, right, other, seed) for name, other in answers.items()},
        len(fit_nouns),
        len(nouns(table, table.held_out)),
    )


# Description length


def blocks(genders: Mapping[str, bool], random: numpy.random.Generator) -> list[list[str]]:
    """The lemmas in random order, in blocks that each double what was sent, with the genders spread evenly over them."""
    place: dict[str, float] = {}
    for gender in (False, True):
        lemmas = [lemma for lemma in genders if genders[lemma] == gender]
        place |= {lemmas[n]: (rank + 0.5) / len(lemmas) for rank, n in enumerate(random.permutation(len(lemmas)))}
    order = sorted(place, key=place.__getitem__)
    ends = [max(2, round(share * len(order))) for share in BLOCKS]
    return [order[start:end] for start, end in zip([0, *ends], ends) if end > start]


def codelength(values: Values, labels: Labels, lemmas: Sequence[str], sent: Sequence[Sequence[str]]) -> float:
    """Bits to send each lemma's label, block by block: the first with one bit each, the others with a probe fitted on the
    blocks before. A lemma costs −log₂ p of its label, the mean over its rows. The strength is the one that would have sent
    the blocks so far in fewest bits, so the receiver knows it too. values [N, H], labels [N], lemmas [N]."""
    names, bits = numpy.asarray(lemmas), float(len(sent[0]))
    so_far = numpy.zeros(len(STRENGTHS))
    for number, block in enumerate(sent[1:], start=1):
        before, now = numpy.isin(names, [lemma for each in sent[:number] for lemma in each]), numpy.isin(names, block)
        disjoint(lemmas, before, now)
        costs = []
        for strength in STRENGTHS:
            rows = linear(values[before], labels[before], strength).bits(values[now], labels[now])
            costs.append(by_cluster(rows, names[now].tolist())[0].sum())
        bits += float(costs[so_far.argmin()])
        so_far += costs
    return bits


def code(table: Table, seed: int, draws: int = DRAWS) -> Code:
    """The online code of every lemma's gender, seen and held-out ones alike, beside that of random genders."""
    genders = nouns(table, numpy.ones(len(table.feminine), dtype=bool))
    random, true, control = numpy.random.default_rng(seed), [], []
    for _ in range(draws):
        true.append(codelength(table.values, table.feminine, table.lemmas, blocks(genders, random)))
        dealt = dict(zip(genders, random.permutation(list(genders.values())).tolist()))
        labels = numpy.array([dealt[lemma] for lemma in table.lemmas])
        control.append(codelength(table.values, labels, table.lemmas, blocks(dealt, random)))
    bits, uniform, of_control = float(numpy.mean(true)), float(len(genders)), float(numpy.mean(control))
    return Code(bits, uniform, of_control, uniform / bits, of_control / bits, true, control, len(genders))


# Few units


def ranked(table: Table) -> NDArray[numpy.int_]:
    """All units, those first whose AUC of lemma means is furthest from ½ on the lemmas and templates to fit on."""
    means, feminine = by_lemma(table, table.values, table.fit)
    return numpy.argsort(-numpy.abs(auc(means, feminine) - 0.5), kind="stable")


def sparse(table: Table, sizes: Sequence[int], seed: int, draws: int = DRAWS) -> list[Sparse]:
    """Probes of the k best units for each size k, beside the best of several random sets of k units, which have the same
    strength."""
    disjoint(table.lemmas, table.fit, table.lemma_held_out)
    order, parts, random = ranked(table), folds(table), numpy.random.default_rng(seed)
    found = []
    for k in sizes:
        model = fitted(table, table.values[:, order[:k]])
        sets = [random.choice(len(order), k, replace=False) for _ in range(draws if k < len(order) else 1)]
        chosen = min(sets, key=lambda units: loss(table, table.values[:, units], model.strength, parts))
        other = linear(table.values[table.fit][:, chosen], table.feminine[table.fit], model.strength)
        best, of_random = (
            accuracy(table, (each.margin(table.values[:, units]) > 0) == table.feminine, table.held_out, seed)
            for each, units in ((model, order[:k]), (other, chosen))
        )
        found.append(Sparse(k, order[:k].tolist(), best, of_random, len(sets)))
    return found
