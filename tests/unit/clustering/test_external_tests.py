"""Tests of external variables, against scipy on the raw values, and their corrections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from segspark.clustering.external_tests import anova, chi_square, corrected, external_tests, welch
from segspark.clustering.importance import SegmentMoments

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def sums_of(*groups):
    return tuple(np.array([float(one) for one in sums]) for sums in zip(*map(_of, groups), strict=True))


def _of(group):
    return len(group), np.sum(group), np.sum(np.square(group))


def groups(*sizes, spread=(1, 1, 1, 1)):
    random = np.random.default_rng(4)
    return [random.normal(0.3 * i, spread[i], size=size) for i, size in enumerate(sizes)]


@pytest.mark.parametrize("sizes", [(20, 20), (8, 30, 11), (50, 3, 9, 2)])
def test_both_analyses_of_variance_are_scipy_s(sizes):
    values = groups(*sizes, spread=(1, 3, 0.5, 2))
    for test, equal in ((anova, True), (welch, False)):
        found, expected = test(*sums_of(*values)), stats.f_oneway(*values, equal_var=equal)
        assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
        assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_two_groups_by_welch_are_welch_s_t():
    one, other = groups(12, 31, spread=(1, 4))
    expected = stats.ttest_ind(one, other, equal_var=False)
    found = welch(*sums_of(one, other))
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic**2, expected.pvalue))
    assert found.degrees == pytest.approx((1, expected.df))


def test_welch_leaves_out_a_segment_of_one_customer():
    values = groups(12, 31)
    assert welch(*sums_of(*values, [99.0])) == welch(*sums_of(*values))


@pytest.mark.parametrize(
    "values", [[[1, 2, 3]], [[1], [2]], [[1, 1], [1, 1]], [[], [1, 2]], [[0.1] * 3, [0.1] * 7], []]
)
def test_what_cannot_be_tested_has_no_outcome(values):
    sums = sums_of(*values) if values else (np.zeros(0),) * 3
    assert anova(*sums) is None
    assert welch(*sums) is None


def test_chi_square_is_scipy_s_without_continuity_correction_and_without_empty_rows():
    table = np.array([[12.0, 30, 0, 7], [0, 0, 0, 0], [40, 5, 0, 20]])
    expected = stats.chi2_contingency([[12, 30, 7], [40, 5, 20]], correction=False)
    found = chi_square(table)
    assert (found.statistic, found.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.degrees == (2.0,)


def test_one_category_cannot_be_tested():
    assert chi_square(np.array([[3.0], [4.0]])) is None


def test_holm_by_hand():
    # In order 0.01 * 4, 0.02 * 3, 0.03 * 2 (raised to 0.06), 0.5 * 1.
    assert corrected([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])


def test_benjamini_hochberg_by_hand():
    # 0.01 * 4 / 1, 0.02 * 4 / 2, 0.03 * 4 / 3, 0.5: from the largest down, none above the next.
    found = corrected([0.5, 0.01, 0.03, 0.02], "benjamini-hochberg")
    assert found == pytest.approx([0.5, 0.04, 0.04, 0.04])


@settings(deadline=None, derandomize=True)
@given(P_VALUES, st.randoms())
def test_corrected_values_keep_their_order_and_holm_s_are_the_stricter(p_values, random):
    holm, bh = corrected(p_values), corrected(p_values, "benjamini-hochberg")
    assert all(1 >= h >= b - 1e-12 and b >= p - 1e-12 for h, b, p in zip(holm, bh, p_values, strict=True))
    shuffled = random.sample(range(len(p_values)), len(p_values))
    assert corrected([p_values[i] for i in shuffled]) == pytest.approx([holm[i] for i in shuffled])


def test_nothing_to_correct_is_nothing():
    assert corrected([]) == corrected([], "benjamini-hochberg") == []


def moments(values, labels, k):
    return SegmentMoments.of(np.asarray(values, dtype=float)[:, None], labels, k)


def test_all_variables_are_corrected_together_and_what_cannot_be_tested_does_not_count():
    labels = np.repeat([0, 1], 30)
    values = np.random.default_rng(0).normal(size=60) + labels * 0.8
    numeric = {"later_spend": moments(values, labels, 2), "constant": moments(np.ones(60), labels, 2)}
    found = external_tests(numeric, {"region": np.array([[20.0, 10.0], [12.0, 18.0]])}, ["recency_days"])
    t = stats.ttest_ind(values[:30], values[30:], equal_var=False).pvalue
    region = stats.chi2_contingency([[20, 10], [12, 18]], correction=False).pvalue
    assert t < region < 0.05
    assert {name: p for name, (_, p) in found.items()} == pytest.approx({"later_spend": 2 * t, "region": region})
    assert found["region"][0].p_value == pytest.approx(region)


def test_inputs_of_the_clustering_are_refused_by_name():
    table = np.ones((2, 2))
    with pytest.raises(ValueError, match="says nothing: a, b"):
        external_tests({}, {"b": table, "a": table, "c": table}, ["a", "b", "d"])


def test_a_variable_is_either_numeric_or_categorical():
    with pytest.raises(ValueError, match="both as numeric and as categorical variables: x"):
        external_tests({"x": moments([1, 2], np.array([0, 1]), 2)}, {"x": np.ones((2, 2))}, [])


def test_on_nulls_a_twentieth_is_rejected_and_with_unequal_spreads_only_by_welch():
    # 800 nulls: 5% within three standard errors is 2.7% to 7.3%.
    random = np.random.default_rng(11)
    sizes, spread = (40, 15, 8), (1.0, 2.0, 4.0)
    drawn = [sums_of(*(random.normal(0, s, size=n) for n, s in zip(sizes, spread, strict=True))) for _ in range(800)]
    by_welch, by_classic = (np.mean([test(*sums).p_value < 0.05 for sums in drawn]) for test in (welch, anova))
    assert 0.027 < by_welch < 0.073
    assert by_classic > 0.12
