"""Features of hand-made customers, each a case of its own, against values computed by hand.

New York's midnight that begins as_of 2018-01-01 is 05:00 UTC. Windows are 30 and 90 days; spend halves every 30 days,
orders every 10.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

import pytest

from segspark.config.features import Features
from segspark.features.declarations import declared_features
from tests.spark.features.computing import features_at

AS_OF, ZONE = date(2018, 1, 1), "America/New_York"
SETTINGS = Features(
    windows_days=(30, 90), half_lives={"spend": 30, "orders": 10}, category_shares={"fruit": "Fruit & co"}
)
DECLARED = declared_features(SETTINGS, "USD")
FRUIT = "Fruit & co"
SCHEMA = (
    "event_id STRING, customer_id STRING, event_ts TIMESTAMP, event_type STRING, order_id STRING, product_id STRING, "
    "category STRING, amount DECIMAL(18,4), discount DECIMAL(18,4), campaign_id STRING"
)
_ids = count()


def event(customer, at, kind="purchase", order=None, product=None, category=None, amount=None, discount=None, **more):
    """An event; `at` is UTC unless it says otherwise, noon in New York when it is a date."""
    instant = datetime.fromisoformat(at if "T" in at else f"{at}T17:00:00")
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    event_id = more.get("event_id", f"e{next(_ids):04}")
    money = [None if value is None else Decimal(str(value)) for value in (amount, discount)]
    return (event_id, customer, instant, kind, order, product, category, *money, more.get("campaign"))


def sent(customer, campaign, at="2017-12-01"):
    return event(customer, at, "campaign_sent", campaign=campaign)


def redeemed(customer, campaign, at="2017-12-02"):
    return event(customer, at, "coupon_redemption", campaign=campaign)


EVENTS = [
    # 2017-12-02, a Saturday, is 30 days before as_of
    event("once", "2017-12-02", order="o1", product="p1", category=FRUIT, amount=40, discount=10),
    # 31, 90, 91, 180 and 181 days before
    event("windows", "2017-12-01", order="w1", amount=1),
    event("windows", "2017-10-03", order="w2", amount=2),
    event("windows", "2017-10-02", order="w3", amount=4),
    event("windows", "2017-07-05", order="w4", amount=8),
    event("windows", "2017-07-04", order="w5", amount=16),
    # three orders on one Friday, two of them at the same instant
    event("same_day", "2017-12-29T15:00", order="s1", amount=1),
    event("same_day", "2017-12-29T15:00", order="s2", amount=1),
    event("same_day", "2017-12-29T20:00", order="s3", amount=1),
    # two orders: a gap, but no deviation
    event("twice", "2017-12-20", order="t1", amount=5),
    event("twice", "2017-12-27", order="t2", amount=5),
    # one order, whose lines are at 23:50 on 2017-12-30 and 00:10 on 2017-12-31 in New York
    event("over_midnight", "2017-12-31T05:10", order="m1", product="p2", amount=3),
    event("over_midnight", "2017-12-31T04:50", order="m1", product="p1", amount=2),
    # the last microsecond before as_of, and as_of itself
    event("boundary", "2018-01-01T04:59:59.999999", order="b1", product="p1", category=FRUIT, amount=1),
    event("boundary", "2018-01-01T05:00:00", order="b2", product="p2", category="Meat", amount=100, discount=7),
    event("boundary", "2018-01-01T05:00:00", "return", order="b1", amount=-50),
    sent("boundary", "C", "2018-01-01T05:00:00"),
    event("too_late", "2018-01-01T05:00:00", amount=9),
    # days around the change to summer time on Sunday 2017-03-12, which has 23 hours
    event("spring", "2017-03-12T04:59", order="1", amount=1),  # Saturday 11th, 23:59
    event("spring", "2017-03-12T06:59:59", order="2", amount=1),  # 12th, 01:59:59, winter time
    event("spring", "2017-03-12T07:00", order="3", amount=1),  # 12th, 03:00, summer time
    event("spring", "2017-03-13T03:59:59", order="4", amount=1),  # 12th, 23:59:59
    event("spring", "2017-03-13T04:00", order="5", amount=1),  # Monday 13th, 00:00
    # and around the change back on Sunday 2017-11-05, which has 25 hours
    event("autumn", "2017-11-05T03:59:59", order="1", amount=1),  # Saturday 4th, 23:59:59
    event("autumn", "2017-11-05T04:00", order="2", amount=1),  # 5th, 00:00
    event("autumn", "2017-11-05T05:30", order="3", amount=1),  # 5th, 01:30, summer time
    event("autumn", "2017-11-05T06:30", order="4", amount=1),  # 5th, 01:30 again, winter time
    event("autumn", "2017-11-06T04:59:59", order="5", amount=1),  # 5th, 23:59:59
    event("autumn", "2017-11-06T05:00", order="6", amount=1),  # Monday 6th, 00:00
    # 22 and 12 days before
    event("returner", "2017-12-10", order="r1", category=FRUIT, product="p1", amount=50, discount=5),
    event("returner", "2017-12-20", "return", order="r2", category="Meat", product="p2", amount=-20, discount=3),
    event("only_returns", "2017-12-20", "return", order="r3", category=FRUIT, product="p1", amount=-15),
    # without order_id every line is an order; the id of another event is no order_id
    event("no_orders", "2017-12-10T15:00", event_id="X", amount=1),
    event("no_orders", "2017-12-10T15:00", event_id="Y", amount=1),
    event("no_orders", "2017-12-10T15:00", event_id="Z", order="X", amount=1),
    event("free", "2017-12-10", order="f1", category=FRUIT, product="p1", amount=0),
    event("gifted", "2017-12-10", order="g1", amount=0, discount=5),
    # two orders: three lines with two products, one line
    event("products", "2017-12-10", order="q1", product="p1", amount=1),
    event("products", "2017-12-10", order="q1", product="p1", amount=1),
    event("products", "2017-12-10", order="q1", product="p2", amount=1),
    event("products", "2017-12-11", order="q2", product="p1", amount=1),
    event("nameless", "2017-12-10", order="n1", amount=1),
    event("balanced", "2017-12-10", order="l1", category=FRUIT, amount="10.5"),
    event("balanced", "2017-12-10", order="l1", category="Meat", amount="5.25"),
    event("balanced", "2017-12-11", order="l2", category="Meat", amount="5.25"),
    # 5, 3 and 2 of 10; the line of unknown category has no part in it
    event("spread", "2017-12-10", order="d1", category="Dairy", amount=5),
    event("spread", "2017-12-10", order="d1", category="Meat", amount=3),
    event("spread", "2017-12-10", order="d1", category="Bread", amount=2),
    event("spread", "2017-12-10", order="d1", amount=90),
    sent("reached", "A"),
    sent("reached", "A"),
    sent("reached", "B"),
    sent("reached", "C"),
    redeemed("reached", "A"),
    redeemed("reached", "A"),
    redeemed("reached", "D"),
    sent("indifferent", "A"),
    redeemed("unreached", "D"),
    event("unnamed_campaign", "2017-12-01", "campaign_sent"),
    event("visitor", "2017-12-01", "page_view", category=FRUIT, product="p1"),
]
CUSTOMERS = [
    ("described", None),
    ("described_before", datetime(2018, 1, 1, 4, 59, 59, tzinfo=UTC)),
    ("described_later", datetime(2018, 1, 1, 5, 0, tzinfo=UTC)),
    ("once", None),
]
CUSTOMER_SCHEMA = "customer_id STRING, valid_from TIMESTAMP"

NEVER_BOUGHT = {
    "recency_days": None,
    "frequency": 0,
    "monetary_value": Decimal("0.0000"),
    "average_order_value": None,
    "tenure_days": None,
    "order_gap_days_mean": None,
    "order_gap_days_std": None,
    "weekend_order_share": None,
    "products_per_order": None,
    "discount_share": None,
    "distinct_categories": 0,
    "distinct_products": 0,
    "category_entropy": None,
    "top_category_share": None,
    "category_share_fruit": None,
    "spend_sum_30d": Decimal("0.0000"),
    "orders_count_30d": 0,
    "spend_sum_90d": Decimal("0.0000"),
    "orders_count_90d": 0,
    "spend_trend_90d": None,
    "spend_decayed_30d": 0.0,
    "orders_decayed_10d": 0.0,
    "campaign_response_rate": None,
}


@pytest.fixture(scope="module")
def computed(spark):
    events, customers = (
        spark.createDataFrame(EVENTS, SCHEMA),
        spark.createDataFrame(CUSTOMERS, CUSTOMER_SCHEMA),
    )
    return features_at(events, customers, [AS_OF], ZONE, SETTINGS, DECLARED).persist()


@pytest.fixture(scope="module")
def rows(computed):
    return {row["customer_id"]: row.asDict() for row in computed.collect()}


@pytest.fixture
def of(rows):
    """A customer's values of some features."""
    return lambda customer, *names: [rows[customer][name] for name in names]


def test_there_is_one_row_for_everyone_known_before_as_of(computed, rows):
    expected = {row[1] for row in EVENTS} - {"too_late"} | {"described", "described_before"}
    assert set(rows) == expected
    assert computed.count() == len(expected)


def test_every_row_is_at_as_of(rows):
    assert {row["as_of"] for row in rows.values()} == {AS_OF}


def test_columns_are_the_declared_ones_in_their_order_and_types(computed):
    types = {"INT": "int", "BIGINT": "bigint", "DOUBLE": "double", "DECIMAL(38,4)": "decimal(38,4)"}
    expected = [("customer_id", "string"), ("as_of", "date"), *((one.name, types[one.type]) for one in DECLARED)]
    assert computed.dtypes == expected


def test_the_declared_features_are_those_of_the_configuration():
    assert [one.name for one in DECLARED] == list(NEVER_BOUGHT)


def test_a_customer_of_one_order_has_every_feature_as_computed_by_hand(rows):
    assert rows["once"] == {
        "customer_id": "once",
        "as_of": AS_OF,
        "recency_days": 30,
        "frequency": 1,
        "monetary_value": Decimal("40.0000"),
        "average_order_value": 40.0,
        "tenure_days": 30,
        "order_gap_days_mean": None,
        "order_gap_days_std": None,
        "weekend_order_share": 1.0,
        "products_per_order": 1.0,
        "discount_share": 0.2,  # 10 of a full price of 50
        "distinct_categories": 1,
        "distinct_products": 1,
        "category_entropy": 0.0,
        "top_category_share": 1.0,
        "category_share_fruit": 1.0,
        "spend_sum_30d": Decimal("40.0000"),
        "orders_count_30d": 1,
        "spend_sum_90d": Decimal("40.0000"),
        "orders_count_90d": 1,
        "spend_trend_90d": 1.0,  # (40 - 0) / (40 + 0)
        "spend_decayed_30d": 20.0,  # one half-life ago
        "orders_decayed_10d": 0.125,  # three half-lives ago
        "campaign_response_rate": None,
    }


@pytest.mark.parametrize("customer", ["described", "described_before", "visitor", "unreached", "unnamed_campaign"])
def test_who_never_bought_has_zeros_for_none_and_nulls_for_unknown(rows, customer):
    assert rows[customer] == {"customer_id": customer, "as_of": AS_OF} | NEVER_BOUGHT


def test_a_window_holds_its_last_day_and_not_the_one_before(of):
    assert of("windows", "spend_sum_30d", "orders_count_30d") == [Decimal(0), 0]  # 31 days old
    assert of("windows", "spend_sum_90d", "orders_count_90d") == [Decimal(3), 2]  # 31 and 90 days old: 1 + 2


def test_the_trend_compares_the_window_with_the_one_before(of):
    # last 90 days: 1 + 2 = 3; 91 to 180 days: 4 + 8 = 12; the 16 of 181 days ago in neither: (3 - 12) / 15
    assert of("windows", "spend_trend_90d") == [-0.6]


def test_recency_is_since_the_last_order_and_tenure_since_the_first(of):
    assert of("windows", "recency_days", "tenure_days") == [31, 181]


def test_mean_and_deviation_of_gaps_are_those_computed_by_hand(of):
    # gaps 1, 89, 1, 59: mean 37.5, squared deviations 1332.25 + 2652.25 + 1332.25 + 462.25 = 5779, over 3
    mean, deviation = of("windows", "order_gap_days_mean", "order_gap_days_std")
    assert mean == 37.5
    assert deviation == pytest.approx(math.sqrt(5779 / 3), rel=1e-12)


def test_orders_on_one_day_count_each_and_have_gaps_of_zero(of):
    names = ("frequency", "order_gap_days_mean", "order_gap_days_std", "recency_days", "weekend_order_share")
    assert of("same_day", *names) == [3, 0.0, 0.0, 3, 0.0]


def test_two_orders_have_a_gap_but_no_deviation_of_gaps(of):
    assert of("twice", "order_gap_days_mean", "order_gap_days_std") == [7.0, None]


def test_an_order_belongs_to_the_day_of_its_first_line(of):
    # 2017-12-30 is a Saturday, 2 days before as_of
    names = ("frequency", "recency_days", "tenure_days", "weekend_order_share", "products_per_order")
    assert of("over_midnight", *names) == [1, 2, 2, 1.0, 2.0]


def test_an_event_at_as_of_is_not_read_and_one_a_microsecond_before_is(rows):
    expected = {
        "recency_days": 1,
        "frequency": 1,
        "monetary_value": Decimal(1),
        "distinct_products": 1,
        "distinct_categories": 1,
        "discount_share": 0.0,
        "campaign_response_rate": None,
    }
    assert {name: rows["boundary"][name] for name in expected} == expected


def test_days_around_the_change_to_summer_time_are_those_of_the_business_zone(of):
    # days 11, 12, 12, 12, 13: gaps 1, 0, 0, 1; from the 11th to as_of 20 + 275 + 1 = 296 days; weekend 4 of 5
    names = ("tenure_days", "recency_days", "order_gap_days_mean", "weekend_order_share")
    assert of("spring", *names) == [296, 294, 0.5, 0.8]


def test_days_around_the_change_back_are_those_of_the_business_zone(of):
    # days 4, 5, 5, 5, 5, 6: gaps 1, 0, 0, 0, 1; from the 4th to as_of 26 + 31 + 1 = 58 days; weekend 5 of 6
    names = ("tenure_days", "recency_days", "order_gap_days_mean", "weekend_order_share")
    assert of("autumn", *names) == [58, 56, 0.4, 5 / 6]


def test_a_return_lowers_what_was_spent_and_is_no_order(of):
    names = ("frequency", "monetary_value", "average_order_value", "recency_days", "spend_sum_30d", "orders_count_30d")
    assert of("returner", *names) == [1, Decimal(30), 30.0, 22, Decimal(30), 1]


def test_a_return_has_no_part_in_breadth_discount_and_trend(of):
    names = ("distinct_categories", "distinct_products", "top_category_share", "discount_share", "spend_trend_90d")
    assert of("returner", *names) == [1, 1, 1.0, pytest.approx(5 / 55), 1.0]


def test_decayed_spend_is_net_of_returns_each_at_its_own_age(of):
    expected = 50 * 2 ** (-22 / 30) - 20 * 2 ** (-12 / 30)
    assert of("returner", "spend_decayed_30d") == [pytest.approx(expected, rel=1e-12)]


def test_decayed_orders_sum_over_orders(of):
    # 12 and 5 days ago, half-life 10
    assert of("twice", "orders_decayed_10d") == [pytest.approx(2**-1.2 + 2**-0.5, rel=1e-12)]


def test_who_only_returned_has_negative_spend_and_no_orders(rows):
    expected = NEVER_BOUGHT | {
        "monetary_value": Decimal(-15),
        "spend_sum_30d": Decimal(-15),
        "spend_sum_90d": Decimal(-15),
        "spend_decayed_30d": pytest.approx(-15 * 2**-0.4, rel=1e-12),
    }
    assert rows["only_returns"] == {"customer_id": "only_returns", "as_of": AS_OF} | expected


def test_a_purchase_without_an_order_is_an_order_of_its_own(of):
    assert of("no_orders", "frequency", "order_gap_days_mean") == [3, 0.0]


def test_a_purchase_for_nothing_is_an_order_of_no_value(of):
    names = ("frequency", "monetary_value", "average_order_value", "distinct_categories", "distinct_products")
    assert of("free", *names) == [1, Decimal(0), 0.0, 1, 1]


def test_without_spend_there_are_no_shares_of_it(of):
    names = ("discount_share", "category_entropy", "top_category_share", "category_share_fruit", "spend_trend_90d")
    assert of("free", *names) == [None] * 5


def test_a_wholly_discounted_purchase_has_a_discount_share_of_one(of):
    assert of("gifted", "discount_share") == [1.0]


def test_products_per_order_counts_distinct_products(of):
    assert of("products", "products_per_order", "distinct_products") == [1.5, 2]  # (2 + 1) / 2


def test_an_order_that_names_no_product_has_none(of):
    assert of("nameless", "products_per_order", "distinct_products", "distinct_categories") == [0.0, 0, 0]


def test_paid_in_full_is_a_discount_share_of_zero(of):
    assert of("nameless", "discount_share") == [0.0]


def test_two_equal_categories_have_an_entropy_of_ln_2(of):
    entropy, top, fruit = of("balanced", "category_entropy", "top_category_share", "category_share_fruit")
    assert entropy == pytest.approx(math.log(2), rel=1e-12)
    assert (top, fruit) == (0.5, 0.5)


def test_entropy_and_shares_are_of_spend_in_known_categories(of):
    entropy, top = of("spread", "category_entropy", "top_category_share")
    assert entropy == pytest.approx(-(0.5 * math.log(0.5) + 0.3 * math.log(0.3) + 0.2 * math.log(0.2)), rel=1e-12)
    assert (top, *of("spread", "distinct_categories", "monetary_value")) == (0.5, 3, Decimal(100))


def test_nothing_bought_in_a_category_is_a_share_of_zero(of):
    assert of("spread", "category_share_fruit") == [0.0]


def test_a_response_counts_once_and_only_where_the_campaign_reached_the_customer(of):
    assert of("reached", "campaign_response_rate") == [pytest.approx(1 / 3)]  # A of A, B, C; D never reached


def test_never_responding_is_a_rate_of_zero(of):
    assert of("indifferent", "campaign_response_rate") == [0.0]


def test_features_that_are_never_null_are_never_null(rows):
    never = [one.name for one in DECLARED if one.null_means == "never null"]
    assert never
    assert all(row[name] is not None for row in rows.values() for name in never)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Features(windows_days=(7, 14), half_lives={}), ("spend_sum_7d", "orders_count_14d", "spend_trend_14d")),
        (Features(windows_days=(60, 10), half_lives={"orders": 5}), ("spend_trend_60d", "orders_decayed_5d")),
    ],
)  # fmt: skip
def test_windows_and_half_lives_follow_the_configuration(spark, settings, names):
    events, customers = spark.createDataFrame([], SCHEMA), spark.createDataFrame([], CUSTOMER_SCHEMA)
    declared = declared_features(settings, "USD")
    found = features_at(events, customers, [AS_OF], ZONE, settings, declared).columns
    assert found[2:] == [one.name for one in declared]
    assert set(names) <= set(found)
    assert any("decayed" in name for name in found) == bool(settings.half_lives)


def test_another_business_zone_moves_days_and_as_of(spark):
    # In Tokyo, nine hours ahead, as_of begins at 15:00 UTC of the day before: 14:59:59 is read, 15:00 is not.
    events = [
        event("t", "2017-12-31T14:59:59", order="1", amount=1),
        event("t", "2017-12-31T15:00:00", order="2", amount=2),
        event("t", "2017-12-29T15:00:00", order="3", amount=4),  # Saturday 30th, 00:00 in Tokyo
    ]
    frame = spark.createDataFrame(events, SCHEMA)
    (row,) = features_at(frame, None, [AS_OF], "Asia/Tokyo", SETTINGS, DECLARED).collect()
    found = [row[name] for name in ("frequency", "recency_days", "tenure_days", "weekend_order_share")]
    assert found == [2, 1, 2, 1.0]
