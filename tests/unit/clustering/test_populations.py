"""The generator that calibrates the structure guard, against what it says of its sets."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.populations import FAMILIES, REPORTING, TUNING, Cluster, bayes_overlap, external, mixture, single


def by_scipy(cluster, points):
    """The density as SciPy has it; of skewed clusters, by hand from the gamma's."""
    covariance = cluster.axes @ cluster.axes.T
    if cluster.shape == "normal":
        return stats.multivariate_normal(cluster.centre, covariance).pdf(points)
    if cluster.shape == "heavy-tailed":
        return stats.multivariate_t(cluster.centre, covariance, df=8).pdf(points)
    z = (points - cluster.centre) @ np.linalg.inv(cluster.axes).T
    margins = stats.gamma(4, loc=-2, scale=0.5).pdf(z)  # of mean 0 and variance 1
    return margins.prod(axis=1) / abs(np.linalg.det(cluster.axes))


def test_the_best_rule_misclassifies_at_most_one_percent_of_the_customers_of_mixtures():
    wrong = total = 0
    for seed in range(12):
        one = mixture(seed)
        densities = np.stack([c.share * by_scipy(c, one.points) for c in one.clusters], axis=1)
        wrong += int((densities.argmax(axis=1) != one.labels).sum())
        total += len(one.labels)
    assert total > 10_000
    # Not one set's estimate, but the customers themselves: a binomial count of mean at most 1%.
    assert stats.binomtest(wrong, total, 0.01, alternative="greater").pvalue > 0.01
    assert wrong > 0  # and the sets are not trivially far apart


def test_two_normal_clusters_overlap_by_the_closed_form():
    # Equal shares and spreads, Mahalanobis distance 3: each loses the normal tail beyond 1.5.
    axes = np.array([[2.0, 0.0], [1.0, 1.0]])
    pair = tuple(Cluster(0.5, axes @ np.array([x, 0.0]), axes, "normal") for x in (0.0, 3.0))
    overlap, error = bayes_overlap(pair, np.random.default_rng(5), draws=40_000)
    assert overlap == pytest.approx(stats.norm.cdf(-1.5), abs=4 * error)
    assert error < 0.001


@pytest.mark.parametrize("shape", ["normal", "heavy-tailed", "skewed"])
def test_densities_are_those_of_scipy(shape):
    axes = np.array([[1.0, 0.3], [0.0, 2.0]])
    points = np.array([[0.5, 1.0], [2.0, 3.0], [1.0, 0.0]])
    cluster = Cluster(1.0, np.array([1.0, 1.0]), axes, shape)
    assert np.exp(cluster.log_density(points)) == pytest.approx(by_scipy(cluster, points))


def test_shares_sizes_and_dimensions_are_as_declared():
    sets = [mixture(seed) for seed in range(20)]
    assert all(min(c.share for c in one.clusters) >= 0.05 for one in sets)
    assert all(sum(c.share for c in one.clusters) == pytest.approx(1.0) for one in sets)
    assert all(500 <= one.points.shape[0] <= 2000 and 2 <= one.points.shape[1] <= 10 for one in sets)
    assert {one.k for one in sets} >= {2, 3, 5, 8}


def test_features_of_a_family_hang_together_only_where_it_says_so():
    # The smallest p-value of rank correlations over the pairs of features, times the number of pairs (Bonferroni).
    rejected = {True: [], False: []}
    for seed in range(4 * len(FAMILIES)):
        one = single(seed)
        p = one.points.shape[1]
        pvalues = np.atleast_2d(stats.spearmanr(one.points).pvalue)
        smallest = pvalues.min() if p == 2 else pvalues[np.triu_indices(p, 1)].min()
        rejected[one.dependent].append(smallest * p * (p - 1) / 2 < 0.001)
    assert not any(rejected[False])
    assert np.mean(rejected[True]) > 0.8


def test_every_value_is_a_number():
    assert all(np.isfinite(single(seed).points).all() for seed in range(2 * len(FAMILIES)))
    assert all(np.isfinite(mixture(seed).points).all() for seed in range(4))


def test_a_seed_gives_the_same_set_and_another_seed_another():
    assert (mixture(5).points == mixture(5).points).all()
    assert mixture(5).points.shape != mixture(9).points.shape or (mixture(5).points != mixture(9).points).any()


def test_seeds_for_tuning_are_not_those_for_reporting():
    assert not set(TUNING) & set(REPORTING)


def test_external_variables_differ_between_seeds():
    first, second = (dict(external(seed, 50)) for seed in (1, 2))
    assert all((first[kind] != second[kind]).any() for kind in first)
