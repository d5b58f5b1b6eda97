"""Families beyond buying, each against values computed by hand; New York, as_of 2026-03-01, windows 30 and 90 days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from segspark.config.features import Features, OwnFeature
from segspark.config.sources import Attribute
from segspark.errors import BadInputError
from segspark.features.declarations import declared_features
from tests.spark.features.computing import features_at

AS_OF, ZONE = date(2026, 3, 1), "America/New_York"
ATTRIBUTES = {
    "age": Attribute(type="numeric"),
    "size": Attribute(type="ordinal", order=["small", "large"], kind="firmographic"),
    "region": Attribute(type="categorical"),
    "religion": Attribute(type="categorical", protected=True),
}
SETTINGS = Features(
    families=[
        "scores", "value", "price", "preference", "web", "engagement", "support", "lifecycle", "attributes",
    ],
    channel_shares={"web": "web"},
    private_label="brand = 'Own'",
    rate_prior=2,
    own=[
        OwnFeature(name="gifts", aggregate="sum(if(category = 'gift', amount, 0))", description="Gifts.", type="money",
                   windows_days=[30], half_life_days=30),
        OwnFeature(name="gift_lines", aggregate="count_if(category = 'gift')", description="Lines.", type="count"),
        OwnFeature(name="dearest", aggregate="max(amount)", description="Largest amount."),
    ],
)  # fmt: skip
DECLARED = declared_features(SETTINGS, "USD", ATTRIBUTES)
SCHEMA = (
    "event_id STRING, customer_id STRING, event_ts TIMESTAMP, event_type STRING, channel STRING, session_id STRING, "
    "order_id STRING, product_id STRING, category STRING, amount DECIMAL(18,4), discount DECIMAL(18,4), "
    "campaign_id STRING, page_depth DOUBLE, duration_seconds DOUBLE, rating DOUBLE, properties MAP<STRING,STRING>"
)


def event(customer, at, kind, **more):
    moment = datetime.fromisoformat(at if "T" in at else f"{at}T17:00:00").replace(tzinfo=UTC)
    money = [None if more.get(name) is None else Decimal(str(more[name])) for name in ("amount", "discount")]
    names = ("channel", "session", "order", "product", "category")
    last = ("campaign", "depth", "seconds", "rating", "properties")
    number = len(EVENTS)
    EVENTS.append(
        (f"e{number}", customer, moment, kind, *[more.get(name) for name in names], *money,
         *[more.get(name) for name in last])
    )  # fmt: skip


EVENTS: list[tuple[object, ...]] = []
# buyer: two lines at a discount of 2 of 10 and 1 of 5, one at the full price of 15; one of them returned; costs of two
event("buyer", "2026-01-30", "purchase", order="1", product="p1", category="gift", amount=8, discount=2,
      properties={"cost": "5"}, channel="store")  # fmt: skip
event("buyer", "2026-01-30", "purchase", order="1", product="p2", category="tea", amount=4, discount=1, channel="store")
event("buyer", "2026-02-28", "purchase", order="2", product="p3", category="tea", amount=15, properties={"cost": "x"},
      channel="web")  # fmt: skip
event("buyer", "2026-02-28", "return", order="1", product="p1", category="gift", amount=-8, properties={"cost": "5"})
event("buyer", "2026-02-28", "coupon_redemption", campaign="k1", channel="store")
event("buyer", "2026-02-20", "campaign_sent", campaign="k1", channel="store")
event("buyer", "2026-02-21", "campaign_sent", campaign="k1", channel="store")
event("buyer", "2026-02-20", "campaign_sent", campaign="k2", channel="store")
# visitor: a visit over midnight of New York (05:00 UTC), one in the app; depth and duration not always known
page = {"channel": "web", "session": "v1", "properties": {"device": "Mobile"}}
event("visitor", "2026-02-10T04:50", "page_view", depth=0.5, seconds=10.0, **page)
event("visitor", "2026-02-10T05:10", "product_view", depth=1.0, **page)
event("visitor", "2026-02-10T05:11", "cart_add", **page)
event("visitor", "2026-02-10T05:12", "search", **page)
event("visitor", "2025-12-01T14:00", "product_view", channel="app", session="v2", seconds=20.0)
event("visitor", "2025-12-01T14:05", "purchase", channel="app", session="v2", amount=1)
# reader: 4 messages, 2 opened, 1 clicked, 1 unsubscription; another reader: 4 messages, nothing
for number in range(4):
    event("reader", f"2026-02-0{number + 1}", "email_sent", channel="email")
    event("other_reader", f"2026-02-0{number + 1}", "email_sent", channel="email")
event("reader", "2026-02-02", "email_open", channel="email")
event("reader", "2026-02-03", "email_open", channel="email")
event("reader", "2026-02-03", "email_click", channel="email")
event("reader", "2026-02-04", "unsubscribe", channel="email")
event("reader", "2026-02-05", "ad_impression", channel="ad")
event("reader", "2026-02-05", "ad_impression", channel="ad")
event("reader", "2026-02-05", "ad_click", channel="ad")
# caller
event("caller", "2025-11-01", "support_contact", channel="phone", properties={"sentiment": "-0.5"})
event("caller", "2026-02-01", "support_contact", channel="phone", properties={"sentiment": "bad"})
FEEDBACK = [
    ("f1", "caller", datetime(2026, 2, 1, 12, tzinfo=UTC), "review", 2.0),
    ("f2", "caller", datetime(2026, 2, 2, 12, tzinfo=UTC), "survey", 5.0),
    ("f3", "caller", datetime(2026, 3, 1, 5, tzinfo=UTC), "survey", 1.0),  # as_of's midnight: not read
]
CUSTOMERS = [
    ("buyer", None, {"age": "40", "size": "small", "region": "north", "religion": "x"}),
    ("buyer", datetime(2026, 2, 1, tzinfo=UTC), {"age": "41", "size": "large", "region": ""}),
    ("buyer", datetime(2026, 3, 2, tzinfo=UTC), {"age": "99"}),  # later than as_of
    ("told", None, {"age": "old", "size": "huge"}),
]
PRODUCTS = [("p1", "Own"), ("p2", "Best"), ("p3", None)]


@pytest.fixture(scope="module")
def rows(spark):
    frames = [
        spark.createDataFrame(EVENTS, SCHEMA),
        spark.createDataFrame(CUSTOMERS, "customer_id STRING, valid_from TIMESTAMP, attributes MAP<STRING,STRING>"),
    ]
    said = spark.createDataFrame(
        FEEDBACK, "feedback_id STRING, customer_id STRING, feedback_ts TIMESTAMP, kind STRING, rating DOUBLE"
    )
    goods = spark.createDataFrame(PRODUCTS, "product_id STRING, brand STRING")
    found = features_at(*frames, [AS_OF], ZONE, SETTINGS, DECLARED, said, goods).collect()
    return {row["customer_id"]: row.asDict() for row in found}


def check(row, **expected):
    assert {name: row[name] for name in expected} == {
        name: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value for name, value in expected.items()
    }


def test_margin_counts_lines_of_known_cost_and_takes_returns_back(rows):
    # p1 sold for 8 at a cost of 5 and returned; the cost of p3 cannot be read
    check(
        rows["buyer"], margin=Decimal(0), margin_share=None, return_share=8 / 27, returns_count=1, line_value_mean=9.0
    )
    check(rows["told"], margin=Decimal(0), margin_share=None, return_share=None, line_value_mean=None)


def test_discounts_are_of_the_lines_that_have_one(rows):
    check(rows["buyer"], discounted_line_share=2 / 3, full_price_share=15 / 27, discount_depth=3 / 15,
          coupons_per_order=0.5)  # fmt: skip
    check(rows["visitor"], discounted_line_share=0.0, full_price_share=1.0, discount_depth=None, coupons_per_order=0.0)


def test_favourites_are_by_spend_on_what_is_known(rows):
    # tea 19, gift 8 of purchases; brands: returns count, so Own 8 - 0 (dimensions are of purchases), Best 4
    check(rows["buyer"], top_category="tea", brand_loyalty=8 / 12, private_label_share=8 / 12)
    check(rows["visitor"], top_category=None, brand_loyalty=None, private_label_share=None)


def test_a_visit_over_midnight_is_one_and_its_rates_are_per_visit(rows):
    check(
        rows["visitor"], visits_count=2, visits_count_90d=2, days_since_visit=20, pages_per_visit=1.5,
        page_depth_mean=0.75, page_seconds_mean=15.0, searches_per_visit=0.5, cart_adds_per_visit=0.5,
        view_to_cart_rate=0.5, cart_to_purchase_rate=1.0, app_share=1 / 3, mobile_share=1.0,
    )  # fmt: skip


def test_hours_are_those_of_the_business_zone(rows):
    # 04:50 UTC is 23:50 in New York, 05:10 is 00:10, 14:00 is 09:00
    check(rows["visitor"], evening_share=1 / 3, night_share=1 / 3, morning_share=1 / 3, afternoon_share=0.0)


def test_who_never_visited_has_no_rates(rows):
    check(
        rows["caller"], visits_count=0, days_since_visit=None, pages_per_visit=None, app_share=None, mobile_share=None
    )


def test_rates_of_messages_are_drawn_to_the_average_of_all(rows):
    # of 8 messages 2 were opened: 1/4; with a prior of 2 messages (2 + 2/4) / 6 and (0 + 2/4) / 6
    check(rows["reader"], open_rate=2.5 / 6, click_rate=(1 + 2 / 8) / 6, unsubscribe_rate=(1 + 2 / 8) / 6)
    check(rows["other_reader"], open_rate=0.5 / 6)
    check(rows["buyer"], open_rate=None)


def test_channels_and_advertisements(rows):
    check(rows["reader"], channels_used=2, top_channel="email", top_channel_share=8 / 11, channel_share_web=0.0,
          ad_click_rate=0.5)  # fmt: skip
    check(rows["buyer"], channels_used=2, channel_share_web=1 / 7, ad_click_rate=None)


def test_days_to_respond_count_from_the_first_contact(rows):
    check(rows["buyer"], campaign_contacts_count=3, days_to_respond_mean=8.0)  # 20th to 28th
    check(rows["reader"], campaign_contacts_count=0, days_to_respond_mean=None)


def test_support_counts_contacts_and_ratings_of_events_and_feedback(rows):
    check(rows["caller"], support_contacts_count=2, support_contacts_count_90d=1, rating_mean=3.5, sentiment_mean=-0.5)
    check(rows["buyer"], support_contacts_count=0, rating_mean=None, sentiment_mean=None)


def test_lifecycle_is_of_events_of_any_type(rows):
    # 8 events in the last 90 days, none before: (8 - 0) / 8; the caller 3 and 1 of 120 days ago
    check(rows["buyer"], known_days=30, days_since_event=1, activity_trend_90d=1.0)
    check(rows["caller"], known_days=120, days_since_event=27, activity_trend_90d=0.5)
    check(rows["told"], known_days=None, days_since_event=None, activity_trend_90d=None)


def test_attributes_are_those_of_before_as_of_by_their_type(rows):
    check(rows["buyer"], attribute_age=41.0, attribute_size=2, attribute_region=None, attributes_missing=1)
    check(rows["told"], attribute_age=None, attribute_size=None, attribute_region=None, attributes_missing=3)
    assert "attribute_religion" not in rows["buyer"]


def test_features_of_ones_own_add_up_or_are_computed_from_all_events(rows):
    # 8 bought 30 days ago, 8 taken back a day ago
    check(rows["buyer"], gifts=Decimal(0), gifts_sum_30d=Decimal(0), gift_lines=2, dearest=15.0,
          gifts_decayed_30d=8 * 0.5 - 8 * 2 ** (-1 / 30))  # fmt: skip
    check(rows["caller"], gifts=Decimal(0), gift_lines=0, dearest=None)


def test_scores_are_fifths_and_cells_are_named(rows):
    # two who bought: recency 1 and 90 days, 2 and 1 orders, 19 and 1 spent; quintiles lie between the two
    check(rows["buyer"], recency_score=5, frequency_score=5, monetary_score=5, rfm_cell="champions")
    check(rows["visitor"], recency_score=1, frequency_score=1, monetary_score=1, rfm_cell="lost")
    check(rows["caller"], recency_score=None, rfm_cell=None)


@pytest.mark.parametrize("name", ["opens", "orders", "weekend_orders", "category_top", "as_of"])
def test_a_feature_of_ones_own_takes_no_name_that_others_are_made_of(name):
    # Named `opens`, it would be what open_rate divides.
    settings = Features(own=[OwnFeature(name=name, aggregate="sum(quantity)", description="Units.")])
    with pytest.raises(BadInputError, match=f"features.own: {name} is what other features are made of"):
        declared_features(settings, "USD")
