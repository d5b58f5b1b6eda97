"""Files of a folder: only new ones, whatever their names, and what is said of those that are odd."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segspark.config.sources import Source
from segspark.errors import BadInputError
from segspark.io.folders import CORRUPT, new_files


def source(path, form="csv", **more):
    return Source(name="shop", path=str(path), format=form, columns={}, **more)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def column(batch, name="id"):
    return sorted(row[name] for rows in batch.rows for row in rows.collect())


def test_only_files_that_are_new_are_read(spark, tmp_path):
    write(tmp_path / "in" / "a.csv", "id\n1\n")
    first = new_files(spark, source(tmp_path / "in"), {})
    write(tmp_path / "in" / "b.csv", "id\n2\n")
    second = new_files(spark, source(tmp_path / "in"), first.positions)
    assert (column(first), column(second)) == (["1"], ["2"])


def test_where_nothing_is_new_there_are_no_rows(spark, tmp_path):
    given = source(write(tmp_path / "a.csv", "id\n1\n"))
    batch = new_files(spark, given, new_files(spark, given, {}).positions)
    assert (batch.rows, dict(batch.positions), batch.notes) == ((), {}, ())


def test_a_file_that_changed_is_read_again_and_said_so(spark, tmp_path):
    given = source(write(tmp_path / "a.csv", "id\n1\n"))
    known = new_files(spark, given, {}).positions
    write(tmp_path / "a.csv", "id\n1\n2\n")
    batch = new_files(spark, given, known)
    assert column(batch) == ["1", "2"]
    assert batch.notes == ("1 files changed since they were read, and are read again",)


def test_an_empty_file_has_no_rows_and_is_named_once(spark, tmp_path):
    given = source(write(tmp_path / "in" / "a.csv", "").parent)
    batch = new_files(spark, given, {})
    assert batch.rows == ()
    assert len(batch.notes) == 1
    assert batch.notes[0].endswith("a.csv is empty")
    assert new_files(spark, given, batch.positions).notes == ()


def test_many_empty_files_are_one_note(spark, tmp_path):
    for name in ("a.csv", "b.csv", "c.csv"):
        write(tmp_path / "in" / name, "")
    (note,) = new_files(spark, source(tmp_path / "in"), {}).notes
    assert note.endswith("a.csv is empty, and 2 more")


@pytest.mark.parametrize("name", ["a[1].csv", "a b.csv", "a{x,y}.csv", "a*.csv", "a?.csv", "ä%20.csv", "a,b.csv"])
def test_a_file_of_any_name_is_read_as_itself(spark, tmp_path, name):
    write(tmp_path / "in" / name, "id\n1\n")
    write(tmp_path / "in" / "a1.csv", "id\n2\n")
    known = {
        path: state
        for path, state in new_files(spark, source(tmp_path / "in"), {}).positions.items()
        if path.endswith("a1.csv")
    }
    assert column(new_files(spark, source(tmp_path / "in"), known)) == ["1"]


def test_csv_files_with_their_columns_in_another_order_are_read_by_name(spark, tmp_path):
    write(tmp_path / "in" / "a.csv", "id,name\n1,x\n")
    write(tmp_path / "in" / "b.csv", "name,id\ny,2\n")
    batch = new_files(spark, source(tmp_path / "in"), {})
    assert (column(batch), column(batch, "name")) == (["1", "2"], ["x", "y"])


def test_a_ragged_csv_line_keeps_its_text(spark, tmp_path):
    path = write(tmp_path / "a.csv", "id,name\n1,x\n2\n3,z,more\n")
    (rows,) = new_files(spark, source(path), {}).rows
    assert sorted(row[CORRUPT] for row in rows.collect() if row[CORRUPT]) == ["2", "3,z,more"]


def test_a_ragged_csv_line_is_found_out_when_only_one_column_is_used(spark, tmp_path):
    path = write(tmp_path / "a.csv", "id,name\n1,x\n2\n")
    (rows,) = new_files(spark, source(path), {}).rows
    assert sorted(map(tuple, rows.select("id", CORRUPT).collect())) == [("1", None), ("2", "2")]


def test_parquet_files_whose_column_changed_its_type_are_read_apart(spark, tmp_path):
    for name, values in (("a", pa.array([1], pa.int64())), ("b", pa.array(["x"], pa.string()))):
        (tmp_path / "in").mkdir(exist_ok=True)
        pq.write_table(pa.table({"id": values}), tmp_path / "in" / f"{name}.parquet")
    batch = new_files(spark, source(tmp_path / "in", "parquet"), {})
    assert sorted(rows.dtypes[0][1] for rows in batch.rows) == ["bigint", "string"]


def test_a_new_column_is_reported_and_a_missing_one_too(spark, tmp_path):
    write(tmp_path / "in" / "a.csv", "id,name\n1,x\n")
    known = new_files(spark, source(tmp_path / "in"), {}).positions
    write(tmp_path / "in" / "b.csv", "id,city\n2,Köln\n")
    batch = new_files(spark, source(tmp_path / "in"), known)
    assert batch.notes == (
        "new columns that nothing is mapped from yet: city",
        "columns that new files lack: name",
    )
    assert json.loads(batch.positions["columns"]) == ["id", "name", "city"]


def test_a_json_field_that_new_files_leave_out_is_null(spark, tmp_path):
    write(tmp_path / "in" / "a.json", '{"id": "1", "name": "x"}\n')
    known = new_files(spark, source(tmp_path / "in", "json"), {}).positions
    write(tmp_path / "in" / "b.json", '{"id": "2"}\n')
    (rows,) = new_files(spark, source(tmp_path / "in", "json"), known).rows
    assert rows.select("id", "name").collect() == [("2", None)]


def test_the_folder_s_partition_columns_are_there(spark, tmp_path):
    write(tmp_path / "in" / "day=2026-01-01" / "a.csv", "id\n1\n")
    write(tmp_path / "in" / "day=2026-01-02" / "b.csv", "id\n2\n")
    batch = new_files(spark, source(tmp_path / "in"), {})
    assert sorted((row["id"], str(row["day"])) for rows in batch.rows for row in rows.collect()) == [
        ("1", "2026-01-01"),
        ("2", "2026-01-02"),
    ]


def test_a_folder_without_files_is_named(spark, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(BadInputError, match=r"source shop: .*in"):
        new_files(spark, source(tmp_path / "in"), {})


def test_a_damaged_parquet_file_is_named(spark, tmp_path):
    write(tmp_path / "a.parquet", b"PAR1 but no more")
    with pytest.raises(BadInputError, match=r"source shop: .*a\.parquet cannot be read as parquet"):
        new_files(spark, source(tmp_path / "a.parquet", "parquet"), {})
