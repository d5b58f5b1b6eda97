"""Declared rules: what breaks each, and what does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from segspark.config.model import Config
from segspark.config.sources import Rule
from segspark.ingest.across import with_repeated_values, with_unknown_keys
from segspark.ingest.rules import built_in, declared, judged
from segspark.tables import CAMPAIGNS, CONSENTS, CUSTOMERS, EVENTS

AS_OF = date(2026, 1, 10)
SCHEMA = "name STRING, amount DECIMAL(18,4), at TIMESTAMP, m MAP<STRING,STRING>, _unreadable ARRAY<STRING>"


def noon(day):
    return datetime(2026, 1, day, 12, tzinfo=UTC)


# rule, then rows that hold (False) or break it (True): name, amount, at, m.
CASES = [
    ({"column": "name", "check": "not_null"}, [(("x", 1, None, None), False), ((None, 1, None, None), True)]),
    ({"column": "amount", "check": "range", "min": 0, "max": 5}, [
        (("", 0, None, None), False), (("", 5, None, None), False), (("", -0.01, None, None), True),
        (("", 5.01, None, None), True), (("", None, None, None), False)]),
    ({"column": "name", "check": "set", "values": ["a", "b"]}, [
        (("a", 1, None, None), False), (("c", 1, None, None), True), ((None, 1, None, None), False)]),
    ({"column": "name", "check": "pattern", "pattern": "a|b+"}, [
        (("a", 1, None, None), False), (("bb", 1, None, None), False), (("ab", 1, None, None), True)]),
    ({"column": "m.n", "check": "type", "type": "BIGINT"}, [
        (("", 1, None, {"n": "7"}), False), (("", 1, None, {"n": "7x"}), True), (("", 1, None, {}), False)]),
    ({"column": "amount", "check": "plausible", "max": 100}, [
        (("", 100, None, None), False), (("", -100.5, None, None), True), (("", 101, None, None), True)]),
    ({"column": "at", "check": "not_in_future"}, [  # as_of is the 10th; until the end of that day is believed
        (("", 1, noon(10), None), False), (("", 1, noon(11), None), True), (("", 1, None, None), False)]),
    ({"column": "at", "check": "not_in_future", "tolerance_days": 0}, [
        (("", 1, noon(9), None), False), (("", 1, noon(10), None), True)]),
    ({"column": "amount", "check": "range", "max": 5, "when": "name = 'x'"}, [
        (("x", 6, None, None), True), (("y", 6, None, None), False), ((None, 6, None, None), False)]),
]  # fmt: skip


@pytest.fixture(scope="module")
def found(spark):
    """Per case and row, whether the rule was broken: all in as few jobs as there are rules."""
    outcomes = {}
    for number, (settings, rows) in enumerate(CASES):
        frame = spark.createDataFrame([(*_typed(row), None) for row, _ in rows], SCHEMA).coalesce(1)
        kept = judged(frame, declared([Rule(**settings)], AS_OF, "UTC")).collect()
        outcomes[number] = [bool(row["_reasons"]) for row in kept]
    return outcomes


def _typed(row):
    name, amount, at, m = row
    return name, None if amount is None else Decimal(str(amount)), at, m


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{s['check']} {n}" for n, (s, _) in enumerate(CASES)])
def test_a_rule_is_broken_by_what_breaks_it_alone(found, number):
    assert found[number] == [broken for _, broken in CASES[number][1]]


def test_severities_go_to_different_columns(spark):
    rules = [Rule(column="name", check="not_null", severity=severity) for severity in ("reject", "warn", "fail")]
    rows = spark.createDataFrame([(None, None, None, None, None)], SCHEMA)
    (row,) = judged(rows, declared(rules, AS_OF, "UTC")).collect()
    assert (row["_reasons"], row["_warnings"], row["_fatal"]) == (["name: missing"],) * 3


def test_a_clean_row_has_no_reasons_at_all(spark):
    rows = spark.createDataFrame([("x", None, None, None, None)], SCHEMA)
    (row,) = judged(rows, declared([Rule(column="name", check="not_null")], AS_OF, "UTC")).collect()
    assert (row["_reasons"], row["_warnings"], row["_fatal"]) == (None, None, None)


def test_a_key_that_another_table_lacks_breaks_a_foreign_key_and_null_does_not(spark):
    rows = spark.createDataFrame([("p", None), ("q", None), (None, None)], "product_id STRING, _reasons ARRAY<STRING>")
    known = spark.createDataFrame([("p",), ("p",), (None,)], "_known STRING")
    rule = Rule(column="product_id", check="foreign_key", table="products")
    kept = {row["product_id"]: row["_reasons"] for row in with_unknown_keys(rows, rule, known).collect()}
    assert kept == {"p": None, "q": ["product_id: not in products"], None: None}


def test_a_value_stays_with_the_row_that_has_it_already(spark):
    schema = "event_id STRING, order_id STRING, _warnings ARRAY<STRING>"
    rows = spark.createDataFrame([("e1", "a", None), ("e2", "a", None), ("e3", "b", None), ("e4", None, None)], schema)
    stored = spark.createDataFrame([("e0", "b"), ("e1", "a")], "event_id STRING, order_id STRING")
    rule = Rule(column="order_id", check="unique", severity="warn")
    found = {
        r["event_id"]: bool(r["_warnings"]) for r in with_repeated_values(rows, rule, "event_id", stored).collect()
    }
    assert found == {"e1": False, "e2": True, "e3": True, "e4": False}


def configuration(**more):
    sources = {"events": [{"name": "shop", "path": "x", "columns": {}}]}
    return Config.model_validate({"workspace": {"root": "lake"}, "sources": sources, **more})


def broken(spark, table, config, **values):
    """The reasons against one row of a table, with these values and nothing else."""
    given = {column.name: column.type for column in table.columns} | {"currency": "STRING", "identifiers": "STRING"}
    texts = [f"CAST({values.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in given.items()]
    row = spark.sql(f"SELECT {', '.join(texts)}, CAST(NULL AS ARRAY<STRING>) AS _unreadable")
    return judged(row, built_in(table, config)).first()["_reasons"]


def test_an_absurd_time_is_refused(spark):
    assert broken(spark, EVENTS, configuration(), event_ts="timestamp'1970-12-31 23:59:59Z'") == [
        "event_ts: before 1971-01-01 or not before 2100-01-01"
    ]
    assert broken(spark, EVENTS, configuration(), event_ts="timestamp'2099-12-31 23:59:59Z'") is None


def test_texts_that_are_none_or_too_long_are_refused(spark):
    config = configuration()
    assert broken(spark, EVENTS, config, order_id="concat('a', char(0))") == ["order_id: holds bytes that are no text"]
    assert broken(spark, EVENTS, config, order_id="cast(X'61FF' AS STRING)") == [
        "order_id: holds bytes that are no text"
    ]
    assert broken(spark, EVENTS, config, order_id="repeat('é', 257)") == ["order_id: longer than 256 characters"]
    assert broken(spark, EVENTS, config, order_id="repeat('é', 256)", text="repeat('x', 100000)") is None
    assert broken(spark, EVENTS, config, text="repeat('x', 100001)") == ["text: longer than 100,000 characters"]


def test_negative_prices_are_refused(spark):
    assert broken(spark, EVENTS, configuration(), discount="-1") == ["discount: negative"]
    assert broken(spark, CAMPAIGNS, configuration(), cost="-0.01") == ["cost: negative"]


def test_a_consent_is_granted_denied_or_withdrawn(spark):
    assert broken(spark, CONSENTS, configuration(), status="'maybe'") == ["status: not granted, denied or withdrawn"]
    assert broken(spark, CONSENTS, configuration(), status="'withdrawn'") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("map('age', '41', 'income', 'low', 'city', 'x')", None),
        ("map('age', 'old')", ["attributes.age: not a number"]),
        ("map('age', 'NaN')", ["attributes.age: not a number"]),
        ("map('income', 'middling')", ["attributes.income: none of its 2 levels"]),
    ],
)
def test_declared_attributes_are_what_they_are_declared_to_be(spark, value, expected):
    attributes = {"age": {"type": "numeric"}, "income": {"type": "ordinal", "order": ["low", "high"]}}
    assert broken(spark, CUSTOMERS, configuration(attributes=attributes), attributes=value) == expected
