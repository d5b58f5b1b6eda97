"""Runner-up, membership and margin, by hand and as invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.kernels.membership import by_distance, by_probability, distances, nearest_other, shares


def one(found):
    runner_up, membership, margin = found
    return int(runner_up[0]), pytest.approx(float(membership[0])), pytest.approx(float(margin[0]))


def test_distances_are_euclidean_to_every_centre():
    found = distances(np.array([[0.0, 0.0], [6.0, 8.0]]), np.array([[3.0, 4.0], [6.0, 0.0]]))
    # (0,0): sqrt(9+16) = 5 and 6; (6,8): sqrt(9+16) = 5 and 8
    assert found.tolist() == [[5.0, 6.0], [5.0, 8.0]]


def test_distances_between_far_and_near_points_lose_nothing():
    # |x - c| is 1 here; the expansion x² - 2xc + c² would lose it among 1e18.
    assert distances(np.array([[1e9 + 1]]), np.array([[1e9]])).tolist() == [[1.0]]


LN3 = np.log(3)  # squared distances so much apart, in temperatures, are 3 to 1


def test_membership_is_the_softmax_of_squared_distances_and_margin_the_simplified_silhouette():
    # 4 and 36 to the two, 81 to the third: with 32 / ln 3 as the temperature 3 to 1 and 3 ** (-45 / 32) to 1
    third = 3 ** (-45 / 32)
    found = by_distance(np.array([[9.0, 2.0, 6.0]]), np.array([1]), 32 / LN3)
    assert one(found) == (2, 3 / (3 + 1 + third), 2 / 3)


def test_a_point_between_two_centres_belongs_half_and_has_no_margin():
    assert one(by_distance(np.array([[3.0, 3.0]]), np.array([0]), 1.0)) == (1, 0.5, 0.0)


def test_a_lower_temperature_makes_firmer():
    # 0 and 1: 3 to 1, and at half the temperature 9 to 1
    found = [by_distance(np.array([[0.0, 1.0]]), np.array([0]), one / LN3)[1][0] for one in (1.0, 0.5)]
    assert found == pytest.approx([3 / 4, 9 / 10])


def test_the_farthest_points_belong_to_something():
    assert shares(np.array([[1e12, 2e12]]), 1e-3).tolist() == [[1.0, 0.0]]


def test_a_cluster_that_is_not_the_nearest_gives_a_negative_margin():
    # 16 and 1 squared: 1 to 3; margin (1 - 4) / 4
    assert one(by_distance(np.array([[4.0, 1.0]]), np.array([0]), 15 / LN3)) == (1, 0.25, -0.75)


def test_a_point_on_two_equal_centres_belongs_half():
    assert one(by_distance(np.array([[0.0, 0.0]]), np.array([0]), 1.0)) == (1, 0.5, 0.0)


def test_equally_near_runners_up_go_to_the_smaller_number():
    assert one(by_distance(np.array([[1.0, 2.0, 2.0]]), np.array([0]), 3 / LN3)) == (1, 3 / 5, 0.5)


def test_distances_given_are_left_as_they_are():
    apart = np.array([[1.0, 2.0]])
    by_distance(apart, np.array([0]), 1.0)
    assert apart.tolist() == [[1.0, 2.0]]


def test_of_posteriors_membership_is_the_own_and_margin_the_lead():
    assert one(by_probability(np.array([[0.1, 0.3, 0.6]]), np.array([2]))) == (1, 0.6, 0.3)


def test_of_a_certain_posterior_some_other_cluster_is_the_runner_up():
    assert one(by_probability(np.array([[0.0, 1.0]]), np.array([1]))) == (0, 1.0, 1.0)


apart_rows = st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=5)


@settings(deadline=None, derandomize=True)
@given(apart_rows, st.integers(0, 2))
def test_membership_stays_within_0_and_1_and_margin_within_minus_1_and_1(rows, cluster):
    runner_up, membership, margin = by_distance(np.array(rows), np.full(len(rows), cluster), 2.0)
    assert ((membership >= 0) & (membership <= 1) & (np.abs(margin) <= 1) & (runner_up != cluster)).all()


@settings(deadline=None, derandomize=True)
@given(apart_rows)
def test_the_margin_of_the_nearest_cluster_is_never_negative(rows):
    apart = np.array(rows)
    assert (nearest_other(apart, apart.argmin(axis=1))[1] >= 0).all()


@settings(deadline=None, derandomize=True)
@given(apart_rows, st.floats(1e-3, 1e3))
def test_shares_add_up_to_one_and_the_nearest_has_the_largest(rows, temperature):
    squared = np.array(rows)
    found = shares(squared, temperature)
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert (found[np.arange(len(rows)), squared.argmin(axis=1)] == found.max(axis=1)).all()
