"""Criteria of k that inform: what is told of each, and when nothing is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from segspark.clustering.gap import Gap
from segspark.clustering.numbers import Numbers, numbers_of_clusters
from segspark.clustering.prediction_strength import PredictionStrength


def told(gap, error, strength):
    n = len(gap)
    return Numbers(100, Gap((0.0,) * n, (0.0,) * n, gap, error), PredictionStrength(strength, (0.0,) * n))


def clouds(*centres, n=100):
    random = np.random.default_rng(3)
    return np.concatenate([random.normal(centre, 1.0, size=(n, 2)) for centre in centres])


def test_each_k_has_its_own_figures_and_one_that_was_not_looked_at_has_none():
    found = told((0.1, 0.5, 0.4), (0.01, 0.02, 0.03), (1.0, 0.9, 0.2))
    assert found.of(1) == {"gap": 0.1, "gap_error": 0.01, "prediction_strength": 1.0}
    assert found.of(3) == {"gap": 0.4, "gap_error": 0.03, "prediction_strength": 0.2}
    assert set(found.of(4).values()) == {None}


def test_an_infinite_gap_is_no_figure_to_store():
    assert told((0.1, math.inf), (0.0, 0.0), (1.0, 0.5)).of(2)["gap"] is None


def test_the_sentence_names_the_k_that_each_would_take():
    # 0.1 < 0.5 - 0.02; 0.5 >= 0.4 - 0.03: 2. The largest k above 0.8: 3.
    assert told((0.1, 0.5, 0.4), (0.01, 0.02, 0.03), (1.0, 0.3, 0.81)).words == (
        "Of 1 to 3 clusters by KMeans the gap statistic would take 2, prediction strength 3; neither decides."
    )


def test_four_clouds_far_apart_are_four_clusters_by_both():
    found = numbers_of_clusters(clouds((0, 0), (20, 0), (0, 20), (20, 20)), 6, seed=1)
    assert (found.gap.k, found.strength.k) == (4, 4)


def test_one_cloud_is_one_cluster_by_both():
    found = numbers_of_clusters(clouds((0, 0), n=400), 5, seed=1)
    assert (found.gap.k, found.strength.k) == (1, 1)


def test_no_k_above_half_the_number_of_points_is_looked_at():
    found = numbers_of_clusters(clouds((0, 0), n=21), 15, seed=1)
    assert len(found.gap.gap) == len(found.strength.strength) == 10


@pytest.mark.parametrize("points", [clouds((0, 0), n=19), np.ones((50, 2))])
def test_of_few_points_and_of_equal_ones_nothing_is_told(points):
    assert numbers_of_clusters(points, 3, seed=1) is None
