"""What becomes of several rows with one key, whatever their order and however they are divided into runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.ingest.duplicates import settled, suspect_keys

SCHEMA = (
    "event_id STRING, source STRING, updated_at TIMESTAMP, _content BIGINT, _stored BOOLEAN, _yields BOOLEAN, place INT"
)


def day(number):
    return None if number is None else datetime(2026, 1, number, tzinfo=UTC)


# Per key: (source, day of updated_at, content, stored, yields), then what must come of each: fate, change.
STORIES = {
    "alone": [(("s", None, 1, False, False), ("accepted", "insert"))],
    "twice": [
        (("s", None, 1, False, False), ("accepted", "insert")),
        (("s", None, 1, False, False), ("deduplicated", None)),
    ],
    "two contents": [
        (("s", None, 1, False, False), ("quarantined", None)),
        (("s", None, 2, False, False), ("accepted", "insert")),  # the larger hash
    ],
    "the latest wins": [
        (("s", 2, 1, False, False), ("accepted", "insert")),
        (("s", 1, 9, False, False), ("quarantined", None)),
        (("s", None, 10, False, False), ("quarantined", None)),
    ],
    "same content, said again later": [
        (("s", 1, 5, False, False), ("deduplicated", None)),
        (("s", 2, 5, False, False), ("accepted", "insert")),
    ],
    "stored": [
        (("s", None, 1, True, False), (None, None)),
        (("s", None, 1, False, False), ("deduplicated", None)),
    ],
    "stored loses": [
        (("s", 1, 9, True, False), ("quarantined", None)),
        (("s", 2, 1, False, False), ("accepted", "update")),
    ],
    "stored wins": [
        (("s", 2, 1, True, False), (None, None)),
        (("s", 1, 9, False, False), ("quarantined", None)),
    ],
    "stored, of a source that is read again": [
        (("s", 2, 9, True, True), (None, None)),
        (("s", 1, 1, False, False), ("accepted", "update")),
    ],
    "two sources": [
        (("b", None, 1, False, False), ("deduplicated", None)),
        (("a", None, 1, False, False), ("accepted", "insert")),
    ],
    "stored, from the source that comes later": [
        (("b", None, 1, True, False), (None, None)),
        (("a", None, 1, False, False), ("accepted", "update")),
    ],
}
# The same, where a table holds what is so now: only what differs from the above.
REPLACING = {
    "the latest wins": ["accepted", "deduplicated", "deduplicated"],
    "stored loses": [None, "accepted"],
    "stored wins": [None, "deduplicated"],
    "stored, from the source that comes later": [None, "deduplicated"],
}


def frame(spark, stories):
    rows = [
        (key, source, day(updated), content, stored, yields, place)
        for key, story in stories.items()
        for place, ((source, updated, content, stored, yields), _) in enumerate(story)
    ]
    return spark.createDataFrame(rows, SCHEMA)


def outcomes(spark, stories, replaces):
    found = defaultdict(dict)
    for row in settled(frame(spark, stories), ["event_id"], replaces).collect():
        found[row["event_id"]][row["place"]] = (row["_fate"], row["_change"])
    return {key: [places[place] for place in sorted(places)] for key, places in found.items()}


@pytest.fixture(scope="module")
def happened(spark):
    return outcomes(spark, STORIES, replaces=False)


@pytest.fixture(scope="module")
def so_now(spark):
    more = STORIES | {
        "stored and undated": [
            (("s", None, 9, True, False), None),
            (("s", None, 1, False, False), None),
        ]
    }
    return outcomes(spark, more, replaces=True)


@pytest.mark.parametrize("key", STORIES)
def test_of_events_with_one_id_the_latest_is_kept_and_each_loser_quarantined(happened, key):
    expected = [outcome for _, outcome in STORIES[key]]
    assert happened[key] == expected or (key == "twice" and happened[key] == expected[::-1])


@pytest.mark.parametrize("key", REPLACING)
def test_of_what_is_so_now_an_older_row_is_outdated_and_not_quarantined(so_now, key):
    assert [fate for fate, _ in so_now[key]] == REPLACING[key]


def test_what_is_so_now_and_undated_gives_way_to_what_is_read_later(so_now):
    assert so_now["stored and undated"] == [(None, None), ("accepted", "update")]


def test_of_what_is_so_now_two_undated_contents_in_one_run_are_a_conflict(so_now):
    assert sorted(fate for fate, _ in so_now["two contents"]) == ["accepted", "quarantined"]


def test_only_keys_given_twice_or_stored_are_suspects(spark):
    new = spark.createDataFrame([(1,), (1,), (2,), (3,)], "_key BIGINT")
    stored = spark.createDataFrame([(3,), (4,)], "_key BIGINT")
    assert sorted(row[0] for row in suspect_keys(new, stored).collect()) == [1, 3]


rows = st.lists(
    st.tuples(
        st.sampled_from([f"k{number}" for number in range(6)]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([None, 1, 2]),
        st.integers(1, 3),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(rows, st.integers(0, 40), st.randoms(use_true_random=False), st.sampled_from([1, 3]))
def test_any_order_and_any_division_into_two_runs_keeps_the_same_rows(spark, rows, cut, draw, partitions):
    """The declared rule in plain Python, against one run and against two with what the first kept stored."""
    best = {}
    for key, source, updated, content in rows:
        rank = (updated or 0, content, [-ord(c) for c in source])
        if key not in best or rank > best[key][0]:
            best[key] = (rank, (key, source, updated, content))
    expected = Counter(kept for _, kept in best.values())
    shuffled = list(rows)
    draw.shuffle(shuffled)

    def kept(given, stored):
        new = [(key, source, day(updated), content, False, False, 0) for key, source, updated, content in given]
        old = [(key, source, day(updated), content, True, False, 0) for key, source, updated, content in stored]
        both = spark.createDataFrame(new + old, SCHEMA).repartition(partitions)
        found = settled(both, ["event_id"], replaces=False).collect()
        written = {row["event_id"]: row for row in found if row["_change"]}
        stays = {row["event_id"]: row for row in found if row["_stored"]} | written
        return Counter(
            (row["event_id"], row["source"], row["updated_at"] and row["updated_at"].day, row["_content"])
            for row in stays.values()
        )

    assert kept(shuffled, []) == expected
    first = kept(shuffled[:cut], [])
    assert kept(shuffled[cut:], list(first)) == expected
