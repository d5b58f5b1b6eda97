"""The registry after a publication: what is kept of segments, what of them ends, and what a log says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from segspark.segments.matching import Lineage
from segspark.segments.naming import Wording
from segspark.segments.records import happened
from segspark.segments.registry import Publication, Published, Segment, registry, unique, with_members

FIRST, GONE, NOW = date(2017, 1, 1), date(2017, 6, 1), date(2018, 2, 1)


def stored(segment_id, status="active", **more):
    values = {"owner": "ann", "created_at": FIRST, "updated_at": FIRST, "model_version": "m/1", "cluster": 0, "size": 5}
    return Segment(segment_id, f"Old {segment_id}", "Old.", "cluster", None, status, **{**values, **more})


CURRENT = [
    stored("kept", approver="bob", review_at=date(2018, 6, 1), retrain_days=30),
    stored("moved"),
    stored("split"),
    stored("part", parent_segment_id="split"),
    stored("merged"),
    stored("joined part", parent_segment_id="whole again"),
    stored("whole again", status="split"),
    stored("in review", status="in_review", author="cyd"),
    stored("long gone", status="retired", retired_at=GONE, size=0),
    stored("back", status="retired", retired_at=GONE, size=0, successor_segment_id="kept"),
    Segment(
        "rule", "Big spenders", "", "rule", "monetary_value > 9", "active", owner="dan", priority=1, created_at=FIRST
    ),
    Segment("overlay", "Near a birthday", "", "rule", "x > 9", "active", overlay=True, created_at=FIRST),
    Segment("life-new", "New customers", "First.", "lifecycle", "old", "active", created_at=FIRST, size=3),
]
WORDS = {name: Wording(f"Fresh {name}", ("says what",)) for name in ("kept", "moved", "new", "part", "part 2")}
LINEAGE = [
    Lineage("kept", 1, "kept"), Lineage("moved", 2, "moved"), Lineage("new", 3, "new", "merged"),
    Lineage("merged", None, "merged", "new"), Lineage("split", 4, "kept"),
]  # fmt: skip
PUBLISHED = Publication(
    NOW,
    [
        Published("kept", "m/2", 1),
        Published("moved", "m/2", 2),
        Published("new", "m/2", 3),
        Published("split", "m/2", 4, split=True),
        Published("whole again", "m/2", 5),
        Published("in review", "m/2", 6),
        Published("back", "m/2", 7),
        Published("part", "p/1", 0, "split"),
        Published("part 2", "p/1", 1, "split"),
    ],
    {"life-new": "rule", "life-prospect": "frequency = 0", "life-dormant": "none"},
    {"kept": 10, "moved": 20, "new": 30, "part": 4, "part 2": 6, "rule": 7, "overlay": 50, "life-prospect": 23},
    100,
    WORDS,
    LINEAGE,
)


@pytest.fixture(scope="module")
def after():
    return {one.segment_id: one for one in registry(CURRENT, PUBLISHED)}


def test_what_goes_on_keeps_its_name_and_all_that_people_decided(after):
    before = CURRENT[0]
    assert after["kept"] == replace(before, model_version="m/2", cluster=1, size=10, share=0.1, updated_at=NOW)


def test_what_moved_is_described_anew_and_keeps_its_name(after):
    found = after["moved"]
    assert (found.name, found.description, found.reason) == ("Old moved", "Says what.", "described anew: moved in m/2")


def test_what_is_new_gets_a_name_and_begins_now(after):
    found = after["new"]
    assert (found.name, found.status, found.created_at, found.owner) == ("Fresh new", "active", NOW, None)


def test_what_is_merged_is_retired_with_its_successor(after):
    found = after["merged"]
    assert (found.status, found.successor_segment_id, found.reason) == ("retired", "new", "merged in m/2")
    assert (found.size, found.share, found.retired_at, found.name, found.owner) == (0, 0.0, NOW, "Old merged", "ann")


def test_a_part_has_its_own_name_and_the_split_segment_their_sizes(after):
    assert after["part"].name == "Old part"
    assert after["part 2"].name == "Old split: fresh part 2"
    assert (after["split"].status, after["split"].size, after["split"].share) == ("split", 10, 0.1)


def test_a_segment_that_is_whole_again_is_active_and_its_part_retired_into_it(after):
    assert after["whole again"].status == "active"
    assert (after["joined part"].status, after["joined part"].successor_segment_id) == ("retired", "whole again")


def test_a_state_that_people_gave_stays(after):
    assert (after["in review"].status, after["in review"].author) == ("in_review", "cyd")


def test_what_is_long_gone_stays_gone_and_what_comes_back_is_active(after):
    assert (after["long gone"].status, after["long gone"].retired_at) == ("retired", GONE)
    assert (after["back"].status, after["back"].retired_at, after["back"].successor_segment_id) == (
        "active",
        None,
        None,
    )
    assert (after["back"].created_at, after["back"].owner) == (FIRST, "ann")


def test_rule_segments_are_left_to_people_but_for_their_size(after):
    assert after["rule"] == replace(CURRENT[10], size=7, share=0.07, updated_at=NOW)
    assert after["overlay"].size == 50


def test_lifecycle_segments_begin_with_their_first_member_and_stay_without_any(after):
    assert (after["life-prospect"].name, after["life-prospect"].status) == ("Prospects", "active")
    assert (after["life-new"].status, after["life-new"].size, after["life-new"].rule) == ("active", 0, "rule")
    assert "life-dormant" not in after


def test_whoever_adds_up_who_is_in_a_segment_counts_everyone_once(after):
    assert sum(one.size for one in with_members(after.values())) == 100


def test_nothing_is_forgotten_and_rows_are_in_the_order_of_their_ids(after):
    assert set(after) == {one.segment_id for one in CURRENT} | {"new", "part 2", "life-prospect"}
    assert list(after) == sorted(after)


def test_where_a_team_approves_new_segments_are_drafts():
    draft = {one.segment_id: one.status for one in registry(CURRENT, replace(PUBLISHED, status="draft"))}
    assert {name for name, status in draft.items() if status == "draft"} == {
        "new", "part 2", "life-prospect", "back", "whole again",
    }  # fmt: skip
    assert (draft["kept"], draft["in review"], draft["split"]) == ("active", "in_review", "split")


def test_publishing_the_same_again_changes_nothing(after):
    again = registry(after.values(), replace(PUBLISHED, lineage=()))
    assert again == [replace(one, name=one.name) for one in after.values()]
    assert happened(after.values(), again, "assign") == []


def test_the_log_is_told_of_every_change_but_sizes(after):
    told = {one.subject: one for one in happened(CURRENT, after.values(), "assign")}
    assert {segment: one.action for segment, one in told.items()} == {
        "kept": "continued", "moved": "continued", "split": "continued", "whole again": "continued",
        "in review": "continued", "part": "continued", "new": "created", "part 2": "created",
        "life-prospect": "created", "merged": "retired", "joined part": "retired", "back": "reinstated",
        "life-new": "changed",
    }  # fmt: skip
    merged = told["merged"]
    assert merged.before == {"status": "active", "successor_segment_id": None, "reason": None, "retired_at": None}
    assert merged.after == {
        "status": "retired", "successor_segment_id": "new", "reason": "merged in m/2", "retired_at": NOW,
    }  # fmt: skip
    assert (merged.actor, merged.reason) == ("assign", "merged in m/2")
    assert told["new"].before == {}


def test_a_name_that_is_taken_gets_a_number():
    assert unique("Big", {"Big", "Big 2"}) == "Big 3"
    assert unique("Big", ()) == "Big"
