"""Changes of segments by people: decided on what is there now, written to the log first and to the segment then.

The log decides who is first: its end can be written to by one at a time. Whoever finds that another changed the segment
since they looked is told, and changes nothing. A change whose author was cut off between the two writes is in the log,
and the segment lacks it: the next change of any segment completes it first, before it decides anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date

from pyspark.sql import functions as F

from segspark.errors import BadInputError, RefusedError, SegsparkError
from segspark.io.commits import Writer
from segspark.segments.audit import Entry, Link, Value, pending
from segspark.segments.records import difference, label
from segspark.segments.registry import Segment
from segspark.steps.audit import End, append, links, look_at_end, tries
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import AUDIT_LOG, SEGMENTS

# What people's changes are called in the log, by the action of the command.
ENTRIES = {
    "define": "defined",
    "redefine": "redefined",
    "rename": "renamed",
    "assign-owner": "owner assigned",
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "activate": "activated",
    "retire": "retired",
    "review": "review set",
    "retrain-cadence": "retrain cadence set",
}
_DATES = frozenset(column.name for column in SEGMENTS.columns if column.type == "DATE")


@dataclass(frozen=True)
class Registry:
    """Segments and the log as they were at one look.

    Attributes:
        segments: by segment_id, as they are in the table.
        end: of the log, with the last change of each segment by a person.
        version: of the table of segments.
    """

    segments: Mapping[str, Segment]
    end: End
    version: int

    def segment(self, segment_id: str) -> Segment:
        """A segment.

        Raises:
            BadInputError: there is none of this id.
        """
        if segment_id not in self.segments:
            there = (
                ", ".join(f"{one.segment_id} ({one.name})" for one in self.alive) or "none; run segspark assign first"
            )
            raise BadInputError([f"{segment_id}: no such segment; there are {there}"])
        return self.segments[segment_id]

    @property
    def alive(self) -> list[Segment]:
        """Those that are not retired, by name."""
        return sorted((one for one in self.segments.values() if one.status != "retired"), key=lambda one: one.name)

    def others(self, segment_id: str) -> list[str]:
        """Names of the other segments that are not retired."""
        return [one.name for one in self.alive if one.segment_id != segment_id]

    @property
    def unfinished(self) -> list[Link]:
        """Changes that are in the log, and not in the segments."""
        return list(pending(self.end.last.values(), {name: asdict(one) for name, one in self.segments.items()}))


Decision = Callable[[Registry, Segment | None], Segment]


def look(context: Context) -> Registry:
    """The registry as it is now. The log first: what it says may not have reached the segments, never the reverse."""
    end = look_at_end(context, tuple(ENTRIES.values()))
    version = context.lake.latest(SEGMENTS)
    return Registry({one.segment_id: one for one in segments_now(context)}, end, version)


def change(
    context: Context, segment_id: str, actor: str, action: str, reason: str, decide: Decision, new: bool = False
) -> Segment:
    """Change a segment in the log and then in the registry, or do nothing.

    Args:
        context: of the command; as_of is the date of the change.
        segment_id: of the segment.
        actor: who changes it.
        action: of the command: a key of ENTRIES.
        reason: why.
        decide: what becomes of the segment, from the registry and its row as they are then; raises what refuses it.
        new: whether it is made by this: then there must be none of this id.

    Returns:
        The segment as it is after it.

    Raises:
        BadInputError: there is no such segment, or the decision says so.
        RefusedError: the decision says so, or somebody else changed the segment meanwhile.
        SegsparkError: other changes kept coming first.
    """
    seen = look(context)
    writer = context.writer(context.attempt_id)
    for _ in tries(context, "segments"):
        with writer.lock(SEGMENTS):
            now = _again(context, seen)
            _refuse_if_changed(seen, now, segment_id)
            if now.unfinished:
                complete(context, writer, now.unfinished)
                now = look(context)
            old = None if new else now.segment(segment_id)
            then = replace(decide(now, old), updated_at=context.as_of)
            before, after = difference(old, then)
            if not after:
                raise BadInputError([f"{label(then)} is like that already; nothing was written"])
            entry = Entry(actor, ENTRIES[action], segment_id, before, after, reason)
            if append(context, writer.run_id, now.end, [entry]):
                changed = {name: getattr(then, name) for name in (*after, "updated_at")}
                _reach(context, writer, entry, changed if old else asdict(then), before if old else None)
                return then
    raise AssertionError("tries end with an error")


def complete(context: Context, writer: Writer, unfinished: list[Link]) -> None:
    """Write changes that are in the log to the segments that lack them."""
    for link in unfinished:
        before, after = _typed(link.values_before), _typed(link.values_after)
        row: dict[str, Value] = {**after, "updated_at": context.as_of}
        if not before:
            row |= {"segment_id": link.subject, "size": 0, "share": 0.0}
        entry = Entry(link.actor, link.action, link.subject)
        _reach(context, writer, entry, row, before or None)
        context.reporter.warn(f"{unfinished_words(link)}; it is completed now")


def unfinished_words(link: Link) -> str:
    """A change that was cut off, for a person."""
    return f"entry {link.sequence} of the log ({link.subject} {link.action} by {link.actor}) did not reach the segment"


def makers(context: Context, segment_id: str) -> list[str]:
    """Who wrote a segment's rule since it was last approved."""
    found: list[str] = []
    for link in links(context, F.col("subject") == segment_id):
        if link.action == ENTRIES["approve"]:
            found = []
        elif link.action in (ENTRIES["define"], ENTRIES["redefine"]):
            found.append(link.actor)
    return found


def _again(context: Context, seen: Registry) -> Registry:
    """What was seen, unless a table has changed since; the lock has just asked for the version of the one."""
    same = context.lake.version(SEGMENTS) == seen.version and context.lake.latest(AUDIT_LOG) == seen.end.version
    return seen if same else look(context)


def _refuse_if_changed(seen: Registry, now: Registry, segment_id: str) -> None:
    then, last = seen.end.last.get(segment_id), now.end.last.get(segment_id)
    if last is not None and last != then:
        raise RefusedError(
            f"{segment_id} was {last.action} by {last.actor} meanwhile, and nothing else was changed; "
            f"look again with segspark segments show {segment_id}"
        )


def _reach(
    context: Context, writer: Writer, entry: Entry, row: Mapping[str, Value], was: Mapping[str, Value] | None
) -> None:
    """Have a change of the log reach its segment, whoever writes other segments at the same time."""
    for _ in tries(context, "segments"):
        if writer.exchange(SEGMENTS, {"segment_id": entry.subject, **row}, was):
            return
        context.lake.latest(SEGMENTS)
        found = context.lake.read(SEGMENTS).where(F.col("segment_id") == entry.subject).collect()  # one row or none
        now = found[0].asDict() if found else None
        as_it_was = now is None if was is None else now is not None and all(now[name] == was[name] for name in was)
        if not as_it_was:
            raise SegsparkError(
                f"{entry.subject} was {entry.action} by {entry.actor}, as the log says, but something else changed the "
                f"segment at the same moment; look with segspark segments show {entry.subject}, and do it again"
            )


def _typed(values: Mapping[str, Value]) -> dict[str, Value]:
    """Values of the log in the types of the table."""
    return {
        name: date.fromisoformat(value) if name in _DATES and isinstance(value, str) else value
        for name, value in values.items()
    }
