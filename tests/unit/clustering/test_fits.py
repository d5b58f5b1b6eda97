"""Fits on a coreset, against scikit-learn on the same points."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans
from sklearn.mixture import GaussianMixture

from segspark.clustering.fits import bisected, first_splits, mixed, nearest_centres
from segspark.kernels.partitions import nearness


@pytest.fixture(scope="module")
def points():
    """Five groups of unequal sizes and spreads, in whole numbers."""
    random = np.random.default_rng(4)
    places = [(0, 0, 1, 300), (9, 1, 2, 200), (4, 12, 1, 150), (14, 13, 3, 100), (20, 2, 1, 50)]
    groups = [random.normal((x, y), spread, (n, 2)) for x, y, spread, n in places]
    return np.rint(np.concatenate(groups) * 1000)


def labels(tree, points):
    return tree.labels(points.T, nearness(points.T, tree.centres))


def cost(points, found):
    groups = [points[found == one] for one in np.unique(found)]
    return sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups)


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_splits_cost_no_more_than_those_of_scikit_learn(points, k):
    theirs = BisectingKMeans(k, n_init=10, random_state=1).fit(points).inertia_
    tree = bisected(points, np.ones(len(points)), k, restarts=10, seed=1, iterations=50)
    assert len(np.unique(labels(tree, points))) == k
    assert cost(points, labels(tree, points)) <= 1.001 * theirs


def test_a_tree_begins_with_the_smaller_trees(points):
    ones = np.ones(len(points))
    largest = bisected(points, ones, 7, restarts=3, seed=1, iterations=50)
    for k in range(1, 8):
        smaller = bisected(points, ones, k, restarts=3, seed=1, iterations=50)
        assert first_splits(largest, k).children == smaller.children
        assert first_splits(largest, k).centres.tolist() == smaller.centres.tolist()


def test_leaves_are_numbered_from_left_to_right(points):
    tree = bisected(points, np.ones(len(points)), 6, restarts=3, seed=1, iterations=50)

    def leaves(node):
        left, right = tree.children[node]
        return [-1 - left] if left < 0 else leaves(left) + leaves(right)

    assert leaves(0) == list(range(6))


def test_a_point_that_stands_for_several_counts_as_often(points):
    some = points[::10]
    times = np.arange(len(some)) % 3 + 1
    weighted = bisected(some, times.astype(float), 4, restarts=20, seed=1, iterations=50)
    repeated = bisected(np.repeat(some, times, axis=0), np.ones(times.sum()), 4, restarts=20, seed=1, iterations=50)
    assert sorted(weighted.centres.tolist()) == sorted(repeated.centres.tolist())


def test_no_more_leaves_than_different_points():
    three = np.repeat([[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]], 20, axis=0)
    tree = bisected(three, np.ones(60), 6, restarts=2, seed=1, iterations=10)
    assert sorted(tree.centres.tolist()) == [[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]]


def test_a_mixture_is_as_likely_as_scikit_learn_s(points):
    near, ones = points / 1000, np.ones(len(points))
    centres = nearest_centres(near, ones, 5, 5, 1, 50)
    found = mixed(near, ones, centres, 300, 1e-7)
    theirs = GaussianMixture(5, means_init=centres, max_iter=300, tol=1e-7, random_state=1).fit(near)
    ours = np.logaddexp.reduce(found.log_joint(near), axis=1).mean()
    # The prior, 4 customers to a component, costs some thousandths of a nat; it is what keeps covariances from zero.
    assert theirs.score(near) - 0.01 < ours <= theirs.score(near) + 1e-6
    assert sorted(found.shares) == pytest.approx(sorted(theirs.weights_), abs=0.005)
