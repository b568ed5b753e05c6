"""Linear probes of one site at one step, and the control task that says how much of it is only knowing the word.

Control task (Hewitt & Liang 2019): each noun gets a random gender, in the same proportion. A probe that reaches as much
there as on the true gender has learnt the nouns. Probe and control are fitted and tested on the same nouns in other
templates, and selectivity, their difference, is reported there only; on held-out nouns a control is chance by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTH = 0.01  # inverse of the L2 penalty


@dataclass(frozen=True)
class Table:
    """Values [N, H] of one site at one step, with what is known of each row."""

    values: NDArray
    feminine: NDArray[numpy.bool_]
    lemmas: Sequence[str]
    lemma_held_out: NDArray[numpy.bool_]
    template_held_out: NDArray[numpy.bool_]


@dataclass(frozen=True)
class Probe:
    """Accuracies of one probe; each is a mean over lemmas."""

    held_out_lemmas: float  # in held-out templates too
    seen_lemmas: float  # in held-out templates
    control: float  # the same rows, random genders; mean over draws
    selectivity: float  # seen_lemmas − control
    fit_nouns: int
    held_out_nouns: int


def classifier() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=500))


def accuracy(model: Pipeline, table: Table, labels: NDArray[numpy.bool_], rows: NDArray[numpy.bool_]) -> float:
    """Mean over lemmas of the share of rows that are right."""
    right = model.predict(table.values[rows]) == labels[rows]
    lemmas = numpy.asarray(table.lemmas)[rows]
    return float(numpy.mean([right[lemmas == lemma].mean() for lemma in numpy.unique(lemmas)]))


def random_genders(table: Table, random: numpy.random.Generator) -> NDArray[numpy.bool_]:
    """The true genders, dealt out anew among the lemmas to fit on, and among the held-out ones."""
    genders = {
        lemma: (bool(held_out), bool(feminine))
        for lemma, held_out, feminine in zip(table.lemmas, table.lemma_held_out, table.feminine)
    }
    dealt: dict[str, bool] = {}
    for fold in (False, True):
        lemmas = sorted(lemma for lemma, (held_out, _) in genders.items() if held_out == fold)
        dealt |= dict(zip(lemmas, random.permutation([genders[lemma][1] for lemma in lemmas])))
    return numpy.array([dealt[lemma] for lemma in table.lemmas])


def probe(table: Table, seed: int, draws: int = 5) -> Probe:
    """Fit on seen lemmas in seen templates; test on held-out ones, and beside the control on seen lemmas elsewhere."""
    lemmas = numpy.asarray(table.lemmas)
    fit = ~table.lemma_held_out & ~table.template_held_out
    seen = ~table.lemma_held_out & table.template_held_out
    held_out = table.lemma_held_out & table.template_held_out
    if set(lemmas[fit]) & set(lemmas[held_out]):
        raise ValueError("a held-out lemma is among those that the probe is fitted on")
    true = classifier().fit(table.values[fit], table.feminine[fit])
    random, controls = numpy.random.default_rng(seed), []
    for _ in range(draws):
        labels = random_genders(table, random)
        controls.append(accuracy(classifier().fit(table.values[fit], labels[fit]), table, labels, seen))
    on_seen, on_control = accuracy(true, table, table.feminine, seen), float(numpy.mean(controls))
    return Probe(
        accuracy(true, table, table.feminine, held_out),
        on_seen,
        on_control,
        on_seen - on_control,
        len(set(lemmas[fit])),
        len(set(lemmas[held_out])),
    )
