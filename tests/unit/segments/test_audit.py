"""The chain of audit entries: whatever is done to it but adding at its end is found, and said where."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segspark.segments.audit import Entry, Tip, around, chained, digest, not_there_yet, pending, state_at, verify

AT = 1_777_000_000_000_000


def entry(number: int) -> Entry:
    return Entry("ann", "renamed", f"seg-{number}", {"name": "x"}, {"name": "y"}, f"reason {number}")


def chain(length: int) -> list:
    return chained(Tip(), [entry(number) for number in range(length)], AT, "run")


def rehashed(links: list) -> list:
    """What a forger writes who knows how hashes are made."""
    tip, made = Tip(), []
    for link in links:
        link = replace(link, sequence=tip.sequence + 1, previous_hash=tip.hash)
        made.append(replace(link, hash=digest(link)))
        tip = Tip(made[-1].sequence, made[-1].hash)
    return made


def test_a_hash_can_be_computed_with_other_tools():
    (link,) = chained(Tip(), [Entry("Zoë", "renamed", "seg-1", {"name": 'a"b'}, {"name": "c"}, "why")], AT, "r1")
    before, after = r'"{\"name\": \"a\\\"b\"}"', r'"{\"name\": \"c\"}"'
    told = f'[1,1777000000000000,"Zoë","renamed","seg-1",{before},{after},"why","r1",""]'
    assert link.hash == hashlib.sha256(told.encode()).hexdigest()


def test_a_chain_goes_on_from_its_tip():
    first = chain(3)
    more = chained(Tip(3, first[-1].hash), [entry(9)], AT + 1, "other")
    verdict = verify([*first, *more])
    assert (verdict.broken, verdict.tip) == ("", Tip(4, more[0].hash))


def test_an_empty_chain_is_whole():
    assert verify([]) == verify(iter(()))
    assert verify([]).broken == ""


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "before", "after", "reason", "run_id"])
def test_an_edit_of_any_column_is_found_at_its_entry(column):
    links = chain(4)
    other = 7 if column == "at" else "other"
    links[2] = replace(links[2], **{column: other})
    verdict = verify(links)
    assert verdict.tip.sequence == 2
    assert verdict.broken == "entry 3 was changed after it was written: its hash is that of another content"


@pytest.mark.parametrize("after", [None, "", "no json", "[1]", "7"])
def test_what_is_no_json_any_more_is_found_like_any_edit(after):
    links = chain(2)
    links[1] = replace(links[1], after=after)
    assert links[1].values_after == {}
    assert "entry 2 was changed" in verify(links).broken


def test_an_edit_with_a_hash_that_fits_is_found_at_the_next_entry():
    links = chain(4)
    forged = replace(links[1], actor="eve")
    links[1] = replace(forged, hash=digest(forged))
    assert verify(links).broken == "entry 3 does not follow entry 2: one of the two was put in the place of another"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ([1, 2, 3], "entry 1 is missing: entry 2 comes after the beginning"),
        ([0, 2, 3], "entry 2 is missing: entry 3 comes after entry 1"),
        ([0, 3], "entries 2 to 3 are missing: entry 4 comes after entry 1"),
    ],
)
def test_a_removed_entry_is_found(left, said):
    links = chain(4)
    assert verify([links[number] for number in left]).broken == said


def test_a_removed_entry_is_found_when_the_rest_is_numbered_anew():
    links = chain(4)
    del links[1]
    links = [replace(link, sequence=number) for number, link in enumerate(links, 1)]
    assert "entry 2 was changed" in verify(links).broken


def test_two_entries_that_changed_places_are_found():
    links = chain(4)
    links[1], links[2] = replace(links[2], sequence=2), replace(links[1], sequence=3)
    assert "entry 2 was changed" in verify(links).broken


def test_an_inserted_entry_is_found():
    links = chain(3)
    (forged,) = chained(Tip(1, links[0].hash), [Entry("eve", "approved", "seg-9")], AT, "r")
    assert "entry 2 is there more than once" in verify([links[0], forged, *links[1:]]).broken


def test_a_fork_is_found():
    links = chain(2)
    other = chained(Tip(1, links[0].hash), [entry(7)], AT, "other")
    assert "entry 2 is there more than once" in verify([*links, *other]).broken


def test_a_chain_that_was_wholly_made_anew_is_whole_but_has_another_tip():
    """Why the tip is to be kept elsewhere."""
    links = chain(4)
    forged = rehashed([links[0], *links[2:]])
    assert verify(forged).broken == ""
    assert verify(forged).tip.hash not in {link.hash for link in links}


def test_a_cut_off_end_leaves_a_whole_chain_with_an_earlier_tip():
    assert verify(chain(4)[:3]).tip == Tip(3, chain(4)[2].hash)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
entries = st.builds(
    Entry,
    texts,
    texts,
    texts,
    st.dictionaries(texts, texts, max_size=2),
    st.dictionaries(texts, texts, max_size=2),
    texts,
)


@given(st.lists(entries, max_size=6), st.data())
def test_whatever_is_written_a_chain_is_whole_and_any_one_entry_taken_out_or_doubled_is_found(made, data):
    links = chained(Tip(), made, AT, "r")
    assert verify(links).broken == ""
    if len(links) > 1:
        place = data.draw(st.integers(0, len(links) - 2))
        assert verify(links[:place] + links[place + 1 :]).broken
        assert verify(links[: place + 1] + links[place:]).broken


@given(st.lists(entries, min_size=1, max_size=4))
def test_a_retried_run_writes_nothing_twice(made):
    assert not_there_yet(made, chained(Tip(), made, AT, "r")) == []


def test_a_retried_run_writes_what_its_first_attempt_had_not():
    there = chained(Tip(), [entry(1)], AT, "r")
    other_after = replace(entry(1), after={"name": "z"})
    assert not_there_yet([entry(1), entry(2), other_after], there) == [entry(2), other_after]


def renames(*names: str) -> list:
    made = Entry("ann", "defined", "a", {}, {"name": names[0], "review_at": date(2026, 1, 1)})
    steps = pairwise(names)
    return chained(Tip(), [made, *(Entry("ann", "renamed", "a", {"name": x}, {"name": y}) for x, y in steps)], AT, "r")


@pytest.mark.parametrize(("sequence", "name"), [(3, "z"), (2, "y"), (1, "x")])
def test_a_segment_is_seen_as_it_was_after_any_entry(sequence, name):
    now = {"name": "z", "review_at": date(2026, 1, 1), "size": 3}
    assert state_at(now, renames("x", "y", "z"), sequence) == {"name": name, "review_at": "2026-01-01", "size": 3}


def test_before_it_was_made_there_was_no_segment():
    assert state_at({"name": "z"}, renames("x", "y", "z"), 0) == {}


def test_a_change_is_pending_as_long_as_the_segment_is_as_it_was():
    last = renames("x", "y")[-1]
    assert list(pending([last], {"a": {"name": "x"}})) == [last]
    assert list(pending([last], {"a": {"name": "y"}})) == []


def test_what_something_else_changed_since_is_not_pending():
    assert list(pending(renames("x", "y")[-1:], {"a": {"name": "w"}})) == []


def test_a_segment_that_was_to_be_made_is_pending_until_it_is_there():
    made = renames("x")
    assert list(pending(made, {})) == made
    assert list(pending(made, {"a": {"name": "whatever"}})) == []


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"kind": "rule", "rule": "x > 1", "owner": "ann", "overlay": False, "size": 9}, []),
        ({"kind": "rule", "rule": "x > 0", "owner": "ann"}, ["a: rule is x > 0, and by the log it is x > 1"]),
        ({"kind": "rule", "rule": "x > 1"}, ["a: owner is none, and by the log it is ann"]),
        (
            {"kind": "rule", "rule": "x > 1", "owner": "ann", "approver": "eve"},
            ["a: approver is eve, and by the log it is none"],
        ),
    ],
)
def test_a_segment_that_was_changed_around_the_log_is_found(row, found):
    assert around({"a": {"rule": "x > 1", "owner": "ann"}}, {"a": row}) == found


def test_segments_that_models_and_the_configuration_make_are_not_of_the_log():
    assert around({}, {"a": {"kind": "cluster"}, "life-new": {"kind": "lifecycle", "rule": "tenure_days < 30"}}) == []
