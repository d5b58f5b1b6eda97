"""The driver's clusterer and the centres of a partition, by hand and with weights as repeats."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.clustering.clusterers import centroids, kmeans, within_ss

ROWS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 2), st.integers(1, 4)), min_size=1)


def test_clusters_are_those_of_the_least_sum_of_squares():
    # 0, 1 | 4, 5 leaves 1 in all; any other cut leaves more.
    labels = kmeans(np.array([[0.0], [5.0], [1.0], [4.0]]), 2, seed=3)
    assert labels[0] == labels[2] != labels[1] == labels[3]


def test_weights_draw_the_cut_towards_them():
    # Two points with w and v customers, d apart, cost w v / (w + v) d² together. Alone: 0, 6 cost 18 and 6, 10 cost 8.
    # With 1, 9 and 9 customers: 0, 6 cost 32.4 and 6, 10 cost 72.
    points = np.array([[0.0], [6.0], [10.0]])
    alone, weighted = (kmeans(points, 2, 1, weights) for weights in (None, np.array([1.0, 9.0, 9.0])))
    assert alone[1] == alone[2] != alone[0]
    assert weighted[0] == weighted[1] != weighted[2]


@pytest.mark.parametrize("points", [[[1.0]] * 5, [[1.0], [2.0]]])
def test_fewer_points_than_clusters_leave_clusters_empty_without_a_warning(points):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = kmeans(np.array(points), 3, seed=1)
    assert len(set(labels)) == len(np.unique(points)) and labels.max() < 3


def test_one_cluster_is_everyone():
    assert kmeans(np.array([[1.0], [5.0]]), 1, seed=1).tolist() == [0, 0]


def test_an_empty_cluster_has_no_centre():
    found = centroids(np.array([[1.0, 3.0], [3.0, 5.0]]), np.array([2, 2]), 3)
    assert np.isnan(found[:2]).all() and found[2].tolist() == [2.0, 4.0]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(ROWS)
def test_weights_are_repeats(rows):
    points, labels, weights = np.array(rows)[:, :2].astype(float), np.array(rows)[:, 2], np.array(rows)[:, 3]
    repeated = np.repeat(points, weights, axis=0), np.repeat(labels, weights), 3
    assert centroids(points, labels, 3, weights.astype(float)) == pytest.approx(centroids(*repeated), nan_ok=True)
    assert within_ss(points, labels, 3, weights.astype(float)) == pytest.approx(within_ss(*repeated))
