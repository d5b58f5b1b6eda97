"""Ties taken apart, single populations with given margins, and the test of independence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segspark.clustering.dependence import dependence
from segspark.clustering.nullmodel import single_population, unimodal
from segspark.clustering.ties import continuous


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_values_without_ties_are_only_scaled(rng):
    values = rng.normal(5, 3, size=200)
    assert continuous(values, rng).values == pytest.approx(values / values.std())


def test_larger_counts_keep_their_order_and_lose_their_ties(rng):
    counts = rng.poisson(400, size=2000).astype(float)
    found = continuous(counts, rng)
    assert found.blocks is None
    assert len(np.unique(found.values)) == 2000
    order = np.argsort(found.values)
    assert (np.diff(counts[order]) >= 0).all()


def test_a_mass_at_zero_becomes_normal_scores_with_its_share_as_a_block(rng):
    values = np.append(np.zeros(300), rng.uniform(0.4, 0.6, size=700))
    found = continuous(values, rng)
    assert found.blocks[:2] == pytest.approx([0, 0.3])
    assert stats.kstest(found.values, "norm").pvalue > 0.99  # scores, not a sample
    assert found.values[:300].max() < found.values[300:].min()


def test_what_was_winsorised_gets_a_tail_again(rng):
    values = rng.normal(size=5000)
    low, high = np.quantile(values, [0.01, 0.99])
    found = continuous(np.clip(values, low, high), rng).values
    assert len(np.unique(found)) == 5000
    scale = found.std() / values.std()  # the tails are exponential, not normal: the same only roughly
    assert np.quantile(found, 0.998) == pytest.approx(np.quantile(values, 0.998) * scale, rel=0.2)


def test_two_modes_become_one(rng):
    two = np.append(rng.normal(-3, 1, size=1000), rng.normal(3, 1, size=1000))
    edges, below = unimodal(two)
    density = np.diff(below)
    assert (np.diff(np.sign(np.diff(density[density > 1e-4 * density.max()]))) < 0).sum() == 1
    middle = np.interp([-0.5, 0.5], edges, below)
    assert middle[1] - middle[0] > 0.05  # of the customers themselves, 0.6%


def test_one_mode_stays_what_it_is(rng):
    values = rng.exponential(size=4000)
    edges, below = unimodal(values)
    for quantile in (0.1, 0.5, 0.9):
        assert np.interp(quantile, below, edges) == pytest.approx(np.quantile(values, quantile), abs=0.12)


def test_correlations_are_passed_on(rng):
    points = rng.multivariate_normal([0, 0, 0], [[1, 0.7, 0], [0.7, 1, -0.4], [0, -0.4, 1]], size=4000)
    drawn = single_population([continuous(column, rng) for column in points.T]).draw(8000, rng)
    assert np.corrcoef(drawn.T)[np.triu_indices(3, 1)] == pytest.approx([0.7, 0, -0.4], abs=0.05)


def test_customers_who_have_zero_in_two_features_are_as_many_as_there_were(rng):
    scores = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=8000)
    values = np.where(scores < -0.25, 0.0, scores + 5)  # 40% zeros
    both = ((values == 0).all(axis=1)).mean()
    features = [continuous(column, rng) for column in values.T]
    drawn = single_population(features).draw(8000, rng)
    bounds = [stats.norm.ppf(one.blocks[1]) for one in features]
    assert both > 0.24  # not what independence would give, 16%
    assert (drawn < bounds).all(axis=1).mean() == pytest.approx(both, abs=0.025)


def test_features_that_are_one_and_the_same_are_drawn(rng):
    column = continuous(rng.normal(size=300), rng)
    drawn = single_population([column, column]).draw(100, rng)
    assert np.isfinite(drawn).all()
    assert np.corrcoef(drawn.T)[0, 1] > 0.99


def test_independent_features_are_rejected_as_often_as_the_test_says(rng):
    p_values = np.array([dependence(rng.gamma(1.0, size=(60, 3)), seed, 39)[1] for seed in range(300)])
    assert stats.binomtest(int((p_values <= 0.1).sum()), 300, 0.1).pvalue > 0.01


def test_counts_with_many_zeros_that_are_independent_are_not_rejected(rng):
    assert dependence(rng.poisson(0.5, size=(500, 4)).astype(float), seed=1)[1] > 0.01


def test_features_that_only_spread_together_are_dependent(rng):
    lengths = np.sqrt(rng.chisquare(4, size=(1000, 1)) / 4)
    points = rng.normal(size=(1000, 2)) / lengths
    assert abs(stats.spearmanr(points).statistic) < 0.1
    assert dependence(points, seed=1)[1] == 0.005


def test_a_constant_depends_on_nothing(rng):
    points = np.stack([np.ones(200), rng.normal(size=200)], axis=1)
    assert dependence(points, seed=1)[1] == 1.0
