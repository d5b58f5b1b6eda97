"""Rejected rows, once each, as they were read; and reading them again."""

from __future__ import annotations

import hashlib
import json

import pytest

from segspark.ingest.quarantine import quarantined, raw_json, read_again


@pytest.fixture(scope="module")
def quarantine(spark):
    rows = spark.createDataFrame(
        [
            ("shop", ["b: missing", "a: missing"], '{"n":"1"}', "rejected"),
            ("shop", ["b: missing", "c: missing"], '{"n":"1"}', "rejected"),
            ("shop", ["a: missing"], '{"n":"2"}', "rejected"),
            ("web", ["a: missing"], '{"n":"1"}', "rejected"),
            ("shop", ["event_id: lost"], '{"n":"1"}', "superseded"),
        ],
        "source STRING, _reasons ARRAY<STRING>, _raw_json STRING, _kind STRING",
    )
    return quarantined(rows).persist()


def found(quarantine):
    return {
        (row["source"], row["kind"], row["raw"]): (row["reasons"], row["occurrences"]) for row in quarantine.collect()
    }


def test_a_row_rejected_twice_stands_once_with_all_its_reasons_sorted(quarantine):
    assert found(quarantine)["shop", "rejected", '{"n":"1"}'] == (["a: missing", "b: missing", "c: missing"], 2)


def test_equal_rows_of_two_sources_stand_apart(quarantine):
    assert found(quarantine)["web", "rejected", '{"n":"1"}'] == (["a: missing"], 1)


def test_a_superseded_row_stands_apart_from_a_rejected_one_that_looks_like_it(quarantine):
    assert found(quarantine)["shop", "superseded", '{"n":"1"}'] == (["event_id: lost"], 1)


def test_a_hash_identifies_source_and_row(quarantine):
    rows = quarantine.collect()
    assert len({(row["source"], row["row_hash"]) for row in rows}) == len(rows) == 4


def test_what_is_read_again_is_what_rules_rejected_as_often_as_it_occurred(spark, quarantine):
    schema = spark.sql("SELECT '' AS n, 0 AS other").schema
    again = read_again(quarantine, "shop", schema)
    assert sorted(tuple(row) for row in again.collect()) == [("1", None), ("1", None), ("2", None)]


def test_personal_columns_are_hashed_and_the_others_kept(spark):
    raw = spark.sql("SELECT struct('é' AS mail, 3 AS n, map('k', 'v') AS m) AS _raw")
    shown = json.loads(raw.select(raw_json(["mail", "n", "m"], ["mail"])).first()[0])
    assert shown == {"mail": f"sha256:{hashlib.sha256('é'.encode()).hexdigest()}", "n": 3, "m": {"k": "v"}}
