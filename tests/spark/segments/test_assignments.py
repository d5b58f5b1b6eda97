"""Assignments, membership events and the registry, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest
from pyspark.sql import functions as F

from segspark.segments.assignments import (
    cluster_assignments,
    lifecycle_assignments,
    lifecycle_rules,
    membership_events,
    settled,
)
from segspark.segments.registry import Segment, registry
from segspark.tables import SEGMENT_ASSIGNMENTS, SEGMENTS

BEFORE, NOW = date(2018, 1, 1), date(2018, 2, 1)


def schema(table, *without):
    return ", ".join(f"{one.name} {one.type}" for one in table.columns if one.name not in without)


# Everyone that can be: never bought, or bought with some tenure; recency is unknown for those who never bought.
PEOPLE = [
    (f"p{frequency}-{tenure}", frequency, tenure, tenure, 10.0 * frequency)
    for frequency, tenure in product((1, 3), (1, 30, 31, 400))
]
PEOPLE.append(("p0", 0, None, None, -5.0))


@pytest.fixture(scope="module")
def people(spark):
    columns = "customer_id STRING, frequency BIGINT, tenure_days INT, recency_days INT, monetary_value DOUBLE"
    return spark.createDataFrame(PEOPLE, columns).persist()


@pytest.mark.parametrize(
    "condition",
    [
        "frequency >= 1",
        "recency_days < 90",  # unknown for those who never bought
        "frequency > 2 OR tenure_days < 10",
        "false",
        "true",
        "CAST(NULL AS BOOLEAN)",
        "monetary_value <= 10",
    ],
)
def test_every_customer_is_either_clustered_or_in_one_lifecycle_segment(people, condition):
    scored = people.where(F.expr(condition)).selectExpr(
        "customer_id", "0 AS cluster", "1 AS runner_up", "0.9D AS membership", "0.5D AS margin"
    )
    rest = lifecycle_assignments(people, lifecycle_rules(condition, 30))
    everyone = cluster_assignments(scored, {0: "s0", 1: "s1"}, "m/1").unionByName(rest).collect()
    assert sorted(row["customer_id"] for row in everyone) == sorted(row[0] for row in PEOPLE)
    assert all(row["segment_id"] for row in everyone)


def test_lifecycle_segments_follow_frequency_and_tenure(people):
    found = lifecycle_assignments(people, lifecycle_rules("false", 30)).collect()
    by_segment = {row["customer_id"]: row["segment_id"] for row in found}
    assert by_segment == {
        "p0": "life-prospect",
        "p1-1": "life-new",
        "p1-30": "life-new",
        "p1-31": "life-dormant",
        "p1-400": "life-dormant",
        "p3-1": "life-new",
        "p3-30": "life-new",
        "p3-31": "life-dormant",
        "p3-400": "life-dormant",
    }


def test_a_lifecycle_assignment_is_certain_and_of_no_model(people):
    row = lifecycle_assignments(people, lifecycle_rules("frequency > 0", 30)).first()
    assert row.asDict() == {
        "customer_id": "p0",
        "segment_id": "life-prospect",
        "runner_up_segment_id": None,
        "membership": 1.0,
        "margin": 1.0,
        "model_version": "",
    }


# customer: stored (segment, runner-up, membership, margin, since, model) and new (the same without since)
OLD, NEW = "m/1", "m/2"
CASES = {
    "new customer": (None, ("a", "b", 0.7, 0.4, NEW)),
    "same": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("a", "b", 0.7, 0.4, NEW)),
    "small step": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("a", "b", 0.74, 0.5, NEW)),
    "large step": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("a", "b", 0.76, 0.5, NEW)),
    "large step down": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("a", "b", 0.64, 0.3, NEW)),
    "other runner-up": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("a", "c", 0.7, 0.4, NEW)),
    "moved": (("a", "b", 0.7, 0.4, BEFORE, OLD), ("b", "a", 0.7, 0.4, NEW)),
    "clustered": (("life-new", None, 1.0, 1.0, BEFORE, ""), ("a", "b", 0.7, 0.4, NEW)),
    "dormant still": (("life-dormant", None, 1.0, 1.0, BEFORE, ""), ("life-dormant", None, 1.0, 1.0, "")),
    "gone": (("a", "b", 0.7, 0.4, BEFORE, OLD), None),
}


@pytest.fixture(scope="module")
def frames(spark):
    new = [(name, *now) for name, (_, now) in CASES.items() if now]
    stored = [(name, *before) for name, (before, _) in CASES.items() if before]
    return (
        spark.createDataFrame(new, schema(SEGMENT_ASSIGNMENTS, "since")),
        spark.createDataFrame(stored, schema(SEGMENT_ASSIGNMENTS)),
    )


@pytest.fixture(scope="module")
def kept(frames):
    found = settled(*frames, NOW, 0.05)
    assert found.columns == SEGMENT_ASSIGNMENTS.column_names
    return {row["customer_id"]: tuple(row)[1:] for row in found.collect()}


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        ("new customer", ("a", "b", 0.7, 0.4, NOW, NEW)),
        ("same", ("a", "b", 0.7, 0.4, BEFORE, OLD)),
        ("small step", ("a", "b", 0.7, 0.4, BEFORE, OLD)),
        ("large step", ("a", "b", 0.76, 0.5, BEFORE, NEW)),
        ("large step down", ("a", "b", 0.64, 0.3, BEFORE, NEW)),
        ("other runner-up", ("a", "c", 0.7, 0.4, BEFORE, NEW)),
        ("moved", ("b", "a", 0.7, 0.4, NOW, NEW)),
        ("clustered", ("a", "b", 0.7, 0.4, NOW, NEW)),
        ("dormant still", ("life-dormant", None, 1.0, 1.0, BEFORE, "")),
    ],
)
def test_an_assignment_is_rewritten_only_where_it_changed_and_since_stays_in_a_segment(kept, customer, expected):
    assert kept[customer] == expected


def test_who_is_no_customer_any_more_has_no_assignment(kept):
    assert set(kept) == set(CASES) - {"gone"}


@pytest.fixture(scope="module")
def events(frames):
    moment = F.lit(datetime(2018, 2, 1, 5, tzinfo=UTC))
    found = membership_events(*frames, moment, NOW, "run").withColumn("event_ts", F.unix_seconds("event_ts")).collect()
    return {row["customer_id"]: row.asDict() for row in found}


@pytest.mark.parametrize(
    ("customer", "kind", "segment", "previous", "model"),
    [
        ("new customer", "entry", "a", None, NEW),
        ("moved", "move", "b", "a", NEW),
        ("clustered", "move", "a", "life-new", NEW),
        ("gone", "exit", "a", None, OLD),
    ],
)
def test_entries_moves_and_exits_are_told(events, customer, kind, segment, previous, model):
    assert events[customer] == {
        "customer_id": customer,
        "segment_id": segment,
        "previous_segment_id": previous,
        "event_type": kind,
        "event_ts": int(datetime(2018, 2, 1, 5, tzinfo=UTC).timestamp()),
        "as_of": NOW,
        "model_version": model,
        "run_id": "run",
    }


def test_who_stays_in_a_segment_makes_no_event(events):
    assert set(events) == {"new customer", "moved", "clustered", "gone"}


def stored_segment(segment_id, status, owner, approver, parent, created, retired, size=5):
    words = ("Old name", "Old.", "cluster", None)
    return (segment_id, *words, status, owner, approver, "m/1", 0, parent, size, 0.5, created, created, retired)


@pytest.fixture(scope="module")
def registered(spark):
    first = date(2017, 1, 1)
    current = spark.createDataFrame(
        [
            stored_segment("kept", "active", "ann", "bob", "root", first, None),
            stored_segment("left", "active", "ann", None, "root", first, None),
            stored_segment("long gone", "retired", "ann", None, None, first, date(2017, 6, 1), 0),
            stored_segment("back", "retired", "cyd", None, None, first, date(2017, 6, 1), 0),
        ],
        schema(SEGMENTS),
    )
    now = [
        Segment("kept", "Name", "Text.", "cluster", None, "m/2", 1, 8, 0.8, "root"),
        Segment("root", "Name 4", "Text.", "cluster", None, "m/1", 0, 8, 0.8, status="split"),
        Segment("back", "Name 2", "Text.", "cluster", None, "m/2", 2, 1, 0.1),
        Segment("fresh", "Name 3", "Text.", "lifecycle", "frequency = 0", "", None, 1, 0.1),
    ]
    rows = registry(now, current, NOW).collect()
    assert len(rows) == 6
    return {row["segment_id"]: row.asDict() for row in rows}


def test_a_segment_published_again_keeps_who_answers_for_it_and_when_it_began(registered):
    assert registered["kept"] == {
        "segment_id": "kept",
        "name": "Name",
        "description": "Text.",
        "kind": "cluster",
        "rule": None,
        "status": "active",
        "owner": "ann",
        "approver": "bob",
        "model_version": "m/2",
        "cluster": 1,
        "parent_segment_id": "root",
        "size": 8,
        "share": 0.8,
        "created_at": date(2017, 1, 1),
        "updated_at": NOW,
        "retired_at": None,
    }


def test_a_segment_without_customers_is_retired_and_keeps_its_name(registered):
    row = registered["left"]
    names = ("status", "retired_at", "size", "share", "name", "owner", "parent_segment_id", "created_at")
    assert [row[name] for name in names] == ["retired", NOW, 0, 0.0, "Old name", "ann", "root", date(2017, 1, 1)]


def test_a_segment_that_is_split_has_that_status_and_the_size_of_its_parts(registered):
    row = registered["root"]
    assert [row[name] for name in ("status", "size", "parent_segment_id", "retired_at")] == ["split", 8, None, None]


def test_a_segment_retired_before_stays_retired_since_then(registered):
    assert (registered["long gone"]["status"], registered["long gone"]["retired_at"]) == ("retired", date(2017, 6, 1))


def test_a_segment_that_comes_back_is_active_again(registered):
    row = registered["back"]
    assert [row[name] for name in ("status", "retired_at", "created_at", "owner")] == [
        "active", None, date(2017, 1, 1), "cyd",
    ]  # fmt: skip


def test_a_new_segment_begins_at_as_of(registered):
    row = registered["fresh"]
    assert [row[name] for name in ("status", "created_at", "owner", "rule")] == ["active", NOW, None, "frequency = 0"]
