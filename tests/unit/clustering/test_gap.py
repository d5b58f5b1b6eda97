"""The gap statistic and its rules, by hand and against what is known of uniform data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.clustering.gap import (
    first_max,
    gap_of,
    gap_statistic,
    global_max,
    smallest_within_one_error,
    uniform_references,
    within_one_error_of_max,
)

# R, cluster::maxSE, examples of its manual.
MANUAL = [2, 3, 5, 4, 7, 8, 5, 4]


def test_first_max_and_global_max_of_r_s_manual():
    assert (first_max(MANUAL), global_max(MANUAL)) == (3, 6)


@pytest.mark.parametrize(("values", "k"), [([1, 1, 2], 1), ([1, 2, 3], 3), ([4], 1), ([2, 1, 5], 1)])
def test_the_first_maximum_is_where_the_next_does_not_exceed_it(values, k):
    assert first_max(values) == k


def test_of_equal_largest_values_the_smallest_k_counts():
    assert global_max([1, 3, 2, 3]) == 2


@pytest.mark.parametrize(
    ("errors", "k"),
    [
        ([9, 0, 0, 0], 3),  # 1 < 2 - 0, 2 < 4 - 0, 4 >= 4 - 0; the error of k = 1 plays no part
        ([0, 1, 0, 0], 1),  # 1 >= 2 - 1
        ([0, 0.9, 2, 0], 2),  # 1 < 2 - 0.9, 2 >= 4 - 2
    ],
)
def test_the_rule_takes_the_error_of_the_following_k(errors, k):
    assert smallest_within_one_error([1, 2, 4, 4], errors) == k


@pytest.mark.parametrize(("error", "k"), [(0, 6), (1, 5), (3, 3), (5, 2), (6, 1)])
def test_within_one_error_of_the_largest_the_smallest_k_counts(error, k):
    # The largest is 8 at k = 6; errors of other k play no part.
    assert within_one_error_of_max(MANUAL, [9, 9, 9, 9, 9, error, 9, 9]) == k


def test_where_the_gap_rises_to_the_end_the_largest_k_is_taken():
    assert smallest_within_one_error([1, 2, 3], [0, 0.5, 0.5]) == 3


def test_gap_and_standard_error_by_hand():
    # k=1: 5 and 7 simulated, mean 6, sd 1. k=2: 1 and 2, mean 1.5, sd 0.5. Both times sqrt(1 + 1/2).
    found = gap_of(np.array([4.0, 1.0]), np.array([[5.0, 1.0], [7.0, 2.0]]))
    assert found.expected == (6.0, 1.5)
    assert found.gap == (2.0, 0.5)
    assert found.standard_error == pytest.approx((1.5**0.5, 0.5 * 1.5**0.5))
    assert found.k == 1


def test_distances_are_squared():
    # One cluster: mean 5.5, deviations 5.5, 4.5, 4.5, 5.5, squares 101. Two: four halves, squares 1.
    found = gap_statistic(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, seed=1, references=2)
    assert found.log_within == pytest.approx((np.log(101), 0.0))


def test_on_a_uniform_line_k_clusters_leave_a_kth_squared_of_the_sum():
    # Of n points uniform on (0, 1), W is n/12; k equal parts leave n / (12 k²).
    points = np.linspace(0, 1, 400)[:, None]
    found = gap_statistic(points, 3, seed=1, references=10)
    assert found.expected[0] == pytest.approx(np.log(400 / 12), abs=0.1)
    assert np.diff(found.expected) == pytest.approx([-np.log(4), -np.log(9 / 4)], abs=0.1)


def normal(*centres, n=60, seed=3):
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(centre, 1.0, size=(n, len(centre))) for centre in centres])


def test_a_single_normal_cloud_is_one_cluster():
    assert gap_statistic(normal((0, 0, 0), n=200), 5, seed=1, references=20).k == 1


def test_four_clouds_far_apart_are_four_clusters():
    points = normal((0, 0), (12, 0), (0, 12), (12, 12))
    assert gap_statistic(points, 6, seed=1, references=20).k == 4


def test_three_clouds_at_a_triangle_s_corners_are_found_by_the_maximum_though_the_paper_s_rule_stops_before():
    corners = np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
    points = np.concatenate([corners + np.array([step, -step]) for step in np.linspace(-0.5, 0.5, 40)])
    found = gap_statistic(points, 3, seed=1, references=20)
    assert found.k == 1
    assert within_one_error_of_max(found.gap, found.standard_error) == 3


def test_a_long_tilted_cloud_is_one_cluster_as_the_box_is_tilted_with_it():
    # Along the axes of the coordinates the box would be a square, mostly empty, and the cloud would look clustered.
    along = np.random.default_rng(5).uniform(-50, 50, size=200)
    points = along[:, None] * np.array([1.0, 1.0]) + np.random.default_rng(6).normal(size=(200, 2))
    assert gap_statistic(points, 4, seed=1, references=20).k == 1


def test_references_fill_the_box_of_the_principal_axes():
    # The points lie on the diagonal through (1, 3): so do all references, between the two ends.
    points = np.array([[1.0, 3.0], [2.0, 4.0], [5.0, 7.0], [3.0, 5.0]])
    for reference in uniform_references(points, 3, seed=2):
        assert reference.shape == points.shape
        assert reference[:, 1] - reference[:, 0] == pytest.approx(2.0)
        assert (reference[:, 0] >= 1 - 1e-9).all() and (reference[:, 0] <= 5 + 1e-9).all()


def test_the_same_seed_gives_the_same_and_another_another():
    points = normal((0, 0), (4, 0))
    one = gap_statistic(points, 3, seed=1, references=4)
    assert gap_statistic(points, 3, seed=1, references=4) == one
    assert gap_statistic(points, 3, seed=2, references=4) != one


def test_the_given_clusterer_is_the_one_that_clusters():
    def alternating(points, k, seed, weights=None):
        return np.arange(len(points)) % k

    # 0, 10 | 1, 11 as two clusters: each 50.
    found = gap_statistic(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, seed=1, references=2, clusterer=alternating)
    assert found.log_within == pytest.approx((np.log(101), np.log(100)))


def test_as_many_clusters_as_distinct_points_explain_everything():
    points = np.repeat(np.array([[0.0], [5.0]]), 10, axis=0)
    found = gap_statistic(points, 3, seed=1, references=3)
    assert found.gap[1] == np.inf and found.k == 2


@pytest.mark.parametrize("points", [np.ones((5, 2)), np.zeros((1, 1))])
def test_points_that_are_all_the_same_are_refused(points):
    with pytest.raises(ValueError, match=f"all {len(points)} points are the same"):
        gap_statistic(points, 1, seed=1)


@pytest.mark.parametrize("k_max", [0, 4])
def test_more_clusters_than_points_are_refused(k_max):
    with pytest.raises(ValueError, match=f"1 to 3, the number of points, not {k_max}"):
        gap_statistic(np.array([[0.0], [1.0], [2.0]]), k_max, seed=1)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=8),
    st.integers(1, 50),
    st.integers(-100, 100),
)
def test_the_rule_asks_only_for_differences_in_units_of_the_error(values, factor, shift):
    errors = [abs(value) % 7 for value in values]
    moved = [value * factor + shift for value in values]
    assert smallest_within_one_error(values, errors) == smallest_within_one_error(moved, [e * factor for e in errors])
