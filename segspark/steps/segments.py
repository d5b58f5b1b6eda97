"""The commands by which people govern segments: what each asks for, and what it says when it is done."""

import getpass
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from segspark.errors import BadInputError
from segspark.segments import governance
from segspark.segments.records import LONGEST_NAME, LONGEST_TEXT, active_count, checked_text, label, same_person
from segspark.segments.registry import Segment
from segspark.steps.audit import PHASES
from segspark.steps.context import Context
from segspark.steps.governance import Registry, change, makers
from segspark.steps.rules import members, usable_rule
from segspark.steps.showing import show_difference, show_history, show_list, show_segment

_REASONED = ("define", "redefine", "rename", "reject", "retire")  # these are nothing without a reason


@dataclass(frozen=True)
class Asked:
    """What a command asks for.

    Attributes:
        action: of segspark segments.
        segment_ids: none for list and define, one or two for diff, else one.
        actor: who asks; empty: the user of the operating system.
        other attributes: the options of the same names.
    """

    action: str
    segment_ids: Sequence[str] = ()
    actor: str = ""
    reason: str = ""
    name: str | None = None
    description: str | None = None
    owner: str = ""
    rule: str | None = None
    priority: int | None = None
    overlay: bool = False
    successor: str = ""
    at: date | None = None
    days: int = 0
    status: str = ""
    json: bool = False
    since: int | None = None
    until: int | None = None


def segments(context: Context, asked: Asked) -> None:
    """Show segments, or change one in the name of a person.

    Args:
        context: as_of is the date of a change.
        asked: the action and its options.

    Raises:
        BadInputError: what was asked for cannot be.
        RefusedError: the segment's state or somebody else's change forbids it.
    """
    if asked.action == "list":
        show_list(context, asked.status, asked.json)
    elif asked.action == "show":
        show_segment(context, asked.segment_ids[0])
    elif asked.action == "history":
        show_history(context, asked.segment_ids[0])
    elif asked.action == "diff" and len(asked.segment_ids) > 2:
        raise BadInputError([f"diff: {len(asked.segment_ids)} segments; expected one, or two to compare"])
    elif asked.action == "diff":
        show_difference(context, asked.segment_ids, asked.since, asked.until)
    elif asked.action == "define":
        _define(context, _checked(asked))
    else:
        _change(context, _checked(asked))


def user() -> str:
    """Who runs this, as the operating system says.

    Raises:
        BadInputError: it does not say.
    """
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user often has no name
        raise BadInputError(["--actor: the operating system has no name for this user; give one"]) from None


def _checked(asked: Asked) -> Asked:
    reason = checked_text("--reason", asked.reason, LONGEST_TEXT, empty=asked.action not in _REASONED)
    actor = checked_text("--actor", asked.actor or user(), LONGEST_NAME)
    if any(same_person(actor, phase) for phase in PHASES):
        raise BadInputError([f"--actor {actor}: so a phase signs in the log; give a person's name"])
    return replace(asked, actor=actor, reason=reason)


def _define(context: Context, asked: Asked) -> None:
    """A new segment by rule. Its id says nothing, and is never used again: the name and the rule may change."""
    rule = usable_rule(context, asked.rule or "")
    settings = context.config.governance
    segment_id = f"seg-{uuid.uuid4().hex[:10]}"
    wanted = Segment(
        segment_id, asked.name or "", asked.description or "", "rule", rule,
        "draft" if settings.approval else "active", asked.owner or asked.actor,
        priority=asked.priority, overlay=asked.overlay, reason=asked.reason, created_at=context.as_of,
    )  # fmt: skip

    def decide(now: Registry, _: Segment | None) -> Segment:
        made = governance.checked_new(wanted, list(now.segments.values()))
        if made.status == "active":
            governance.refuse_more(made, active_count(now.alive), settings.most_active)
        return made

    made = change(context, segment_id, asked.actor, "define", asked.reason, decide, new=True)
    place = "beside other segments (overlay)" if made.overlay else f"before clusters, priority {made.priority}"
    context.reporter.say(f"{label(made)} defined as {made.status}: {rule}; {place}")
    if counted := members(context, rule):
        context.reporter.say(counted)
    _say_next(context, made)


def _change(context: Context, asked: Asked) -> None:
    (segment_id,) = asked.segment_ids
    rule = usable_rule(context, asked.rule) if asked.action == "redefine" and asked.rule is not None else None

    def decide(now: Registry, old: Segment | None) -> Segment:
        if old is None:
            raise AssertionError("only a new segment has no row")
        return _decided(context, replace(asked, rule=rule), now, old)

    changed = change(context, segment_id, asked.actor, asked.action, asked.reason, decide)
    context.reporter.say(f"{label(changed)}: {_told(changed, asked.action)}")
    if rule is not None and (counted := members(context, rule)):
        context.reporter.say(counted)
    _say_next(context, changed)


def _decided(context: Context, asked: Asked, now: Registry, old: Segment) -> Segment:
    """What becomes of a segment."""
    settings, reason = context.config.governance, asked.reason
    review_at = asked.at or context.as_of + timedelta(days=settings.review_days)
    decisions = {
        "submit": lambda: governance.submit(old, asked.actor, reason),
        "approve": lambda: governance.approve(old, asked.actor, review_at, reason, makers(context, old.segment_id)),
        "reject": lambda: governance.reject(old, reason),
        "activate": lambda: governance.activate(old, active_count(now.alive), settings.most_active, reason),
        "retire": lambda: governance.retire(old, context.as_of, reason, _successor(now, asked.successor)),
        "rename": lambda: governance.rename(old, asked.name, asked.description, now.others(old.segment_id)),
        "assign-owner": lambda: governance.assign_owner(old, asked.owner),
        "redefine": lambda: governance.redefine(old, asked.rule, asked.priority, settings.approval, reason),
        "review": lambda: governance.review(old, review_at),
        "retrain-cadence": lambda: governance.retrain_cadence(old, asked.days),
    }
    return decisions[asked.action]()


def _successor(now: Registry, segment_id: str) -> Segment | None:
    return now.segment(segment_id) if segment_id else None


def _told(changed: Segment, action: str) -> str:
    if action == "retire":
        successor = changed.successor_segment_id
        rest = f"its customers are looked for in {successor} from now on" if successor else "it had no customers"
        return f"retired; {rest}"
    values = {
        "approve": f"approved by {changed.approver}, to be reviewed at {changed.review_at}",
        "rename": f"{changed.description}",
        "assign-owner": f"owned by {changed.owner}",
        "redefine": f"{changed.rule}, priority {changed.priority}",
        "review": f"to be reviewed at {changed.review_at}",
        "retrain-cadence": f"its model is trained anew after {changed.retrain_days} days",
    }
    return f"{changed.status}; {values[action]}" if action in values else changed.status


def _say_next(context: Context, changed: Segment) -> None:
    command = {"draft": "submit", "in_review": "approve", "approved": "activate"}.get(changed.status)
    if command:
        other = " (by somebody else)" if command == "approve" else ""
        context.reporter.say(f"next: segspark segments {command} {changed.segment_id}{other}")
    elif changed.kind == "rule":
        context.reporter.say("customers follow at the next segspark assign")
