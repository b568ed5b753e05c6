"""Numbers with their uncertainty. The unit of observation is the noun lemma: values are averaged per lemma first."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy
from numpy.typing import NDArray
from scipy import stats

from ..config import UserError

Values = NDArray[numpy.floating]
Labels = NDArray[numpy.bool_]
Cluster = TypeVar("Cluster", bound=Hashable)

CHUNK = 1024  # relabellings that are computed together
RELABELLINGS = 10_000
SIGNIFICANT = 0.05
ENOUGH = 20  # draws behind a 95th percentile


@dataclass(frozen=True)
class Estimate:
    """A mean over clusters with its 95 % interval, and of how many observations in how many clusters it is made."""

    value: float
    low: float
    high: float
    n: int
    clusters: int
    templates: int = 0  # the second clustering of the interval; 0: none


@dataclass(frozen=True)
class MaxStatistic:
    """A permutation test of max |AUC − ½| over all units of all sites and steps."""

    p: list[list[float]]  # [site and step][unit], corrected for all of them (family-wise)
    smallest: float  # the p of the best unit: is there anything anywhere?
    relabellings: int
    exact: bool  # these are all that there are
    positive: int  # lemmas
    negative: int


def auc(values: Values, positive: Labels) -> Values:
    """Area under the ROC curve of each column: the chance that a positive row is above a negative one, ties counted half.

    values [N, H], positive [N] → [H]; by ranks (Mann & Whitney 1947). ValueError: a class is empty.
    """
    P, N = int(positive.sum()), int((~positive).sum())
    if not P or not N:
        raise ValueError(f"AUC needs both classes, got {P} positive and {N} negative rows")
    ranks = stats.rankdata(values, axis=0)
    return (ranks[positive].sum(0) - P * (P + 1) / 2) / (P * N)


def by_cluster(values: Values, clusters: Sequence[Cluster]) -> tuple[Values, list[Cluster]]:
    """Rows averaged within clusters: [N, …] → [C, …] and the clusters, in order of first appearance."""
    rows: dict[Cluster, list[int]] = defaultdict(list)
    for row, cluster in enumerate(clusters):
        rows[cluster].append(row)
    return numpy.stack([values[members].mean(0) for members in rows.values()]), list(rows)


def cluster_mean(values: Sequence[float] | Values, clusters: Sequence[Hashable]) -> float:
    """The mean over clusters of values [N] averaged within them."""
    return float(by_cluster(numpy.asarray(values, dtype=float), clusters)[0].mean())


def ratio(above: Values, below: Values, clusters: Sequence[Hashable]) -> Values:
    """Values whose mean over clusters is the ratio of two means over clusters, above [N] or [N, H] by below [N].

    Each differs from that ratio as it would if its row weighed more (linearised: Cochran 1977, ch. 6), so that an interval over
    these values is the ratio's.
    """
    unit = cluster_mean(below, clusters)
    share = by_cluster(above, clusters)[0].mean(0) / unit  # [] or [H]
    return share + (above - share * below.reshape(-1, *[1] * (above.ndim - 1))) / unit


# Intervals


def numbered(names: Sequence[Hashable]) -> tuple[NDArray[numpy.int_], int]:
    """Each name's number in order of first appearance [N], and how many there are."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return numpy.array([numbers[name] for name in names]), len(numbers)


def multiplicities(groups: NDArray[numpy.int_], resamples: int, random: numpy.random.Generator) -> NDArray[numpy.int_]:
    """How often each cluster is drawn when as many as there are, are drawn with replacement within its group:
    groups [C] → [resamples, C]."""
    drawn = numpy.zeros((resamples, len(groups)), dtype=int)
    for group in numpy.unique(groups):
        members = numpy.flatnonzero(groups == group)
        drawn[:, members] = random.multinomial(len(members), [1 / len(members)] * len(members), size=resamples)
    return drawn


def quantiles(mean: float, replicates: Values, factor: float, least: float, most: float) -> tuple[float, float]:
    """The replicates' 2.5 % and 97.5 % quantiles, `factor` times as far from the mean, but not beyond what is possible."""
    low, high = mean + factor * (numpy.quantile(replicates, [0.025, 0.975]) - mean)
    return float(max(low, least)), float(min(high, most))


def clopper_pearson(mean: float, clusters: int) -> tuple[float, float]:
    """The exact interval of a rate over clusters that are each all right or all wrong (Clopper & Pearson 1934)."""
    interval = stats.binomtest(round(mean * clusters), clusters).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)


def student(degrees: int) -> float:
    """How much further out the 97.5 % quantile is for so few degrees of freedom than for a normal distribution."""
    return float(stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975))


def estimate(
    values: Sequence[float] | Values,
    clusters: Sequence[Hashable],
    seed: int,
    resamples: int = 2000,
    templates: Sequence[Hashable] | None = None,
    groups: Sequence[Hashable] | None = None,
    rate: bool = True,
) -> Estimate:
    """A rate (or another mean) over clusters with a bootstrap interval, over two clusterings if `templates` are given.

    The mean is over rows within a cluster, then over clusters, then over `groups` of clusters (for a balanced accuracy:
    the genders), all [N]. A resample draws clusters and templates, and a row counts as often as both were drawn (Owen
    2007). That counts the noise of a single row up to three times, so the replicates are drawn to the spread of the
    two-way cluster-robust variance (Cameron, Gelbach & Miller 2011), widened by Student's t for the smaller number of
    clusters: in simulations with 24–64 clusters and 8–24 templates 92.5–98 % of such intervals hold the true rate, and
    92.7–99.7 % of the plain quantiles do. A `rate` of 0 or 100 %, where a bootstrap sees no spread, has Clopper–Pearson's over
    clusters.
    """
    x = numpy.asarray(values, dtype=float)
    if not len(x):
        raise UserError("nothing to estimate from: no sentence is left in this cell")
    cluster, C = numbered(clusters)
    template, T = (numpy.zeros(len(x), dtype=int), 1) if templates is None else numbered(templates)
    group, G = numpy.zeros(C, dtype=int), 1
    if groups is not None:
        of_row, G = numbered(groups)
        group[cluster] = of_row
    counts = numpy.bincount(cluster, minlength=C)  # [C]
    means = numpy.bincount(cluster, x, C) / counts
    group_means = numpy.bincount(group, means) / numpy.bincount(group)  # [G]
    mean, second = float(group_means.mean()), T if T > 1 else 0
    least, most = float(x.min()), float(x.max())
    if rate and least == most and mean in (0.0, 1.0):
        return Estimate(mean, *clopper_pearson(mean, C), len(x), C, second)
    degrees = min(C - G, T - 1) if second else C - G
    if degrees < 1 or least == most:
        return Estimate(mean, least, most, len(x), C, second)
    random = numpy.random.default_rng(seed)
    drawn = multiplicities(group, resamples, random)  # [R, C]
    drawn_templates = multiplicities(numpy.zeros(T, dtype=int), resamples, random)  # [R, T]
    cell_sums, cell_counts = numpy.zeros((C, T)), numpy.zeros((C, T))
    numpy.add.at(cell_sums, (cluster, template), x)
    numpy.add.at(cell_counts, (cluster, template), 1)
    sums, sizes = drawn_templates @ cell_sums.T, drawn_templates @ cell_counts.T  # [R, C]
    weights = drawn * (sizes > 0)
    member = numpy.eye(G)[group]  # [C, G]
    with numpy.errstate(invalid="ignore"):  # a group of which no row was drawn
        replicates = ((weights * sums / numpy.maximum(sizes, 1)) @ member / (weights @ member)).mean(1)
    replicates = replicates[numpy.isfinite(replicates)]
    weight = 1 / (G * numpy.bincount(group)[group] * counts)  # [C] of each of its rows
    influence = weight[cluster] * (x - group_means[group[cluster]])  # [N]
    variance = (numpy.bincount(cluster, influence) ** 2).sum() * C / (C - G)
    if second:
        cells = (numpy.bincount(cluster * T + template, influence) ** 2).sum()
        across = (numpy.bincount(template, influence) ** 2).sum() * T / (T - 1)
        variance = max(variance + across - cells, variance, across)
    spread = replicates.std()
    factor = student(degrees) * numpy.sqrt(variance) / spread if spread else 1.0
    return Estimate(mean, *quantiles(mean, replicates, factor, least, most), len(x), C, second)


def auc_estimate(
    scores: Values,
    positive: Labels,
    clusters: Sequence[Hashable],
    seed: int,
    resamples: int = 2000,
    cells: Sequence[Hashable] | None = None,
    within: bool = False,
) -> Estimate:
    """AUC of a score's means per cluster and cell (None: all rows are in one), with a bootstrap interval over clusters within
    their class, widened by Student's t; where the classes do not overlap, Clopper–Pearson's over the smaller class.

    Two clusters are compared in every pair of their cells, or, `within`, in the cells that both have.
    scores, positive, clusters, cells [N].
    """
    cluster, C = numbered(clusters)
    cell, K = numbered([None] * len(cluster) if cells is None else cells)
    labels = by_cluster(positive.astype(float), cluster.tolist())[0] > 0.5  # [C]
    means = numpy.full((C, K), numpy.nan)
    averages, rows = by_cluster(scores, list(zip(cluster, cell)))
    means[tuple(zip(*rows))] = averages
    gaps = means[labels][:, None, :, None] - means[~labels][None, :, None, :]  # [P, N, K, K]
    counted = ~numpy.isnan(gaps) & (numpy.eye(K, dtype=bool) if within else True)
    wins = numpy.where(counted, (numpy.sign(gaps) + 1) / 2, 0.0).sum((2, 3))
    many = counted.sum((2, 3))
    above = numpy.where(
        many, wins / numpy.maximum(many, 1), 0.5
    )  # [P, N] the share of comparisons that the positive one wins
    area = float(above.mean())
    if area in (0.0, 1.0):
        return Estimate(area, *clopper_pearson(area, min(labels.sum(), C - labels.sum())), len(scores), C)
    drawn = multiplicities(labels.astype(int), resamples, numpy.random.default_rng(seed))
    replicates = ((drawn[:, labels] @ above) * drawn[:, ~labels]).sum(1) / above.size
    factor = student(C - 2) * math.sqrt(C / (C - 2)) if C > 2 else 1.0
    return Estimate(area, *quantiles(area, replicates, factor, 0.0, 1.0), len(scores), C)


def wilson(successes: Sequence[bool]) -> Estimate:
    """A rate over single observations with Wilson's interval (1927); no observation: from 0 to 1."""
    n = len(successes)
    if not n:
        return Estimate(0.0, 0.0, 1.0, 0, 0)
    interval = stats.binomtest(sum(successes), n).proportion_ci(0.95, method="wilson")
    return Estimate(sum(successes) / n, float(interval.low), float(interval.high), n, n)


# Permutation


def relabel(
    positive: Labels, pairs: Sequence[Hashable] | None, seed: int, relabellings: int = RELABELLINGS
) -> tuple[Labels, bool]:
    """Labels [R, L] as they could have been, and whether these are all.

    Paired lemmas swap their labels within the pair (`pairs` [L] names it); else labels are dealt out anew. All
    relabellings where they are no more than so many, the true one among them; else so many drawn at random. UserError:
    too few lemmas for any two-sided p to reach .05.
    """
    L, P = len(positive), int(positive.sum())
    if pairs is None:
        count, alike = math.comb(L, P), 2 if 2 * P == L else 1  # the opposite labels are as far from ½
    else:
        pair, number = numbered(pairs)
        if 2 * number != L or (numpy.bincount(pair, positive) != 1).any():
            raise UserError(f"{L} lemmas in {number} pairs: each pair is a lemma of either gender")
        count, alike = 2**number, 2
    every = count <= relabellings
    if (alike / count if every else 1 / (relabellings + 1)) > SIGNIFICANT:
        raise UserError(
            f"{P} + {L - P} lemmas have only {min(count, relabellings)} relabellings, so p cannot reach {SIGNIFICANT}: "
            "take more lemmas"
        )
    random = numpy.random.default_rng(seed)
    if pairs is not None:
        swaps = (
            numpy.array(list(itertools.product([False, True], repeat=number)))
            if every
            else random.random((relabellings, number)) < 0.5
        )
        return positive ^ swaps[:, pair], every
    if every:
        labels = numpy.zeros((count, L), dtype=bool)
        chosen = numpy.array(list(itertools.combinations(range(L), P)))
        labels[numpy.arange(count)[:, None], chosen] = True
        return labels, True
    return random.permuted(numpy.tile(positive, (relabellings, 1)), axis=1), False


def centred_ranks(values: Values) -> Values:
    """2 · rank − (n + 1) in each column of values [n, H]: over the rows of one class it sums to 2PN (AUC − ½)."""
    return (2 * stats.rankdata(values, axis=0) - (len(values) + 1)).astype(numpy.float32)


def from_half(labels: Labels, centred: Values) -> Values:
    """AUC − ½ of every column for many labellings: labels [R, n], centred ranks [n, H] → [R, H]; 0 where a class is empty.

    The sums are whole numbers, so in float32 too, ties are ties.
    """
    P = labels.sum(1, keepdims=True, dtype=numpy.float32)
    return labels.astype(numpy.float32) @ centred / numpy.maximum(2 * P * (labels.shape[1] - P), 1)


def permutation_p(observed: Values, null: Values, every: bool) -> Values:
    """The share of relabellings whose statistic is as large: b / R if they are all, (b + 1) / (R + 1) if drawn."""
    as_large = len(null) - numpy.searchsorted(numpy.sort(null), observed, side="left")
    return as_large / len(null) if every else (as_large + 1) / (len(null) + 1)


def max_statistic(
    values: Sequence[Values],
    positive: Labels,
    seed: int,
    pairs: Sequence[Hashable] | None = None,
    relabellings: int = RELABELLINGS,
) -> MaxStatistic:
    """Family-wise p of every unit: how often the largest |AUC − ½| anywhere is as large, when lemmas change their gender.

    values: lemma means [L, H] for each site and step, in one order of the lemmas, rows of NaN for a lemma that is not
    there; positive [L]; pairs [L]. One relabelling serves all (Westfall & Young 1993).
    """
    labels, every = relabel(positive, pairs, seed, relabellings)
    observed, null = [], numpy.zeros(len(labels), dtype=numpy.float32)
    for each in values:
        present = ~numpy.isnan(each).any(axis=1)
        centred = centred_ranks(each[present])
        observed.append(numpy.abs(from_half(positive[None, present], centred))[0])
        for start in range(0, len(labels), CHUNK):
            part = slice(start, start + CHUNK)
            null[part] = numpy.maximum(null[part], numpy.abs(from_half(labels[part, present], centred)).max(1))
    p = [permutation_p(each, null, every).tolist() for each in observed]
    return MaxStatistic(p, min(map(min, p)), len(labels), every, int(positive.sum()), int((~positive).sum()))


def rank_test(values: Values, positive: Labels, alternative: str = "two-sided") -> Values:
    """p of each unit alone, from the ranks of lemma means (Mann & Whitney 1947), for a list corrected by Benjamini and
    Hochberg; `alternative` "greater": are the positive ones above? values [L, H], positive [L] → [H]."""
    return stats.mannwhitneyu(values[positive], values[~positive], alternative=alternative, axis=0).pvalue


def too_few_to_flip(count: int) -> bool:
    """Whether so many lemmas have too few sign flips for any two-sided p to reach .05."""
    return 2 / 2**count > SIGNIFICANT


def sign_flip(changes: Values, seed: int, relabellings: int = RELABELLINGS) -> float:
    """Two-sided p of the mean of each lemma's change [L], which could as well have gone the other way. UserError: fewer than
    6 lemmas, which cannot reach .05."""
    if too_few_to_flip(len(changes)):
        raise UserError(
            f"{len(changes)} lemmas have only {2 ** len(changes)} sign flips, so p cannot reach {SIGNIFICANT}"
        )
    found = stats.permutation_test(
        (changes,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        n_resamples=relabellings,
        vectorized=True,
        random_state=numpy.random.default_rng(seed),
    )
    return float(found.pvalue)


def beside(observed: float, drawn: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """What random draws do: their mean, their 95th percentile if they are ENOUGH, and p = (b + 1) / (B + 1), b of the B
    draws doing as much as was observed or more. None without draws."""
    if not len(drawn):
        return None, None, None
    high = float(numpy.quantile(drawn, 0.95)) if len(drawn) >= ENOUGH else None
    return float(numpy.mean(drawn)), high, float((numpy.asarray(drawn) >= observed).sum() + 1) / (len(drawn) + 1)


# Many tests


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """q of each p: the false discovery rate of the list that ends with it (Benjamini & Hochberg 1995)."""
    return stats.false_discovery_control(p, method="bh").tolist()


def holm(p: Sequence[float]) -> list[float]:
    """Each p corrected for all of them, the smallest most (Holm 1979)."""
    order = numpy.argsort(p, kind="stable")
    steps = numpy.asarray(p, dtype=float)[order] * numpy.arange(len(p), 0, -1)
    corrected = numpy.empty(len(p))
    corrected[order] = numpy.minimum(numpy.maximum.accumulate(steps), 1.0)
    return corrected.tolist()


# As text


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value:z.1%}".replace("%", "\u00a0%").replace("-", "−")


def number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:z.{digits}f}".replace("-", "−")  # z: what rounds to nothing has no sign


def interval(estimate: Estimate | None, form: Callable[[float], str] = percent) -> str:
    return "–" if estimate is None else f"{form(estimate.value)} [{form(estimate.low)}, {form(estimate.high)}]"
