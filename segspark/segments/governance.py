"""What may become of a segment by a person's decision: its states, who may change them, and what is refused."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from segspark.errors import BadInputError, RefusedError
from segspark.segments.records import LONGEST_NAME, LONGEST_TEXT, checked_text, folded, label, same_person
from segspark.segments.registry import Segment

STATES = ("draft", "in_review", "approved", "active", "split", "retired")
_ALIVE = frozenset(STATES) - {"retired"}
# From which states each action leads on. A segment that is split is in use: its customers are in its parts.
FROM: Mapping[str, frozenset[str]] = {
    "submit": frozenset({"draft"}),
    "approve": frozenset({"in_review"}),
    "reject": frozenset({"in_review"}),
    "activate": frozenset({"approved"}),
    "retire": _ALIVE,
    "rename": _ALIVE,
    "assign-owner": _ALIVE,
    "redefine": _ALIVE,
    "review": _ALIVE,
    "retrain-cadence": _ALIVE,
}
_DONE = {"submit": "submitted", "approve": "approved", "reject": "rejected", "activate": "activated"}
_DONE |= {"retire": "retired", "rename": "renamed", "assign-owner": "given an owner", "redefine": "redefined"}
_DONE |= {"review": "given a date of review", "retrain-cadence": "given a cadence"}
_NEXT = {
    "draft": "segspark segments submit has it reviewed",
    "in_review": "segspark segments approve or reject ends its review",
    "approved": "segspark segments activate has it applied",
    "active": "it is in use",
    "split": "it is in use, by its parts",
    "retired": "that is for good; segspark segments define makes a new one",
}


def submit(segment: Segment, actor: str, reason: str = "") -> Segment:
    """Ask for a review: draft becomes in_review.

    Raises:
        RefusedError: it is no draft, or nobody owns it.

    Examples:
        >>> submit(Segment("a", "x", "", "rule", "y > 1", "draft", owner="ann"), "bob").status
        'in_review'
    """
    _allowed(segment, "submit")
    if not segment.owner:
        raise RefusedError(f"{label(segment)} has no owner; segspark segments assign-owner gives it one")
    return replace(segment, status="in_review", author=actor, approver=None, reason=reason)


def approve(segment: Segment, actor: str, review_at: date, reason: str = "", makers: Collection[str] = ()) -> Segment:
    """Agree: in_review becomes approved.

    Args:
        segment: of the segment.
        actor: who agrees; not who submitted it.
        review_at: when it is to be looked at again.
        reason: why.
        makers: who wrote its rule since it was approved last, and may not approve it either.

    Raises:
        RefusedError: it is not in review, or the actor is one of those who made it.

    Examples:
        >>> one = Segment("a", "x", "", "rule", "y > 1", "in_review", author="bob")
        >>> approve(one, "ann", date(2026, 7, 1)).status
        'approved'
        >>> approve(one, "Bob ", date(2026, 7, 1))
        Traceback (most recent call last):
        ...
        segspark.errors.RefusedError: a (x) was made or submitted by bob, who cannot approve it; another one must
    """
    _allowed(segment, "approve")
    own = [one for one in (segment.author or "", *makers) if same_person(one, actor)]
    if own:
        raise RefusedError(
            f"{label(segment)} was made or submitted by {own[0]}, who cannot approve it; another one must"
        )
    return replace(segment, status="approved", approver=actor, review_at=review_at, reason=reason)


def reject(segment: Segment, reason: str) -> Segment:
    """Disagree: in_review becomes draft again.

    Raises:
        RefusedError: it is not in review.
    """
    _allowed(segment, "reject")
    return replace(segment, status="draft", reason=reason)


def activate(segment: Segment, active: int, most: int, reason: str = "") -> Segment:
    """Have it applied from the next assign on: approved becomes active.

    Args:
        segment: of the segment.
        active: clusters and rule segments that are active already.
        most: as many may be.
        reason: why.

    Raises:
        RefusedError: it is not approved, or there are as many active ones as may be.
    """
    _allowed(segment, "activate")
    refuse_more(segment, active, most)
    return replace(segment, status="active", reason=reason)


def refuse_more(segment: Segment, active: int, most: int) -> None:
    """More active segments than people can tell apart are not managed by anybody.

    Raises:
        RefusedError: with this one there would be more than so many.
    """
    if segment.kind != "lifecycle" and active >= most:
        raise RefusedError(
            f"{label(segment)} would be active segment {active + 1}, and governance.most_active is {most}; "
            "retire one first"
        )


def retire(segment: Segment, at: date, reason: str, successor: Segment | None = None) -> Segment:
    """Take it out of use, for good.

    A cluster of the present model cannot be retired: the model would go on putting customers into it. Only a model that
    lacks it, or joining what was split, takes it away; segments outside the clusters follow from the configuration.

    Args:
        segment: of the segment.
        at: date of the retirement.
        reason: why.
        successor: where its customers are looked for from then on.

    Raises:
        RefusedError: it is retired already or no rule segment, has members but no successor, or one that is not used.

    Examples:
        >>> big = Segment("a", "x", "", "rule", "y > 1", "active", size=5)
        >>> retire(big, date(2026, 1, 1), "too wide", Segment("b", "y", "", "cluster", None, "active")).status
        'retired'
        >>> retire(big, date(2026, 1, 1), "too wide")
        Traceback (most recent call last):
        ...
        segspark.errors.RefusedError: a (x) has 5 customers; name the segment that takes its place: --successor ID
    """
    _allowed(segment, "retire")
    if segment.kind != "rule":
        raise RefusedError(f"{label(segment)} cannot be retired: {_why_it_stays(segment)}")
    if successor is not None and (unfit := _unfit(segment, successor)):
        raise RefusedError(f"--successor {label(successor)} is {unfit}; it must be another one, approved or active")
    if successor is None and segment.size:
        raise RefusedError(
            f"{label(segment)} has {segment.size:,} customers; name the segment that takes its place: --successor ID"
        )
    name = successor.segment_id if successor else None
    return replace(segment, status="retired", retired_at=at, successor_segment_id=name, reason=reason)


def rename(segment: Segment, name: str | None, description: str | None, others: Collection[str] = ()) -> Segment:
    """Call it something else, or describe it otherwise.

    Args:
        segment: of the segment.
        name: the new one; None: as it is.
        description: the new one; None: as it is.
        others: names of the other segments that are not retired.

    Raises:
        BadInputError: neither is new, or the name is another segment's.
        RefusedError: it is retired.
    """
    _allowed(segment, "rename")
    changed = replace(
        segment,
        name=segment.name if name is None else checked_text("--name", name, LONGEST_NAME),
        description=segment.description
        if description is None
        else checked_text("--description", description, LONGEST_TEXT, empty=True),
    )
    if changed == segment:
        raise BadInputError([f"{label(segment)} is called and described so; give another --name or --description"])
    if changed.name != segment.name:
        _unique(changed.name, others)
    return changed


def assign_owner(segment: Segment, owner: str) -> Segment:
    """Have somebody answer for it.

    Raises:
        RefusedError: it is retired.
    """
    _allowed(segment, "assign-owner")
    return replace(segment, owner=checked_text("--owner", owner, LONGEST_NAME))


def redefine(segment: Segment, rule: str | None, priority: int | None, approval: bool, reason: str) -> Segment:
    """Give it another rule or priority; where approval is asked for it is a draft again.

    Args:
        segment: of the segment.
        rule: checked; None: as it is.
        priority: None: as it is.
        approval: whether rules are approved before they are applied.
        reason: why.

    Raises:
        BadInputError: nothing is new, or it is an overlay, which has no priority.
        RefusedError: it is retired, or no rule segment.
    """
    _allowed(segment, "redefine")
    if segment.kind != "rule":
        raise RefusedError(f"{label(segment)} has no rule of its own: it is a {segment.kind} segment")
    if priority is not None and segment.overlay:
        raise BadInputError([f"--priority: {label(segment)} is an overlay; its members are in another segment, too"])
    changed = replace(
        segment,
        rule=segment.rule if rule is None else rule,
        priority=segment.priority if priority is None else priority,
    )
    if changed == segment:
        raise BadInputError([f"{label(segment)} has that rule and priority already; give another --rule or --priority"])
    if approval:
        return replace(changed, status="draft", approver=None, reason=reason)
    return replace(changed, approver=None)  # who approved, approved of another rule


def review(segment: Segment, at: date) -> Segment:
    """Say when somebody is to look at it again.

    Raises:
        RefusedError: it is retired.
    """
    _allowed(segment, "review")
    return replace(segment, review_at=at)


def retrain_cadence(segment: Segment, days: int) -> Segment:
    """Say how old its model may become.

    Raises:
        BadInputError: days is not positive.
        RefusedError: it is retired, or no model makes it.
    """
    _allowed(segment, "retrain-cadence")
    if segment.kind != "cluster":
        raise RefusedError(f"{label(segment)} is a {segment.kind} segment: no model makes it, none is trained anew")
    if days < 1:
        raise BadInputError([f"--days {days}: expected a positive number of days"])
    return replace(segment, retrain_days=days)


def checked_new(segment: Segment, others: Collection[Segment]) -> Segment:
    """A segment that is to be made, with its name and description checked, and a priority where it needs one.

    Without a priority of its own it comes after all others that have one.

    Args:
        segment: as somebody asked for it.
        others: all segments that there are.

    Raises:
        BadInputError: a text cannot be used, or the name is another segment's.
    """
    alive = [one for one in others if one.status != "retired"]
    name = checked_text("--name", segment.name, LONGEST_NAME)
    description = checked_text("--description", segment.description, LONGEST_TEXT, empty=True)
    _unique(name, [one.name for one in alive])
    last = max((one.priority for one in alive if one.priority is not None), default=0)
    priority = None if segment.overlay else segment.priority if segment.priority is not None else last + 10
    return replace(segment, name=name, description=description, priority=priority)


def _allowed(segment: Segment, action: str) -> None:
    """An action leads on only from some states.

    Raises:
        RefusedError: not from this one.
    """
    if segment.status not in FROM[action]:
        states = " or ".join(one for one in STATES if one in FROM[action])
        raise RefusedError(
            f"{label(segment)} is {segment.status}, and only a segment that is {states} can be {_DONE[action]}: "
            f"{_NEXT.get(segment.status, 'nobody knows that state')}"
        )


def _why_it_stays(segment: Segment) -> str:
    if segment.kind == "lifecycle":
        return "who is outside the clusters is in a lifecycle segment, as population.eligible says"
    if segment.status == "split":
        return f"its customers are in its parts; segspark split {segment.segment_id} --undo joins them"
    if segment.parent_segment_id:
        return (
            f"the model of its split puts customers into it; segspark split {segment.parent_segment_id} --undo joins "
            "the parts, and without --undo splits it anew"
        )
    return (
        f"{segment.model_version} puts customers into it; segspark train makes another model, and what that does not "
        "have is retired by assign; segspark split divides it; a rule segment of a priority takes customers out of it"
    )


def _unfit(segment: Segment, successor: Segment) -> str:
    if successor.segment_id == segment.segment_id:
        return "the segment itself"
    return "" if successor.status in ("approved", "active") else successor.status


def _unique(name: str, others: Collection[str]) -> None:
    if folded(name) in {folded(other) for other in others}:
        raise BadInputError([f"--name '{name}': another segment is called that; choose another, or rename that one"])
