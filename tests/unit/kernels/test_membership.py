"""Runner-up, membership and margin, by hand and as invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.kernels.membership import distances, nearest_other, shares


def test_distances_are_euclidean_to_every_centre():
    found = distances(np.array([[0.0, 0.0], [6.0, 8.0]]), np.array([[3.0, 4.0], [6.0, 0.0]]))
    # (0,0): sqrt(9+16) = 5 and 6; (6,8): sqrt(9+16) = 5 and 8
    assert found.tolist() == [[5.0, 6.0], [5.0, 8.0]]


def test_distances_between_far_and_near_points_lose_nothing():
    # |x - c| is 1 here; the expansion x² - 2xc + c² would lose it among 1e18.
    assert distances(np.array([[1e9 + 1]]), np.array([[1e9]])).tolist() == [[1.0]]


def test_the_farthest_points_belong_to_something():
    assert shares(np.array([[1e12, 2e12]]), 1e-3).tolist() == [[1.0, 0.0]]


def test_the_margin_is_the_simplified_silhouette():
    # 2 to the own, 6 and 9 to the others: (6 - 2) / 6
    assert nearest_other(np.array([[9.0, 2.0, 6.0]]), np.array([1])) == (2, pytest.approx(2 / 3))


def test_a_cluster_that_is_not_the_nearest_gives_a_negative_margin():
    assert nearest_other(np.array([[4.0, 1.0]]), np.array([0])) == (1, -0.75)


def test_on_two_equal_centres_there_is_no_margin():
    assert nearest_other(np.array([[0.0, 0.0]]), np.array([0])) == (1, 0.0)


def test_equally_near_runners_up_go_to_the_smaller_number():
    assert nearest_other(np.array([[1.0, 2.0, 2.0]]), np.array([0])) == (1, 0.5)


def test_distances_given_are_left_as_they_are():
    apart = np.array([[1.0, 2.0]])
    nearest_other(apart, np.array([0]))
    assert apart.tolist() == [[1.0, 2.0]]


apart_rows = st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), min_size=1, max_size=5)


@settings(deadline=None, derandomize=True)
@given(apart_rows, st.integers(0, 2))
def test_the_runner_up_is_another_cluster_and_the_margin_within_minus_1_and_1(rows, cluster):
    runner_up, margin = nearest_other(np.array(rows), np.full(len(rows), cluster))
    assert ((np.abs(margin) <= 1) & (runner_up != cluster)).all()


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
