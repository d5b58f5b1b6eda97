"""The KPI of each cluster beside a target, by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import sem

from segspark.clustering.outcomes import ClusterOutcome, outcomes, reached


def test_mean_and_standard_error_by_hand():
    # Six 0 and six 1: mean 1/2, variance 12 * 1/4 / 11, error sqrt(3 / 11 / 12) = sqrt(1 / 44).
    (found,) = outcomes(np.array([0.0, 1.0] * 6), np.zeros(12, dtype=np.int64), 1)
    assert (found.customers, found.mean) == (12, 0.5)
    assert found.error == pytest.approx(44**-0.5)


def test_each_cluster_has_its_own_customers():
    random = np.random.default_rng(1)
    kpi, labels = random.lognormal(size=200), random.integers(0, 3, size=200)
    found = outcomes(kpi, labels, 3)
    assert [one.customers for one in found] == np.bincount(labels).tolist()
    assert [one.mean for one in found] == pytest.approx([kpi[labels == c].mean() for c in range(3)])
    assert [one.error for one in found] == pytest.approx([sem(kpi[labels == c]) for c in range(3)])


def test_of_fewer_than_eleven_customers_nothing_is_told():
    found = outcomes(np.ones(21), np.array([0] * 10 + [1] * 11), 3)
    assert found == (ClusterOutcome(), ClusterOutcome(11, 1.0, 0.0), ClusterOutcome())


@pytest.mark.parametrize(("mean", "met"), [(0.4, True), (0.3999, False), (None, None)])
def test_a_target_is_reached_with_at_least_so_much(mean, met):
    assert ClusterOutcome(20, mean, 0.1).reaches(0.4) is met


def test_the_sentence_counts_those_that_reach_it():
    found = [ClusterOutcome(20, 3.0, 0.1), ClusterOutcome(20, 2.0, 0.1), ClusterOutcome(20, 1.0, 0.1)]
    assert reached(found, 2.0, "orders") == (
        "2 of 3 segments reach the target of 2 (mean of 'orders' in the next period, customers held out)."
    )


def test_the_sentence_says_of_how_many_nothing_is_told():
    assert reached([ClusterOutcome(), ClusterOutcome(20, 1.0, 0.1)], 0.5, "orders").endswith(
        "customers held out); of 1 there are fewer than 11 such customers, too few to tell."
    )
