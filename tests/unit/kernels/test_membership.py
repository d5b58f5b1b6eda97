"""Runner-up, membership and margin, by hand and as invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.kernels.membership import by_distance, by_probability, distances


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


def test_membership_is_the_share_of_nearness_and_margin_the_simplified_silhouette():
    # a = 2, b = 6: membership 6 / 8, margin (6 - 2) / 6
    assert one(by_distance(np.array([[9.0, 2.0, 6.0]]), np.array([1]))) == (2, 0.75, 2 / 3)


def test_a_point_between_two_centres_belongs_half_and_has_no_margin():
    assert one(by_distance(np.array([[3.0, 3.0]]), np.array([0]))) == (1, 0.5, 0.0)


def test_a_point_on_its_centre_belongs_wholly():
    assert one(by_distance(np.array([[0.0, 4.0]]), np.array([0]))) == (1, 1.0, 1.0)


def test_a_cluster_that_is_not_the_nearest_gives_a_negative_margin():
    # a = 4, b = 1: membership 1 / 5, margin (1 - 4) / 4
    assert one(by_distance(np.array([[4.0, 1.0]]), np.array([0]))) == (1, 0.2, -0.75)


def test_a_point_on_two_equal_centres_belongs_half():
    assert one(by_distance(np.array([[0.0, 0.0]]), np.array([0]))) == (1, 0.5, 0.0)


def test_equally_near_runners_up_go_to_the_smaller_number():
    assert one(by_distance(np.array([[1.0, 2.0, 2.0]]), np.array([0]))) == (1, 2 / 3, 0.5)


def test_distances_given_are_left_as_they_are():
    apart = np.array([[1.0, 2.0]])
    by_distance(apart, np.array([0]))
    assert apart.tolist() == [[1.0, 2.0]]


def test_of_posteriors_membership_is_the_own_and_margin_the_lead():
    assert one(by_probability(np.array([[0.1, 0.3, 0.6]]), np.array([2]))) == (1, 0.6, 0.3)


def test_of_a_certain_posterior_some_other_cluster_is_the_runner_up():
    assert one(by_probability(np.array([[0.0, 1.0]]), np.array([1]))) == (0, 1.0, 1.0)


apart_rows = st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=5)


@settings(deadline=None, derandomize=True)
@given(apart_rows, st.integers(0, 2))
def test_membership_stays_within_0_and_1_and_margin_within_minus_1_and_1(rows, cluster):
    runner_up, membership, margin = by_distance(np.array(rows), np.full(len(rows), cluster))
    assert ((membership >= 0) & (membership <= 1) & (np.abs(margin) <= 1) & (runner_up != cluster)).all()


@settings(deadline=None, derandomize=True)
@given(apart_rows)
def test_the_margin_of_the_nearest_cluster_is_never_negative(rows):
    apart = np.array(rows)
    _, membership, margin = by_distance(apart, apart.argmin(axis=1))
    assert (margin >= 0).all()
    assert (membership >= 0.5).all()
