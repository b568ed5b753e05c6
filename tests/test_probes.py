"""Probes against scikit-learn, codes against bits counted by hand, and what must not be seen against poison."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seq2seq.config import UserError
from seq2seq.probing.generalisation import across, by_cell, cluster_test, generalise
from seq2seq.probing.probes import (
    Table,
    accuracy,
    code,
    codelength,
    fitted,
    folds,
    linear,
    loss,
    probe,
    random_genders,
    sparse,
)

TELLS = 3  # the unit that tells the gender


def table(informative: bool, seed: int = 1, lemmas: int = 24) -> Table:
    """Lemmas of either gender in 8 templates, 10 units, of which one tells the gender if the table is informative."""
    random = numpy.random.default_rng(seed)
    lemma, template = numpy.divmod(numpy.arange(lemmas * 8), 8)
    values = random.normal(size=(len(lemma), 10))
    feminine = lemma % 2 == 1
    if informative:
        values[:, TELLS] += numpy.where(feminine, 3.0, -3.0)
    names, templates = [f"lemma {n}" for n in lemma], [f"template {n}" for n in template]
    return Table(values, feminine, names, lemma >= 2 * lemmas // 3, template >= 4, templates)


@pytest.fixture(scope="module")
def telling() -> Table:
    return table(informative=True)


# Fitting


def test_a_linear_probe_is_scikit_learns(telling):
    values, labels = telling.values, telling.feminine
    model = linear(values, labels, 0.01)
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(values, labels)
    assert numpy.allclose(model.margin(values), expected.decision_function(values), atol=1e-4)
    assert model.bits(values, labels).mean() == pytest.approx(
        log_loss(labels, expected.predict_proba(values)) / numpy.log(2), abs=1e-4
    )


def test_a_unit_that_never_changes_is_no_trouble():
    model = linear(numpy.array([[1.0, 0.0], [1.0, 1.0]]), numpy.array([False, True]), 1.0)
    assert numpy.isfinite(model.margin(numpy.array([[1.0, 0.5]]))).all()


def test_strength_is_chosen_on_other_lemmas_in_other_templates_and_on_nothing_held_out(telling):
    names, templates = numpy.array(telling.lemmas), numpy.array(telling.templates)
    for fit, test in folds(telling):
        assert fit.any() and test.any() and not (fit | test)[~telling.fit].any()
        assert not set(names[fit]) & set(names[test]) and not set(templates[fit]) & set(templates[test])


def test_poison_in_what_is_held_out_changes_no_probe(telling):
    poisoned = telling.values.copy()
    poisoned[~telling.fit] = 1e6
    clean, other = fitted(telling), fitted(telling, poisoned)
    assert clean.strength == other.strength and numpy.array_equal(clean.weights, other.weights)


def test_the_strength_chosen_loses_least(telling):
    noisy = table(informative=False)
    parts = folds(noisy)
    losses = {strength: loss(noisy, noisy.values, strength, parts) for strength in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)}
    assert fitted(noisy).strength == min(losses, key=losses.__getitem__) == 1e-4
    assert fitted(telling).strength == 1.0


def test_a_lemma_on_both_sides_is_refused(telling):
    leaking = replace(telling, lemmas=["lemma 0" if name == "lemma 20" else name for name in telling.lemmas])
    for work in (lambda: probe(leaking, 1), lambda: sparse(leaking, [1], 1), lambda: generalise([leaking], 1)):
        with pytest.raises(UserError, match="'lemma 0' is tested on"):
            work()


def test_a_lemma_of_two_genders_is_refused(telling):
    with pytest.raises(UserError, match="'lemma 0' has two genders"):
        replace(telling, lemmas=["lemma 0", "lemma 0"] * 96)


def test_too_few_nouns_are_refused():
    with pytest.raises(UserError, match="3 nouns of a gender"):
        probe(table(informative=True, lemmas=9), 1)


# Accuracy


def test_a_planted_gender_is_found_on_held_out_nouns_and_its_control_is_not(telling):
    found = probe(telling, seed=1)
    assert found.both.value > 0.95 and found.selective.low > 0 and found.selective.value > 0.3
    assert found.selective.value == pytest.approx(found.templates.value - numpy.mean(found.controls))
    assert len(found.controls) == 5
    assert found.p == pytest.approx(1 / 70)  # 4 + 4 held-out lemmas, all apart
    assert (found.fit_nouns, found.held_out_nouns, found.both.clusters, found.both.templates) == (16, 8, 8, 4)


def test_nothing_is_found_in_noise():
    found = [probe(table(informative=False, seed=seed), seed, draws=1) for seed in range(5)]
    assert abs(numpy.mean([each.both.value for each in found]) - 0.5) < 0.1


def test_accuracy_is_balanced_over_lemmas_and_genders(telling):
    """One row a lemma, more feminine lemmas than masculine ones: scikit-learn's balanced accuracy."""
    rows = numpy.isin(telling.lemmas, [f"lemma {n}" for n in (0, 1, 3, 5, 7)]) & (
        numpy.array(telling.templates) == "template 0"
    )
    says = numpy.random.default_rng(1).random(len(rows)) < 0.5
    right = (says == telling.feminine).astype(float)
    expected = balanced_accuracy_score(telling.feminine[rows], says[rows])
    assert accuracy(telling, right, rows, seed=1).value == pytest.approx(expected)


def test_a_control_gives_each_noun_one_gender_in_the_same_proportion(telling):
    dealt = random_genders(telling, numpy.random.default_rng(1))
    genders = {name: {bool(each) for each in dealt[numpy.array(telling.lemmas) == name]} for name in telling.lemmas}
    assert all(len(each) == 1 for each in genders.values())
    assert dealt[telling.fit].mean() == telling.feminine[telling.fit].mean()
    assert (dealt != telling.feminine).any()


def test_values_that_name_the_noun_alone_have_no_selectivity():
    """A unit for each noun: a control is learnt as well as the gender, and nothing is known of held-out nouns."""
    made = table(informative=False)
    named = numpy.unique(made.lemmas, return_inverse=True)[1]
    found = probe(replace(made, values=numpy.eye(24)[named]), seed=1)
    assert found.templates.value == numpy.mean(found.controls) == 1 and found.both.value == 0.5


def test_baselines_are_paired(telling):
    noise = numpy.random.default_rng(2).normal(size=telling.values.shape)
    found = probe(table(informative=True, lemmas=36), 1, draws=1, others={}).baselines
    assert set(found) == {"best of 10 random units", "the commoner gender"}
    assert found["best of 10 random units"].gain.value == pytest.approx(0, abs=0.05)  # of 10 units, the telling one
    majority = found["the commoner gender"]
    assert majority.accuracy.value == 0.5 and majority.gain.low > 0.3 and majority.p < 0.05
    others = probe(telling, 1, draws=1, others={"itself": telling.values, "noise": noise}).baselines
    itself = others["itself"]
    assert (itself.gain.value, itself.p) == (0, 1) and itself.gain.low == -itself.gain.high < 0
    assert others["noise"].gain.low > 0 and others["noise"].p < 0.05


def test_results_are_json(telling):
    text = json.dumps([asdict(probe(telling, 1)), asdict(code(telling, 1, draws=2))], allow_nan=False)
    assert "baselines" in text


# Description length


def test_a_constant_probes_code_in_bits_by_hand():
    """Values that say nothing: each block is sent at the rates of the blocks before, 1 of 4 and then 2 of 6."""
    labels = numpy.array([True, False, False, False, True, False, True, True])
    lemmas = [f"lemma {n}" for n in range(8)]
    sent = [lemmas[:4], lemmas[4:6], lemmas[6:]]
    expected = 4 + numpy.log2(4) + numpy.log2(4 / 3) + 2 * numpy.log2(3)
    assert codelength(numpy.zeros((8, 2)), labels, lemmas, sent) == pytest.approx(expected, abs=1e-3)


def test_a_noun_costs_the_mean_of_its_sentences():
    labels, lemmas = numpy.array([True, False, True]), ["a", "b", "c"]
    once = codelength(numpy.zeros((3, 1)), labels, lemmas, [["a", "b"], ["c"]])
    thrice = codelength(numpy.zeros((5, 1)), labels[[0, 1, 2, 2, 2]], [*lemmas, "c", "c"], [["a", "b"], ["c"]])
    assert once == pytest.approx(3) and thrice == pytest.approx(3)


def test_what_tells_the_gender_is_short_and_random_genders_are_not():
    found, noise = code(table(True, lemmas=48), 1), code(table(False, lemmas=48), 1)
    assert found.uniform == found.nouns == 48 and found.control > 45 and noise.bits > 45
    assert found.bits < 15 and found.compression > 3 and found.against_control > 3
    assert found.bits == pytest.approx(numpy.mean(found.orders))


# Few units


def test_the_planted_unit_suffices(telling):
    one, all_units = sparse(telling, [1, 10], seed=1)
    assert one.units == [TELLS] and one.best.value > 0.95
    assert all_units.best.value == all_units.random.value and all_units.draws == 1 and one.draws == 5


# Across time


def steps() -> list[Table]:
    """Gender in the same unit at steps 0 and 1, in another at step 2, in the first with the other sign at step 3."""
    made = []
    for step, (unit, sign) in enumerate([(3, 1), (3, 1), (5, 1), (3, -1)]):
        each = table(informative=False, seed=step, lemmas=36)
        each.values[:, unit] += sign * numpy.where(each.feminine, 3.0, -3.0)
        made.append(each)
    return made


def test_a_code_that_stays_is_lost_or_overwritten():
    found = generalise(steps(), seed=1, relabellings=2000)
    areas = numpy.array(found.areas)
    assert (numpy.diag(areas) > 0.95).all() and areas[0, 1] > 0.95 and areas[0, 3] < 0.05
    assert 0.1 < areas[0, 2] < 0.9
    assert (found.feminine, found.masculine, found.relabellings) == (6, 6, 924)
    heavy = {(each.above, cell): each.p for each in found.clusters for cell in each.cells}
    assert heavy[True, (0, 1)] < 0.05 and heavy[False, (0, 3)] < 0.05
    json.dumps(asdict(found), allow_nan=False)


def test_the_matrix_is_scikit_learns_and_a_step_may_lack_nouns():
    made = steps()
    keep = numpy.array([name != "lemma 30" for name in made[1].lemmas])
    part = lambda each: [value for value, stays in zip(each, keep) if stays]
    made[1] = Table(
        *(getattr(made[1], name)[keep] for name in ("values", "feminine")),
        part(made[1].lemmas),
        *(getattr(made[1], name)[keep] for name in ("lemma_held_out", "template_held_out")),
        part(made[1].templates),
    )
    scores, feminine = across(made)
    areas = numpy.array(cluster_test(scores, feminine, seed=1, relabellings=50).areas)
    for fit, tested in ((0, 1), (1, 0), (2, 2)):
        model, to = fitted(made[fit]), made[tested]
        names = sorted({name for name, rows in zip(to.lemmas, to.held_out) if rows})
        means = [model.margin(to.values[to.held_out & (numpy.array(to.lemmas) == name)]).mean() for name in names]
        labels = [int(name.split()[1]) % 2 for name in names]
        assert areas[fit, tested] == pytest.approx(roc_auc_score(labels, means))
    assert numpy.isnan(scores[0, 1]).sum() == 1


def test_clusters_are_found_in_noise_no_more_often_than_they_say():
    """200 matrices of correlated noise: clusters at p ≤ .05 in no more than 5 %, by a one-sided binomial test."""
    random, feminine, found = numpy.random.default_rng(1), numpy.arange(20) % 2 == 1, 0
    for seed in range(200):
        scores = random.normal(size=(5, 5, 20)) + random.normal(size=(5, 1, 20)) + random.normal(size=(1, 5, 20))
        found += any(each.p <= 0.05 for each in cluster_test(scores, feminine, seed, relabellings=199).clusters)
    assert 1 <= found <= 15


def test_each_cell_of_the_design_has_its_auc(telling):
    lemma = numpy.array([int(name.split()[1]) for name in telling.lemmas])
    cells = numpy.where(numpy.array(telling.templates) == "template 7", "distance 8", "distance 2")
    cells[lemma == 23] = "alone"
    lost = telling.values.copy()
    lost[cells == "distance 8", TELLS] = 0
    found = {each.cell: each for each in by_cell(replace(telling, values=lost), cells.tolist(), seed=1)}
    assert found["distance 2"].area.value == 1 and found["distance 2"].p < 0.05
    assert found["distance 8"].area.value < 1 and found["distance 8"].area.clusters == 7
    assert found["alone"].area is None and found["alone"].p is None
    with pytest.raises(UserError, match="2 cells"):
        by_cell(telling, ["a", "b"], seed=1)
