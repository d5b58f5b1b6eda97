"""Contrasts of two groups of customers, beside what statisticians' own functions say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from segspark.segments.contrasts import contrast, without
from segspark.segments.intervals import Moments


def moments(x, y) -> Moments:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return Moments(len(x), len(x), x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum())


def test_of_two_shares_the_statistic_is_the_difference_over_its_error_around_the_common_share():
    # 18 of 20 against 30 of 80, in common 0.48: 18 * 0.52² + 2 * 0.48² = 5.328, and 30 * 0.52² + 50 * 0.48² = 19.632.
    found = contrast(moments([1] * 18 + [0] * 2, [1] * 20), moments([1] * 30 + [0] * 50, [1] * 80), 0.95)
    error = np.sqrt(5.328 / 20**2 + 19.632 / 80**2)
    assert found.statistic == pytest.approx((0.9 - 0.375) / error)
    assert found.p_value == pytest.approx(stats.t.sf((0.9 - 0.375) / error, 19))
    assert found.lift == pytest.approx(2.4)


def test_a_share_of_all_has_an_error_too():
    found = contrast(moments([1] * 12, [1] * 12), moments([1] * 30 + [0] * 30, [1] * 60), 0.95)
    assert np.isfinite(found.statistic)
    assert 0 < found.p_value < 0.01


def test_the_interval_of_a_lift_is_that_of_its_logarithm():
    own, rest = np.arange(1.0, 31.0), np.arange(1.0, 61.0) / 3
    found = contrast(moments(own, np.ones(30)), moments(rest, np.ones(60)), 0.9)
    error = np.sqrt(sum(one.var(ddof=1) / len(one) / one.mean() ** 2 for one in (own, rest)))
    half = stats.t.ppf(0.95, 29) * error
    lift = own.mean() / rest.mean()
    assert found.interval == pytest.approx((lift * np.exp(-half), lift * np.exp(half)))


@pytest.mark.parametrize("empty", [moments([1.0], [1.0]), moments([1.0, 2.0], [0.0, 0.0])])
def test_where_there_is_nothing_to_divide_by_or_one_customer_alone_nothing_is_said(empty):
    many = moments([1.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    assert contrast(empty, many, 0.95) is None
    assert contrast(many, empty, 0.95) is None


def test_customers_taken_away_leave_the_moments_of_the_others():
    x, y = np.array([1.0, 2.0, 5.0]), np.array([2.0, 2.0, 3.0])
    assert without(moments(x, y), moments(x[:1], y[:1])) == moments(x[1:], y[1:])


def test_p_values_are_even_where_there_is_no_difference():
    random = np.random.default_rng(11)
    sides = ([moments(random.binomial(1, 0.3, n), np.ones(n)) for n in (60, 300)] for _ in range(600))
    drawn = [contrast(*side, 0.95) for side in sides]
    assert np.mean([one.p_value < 0.05 for one in drawn]) == pytest.approx(0.05, abs=0.02)
