"""Needs that are not met, and the range of discounts that is enough."""

from __future__ import annotations

import numpy as np
import pytest

from segspark.config.opportunities import Discounts, Needs
from segspark.segments.discount_counts import Depth, Depths
from segspark.segments.discounts import DISCOUNTED, FULL, LIKE_OTHERS, discounts, recommended
from segspark.segments.intervals import Moments, wilson
from segspark.segments.needs import needs


def share(of: int, n: int) -> Moments:
    return Moments(n, n, of, n, of, of, n)


def test_a_need_is_unmet_where_the_segment_fares_worse_than_all_others_together():
    counted = {("no_purchase", "tea"): {"a": share(90, 100), "b": share(60, 150), "c": share(40, 50)}}
    found = {one.segment_id: one for one in needs(counted, Needs(), 0.05, 0.95)}
    assert found["a"].rest_value == 0.5  # 100 of the 200 of b and c
    assert (found["a"].low, found["a"].high) == wilson(90, 100, 0.95)
    assert {key: one.unmet for key, one in found.items()} == {"a": True, "b": False, "c": True}


def test_a_need_of_too_few_customers_is_not_told():
    counted = {("returns", "tea"): {"a": share(20, 29), "b": share(5, 500), "c": share(5, 30)}}
    assert [one.segment_id for one in needs(counted, Needs(min_customers=30), 0.05, 0.95)] == ["b", "c"]


def test_of_what_the_log_never_has_nothing_is_told():
    counted = {
        (need, "tea"): {one: share(had, 100) for one in "ab"} for need, had in (("returns", 0), ("no_purchase", 5))
    }
    assert {one.need for one in needs(counted, Needs(), 0.05, 0.95)} == {"no_purchase"}


def test_of_needs_that_differ_by_chance_alone_hardly_any_is_told():
    random = np.random.default_rng(2)
    categories = [("no_purchase", f"c{at}") for at in range(10)]
    shops = [
        {one: {segment: share(int(random.binomial(80, 0.4)), 80) for segment in "abcd"} for one in categories}
        for _ in range(100)
    ]
    assert sum(any(one.unmet for one in needs(shop, Needs(), 0.05, 0.95)) for shop in shops) <= 11


def depths(*orders: int, customers: int = 100, discounted: int | None = None) -> Depths:
    """Each customer has one order; a fifth of its price is margin, of an amount of 10."""
    total = sum(orders)
    bins = [Depth(Moments(total, total, n, total, n, n, total), n, 10.0 * n, 0.0, 10.0 * n, 8.0 * n) for n in orders]
    return Depths(bins, total - orders[0] if discounted is None else discounted)


def test_the_range_ends_where_the_bulk_of_the_discounted_orders_is_reached():
    asked = Discounts(bulk_share=0.8)
    assert list(recommended([500, 40, 40, 19, 1], 100, LIKE_OTHERS, asked)) == [1, 2]
    assert list(recommended([500, 40, 39, 20, 1], 100, LIKE_OTHERS, asked)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("orders", "customers", "response"),
    [([9, 0, 0], 0, LIKE_OTHERS), ([9, 50, 0], 29, DISCOUNTED), ([9, 50, 0], 50, FULL)],
)
def test_there_is_no_range_without_discounted_orders_of_enough_customers_or_for_who_pays_the_full_price(
    orders, customers, response
):
    assert not recommended(orders, customers, response, Discounts())


def test_segments_that_pay_the_full_price_are_told_from_those_that_buy_at_discounts():
    asked = Discounts(edges=[0.2])
    counted = {"full": depths(180, 20, 0), "cheap": depths(40, 100, 60), "usual": depths(110, 60, 30)}
    rows = discounts(counted, asked, 0.05, 0.95)
    assert {row.segment_id: row.response for row in rows} == {"full": FULL, "cheap": DISCOUNTED, "usual": LIKE_OTHERS}
    cheap = [row for row in rows if row.segment_id == "cheap"]
    assert [(row.depth_low, row.depth_high) for row in cheap] == [(0.0, 0.0), (0.0, 0.2), (0.2, 1.0)]
    assert [row.recommended for row in cheap] == [False, True, True]  # 100 of 160 are not yet four fifths
    assert [row.share for row in cheap] == [0.2, 0.5, 0.3]
    assert cheap[0].rest_share == pytest.approx(290 / 400)
    assert cheap[1].order_value == 10.0
    assert cheap[1].margin_share == pytest.approx(0.2)


def test_of_a_bin_without_orders_no_value_is_told():
    (_, _, empty) = discounts({"s": depths(10, 10, 0)}, Discounts(edges=[0.2]), 0.05, 0.95)
    assert (empty.orders, empty.order_value, empty.margin_share) == (0, None, None)
