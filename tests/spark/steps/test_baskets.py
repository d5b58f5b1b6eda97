"""Baskets of eleven orders, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from segspark.steps.baskets import baskets
from segspark.tables import BASKET_RULES, EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_PREFERENCES, Table
from tests.governing import again, context_in

ORDERS = [
    ("a", "o1", "tea cup"), ("a", "o2", "tea cup"), ("a", "o3", "tea"), ("a", "o4", "cup tea tea"),
    ("b", "o5", "milk"), ("b", "o6", "milk tea"),
    ("c", "o7", "milk"), ("c", "o8", "milk"), ("c", "o9", "milk egg"), ("c", None, "milk"),
    ("stranger", "o1", "cup egg"),  # in no segment
]  # fmt: skip
LINES = [(customer, order, item) for customer, order, items in ORDERS for item in items.split()] + [("a", "o3", None)]


@pytest.fixture(scope="module")
def context(spark, tmp_path_factory):
    asked = {"min_support": 0.1, "false_discoveries": 0.3, "prior_customers": 2}
    found = context_in(tmp_path_factory.mktemp("baskets"), {"baskets": asked})
    vars(found)["spark"] = spark
    rows = [(f"e{at}", who, date(2026, 4, 1), "purchase", order, item) for at, (who, order, item) in enumerate(LINES)]
    rows += [
        ("late", "c", date(2026, 5, 1), "purchase", "o7", "tea"),
        ("page", "c", date(2026, 4, 1), "view", "o7", "tea"),
    ]
    put(found, EVENTS, rows, "event_id customer_id event_date event_type order_id category")
    put(found, SEGMENT_ASSIGNMENTS, [("a", "seg-1"), ("b", "seg-1"), ("c", "seg-2")], "customer_id segment_id")
    return found


def put(context, table: Table, rows, names: str) -> None:
    types = {one.name: one.type for one in table.columns}
    frame = context.spark.createDataFrame(rows, ", ".join(f"{name} {types[name]}" for name in names.split()))
    frame.write.format("delta").save(context.lake.location(table))


@pytest.fixture(scope="module")
def found(context):
    return baskets(context, "run")


def test_lifts_are_what_a_calculation_by_hand_gives(context, found):
    rows = {(row["segment_id"], row["antecedent"]): row for row in context.lake.read(BASKET_RULES).collect()}
    # Of 10 orders tea is in 5, cup in 3, and both in 3. By chance three cups all fall on tea in C(5,3) of C(10,3) ways:
    # 10/120, the least of three pairs, so q is 0.25. Within seg-1 it is 10/20 and no rule.
    assert set(rows) == {("all", "cup"), ("all", "tea")}
    for item, confidence in (("cup", 3 / 3), ("tea", 3 / 5)):
        row = rows["all", item]
        assert (row["orders"], row["support"], row["confidence"]) == (3, 0.3, confidence)
        assert (row["lift"], row["q_value"]) == pytest.approx((10 * 3 / (3 * 5), 0.25))
        # The logarithm's variance is 1/3 - 1/3 - 1/5 + (2 * 2 - 1) / 10 = 0.1
        assert (row["low"], row["high"]) == pytest.approx((2 * 0.5380, 2 * 1.8586), abs=2e-3)


def test_preferences_are_drawn_to_what_all_customers_buy(context, found):
    rows = {(row["segment_id"], row["item"]): row for row in context.lake.read(SEGMENT_PREFERENCES).collect()}
    # Of 3 customers 2 bought milk, 1 egg, 2 tea and 1 cup; seg-2 is one of them, who bought milk and egg.
    lifts = {"egg": (1 + 2 / 3) / 3 / (1 / 3), "milk": (1 + 4 / 3) / 3 / (2 / 3), "tea": 2 / 3, "cup": 2 / 3}
    assert {item: rows["seg-2", item]["lift"] for item in lifts} == pytest.approx(lifts)
    assert [rows["seg-2", item]["position"] for item in ("egg", "milk")] == [1, 2]
    milk = rows["seg-1", "milk"]
    assert (milk["customers"], milk["share"], milk["overall_share"]) == (1, 0.5, 2 / 3)


def test_nothing_is_written_where_nothing_changed(context, found):
    versions = [context.lake.latest(one) for one in (BASKET_RULES, SEGMENT_PREFERENCES)]
    assert baskets(again(context), "another run") == found
    assert [context.lake.latest(one) for one in (BASKET_RULES, SEGMENT_PREFERENCES)] == versions
