"""What becomes of several rows with one key, and of rejected rows."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.ingest.duplicates import with_fate
from segspark.ingest.quarantine import quarantined

ROWS = "event_id STRING, _source_rank INT, _content BIGINT, _reasons ARRAY<STRING>"
STORED = "event_id STRING, _stored BIGINT"
CONFLICT = "event_id: given before with other content"

# key, rank of the source, content; what is stored: key, content
INPUT = [
    ("alone", 0, 1, []),
    ("twice", 0, 1, []),
    ("twice", 0, 1, []),
    ("other source", 1, 1, []),  # the first source is kept, though its content is the greater
    ("other source", 0, 2, []),
    ("conflict", 0, 2, []),
    ("conflict", 0, 1, []),
    ("stored", 0, 1, []),
    ("stored differs", 0, 1, []),
    ("stored, then other", 0, 1, []),
    ("stored, then other", 0, 2, []),
    ("stored as second", 0, 1, []),
    ("stored as second", 0, 2, []),
    ("rejected", 0, 1, ["amount: missing"]),
    ("rejected, then good", 0, 1, ["amount: missing"]),
    ("rejected, then good", 1, 2, []),
    (None, 0, 1, ["event_id: missing"]),
    (None, 0, 1, ["event_id: missing"]),
]
TABLE = [("stored", 1), ("stored differs", 9), ("stored, then other", 1), ("stored as second", 2), ("elsewhere", 1)]


def fates_of(spark, replaces):
    rows, stored = spark.createDataFrame(INPUT, ROWS), spark.createDataFrame(TABLE, STORED)
    found = defaultdict(list)
    for row in with_fate(rows, stored, "event_id", replaces).collect():
        found[row["event_id"]].append((row["_source_rank"], row["_content"], row["_fate"], row["_reasons"]))
    return {key: sorted(values) for key, values in found.items()}


@pytest.fixture(scope="module")
def fates(spark):
    return fates_of(spark, replaces=False)


@pytest.fixture(scope="module")
def replacing(spark):
    return fates_of(spark, replaces=True)


def test_no_row_is_lost_or_added(fates):
    assert Counter({key: len(found) for key, found in fates.items()}) == Counter(row[0] for row in INPUT)


def test_a_row_alone_is_accepted(fates):
    assert fates["alone"] == [(0, 1, "accepted", [])]


def test_of_two_equal_rows_one_is_accepted(fates):
    assert fates["twice"] == [(0, 1, "accepted", []), (0, 1, "deduplicated", [])]


def test_the_source_configured_first_is_kept(fates):
    assert fates["other source"] == [(0, 2, "accepted", []), (1, 1, "quarantined", [CONFLICT])]


def test_of_two_different_rows_of_one_source_the_smaller_hash_is_kept(fates):
    assert fates["conflict"] == [(0, 1, "accepted", []), (0, 2, "quarantined", [CONFLICT])]


def test_a_row_stored_already_is_a_duplicate(fates):
    assert fates["stored"] == [(0, 1, "deduplicated", [])]


def test_a_row_stored_with_other_content_is_a_conflict(fates):
    assert fates["stored differs"] == [(0, 1, "quarantined", [CONFLICT])]


def test_a_conflict_with_what_is_stored_is_one_beside_its_duplicate_too(fates):
    assert fates["stored, then other"] == [(0, 1, "deduplicated", []), (0, 2, "quarantined", [CONFLICT])]


def test_what_is_stored_is_a_duplicate_even_when_another_row_comes_first(fates):
    assert fates["stored as second"] == [(0, 1, "quarantined", [CONFLICT]), (0, 2, "deduplicated", [])]


def test_a_rejected_row_keeps_its_reasons(fates):
    assert fates["rejected"] == [(0, 1, "quarantined", ["amount: missing"])]


def test_a_rejected_row_does_not_stand_in_the_way_of_a_good_one(fates):
    assert fates["rejected, then good"] == [(0, 1, "quarantined", ["amount: missing"]), (1, 2, "accepted", [])]


def test_rows_without_a_key_are_no_duplicates_of_each_other(fates):
    assert fates[None] == [(0, 1, "quarantined", ["event_id: missing"])] * 2


def test_where_rows_replace_new_content_is_accepted(replacing):
    assert replacing["stored differs"] == [(0, 1, "accepted", [])]


def test_where_rows_replace_equal_content_is_still_a_duplicate(replacing):
    assert replacing["stored"] == [(0, 1, "deduplicated", [])]


def test_where_rows_replace_two_different_rows_still_conflict(replacing):
    assert replacing["conflict"] == [(0, 1, "accepted", []), (0, 2, "quarantined", [CONFLICT])]


def declared_fates(rows, stored, replaces):
    """The declared rule, in plain Python: a reference."""
    found, by_key = [], defaultdict(list)
    for key, rank, content, reasons in rows:
        if reasons:
            found.append((key, rank, content, "quarantined"))
        else:
            by_key[key].append((rank, content))
    for key, given_rows in by_key.items():
        kept = min(given_rows)
        for position, (rank, content) in enumerate(sorted(given_rows)):
            if (position == 0 and key not in stored) or (position == 0 and replaces and content != stored[key]):
                fate = "accepted"
            else:
                same_as = kept[1] if replaces or key not in stored else stored[key]
                if position == 0:
                    same_as = stored[key]
                fate = "deduplicated" if content == same_as else "quarantined"
            found.append((key, rank, content, fate))
    return Counter(found)


keys = st.sampled_from([f"k{number}" for number in range(8)])
inputs = st.lists(
    st.tuples(keys, st.integers(0, 2), st.integers(-2, 2), st.sampled_from([[], [], [], ["x: missing"]])),
    min_size=20,
    max_size=60,
)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(inputs, st.dictionaries(keys, st.integers(-2, 2)), st.randoms(use_true_random=False), st.sampled_from([1, 2, 7]))
@pytest.mark.parametrize("replaces", [False, True])
def test_fates_follow_the_declared_rule_whatever_the_order_and_partitioning(
    spark, replaces, rows, stored, draw, partitions
):
    permuted = list(rows)
    draw.shuffle(permuted)
    frame = spark.createDataFrame(permuted, ROWS).repartition(partitions)
    found = with_fate(frame, spark.createDataFrame(list(stored.items()), STORED), "event_id", replaces).collect()
    fates = Counter((row["event_id"], row["_source_rank"], row["_content"], row["_fate"]) for row in found)
    assert fates == declared_fates(rows, stored, replaces)


@pytest.fixture(scope="module")
def quarantine(spark):
    rows = spark.createDataFrame(
        [
            ("shop", "quarantined", ["b: missing", "a: missing"], '{"n":1}', "1"),
            ("shop", "quarantined", ["b: missing", "c: missing"], '{"n":1}', "1"),
            ("shop", "quarantined", ["a: missing"], '{"n":2}', "2"),
            ("web", "quarantined", ["a: missing"], '{"n":1}', "1"),
            ("shop", "accepted", [], None, "3"),
            ("shop", "deduplicated", [], None, "3"),
            ("shop", "quarantined", [CONFLICT], None, "4"),
        ],
        "source STRING, _fate STRING, _reasons ARRAY<STRING>, _raw_json STRING, event_id STRING",
    )
    found = quarantined(rows, ["event_id"]).collect()
    assert len({(row["source"], row["row_hash"]) for row in found}) == len(found)
    return {(row["source"], row["raw"]): (row["reasons"], row["occurrences"]) for row in found}


def test_a_row_rejected_twice_stands_once_with_all_its_reasons_sorted(quarantine):
    assert quarantine["shop", '{"n":1}'] == (["a: missing", "b: missing", "c: missing"], 2)


def test_equal_rows_of_two_sources_stand_apart(quarantine):
    assert quarantine["web", '{"n":1}'] == (["a: missing"], 1)


def test_a_conflicting_row_stands_as_it_was_understood(quarantine):
    (raw,) = [raw for _, raw in quarantine if json.loads(raw) == {"event_id": "4"}]
    assert quarantine["shop", raw] == ([CONFLICT], 1)


def test_rows_that_were_not_rejected_are_not_there(quarantine):
    assert len(quarantine) == 4
