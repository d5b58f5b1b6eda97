"""What triggers tell of, and what they hold back: made-up events with one thing in each that could go wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from segspark.activation.triggers import (
    END,
    HIT,
    START,
    became,
    consented,
    cooled,
    hits,
    holding,
    identified,
    in_time,
    roles,
    waited,
    went,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def events(spark, *rows: tuple[str, str, str, float]):
    """Events of (id, customer, type, minutes after noon)."""
    given = [(one, customer, kind, at(minutes)) for one, customer, kind, minutes in rows]
    return spark.createDataFrame(given, "event_id STRING, customer_id STRING, event_type STRING, event_ts TIMESTAMP")


CART = {("cart", START): "event_type = 'cart'", ("cart", END): "event_type = 'purchase'"}


def left_alone(spark, *rows: tuple[str, str, str, float], seen: int = 1) -> list[str]:
    from pyspark.sql import functions as F

    found = waited(roles(events(spark, *rows), CART).withColumn("seen", F.lit(seen)), {"cart": 30})
    return sorted(row["event_id"] for row in found.collect())


@pytest.mark.parametrize(
    ("rows", "alone"),
    [
        ([("a", "c", "cart", 0)], ["a"]),
        ([("a", "c", "cart", 0), ("b", "c", "purchase", 29)], []),
        ([("a", "c", "cart", 0), ("b", "c", "purchase", 30)], []),  # the wait's very end
        ([("a", "c", "cart", 0), ("b", "c", "purchase", 30.1)], ["a"]),
        ([("a", "c", "cart", 0), ("b", "c", "purchase", 0)], []),  # at the same moment
        ([("a", "c", "cart", 0), ("b", "c", "purchase", -1)], ["a"]),  # an end before is none
        ([("a", "c", "cart", 0), ("b", "c", "cart", 10)], ["b"]),  # the last of a row
        ([("a", "c", "cart", 0), ("b", "c", "view", 10)], ["a"]),  # what is neither
        ([("a", "c", "cart", 0), ("b", "d", "purchase", 10)], ["a"]),  # somebody else's
        ([("a", "c", "cart", 0), ("b", "c", "cart", 0)], ["b"]),  # two at once are one wait
    ],
)
def test_a_wait_is_told_of_when_neither_an_end_nor_another_start_comes_in_time(spark, rows, alone):
    assert left_alone(spark, *rows) == alone


def test_a_wait_is_over_when_its_minutes_have_passed(spark):
    from pyspark.sql import functions as F

    found = waited(roles(events(spark, ("a", "c", "cart", 3)), CART).withColumn("seen", F.lit(1)), {"cart": 0.5})
    assert [row["occurred_at"].astimezone(UTC) for row in found.collect()] == [at(3.5)]


def test_of_an_event_that_was_written_again_the_latest_counts(spark):
    from pyspark.sql import functions as F

    first = roles(events(spark, ("a", "c", "cart", 0), ("b", "c", "purchase", 10)), CART).withColumn("seen", F.lit(1))
    again = roles(events(spark, ("b", "c", "purchase", 40)), CART).withColumn("seen", F.lit(2))
    assert [row["event_id"] for row in waited(first.union(again), {"cart": 30}).collect()] == ["a"]


def test_an_event_may_be_several_things_to_several_triggers(spark):
    conditions = {**CART, ("bought", HIT): "event_type = 'purchase'", ("any", HIT): "event_type <> ''"}
    found = roles(events(spark, ("a", "c", "purchase", 0), ("b", "c", None, 0)), conditions)
    assert sorted((row["trigger"], row["role"]) for row in found.collect()) == [
        ("any", HIT),
        ("bought", HIT),
        ("cart", END),
    ]
    assert sorted(row["trigger"] for row in hits(found).collect()) == ["any", "bought"]


MOVES = [
    ("c1", "s2", "s1", "move"),
    ("c2", "s2", None, "entry"),
    ("c3", "s1", None, "exit"),
    ("c4", "s3", "s2", "move"),
]


@pytest.mark.parametrize(
    ("entered", "left", "told"),
    [
        ({"t": ["s2"]}, {}, {("c1", "s2", "s1"), ("c2", "s2", None)}),
        ({"t": []}, {}, {("c1", "s2", "s1"), ("c2", "s2", None), ("c4", "s3", "s2")}),
        ({}, {"t": ["s1"]}, {("c1", "s2", "s1"), ("c3", None, "s1")}),
        ({}, {"t": []}, {("c1", "s2", "s1"), ("c3", None, "s1"), ("c4", "s3", "s2")}),
        ({"t": ["s9"]}, {}, set()),
    ],
)
def test_moves_are_told_of_by_where_to_or_where_from(spark, entered, left, told):
    types = "customer_id STRING, segment_id STRING, previous_segment_id STRING, event_type STRING, event_ts TIMESTAMP"
    moves = spark.createDataFrame([(*one, NOON) for one in MOVES], types)
    found = went(moves, date(2026, 1, 2), entered, left).collect()
    assert {(row["customer_id"], row["segment_id"], row["previous_segment_id"]) for row in found} == told
    assert {row["key"].split()[-1] for row in found} <= {"2026-01-02"}


def test_who_met_the_condition_before_did_not_become_it(spark):
    def people(*rows: tuple[str, int | None]):
        return spark.createDataFrame(list(rows), "customer_id STRING, frequency INT")

    asked = {"regular": "frequency >= 10", "any": "frequency > 0"}
    before = holding(people(("old", 12), ("new", 9), ("gone", 15)), asked)
    now = holding(people(("old", 13), ("new", 10), ("gone", 3), ("unknown", None)), asked)
    found = became(now, before, date(2026, 1, 2), NOON).collect()
    assert [(row["trigger"], row["customer_id"], row["key"]) for row in found] == [("regular", "new", "2026-01-02")]


def candidates(spark, *rows: tuple[str, str, float]):
    """Candidates of (trigger, customer, hours after noon)."""
    given = [
        (one, customer, f"{one} {customer} {hours}", NOON + timedelta(hours=hours)) for one, customer, hours in rows
    ]
    return spark.createDataFrame(given, "trigger STRING, customer_id STRING, key STRING, occurred_at TIMESTAMP")


def hours_of(found) -> list[tuple[str, str, float]]:
    times = [(row, (row["occurred_at"].astimezone(UTC) - NOON).total_seconds() / 3600) for row in found.collect()]
    return sorted((row["trigger"], row["customer_id"], hours) for row, hours in times)


def test_a_trigger_is_silent_about_a_customer_until_its_cooldown_is_over(spark):
    found = identified(candidates(spark, ("t", "c", 5), ("t", "c", 0), ("t", "c", 24), ("t", "d", 1), ("u", "c", 1)))
    told = candidates(spark, ("t", "d", -22.5), ("u", "d", 0), ("t", "c", -48))
    assert hours_of(cooled(found, told, {"t": 24, "u": 24})) == [("t", "c", 0), ("t", "c", 24), ("u", "c", 1)]


def test_without_a_cooldown_everything_is_told(spark):
    found = identified(candidates(spark, ("t", "c", 0), ("t", "c", 0.1), ("u", "c", 0), ("u", "c", 1)))
    assert hours_of(cooled(found, candidates(spark, ("t", "c", 0)), {"t": 0, "u": 2})) == [
        ("t", "c", 0), ("t", "c", 0.1), ("u", "c", 0),
    ]  # fmt: skip


def test_what_comes_late_is_within_the_cooldown_of_what_was_told_before_it_came(spark):
    found = identified(candidates(spark, ("t", "c", -30)))
    assert hours_of(cooled(found, candidates(spark, ("t", "c", 0)), {"t": 24})) == []


def test_what_is_older_than_a_trigger_allows_is_not_told(spark):
    found = candidates(spark, ("t", "c", -23.9), ("t", "c", -24), ("u", "c", -2), ("t", "c", 0.1))
    assert hours_of(in_time(found, {"t": 24, "u": 1}, NOON)) == [("t", "c", -23.9), ("t", "c", 0.1)]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ([("mail", "granted", -5)], True),
        ([], False),
        ([("calls", "granted", -5)], False),
        ([("mail", "granted", -5), ("mail", "withdrawn", -3)], False),
        ([("mail", "denied", -5), ("mail", "granted", -3)], True),
        ([("mail", "granted", -3), ("mail", "denied", -3)], False),  # at the same moment: no
        ([("mail", "granted", None)], True),
        ([("mail", "granted", None), ("mail", "withdrawn", -9000)], False),
        ([("mail", "granted", -5), ("mail", "withdrawn", 1)], True),  # from later on
        ([("mail", "unknown word", -5)], False),
    ],
)
def test_only_who_agreed_to_the_purpose_is_told_of(spark, said, heard):
    rows = [("c", one, status, None if hours is None else NOON + timedelta(hours=hours)) for one, status, hours in said]
    consents = spark.createDataFrame(rows, "customer_id STRING, purpose STRING, status STRING, valid_from TIMESTAMP")
    found = consented(candidates(spark, ("t", "c", 0), ("free", "c", 0)), consents, {"t": "mail"}, NOON)
    assert {row["trigger"] for row in found.collect()} == ({"t", "free"} if heard else {"free"})


def test_what_happened_has_one_id_however_the_rows_come_and_no_two_things_share_one(spark):
    names = [("t", "c|d"), ("t|c", "d"), ("t", 'c","d')]
    rows = [(one, customer, "k") for one, customer in names]
    found = spark.createDataFrame(rows * 2, "trigger STRING, customer_id STRING, key STRING")
    ids = [{row["trigger_id"] for row in identified(found.repartition(number)).collect()} for number in (1, 5)]
    assert ids[0] == ids[1]
    assert len(ids[0]) == len(names)
