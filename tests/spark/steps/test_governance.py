"""Changes of segments by people, on real tables: a segment's whole way, two at once, and those that were cut off."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from pyspark.sql import functions as F

from segspark.errors import BadInputError, RefusedError
from segspark.io import commits
from segspark.io.commits import Writer
from segspark.segments.audit import Entry
from segspark.steps import governance
from segspark.steps.audit import links, record, unbroken
from segspark.tables import SEGMENTS
from tests.governing import DAY, SEGMENTS_THERE, again, context_in, defined, log, publish, record_of, run, said

pytestmark = pytest.mark.slow  # some fifty commands


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """One lake for all tests; each works with segments of its own."""
    found = context_in(tmp_path_factory.mktemp("lake"))
    publish(found, [replace(SEGMENTS_THERE[0], segment_id=f"seg-{n}", name=f"Cluster {n}") for n in range(30)])
    return found


@pytest.fixture
def pair(lake, _numbers=count()):  # noqa: B008
    """The lake, and two segments that no other test knows."""
    return lake, f"seg-{next(_numbers)}", f"seg-{next(_numbers)}"


def of(context, *segments):
    """What the log says of some segments."""
    context.lake.look_again()
    return [(one.actor, one.action) for one in links(context, F.col("subject").isin(*segments))]


@pytest.fixture
def unlocked(monkeypatch):
    """As on an object store, where no file can be locked."""
    monkeypatch.setattr(commits, "writer_lock", lambda *_: nullcontext())


@pytest.fixture(scope="module")
def story(spark, tmp_path_factory):
    """A segment from its definition to its retirement; what was refused on the way."""
    context = context_in(tmp_path_factory.mktemp("story"), review_days=30, most_active=3)
    publish(context)
    seg = defined(context, owner="ann")
    refused = {}

    def try_(name, *arguments, **options):
        with pytest.raises((RefusedError, BadInputError)) as caught:
            run(context, *arguments, **options)
        refused[name] = str(caught.value)

    states = [record_of(context, seg)]
    try_("activate a draft", "activate", seg)
    run(context, "submit", seg, actor="cem", reason="for spring")
    try_("its author approves", "approve", seg, actor="Cem")
    try_("who defined it approves", "approve", seg, actor="bob")
    run(context, "reject", seg, actor="ann", reason="name says nothing")
    states.append(record_of(context, seg))
    run(context, "rename", seg, actor="bob", name="Loyal customers", reason="as asked")
    run(context, "submit", seg, actor="cem")
    run(context, "approve", seg, actor="ann", reason="clear now")
    states.append(record_of(context, seg))
    run(context, "activate", seg, actor="ann")
    states.append(record_of(context, seg))
    other = defined(context, "Large orders", "monetary_value > 100", overlay=True)
    run(context, "submit", other, actor="bob")
    run(context, "approve", other, actor="ann", at=date(2026, 4, 30))
    try_("a fourth active one", "activate", other)
    context.writer("assign").exchange(SEGMENTS, {"segment_id": seg, "size": 5}, {"size": 0})
    try_("no successor", "retire", seg, reason="merged")
    try_("a cluster", "retire", "seg-a", reason="merged", successor=other)
    run(context, "retire", seg, reason="merged", successor=other)
    states.append(record_of(context, seg))
    return context, seg, other, states, refused


def test_a_segment_goes_its_way_and_its_row_says_so(story):
    _, _, other, states, _ = story
    draft, rejected, approved, active, retired = states
    assert (draft.status, draft.owner, draft.kind, draft.rule, draft.priority) == (
        "draft", "ann", "rule", "frequency >= 5", 10,
    )  # fmt: skip
    assert (rejected.status, rejected.author, rejected.reason) == ("draft", "cem", "name says nothing")
    assert (approved.status, approved.approver, approved.review_at) == ("approved", "ann", DAY + timedelta(days=30))
    assert (active.status, active.name, active.created_at, active.updated_at) == ("active", "Loyal customers", DAY, DAY)
    assert (retired.status, retired.successor_segment_id, retired.retired_at) == ("retired", other, DAY)


def test_what_is_refused_says_why(story):
    *_, refused = story
    assert "is draft, and only a segment that is approved can be activated" in refused["activate a draft"]
    assert "was made or submitted by cem" in refused["its author approves"]
    assert "was made or submitted by bob" in refused["who defined it approves"]
    assert "would be active segment 4, and governance.most_active is 3" in refused["a fourth active one"]
    assert "has 5 customers; name the segment that takes its place" in refused["no successor"]
    assert "shop/1 puts customers into it" in refused["a cluster"]


def test_the_log_has_who_did_what_without_what_was_refused(story):
    context, *_ = story
    assert log(context) == [
        (1, "bob", "defined"), (2, "cem", "submitted"), (3, "ann", "rejected"), (4, "bob", "renamed"),
        (5, "cem", "submitted"), (6, "ann", "approved"), (7, "ann", "activated"), (8, "bob", "defined"),
        (9, "bob", "submitted"), (10, "ann", "approved"), (11, "ann", "retired"),
    ]  # fmt: skip
    assert unbroken(again(context)).broken == ""


def test_other_segments_are_left_alone(story):
    context, *_ = story
    assert record_of(context, "seg-a") == SEGMENTS_THERE[0]


def test_a_list_shows_what_is_overdue_and_only_a_status_where_one_is_asked_for(story):
    context, seg, other, _, _ = story
    shown = said(run(context, "list"))
    (line,) = [line for line in shown.splitlines() if line.split()[:1] == [other]]
    assert line.split()[-2:] == ["2026-04-30", "overdue"]
    assert seg in shown
    assert seg not in said(run(context, "list", status="active"))
    with pytest.raises(BadInputError, match="--status lost: there are draft, in_review, approved, active"):
        run(context, "list", status="lost")


def test_a_segment_is_shown_with_what_distinguishes_it(story):
    context, *_ = story
    shown = [line.split() for line in said(run(context, "show", "seg-a")).splitlines()]
    assert ["frequency", "20", "12", "+1.00"] in shown  # (20 - 12) / 8
    assert ["model_version", "shop/1"] in shown


def test_a_difference_of_two_segments_is_in_standard_deviations(story):
    context, *_ = story
    shown = [line.split() for line in said(run(context, "diff", "seg-a", "seg-b")).splitlines()]
    assert ["frequency", "20", "4", "-2.00"] in shown  # (4 - 20) / 8
    assert ["size", "60", "30"] in shown


def test_a_difference_of_one_segment_is_between_two_entries_of_the_log(story):
    context, seg, *_ = story
    since_approval = said(run(context, "diff", seg))
    assert "after entry 6" in since_approval
    assert ["status", "approved", "retired"] in [line.split() for line in since_approval.splitlines()]
    between = said(run(context, "diff", seg, since=3, until=4))
    assert ["name", "Loyal", "Loyal", "customers"] in [line.split() for line in between.splitlines()]
    with pytest.raises(BadInputError, match="was not there yet after entry 0"):
        run(context, "diff", seg, since=0)


def test_a_history_says_what_was_done_and_that_the_log_is_whole(story):
    context, seg, *_ = story
    shown = said(run(context, "history", seg))
    actions = [line.split()[4] for line in shown.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
    assert actions == ["defined", "submitted", "rejected", "renamed", "submitted", "approved", "activated", "retired"]
    assert "the log is whole: 11 entries" in shown


def test_an_unknown_segment_is_answered_with_those_that_there_are(story):
    context, *_ = story
    with pytest.raises(BadInputError, match=r"seg-x: no such segment; there are seg-a \(Frequent customers\), "):
        run(context, "assign-owner", "seg-x", owner="ann")


def test_without_approval_a_new_segment_is_active_at_once(spark, tmp_path):
    context = context_in(tmp_path, approval=False, most_active=3)
    publish(context)
    assert record_of(context, defined(context)).status == "active"
    with pytest.raises(RefusedError, match="would be active segment 4"):
        defined(context, "One more")
    assert log(context) == [(1, "bob", "defined")]


# ---- two at once


def after_the_first_look(monkeypatch, meanwhile):
    """Do something in the name of another right after a command has looked at the registry for the first time."""
    original, waiting = governance.look, [meanwhile]

    def look(context):
        found = original(context)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(governance, "look", look)


def test_who_comes_second_to_a_segment_is_told(pair, monkeypatch):
    context, one, _ = pair
    after_the_first_look(monkeypatch, lambda: run(context, "rename", one, actor="bea", name="Regulars", reason="r"))
    with pytest.raises(RefusedError) as refused:
        run(context, "rename", one, actor="ann", name="Patrons", reason="r")
    assert str(refused.value) == (
        f"{one} was renamed by bea meanwhile, and nothing else was changed; "
        f"look again with segspark segments show {one}"
    )
    assert record_of(context, one).name == "Regulars"
    assert of(context, one) == [("bea", "renamed")]


def before_the_first_append(monkeypatch, meanwhile):
    """Do something in the name of another right before a command writes to the log."""
    original, waiting = governance.append, [meanwhile]

    def append(*arguments):
        if waiting:
            waiting.pop()()
        return original(*arguments)

    monkeypatch.setattr(governance, "append", append)


def test_who_comes_second_to_a_segment_is_told_where_there_is_no_lock(pair, monkeypatch, unlocked):
    context, one, _ = pair
    before_the_first_append(monkeypatch, lambda: run(context, "assign-owner", one, actor="bea", owner="bea"))
    with pytest.raises(RefusedError, match="was owner assigned by bea meanwhile"):
        run(context, "assign-owner", one, actor="ann", owner="ann")
    assert record_of(context, one).owner == "bea"
    assert of(context, one) == [("bea", "owner assigned")]


def test_two_who_change_different_segments_both_get_through(pair, monkeypatch, unlocked):
    context, one, other = pair
    before_the_first_append(monkeypatch, lambda: run(context, "assign-owner", other, actor="bea", owner="bea"))
    run(context, "assign-owner", one, actor="ann", owner="ann")
    assert [record_of(context, name).owner for name in (one, other)] == ["ann", "bea"]
    assert of(context, one, other) == [("bea", "owner assigned"), ("ann", "owner assigned")]
    assert unbroken(again(context)).broken == ""


# ---- cut off


class CutOff(BaseException):
    """What ends a process between two writes."""


@pytest.fixture
def cut_off(monkeypatch):
    """Call something that ends before its change reaches the segment."""

    def ends(*_):
        raise CutOff

    def until_there(call):
        with monkeypatch.context() as patched, pytest.raises(CutOff):
            patched.setattr(Writer, "exchange", ends)
            call()

    return until_there


def test_a_change_that_was_cut_off_is_said_and_completed_by_the_next_one(pair, cut_off):
    context, one, other = pair
    cut_off(lambda: run(context, "assign-owner", one, actor="bea", owner="dan"))
    assert record_of(context, one).owner is None
    told = f"({one} owner assigned by bea) did not reach the segment"
    assert told in said(run(context, "list"))
    next_one = run(context, "assign-owner", other, actor="ann", owner="cem")
    assert f"{told}; it is completed now" in said(next_one)
    assert (record_of(context, one).owner, record_of(context, other).owner) == ("dan", "cem")
    assert told not in said(run(context, "list"))


def test_a_definition_that_was_cut_off_is_completed_too(pair, cut_off):
    context, one, _ = pair
    cut_off(lambda: defined(context, "Cut off"))
    run(context, "review", one, at=DAY)
    (made,) = [row for row in again(context).lake.read(SEGMENTS).collect() if row["name"] == "Cut off"]
    assert (made["kind"], made["rule"], made["status"], made["size"], made["created_at"], made["overlay"]) == (
        "rule", "frequency >= 5", "draft", 0, DAY, False,
    )  # fmt: skip


def test_the_same_person_finds_it_done_after_the_change_was_cut_off(pair, cut_off):
    context, one, _ = pair
    cut_off(lambda: run(context, "rename", one, actor="ann", name="Faithful", reason="r"))
    with pytest.raises(BadInputError, match="is called and described so"):
        run(context, "rename", one, actor="ann", name="Faithful", reason="r")
    assert record_of(context, one).name == "Faithful"
    assert of(context, one) == [("ann", "renamed")]


def test_what_a_run_did_and_another_run_undid_is_left_alone(pair):
    context, one, other = pair
    was, then = {"status": "active"}, {"status": "retired"}
    record(context, f"run {one}", [Entry("assign", "retired", one, was, then, "vanished")])
    record(context, f"run {other}", [Entry("assign", "reinstated", one, then, was, "is there again")])
    assert f"({one} retired" not in said(run(context, "list"))
    run(context, "review", other, at=DAY)
    assert record_of(context, one).status == "active"


def test_a_person_does_not_sign_as_a_phase(pair):
    context, one, _ = pair
    with pytest.raises(BadInputError, match="--actor Assign: so a phase signs in the log"):
        run(context, "review", one, at=DAY, actor="Assign")


def test_a_change_that_another_completed_is_done(pair, monkeypatch, unlocked):
    """Where there is no lock, the next one cannot know whether the first is still at it."""
    context, one, other = pair
    original, waiting = Writer.exchange, [1]

    def exchange(self, *arguments):
        if waiting:
            waiting.pop()
            run(context, "assign-owner", other, actor="bea", owner="cem")
        return original(self, *arguments)

    monkeypatch.setattr(Writer, "exchange", exchange)
    run(context, "assign-owner", one, actor="ann", owner="dan")
    assert (record_of(context, one).owner, record_of(context, other).owner) == ("dan", "cem")
    assert of(context, one, other) == [("ann", "owner assigned"), ("bea", "owner assigned")]
