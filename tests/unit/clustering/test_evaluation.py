"""Silhouettes, against hand computation and published values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris

from segspark.clustering.candidates import Candidate
from segspark.clustering.evaluation import Distances, Evaluation, silhouettes

IRIS = load_iris()


@pytest.fixture(scope="module")
def iris_distances():
    return Distances.between(IRIS.data)


def both(distances, clusters):
    found = silhouettes(distances, np.array(clusters))
    return found["silhouette_euclidean"], found["silhouette_squared_euclidean"]


def labels(k):
    return KMeans(k, n_init=10, random_state=0).fit(IRIS.data).labels_


def test_a_singleton_s_silhouette_is_zero():
    # Points 0, 1 | 10. Of 0: a = 1, b = 10, 9/10. Of 1: a = 1, b = 9, 8/9. Of 10, alone: 0 (Rousseeuw 1987).
    # Squared: 0: (100 - 1)/100; 1: (81 - 1)/81.
    euclidean, squared = both(Distances.between(np.array([[0.0], [1.0], [10.0]])), [0, 0, 1])
    assert euclidean == pytest.approx((9 / 10 + 8 / 9 + 0) / 3)
    assert squared == pytest.approx((99 / 100 + 80 / 81 + 0) / 3)


@pytest.mark.parametrize("clusters", [[0, 0, 0], [0, 1, 2]])
def test_without_two_clusters_or_with_only_singletons_there_is_none(clusters):
    assert both(Distances.between(np.array([[0.0], [1.0], [10.0]])), clusters) == (None, None)


def test_cluster_numbers_need_not_be_consecutive():
    distances = Distances.between(np.array([[0.0], [1.0], [10.0], [11.0]]))
    assert both(distances, [7, 7, 2, 2]) == both(distances, [0, 0, 1, 1])


def test_iris_in_two_and_three_clusters_has_the_published_silhouettes(iris_distances):
    # scikit-learn's documentation and many textbooks: 0.6810 for k=2, 0.5528 for k=3.
    assert both(iris_distances, labels(2))[0] == pytest.approx(0.6810, abs=5e-5)
    assert both(iris_distances, labels(3))[0] == pytest.approx(0.5528, abs=5e-5)


def test_iris_by_species_has_the_silhouette_of_spark_s_own_tests():
    # Spark's ClusteringEvaluatorSuite: 0.6564679231, on the UCI copy of the data, which differs from Fisher's in
    # two flowers.
    uci = IRIS.data.copy()
    uci[34], uci[37] = (4.9, 3.1, 1.5, 0.1), (4.9, 3.1, 1.5, 0.1)
    assert both(Distances.between(uci), IRIS.target)[1] == pytest.approx(0.6564679231, abs=1e-9)


def test_iris_in_two_clusters_has_the_known_squared_silhouette(iris_distances):
    assert both(iris_distances, labels(2))[1] == pytest.approx(0.8504, abs=5e-5)


def sized(*sizes):
    return Evaluation(Candidate("kmeans", len(sizes), 1), 0.0, sizes, None, None, None)


def test_an_empty_cluster_is_not_counted_and_makes_the_smallest_share_zero():
    assert (sized(5, 0, 15).clusters, sized(5, 0, 15).smallest_share) == (2, 0.0)


def test_the_smallest_share_is_of_all_members():
    assert sized(5, 15).smallest_share == 0.25
