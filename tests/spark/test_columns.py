"""Column helpers: differences between stored and new values, hashes, local dates."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import functions as F

from segspark.columns import content_hash, differs, exact_sum, local_date, midnight

MAP = "map('a', '1', 'b', '2')"
CASES = {
    "double equal": ("1.5D", "1.5D", False),
    "double null and null": ("CAST(NULL AS DOUBLE)", "CAST(NULL AS DOUBLE)", False),
    "double null and value": ("CAST(NULL AS DOUBLE)", "0.0D", True),
    "double value and null": ("0.0D", "CAST(NULL AS DOUBLE)", True),
    "double 1e-12 apart": ("1.0D", "1.000000000001D", False),
    "double 1e-12 apart, negative": ("-1.0D", "-1.000000000001D", False),
    "double 1e-6 apart": ("1.0D", "1.000001D", True),
    "double small but of other order": ("1e-12D", "2e-12D", True),
    "double of other sign": ("1e-12D", "-1e-12D", True),
    "double zero and zero": ("0.0D", "-0.0D", False),
    "double nan and nan": ("double('NaN')", "double('NaN')", False),
    "double infinities": ("double('Infinity')", "double('Infinity')", False),
    "double infinite and finite": ("double('Infinity')", "1.0D", True),
    "decimal": ("CAST(1.0001 AS DECIMAL(18,4))", "CAST(1.0002 AS DECIMAL(18,4))", True),
    "bigint": ("9007199254740993L", "9007199254740992L", True),
    "string equal": ("'a'", "'a'", False),
    "string case": ("'a'", "'A'", True),
    "string null": ("CAST(NULL AS STRING)", "''", True),
    "map in another order": (MAP, "map('b', '2', 'a', '1')", False),
    "map of another value": (MAP, "map('a', '1', 'b', '3')", True),
    "map null": (MAP, "CAST(NULL AS MAP<STRING,STRING>)", True),
    "array in another order": ("array('a', 'b')", "array('b', 'a')", True),
}


@pytest.fixture(scope="module")
def different(spark):
    row = {}
    frame = spark.range(1)
    for number, (name, (left, right, _)) in enumerate(CASES.items()):
        frame = frame.withColumns({f"l{number}": F.expr(left), f"r{number}": F.expr(right)})
        row[name] = differs(f"l{number}", f"r{number}", frame.schema[f"l{number}"].dataType)
    return frame.selectExpr(*[f"{text} AS `{name}`" for name, text in row.items()]).first().asDict()


@pytest.mark.parametrize("case", CASES)
def test_values_differ_when_a_stored_row_would_have_to_be_rewritten(different, case):
    assert different[case] is CASES[case][2]


def test_a_hash_tells_null_from_blank_and_one_column_from_another(spark):
    rows = spark.sql(
        "SELECT * FROM VALUES ('a', CAST(NULL AS STRING)), (CAST(NULL AS STRING), 'a'), ('a', ''), ('', 'a') AS t(x, y)"
    )
    assert rows.selectExpr(content_hash(["x", "y"], rows.schema)).distinct().count() == 4


def test_local_dates_change_at_local_midnight_on_the_days_of_23_and_25_hours(spark):
    instants = [
        "2017-03-12T04:59:59Z",
        "2017-03-12T05:00:00Z",
        "2017-03-13T03:59:59Z",
        "2017-03-13T04:00:00Z",
        "2017-11-05T03:59:59Z",
        "2017-11-05T04:00:00Z",
        "2017-11-06T04:59:59Z",
        "2017-11-06T05:00:00Z",
    ]
    rows = spark.createDataFrame([(text,) for text in instants], "at STRING").coalesce(1)
    found = rows.select(local_date(F.col("at").cast("timestamp"), "America/New_York").alias("day")).collect()
    days = [(3, 11), (3, 12), (3, 12), (3, 13), (11, 4), (11, 5), (11, 5), (11, 6)]
    assert [row["day"] for row in found] == [date(2017, *day) for day in days]


def test_midnight_moves_with_daylight_saving():
    assert midnight(date(2017, 3, 12), "America/New_York").hour == 5
    assert midnight(date(2017, 3, 13), "America/New_York").hour == 4


def test_a_sum_of_doubles_does_not_depend_on_their_order(spark):
    rows = spark.createDataFrame([(0.1,), (1e16,), (0.2,), (-1e16,), (0.3,)], "x DOUBLE")
    found = [frame.agg(exact_sum(F.col("x"))).first()[0] for frame in (rows, rows.orderBy(F.desc("x")))]
    assert found[0] == found[1] == pytest.approx(0.6, rel=1e-12)
