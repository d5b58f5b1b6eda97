"""Silhouettes and their errors, against scikit-learn, published values and hand computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import pairwise_distances, silhouette_score

from segspark.clustering.silhouette import mean_silhouette, simplified_silhouettes

IRIS = load_iris().data


def test_simplified_silhouettes_by_hand():
    # a=1, b=4: 3/4, squared 15/16. a=3, b=2 (not at its nearest): -1/3, squared -5/9. Weights 3 and 1.
    apart, labels = np.array([[1.0, 4.0, 9.0], [2.0, 3.0, 8.0]]), np.array([0, 1])
    assert simplified_silhouettes(apart, labels) == pytest.approx(((3 / 4 - 1 / 3) / 2, (15 / 16 - 5 / 9) / 2))
    weighted = simplified_silhouettes(apart, labels, np.array([3.0, 1.0]))
    assert weighted == pytest.approx(((9 / 4 - 1 / 3) / 4, (45 / 16 - 5 / 9) / 4))


# scikit-learn 1.9.1 and many textbooks: 0.6810 for k=2, 0.5528 for k=3, both Euclidean; squared 0.8504 for k=2.
@pytest.mark.parametrize(("k", "power", "published"), [(2, 1, 0.6810), (3, 1, 0.5528), (2, 2, 0.8504)])
def test_iris_has_the_published_silhouettes(k, power, published):
    labels = KMeans(k, n_init=10, random_state=0).fit(IRIS).labels_
    assert mean_silhouette(pairwise_distances(IRIS) ** power, labels)[0] == pytest.approx(published, abs=5e-5)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 3)), min_size=3, max_size=30))
def test_on_any_data_and_labels_it_is_scikit_learn_s(rows):
    points, labels = np.array(rows)[:, :2].astype(float), np.array(rows)[:, 2] * 3
    apart = pairwise_distances(points)
    np.fill_diagonal(apart, 0.0)
    found = mean_silhouette(apart, labels)
    if 2 <= len(set(labels)) < len(labels):
        assert found[0] == pytest.approx(silhouette_score(apart, labels, metric="precomputed"), abs=1e-9)
        assert np.isfinite(found[1])
    else:
        assert found is None


def test_a_customer_alone_has_silhouette_zero():
    # Points 0, 1 | 10. Of 0: a = 1, b = 10, 9/10. Of 1: a = 1, b = 9, 8/9. Of 10, alone: 0 (Rousseeuw 1987).
    apart = np.abs(np.subtract.outer([0.0, 1.0, 10.0], [0.0, 1.0, 10.0]))
    assert mean_silhouette(apart, np.array([0, 0, 1]))[0] == pytest.approx((9 / 10 + 8 / 9) / 3)


@pytest.mark.parametrize("power", [1, 2])
def test_the_error_is_near_that_of_leaving_out_one_customer_after_the_other(power):
    # The delete-one jackknife (Quenouille, Tukey), which the infinitesimal one comes close to.
    points = np.concatenate([np.random.default_rng(0).normal(centre, 1.0, size=(60, 2)) for centre in (0, 2, 5)])
    apart, labels = pairwise_distances(points) ** power, np.repeat([0, 1, 2], 60)
    without = []
    for one in range(180):
        rows = np.delete(np.arange(180), one)
        without.append(silhouette_score(apart[np.ix_(rows, rows)], labels[rows], metric="precomputed"))
    jackknife = np.sqrt(179 / 180 * ((np.array(without) - np.mean(without)) ** 2).sum())
    assert mean_silhouette(apart, labels)[1] == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize("distance", [2.0, 6.0])
def test_the_error_is_what_samples_of_one_population_differ_by(distance):
    random = np.random.default_rng(0)
    points = random.normal(size=(6000, 2))
    points[3000:, 0] += distance
    labels = np.repeat([0, 1], 3000)
    found = []
    for _ in range(150):
        rows = random.choice(6000, 150, replace=False)
        found.append(mean_silhouette(pairwise_distances(points[rows]), labels[rows]))
    means, errors = np.array(found).T
    assert errors.mean() == pytest.approx(means.std(ddof=1), rel=0.15)  # 150 samples tell a deviation to 6%


def test_numbers_of_clusters_do_not_matter():
    labels = KMeans(3, n_init=3, random_state=0).fit(IRIS).labels_
    apart = pairwise_distances(IRIS)
    assert mean_silhouette(apart, labels) == pytest.approx(mean_silhouette(apart, np.array([9, 4, 7])[labels]))


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_without_two_clusters_or_with_only_singletons_there_is_none(labels):
    assert mean_silhouette(pairwise_distances([[0.0], [1.0], [10.0]]), np.array(labels)) is None
