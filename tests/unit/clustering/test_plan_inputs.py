"""How each feature's preparation is decided, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import yeojohnson

from segspark.clustering.inputs import NumberInput, Shape
from segspark.clustering.preparation import plan_inputs, skewness
from segspark.config.clustering import Clustering

WHOLE = Clustering(winsorise=(0.0, 1.0))


def plan(values, settings=WHOLE):
    (found,), _ = plan_inputs(pd.DataFrame({"x": values}), ["x"], settings)
    return found


def test_limits_are_the_configured_quantiles():
    found = plan([float(value) for value in range(101)], Clustering(winsorise=(0.05, 0.9)))
    assert (found.lower, found.upper) == (5.0, 90.0)


def test_quantiles_between_two_values_are_interpolated():
    # positions 0.25 * 3 = 0.75 and 0.75 * 3 = 2.25 of 0, 10, 20, 40
    found = plan([40.0, 0.0, 20.0, 10.0], Clustering(winsorise=(0.25, 0.75)))
    assert (found.lower, found.upper) == (pytest.approx(7.5), pytest.approx(25.0))


def test_unknown_values_count_for_the_missing_share_only():
    found = plan([1.0, np.nan, 2.0, 3.0, np.nan])
    assert (found.lower, found.upper, found.missing_share) == (1.0, 3.0, pytest.approx(0.4))


def test_skewness_is_the_mean_cubed_standard_score():
    # 0,0,0,0,10: mean 2, deviation 4, scores four times -0.5 and once 2: (4 * -0.125 + 8) / 5
    assert skewness(np.array([0.0, 0.0, 0.0, 0.0, 10.0])) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([0.0, 0.0, 0.0, 0.0, 10.0], True),  # 1.5
        ([0.0, 0.0, 0.0, 0.0, -10.0], True),  # -1.5
        ([0.0, 0.0, 3.0], False),  # 0.7071
        ([1.0, 2.0, 3.0], False),  # 0
    ],
)
def test_a_log_is_taken_only_where_the_skewness_is_beyond_the_configured_one(values, log):
    assert plan(values).shape == Shape("log" if log else "none")


def test_skewness_is_judged_after_winsorising():
    # The one outlier of 201 lies beyond the 0.99 quantile; without it 0..199 is symmetric.
    values = [float(value) for value in range(200)] + [1e6]
    found = [plan(values).shape.transform, plan(values, Clustering(winsorise=(0.01, 0.99))).shape.transform]
    assert found == ["log", "none"]


def test_where_both_quantiles_are_one_value_the_extremes_are_the_limits():
    found = plan([0.0] * 199 + [5.0], Clustering(winsorise=(0.01, 0.99)))
    assert (found.lower, found.upper) == (0.0, 5.0)


def test_constant_and_unknown_features_are_told_with_their_reason():
    table = pd.DataFrame({"a": [2.5, 2.5, 2.5], "b": [np.nan] * 3, "c": [1.0, 2.0, 3.0]})
    plans, unusable = plan_inputs(table, ["a", "b", "c"], WHOLE)
    assert [one.feature for one in plans] == ["c"]
    assert [(one.feature, one.reason) for one in unusable] == [
        ("a", "is 2.5 for every customer"),
        ("b", "is unknown (null) for every customer"),
    ]


def test_a_feature_that_is_constant_where_it_is_known_is_not_said_to_be_so_for_every_customer():
    _, (unusable,) = plan_inputs(pd.DataFrame({"a": [2.5, np.nan]}), ["a"], WHOLE)
    assert unusable.reason != "is 2.5 for every customer"


def test_plans_keep_the_order_of_the_names():
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 3.0, 1.0]})
    assert [one.feature for one in plan_inputs(table, ["b", "a"], WHOLE)[0]] == ["b", "a"]


def test_a_plan_is_said_in_words():
    assert NumberInput("x", 0.0, 12.5, Shape("log"), 3.0, 0.75, 2.0, 0.125, 0.5).words == (
        "winsorised to [0, 12.5], signed log1p, unknown (12.5%) counts as 3, divided by 0.75, times 2; "
        "who is unknown is an input of its own, of weight 0.5"
    )


def test_unknown_values_count_as_the_median_and_the_scale_is_theirs_too():
    # 1, 2, 4 known, one unknown that counts as 2: mean 2.25, squared deviations 1.5625 + 0.0625 + 3.0625 + 0.0625
    found = plan([1.0, 2.0, 4.0, np.nan])
    assert (found.fill, found.scale) == (2.0, pytest.approx((4.75 / 3) ** 0.5))


def test_a_robust_scale_is_the_interquartile_range_over_that_of_a_normal_distribution():
    # quartiles of 0, 1, 2, 3, 100 are 1 and 3; a normal distribution's lie 1.349 standard deviations apart
    found = plan([0.0, 1.0, 2.0, 3.0, 100.0], Clustering(winsorise=(0, 1), scale="robust", transform="none"))
    assert found.scale == pytest.approx(2 / 1.349, rel=1e-4)


def test_where_the_quartiles_are_one_value_the_scale_is_the_standard_deviation():
    found = plan([0.0] * 7 + [8.0], Clustering(winsorise=(0, 1), scale="robust", transform="none"))
    assert found.scale == pytest.approx(8**0.5)  # mean 1: 7 squared deviations of 1 and one of 49, over 7


def test_yeo_johnson_is_as_scipy_fits_it():
    values = np.random.default_rng(1).lognormal(0, 1, 400)
    found = plan(values, Clustering(winsorise=(0, 1), transform="yeo-johnson"))
    assert found.shape.power == pytest.approx(yeojohnson(values)[1], abs=1e-3)
    assert found.shape.of(values - 2) == pytest.approx(yeojohnson(values - 2, found.shape.power))


def test_an_input_that_goes_with_one_before_it_is_left_out_with_its_reason():
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [-1.0, -2.0, -30.0, -400.0], "c": [1.0, 4.0, 2.0, 3.0]})
    plans, (unusable,) = plan_inputs(table, ["a", "b", "c"], WHOLE)
    assert [one.feature for one in plans] == ["a", "c"]
    assert (unusable.feature, unusable.repeats) == ("b", True)
    assert unusable.reason == "goes with a (rank correlation 1.000)"


def test_a_text_becomes_an_indicator_for_each_of_its_most_frequent_levels():
    table = pd.DataFrame({"plan": ["x"] * 5 + ["y"] * 3 + ["z"] + [None]})
    (found,), _ = plan_inputs(table, ["plan"], Clustering(levels=2, weights={"plan": 2.0}))
    assert found.shares == {"x": 0.5, "y": 0.3}
    assert found.unit == pytest.approx(2 / (0.25 + 0.21) ** 0.5)


def test_who_is_unknown_becomes_a_coordinate_where_that_is_asked_for():
    # a quarter is unknown: the indicator's standard deviation is (1/4 * 3/4) ** 0.5 of its height
    found = plan([1.0, 2.0, 4.0, np.nan], Clustering(winsorise=(0, 1), unknown_weight=0.5))
    assert found.indicator * (3 / 16) ** 0.5 == pytest.approx(0.5)
    assert [one.name for one in found.coordinates] == ["x__prepared", "x__unknown"]
    assert plan([1.0, 2.0], Clustering(unknown_weight=0.5)).indicator == 0


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=50))
def test_limits_lie_within_the_values_and_never_coincide(values):
    table = pd.DataFrame({"x": [float(value) for value in values]})
    plans, unusable = plan_inputs(table, ["x"], Clustering())
    assert len(plans) == (len(set(values)) > 1)
    assert len(plans) + len(unusable) == 1
    assert all(min(values) <= one.lower < one.upper <= max(values) for one in plans)
