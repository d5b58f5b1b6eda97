"""Effect sizes, by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway
from scipy.stats.contingency import association

from segspark.clustering.importance import SegmentMoments, cramers_v, eta_squared


def test_eta_squared_is_the_share_between_the_segments():
    # 1, 2, 3 | 4, 5, 6: mean 3.5, total 17.5; between 3 * 1.5² * 2 = 13.5. The second is the same in both segments.
    values = np.array([[1.0, 1.0], [2, 2], [3, 3], [4, 1], [5, 2], [6, 3]])
    moments = SegmentMoments.of(values, np.repeat([0, 1], 3), 2)
    assert eta_squared(moments) == pytest.approx([13.5 / 17.5, 0.0])


def test_eta_squared_and_f_say_the_same():
    # F = (eta² / (k - 1)) / ((1 - eta²) / (n - k))
    values = np.random.default_rng(0).normal(size=60) + np.repeat([0, 0.5, 2], 20)
    found = float(eta_squared(SegmentMoments.of(values[:, None], np.repeat([0, 1, 2], 20), 3))[0])
    f = f_oneway(*values.reshape(3, 20)).statistic
    assert (found / 2) / ((1 - found) / 57) == pytest.approx(f)


def test_unknown_values_are_not_counted():
    values = np.array([[1.0], [np.nan], [3.0], [4.0], [6.0], [np.nan]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    known = ~np.isnan(values[:, 0])
    both = [eta_squared(SegmentMoments.of(values[rows], labels[rows], 2)) for rows in (slice(None), known)]
    assert both[0] == pytest.approx(both[1])
    # 1, 3 | 4, 6: mean 3.5, total 6.25 + 0.25 + 0.25 + 6.25 = 13; between 4 * 1.5² = 9
    assert both[0] == pytest.approx([9 / 13])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
def test_a_constant_has_no_share(value):
    moments = SegmentMoments.of(np.full((7, 1), value), np.array([0, 0, 1, 1, 1, 2, 2]), 3)
    assert np.isnan(eta_squared(moments)).all()


def test_a_segment_without_members_takes_nothing_away():
    values, labels = np.array([[1.0], [2.0], [5.0]]), np.array([0, 0, 2])
    one, other = (eta_squared(SegmentMoments.of(values, given, 3)) for given in (labels, np.array([0, 0, 1])))
    assert one == pytest.approx(other)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 2), st.integers(1, 4)), min_size=2, max_size=25),
    st.permutations(range(3)),
    st.integers(1, 9),
    st.integers(-99, 99),
)
def test_order_of_segments_units_and_repeats_do_not_matter(rows, order, factor, shift):
    values, labels, weights = np.array(rows).T
    repeated = SegmentMoments.of(np.repeat(values, weights)[:, None].astype(float), np.repeat(labels, weights), 3)
    moved = (values * factor + shift)[:, None].astype(float)
    weighted = SegmentMoments.of(moved, np.array(order)[labels], 3, weights.astype(float))
    assert eta_squared(weighted) == pytest.approx(eta_squared(repeated), abs=1e-7, nan_ok=True)


def test_cramers_v_is_scipy_s():
    table = np.array([[12, 30, 7], [40, 5, 20]])
    assert cramers_v(table.astype(float)) == pytest.approx(association(table, method="cramer"))


def test_segments_that_are_the_categories_have_one_and_unrelated_ones_zero():
    assert cramers_v(np.diag([5.0, 9.0, 2.0])) == pytest.approx(1.0)
    assert cramers_v(np.outer([1.0, 2.0, 3.0], [4.0, 5.0])) == pytest.approx(0.0, abs=1e-7)


def test_the_bias_corrected_v_by_hand():
    # n = 80, phi² = 0.25 - 1/79 = 0.237342; 2 - 1/79 = 1.987342; sqrt(0.237342 / 0.987342)
    found = cramers_v(np.array([[30.0, 10.0], [10.0, 30.0]]), bias_corrected=True)
    assert found == pytest.approx((0.2373417722 / 0.9873417722) ** 0.5)


def test_by_chance_many_categories_raise_the_plain_v_but_hardly_the_corrected():
    random = np.random.default_rng(0)
    tables = [
        np.histogram2d(random.integers(5, size=200), random.integers(12, size=200), (5, 12))[0] for _ in range(50)
    ]
    plain, fair = (np.mean([cramers_v(t, bias_corrected=c) for t in tables]) for c in (False, True))
    assert plain > 0.2 and fair < 0.06


@pytest.mark.parametrize("table", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 0.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
def test_without_two_values_on_both_sides_there_is_no_v(table):
    assert cramers_v(np.array(table)) is None


def test_empty_segments_and_categories_do_not_matter():
    full = np.array([[30.0, 0.0, 10.0], [0.0, 0.0, 0.0], [10.0, 0.0, 30.0]])
    assert cramers_v(full) == pytest.approx(0.5)


def test_too_few_customers_for_the_correction_have_none():
    assert cramers_v(np.eye(2), bias_corrected=True) is None
