"""The kernel that sums up files: what it makes of a few rows, divided over files and buckets in any way."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segspark.kernels.tiles import Statements, gather, merge, unpacked

SUMS = Statements(
    "CREATE MACRO twice(x) AS 2 * x;",
    {"log": {"customer_id": "VARCHAR", "n": "BIGINT", "late": "VARCHAR"}},
    {"tile": "SELECT customer_id, sum(n) AS n, count(late) AS late FROM log GROUP BY ALL"},
    {"total": "SELECT customer_id, CAST(twice(sum(n)) AS BIGINT) AS n, CAST(sum(late) AS BIGINT) AS late "
     "FROM tile GROUP BY ALL"},
)  # fmt: skip
ROWS = [("a", 1), ("b", 10), ("a", 2), ("c", 100), ("b", 20)]


def written(folder: Path, rows: list[tuple[str, int]], files: int) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(files):
        part = rows[index::files]
        path = folder / f"{index}.parquet"
        pq.write_table(
            pa.table({"customer_id": [a for a, _ in part], "n": pa.array([n for _, n in part], "int64")}), path
        )
        paths.append(f"file:{path}")
    return paths


def computed(paths: list[str], buckets: int, tasks: int = 1) -> dict[str, tuple[int, int]]:
    batches = []
    for task in range(tasks):
        mine = paths[task::tasks]
        named = pa.RecordBatch.from_pydict({"table": ["log"] * len(mine), "path": mine})
        batches += gather([named], SUMS, buckets, 100)
    found: dict[str, tuple[int, int]] = {}
    for bucket in range(buckets):
        mine = [one for one in batches if one.column("bucket")[0].as_py() == bucket]
        for batch in unpacked(merge(mine, SUMS, {}, 100)):
            rows = {row["customer_id"]: (row["n"], row["late"]) for row in batch.to_pylist()}
            assert not rows.keys() & found.keys()
            found |= rows
    return found


@pytest.mark.parametrize(("files", "buckets", "tasks"), [(1, 1, 1), (3, 1, 2), (5, 7, 3)])
def test_sums_are_the_same_however_the_rows_are_divided(tmp_path, files, buckets, tasks):
    paths = written(tmp_path / "log", ROWS, files)
    assert computed(paths, buckets, tasks) == {"a": (6, 0), "b": (60, 0), "c": (200, 0)}


def test_a_path_with_signs_of_a_pattern_and_of_a_uri_is_read_literally(tmp_path):
    written(tmp_path / "logs", [("x", 1)], 1)
    paths = written(tmp_path / "log[s]*?'%41 é#x", ROWS, 2)
    assert computed(paths, 2) == {"a": (6, 0), "b": (60, 0), "c": (200, 0)}


def test_a_task_without_files_adds_nothing(tmp_path):
    paths = written(tmp_path / "log", ROWS, 1)
    assert computed(paths, 2, tasks=3) == computed(paths, 2)


def test_files_that_are_not_local_are_read_through_arrow(tmp_path, monkeypatch):
    paths = written(tmp_path / "log", ROWS, 2)
    monkeypatch.setattr("segspark.kernels.tiles._local", lambda path: None)
    assert computed(paths, 2) == {"a": (6, 0), "b": (60, 0), "c": (200, 0)}
