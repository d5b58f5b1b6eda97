"""The log of changes on a real table: written once, and whatever is done to it found; rules as Spark sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segspark.errors import BadInputError, RefusedError
from segspark.segments.audit import Entry
from segspark.steps.audit import audit, record
from segspark.steps.rules import members, usable_rule
from segspark.tables import AUDIT_LOG, SEGMENTS
from tests.governing import DAY, again, context_in, log, publish, said


def entry(number: int) -> Entry:
    return Entry("assign", "created", f"seg-{number}", {}, {"name": f"n{number}"}, "a new cluster")


def test_a_run_records_what_it_has_not_recorded_yet(spark, tmp_path):
    context = context_in(tmp_path)
    assert record(context, "run1", [entry(1), entry(2)]) == 2
    version = context.lake.latest(AUDIT_LOG)
    assert record(again(context), "run1", [entry(1), entry(2)]) == 0
    assert context.lake.latest(AUDIT_LOG) == version
    assert record(again(context), "run1", [entry(1), entry(2), entry(3)]) == 1
    assert record(again(context), "run2", [entry(1)]) == 1
    assert [number for number, _, _ in log(context)] == [1, 2, 3, 4]


def test_what_is_done_to_the_log_is_found(spark, tmp_path):
    context = context_in(tmp_path)
    audit(context)
    assert "the log is empty" in said(context)
    record(context, "run1", [entry(number) for number in range(4)])
    first = again(context)
    audit(first)
    assert "4 entries, each as it was written" in said(first)
    expected = said(first).split("--expect ")[1].strip()
    record(context, "run2", [entry(9)])
    audit(again(context), expected)

    name = context.lake.identifier(AUDIT_LOG)
    for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET actor = 'eve'"):
        with pytest.raises(Exception, match="DELTA_CANNOT_MODIFY_APPEND_ONLY"):  # Delta itself
            spark.sql(statement)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.appendOnly' = 'false')")
    spark.sql(f"DELETE FROM {name} WHERE sequence > 3")
    audit(again(context))  # a chain without its end is whole
    with pytest.raises(RefusedError, match="entry 4 is not there any more; the log ends at 3"):
        audit(again(context), expected)
    with pytest.raises(BadInputError, match="expected SEQUENCE:HASH"):
        audit(again(context), "4:x")
    spark.sql(f"UPDATE {name} SET actor = 'eve' WHERE sequence = 2")
    with pytest.raises(RefusedError, match=r"audit_log is broken: entry 2 was changed after it was written.*up to 1"):
        audit(again(context))
    spark.sql(f"DELETE FROM {name} WHERE sequence = 2")
    with pytest.raises(RefusedError, match="entry 2 is missing: entry 3 comes after entry 1"):
        audit(again(context))


# ---- rules


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    found = context_in(tmp_path_factory.mktemp("lake"))
    publish(found)
    return found


@pytest.mark.parametrize(
    ("rule", "said_of_it"),
    [
        ("frequency + 1", "gives bigint; expected a condition"),
        ("frequency >", "does not work on every row"),
        ("frequency > 1 frequency", "does not work on every row"),
        ("lower(frequency, 1) = 'a'", "does not work on every row"),
        ("customer_id = 'c1'", "customer_id (character 1) is neither a column"),
        ("date_add(DATE'2020-01-01', frequency * 1000000000) > DATE'2020-01-01'", "does not work on every row"),
    ],
)
def test_spark_says_what_is_no_condition_over_the_features(lake, rule, said_of_it):
    with pytest.raises(BadInputError) as refused:
        usable_rule(again(lake), rule)
    assert said_of_it in str(refused.value)


def test_a_text_that_is_compared_with_a_number_would_end_the_night_s_run(spark, tmp_path):
    found = context_in(tmp_path)
    families = found.config.features.model_copy(update={"families": ["rfm", "preference"]})
    context = replace(found, config=found.config.model_copy(update={"features": families}))
    (text, *_) = [one.name for one in context.features if one.type == "STRING"]
    with pytest.raises(BadInputError, match="texts are compared with texts"):
        usable_rule(context, f"{text} > 5")
    assert usable_rule(context, f"try_cast({text} AS DOUBLE) > 5")


def test_a_definition_says_how_many_customers_meet_the_rule(lake):
    assert members(lake, "frequency >= 5") == f"5 of 10 customers meet the rule at {DAY}"  # of 0 to 9 orders


def test_a_segment_that_was_changed_around_the_log_is_named(lake):
    writer = again(lake).writer("somebody")
    assert writer.exchange(SEGMENTS, {"segment_id": "seg-a", "owner": "eve"}, {"owner": None})
    looked = again(lake)
    audit(looked)
    assert "seg-a: owner is eve, and by the log it is none" in said(looked)
