"""Source rows into canonical columns: times, numbers, texts; what cannot be read; what is wrong with a row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from segspark.config.model import Config
from segspark.config.sources import EventSource
from segspark.ingest.mapping import map_rows, mapping_problems
from segspark.ingest.rules import built_in
from segspark.ingest.rules import judged as judge
from segspark.tables import CUSTOMERS, EVENTS, PRODUCTS

NEW_YORK = "America/New_York"
CONFIG = Config.model_validate(
    {
        "workspace": {"root": "lake"},
        "time": {"business_timezone": NEW_YORK},
        "sources": {"events": [{"name": "shop", "path": "x", "columns": {}}]},
    }
)
COLUMNS = {"event_id": "id", "customer_id": "who", "event_ts": "at", "event_type": "kind", "amount": "paid"}


def seconds(year, month, day, hour=0, minute=0, second=0):
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


# What stands in a text column, read with New York as the input's zone, and the instant it means.
TIMES = {
    "2017-07-01T12:00:00Z": seconds(2017, 7, 1, 12),
    "2017-07-01 12:00:00+02:00": seconds(2017, 7, 1, 10),
    "2017-07-01 12:00:00 America/Los_Angeles": seconds(2017, 7, 1, 19),
    "2017-07-01 12:00:00 UTC": seconds(2017, 7, 1, 12),
    "2017-07-01 12:00:00 GMT+02:00": seconds(2017, 7, 1, 10),
    "2017-07-01 12:00:00 EST": seconds(2017, 7, 1, 17),  # five hours behind, all the year round
    "2017-07-01 12:00:00 America/Port-au-Prince": seconds(2017, 7, 1, 16),
    "2017-07-01 12:00:00": seconds(2017, 7, 1, 16),  # summer time, four hours behind
    "2017-01-01 12:00:00": seconds(2017, 1, 1, 17),  # winter time, five hours behind
    "  2017-01-01 12:00:00 ": seconds(2017, 1, 1, 17),
    "2017-07-01T12:00:00.5": seconds(2017, 7, 1, 16) + 0.5,
    "2017-07-01": seconds(2017, 7, 1, 4),  # midnight
    "2017-03-12 01:59:59": seconds(2017, 3, 12, 6, 59, 59),
    "2017-03-12 02:30:00": seconds(2017, 3, 12, 7, 30),  # does not exist: as the clock had run on, PEP 495's fold=0
    "2017-03-12 03:00:00": seconds(2017, 3, 12, 7),
    "2017-11-05 01:30:00": seconds(2017, 11, 5, 5, 30),  # exists twice: the first of them
    "2017-11-05 01:30:00-05:00": seconds(2017, 11, 5, 6, 30),  # the second
    "2017-11-05 02:00:00": seconds(2017, 11, 5, 7),
}
UNREADABLE_TIMES = ["soon", "2017-02-30", "2017-13-01 00:00:00", "2017-07-01 25:00:00", "1498910400000", "12:30:00"]
BLANK = ["", "   ", None]


@pytest.fixture(scope="module")
def times(spark):
    """What becomes of each text: seconds since 1970, and what was unreadable."""
    texts = [*TIMES, *UNREADABLE_TIMES, *BLANK]
    raw = spark.createDataFrame([(text,) for text in texts], "at STRING")
    columns = {"event_id": "at", "event_ts": "at"}
    rows = map_rows(raw, EVENTS, columns, NEW_YORK, "UTC").select(
        "_raw.at", F.unix_micros("event_ts").alias("micros"), "_unreadable"
    )
    return {row["at"]: (row["micros"] and row["micros"] / 1e6, row["_unreadable"]) for row in rows.collect()}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_is_read_in_its_own_zone_or_in_the_input_s(times, text):
    assert times[text] == (TIMES[text], None)


@pytest.mark.parametrize("text", UNREADABLE_TIMES)
def test_a_text_that_is_no_time_is_unreadable(times, text):
    assert times[text] == (None, ["event_ts: cannot be read as TIMESTAMP"])


@pytest.mark.parametrize("text", BLANK)
def test_a_blank_text_is_missing_and_not_unreadable(times, text):
    assert times[text] == (None, ["event_id: missing", "event_ts: missing"])


@pytest.fixture(scope="module")
def typed(spark):
    """Columns of types other than text."""
    raw = spark.sql(
        "SELECT timestamp'2017-07-01 12:00:00Z' AS instant, timestamp_ntz'2017-07-01 12:00:00' AS local, "
        "date'2017-07-01' AS day, 42 AS number, 1.5D AS double, 'x' AS text"
    )
    micros = F.unix_micros("event_ts")
    found = {}
    for name in ("instant", "local", "day"):
        rows = map_rows(raw, EVENTS, {"event_id": "number", "event_ts": name, "rating": "double"}, NEW_YORK, NEW_YORK)
        found[name] = rows.select(
            "event_id", "event_date", "rating", (micros / 1e6).alias("at"), F.lit(name).alias("of")
        )
    rows = found["instant"].union(found["local"]).union(found["day"]).collect()
    return {row["of"]: row for row in rows}


def test_an_instant_is_taken_as_it_is(typed):
    assert typed["instant"]["at"] == seconds(2017, 7, 1, 12)


def test_a_time_without_zone_is_in_the_input_s(typed):
    assert typed["local"]["at"] == seconds(2017, 7, 1, 16)


def test_a_date_is_its_midnight_in_the_input_s_zone(typed):
    assert typed["day"]["at"] == seconds(2017, 7, 1, 4)
    assert typed["day"]["event_date"] == date(2017, 7, 1)


def test_a_number_as_an_id_becomes_text(typed):
    assert typed["instant"]["event_id"] == "42"


WRONG_SIGN = "amount: purchases are positive and returns negative"
NO_AMOUNT = "amount: missing, which a purchase or return needs"

# id: customer, time, type, amount, currency, rating: reasons
ROWS = {
    "good": ("c", "2018-01-01T04:30:00Z", "purchase", "12.34567", "USD", "4.5", []),
    "no currency": ("c", "2017-01-01", "purchase", "1", " ", None, []),
    "free": ("c", "2017-01-01", "purchase", "0", "USD", None, []),
    "returned": ("c", "2017-01-01", "return", "-5", "USD", None, []),
    "returned for nothing": ("c", "2017-01-01", "return", "0", "USD", None, []),
    "visit": ("c", "2017-01-01", "page_view", None, None, None, []),
    "scientific": ("c", "2017-01-01", "purchase", "1.5e3", "USD", None, []),
    "nobody": ("  ", "2017-01-01", "purchase", "1", "USD", None, ["customer_id: missing"]),
    "no time": ("c", None, "purchase", "1", "USD", None, ["event_ts: missing"]),
    "bad time": ("c", "soon", "purchase", "1", "USD", None, ["event_ts: cannot be read as TIMESTAMP"]),
    "no type": ("c", "2017-01-01", None, "1", "USD", None, ["event_type: missing"]),
    "negative": ("c", "2017-01-01", "purchase", "-1", "USD", None, [WRONG_SIGN]),
    "positive": ("c", "2017-01-01", "return", "1", "USD", None, [WRONG_SIGN]),
    "no amount": ("c", "2017-01-01", "purchase", None, "USD", None, [NO_AMOUNT]),
    "bad amount": ("c", "2017-01-01", "purchase", "1,50", "USD", None, ["amount: cannot be read as DECIMAL(18,4)"]),
    "nan amount": ("c", "2017-01-01", "purchase", "NaN", "USD", None, ["amount: cannot be read as DECIMAL(18,4)"]),
    "huge amount": ("c", "2017-01-01", "purchase", "1e15", "USD", None, ["amount: cannot be read as DECIMAL(18,4)"]),
    "foreign": ("c", "2017-01-01", "purchase", "1", "EUR", None, ["currency: not USD, and no rates are given"]),
    "nan rating": ("c", "2017-01-01", "rating", None, None, "NaN", ["rating: cannot be read as DOUBLE"]),
    "endless rating": ("c", "2017-01-01", "rating", None, None, "-Infinity", ["rating: cannot be read as DOUBLE"]),
    "all wrong": (
        None, "soon", "purchase", "x", "EUR", "y",
        [
            "amount: cannot be read as DECIMAL(18,4)",
            "currency: not USD, and no rates are given",
            "customer_id: missing",
            "event_ts: cannot be read as TIMESTAMP",
            "rating: cannot be read as DOUBLE",
        ],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def judged(spark):
    raw = spark.createDataFrame(
        [(name, *values[:-1]) for name, values in ROWS.items()],
        "id STRING, who STRING, at STRING, kind STRING, paid STRING, money STRING, stars STRING",
    )
    columns = COLUMNS | {"currency": "money", "rating": "stars", "quantity": 1, "properties": "map('k', id)"}
    rows = judge(map_rows(raw, EVENTS, columns, "UTC", NEW_YORK), built_in(EVENTS, CONFIG))
    return {row["event_id"]: row for row in rows.collect()}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_every_reason_against_it_and_no_other(judged, name):
    assert judged[name]["_reasons"] == (ROWS[name][-1] or None)


def test_amounts_are_rounded_to_four_digits(judged):
    assert (judged["good"]["amount"], judged["scientific"]["amount"]) == (Decimal("12.3457"), Decimal("1500.0000"))


def test_the_date_of_an_event_is_that_of_the_business_zone(judged):
    assert judged["good"]["event_date"] == date(2017, 12, 31)


def test_the_source_s_customer_is_kept_beside_the_customer(judged):
    assert (judged["good"]["customer_id"], judged["good"]["source_customer_id"]) == ("c", "c")


def test_constants_and_maps_are_mapped(judged):
    assert (judged["good"]["quantity"], judged["good"]["properties"]) == (Decimal(1), {"k": "good"})


def test_columns_that_are_not_mapped_are_null(judged):
    assert (judged["good"]["discount"], judged["good"]["campaign_id"]) == (None, None)


def test_the_raw_row_is_kept_as_it_was_read(judged):
    assert judged["bad amount"]["_raw"].asDict()["paid"] == "1,50"


def test_texts_are_trimmed_and_numbers_not_finite_are_not_numbers(spark):
    raw = spark.sql("SELECT ' a ' AS id, double('NaN') AS x, double('Infinity') AS y")
    (row,) = map_rows(raw, EVENTS, {"event_id": "id", "amount": "x", "page_depth": "y"}, "UTC", "UTC").collect()
    assert (row["event_id"], row["amount"], row["page_depth"]) == ("a", None, None)
    assert row["_unreadable"] == ["amount: cannot be read as DECIMAL(18,4)", "page_depth: cannot be read as DOUBLE"]


@pytest.fixture(scope="module")
def raw(spark):
    return spark.createDataFrame([], "id STRING, who STRING, at STRING, kind STRING, paid STRING, n BIGINT")


def problems(raw, table=EVENTS, drop=(), **columns):
    given = {name: value for name, value in ({**COLUMNS, **columns}).items() if name not in drop}
    return mapping_problems(raw, table, EventSource(name="shop", path="x", columns=given))


def test_a_mapping_that_can_be_read_has_no_problems(raw):
    assert problems(raw, currency="'USD'", quantity=1) == []


def test_every_missing_required_column_is_named_with_what_the_source_has(raw):
    assert problems(raw, drop=("event_id", "event_ts")) == [
        f"sources.events.shop.columns.{name}: missing; map it to an expression over id, who, at, kind, paid, n"
        for name in ("event_id", "event_ts")
    ]


def test_an_unknown_column_is_named_with_a_suggestion(raw):
    (problem,) = problems(raw, amonut="paid")
    assert problem == "sources.events.shop.columns.amonut: events has no such column; did you mean 'amount'?"


def test_an_unknown_column_like_no_other_is_named_with_the_known_ones(raw):
    source = EventSource(name="shop", path="x", columns={"product_id": "id", "zzz": "id"})
    (problem,) = mapping_problems(raw, PRODUCTS, source)
    assert problem.endswith("no such column; known columns: attributes, brand, category, name, product_id, updated_at")


@pytest.mark.parametrize("name", ["event_date", "source", "run_id", "source_customer_id"])
def test_a_derived_column_cannot_be_mapped(raw, name):
    (problem,) = problems(raw, **{name: "id"})
    assert problem.startswith(f"sources.events.shop.columns.{name}: events has no such column")


def test_a_currency_belongs_to_events_only(raw):
    source = EventSource(name="people", path="x", columns={"customer_id": "id", "currency": "'USD'"})
    (problem,) = mapping_problems(raw, CUSTOMERS, source)
    assert problem.startswith("sources.customers.people.columns.currency: customers has no such column")


def test_an_expression_that_does_not_parse_is_quoted(raw):
    (problem,) = problems(raw, amount="paid +* 2")
    assert problem.startswith("sources.events.shop.columns.amount: 'paid +* 2' is not a Spark SQL expression")
    assert "\n" not in problem


def test_a_column_that_the_source_lacks_is_named_with_those_that_it_has(raw):
    (problem,) = problems(raw, amount="price * 2")
    assert problem == (
        "sources.events.shop.columns.amount: there is no column `price`; the source has id, who, at, kind, paid, n"
    )


def test_an_unknown_function_is_named(raw):
    (problem,) = problems(raw, amount="no_such_function(paid)")
    assert problem.startswith("sources.events.shop.columns.amount: 'no_such_function(paid)' cannot be used")


def test_a_number_as_a_time_is_refused_with_what_to_write(raw):
    (problem,) = problems(raw, event_ts="n")
    assert problem.endswith("'n' is bigint, not a time; use timestamp_seconds(...) or timestamp_millis(...)")


def test_every_problem_of_a_source_is_told_at_once(raw):
    assert len(problems(raw, drop=("event_id",), amount="price", event_ts="n", zzz="id")) == 4


@pytest.mark.parametrize(
    ("name", "expression"), [("properties", "paid"), ("amount", "array(1)"), ("rating", "map('a', 1)")]
)
def test_a_value_that_can_never_become_the_column_s_type_is_a_problem(raw, name, expression):
    (problem,) = problems(raw, **{name: expression})
    assert problem.startswith(f"sources.events.shop.columns.{name}: '{expression}'")


@pytest.mark.parametrize("expression", ["sum(n)", "explode(array(n, n))"])
def test_an_expression_over_several_rows_or_into_several_is_a_problem(raw, expression):
    (problem,) = problems(raw, amount=expression)
    assert problem.startswith(f"sources.events.shop.columns.amount: '{expression}'")
