"""Reading a PostgreSQL server: JVM, session and server are in three time zones. Each test has a table of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import io
import os
import traceback
from uuid import uuid4

import pytest

from scripts.kafka import free_port
from segspark.config.sources import Source
from segspark.errors import BadInputError
from segspark.io.jdbc import new_rows

pytestmark = pytest.mark.slow


@pytest.fixture
def table(postgres):
    """A name that needs quotes, of a table with two rows."""
    name = f'"Orders {uuid4().hex}"'
    postgres.sql(f"""
        CREATE TABLE {name}
            (id BIGINT, "Updated At" TIMESTAMPTZ, at TIMESTAMP, day DATE, amount NUMERIC(12, 2), v TEXT);
        INSERT INTO {name} VALUES
            (1, '2024-01-01 12:00:00.123456+02', '2024-03-10 12:30', '2024-01-01', 10.50, 'a'),
            (2, '2024-01-02 00:00:00+00', '2024-03-11 12:30', '2024-01-02', 20.00, 'b');
    """)
    return name


def source(server, table, watermark=None, **options):
    connection = {"url": server.url, "dbtable": table, "user": "owner", "password": server.password}
    return Source(name="shop", format="jdbc", columns={}, watermark=watermark, options=connection | options)


def ids(batch):
    return sorted(row["id"] for rows in batch.rows for row in rows.collect())


def problem(there, given):
    """What is said, and all that a traceback would show."""

    def fail(spark):
        try:
            new_rows(spark, given, {})
        except BadInputError as error:
            return str(error), traceback.format_exc()
        raise AssertionError("no error")

    return there(fail)


def test_without_a_watermark_the_whole_table_is_read_and_nothing_recorded(there, postgres, table):
    def read(spark):
        batch = new_rows(spark, source(postgres, table), {})
        return ids(batch), dict(batch.positions)

    assert there(read) == ([1, 2], {})


def test_types_survive(there, postgres):
    name = f"types_{uuid4().hex}"
    postgres.sql(f"""
        CREATE TABLE {name}
            (id INT, instant TIMESTAMPTZ, local TIMESTAMP, day DATE, amount NUMERIC(12, 2), v TEXT, b BOOL);
        INSERT INTO {name} VALUES
            (1, '2024-07-01 12:00:00.123456+02', '2024-07-01 12:00:00.123456', '2024-02-29', 1234567890.12,
                'it''s "é" 漢\\n', true),
            (2, NULL, NULL, NULL, NULL, NULL, NULL);
    """)

    def read(spark):
        (rows,) = new_rows(spark, source(postgres, name), {}).rows
        texts = rows.selectExpr("CAST(instant AS STRING)", "CAST(local AS STRING)", "day", "amount", "v", "b", "id")
        return rows.dtypes, sorted((tuple(row) for row in texts.collect()), key=lambda row: row[-1])

    types, found = there(read)
    assert types == [
        ("id", "int"), ("instant", "timestamp"), ("local", "timestamp_ntz"), ("day", "date"),
        ("amount", "decimal(12,2)"), ("v", "string"), ("b", "boolean"),
    ]  # fmt: skip
    assert found == [
        ("2024-07-01 10:00:00.123456", "2024-07-01 12:00:00.123456", dt.date(2024, 2, 29),
         decimal.Decimal("1234567890.12"), 'it\'s "é" 漢\\n', True, 1),
        (None, None, None, None, None, None, 2),
    ]  # fmt: skip


# What each kind of watermark is recorded as for row 2, and the value of a row 3 that comes later.
KINDS = {
    "Updated At": ("2024-01-02 00:00:00", "'2024-01-02 00:00:00.000001+00'"),
    "at": ("2024-03-11 12:30:00", "'2024-03-11 12:30:00.000001'"),
    "day": ("2024-01-02", "'2024-01-03'"),
    "id": ("2", "3"),
    "amount": ("20.00", "20.01"),
    "v": ("b", "'b''\"; --'"),
}


@pytest.mark.parametrize("watermark", KINDS)
def test_the_second_read_is_from_the_watermark_on(there, postgres, table, watermark):
    recorded, later = KINDS[watermark]
    given = source(postgres, table, watermark)

    def read(spark):
        first = new_rows(spark, given, {})
        column = f'"{watermark}"'
        names, values = (column, later) if watermark == "id" else (f"id, {column}", f"3, {later}")
        postgres.sql(f"INSERT INTO {table} ({names}) VALUES ({values})")
        second = new_rows(spark, given, first.positions)
        third = new_rows(spark, given, second.positions)
        return first.positions["watermark"], ids(first), ids(second), ids(third)

    # What equals the watermark is read again: others that equal it may come late.
    assert there(read) == (recorded, [1, 2], [2, 3], [3])


def test_rows_that_come_after_the_batch_was_made_are_in_the_next_one(there, postgres, table):
    given = source(postgres, table, "Updated At")

    def read(spark):
        batch = new_rows(spark, given, {})
        before = ids(batch)
        postgres.sql(f"INSERT INTO {table} VALUES (3, '2024-01-03 00:00+00')")
        return before, ids(batch), ids(new_rows(spark, given, batch.positions))

    assert there(read) == ([1, 2], [1, 2], [2, 3])


def test_a_row_that_equals_the_watermark_and_came_late_is_read(there, postgres, table):
    given = source(postgres, table, "Updated At")

    def read(spark):
        batch = new_rows(spark, given, {})
        postgres.sql(f"INSERT INTO {table} VALUES (3, '2024-01-02 00:00+00')")
        return ids(new_rows(spark, given, batch.positions))

    assert there(read) == [2, 3]


def test_the_database_itself_leaves_old_rows_out(there, postgres, table):
    given = source(postgres, table, "Updated At")

    def read(spark):
        plan = io.StringIO()
        with contextlib.redirect_stdout(plan):
            new_rows(spark, given, {"watermark": "2024-01-02 00:00:00"}).rows[0].explain()
        return plan.getvalue()

    assert "*GreaterThanOrEqual(Updated At" in there(read).partition("PushedFilters")[2]


def test_rows_without_a_watermark_are_read_every_time_with_a_note(there, postgres, table):
    given = source(postgres, table, "Updated At")

    def read(spark):
        first = new_rows(spark, given, {})
        postgres.sql(f"INSERT INTO {table} VALUES (3, NULL), (4, NULL)")
        second = new_rows(spark, given, first.positions)
        return ids(second), second.notes, ids(new_rows(spark, given, second.positions))

    assert there(read) == ([2, 3, 4], ("2 rows have no Updated At: they are read at every run",), [2, 3, 4])


def test_an_empty_table_has_nothing_new(there, postgres, table):
    postgres.sql(f"DELETE FROM {table}")

    def read(spark):
        batch = new_rows(spark, source(postgres, table, "id"), {"watermark": "2"})
        return batch.rows, dict(batch.positions)

    assert there(read) == ((), {})


def test_a_watermark_that_went_back_is_said_and_not_recorded(there, postgres, table):
    def read(spark):
        batch = new_rows(spark, source(postgres, table, "id"), {"watermark": "9"})
        return batch.rows, dict(batch.positions), batch.notes

    assert there(read) == ((), {}, ("its largest id is 2, but it was read up to 9 before: was it replaced?",))


def test_a_query_is_read_like_a_table(there, postgres, table):
    query = source(postgres, table, "id").model_copy(
        update={"options": source(postgres, table).options | {"query": f"SELECT id FROM {table} WHERE v = 'b'"}}
    )
    del query.options["dbtable"]

    def read(spark):
        batch = new_rows(spark, query, {})
        return ids(batch), dict(batch.positions)

    assert there(read) == ([2], {"watermark": "2"})


def test_spark_s_partitioning_options_are_passed_on(there, postgres, table):
    bounds = {"partitionColumn": "id", "lowerBound": 1, "upperBound": 3, "numPartitions": 2}

    def read(spark):
        batch = new_rows(spark, source(postgres, table, "id", **bounds), {})
        return ids(batch), len({row[0] for row in batch.rows[0].selectExpr("spark_partition_id()").collect()})

    assert there(read) == ([1, 2], 2)


def test_a_secret_of_the_environment_is_given_to_the_database(there, postgres, table):
    given = source(postgres, table, password="${ENV:SHOP_PASSWORD}")

    def read(spark):
        os.environ["SHOP_PASSWORD"] = postgres.password
        return ids(new_rows(spark, given, {}))

    assert there(read) == [1, 2]


def test_a_wrong_password_is_said_in_a_line_without_it(there, postgres, table):
    said, shown = problem(there, source(postgres, table, password="wr0ng-secret"))
    assert said.startswith("source shop: ")
    assert "password authentication failed" in said
    assert "check options.user and options.password" in said
    assert "\n" not in said
    assert "wr0ng-secret" not in shown


def test_a_password_inside_the_url_is_in_no_message(there, postgres, table):
    url = f"{postgres.url}?user=owner&password=wr0ng%2Dsecret"
    given = Source(name="shop", format="jdbc", columns={}, options={"url": url, "dbtable": table})
    said, shown = problem(there, given)
    assert "password authentication failed" in said
    assert "wr0ng" not in shown


def test_a_missing_table_is_named(there, postgres):
    said, _ = problem(there, source(postgres, "no_such_table"))
    assert 'relation "no_such_table" does not exist; check options.dbtable or options.query' in said


def test_a_missing_watermark_column_is_named_with_those_there_are(there, postgres, table):
    said, _ = problem(there, source(postgres, table, "changed"))
    assert said == ("source shop: watermark: there is no column changed; it has id, Updated At, at, day, amount, v")


def test_a_server_that_is_down_is_said_with_what_to_check(there, postgres, table):
    said, shown = problem(there, source(postgres, table, url=f"jdbc:postgresql://127.0.0.1:{free_port()}/postgres"))
    assert "Connection refused" in said
    assert "check options.url, and that the database runs" in said
    assert postgres.password not in shown


def test_a_driver_that_is_not_there_is_named(there, table, postgres):
    said, _ = problem(there, source(postgres, table, url="jdbc:mysql://127.0.0.1/shop"))
    assert "com.mysql.cj.jdbc.Driver" in said
    assert "spark.jars" in said
