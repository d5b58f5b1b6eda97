"""Sessions by inactivity: over midnight, out of order, in the middle of what is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from segspark.ingest.sessions import given_session, needs_session, sessionised

SCHEMA = "event_id STRING, source_customer_id STRING, channel STRING, event_ts TIMESTAMP, session_id STRING"
MIDNIGHT = datetime(2026, 1, 2, tzinfo=UTC)


def at(minutes):
    return MIDNIGHT + timedelta(minutes=minutes)


def sessions(spark, *events):
    """Groups of event ids, a group a session; each event is (id, customer, channel, minutes after midnight)."""
    rows = [(name, who, channel, at(minutes), None) for name, who, channel, minutes in events]
    found = {}
    for row in sessionised(spark.createDataFrame(rows, SCHEMA).repartition(3), 30).collect():
        found.setdefault(row["session_id"], []).append(row["event_id"])
    return sorted("".join(sorted(names)) for names in found.values())


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([("a", "c", "web", 0), ("b", "c", "web", 30)], ["ab"], id="the gap itself does not part"),
        pytest.param([("a", "c", "web", 0), ("b", "c", "web", 30.001)], ["a", "b"], id="more than the gap does"),
        pytest.param([("a", "c", "web", -10), ("b", "c", "web", 10)], ["ab"], id="midnight does not part"),
        pytest.param([("a", "c", "web", 0), ("b", "d", "web", 1)], ["a", "b"], id="two customers have two"),
        pytest.param([("a", "c", "web", 0), ("b", "c", "app", 1)], ["a", "b"], id="two channels have two"),
        pytest.param(
            [("b", "c", "web", 50), ("m", "c", "web", 25), ("a", "c", "web", 0)], ["abm"], id="a chain is one"
        ),
    ],
)
def test_a_visit_is_what_happens_without_a_pause(spark, events, expected):
    assert sessions(spark, *events) == expected


def test_a_stored_event_in_the_middle_of_its_session_keeps_the_session_s_start(spark):
    whole = spark.createDataFrame(
        [(name, "c", "web", at(minutes), None) for name, minutes in (("a", 0), ("b", 20), ("x", 40))], SCHEMA
    )
    once = {row["event_id"]: row["session_id"] for row in sessionised(whole, 30).collect()}
    part = spark.createDataFrame([("b", "c", "web", at(20), once["b"]), ("x", "c", "web", at(40), None)], SCHEMA)
    assert {row["event_id"]: row["session_id"] for row in sessionised(part, 30).collect()} == {
        "b": once["b"],
        "x": once["x"],
    }


def test_only_events_of_visited_channels_without_a_session_need_one(spark):
    rows = [
        ("given", "c", "web", at(0), "their-own"),
        ("made", "c", "web", at(0), "auto-1-2"),
        ("none", "c", "web", at(0), None),
        ("store", "c", "store", at(0), None),
        ("nowhere", "c", None, at(0), None),
    ]
    found = spark.createDataFrame(rows, SCHEMA).select(
        "event_id", needs_session(["web"]).alias("needs"), F.expr(given_session()).alias("given")
    )
    assert {row["event_id"] for row in found.collect() if row["needs"]} == {"made", "none"}
    assert {row["event_id"]: row["given"] for row in found.collect() if row["given"]} == {"given": "their-own"}
