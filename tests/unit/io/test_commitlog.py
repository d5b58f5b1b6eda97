"""What is read of a table's log without Spark, in logs made by hand and by delta-rs."""

from __future__ import annotations

import json

import deltalake
import pyarrow as pa

from segspark.io.commitlog import latest_version, log_folder, metadata_of


def commit(log, version, *actions):
    log.mkdir(parents=True, exist_ok=True)
    (log / f"{version:020d}.json").write_text("".join(json.dumps(one) + "\n" for one in actions), encoding="utf-8")


def test_the_version_is_that_of_the_newest_commit_or_checkpoint(tmp_path):
    log = tmp_path / "_delta_log"
    commit(log, 9)
    commit(log, 10)
    for name in ("_last_checkpoint", f"{11:020d}.crc", f"{0:020d}.{99:020d}.compacted.json", f".{12:020d}.json.tmp"):
        (log / name).write_text("{}", encoding="utf-8")
    assert latest_version(log) == 10
    (log / f"{13:020d}.checkpoint.{1:010d}.{2:010d}.parquet").write_bytes(b"")  # its commit was cleaned up
    assert latest_version(log) == 13


def test_a_folder_without_commits_has_no_version(tmp_path):
    (tmp_path / "_delta_log").mkdir()
    assert latest_version(tmp_path / "_delta_log") is None


def test_commits_say_what_their_writers_said_of_them_the_newest_first(tmp_path):
    log = tmp_path / "_delta_log"
    commit(log, 0, {"commitInfo": {"userMetadata": "old"}})
    commit(log, 1, {"add": {"path": 'x"commitInfo"'}}, {"commitInfo": {"userMetadata": "behind a file"}})
    commit(log, 2, {"commitInfo": {"operation": "OPTIMIZE"}})
    assert list(metadata_of(log, 0, 10)) == [(2, None), (1, "behind a file")]
    assert list(metadata_of(log, -1, 2)) == [(2, None), (1, "behind a file")]


def test_the_version_is_the_one_that_delta_rs_sees(tmp_path):
    for number in range(3):
        deltalake.write_deltalake(str(tmp_path), pa.table({"x": [number]}), mode="append")
    log = log_folder(str(tmp_path), "local[*]")
    assert log is not None
    assert latest_version(log) == deltalake.DeltaTable(str(tmp_path)).version() == 2


def test_a_path_on_a_cluster_or_in_a_store_is_not_looked_for_on_this_disk(tmp_path):
    (tmp_path / "_delta_log").mkdir()
    assert log_folder(str(tmp_path), "local[2]") is not None
    assert log_folder(str(tmp_path), "spark://host:7077") is None
    assert log_folder(f"file://{tmp_path}", "local[2]") is None
    assert log_folder(str(tmp_path / "none"), "local[2]") is None
