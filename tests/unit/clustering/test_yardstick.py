"""Separation of a KPI, by hand and against what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segspark.clustering.yardstick import adjusted_eta_squared, separations


def test_it_is_one_less_the_variance_within_over_the_whole_each_by_its_degrees_of_freedom():
    # within 0.5 + 0.5 + 0 with 5 - 3, whole (1+4+0+1+4 = 10) with 5 - 1: 1 - (1/2) / (10/4)
    kpi, labels = np.array([1.0, 2.0, 4.0, 5.0, 3.0]), np.array([0, 0, 1, 1, 2])
    assert adjusted_eta_squared(kpi, labels) == pytest.approx(1 - 0.5 / 2.5)


def test_chance_gives_nothing_on_average_however_many_segments():
    random = np.random.default_rng(0)
    for k in (2, 20):
        found = [adjusted_eta_squared(random.normal(size=200), random.integers(k, size=200)) for _ in range(400)]
        assert np.mean(found) == pytest.approx(0, abs=4 * np.std(found) / 20)


def test_a_constant_kpi_is_separated_by_nothing():
    assert adjusted_eta_squared(np.ones(4), np.array([0, 0, 1, 1])) == 0


def test_counting_customers_twice_is_repeating_them():
    kpi, labels, shares = np.array([1.0, 2.0, 4.0, 7.0]), np.array([0, 0, 1, 1]), np.array([2, 1, 3, 0])
    repeated = adjusted_eta_squared(np.repeat(kpi, shares), np.repeat(labels, shares))
    assert adjusted_eta_squared(kpi, labels, shares) == pytest.approx(repeated)


@given(st.permutations(range(4)))
def test_names_of_segments_do_not_matter(order):
    kpi, labels = np.arange(12.0) ** 1.5, np.arange(12) % 4
    renamed = np.array(order)[labels]
    assert adjusted_eta_squared(kpi, renamed) == pytest.approx(adjusted_eta_squared(kpi, labels))


def test_the_standard_error_is_what_samples_differ_by():
    random = np.random.default_rng(3)

    def sample():
        labels = random.integers(3, size=400)
        return labels + random.normal(size=400), labels

    between = np.std([adjusted_eta_squared(*sample()) for _ in range(300)])
    told = np.mean([separations(kpi, [labels], seed=1, resamples=100)[0].error for kpi, labels in (sample(),) * 5])
    assert told == pytest.approx(between, rel=0.25)
