"""Cluster indices, against scikit-learn, published values and hand computation."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
)
from sklearn.mixture import GaussianMixture

from segspark.clustering.clusterers import centroids
from segspark.clustering.indices import (
    ClusterSums,
    calinski_harabasz,
    cost,
    davies_bouldin,
    mixture_bic,
    total_ss,
    within_ss,
)

IRIS = load_iris().data
# scikit-learn 1.9.1 on unscaled iris: within SS, Calinski-Harabasz, Davies-Bouldin.
PUBLISHED = [(2, 152.348, 513.925, 0.4043), (3, 78.8514, 561.628, 0.6620)]


def sums_of(points, labels, k, weights=None):
    return ClusterSums.of(points, labels, centroids(points, labels, k, weights), weights)


@pytest.mark.parametrize(("k", "within", "ratio", "likeness"), PUBLISHED)
def test_iris_has_the_published_indices(k, within, ratio, likeness):
    labels = KMeans(k, n_init=10, random_state=0).fit(IRIS).labels_
    sums = sums_of(IRIS, labels, k)
    assert within_ss(sums) == pytest.approx(within, abs=5e-4)
    assert calinski_harabasz(sums) == pytest.approx(ratio, abs=5e-4)
    assert davies_bouldin(sums) == pytest.approx(likeness, abs=5e-5)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 5), st.floats(-100, 100))
def test_on_any_data_and_labels_they_are_scikit_learn_s_within_1e_9(seed, k, dimensions, shift):
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), random.integers(k, size=40)])
    points = random.normal(size=(len(labels), dimensions)) + labels[:, None] * 0.5 + shift
    sums = sums_of(points, labels, k)
    assert calinski_harabasz(sums) == pytest.approx(calinski_harabasz_score(points, labels), rel=1e-9)
    assert davies_bouldin(sums) == pytest.approx(davies_bouldin_score(points, labels), rel=1e-9)
    assert total_ss(sums) == pytest.approx(((points - points.mean(axis=0)) ** 2).sum(), rel=1e-9)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 2), st.integers(1, 4)), min_size=3))
def test_weights_are_repeats(rows):
    points, labels, weights = np.array(rows)[:, :2].astype(float), np.array(rows)[:, 2], np.array(rows)[:, 3]
    centres = np.array([[0.0, 1.0], [2.0, 2.0], [5.0, 0.0]])
    weighted = ClusterSums.of(points, labels, centres, weights.astype(float))
    repeated = ClusterSums.of(np.repeat(points, weights, axis=0), np.repeat(labels, weights), centres)
    assert within_ss(weighted) == pytest.approx(within_ss(repeated))
    assert cost(weighted, centres) == pytest.approx(cost(repeated, centres))
    assert calinski_harabasz(weighted) == pytest.approx(calinski_harabasz(repeated))
    assert davies_bouldin(weighted) == pytest.approx(davies_bouldin(repeated))


def test_sums_of_two_parts_add_up_to_those_of_the_whole():
    labels = np.arange(150) % 3
    centres = centroids(IRIS, labels, 3)
    one, other = (ClusterSums.of(IRIS[part], labels[part], centres) for part in (slice(60), slice(60, None)))
    assert davies_bouldin(one + other) == pytest.approx(davies_bouldin_score(IRIS, labels), rel=1e-9)
    assert calinski_harabasz(one + other) == pytest.approx(calinski_harabasz_score(IRIS, labels), rel=1e-9)


def test_the_order_of_the_clusters_does_not_matter():
    labels = KMeans(3, n_init=3, random_state=0).fit(IRIS).labels_
    one, other = sums_of(IRIS, labels, 3), sums_of(IRIS, np.array([2, 0, 1])[labels], 3)
    for index in (within_ss, calinski_harabasz, davies_bouldin):
        assert index(one) == pytest.approx(index(other), rel=1e-12)


def test_an_empty_cluster_counts_nowhere():
    labels = np.repeat([0, 2], 75)
    sums = ClusterSums.of(IRIS, labels, np.nan_to_num(centroids(IRIS, labels, 3), nan=1e6))
    assert calinski_harabasz(sums) == pytest.approx(calinski_harabasz_score(IRIS, labels), rel=1e-9)
    assert davies_bouldin(sums) == pytest.approx(davies_bouldin_score(IRIS, labels), rel=1e-9)


def test_cost_is_measured_from_the_given_centres():
    # (1,0) and (3,0) from (0,0): 1 + 9; (5,5) from (5,4): 1.
    points, centres = np.array([[1.0, 0.0], [3.0, 0.0], [5.0, 5.0]]), np.array([[0.0, 0.0], [5.0, 4.0]])
    sums = ClusterSums.of(points, np.array([0, 0, 1]), centres)
    assert cost(sums, centres) == pytest.approx(11.0)
    assert within_ss(sums) == pytest.approx(2.0)


def test_one_cluster_has_no_index_that_compares_clusters():
    sums = sums_of(IRIS, np.zeros(150, int), 1)
    assert (calinski_harabasz(sums), davies_bouldin(sums)) == (None, None)


def test_as_many_clusters_as_customers_have_no_variance_ratio():
    points = np.array([[0.0], [1.0], [5.0]])
    assert calinski_harabasz(sums_of(points, np.arange(3), 3)) is None


def test_customers_at_their_means_and_equal_means_are_the_two_ends():
    tight = sums_of(np.array([[1.0], [1.0], [4.0], [4.0]]), np.array([0, 0, 1, 1]), 2)
    assert (calinski_harabasz(tight), davies_bouldin(tight)) == (inf, 0.0)
    same = sums_of(np.array([[0.0], [2.0], [0.0], [2.0]]), np.array([0, 0, 1, 1]), 2)
    assert (calinski_harabasz(same), davies_bouldin(same)) == (0.0, inf)


# Full-covariance mixtures on iris, R mclust's VVV and scikit-learn: 829.978, 574.018, 580.839 (the smaller the better).
@pytest.mark.parametrize(("k", "published"), [(1, 829.978), (2, 574.018), (3, 580.839)])
def test_iris_mixtures_reach_the_published_bic(k, published):
    fitted = GaussianMixture(k, n_init=5, random_state=0, tol=1e-6, max_iter=500).fit(IRIS)
    assert mixture_bic(fitted.score(IRIS) * 150, 150, k, 4) <= published + 0.01


def test_a_single_normal_s_bic_follows_from_its_covariance():
    # ln L = -n/2 (d ln 2π + ln |S| + d) with the maximum-likelihood covariance S; 4 means and 10 covariances.
    _, log_determinant = np.linalg.slogdet(np.cov(IRIS.T, ddof=0))
    log_likelihood = -75 * (4 * np.log(2 * np.pi) + log_determinant + 4)
    assert mixture_bic(log_likelihood, 150, 1, 4) == pytest.approx(829.978, abs=5e-4)
    assert mixture_bic(log_likelihood, 150, 1, 4) == pytest.approx(14 * np.log(150) - 2 * log_likelihood)
