"""Delta tables: created from contracts, written only where something changed, whatever the path is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import functions as F

from segspark.config.model import Workspace
from segspark.errors import SegsparkError
from segspark.io.commits import Writer
from segspark.io.lake import Lake
from segspark.tables import Column, Table

COMMENT = 'it\'s a "table" \\ `x` {y}; -- ümläut'
PEOPLE = Table(
    "people",
    COMMENT,
    (
        Column("id", "STRING", "The key."),
        Column("x", "DOUBLE", 'A label\'s \\ "quotes" and {braces} of a category.'),
        Column("m", "MAP<STRING,STRING>", "A map."),
        Column("n", "BIGINT", "A number."),
        Column("run_id", "STRING", "The run."),
    ),
    key=("id",),
    run_columns=("run_id",),
)
WIDER = PEOPLE.with_columns([Column("extra", "STRING", "Came later.")])
SCHEMA = "id STRING, x DOUBLE, m MAP<STRING,STRING>, n BIGINT, run_id STRING"
FIRST = [
    ("a", 1.0, {"k": "1", "l": "2"}, 1, "run1"),
    ("b", 0.1 + 0.2, None, 1, "run1"),
    ("c", None, {"k": "1"}, 2, "run1"),
]
# The same, but for a double by 1e-12 of it, the order of a map and the run.
SAME = [
    ("b", 0.3, None, 1, "run2"),
    ("a", 1.0 + 1e-12, {"l": "2", "k": "1"}, 1, "run2"),
    ("c", None, {"k": "1"}, 2, "run2"),
]


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    root = tmp_path_factory.mktemp("lake") / 'it\'s "my" `lake` & more'
    return Lake(spark, Workspace(root=str(root)))


def stored(lake, table=PEOPLE):
    return {row["id"]: tuple(row)[1:] for row in lake.read(table).collect()}


@pytest.fixture(scope="module")
def story(spark, lake):
    """One table's life, a step after the other; what was seen after each."""
    seen = {"unwritten": (lake.exists(PEOPLE), lake.version(PEOPLE), lake.read(PEOPLE).collect())}

    def publish(name, rows, table=PEOPLE, columns=SCHEMA, **how):
        try:
            change = Writer(lake, "run", "attempt").publish(table, spark.createDataFrame(rows, columns), **how)
        except SegsparkError as error:
            change = error
        seen[name] = (change, lake.version(PEOPLE), stored(lake, table))

    publish("first", FIRST)
    publish("same", SAME)
    publish("duplicates", [("z", 1.0, None, 1, "run3"), ("z", 2.0, None, 1, "run3")])
    publish(
        "changed",
        [
            ("a", None, {"k": "1", "l": "3"}, 1, "run4"),
            ("b", 0.3, None, 1, "run4"),
            ("c", 3.0, {"k": "1"}, 2, "run4"),
            ("d", 4.0, {}, None, "run4"),
        ],
    )
    wider = SCHEMA + ", extra STRING"
    a = ("a", None, {"k": "1", "l": "3"}, 1, "run5", "new")
    publish("scoped and wider", [a], WIDER, wider, scope=F.col("n") == 1, delete_missing=True)
    publish("duplicate of stored", [a, ("a", 7.0, None, 1, "run6", "new")], WIDER, wider)
    return seen


def counts(change):
    return (change.inserted, change.updated, change.deleted)


def test_a_table_never_written_does_not_exist_and_is_empty(story):
    assert story["unwritten"] == (False, -1, [])


def test_a_table_never_written_has_its_contract_s_columns(lake):
    table = replace(PEOPLE, name="nowhere")
    assert lake.read(table).dtypes == [
        ("id", "string"), ("x", "double"), ("m", "map<string,string>"), ("n", "bigint"), ("run_id", "string"),
    ]  # fmt: skip


def test_new_rows_are_inserted(story):
    change, version, rows = story["first"]
    assert counts(change) == (3, 0, 0)
    assert change.version == version
    assert rows == {row[0]: row[1:] for row in FIRST}


def test_rows_that_did_not_change_are_not_written_and_make_no_version(story):
    change, version, rows = story["same"]
    assert counts(change) == (0, 0, 0)
    assert (version, rows) == (story["first"][1], story["first"][2])


def test_two_rows_of_one_key_are_refused_and_nothing_is_written(story):
    change, version, rows = story["duplicates"]
    assert isinstance(change, SegsparkError)
    assert str(change) == "people: 2 rows share their id with another; nothing was written"
    assert (version, rows) == (story["first"][1], story["first"][2])


def test_only_changed_and_new_rows_are_written_and_the_rest_is_left_alone(story):
    change, version, rows = story["changed"]
    assert counts(change) == (1, 2, 0)
    assert version == story["first"][1] + 1
    assert (
        rows
        == {
            "a": (None, {"k": "1", "l": "3"}, 1, "run4"),  # became unknown
            "b": FIRST[1][1:],  # as it was: neither its 15th digit nor its run is rewritten
            "c": (3.0, {"k": "1"}, 2, "run4"),  # became known
            "d": (4.0, {}, None, "run4"),
        }
    )


def test_missing_rows_are_deleted_only_within_the_scope(story):
    change, _, rows = story["scoped and wider"]
    assert change.deleted == 1
    assert set(rows) == {"a", "c", "d"}  # b had n = 1; c has 2, d none


def test_two_rows_of_one_key_are_refused_even_when_one_of_them_is_stored_already(story):
    change, version, rows = story["duplicate of stored"]
    assert isinstance(change, SegsparkError)
    assert (version, rows) == (story["scoped and wider"][1], story["scoped and wider"][2])


def test_a_contract_s_new_column_is_added_and_null_for_rows_not_written_since(story):
    change, _, rows = story["scoped and wider"]
    assert change.updated == 1
    assert {name: row[-1] for name, row in rows.items()} == {"a": "new", "c": None, "d": None}


def test_the_table_and_its_columns_carry_their_comments(lake, story, spark):
    assert spark.sql(f"DESCRIBE DETAIL {lake.identifier(PEOPLE)}").first()["description"] == COMMENT
    comments = {field.name: field.metadata["comment"] for field in spark.table(lake.identifier(PEOPLE)).schema}
    assert comments == {column.name: column.comment for column in WIDER.columns}


def test_a_comment_that_looks_like_a_variable_is_kept_as_it_is(spark, tmp_path):
    table = replace(PEOPLE, comment="a ${variable} of somebody")
    lake = Lake(spark, Workspace(root=str(tmp_path)))
    lake.create(table)
    assert spark.sql(f"DESCRIBE DETAIL {lake.identifier(table)}").first()["description"] == table.comment


def test_tables_carry_no_deletion_vectors(lake, story, spark):
    detail = spark.sql(f"DESCRIBE DETAIL {lake.identifier(PEOPLE)}").first()
    assert detail["properties"]["delta.enableDeletionVectors"] == "false"


def test_a_table_s_identity_is_delta_s_and_another_one_s_is_another(spark, tmp_path):
    lake = Lake(spark, Workspace(root=str(tmp_path)))
    assert lake.identity(PEOPLE) == ""
    lake.create(PEOPLE)
    lake.look_again()
    assert lake.identity(PEOPLE) == spark.sql(f"DESCRIBE DETAIL {lake.identifier(PEOPLE)}").first()["id"]
    other = Lake(spark, Workspace(root=str(tmp_path / "other")))
    other.create(PEOPLE)
    other.look_again()
    assert other.identity(PEOPLE) not in ("", lake.identity(PEOPLE))


def test_few_rows_are_read_once_for_a_version(spark, tmp_path):
    lake = Lake(spark, Workspace(root=str(tmp_path)))
    assert lake.few(PEOPLE) == []
    Writer(lake, "run", "a").publish_few(PEOPLE, FIRST)
    rows = lake.few(PEOPLE)
    assert {row["id"] for row in rows} == {"a", "b", "c"}
    assert lake.few(PEOPLE) is rows
    Writer(lake, "run", "a").publish_few(PEOPLE, FIRST[:2], delete_missing=True)
    assert {row["id"] for row in lake.few(PEOPLE)} == {"a", "b"}


FOLLOWED = replace(PEOPLE, name="followed", change_feed=True)


@pytest.mark.parametrize("at_first", [True, False])
def test_where_they_are_asked_for_a_table_that_is_followed_gets_new_rows_and_keeps_its_files(spark, tmp_path, at_first):
    rows = spark.range(100).selectExpr("CAST(id AS STRING) AS id", "1.0D AS x", "NULL AS m", "id AS n", "'a' AS run_id")
    asked = Workspace(root=str(tmp_path), deletion_vectors=True)
    lake = Lake(spark, asked if at_first else Workspace(root=str(tmp_path)))
    Writer(lake, "first", "a").publish(FOLLOWED, rows.coalesce(1))
    files = set((tmp_path / "followed").glob("*.parquet"))
    later = Lake(spark, asked)
    changed = rows.withColumn("x", F.when(F.col("n") == 7, 2.0).otherwise(F.col("x")))
    assert counts(Writer(later, "second", "b").publish(FOLLOWED, changed)) == (0, 1, 0)
    files_now = spark.sql(f"DESCRIBE DETAIL {later.identifier(FOLLOWED)}").first()["numFiles"]
    assert files_now == len(files) + 1
    assert {(row["id"], row["x"]) for row in later.read(FOLLOWED).where("x <> 1 OR id < 2").collect()} == {
        ("0", 1.0), ("1", 1.0), ("7", 2.0),
    }  # fmt: skip
    assert later.read(FOLLOWED).count() == 100
    told = spark.sql(f"SELECT * FROM table_changes_by_path('{tmp_path}/followed', {later.version(FOLLOWED)})")
    assert {(row["id"], row["x"], row["_change_type"]) for row in told.collect()} == {
        ("7", 1.0, "update_preimage"), ("7", 2.0, "update_postimage"),
    }  # fmt: skip


def test_another_lake_on_the_same_folder_finds_the_table(lake, story, spark):
    again = Lake(spark, lake.workspace)
    assert again.exists(PEOPLE)
    assert again.version(PEOPLE) == lake.version(PEOPLE)


def test_rows_of_another_order_of_columns_and_other_types_are_conformed(spark, lake):
    table = replace(PEOPLE, name="conformed")
    rows = spark.sql(
        "SELECT 'r' AS run_id, 7 AS n, CAST(NULL AS MAP<STRING,STRING>) AS m, 2 AS x, 9 AS id, 'z' AS more"
    )
    Writer(lake, "run", "attempt").append(table, rows)
    assert stored(lake, table) == {"9": (2.0, None, 7, "r")}


def test_a_folder_with_braces_in_its_name_can_be_updated(spark, tmp_path):
    lake = Lake(spark, Workspace(root=str(tmp_path / "{team}" / "lake")))
    Writer(lake, "run", "attempt").publish(PEOPLE, spark.createDataFrame(FIRST[:1], SCHEMA))
    change = Writer(lake, "run", "attempt").publish(
        PEOPLE, spark.createDataFrame([("a", 2.0, None, 1, "run2")], SCHEMA)
    )
    assert counts(change) == (0, 1, 0)


def test_a_workspace_in_a_catalog_is_written_like_a_folder(spark, tmp_path):
    spark.sql(f"CREATE DATABASE seg_test LOCATION '{tmp_path / 'db'}'")
    try:
        lake = Lake(spark, Workspace(catalog="spark_catalog", schema="seg_test"))
        change = Writer(lake, "run", "attempt").publish(PEOPLE, spark.createDataFrame(FIRST, SCHEMA))
        assert counts(change) == (3, 0, 0)
        assert stored(lake) == {row[0]: row[1:] for row in FIRST}
    finally:
        spark.sql("DROP DATABASE seg_test CASCADE")


def test_an_unknown_part_of_a_key_is_a_key_like_any_other(spark, lake):
    table = Table(
        "pairs",
        "Pairs.",
        (Column("a", "STRING", "Key."), Column("day", "DATE", "Key."), Column("n", "INT", "Number.")),
        key=("a", "day"),
    )
    schema, writer = "a STRING, day DATE, n INT", Writer(lake, "run1", "attempt")
    first = [(None, None, 1), ("", None, 2), (None, date(1970, 1, 1), 3), ("", date(1970, 1, 1), 4)]
    writer.publish(table, spark.createDataFrame(first, schema))
    then = [(None, None, 1), ("", None, 20), (None, date(1970, 1, 1), 3)]
    change = Writer(lake, "run2", "attempt").publish(table, spark.createDataFrame(then, schema), delete_missing=True)
    assert (change.inserted, change.updated, change.deleted) == (0, 1, 1)
    assert {tuple(row) for row in lake.read(table).collect()} == set(then)
    with pytest.raises(SegsparkError, match="2 rows share their a, day"):
        Writer(lake, "run3", "attempt").publish(table, spark.createDataFrame([then[0], then[0]], schema))
