"""Profiles of segments, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from segspark.segments.profiles import Profile, by_segment, profile

ROWS = [
    ("b", 1, Decimal("10.0000"), None),
    ("a", 2, Decimal("1.0000"), None),
    ("a", 4, None, None),
    ("a", None, Decimal("4.0000"), None),
    ("b", 6, Decimal("-5.0000"), 2.0),
]


@pytest.fixture(scope="module")
def found(spark):
    rows = spark.createDataFrame(ROWS, "segment_id STRING, x INT, money DECIMAL(38,4), rare DOUBLE")
    return profile(rows.repartition(3), ["x", "money", "rare"])


def test_sizes_count_customers_whether_or_not_their_values_are_known(found):
    assert found[0] == {"a": 3, "b": 2}


def test_profiles_come_by_segment_and_in_the_order_of_the_features(found):
    assert [(one.segment_id, one.feature) for one in found[1]] == [
        ("a", "x"), ("a", "money"), ("a", "rare"), ("b", "x"), ("b", "money"), ("b", "rare"),
    ]  # fmt: skip


def test_means_and_deviation_are_over_known_values(found):
    one = by_segment(found[1])["a"][0]
    # a: 2, 4. All: 1, 2, 4, 6: mean 13/4, mean square 57/4, variance 57/4 - 169/16 = 59/16
    assert (one.customers, one.mean, one.overall_mean) == (2, 3.0, 3.25)
    assert one.overall_deviation == pytest.approx((59 / 16) ** 0.5)


def test_decimals_are_profiled_as_numbers(found):
    one = by_segment(found[1])["b"][1]
    # b: 10, -5. All: 10, 1, 4, -5: mean 2.5, mean square 142/4, variance 35.5 - 6.25
    assert (one.mean, one.overall_mean) == (2.5, 2.5)
    assert one.overall_deviation == pytest.approx(29.25**0.5)


def test_a_feature_unknown_for_a_whole_segment_has_no_mean_there(found):
    one = by_segment(found[1])["a"][2]
    assert (one.customers, one.mean, one.overall_mean, one.standardised) == (0, None, 2.0, None)


def test_a_feature_without_spread_has_no_standardised_difference(found):
    assert by_segment(found[1])["b"][2] == Profile("b", "rare", 1, 2.0, 2.0, 0.0)
    assert by_segment(found[1])["b"][2].standardised is None


def test_large_amounts_are_profiled(spark):
    # Yearly spend in dong or rupiah: a square of 1.6e23 and more
    spent = [("a", Decimal(400_000_000_000)), ("b", Decimal(200_000_000_000))]
    rows = spark.createDataFrame(spent, "segment_id STRING, x DECIMAL(38,4)")
    _, (one, other) = profile(rows, ["x"])
    assert (one.mean, other.mean, one.overall_mean) == (4e11, 2e11, 3e11)
    assert one.overall_deviation == pytest.approx(1e11)
