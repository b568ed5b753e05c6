"""Statistics against scipy and scikit-learn, and against what they promise: p-values under the null, intervals' coverage."""

from __future__ import annotations

import itertools

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats
from sklearn.metrics import roc_auc_score

from seq2seq.config import UserError
from seq2seq.probing.statistics import (
    auc,
    auc_estimate,
    benjamini_hochberg,
    beside,
    by_cluster,
    estimate,
    holm,
    max_statistic,
    number,
    percent,
    rank_test,
    relabel,
    sign_flip,
)


def genders(each: int) -> numpy.ndarray:
    return numpy.arange(2 * each) % 2 == 1


# AUC


def test_auc_is_scikit_learns_and_scipys_and_counts_ties_half():
    random = numpy.random.default_rng(1)
    values, positive = random.integers(0, 6, (40, 5)).astype(float), random.random(40) < 0.4
    expected = [roc_auc_score(positive, values[:, unit]) for unit in range(5)]
    assert numpy.allclose(auc(values, positive), expected)
    u = stats.mannwhitneyu(values[positive], values[~positive], axis=0).statistic
    assert numpy.allclose(auc(values, positive), u / (positive.sum() * (~positive).sum()))


def test_auc_needs_both_classes():
    with pytest.raises(ValueError, match="both classes"):
        auc(numpy.zeros((3, 1)), numpy.ones(3, dtype=bool))


def test_rows_are_averaged_per_lemma_before_anything_else():
    values, names = by_cluster(numpy.array([[1.0], [3.0], [10.0]]), ["a", "a", "b"])
    assert names == ["a", "b"] and values.tolist() == [[2.0], [10.0]]


# Intervals


def test_a_rate_without_spread_has_clopper_pearsons_interval_over_lemmas():
    found = estimate([True] * 12, ["a", "b", "c"] * 4, seed=1, templates=list(range(12)))
    expected = stats.binomtest(3, 3).proportion_ci(0.95, method="exact")
    assert (found.value, found.low, found.high, found.n, found.clusters) == (1.0, expected.low, expected.high, 12, 3)


def test_a_mean_of_groups_is_balanced():
    found = estimate([1, 1, 1, 0, 0, 1], ["a", "b", "b", "c", "d", "e"], seed=1, groups=list("fffmmm"))
    assert found.value == pytest.approx((1 + 1 / 3) / 2)


def test_nothing_is_not_estimated():
    with pytest.raises(UserError, match="nothing to estimate"):
        estimate([], [], seed=1)


def sentences(random, lemmas: int, templates: int, spread: tuple[float, float]):
    """Two sentences for each noun in about half of the templates, right more or less often by noun and by template."""
    of_lemma, of_template = random.normal(0, spread[0], lemmas), random.normal(0, spread[1], templates)
    lemma, template = numpy.nonzero(random.random((lemmas, templates)) < 0.5)
    lemma, template = lemma.repeat(2), template.repeat(2)
    rate = 1 / (1 + numpy.exp(-(0.8 + of_lemma[lemma] + of_template[template])))
    return (random.random(len(lemma)) < rate).astype(float), lemma.tolist(), template.tolist()


@pytest.mark.parametrize("spread", [(0.7, 0.7), (1.0, 0.3)])
def test_intervals_over_lemmas_and_templates_cover_the_true_rate(spread):
    """32 nouns × 12 templates: 93–97 % of the intervals hold the rate of all nouns in all templates."""
    random, inside, runs = numpy.random.default_rng(1), 0, 500
    effect = numpy.random.default_rng(0).normal(0, numpy.hypot(*spread), 400_000)
    true = (1 / (1 + numpy.exp(-(0.8 + effect)))).mean()
    for _ in range(runs):
        rows, lemmas, templates = sentences(random, 32, 12, spread)
        found = estimate(rows, lemmas, seed=1, resamples=400, templates=templates)
        inside += found.low <= true <= found.high
    assert 0.93 <= inside / runs <= 0.97


def test_intervals_over_lemmas_alone_cover_the_true_rate():
    """30 nouns whose own rates vary around 60 %, 8 sentences each."""
    random, inside, runs = numpy.random.default_rng(1), 0, 500
    for _ in range(runs):
        rates = random.beta(6, 4, 30).repeat(8)
        found = estimate(list(random.random(240) < rates), list(numpy.arange(30).repeat(8)), seed=1, resamples=400)
        inside += found.low <= 0.6 <= found.high
    assert 0.93 <= inside / runs <= 0.97


def test_intervals_of_auc_cover_the_true_area():
    """16 + 16 nouns, normal scores one standard deviation apart: the area is Φ(1 / √2)."""
    random, inside, runs = numpy.random.default_rng(1), 0, 500
    positive = genders(16)
    for _ in range(runs):
        found = auc_estimate(random.normal(size=32) + positive, positive, range(32), seed=1, resamples=400)
        inside += found.low <= stats.norm.cdf(0.5**0.5) <= found.high
    assert 0.93 <= inside / runs <= 0.97


# Permutation


def test_p_is_uniform_when_gender_is_nowhere():
    """1,000 global nulls over two sites, their units correlated: the p of the best unit is uniform."""
    random, positive = numpy.random.default_rng(1), genders(25)
    mix = random.normal(size=(20, 20))
    smallest = [
        max_statistic(
            [random.normal(size=(50, 20)) @ mix, random.normal(size=(50, 5))], positive, seed, relabellings=199
        ).smallest
        for seed in range(1000)
    ]
    assert stats.kstest(smallest, "uniform").pvalue > 0.001
    assert numpy.mean(numpy.array(smallest) <= 0.05) <= stats.binom.ppf(0.999, 1000, 0.05) / 1000


def test_units_alone_have_the_p_of_all_relabellings():
    """4 + 4 lemmas without ties: Mann and Whitney's p is that of the 70 relabellings, unit by unit."""
    values, positive = numpy.random.default_rng(3).normal(size=(8, 5)), genders(4)
    alone = [max_statistic([values[:, [unit]]], positive, seed=1).smallest for unit in range(5)]
    assert numpy.allclose(rank_test(values, positive), alone)


def by_hand(values: list[numpy.ndarray], labels: list[numpy.ndarray], positive: numpy.ndarray) -> list[list[float]]:
    """The p of every unit, the long way, with scikit-learn's AUC."""

    def areas(each, label):
        there = ~numpy.isnan(each[:, 0])
        return [abs(roc_auc_score(label[there], column) - 0.5) for column in each[there].T]

    largest = [max(area for each in values for area in areas(each, label)) for label in labels]
    return [
        [float(numpy.mean([most >= area - 1e-12 for most in largest])) for area in areas(each, positive)]
        for each in values
    ]


def test_few_lemmas_are_relabelled_in_every_way():
    random, positive = numpy.random.default_rng(2), genders(4)
    values = [random.normal(size=(8, 4)), random.integers(0, 3, (8, 2)).astype(float)]
    values[0][:, 2] += 3 * positive
    labels = [numpy.isin(numpy.arange(8), chosen) for chosen in itertools.combinations(range(8), 4)]
    found = max_statistic(values, positive, seed=1)
    assert found.exact and found.relabellings == 70
    assert numpy.allclose(numpy.concatenate(found.p), numpy.concatenate(by_hand(values, labels, positive)))
    assert found.smallest == numpy.concatenate(found.p).min()


def test_pairs_are_swapped_within_themselves():
    random, positive = numpy.random.default_rng(2), genders(7)
    pairs = [number // 2 for number in range(14)]
    values = [random.normal(size=(14, 3)) + 5 * numpy.repeat(random.normal(size=(7, 3)), 2, axis=0) + positive[:, None]]
    values[0][:2] = numpy.nan
    labels = [positive ^ numpy.repeat(swap, 2) for swap in itertools.product([False, True], repeat=7)]
    found = max_statistic(values, positive, seed=1, pairs=pairs)
    assert found.exact and found.relabellings == 128
    assert numpy.allclose(numpy.concatenate(found.p), numpy.concatenate(by_hand(values, labels, positive)))


def test_many_lemmas_are_relabelled_at_random_in_the_same_proportion():
    labels, every = relabel(genders(20), None, seed=1, relabellings=500)
    assert not every and labels.shape == (500, 40) and (labels.sum(1) == 20).all()
    assert len({row.tobytes() for row in labels}) == 500


@pytest.mark.parametrize(
    "positive, pairs", [(genders(3), None), (genders(5), [n // 2 for n in range(10)]), (genders(1), None)]
)
def test_too_few_lemmas_to_reach_five_percent_are_refused(positive, pairs):
    with pytest.raises(UserError, match="lemmas"):
        max_statistic([numpy.random.default_rng(1).normal(size=(len(positive), 2))], positive, 1, pairs)


def test_pairs_of_one_gender_are_refused():
    with pytest.raises(UserError, match="either gender"):
        relabel(genders(4), [0, 1, 0, 1, 2, 3, 2, 3], seed=1)


def test_a_change_is_judged_by_its_signs():
    assert sign_flip(numpy.arange(1.0, 9.0), seed=1) == pytest.approx(2 / 256)
    assert sign_flip(numpy.array([1.0, -1.0] * 4), seed=1) == sign_flip(numpy.zeros(8), seed=1) == 1
    with pytest.raises(UserError, match="5 lemmas"):
        sign_flip(numpy.arange(1.0, 6.0), seed=1)


def test_draws_that_do_as_much_are_counted():
    assert beside(0.5, [0.0, 0.25, 0.5, 1.0] * 5) == (0.4375, pytest.approx(1.0), 11 / 21)
    assert beside(0.5, [0.0, 0.25]) == (0.125, None, 1 / 3), "no 95th percentile of two"
    assert beside(0.5, []) == (None, None, None)


# Many tests


def test_holm_by_hand():
    """In order: .005 × 4 = .02, .01 × 3 = .03, .03 × 2 = .06, and .04 × 1 may not be less than that."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_benjamini_hochberg_is_scipys():
    p = numpy.random.default_rng(1).random(50) ** 2
    assert benjamini_hochberg(p) == stats.false_discovery_control(p).tolist()
    assert benjamini_hochberg([0.01, 0.02, 0.03, 0.5]) == pytest.approx([0.04, 0.04, 0.04, 0.5])


# As text


@given(some.floats(-1e3, 1e3))
def test_a_number_is_written_with_a_minus_and_what_rounds_to_nothing_without(value):
    for text, scale, half in ((number(value, 3), 1, 0.0005), (percent(value).removesuffix("\u00a0%"), 100, 0.05)):
        read = float(text.replace("−", "-"))
        assert "-" not in text and ("−" in text) == (read < 0)
        assert abs(read - scale * value) <= half * (1 + 1e-6)
