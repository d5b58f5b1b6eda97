"""Signals of 35 customers, by hand."""

from __future__ import annotations

import math
from dataclasses import astuple
from datetime import UTC, date, datetime
from math import comb

import pytest
from pyspark.sql import functions as F

from segspark.segments.registry import Segment
from segspark.steps.signals import SIGNAL_TABLES, signals
from segspark.tables import (
    CAMPAIGNS,
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    FEEDBACK,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_ATTRIBUTES,
    SEGMENT_EXAMPLES,
    SEGMENT_PROFILES,
    SEGMENT_TERMS,
    SEGMENT_TRIGGERS,
    SEGMENTS,
    Table,
)
from tests.features import with_unknown
from tests.governing import DAY, again, context_in

A, B = [f"a{n}" for n in range(20)], [f"b{n}" for n in range(15)]
LAST, CONTROL = date(2026, 4, 22), date(2026, 3, 25)  # four weeks before
ASKED = {
    "signals": {"examples": 2, "example_features": 1},
    "attributes": {
        "home": {"type": "categorical"},
        "age": {"type": "ordinal", "order": ["young", "old"], "protected": True},
    },
}


def events():
    rows = [(who, date(2026, 3, 1), "view", None, None) for who in A if who != "a18"]
    rows += [(who, LAST, "purchase", "store", None) for who in A]
    rows += [(who, date(2026, 4, 20), "campaign_sent", "mail", "c1") for who in A[:12]]
    rows += [(who, date(2026, 4, 21), "coupon", None, None) for who in A[:12]]
    rows += [(who, date(2026, 3, 20), "campaign_sent", "mail", "c1") for who in A[12:15]]
    rows += [("a15", day, "campaign_sent", "mail", "c1") for day in (date(2026, 3, 18), date(2026, 4, 15))]
    rows += [("a16", LAST, "campaign_sent", "mail", "c1")]  # on the day itself: before nothing
    rows += [("a17", CONTROL, "purchase", "store", None)]  # no day without a purchase to be compared with
    rows += [("a18", date(2026, 3, 18), "campaign_sent", "mail", "c1")]  # not known before
    rows += [("a19", date(2026, 3, 10), "purchase", "store", None), ("a19", DAY, "coupon", None, None)]
    dated = [(*row, None, None) for row in rows]
    dated += [(who, date(2026, 2, 1), "review", None, None, "The delivery was NICE", {"sentiment": "0.5"}) for who in B]
    return [(f"e{at}", *row) for at, row in enumerate(dated)]


def put(context, table: Table, rows, names: str) -> None:
    types = {one.name: one.type for one in table.columns}
    frame = context.spark.createDataFrame(rows, ", ".join(f"{name} {types[name]}" for name in names.split()))
    frame.write.format("delta").save(context.lake.location(table))


def put_people(context) -> None:
    homes = ["boat", *["rented"] * 14, *["own"] * 5, *["rented"] * 3, *["own"] * 12]
    rows = [(who, who, {"home": home, "age": "old", "email": "one@e.com"})
            for who, home in zip([*A, *B], homes, strict=True)]  # fmt: skip
    put(context, CUSTOMERS, rows, "customer_id source_customer_id attributes")
    put(context, CONSENTS, [("a10", "x", "email", "withdrawn")], "customer_id source_customer_id purpose status")
    put(context, SEGMENT_ASSIGNMENTS, [*((who, "seg-1") for who in A), *((who, "seg-2") for who in B)],
        "customer_id segment_id")  # fmt: skip
    records = [Segment(one, one, "", "cluster", None, "active", size=size) for one, size in (("seg-1", 20),
               ("seg-2", 10))]  # fmt: skip
    context.lake.frame(SEGMENTS, [astuple(one) for one in records]).write.format("delta").save(
        context.lake.location(SEGMENTS)
    )
    profiles = [("seg-1", "frequency", 20, 10.0, 8.0, 4.0), ("seg-2", "frequency", 15, 5.0, 8.0, 4.0)]
    put(context, SEGMENT_PROFILES, profiles, "segment_id feature customers mean overall_mean overall_deviation")
    given = context.spark.createDataFrame([(who, DAY, at) for at, who in enumerate([*A, *B])],
                                          "customer_id string, as_of date, frequency long")  # fmt: skip
    with_unknown(context, given).write.format("delta").save(context.lake.location(context.features_table))


@pytest.fixture(scope="module")
def context(spark, tmp_path_factory):
    found = context_in(tmp_path_factory.mktemp("signals"), ASKED)
    vars(found)["spark"] = spark
    put(found, EVENTS, events(),
        "event_id customer_id event_date event_type channel campaign_id text properties")  # fmt: skip
    put(found, CAMPAIGNS, [("c1", "TypeA")], "campaign_id campaign_type")
    told = [(who, "Delivery late!") for who in A[:12]] + [("a0", "I'm John Smith. " + "Late! " * 90)]
    said = [(f"f{at}", who, datetime(2026, 2, 1, tzinfo=UTC), "survey", text) for at, (who, text) in enumerate(told)]
    put(found, FEEDBACK, said, "feedback_id customer_id feedback_ts kind text")
    put_people(found)
    return found


@pytest.fixture(scope="module")
def found(context):
    return signals(context, "run")


def rows_of(context, table, *key):
    return {tuple(row[name] for name in key): row for row in context.lake.read(table).collect()}


def test_terms_are_weighted_by_customers_and_what_few_wrote_is_not_there(context, found):
    rows = rows_of(context, SEGMENT_TERMS, "segment_id", "term")
    words = {"seg-1": ("delivery", "late", "delivery late"), "seg-2": ("delivery", "nice", "delivery nice")}
    assert set(rows) == {(segment, term) for segment, own in words.items() for term in own}
    # seg-1 has 3 terms of 12 customers, seg-2 3 of 15: 40.5 words a segment, 27 of them delivery.
    assert rows["seg-1", "late"]["score"] == pytest.approx(12 / 36 * math.log(1 + 40.5 / 12))
    assert rows["seg-1", "delivery"]["score"] == pytest.approx(12 / 36 * math.log(1 + 40.5 / 27))
    assert (rows["seg-1", "delivery"]["position"], rows["seg-2", "nice"]["sentiment"]) == (3, 0.5)
    assert rows["seg-1", "late"]["sentiment"] is None
    assert (rows["seg-1", "late"]["share"], rows["seg-1", "late"]["overall_share"]) == (1.0, 12 / 27)


def test_a_purchase_is_compared_with_a_day_of_the_same_customer(context, found):
    rows = rows_of(context, SEGMENT_TRIGGERS, "segment_id", "dimension", "event", "then_event")
    kinds = {("type", "campaign_sent", ""), ("type", "coupon", ""), ("channel", "mail", ""),
             ("campaign", "TypeA", ""), ("sequence", "campaign_sent", "coupon")}  # fmt: skip
    assert set(rows) == {(segment, *kind) for segment in ("all", "seg-1") for kind in kinds}
    sent = rows["seg-1", "type", "campaign_sent", ""]
    # Of a0 to a19 a17 and a18 have no control day. 12 only before the purchase, 3 only before the control day, 1 both.
    assert (sent["pairs"], sent["only_purchase"], sent["only_control"]) == (18, 12, 3)
    assert (sent["before_purchase"], sent["before_control"], sent["lift"]) == (13, 4, 3.25)
    chance = 2 * sum(comb(15, n) for n in range(4)) / 2**15
    assert (sent["odds_ratio"], sent["p_value"], sent["q_value"]) == pytest.approx((4.0, chance, chance))
    after = rows["seg-1", "sequence", "campaign_sent", "coupon"]
    assert (after["only_purchase"], after["only_control"], after["odds_ratio"]) == (12, 0, None)
    assert after["q_value"] == pytest.approx(2 / 2**12 * 5 / 2)  # two of five kinds are as sure


def test_attributes_are_held_against_draws_and_none_is_protected_undeclared_or_rare(context, found):
    rows = rows_of(context, SEGMENT_ATTRIBUTES, "segment_id", "attribute", "value")
    assert set(rows) == {(segment, "home", value) for segment in ("seg-1", "seg-2") for value in ("rented", "own")}
    rented = rows["seg-1", "home", "rented"]
    assert (rented["customers"], rented["known"], rented["share"]) == (14, 20, 0.7)
    assert rented["lift"] == pytest.approx(0.7 / (17 / 35))
    chance = sum(comb(17, n) * comb(18, 20 - n) for n in range(14, 18)) / comb(35, 20)
    assert rented["p_value"] == pytest.approx(2 * chance)


def test_typical_customers_are_nearest_and_consenting_without_an_id(context, found):
    rows = context.lake.read(SEGMENT_EXAMPLES).orderBy("example").collect()
    # The mean is 10; a10 has withdrawn a consent, and seg-2 is too small.
    assert {row["segment_id"] for row in rows} == {"seg-1"}
    assert [row["example"] for row in rows] == ["A", "B"]
    assert {row["value"] for row in rows} == {9.0, 11.0}
    assert not {"customer_id", "source_customer_id"} & set(context.lake.read(SEGMENT_EXAMPLES).columns)


def test_nothing_is_written_where_nothing_changed(context, found):
    versions = [context.lake.latest(one) for one in SIGNAL_TABLES]
    assert signals(again(context), "another run") == found
    assert [context.lake.latest(one) for one in SIGNAL_TABLES] == versions


def test_no_identifier_is_in_what_is_written(context, found):
    for table in SIGNAL_TABLES:
        text = context.lake.read(table).select(F.to_json(F.struct("*"))).collect()
        assert not [row for row in text if "e.com" in row[0] or "smith" in row[0].lower() or '"a1' in row[0]]
