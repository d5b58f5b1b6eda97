"""Opportunities in words: the surest of each segment, with what they rest on."""

from __future__ import annotations

import pytest

from segspark.segments.discounts import DISCOUNTED, FULL, LIKE_OTHERS
from segspark.steps.opportunity_items import of_discounts, of_needs, of_pockets, of_prospects, range_of


def pocket(**more: object) -> dict[str, object]:
    told = {"segment_id": "s", "kind": "value", "description": "channel: web", "customers": 61, "value_mean": 310.0,
            "rest_value_mean": 148.0, "growth": 2.0, "rest_growth": 1.0, "lift": 2.09, "low": 1.5, "high": 2.9,
            "q_value": 0.002}  # fmt: skip
    return told | more


def bins(response: str, *orders: int, recommended: tuple[int, ...] = ()) -> list[dict[str, object]]:
    ends = [(0.0, 0.0), (0.0, 0.1), (0.1, 0.2), (0.2, 1.0)]
    return [
        {"depth_low": low, "depth_high": high, "orders": count, "share": count / sum(orders), "rest_share": 0.25,
         "customers": count, "discounted_customers": sum(orders[1:]), "response": response,
         "recommended": at in recommended}
        for at, ((low, high), count) in enumerate(zip(ends, orders, strict=True))
    ]  # fmt: skip


def test_a_pocket_of_value_is_told_with_both_means_the_lift_and_its_interval():
    (one,) = of_pockets([pocket()], "USD")
    assert (one.kind, one.what, one.customers) == ("Pocket of value", "channel: web", 61)
    assert one.evidence == "USD 310 a customer, 2.09 times the USD 148 of the segment's others (1.50 to 2.90); q 0.002"


def test_a_pocket_of_growth_without_a_lift_says_no_number_for_it():
    (one,) = of_pockets([pocket(kind="growth", lift=None, low=None, high=None)], "USD")
    assert one.evidence == "2 times as many orders a day as before, more than the 1 of the segment's others; q 0.002"


def test_of_each_segment_and_kind_five_are_told():
    rows = [pocket(segment_id=one, customers=at) for one in "ab" for at in range(7)]
    assert [(one.segment_id, one.customers) for one in of_pockets(rows, "USD")] == [
        (s, n) for s in "ab" for n in range(5)
    ]


def test_an_unmet_need_names_its_category_and_the_others():
    row = {"segment_id": "s", "category": "tea", "need": "no_purchase", "customers": 40, "value": 0.6, "low": 0.5,
           "high": 0.7, "rest_value": 0.4, "q_value": 0.01}  # fmt: skip
    (one,) = of_needs([row])
    assert one.what == "tea: looked at, searched for or put into a cart, and not bought"
    assert one.evidence == "60% (50% to 70%), others 40%; q 0.010"


def test_the_range_of_discounts_is_told_as_observed():
    found = range_of(bins(LIKE_OTHERS, 20, 50, 30, 20, recommended=(1, 2)))
    assert found is not None
    assert (found.low, found.high, found.orders, found.share, found.customers) == (0.0, 0.2, 80, 0.8, 100)
    (one,) = of_discounts({"s": bins(LIKE_OTHERS, 20, 50, 30, 20, recommended=(1, 2))})
    assert one.what == "A discount of up to 20% is enough for most of its discounted orders; observed, not tried"


@pytest.mark.parametrize(("response", "words"), [(FULL, "Pays the full price"), (DISCOUNTED, "Buys at discounts")])
def test_who_differs_in_orders_without_a_discount_is_told_so(response, words):
    (one,) = of_discounts({"s": bins(response, 60, 20, 20, 20)})
    assert one.what == f"{words} more than others"
    assert one.evidence == "50% of its orders have no discount, 25% of others"


def test_what_is_told_of_discounts_rests_on_the_smaller_side():
    (one,) = of_discounts({"s": bins(FULL, 90, 3, 0, 0)})  # of 3 customers at a discount much would be said
    assert one.customers == 3


def test_prospects_are_counted_with_their_mean_probability():
    (one,) = of_prospects([{"segment_id": "s", "customers": 30, "mean": 0.625}])
    assert (one.customers, one.evidence) == (30, "mean probability 62.5%, were they buyers")
