"""Agreement of partitions, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from segspark.clustering.agreement import adjusted_rand, by_group, over_seeds

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=25)


def test_iris_in_three_clusters_agrees_with_the_species_as_published():
    # scikit-learn 1.9.1, k=3 against the species: 0.7302.
    iris = load_iris()
    found = KMeans(3, n_init=10, random_state=0).fit(iris.data).labels_
    assert adjusted_rand(found, iris.target) == pytest.approx(0.7302, abs=5e-5)


@settings(deadline=None, derandomize=True)
@given(ROWS)
def test_it_is_scikit_learn_s(rows):
    labels, others, _ = np.array(rows).T
    assert adjusted_rand(labels, others) == pytest.approx(adjusted_rand_score(labels, others), abs=1e-9)


@settings(deadline=None, derandomize=True)
@given(ROWS, st.permutations(range(4)))
def test_numbers_of_clusters_do_not_matter_and_weights_are_repeats(rows, numbers):
    labels, others, weights = np.array(rows).T
    repeated = adjusted_rand_score(np.repeat(labels, weights), np.repeat(others, weights))
    found = adjusted_rand(np.array(numbers)[labels], others, weights.astype(float))
    assert found == pytest.approx(repeated, abs=1e-9)


def seeded(points, k, seed, weights=None):
    """Puts the first points, as many as the seed says, into a cluster of their own."""
    return (np.arange(len(points)) >= seed).astype(np.int64)


def test_over_seeds_the_mean_and_the_smallest_of_all_pairs_are_given():
    # 2 | 2 twice: 1. With 1 | 3: pairs together in both 1, expected 2 * 3 / 6 = 1, so 0. Three pairs: 1, 0, 0.
    assert over_seeds(np.zeros((4, 1)), 2, [2, 2, 1], clusterer=seeded) == (pytest.approx(1 / 3), 0.0)


def test_over_seeds_weights_are_repeats():
    # 2 | 2 and 1 | 3 with 1, 1, 2, 1 customers: as {0,1} {2,2,3} and {0} {1,2,2,3}.
    expected = adjusted_rand_score([0, 0, 1, 1, 1], [0, 1, 1, 1, 1])
    found = over_seeds(np.zeros((4, 1)), 2, [2, 1], clusterer=seeded, weights=np.array([1.0, 1, 2, 1]))
    assert found == pytest.approx((expected, expected)) and expected != 0


def test_one_seed_cannot_be_compared():
    with pytest.raises(ValueError, match="at least two seeds"):
        over_seeds(np.zeros((4, 1)), 2, [1])


def test_a_group_that_is_cut_in_another_way_is_seen():
    # Both groups at the four corners of a rectangle, one wide and one high.
    random = np.random.default_rng(1)
    corners = np.repeat(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), 10, axis=0)
    wide, high = corners * [20, 4], corners * [4, 20]
    points = np.concatenate([wide, high]) + random.normal(scale=0.1, size=(80, 2))
    across = (points[:, 0] > 2).astype(np.int64)
    found = by_group(points, across, ["wide"] * 40 + ["high"] * 40, 2, seed=1)
    assert found["wide"] == 1.0
    assert found["high"] == pytest.approx(0.0, abs=0.1)


def test_groups_may_be_numbers_or_unknown_and_a_small_one_is_not_judged():
    points = np.tile(np.array([[0.0], [9.0]]), (25, 1))
    found = by_group(points, np.tile([0, 1], 25), [2020] * 20 + [None] * 20 + [2021] * 10, 2, seed=1)
    assert found == {2020: 1.0, 2021: None, None: 1.0}


def test_a_group_s_weights_go_with_it():
    seen = []

    def counting(points, k, seed, weights=None):
        seen.append(weights.tolist())
        return seeded(points, k, 2)

    weights = np.array([1.0, 2.0] * 10)
    by_group(np.zeros((20, 1)), np.zeros(20, int), ["a", "b"] * 10, 1, seed=1, clusterer=counting, weights=weights)
    assert seen == [[1.0] * 10, [2.0] * 10]
