"""Fits that owe nothing to a candidate: groups that were made are found, and odd points break nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segspark.clustering.labelling import anew
from segspark.config.model import Clustering, Search

ALGORITHMS = ["kmeans", "bisecting", "gmm"]


def clusterer(algorithm):
    return anew(algorithm, Clustering(), Search())


def clouds(n=80):
    """Three, in whole numbers of steps."""
    random = np.random.default_rng(3)
    centres = np.repeat([[0, 0], [9_000, 0], [0, 9_000]], n, axis=0)
    return np.rint(centres + random.normal(0, 800, size=(3 * n, 2))), np.repeat([0, 1, 2], n)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_three_clouds_are_found_and_the_points_left_as_they_were(algorithm):
    points, truth = clouds()
    before = points.copy()
    assert adjusted_rand_score(truth, clusterer(algorithm)(points, 3, seed=1)) == 1.0
    assert (points == before).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_input_that_does_not_vary_changes_nothing(algorithm):
    points, _ = clouds()
    wider = np.column_stack([points, np.full(len(points), 7.0)])
    assert (clusterer(algorithm)(points, 3, seed=1) == clusterer(algorithm)(wider, 3, seed=1)).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("values", "clusters"), [([5.0], 1), ([0.0, 90.0], 2)])
def test_of_fewer_different_points_than_clusters_each_is_one(algorithm, values, clusters):
    points = np.repeat(np.array(values), 20)[:, None]
    found = clusterer(algorithm)(points, 3, seed=1)
    assert len(set(found)) == clusters
    assert adjusted_rand_score(points[:, 0], found) == 1.0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_seed_alone_decides(algorithm):
    points = np.rint(np.random.default_rng(5).normal(0, 1_000, size=(300, 4)))
    one = clusterer(algorithm)(points, 5, seed=1)
    assert (clusterer(algorithm)(points, 5, seed=1) == one).all()
    assert any(adjusted_rand_score(one, clusterer(algorithm)(points, 5, seed=seed)) < 1 for seed in range(2, 7))
