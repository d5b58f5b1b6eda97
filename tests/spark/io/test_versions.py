"""Delta tables that others write, read version by version. Every row has an id; those expected are counted by hand."""

from __future__ import annotations

import shutil
from functools import reduce

import pytest
from pyspark.sql import Row

from segspark.config.sources import Source
from segspark.errors import BadInputError
from segspark.io.deltalog import NotPossible, added_files
from segspark.io.versions import new_rows

FEED = {"delta.enableChangeDataFeed": "true"}


@pytest.fixture
def table(spark, tmp_path):
    return Shop(spark, str(tmp_path / "shop's 100% {odd} folder"))


class Shop:
    """A table, what others do to it, and what is read of it."""

    def __init__(self, spark, path):
        self.spark, self.path = spark, path
        self.source = Source(name="shop", format="delta", path=path, columns={})

    def add(self, first, last, properties=None, partition=None):
        """One file with the rows of these ids, both included."""
        rows = self.spark.range(first, last + 1, 1, 1).selectExpr(
            "id", f"{partition or 'NULL'} AS part", "'new' AS state"
        )
        writer = rows.selectExpr("id", "CAST(part AS STRING) AS part", "state").write.format("delta").mode("append")
        writer = writer.options(**(properties or {}))
        (writer.partitionBy("part") if partition else writer).save(self.path)
        return self

    def sql(self, statement):
        self.spark.sql(statement.replace("SHOP", f"delta.`{self.path}`"))
        return self

    def read(self, known=None):
        return new_rows(self.spark, self.source, known or {})


def ids(batch):
    rows = reduce(lambda left, right: left.unionByName(right), batch.rows)
    return sorted(row["id"] for row in rows.collect())


def test_the_first_read_is_of_the_whole_table_with_its_columns(table):
    batch = table.add(1, 2).add(3, 4).read()
    assert ids(batch) == [1, 2, 3, 4]
    assert batch.rows[0].columns == ["id", "part", "state"]


def test_the_position_is_the_version_with_the_table_s_id(spark, table):
    position = table.add(1, 2).add(3, 4).read().positions["version"]
    table_id = spark.sql(f"DESCRIBE DETAIL delta.`{table.path}`").first()["id"]
    assert position == f"1@{table_id}"


@pytest.mark.parametrize("properties", [None, FEED], ids=["no feed", "feed"])
def test_the_second_read_is_of_what_was_added_since(table, properties):
    known = table.add(1, 2, properties).read().positions
    batch = table.add(3, 4).add(5, 5).read(known)
    assert ids(batch) == [3, 4, 5]
    assert batch.rows[0].columns == ["id", "part", "state"]
    assert batch.notes == ()
    assert batch.positions["version"].startswith("2@")


@pytest.mark.parametrize("properties", [None, FEED], ids=["no feed", "feed"])
def test_rows_added_after_a_batch_was_made_are_in_the_next_one_only(table, properties):
    first = table.add(1, 2, properties).read()
    second = table.add(3, 3).read(first.positions)
    table.add(4, 4)
    assert (ids(first), ids(second)) == ([1, 2], [3])
    assert (ids(first), ids(second)) == ([1, 2], [3])
    assert ids(table.read(second.positions)) == [4]


@pytest.mark.slow
def test_a_batch_that_was_not_recorded_is_read_again_with_what_came_since(table):
    known = table.add(1, 1).read().positions
    table.add(2, 2).read(known)
    assert ids(table.add(3, 3).read(known)) == [2, 3]


def test_without_a_new_version_nothing_is_read(table):
    known = table.add(1, 2).read().positions
    again = table.read(known)
    assert (again.rows, again.positions, again.notes) == ((), known, ())


@pytest.mark.parametrize("properties", [None, FEED], ids=["no feed", "feed"])
def test_optimize_brings_no_row_again(table, properties):
    known = table.add(1, 2, properties).add(3, 4).read().positions
    batch = table.sql("OPTIMIZE SHOP").read(known)
    assert batch.rows == ()
    assert batch.positions["version"].startswith("2@")


@pytest.mark.slow
@pytest.mark.parametrize("properties", [None, FEED], ids=["no feed", "feed"])
def test_rows_that_optimize_moved_before_they_were_read_are_read_once(table, properties):
    known = table.add(1, 2, properties).read().positions
    assert ids(table.add(3, 4).sql("OPTIMIZE SHOP").read(known)) == [3, 4]


MERGE = """
    MERGE INTO SHOP t USING (SELECT EXPLODE(ARRAY(2L, 9L)) AS id) n ON t.id = n.id
    WHEN MATCHED THEN UPDATE SET state = 'changed'
    WHEN NOT MATCHED THEN INSERT (id, part, state) VALUES (n.id, NULL, 'new')
"""


def test_with_a_feed_a_merge_brings_the_rows_that_it_changed_and_inserted(table):
    known = table.add(1, 3, FEED).add(4, 5).read().positions
    batch = table.sql(MERGE).read(known)
    assert sorted((row["id"], row["state"]) for row in batch.rows[0].collect()) == [(2, "changed"), (9, "new")]


@pytest.mark.slow
def test_without_a_feed_a_merge_brings_the_files_that_it_rewrote_and_a_note(table):
    # Rows 1 and 3 share a file with 2 and come again; 4 and 5 are in another one.
    known = table.add(1, 3).add(4, 5).read().positions
    batch = table.sql(MERGE).read(known)
    found = sorted((row["id"], row["state"]) for row in batch.rows[0].collect())
    assert found == [(1, "new"), (2, "changed"), (3, "new"), (9, "new")]
    assert batch.notes == ("1 of its versions changed or deleted rows; what was deleted stays here",)


def test_with_a_feed_deleted_rows_are_counted_in_a_note(table):
    known = table.add(1, 5, FEED).read().positions
    batch = table.sql("DELETE FROM SHOP WHERE id <= 2").read(known)
    assert batch.rows == ()
    assert batch.notes == ("2 rows were deleted there; they stay here",)


@pytest.mark.slow
def test_versions_before_the_feed_was_switched_on_are_read_by_their_files(table):
    known = table.add(1, 2).read().positions
    table.add(3, 4).sql("ALTER TABLE SHOP SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')").add(5, 5)
    assert ids(table.read(known)) == [3, 4, 5]


@pytest.mark.slow
def test_partitions_keep_their_values_whatever_characters_they_have(table):
    known = table.add(1, 1, partition="'a'").read().positions
    for number, value in enumerate(["'b/c d%='", "''' ümläut'", "NULL"], start=2):
        table.add(number, number, partition=f"CAST({value} AS STRING)")
    found = {row["id"]: row["part"] for row in table.read(known).rows[0].collect()}
    assert found == {2: "b/c d%=", 3: "' ümläut", 4: None}


@pytest.mark.slow
def test_a_column_that_was_added_is_there(table):
    known = table.add(1, 1).read().positions
    batch = (
        table.sql("ALTER TABLE SHOP ADD COLUMNS (more INT)")
        .sql("INSERT INTO SHOP VALUES (2, NULL, 'new', 7)")
        .read(known)
    )
    assert [(row["id"], row["more"]) for row in batch.rows[0].collect()] == [(2, 7)]


@pytest.mark.slow
def test_deletion_vectors_on_old_files_bring_nothing_again(table):
    known = table.add(1, 5, {"delta.enableDeletionVectors": "true"}).read().positions
    assert ids(table.sql("DELETE FROM SHOP WHERE id = 2").add(6, 6).read(known)) == [6]


@pytest.mark.slow
def test_deletion_vectors_on_new_files_make_it_read_all(table):
    known = table.add(1, 2, {"delta.enableDeletionVectors": "true"}).read().positions
    batch = table.add(3, 5).sql("DELETE FROM SHOP WHERE id = 4").read(known)
    assert ids(batch) == [1, 2, 3, 5]
    assert "read again" in batch.notes[0]


@pytest.mark.slow
def test_column_mapping_without_a_feed_makes_it_read_all_and_says_what_would_help(table):
    known = table.add(1, 2, {"delta.columnMapping.mode": "name"}).read().positions
    batch = table.add(3, 3).read(known)
    assert ids(batch) == [1, 2, 3]
    assert batch.notes[0].endswith("set delta.enableChangeDataFeed there")


def test_a_table_made_again_is_read_whole_with_a_note(table):
    known = table.add(1, 2).read().positions
    shutil.rmtree(table.path)
    batch = table.add(7, 8).add(9, 9).read(known)
    assert ids(batch) == [7, 8, 9]
    assert batch.notes == (
        "all of it is read again: it is another table than the one that was read, or an older version of it",
    )


@pytest.mark.slow
def test_a_table_older_than_what_was_read_is_read_whole(table):
    position = table.add(1, 2).read().positions["version"]
    batch = table.read({"version": "7@" + position.partition("@")[2]})
    assert ids(batch) == [1, 2]
    assert len(batch.notes) == 1


@pytest.mark.slow
@pytest.mark.parametrize("properties", [None, FEED], ids=["no feed", "feed"])
def test_when_vacuum_took_the_files_all_is_read_again(spark, table, properties):
    known = table.add(1, 2, properties).read().positions
    table.add(3, 4).sql("OPTIMIZE SHOP")
    spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    try:
        table.sql("VACUUM SHOP RETAIN 0 HOURS")
    finally:
        spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    batch = table.read(known)
    assert ids(batch) == [1, 2, 3, 4]
    assert batch.notes == ("all of it is read again: what it was since version 0 is not kept any more",)


def test_options_that_choose_versions_are_refused(table):
    table.add(1, 1)
    table.source = Source(name="shop", format="delta", path=table.path, columns={}, options={"versionAsOf": 0})
    with pytest.raises(BadInputError, match=r"source shop: options.versionAsOf: .* leave it out"):
        table.read()


def test_a_folder_that_is_no_table_is_named(table):
    with pytest.raises(BadInputError) as caught:
        table.read()
    assert str(caught.value).startswith("source shop: ")
    assert table.path in str(caught.value)


def log(version, **action):
    return Row(add=action.get("add"), remove=action.get("remove"), log=f"{version:020d}.json")


def add(path, change=True, vector=None):
    return Row(path=path, dataChange=change, deletionVector=vector)


def remove(path, change=True):
    return Row(path=path, dataChange=change)


def test_a_file_that_was_rewritten_before_it_was_read_counts_only_as_what_took_its_place():
    actions = [log(2, remove=remove("a")), log(2, add=add("b")), log(1, add=add("a"))]
    assert added_files(actions) == (["b"], 1)


def test_a_file_with_a_vector_that_was_not_there_before_cannot_be_told():
    with pytest.raises(NotPossible):
        added_files([log(1, add=add("a", vector=Row(storageType="u")))])
