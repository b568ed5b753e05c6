"""Does the code of one step still read another? Probes across time, and across the cells of the design.

Generalisation across time (King & Dehaene 2014): a probe is fitted at one step and tested at every other, on held-out
lemmas in held-out templates. On the diagonal the AUC says that the gender can be read, off it that the same code holds it:
about ½ is a code lost or changed, far below ½ the same code with the other gender in it, overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from scipy import ndimage

from ..config import UserError
from .probes import Table, by_lemma, disjoint, fitted, nouns
from .statistics import (
    RELABELLINGS,
    Estimate,
    Labels,
    Values,
    auc_estimate,
    centred_ranks,
    from_half,
    permutation_p,
    rank_test,
    relabel,
)

FORMING = 0.95  # a cell of the matrix may join a cluster above this quantile of |AUC − ½| under relabelling
NEIGHBOURS = numpy.zeros((3, 3, 3), dtype=bool)  # of [relabelling, fitted at, tested at]: next in either time
NEIGHBOURS[1] = ndimage.generate_binary_structure(2, 1)
FEWEST = 2  # held-out lemmas of a gender behind an AUC


@dataclass(frozen=True)
class Cluster:
    """Neighbouring cells of the matrix that lie on one side of ½."""

    above: bool  # of ½; below: overwritten
    cells: list[tuple[int, int]]  # (fitted at, tested at), numbers of tables
    mass: float  # Σ |AUC − ½|
    p: float  # the largest cluster anywhere under relabelling has as much


@dataclass(frozen=True)
class Generalisation:
    """AUC [T, T] over held-out lemmas, and its clusters, the heaviest first."""

    areas: list[list[float]]  # [fitted at][tested at]
    clusters: list[Cluster]
    feminine: int  # held-out lemmas
    masculine: int
    relabellings: int


@dataclass(frozen=True)
class Cell:
    """AUC of one probe in one cell of the design; nothing where fewer than two lemmas of a gender are held out."""

    cell: str
    area: Estimate | None
    p: float | None  # one-sided, by the ranks of lemma means (Mann & Whitney 1947)


def across(tables: Sequence[Table]) -> tuple[Values, Labels]:
    """Scores [T, T, L] of the probe fitted on one table for the held-out lemmas of another, means over their rows, NaN for
    lemmas that a table does not have; and which lemmas are feminine [L]."""
    models = [fitted(table) for table in tables]
    genders = {lemma: feminine for table in tables for lemma, feminine in nouns(table, table.held_out).items()}
    place = {lemma: number for number, lemma in enumerate(genders)}
    scores = numpy.full((len(tables), len(tables), len(genders)), numpy.nan)
    for tested, table in enumerate(tables):
        names = nouns(table, table.held_out)
        for fit, model in enumerate(models):
            seen = nouns(tables[fit], tables[fit].fit)
            both = numpy.arange(len(seen) + len(names)) < len(seen)
            disjoint([*seen, *names], both, ~both)
            means, _ = by_lemma(table, model.margin(table.values), table.held_out)
            scores[fit, tested, [place[lemma] for lemma in names]] = means
    return scores, numpy.array(list(genders.values()))


def deviations(scores: Values, labels: Labels) -> Values:
    """AUC − ½ in every cell of the matrix for many labellings: scores [T, T, L], labels [R, L] → [R, T, T]."""
    T = len(scores)
    found = numpy.empty((len(labels), T, T), dtype=numpy.float32)
    for tested in range(T):
        present = ~numpy.isnan(scores[0, tested])
        found[:, :, tested] = from_half(labels[:, present], centred_ranks(scores[:, tested, present].T))
    return found


def clusters_of(far: Labels, size: Values) -> tuple[Values, Values]:
    """Cells that are far from ½, joined to their neighbours, and each cluster's mass: far, size [R, T, T] → the clusters'
    numbers [R, T, T], 0 outside, and masses [C + 1]."""
    numbers, count = ndimage.label(far, NEIGHBOURS)
    masses = numpy.bincount(numbers.ravel(), size.ravel(), count + 1)
    masses[0] = 0
    return numbers, masses  # type: ignore[return-value]  # hints of numpy know no weights


def cluster_test(scores: Values, feminine: Labels, seed: int, relabellings: int = RELABELLINGS) -> Generalisation:
    """Cluster permutation (Maris & Oostenveld 2007): genders are dealt out anew among the held-out lemmas, the probes stay
    as they are, and every cluster is weighed against the heaviest of each relabelling. scores [T, T, L], feminine [L]."""
    labels, every = relabel(feminine, None, seed, relabellings)
    own, null = deviations(scores, feminine[None]), deviations(scores, labels)
    forming = numpy.quantile(numpy.abs(null), FORMING, axis=0)  # [T, T]
    heaviest, found = numpy.zeros(len(labels)), []
    for sign in (1, -1):
        numbers, masses = clusters_of(sign * null > forming, numpy.abs(null))
        heaviest = numpy.maximum(heaviest, masses[numbers].max((1, 2)))
        found.append((sign > 0, *clusters_of(sign * own > forming, numpy.abs(own))))
    clusters = [
        Cluster(
            above,
            [(int(fit), int(tested)) for _, fit, tested in numpy.argwhere(numbers == number)],
            float(mass),
            float(permutation_p(mass, heaviest, every)),
        )
        for above, numbers, masses in found
        for number, mass in enumerate(masses)
        if number
    ]
    return Generalisation(
        (own[0].astype(float) + 0.5).tolist(),
        sorted(clusters, key=lambda each: -each.mass),
        int(feminine.sum()),
        int((~feminine).sum()),
        len(labels),
    )


def generalise(tables: Sequence[Table], seed: int, relabellings: int = RELABELLINGS) -> Generalisation:
    """The matrix of one site over T steps, a table each; the steps need not have the same sentences.

    UserError: too few held-out lemmas for a permutation, or a lemma that one step fits on and another tests on.
    """
    return cluster_test(*across(tables), seed, relabellings)


def by_cell(table: Table, cells: Sequence[str], seed: int) -> list[Cell]:
    """AUC on held-out lemmas in held-out templates in each cell of the design (distance, intervener), of one probe that was
    fitted on all cells; cells [N], intervals over lemmas."""
    if len(cells) != len(table.feminine):
        raise UserError(f"{len(cells)} cells for {len(table.feminine)} rows: each row is in one")
    disjoint(table.lemmas, table.fit, table.held_out)
    margins, names = fitted(table).margin(table.values), numpy.asarray(cells)
    found = []
    for cell in sorted(set(cells)):
        rows = table.held_out & (names == cell)
        area, p = None, None
        if rows.any():
            means, feminine = by_lemma(table, margins, rows)
            if min(feminine.sum(), (~feminine).sum()) >= FEWEST:
                lemmas = [lemma for lemma, keep in zip(table.lemmas, rows) if keep]
                area = auc_estimate(margins[rows], table.feminine[rows], lemmas, seed)
                p = float(rank_test(means[:, None], feminine, "greater")[0])
        found.append(Cell(cell, area, p))
    return found
