"""Calibration by hand: six customers, two models."""

from __future__ import annotations

from math import sqrt

import pandas as pd
import pytest

from segspark.value.calibration import BY_PREDICTION, BY_PURCHASES, Errors, calibration, errors, lead

# Orders made: 0, 0, 3 by those with no repeat purchase, 2, 4, 6 by those with one; a model says 1 and 5 of them.
CELLS = pd.DataFrame(
    {
        "repeat_purchases": [0, 1],
        "bgnbd_decile": [1, 9],
        "customers": [3, 3],
        "actual": [3.0, 12.0],
        "actual_squares": [9.0, 56.0],
        "bgnbd": [3.0, 15.0],
        "bgnbd_off": [1.0 + 1 + 2, 3.0 + 1 + 1],
        "bgnbd_squares": [1.0 + 1 + 4, 9.0 + 1 + 1],
    }
)


def test_means_and_intervals_are_those_of_the_customers_in_each_group():
    few, many = calibration(CELLS, "bgnbd")[:2]
    assert (few.grouping, few.bin, few.customers, few.predicted, few.actual) == (BY_PURCHASES, 0, 3, 1.0, 1.0)
    # Variance of 0, 0, 3 is 3; of the mean 3 / 3.
    assert (few.lower, few.upper) == pytest.approx((1 - 1.96, 1 + 1.96))
    assert (many.bin, many.predicted, many.actual) == (1, 5.0, 4.0)
    assert many.upper - many.actual == pytest.approx(1.96 * sqrt(4 / 3))
    deciles = calibration(CELLS, "bgnbd")[2:]
    assert [(one.grouping, one.bin) for one in deciles] == [(BY_PREDICTION, 1), (BY_PREDICTION, 9)]


def test_a_group_of_one_customer_has_no_spread_to_tell():
    alone = CELLS.head(1).assign(customers=1, actual=2.0, actual_squares=4.0)
    only = calibration(alone, "bgnbd")[0]
    assert (only.lower, only.actual, only.upper) == (2.0, 2.0, 2.0)


def test_errors_are_over_all_customers():
    found = errors(CELLS, "bgnbd")
    assert (found.predicted, found.actual, found.mae) == pytest.approx((3.0, 2.5, 9 / 6))
    assert found.rmse == pytest.approx(sqrt(17 / 6))
    assert found.bias == pytest.approx(0.2)


def test_there_is_no_bias_where_nothing_was_ordered():
    assert Errors(1.0, 0.0, 1.0, 1.0).bias is None


def test_the_lead_is_a_paired_difference_in_standard_errors():
    # Gains of 1, 3, 1, 3: sum 8, mean 2, squared deviations 4; 8 / sqrt(4).
    cells = pd.DataFrame({"customers": [2, 2], "lead": [4.0, 4.0], "lead_squares": [10.0, 10.0]})
    assert lead(cells) == pytest.approx(4.0)
    assert lead(cells.assign(lead=0.0, lead_squares=0.0)) == 0.0
    assert lead(CELLS) is None
