"""The commit protocol: identified, locked, never twice, never over somebody else's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F

from segspark.config.model import Workspace
from segspark.errors import SegsparkError
from segspark.io import commits
from segspark.io.commits import Writer
from segspark.io.lake import Lake
from segspark.tables import Column, Table

NUMBERS = Table(
    "numbers",
    "Numbers.",
    (Column("id", "STRING", "Key."), Column("n", "BIGINT", "Number."), Column("x", "DOUBLE", "Inexact.")),
    key=("id",),
)
SCHEMA = "id STRING, n BIGINT, x DOUBLE"


@pytest.fixture
def lake(spark, tmp_path):
    return Lake(spark, Workspace(root=str(tmp_path / "lake")))


def rows(spark, *values):
    return spark.createDataFrame(list(values), SCHEMA)


def inserts(spark, *values):
    return rows(spark, *values).withColumn("_change", F.lit("insert"))


def test_a_commit_says_which_run_and_attempt_made_it(spark, lake):
    version = Writer(lake, "run", "attempt").publish(NUMBERS, rows(spark, ("a", 1, 1.0))).version
    (commit,) = [one for one in lake.commits(NUMBERS, -1) if one.version == version]
    assert (commit.said["run_id"], commit.said["attempt_id"]) == ("run", "attempt")


def test_a_commit_carries_the_run_s_transaction(spark, lake, tmp_path):
    Writer(lake, "run", "attempt").publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    log = sorted((tmp_path / "lake" / "numbers" / "_delta_log").glob("*.json"))[-1].read_text().splitlines()
    (transaction,) = [line["txn"] for line in map(json.loads, log) if "txn" in line]
    assert transaction["appId"] == "run"


def test_nothing_of_a_write_is_left_in_the_session(spark, lake):
    Writer(lake, "run", "attempt").publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    for key in ("write.txnAppId", "write.txnVersion", "commitInfo.userMetadata"):
        assert spark.conf.get(f"spark.databricks.delta.{key}", None) is None


def test_a_merge_carries_the_run_s_transaction_too(spark, lake, tmp_path):
    Writer(lake, "run1", "attempt").publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    Writer(lake, "run2", "attempt").publish(NUMBERS, rows(spark, ("a", 2, 1.0)))
    log = sorted((tmp_path / "lake" / "numbers" / "_delta_log").glob("*.json"))[-1].read_text().splitlines()
    assert [line["txn"]["appId"] for line in map(json.loads, log) if "txn" in line] == ["run2"]


def at_once(spark, lake, first, second):
    """Two attempts of one run compute their changes from the same version; the second commits after the first."""
    lake.create(NUMBERS)
    one, other = Writer(lake, "run", "first"), Writer(lake, "run", "second")
    base = lake.version(NUMBERS)
    other._bases[NUMBERS.name] = base  # it looked before the first had written, with no lock between them
    one.apply(NUMBERS, first)
    return other.apply(NUMBERS, second)


def test_of_two_attempts_at_once_only_one_writes(spark, lake):
    change = at_once(spark, lake, inserts(spark, ("a", 1, 1.0)), inserts(spark, ("a", 1, 1.0 + 1e-15)))
    assert lake.read(NUMBERS).count() == 1
    assert change.version == lake.version(NUMBERS)


def test_an_attempt_that_finds_other_changes_of_its_run_fails_aloud(spark, lake):
    with pytest.raises(SegsparkError, match=r"another attempt of run run \(first\) wrote other changes"):
        at_once(spark, lake, inserts(spark, ("a", 1, 1.0)), inserts(spark, ("a", 2, 1.0)))
    assert [tuple(row) for row in lake.read(NUMBERS).collect()] == [("a", 1, 1.0)]


def test_the_same_run_may_write_again_what_another_run_changed_meanwhile(spark, lake):
    for run, number in (("run1", 1), ("run2", 2), ("run1", 1)):
        Writer(lake, run, "attempt").publish(NUMBERS, rows(spark, ("a", number, 1.0)))
    assert lake.read(NUMBERS).first()["n"] == 1


LOG = Table("log", "Numbered.", (Column("n", "BIGINT", "1, 2, 3, ..."), Column("x", "STRING", "Text.")), key=("n",))


def numbered(spark, *numbers):
    return spark.createDataFrame([(number, f"x{number}") for number in numbers], "n BIGINT, x STRING")


def numbers_in(lake):
    lake.look_again()
    return sorted(row["n"] for row in lake.read(LOG).collect())


def test_numbered_rows_are_added_only_after_the_last_one(spark, lake):
    assert Writer(lake, "run1", "attempt").append_next(LOG, numbered(spark, 1, 2), "n", 1)
    assert not Writer(lake, "run2", "attempt").append_next(LOG, numbered(spark, 2, 3), "n", 2)
    assert not Writer(lake, "run3", "attempt").append_next(LOG, numbered(spark, 1), "n", 1)
    assert Writer(lake, "run4", "attempt").append_next(LOG, numbered(spark, 3), "n", 3)
    assert numbers_in(lake) == [1, 2, 3]


def test_of_two_who_add_the_next_number_at_once_one_does_and_the_other_is_told(spark, lake, monkeypatch):
    """The second commits while the first is between what it read and its own commit."""
    Writer(lake, "run1", "attempt").append_next(LOG, numbered(spark, 1), "n", 1)
    first, second, original = Writer(lake, "run2", "a"), Writer(lake, "run3", "b"), Lake.insert_unless

    def insert_unless(self, table, rows, taken):
        monkeypatch.setattr(Lake, "insert_unless", original)
        base = second.lake.latest(LOG)
        second._bases[LOG.name] = base  # with no lock between them
        assert second.append_next(LOG, numbered(spark, 2, 3), "n", 2)
        original(self, table, rows, taken)

    monkeypatch.setattr(Lake, "insert_unless", insert_unless)
    assert not first.append_next(LOG, numbered(spark, 2), "n", 2)
    assert numbers_in(lake) == [1, 2, 3]


class Foreign(AnalysisException):
    """What Delta says, now and then, to the later of two who make a table at once."""

    def __init__(self):
        super().__init__("not empty and also not a Delta table")

    def getCondition(self):
        return "DELTA_CREATE_TABLE_WITH_NON_EMPTY_LOCATION"


def test_who_makes_a_table_while_another_does_is_told_so(spark, lake, monkeypatch):
    first, second, create = Writer(lake, "run1", "a"), Writer(lake, "run2", "b"), Lake.create

    def fails(self, table):
        monkeypatch.setattr(Lake, "create", create)
        second._bases[LOG.name] = second.lake.latest(LOG)  # with no lock between them
        assert second.append_next(LOG, numbered(spark, 1), "n", 1)
        raise Foreign

    monkeypatch.setattr(Lake, "create", fails)
    assert not first.append_next(LOG, numbered(spark, 1), "n", 1)
    assert numbers_in(lake) == [1]


def test_files_that_never_become_a_table_are_not_taken_for_another_writer(spark, lake, monkeypatch):
    def fails(self, table):
        raise Foreign

    monkeypatch.setattr(commits, "_FIRST_COMMIT_SECONDS", 0.3)
    monkeypatch.setattr(Lake, "create", fails)
    with pytest.raises(Foreign):
        Writer(lake, "run1", "a").append_next(LOG, numbered(spark, 1), "n", 1)


def test_a_row_is_changed_only_as_long_as_it_is_as_it_was(spark, lake):
    Writer(lake, "run1", "attempt").publish(NUMBERS, rows(spark, ("a", 1, 1.0), ("b", 1, 1.0)))
    assert Writer(lake, "run2", "attempt").exchange(NUMBERS, {"id": "a", "n": 2}, {"n": 1})
    assert not Writer(lake, "run3", "attempt").exchange(NUMBERS, {"id": "a", "n": 3}, {"n": 1})
    assert sorted(tuple(row) for row in lake.read(NUMBERS).collect()) == [("a", 2, 1.0), ("b", 1, 1.0)]


def test_a_row_that_is_as_asked_for_already_is_not_written_again(spark, lake):
    Writer(lake, "run1", "attempt").publish(NUMBERS, rows(spark, ("a", 2, None)))
    version = lake.latest(NUMBERS)
    assert Writer(lake, "run2", "attempt").exchange(NUMBERS, {"id": "a", "n": 2, "x": None}, {"n": 1})
    assert lake.latest(NUMBERS) == version


def test_a_row_is_added_only_if_its_key_is_not_there(spark, lake):
    assert Writer(lake, "run1", "attempt").exchange(NUMBERS, {"id": "a", "n": 1}, None)
    assert not Writer(lake, "run2", "attempt").exchange(NUMBERS, {"id": "a", "n": 2}, None)
    assert [tuple(row) for row in lake.read(NUMBERS).collect()] == [("a", 1, None)]


HOLD = """
import sys, time
from pathlib import Path
from segspark.io.locks import writer_lock
with writer_lock(Path(sys.argv[1]), "numbers", 5, "run holder"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(lake):
    folder = f"{lake.workspace.root}/_locks"
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_writer_is_told_who_holds_the_table(spark, lake, holder):
    with pytest.raises(SegsparkError, match=rf"numbers is being written by process {holder.pid} on .*run holder"):
        Writer(lake, "run", "attempt", lock_timeout_seconds=0.2).publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    assert not lake.exists(NUMBERS)


def test_the_lock_of_a_killed_process_is_taken_over_at_once(spark, lake, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    change = Writer(lake, "run", "attempt", lock_timeout_seconds=1).publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    assert change.inserted == 1


def test_a_table_s_lock_may_be_held_around_several_writes(spark, lake):
    writer = Writer(lake, "run", "attempt", lock_timeout_seconds=0.2)
    with writer.lock(NUMBERS):
        writer.publish(NUMBERS, rows(spark, ("a", 1, 1.0)))
    assert lake.read(NUMBERS).count() == 1
