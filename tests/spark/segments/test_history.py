"""Membership at a past date, from events as they were written before and after there was a sequence."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segspark.segments.history import causes, membership_at, migrations

COLUMNS = "customer_id string, segment_id string, event_type string, as_of date, sequence bigint, overlay boolean, "
COLUMNS += "cause string"


def day(number: int) -> date:
    return date(2026, 1, number)


def at(spark, rows, number: int) -> dict[str, str]:
    events = spark.createDataFrame([(*row, *(None,) * (7 - len(row))) for row in rows], COLUMNS)
    found = membership_at(events, day(number)).collect()
    assert len({row["customer_id"] for row in found}) == len(found)
    return {row["customer_id"]: row["segment_id"] for row in found}


def test_of_several_events_of_a_date_the_one_with_the_highest_sequence_counts(spark):
    rows = [("a", "s", "entry", day(1), 1), ("a", "t", "move", day(5), 3), ("a", "u", "move", day(5), 2)]
    assert [at(spark, rows, number) for number in (1, 4, 5)] == [{"a": "s"}, {"a": "s"}, {"a": "t"}]


def test_events_of_before_there_was_a_sequence_come_first_at_their_date(spark):
    rows = [("a", "s", "entry", day(1), None), ("a", "t", "move", day(1), None), ("a", "u", "move", day(2), 1)]
    assert [at(spark, rows, number) for number in (1, 2)] == [{"a": "t"}, {"a": "u"}]
    assert at(spark, [("b", "s", "entry", day(3), None), ("b", "t", "move", day(3), 1)], 3) == {"b": "t"}


def test_who_left_is_in_no_segment_until_entering_again(spark):
    rows = [("a", "s", "entry", day(1), 1), ("a", "s", "exit", day(2), 2), ("a", "t", "entry", day(3), 3)]
    assert [at(spark, rows, number) for number in (1, 2, 3)] == [{"a": "s"}, {}, {"a": "t"}]


def test_events_of_overlays_say_nothing_of_the_own_segment(spark):
    rows = [("a", "s", "entry", day(1), 1, False), ("a", "vip", "entry", day(2), 2, True)]
    rows += [("b", "vip", "entry", day(2), 2, True), ("c", "s", "entry", day(1), 1, None)]
    assert at(spark, rows, 9) == {"a": "s", "c": "s"}


def test_causes_are_counted_after_the_first_date_and_up_to_the_second(spark):
    rows = [("a", "s", "entry", day(1), 1, False, "behaviour"), ("a", "t", "move", day(2), 2, False, "behaviour")]
    rows += [("b", "t", "move", day(3), 3, False, "model"), ("c", "t", "move", day(3), 3, False, None)]
    rows += [("b", "s", "move", day(4), 4, False, "model"), ("b", "vip", "entry", day(2), 2, True, "behaviour")]
    events = spark.createDataFrame(rows, COLUMNS)
    found = {tuple(row) for row in causes(events, day(1), day(3)).collect()}
    assert found == {("move", "behaviour", 1), ("move", "model", 1), ("move", "", 1)}


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["s", "t", "u"]), max_size=6), min_size=1, max_size=5
    )
)
def test_the_events_between_any_memberships_give_every_one_of_them_back(spark, history):
    rows, before = [], {}
    for number, now in enumerate(history, start=1):
        for customer in sorted({*before, *now}):
            old, new = before.get(customer), now.get(customer)
            if old != new:
                kind = "entry" if old is None else "exit" if new is None else "move"
                rows.append((customer, new or old, kind, day(number), number))
        before = now
    for number, now in enumerate(history, start=1):
        assert at(spark, rows, number) == now


def test_migrations_count_each_customer_once(spark):
    names = "customer_id string, segment_id string"
    before = spark.createDataFrame([(f"{n}", "s" if n < 6 else "t") for n in range(10)], names)
    after = spark.createDataFrame([(f"{n}", "s" if n < 4 else "u") for n in range(1, 12)], names)
    found = {(row[0], row[1]): row[2] for row in migrations(before, after).collect()}
    assert found == {("s", "s"): 3, ("s", "u"): 2, ("s", ""): 1, ("t", "u"): 4, ("", "u"): 2}
