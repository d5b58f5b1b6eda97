"""States of a segment: every action from every state, against a table written by hand; who may do it, and how many."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest

from segspark.errors import BadInputError, RefusedError
from segspark.segments.governance import (
    activate,
    approve,
    assign_owner,
    checked_new,
    redefine,
    refuse_more,
    reject,
    rename,
    retire,
    retrain_cadence,
    review,
    submit,
)
from segspark.segments.records import active_count, checked_text, difference
from segspark.segments.registry import Segment
from segspark.tables import SEGMENTS

DAY = date(2026, 5, 1)
RULE = Segment(
    "seg-1", "Gift givers", "", "rule", "gifts > 3", "draft", owner="ann", author="bob", priority=10, overlay=False
)
CLUSTER = Segment(
    "seg-2", "Frequent", "", "cluster", None, "draft", owner="ann", model_version="m/1", cluster=0, size=9
)
LIFECYCLE = Segment("life-new", "New", "", "lifecycle", "tenure_days < 30", "draft", owner="ann", size=4)
SUCCESSOR = replace(CLUSTER, segment_id="seg-3", name="Others", status="active")

ACTIONS = {
    "submit": lambda one: submit(one, "bob"),
    "approve": lambda one: approve(one, "ann", DAY),
    "reject": lambda one: reject(one, "too wide"),
    "activate": lambda one: activate(one, 0, 12),
    "retire": lambda one: retire(one, DAY, "no use", SUCCESSOR),
    "rename": lambda one: rename(one, "Present givers", None),
    "assign-owner": lambda one: assign_owner(one, "cem"),
    "redefine": lambda one: redefine(one, "gifts > 5", None, False, "fewer"),
    "redefine with approval": lambda one: redefine(one, "gifts > 5", None, True, "fewer"),
    "review": lambda one: review(one, DAY),
    "retrain-cadence": lambda one: retrain_cadence(one, 90),
}
# The state that follows; - where the action is refused.
OF_RULES = """
                        draft      in_review  approved   active     retired
submit                  in_review  -          -          -          -
approve                 -          approved   -          -          -
reject                  -          draft      -          -          -
activate                -          -          active     -          -
retire                  retired    retired    retired    retired    -
rename                  draft      in_review  approved   active     -
assign-owner            draft      in_review  approved   active     -
redefine                draft      in_review  approved   active     -
redefine_with_approval  draft      draft      draft      draft      -
review                  draft      in_review  approved   active     -
retrain-cadence         -          -          -          -          -
"""
OF_CLUSTERS = """
                        draft      in_review  approved   active     split     retired
submit                  in_review  -          -          -          -         -
approve                 -          approved   -          -          -         -
reject                  -          draft      -          -          -         -
activate                -          -          active     -          -         -
retire                  -          -          -          -          -         -
rename                  draft      in_review  approved   active     split     -
assign-owner            draft      in_review  approved   active     split     -
redefine                -          -          -          -          -         -
redefine_with_approval  -          -          -          -          -         -
review                  draft      in_review  approved   active     split     -
retrain-cadence         draft      in_review  approved   active     split     -
"""


def cases(table: str) -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (row[0].replace("_with_", " with "), state, after)
        for row in rows
        for state, after in zip(head, row[1:], strict=True)
    ]


def outcome(record: Segment, action: str) -> str:
    try:
        return ACTIONS[action](record).status
    except RefusedError:
        return "-"


@pytest.mark.parametrize(("action", "state", "after"), cases(OF_RULES))
def test_a_rule_segment_goes_where_the_table_says(action, state, after):
    assert outcome(replace(RULE, status=state), action) == after


@pytest.mark.parametrize(("action", "state", "after"), cases(OF_CLUSTERS))
def test_a_cluster_goes_where_the_table_says(action, state, after):
    assert outcome(replace(CLUSTER, status=state), action) == after


def test_the_tables_have_every_action():
    assert (
        {action for action, _, _ in cases(OF_RULES)} == {action for action, _, _ in cases(OF_CLUSTERS)} == set(ACTIONS)
    )


def test_a_segment_has_the_columns_of_the_table():
    assert {one.name for one in fields(Segment)} == set(SEGMENTS.column_names)


def test_a_refusal_says_the_state_and_what_to_do():
    with pytest.raises(RefusedError) as refused:
        activate(RULE, 0, 12)
    assert str(refused.value) == (
        "seg-1 (Gift givers) is draft, and only a segment that is approved can be activated: "
        "segspark segments submit has it reviewed"
    )


def test_who_submits_is_the_author_and_an_earlier_approval_does_not_count_any_more():
    sent = submit(replace(RULE, author="cem", approver="dan"), "bob", "new in spring")
    assert (sent.author, sent.approver, sent.reason) == ("bob", None, "new in spring")


def test_what_nobody_owns_is_not_reviewed():
    with pytest.raises(RefusedError, match="has no owner; segspark segments assign-owner"):
        submit(replace(RULE, owner=None), "bob")


@pytest.mark.parametrize("actor", ["bob", "BOB", " bob ", "ｂｏｂ"])
def test_an_author_cannot_approve_however_the_name_is_written(actor):
    with pytest.raises(RefusedError, match="was made or submitted by bob"):
        approve(replace(RULE, status="in_review"), actor, DAY)


def test_who_wrote_the_rule_cannot_approve_it_by_having_another_submit_it():
    with pytest.raises(RefusedError, match="was made or submitted by eve"):
        approve(replace(RULE, status="in_review"), "eve", DAY, makers=["eve"])


def test_an_approval_says_who_why_and_until_when():
    found = approve(replace(RULE, status="in_review"), "ann", DAY, "fits the campaign")
    assert (found.approver, found.review_at, found.reason) == ("ann", DAY, "fits the campaign")


def test_more_active_segments_than_configured_are_refused():
    ready = replace(RULE, status="approved")
    assert activate(ready, 11, 12).status == "active"
    with pytest.raises(RefusedError, match=r"would be active segment 13, and governance\.most_active is 12"):
        activate(ready, 12, 12)


def test_lifecycle_segments_are_not_counted_and_not_refused():
    refuse_more(LIFECYCLE, 12, 12)
    states = [replace(one, status="active") for one in (RULE, CLUSTER, LIFECYCLE)]
    assert active_count([*states, replace(RULE, status="draft"), replace(CLUSTER, status="split")]) == 2


def in_use(**changed: object) -> Segment:
    return replace(RULE, status="active", size=5, **changed)


def test_what_has_customers_needs_a_successor_and_what_has_none_does_not():
    with pytest.raises(RefusedError, match=r"has 5 customers; name the segment that takes its place: --successor ID"):
        retire(in_use(), DAY, "no use")
    assert retire(replace(in_use(), size=0), DAY, "no use").successor_segment_id is None
    gone = retire(in_use(), DAY, "no use", SUCCESSOR)
    assert (gone.successor_segment_id, gone.retired_at, gone.reason) == ("seg-3", DAY, "no use")


@pytest.mark.parametrize(
    ("successor", "said"),
    [
        (replace(SUCCESSOR, segment_id="seg-1"), "the segment itself"),
        (replace(SUCCESSOR, status="draft"), "is draft"),
        (replace(SUCCESSOR, status="in_review"), "is in_review"),
        (replace(SUCCESSOR, status="split"), "is split"),
        (replace(SUCCESSOR, status="retired"), "is retired"),
    ],
)
def test_a_successor_is_another_one_that_is_used(successor, said):
    with pytest.raises(RefusedError, match=said):
        retire(in_use(), DAY, "no use", successor)


def test_an_approved_successor_will_do():
    assert retire(in_use(), DAY, "no use", replace(SUCCESSOR, status="approved")).status == "retired"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (replace(CLUSTER, status="active"), "m/1 puts customers into it; segspark train makes another model"),
        (replace(CLUSTER, status="split"), "segspark split seg-2 --undo joins them"),
        (replace(CLUSTER, status="active", parent_segment_id="seg-9"), "segspark split seg-9 --undo joins the parts"),
        (replace(LIFECYCLE, status="active"), "population.eligible"),
    ],
)
def test_what_the_model_or_the_configuration_makes_is_not_retired_by_hand(record, said):
    with pytest.raises(RefusedError, match="cannot be retired") as refused:
        retire(record, DAY, "no use", SUCCESSOR)
    assert said in str(refused.value)


def test_an_approval_does_not_pass_over_to_another_rule():
    approved = replace(RULE, status="active", approver="ann")
    assert redefine(approved, "gifts > 5", None, True, "fewer").status == "draft"
    assert redefine(approved, "gifts > 5", None, True, "fewer").approver is None
    assert redefine(approved, None, 20, False, "later").approver is None


def test_a_redefinition_that_changes_nothing_is_said_to():
    with pytest.raises(BadInputError, match="has that rule and priority already"):
        redefine(RULE, "gifts > 3", 10, True, "same")


def test_an_overlay_has_no_priority():
    with pytest.raises(BadInputError, match="is an overlay"):
        redefine(replace(RULE, overlay=True, priority=None), None, 5, False, "first")


@pytest.mark.parametrize("name", ["Frequent", " frequent ", "FREQUENT"])
def test_two_segments_have_not_one_name(name):
    with pytest.raises(BadInputError, match="another segment is called that"):
        rename(RULE, name, None, ["Frequent"])
    with pytest.raises(BadInputError, match="another segment is called that"):
        checked_new(replace(RULE, name=name), [replace(CLUSTER, status="active")])


def test_the_name_of_a_retired_segment_is_free():
    assert checked_new(replace(RULE, name="Frequent"), [replace(CLUSTER, status="retired")]).name == "Frequent"


def test_a_description_changes_without_the_name():
    changed = rename(RULE, None, " Bought gifts. ", [])
    assert (changed.name, changed.description) == ("Gift givers", "Bought gifts.")
    with pytest.raises(BadInputError, match="is called and described so"):
        rename(RULE, "Gift givers", "", [])


def test_a_new_rule_comes_after_those_that_there_are_unless_it_says_otherwise():
    others = [replace(RULE, segment_id="x", name="x", priority=30), replace(CLUSTER, status="active")]
    assert checked_new(replace(RULE, priority=None), others).priority == 40
    assert checked_new(replace(RULE, priority=None), []).priority == 10
    assert checked_new(replace(RULE, priority=5), others).priority == 5
    assert checked_new(replace(RULE, priority=None, overlay=True), others).priority is None


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "a\x1b[31m", "a\u202eb", "x" * 81, "\ud800"])
def test_a_name_is_one_short_line_that_a_terminal_shows_as_it_is(text):
    with pytest.raises(BadInputError, match="--name"):
        checked_text("--name", text, 80)


def test_a_difference_is_what_changed_and_nothing_else():
    then = replace(RULE, status="in_review", author="cem", updated_at=DAY, size=7)
    assert difference(RULE, then) == ({"status": "draft", "author": "bob"}, {"status": "in_review", "author": "cem"})


def test_of_a_new_segment_the_difference_is_all_that_it_has():
    before, after = difference(None, RULE)
    assert before == {}
    assert after == {
        "name": "Gift givers", "description": "", "kind": "rule", "rule": "gifts > 3", "status": "draft",
        "owner": "ann", "author": "bob", "priority": 10, "overlay": False, "model_version": "",
    }  # fmt: skip


@pytest.mark.parametrize("days", [0, -1])
def test_a_cadence_is_positive(days):
    with pytest.raises(BadInputError, match="positive"):
        retrain_cadence(CLUSTER, days)
