"""Numbers with their uncertainty. The unit of observation is the noun lemma: values are averaged per lemma first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[numpy.floating]


@dataclass(frozen=True)
class Estimate:
    """A mean over clusters with its 95 % interval, and of how many observations in how many clusters it is made."""

    value: float
    low: float
    high: float
    n: int
    clusters: int


def auc(values: Values, positive: NDArray[numpy.bool_]) -> Values:
    """Area under the ROC curve of each column: the chance that a positive row is above a negative one, ties counted half.

    values [N, H], positive [N] → [H]; by ranks (Mann & Whitney 1947). ValueError: a class is empty.
    """
    P, N = int(positive.sum()), int((~positive).sum())
    if not P or not N:
        raise ValueError(f"AUC needs both classes, got {P} positive and {N} negative rows")
    ranks = stats.rankdata(values, axis=0)
    return (ranks[positive].sum(0) - P * (P + 1) / 2) / (P * N)


def by_cluster(values: Values, clusters: Sequence[Hashable]) -> tuple[Values, list[Hashable]]:
    """Rows averaged within clusters: [N, …] → [C, …] and the clusters, in order of first appearance."""
    rows: dict[Hashable, list[int]] = defaultdict(list)
    for row, cluster in enumerate(clusters):
        rows[cluster].append(row)
    return numpy.stack([values[members].mean(0) for members in rows.values()]), list(rows)


def estimate(successes: Sequence[bool], clusters: Sequence[Hashable], seed: int, resamples: int = 2000) -> Estimate:
    """A rate with a bootstrap interval over clusters; at 0 or 100 %, where a bootstrap sees no spread, Clopper–Pearson's
    over the clusters (Clopper & Pearson 1934)."""
    values, names = by_cluster(numpy.asarray(successes, dtype=float), clusters)
    mean, count = float(values.mean()), len(names)
    if mean in (0.0, 1.0):
        interval = stats.binomtest(round(mean * count), count).proportion_ci(0.95, method="exact")
        return Estimate(mean, float(interval.low), float(interval.high), len(successes), count)
    random = numpy.random.default_rng(seed)
    means = values[random.integers(count, size=(resamples, count))].mean(1)
    low, high = numpy.quantile(means, [0.025, 0.975])
    return Estimate(mean, float(low), float(high), len(successes), count)


def wilson(successes: Sequence[bool]) -> Estimate:
    """A rate over single observations with Wilson's interval (1927); no observation: from 0 to 1."""
    n = len(successes)
    if not n:
        return Estimate(0.0, 0.0, 1.0, 0, 0)
    interval = stats.binomtest(sum(successes), n).proportion_ci(0.95, method="wilson")
    return Estimate(sum(successes) / n, float(interval.low), float(interval.high), n, n)
