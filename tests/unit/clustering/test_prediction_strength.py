"""Prediction strength, by hand and where the answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.clustering.prediction_strength import largest_above, pairs_kept, prediction_strength


def test_the_pairs_of_each_cluster_that_stay_together_are_counted():
    # Cluster 0 has 4 members, 6 pairs; the prediction parts them 3 and 1: 3 pairs stay. Cluster 1: its pair is parted.
    found = pairs_kept(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0]), 2)
    assert found.tolist() == [0.5, 0.0]


def test_two_clusters_that_the_prediction_merges_keep_all_their_pairs():
    assert pairs_kept(np.array([0, 0, 1, 1]), np.array([1, 1, 1, 1]), 2).tolist() == [1.0, 1.0]


def test_a_cluster_without_a_pair_has_nothing_to_be_parted():
    assert pairs_kept(np.array([0, 2, 2]), np.array([0, 1, 2]), 3).tolist() == [1.0, 1.0, 0.0]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30), st.permutations(range(4)))
def test_only_the_prediction_s_partition_counts_not_its_numbers(pairs, numbers):
    tested, predicted = np.array(pairs).T
    expected = [
        np.mean([a == b for i, a in enumerate(own) for b in own[i + 1 :]]) if len(own) > 1 else 1.0
        for own in (predicted[tested == cluster].tolist() for cluster in range(4))
    ]
    assert pairs_kept(tested, np.array(numbers)[predicted], 4) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("strength", "k"),
    [([1.0, 0.9, 0.85, 0.3], 3), ([1.0, 0.2, 0.81], 3), ([1.0, 0.8], 1), ([1.0, 0.79999], 1), ([1.0], 1)],
)
def test_the_largest_k_above_the_threshold_counts_even_beyond_a_weak_one(strength, k):
    assert largest_above(strength) == k


def test_another_threshold_may_be_asked_for():
    assert largest_above([1.0, 0.85, 0.6], 0.9) == 1


def clouds(*centres, n=40, seed=3):
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(centre, 1.0, size=(n, len(centre))) for centre in centres])


def test_three_clouds_far_apart_are_always_found_again_and_four_clusters_are_not():
    found = prediction_strength(clouds((0, 0), (30, 0), (15, 26)), 4, seed=1, splits=10)
    assert found.strength[0] == 1.0
    assert found.strength[2] == pytest.approx(1.0)
    assert found.strength[3] < 0.8
    assert found.k == 3


def test_a_single_cloud_is_one_cluster():
    found = prediction_strength(clouds((0, 0), n=150), 5, seed=1, splits=20)
    assert max(found.strength[1:]) < 0.8 and found.k == 1


def test_the_halves_of_a_long_cloud_are_found_again():
    # Why it needs a null: a single population, and two clusters by the rule.
    points = clouds((0, 0), n=4000) * [10, 1]
    assert prediction_strength(points, 2, seed=1, splits=5).k == 2


def test_the_worst_cluster_decides():
    # One cluster far away that is always found, and a cloud that is cut at random: as a mean the first would hide it.
    def halves(points, k, seed, weights=None):
        near = points[:, 0] < 50
        return np.where(near, np.arange(len(points)) % (k - 1), k - 1)

    points = clouds((0.0,), (100.0,), n=60)
    found = prediction_strength(points, 3, seed=1, splits=5, clusterer=halves)
    # Of the pairs of a half that was cut at random about half stay together on either side of any cut; the mean of
    # the three clusters would be 2/3.
    assert 0.45 < found.strength[2] < 0.55


def test_the_standard_error_is_that_of_the_mean_over_splits():
    points = clouds((0, 0), n=30)
    single = [prediction_strength(points, 2, seed=seed, splits=1).strength[1] for seed in range(40)]
    many = prediction_strength(points, 2, seed=99, splits=40)
    assert many.standard_error[0] == 0.0
    assert many.standard_error[1] == pytest.approx(np.std(single, ddof=1) / np.sqrt(40), rel=0.4)


def test_the_same_seed_gives_the_same_and_another_another():
    points = clouds((0, 0), (3, 0))
    one = prediction_strength(points, 3, seed=1, splits=4)
    assert prediction_strength(points, 3, seed=1, splits=4) == one
    assert prediction_strength(points, 3, seed=2, splits=4) != one


def test_clusters_that_are_not_found_at_all_count_nothing():
    # An odd number of points with two distinct values: three clusters cannot be.
    points = np.array([[0.0]] * 10 + [[1.0]] * 11)
    found = prediction_strength(points, 3, seed=1, splits=3)
    assert (found.strength, found.k) == ((1.0, 1.0, 0.0), 2)


@pytest.mark.parametrize("k_max", [0, 3])
def test_more_clusters_than_a_half_has_points_are_refused(k_max):
    with pytest.raises(ValueError, match=f"1 to 2, half of the number of points, not {k_max}"):
        prediction_strength(np.arange(5.0)[:, None], k_max, seed=1)
