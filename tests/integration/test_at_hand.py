"""Features of a day that is not over, from what is kept and the day's events, beside those of a look back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import functions as F

from segspark.features.lookback import customer_features
from segspark.features.plan import plan_of
from segspark.steps import state as steps
from segspark.steps.at_hand import AtHand
from segspark.steps.position import activity_at, position_now
from segspark.tables import CUSTOMERS, EVENTS, PRODUCTS
from tests.integration.test_state import COLUMNS, assert_same, change_events, context_at, one, row

pytestmark = pytest.mark.slow

DAY = date(2026, 1, 10)
# Of an order that goes on over midnight, of visits, campaigns and returns; e has never been seen before.
BEFORE = [
    (0, one("a", "purchase", 9, "o1", "p1", 1_250)), (0, one("b", "purchase", 23, "o2", "p1", 10_000)),
    (3, one("c", "page_view", 12, None, "p3", 1)), (6, one("b", "campaign_sent", 8, None, None, 1)),
    (9, one("a", "purchase", 23, "o3", "p2", 399)), (9, one("d", "email_sent", 5, None, None, 1)),
]  # fmt: skip
TODAY = [
    one("a", "purchase", 0, "o3", "p2", 601), one("a", "purchase", 12, "o4", "p3", 77),
    one("b", "coupon_redemption", 7, None, "p2", 1), one("b", "return", 15, "o2", "p1", 10_000),
    one("c", "page_view", 12, None, "p3", 1), one("e", "purchase", 20, None, "p1", 5_000),
]  # fmt: skip


@pytest.fixture(scope="module")
def day(spark, tmp_path_factory):
    """The day's context, what is at hand of it, and its events as the table has them."""
    folder = tmp_path_factory.mktemp("day")
    before = context_at(folder, DAY)
    past = [row(at, DAY - timedelta(days=10 - ago), what) for at, (ago, what) in enumerate(BEFORE)]
    change_events(before, before.spark.createDataFrame(past, COLUMNS), "insert")
    plan = plan_of(before.features, before.config.features)
    steps.keep(before, plan, "kept", rebuild=False)
    context = context_at(folder, DAY + timedelta(days=1))
    at_hand = AtHand.of(context, plan, position_now(before, plan), DAY)
    rows = [row(100 + at, DAY, what) for at, what in enumerate(TODAY)]
    change_events(context, context.spark.createDataFrame(rows, COLUMNS), "insert")
    yield context, at_hand, context.lake.read(EVENTS).where(F.col("event_date") == F.lit(DAY))
    at_hand.let_go()


def looked_back(context, customers: str):
    """The features that a batch computes of all events before as_of."""
    plan = plan_of(context.features, context.config.features)
    events = activity_at(context, position_now(context, plan).versions)
    people, products = context.lake.read(CUSTOMERS), context.lake.read(PRODUCTS)
    found = customer_features(events, people, products, [context.as_of], "America/New_York", plan, context.features)
    return found.where(F.col("customer_id").isin(list(customers)))


def features_of(context, at_hand, customers: str):
    return at_hand.features(context.spark.createDataFrame([(one,) for one in customers], "customer_id STRING"))


def test_who_did_something_has_the_features_of_a_batch_at_the_end_of_the_day(day):
    context, at_hand, today = day
    for part in (0, 1):  # in two pieces, and some of it twice
        at_hand.see(today.where(f"pmod(xxhash64(event_id), 2) = {part}"))
    at_hand.see(today.where("customer_id = 'a'"))
    own = [one.name for one in context.features if not any(word in one.sql for word in ("cut_", "pooled_"))]
    found, expected = (
        frame.select("customer_id", "as_of", *own)
        for frame in (features_of(context, at_hand, "abce"), looked_back(context, "abce"))
    )
    assert len(own) > 50
    assert_same(found, expected, "the day's features")


def test_what_features_say_of_all_customers_is_of_the_opening(day):
    """Of 16.49 and 100.00 that a and b had spent, the fifths end at 33.19, 49.89, 66.60 and 83.30."""
    context, at_hand, _ = day
    found = {row["customer_id"]: row["monetary_score"] for row in features_of(context, at_hand, "abe").collect()}
    assert found == {"a": 1, "b": 1, "e": 3}  # of 23.27, 0 and 50


def test_an_event_that_was_written_again_counts_as_it_is_now(day):
    context, at_hand, today = day
    at_hand.see(today.where("customer_id = 'e'").withColumn("amount", F.lit(99).cast("decimal(18,4)")))
    found = features_of(context, at_hand, "e").first()
    assert float(found["monetary_value"]) == 99.0
    assert found["frequency"] == 1


def test_an_event_of_the_next_day_does_not_count_yet(day):
    context, at_hand, today = day
    tomorrow = today.where("customer_id = 'c'").withColumns(
        {"event_id": F.lit("later"), "event_date": F.date_add("event_date", 1)}
    )
    at_hand.see(tomorrow)
    assert features_of(context, at_hand, "c").first()["visits_count"] == 2
