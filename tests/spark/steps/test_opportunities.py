"""Opportunities of a small made-up shop: what is published, by hand and beside pandas."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from segspark.steps.opportunities import OPPORTUNITY_TABLES, opportunities
from segspark.steps.opportunity_items import discount_depths, discount_ranges, opportunity_items
from segspark.steps.prospects import candidates
from segspark.tables import (
    EVENTS,
    PROSPECT_RESEMBLANCE,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_DISCOUNTS,
    SEGMENT_NEEDS,
    SEGMENT_POCKETS,
    SEGMENTS,
    Table,
)
from tests.features import with_unknown
from tests.governing import DAY, SEGMENTS_THERE, again, context_in

DAYS = date(2026, 4, 1)
ASKED = {
    "pockets": {"features": ["top_channel", "app_share"], "min_customers": 20},
    "discounts": {"edges": [0.1, 0.3], "min_customers": 11},
    "needs": {"min_customers": 11},
    "prospects": {"sample": 2000, "min_customers": 50, "iterations": 10},
}


def shop() -> pd.DataFrame:
    """1,200 customers of two segments, told apart by the app, and 40 prospects; on the web more is spent."""
    random = np.random.default_rng(1)
    n = 1_240
    segment = np.where(np.arange(n) < 600, "seg-a", "seg-b").astype(object)
    segment[1_200:] = "life-prospect"
    channel = random.choice(["web", "store", "mail", "phone's"], n)
    money = random.lognormal(3, 0.5, n) * np.where(channel == "web", 3, 1)
    app = np.clip(random.normal(np.where(segment == "seg-a", 0.7, 0.3), 0.1), 0, 1)
    bought = segment != "life-prospect"
    return pd.DataFrame({
        "customer_id": [f"c{at:04}" for at in range(n)], "segment_id": segment, "frequency": np.where(bought, 5, 0),
        "monetary_value": np.where(bought, money, 0.0), "top_channel": channel, "app_share": app,
    })  # fmt: skip


def log() -> list[tuple[object, ...]]:
    """Of 40 customers of either segment: orders at depths of 0.2 and 0.5, or of 0; the others alone buy tea."""
    rows = []
    for at in range(40):
        a, b = f"c{at:04}", f"c{600 + at:04}"
        rows += [
            (a, DAYS, "purchase", f"{a}1", 8.0, 2.0, "cup", {"cost": "6"}),
            (b, DAYS, "purchase", f"{b}1", 10.0, None, "tea", {}),
        ]
        rows += [
            (a, DAYS, "purchase", f"{a}2", 5.0, 5.0, "cup", {}),
            (a, DAYS, "product_view", None, None, None, "tea", {}),
        ]
        rows += [
            (b, DAYS, "product_view", None, None, None, "tea", {}),
            (b, date(2024, 1, 1), "product_view", None, None, None, "cup", {}),
        ]
    rows += [("c0000", DAY, "purchase", "late", 9.0, None, "tea", {})]  # not before as_of
    return [(f"e{at}", *row) for at, row in enumerate(rows)]


def put(context, table: Table, rows, names: str) -> None:
    types = {one.name: one.type for one in table.columns}
    frame = context.spark.createDataFrame(rows, ", ".join(f"{name} {types[name]}" for name in names.split()))
    frame.write.format("delta").save(context.lake.location(table))


@pytest.fixture(scope="module")
def context(spark, tmp_path_factory):
    more = {"opportunities": ASKED, "features": {"families": ["rfm", "recent", "web", "engagement"]}}
    found = context_in(tmp_path_factory.mktemp("opportunities"), more)
    vars(found)["spark"] = spark
    customers = shop()
    given = spark.createDataFrame(customers.assign(as_of=DAY))
    given.transform(lambda rows: with_unknown(found, rows)).write.format("delta").save(
        found.lake.location(found.features_table)
    )
    put(
        found,
        SEGMENT_ASSIGNMENTS,
        list(customers[["customer_id", "segment_id"]].itertuples(index=False, name=None)),
        "customer_id segment_id",
    )
    put(found, SEGMENTS, [(one.segment_id, one.kind) for one in SEGMENTS_THERE], "segment_id kind")
    lines = [(*row[:5], *(None if x is None else Decimal(str(x)) for x in row[5:7]), *row[7:]) for row in log()]
    put(found, EVENTS, lines, "event_id customer_id event_date event_type order_id amount discount category properties")
    return found


@pytest.fixture(scope="module")
def found(context):
    return opportunities(context, "run")


def read(context, table: Table) -> pd.DataFrame:
    return context.lake.read(table).toPandas()


def test_a_pocket_is_a_rule_with_the_means_of_its_half_of_the_customers(context, found):
    rows = read(context, SEGMENT_POCKETS)
    assert set(zip(rows.segment_id, rows.rule, rows.description, strict=True)) == {
        (one, "`top_channel` = 'web'", "favourite channel: web") for one in ("seg-a", "seg-b")
    }
    customers = shop()
    halves = context.spark.createDataFrame(customers[["customer_id"]]).selectExpr(
        "customer_id", "pmod(xxhash64(customer_id, 42, 'half'), 2) AS half"
    ).toPandas()  # fmt: skip
    judged = customers.merge(halves)[lambda one: (one.half == 1) & (one.segment_id == "seg-a")]
    inside = judged.top_channel == "web"
    (row,) = rows[rows.segment_id == "seg-a"].to_dict("records")
    assert (row["customers"], row["value_of"], row["kind"]) == (inside.sum(), "monetary_value", "value")
    means = [judged.monetary_value[one].mean() for one in (inside, ~inside)]
    assert [row["value_mean"], row["rest_value_mean"]] == pytest.approx(means, rel=1e-3)  # money has four digits
    assert row["low"] < 3 < row["high"]


def test_who_looks_and_does_not_buy_has_a_need_that_is_not_met(context, found):
    rows = read(context, SEGMENT_NEEDS).set_index(["segment_id", "category", "need"])
    row = rows.loc[("seg-a", "tea", "no_purchase")]
    assert (row.customers, row.value, row.rest_value, row.unmet) == (40, 1.0, 0.0, True)
    assert not rows.loc[("seg-b", "tea", "no_purchase")].unmet
    assert ("seg-b", "cup", "no_purchase") not in rows.index  # too long ago


def test_orders_lie_in_the_bin_of_their_depth_with_value_and_margin(context, found):
    rows = read(context, SEGMENT_DISCOUNTS).set_index(["segment_id", "depth_low", "depth_high"])
    row = rows.loc[("seg-a", 0.1, 0.3)]  # 2 of 10
    assert (row.orders, row.share, row.order_value, row.margin_share, row.customers) == (40, 0.5, 8.0, 0.25, 40)
    assert rows.loc[("seg-a", 0.3, 1.0)].orders == 40
    assert rows.sort_index().loc["seg-a"].recommended.tolist() == [False, False, True, True]
    assert set(rows.loc["seg-a"].response) == {"discounts"}
    assert set(rows.loc["seg-b"].response) == {"full price"}
    assert rows.loc[("seg-b", 0.0, 0.0)].orders == 40


def test_prospects_resemble_the_segment_that_is_like_them(context, found):
    rows = read(context, PROSPECT_RESEMBLANCE).merge(shop()[["customer_id", "app_share"]])
    assert len(rows) == 40  # each is a prospect: they are the only ones of this table
    nearer = rows[(rows.app_share - 0.5).abs() > 0.1]
    assert (nearer.segment_id == np.where(nearer.app_share > 0.5, "seg-a", "seg-b")).all()
    assert rows.probability.between(0.5, 1).all()


def test_the_report_reads_them_and_leaves_out_what_rests_on_few(context, found):
    depths = discount_depths(context)
    told = {(one.segment_id, one.kind) for one in opportunity_items(context, depths)}
    assert {("seg-a", "Pocket of value"), ("seg-a", "Unmet need"), ("seg-a", "Discounts")} <= told
    assert (discount_ranges(depths)["seg-a"].low, discount_ranges(depths)["seg-a"].high) == (0.1, 1.0)


def test_what_is_about_purchases_is_no_feature_of_prospects(context):
    names = {one.name for one in candidates(context.features)}
    assert {"app_share", "top_channel"} <= names
    assert not names & {"cart_to_purchase_rate", "frequency", "monetary_value"}


@pytest.mark.slow
def test_nothing_is_written_where_nothing_changed(context, found):
    versions = [context.lake.latest(one) for one in OPPORTUNITY_TABLES]
    opportunities(again(context), "another run")
    assert [context.lake.latest(one) for one in OPPORTUNITY_TABLES] == versions
