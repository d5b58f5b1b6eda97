"""Assignments, what keeps customers in a segment, membership events and their causes, case by case."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product

import pytest
from pyspark.sql import functions as F

from segspark.config.segments import Hold
from segspark.segments.assignments import (
    Causes,
    cause,
    cluster_assignments,
    first_met,
    lifecycle_conditions,
    membership_events,
    moved,
    overlay_changes,
    overlay_memberships,
    overlay_moved,
    rule_assignments,
    settled,
)
from segspark.tables import SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_OVERLAYS

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
        "customer_id",
        "0 AS cluster",
        "1 AS runner_up",
        "0.9D AS membership",
        "0.1D AS runner_up_membership",
        "0.5D AS margin",
    )
    rest = rule_assignments(people, lifecycle_conditions(condition, 30))
    everyone = cluster_assignments(scored, {0: "s0", 1: "s1"}, "m/1").unionByName(rest).collect()
    assert sorted(row["customer_id"] for row in everyone) == sorted(row[0] for row in PEOPLE)
    assert all(row["segment_id"] for row in everyone)


def test_lifecycle_segments_follow_frequency_and_tenure(people):
    found = rule_assignments(people, lifecycle_conditions("false", 30)).collect()
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
    row = rule_assignments(people, lifecycle_conditions("frequency > 0", 30)).first()
    assert row.asDict() == {
        "customer_id": "p0",
        "segment_id": "life-prospect",
        "runner_up_segment_id": None,
        "membership": 1.0,
        "runner_up_membership": None,
        "margin": 1.0,
        "model_version": "",
    }


def test_of_several_rules_the_first_one_decides(people):
    rules = {"big": "frequency > 2", "old": "tenure_days > 30"}
    found = people.select("customer_id", first_met(rules).alias("segment_id")).collect()
    assert {row["customer_id"]: row["segment_id"] for row in found} == {
        "p0": None, "p1-1": None, "p1-30": None, "p1-31": "old", "p1-400": "old",
        "p3-1": "big", "p3-30": "big", "p3-31": "big", "p3-400": "big",
    }  # fmt: skip


# customer: stored (segment, runner-up, membership, margin, since, model, pending, pending since)
# and new (segment, runner-up, membership, the runner-up's, margin, model)
OLD, NEW = "m/1", "m/2"
WEEK = date(2018, 1, 25)  # seven days before NOW
AB = ("a", "b", 0.7, 0.4, BEFORE, OLD, None, None)
CASES = {
    "new customer": (None, ("a", "b", 0.7, 0.3, 0.4, NEW)),
    "same": (AB, ("a", "b", 0.7, 0.3, 0.4, NEW)),
    "small step": (AB, ("a", "b", 0.74, 0.26, 0.5, NEW)),
    "large step": (AB, ("a", "b", 0.76, 0.24, 0.5, NEW)),
    "large step down": (AB, ("a", "b", 0.64, 0.36, 0.3, NEW)),
    "other runner-up": (AB, ("a", "c", 0.7, 0.3, 0.4, NEW)),
    "moved": (AB, ("b", "a", 0.7, 0.3, 0.4, NEW)),
    "crossed": (AB, ("b", "a", 0.51, 0.48, 0.1, NEW)),
    "just beyond": (AB, ("b", "a", 0.51, 0.48, 0.11, NEW)),
    "crossed, own one third": (AB, ("b", "c", 0.4, 0.35, 0.1, NEW)),
    "held": (("a", "b", 0.48, -0.1, BEFORE, OLD, "b", date(2018, 1, 26)), ("b", "a", 0.51, 0.48, 0.1, NEW)),
    "held a week": (("a", "b", 0.48, -0.1, BEFORE, OLD, "b", WEEK), ("b", "a", 0.51, 0.48, 0.1, NEW)),
    "other pending": (("a", "c", 0.48, -0.1, BEFORE, OLD, "c", WEEK), ("b", "a", 0.51, 0.48, 0.1, NEW)),
    "back": (("a", "b", 0.48, -0.1, BEFORE, OLD, "b", WEEK), ("a", "b", 0.52, 0.48, 0.1, NEW)),
    "clustered": (("life-new", None, 1.0, 1.0, BEFORE, "", None, None), ("a", "b", 0.51, 0.49, 0.02, NEW)),
    "dormant still": (
        ("life-dormant", None, 1.0, 1.0, BEFORE, "", None, None), ("life-dormant", None, 1.0, None, 1.0, ""),
    ),
    "left clusters": (AB, ("life-dormant", None, 1.0, None, 1.0, "")),
    "gone": (AB, None),
}  # fmt: skip


@pytest.fixture(scope="module")
def frames(spark):
    new = [(name, *now) for name, (_, now) in CASES.items() if now]
    stored = [(name, *before) for name, (before, _) in CASES.items() if before]
    given = "customer_id STRING, segment_id STRING, runner_up_segment_id STRING, membership DOUBLE, "
    given += "runner_up_membership DOUBLE, margin DOUBLE, model_version STRING"
    return spark.createDataFrame(new, given), spark.createDataFrame(stored, schema(SEGMENT_ASSIGNMENTS))


@pytest.fixture(scope="module")
def found(frames):
    return settled(*frames, NOW, 0.05, Hold(margin=0.1, days=7)).persist()


@pytest.fixture(scope="module")
def kept(found):
    assert found.columns == [*SEGMENT_ASSIGNMENTS.column_names, "previous_segment_id", "_change"]
    return {row["customer_id"]: tuple(row)[1:] for row in found.collect()}


@pytest.mark.parametrize(
    ("customer", "expected", "change"),
    [
        ("new customer", ("a", "b", 0.7, 0.4, NOW, NEW, None, None, None), "insert"),
        ("same", (*AB, "a"), None),
        ("small step", (*AB, "a"), None),
        ("large step", ("a", "b", 0.76, 0.5, BEFORE, NEW, None, None, "a"), "update"),
        ("large step down", ("a", "b", 0.64, 0.3, BEFORE, NEW, None, None, "a"), "update"),
        ("other runner-up", ("a", "c", 0.7, 0.4, BEFORE, NEW, None, None, "a"), "update"),
        ("moved", ("b", "a", 0.7, 0.4, NOW, NEW, None, None, "a"), "update"),
        ("crossed", ("a", "b", 0.48, -0.1, BEFORE, NEW, "b", NOW, "a"), "update"),
        ("just beyond", ("b", "a", 0.51, 0.11, NOW, NEW, None, None, "a"), "update"),
        ("crossed, own one third", ("b", "c", 0.4, 0.1, NOW, NEW, None, None, "a"), "update"),
        ("held", ("a", "b", 0.48, -0.1, BEFORE, OLD, "b", date(2018, 1, 26), "a"), None),
        ("held a week", ("b", "a", 0.51, 0.1, NOW, NEW, None, None, "a"), "update"),
        ("other pending", ("a", "b", 0.48, -0.1, BEFORE, NEW, "b", NOW, "a"), "update"),
        ("back", ("a", "b", 0.52, 0.1, BEFORE, NEW, None, None, "a"), "update"),
        ("clustered", ("a", "b", 0.51, 0.02, NOW, NEW, None, None, "life-new"), "update"),
        ("dormant still", ("life-dormant", None, 1.0, 1.0, BEFORE, "", None, None, "life-dormant"), None),
        ("left clusters", ("life-dormant", None, 1.0, 1.0, NOW, "", None, None, "a"), "update"),
        ("gone", (*AB, "a"), "delete"),
    ],
)
def test_an_assignment_changes_only_where_it_is_worth_it_and_nobody_flaps(kept, customer, expected, change):
    assert kept[customer] == (*expected, change)


def test_everyone_of_either_is_there_once(kept, found):
    assert set(kept) == set(CASES) and found.count() == len(CASES)


def with_cause(found, causes, expected=None):
    changed = moved(found)
    if expected is not None:
        changed = changed.join(expected, on="customer_id", how="left")
    moment = F.lit(datetime(2018, 2, 1, 5, tzinfo=UTC))
    events = membership_events(changed, cause(causes), moment, NOW, "run", 7)
    assert set(events.columns) == set(SEGMENT_MEMBERSHIP_EVENTS.column_names)
    return {row["customer_id"]: row for row in events.withColumn("event_ts", F.unix_seconds("event_ts")).collect()}


@pytest.fixture(scope="module")
def events(found):
    return with_cause(found, Causes())


@pytest.mark.parametrize(
    ("customer", "kind", "segment", "previous", "model", "why"),
    [
        ("new customer", "entry", "a", None, NEW, "behaviour"),
        ("moved", "move", "b", "a", NEW, "behaviour"),
        ("just beyond", "move", "b", "a", NEW, "behaviour"),
        ("clustered", "move", "a", "life-new", NEW, "behaviour"),
        ("left clusters", "move", "life-dormant", "a", "", "behaviour"),
        ("gone", "exit", "a", None, OLD, "correction"),
    ],
)
def test_entries_moves_and_exits_are_told(events, customer, kind, segment, previous, model, why):
    assert events[customer].asDict() == {
        "customer_id": customer,
        "segment_id": segment,
        "previous_segment_id": previous,
        "event_type": kind,
        "event_ts": int(datetime(2018, 2, 1, 5, tzinfo=UTC).timestamp()),
        "as_of": NOW,
        "model_version": model,
        "run_id": "run",
        "sequence": 7,
        "cause": why,
        "overlay": False,
    }


def test_who_stays_in_a_segment_makes_no_event(events):
    assert set(events) == {
        "new customer", "moved", "just beyond", "crossed, own one third", "held a week", "clustered", "left clusters",
        "gone",
    }  # fmt: skip


def test_what_the_models_before_would_have_done_too_is_behaviour_and_the_rest_is_the_new_model_s(spark, found):
    # by the models before, "moved" were in b as well, "just beyond" still in a, "clustered" in c
    then = [("moved", "b"), ("just beyond", "a"), ("clustered", "c"), ("left clusters", "life-dormant")]
    expected = spark.createDataFrame(then, "customer_id STRING, expected STRING")
    causes = {name: row["cause"] for name, row in with_cause(found, Causes(other_models=True), expected).items()}
    assert causes == {
        "moved": "behaviour", "left clusters": "behaviour", "just beyond": "model", "clustered": "model",
        "crossed, own one third": "model", "held a week": "model", "new customer": "model", "gone": "correction",
    }  # fmt: skip


def test_what_differs_at_the_same_as_of_is_a_correction(found):
    assert {row["cause"] for row in with_cause(found, Causes(same_as_of=True)).values()} == {"correction"}


def test_what_a_changed_rule_does_is_a_correction(found):
    causes = with_cause(found, Causes(changed_rules=frozenset({"life-new"})))
    assert {name for name, row in causes.items() if row["cause"] == "correction"} == {"clustered", "gone"}


def test_overlays_have_entries_and_exits_and_keep_since_when(spark, people):
    rules = {"o1": "frequency > 2", "o2": "tenure_days = 1 OR frequency = 0"}
    stored = [("p3-1", "o1", BEFORE), ("p1-400", "o1", BEFORE), ("p9", "o2", BEFORE)]
    current = spark.createDataFrame(stored, schema(SEGMENT_OVERLAYS))
    changed = overlay_changes(overlay_memberships(people, rules), current, NOW)
    rows = {(row["customer_id"], row["segment_id"]): (row["since"], row["_change"]) for row in changed.collect()}
    assert rows == {
        ("p3-30", "o1"): (NOW, "insert"), ("p3-31", "o1"): (NOW, "insert"), ("p3-400", "o1"): (NOW, "insert"),
        ("p1-1", "o2"): (NOW, "insert"), ("p3-1", "o2"): (NOW, "insert"), ("p0", "o2"): (NOW, "insert"),
        ("p1-400", "o1"): (BEFORE, "delete"), ("p9", "o2"): (BEFORE, "delete"),
    }  # fmt: skip
    kinds = {(row["customer_id"], row["segment_id"]): row["event_type"] for row in overlay_moved(changed).collect()}
    assert kinds == {key: {"insert": "entry", "delete": "exit"}[change] for key, (_, change) in rows.items()}


def test_without_overlay_rules_nobody_is_in_an_overlay(people):
    assert overlay_memberships(people, {}).count() == 0
