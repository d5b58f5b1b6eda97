"""What a terminal shows of segments: a list, one with all that is known of it, two side by side, a history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from pyspark.sql import functions as F

from segspark.errors import BadInputError, RefusedError
from segspark.segments.audit import Link, Value, plain, state_at
from segspark.segments.governance import STATES
from segspark.segments.profiles import Profile
from segspark.segments.records import label
from segspark.segments.registry import Segment
from segspark.steps.audit import links, unbroken
from segspark.steps.context import Context
from segspark.steps.governance import ENTRIES, Registry, look, unfinished_words
from segspark.tables import SEGMENT_LINEAGE, SEGMENT_PROFILES

_DEFINITION = ("name", "description", "kind", "rule", "status", "owner", "priority", "overlay", "size", "share")
_HIGHLIGHTS, _RECENT = 8, 5


def show_list(context: Context, status: str, as_json: bool) -> None:
    """All segments, those in use first; as JSON for machines.

    Raises:
        BadInputError: there is no such status.
    """
    if status and status not in STATES:
        raise BadInputError([f"--status {status}: there are {', '.join(STATES)}"])
    now = look(context)
    found = [one for one in now.segments.values() if one.status == status or not status]
    found.sort(key=lambda one: (STATES.index(one.status) if one.status in STATES else 0, one.name, one.segment_id))
    if as_json:
        print(json.dumps([_with_overdue(context, one) for one in found], indent=2, ensure_ascii=False))
        return
    rows = [
        (one.segment_id, one.name, one.kind, one.status, one.owner, f"{one.size or 0:,}", f"{one.share or 0:.1%}",
         f"{one.review_at or ''}{' overdue' if overdue(context, one) else ''}")
        for one in found
    ]  # fmt: skip
    headings = ("id", "name", "kind", "status", "owner", "size", "share", "review")
    context.reporter.table(headings, rows, ("size", "share"))
    _warn(context, now)


def show_segment(context: Context, segment_id: str) -> None:
    """A segment: its row, what distinguishes its customers, where it came from, and the last changes."""
    now = look(context)
    one = now.segment(segment_id)
    context.reporter.table(("column", "value"), [item for item in asdict(one).items() if item[1] is not None])
    if overdue(context, one):
        context.reporter.warn(f"its review was due at {one.review_at}; segspark segments review sets the next date")
    own = _profiles(context, segment_id)
    best = sorted((p for p in own.values() if p.standardised is not None), key=lambda p: -abs(p.standardised or 0))
    if best:
        first = best[:_HIGHLIGHTS]
        rows = [(p.feature, _number(p.mean), _number(p.overall_mean), _signed(p.standardised)) for p in first]
        headings = ("feature", "mean", "everybody's", "deviations apart")
        context.reporter.table(headings, rows, headings[1:])
    _show_lineage(context, segment_id)
    entries = links(context, F.col("subject") == segment_id)
    if entries:
        _show_entries(context, entries[-_RECENT:])
    _warn(context, now)


def show_history(context: Context, segment_id: str) -> None:
    """Every change of a segment, the oldest first, and whether the log is as it was written.

    Raises:
        RefusedError: it is not.
    """
    now = look(context)
    entries = links(context, F.col("subject") == segment_id)
    if not entries:
        now.segment(segment_id)
        context.reporter.say(f"nobody has changed {segment_id}")
    else:
        _show_entries(context, entries)
    _warn(context, now)
    verdict = unbroken(context)
    if verdict.broken:
        raise RefusedError(f"audit_log is broken: {verdict.broken}; what is shown above may not be what was done")
    context.reporter.say(f"the log is whole: {verdict.tip.sequence:,} entries, each as it was written and in its place")


def show_difference(context: Context, segment_ids: Sequence[str], since: int | None, until: int | None) -> None:
    """What changed in a segment between two entries of the log, or what two segments differ in.

    Of one segment by default: from its last approval, or from when it was made, until now.

    Raises:
        BadInputError: there is no such segment, or it was not there at that entry.
    """
    now = look(context)
    found = [now.segment(one) for one in segment_ids]
    if len(found) == 1:
        _show_changes(context, found[0], since, until)
        return
    one, other = found
    left, right = plain(asdict(one)), plain(asdict(other))
    rows = [(name, left[name], right[name]) for name in _DEFINITION]
    context.reporter.table(("column", one.segment_id, other.segment_id), rows)
    _show_means(context, one, other)


def overdue(context: Context, one: Segment) -> bool:
    """Whether somebody should have looked at a segment by the date of the command."""
    return one.status != "retired" and one.review_at is not None and one.review_at <= context.as_of


def told_entries(entries: Sequence[Link]) -> list[tuple[Link, tuple[str, str, str, str, str]]]:
    """Entries of the log with their words: when (UTC), who, what, what changed, why."""
    return [(one, (_moment(one.at), one.actor, one.action, _changes(one), one.reason or "")) for one in entries]


def _with_overdue(context: Context, one: Segment) -> dict[str, Value]:
    return plain(asdict(one)) | {"overdue": overdue(context, one)}


def _show_changes(context: Context, one: Segment, since: int | None, until: int | None) -> None:
    entries = links(context, F.col("subject") == one.segment_id)
    start = _start(entries) if since is None else since
    end = entries[-1].sequence if entries and until is None else until or 0
    now = asdict(one)
    before, after = state_at(now, entries, start), state_at(now, entries, end)
    if not before or not after:
        raise BadInputError([f"{label(one)} was not there yet after entry {start if not before else end} of the log"])
    changed = [name for name in after if before.get(name) != after[name]]
    if not changed:
        context.reporter.say(f"{label(one)}: nothing that people change differs between entries {start} and {end}")
        return
    rows = [(name, before.get(name), after[name]) for name in changed]
    context.reporter.table(("column", f"after entry {start}", f"after entry {end}"), rows)


def _start(entries: Sequence[Link]) -> int:
    """The last approval, if anything was changed after it; else the first entry."""
    approvals = [link.sequence for link in entries[:-1] if link.action == ENTRIES["approve"]]
    if approvals:
        return approvals[-1]
    return entries[0].sequence if entries else 0


def _show_means(context: Context, one: Segment, other: Segment) -> None:
    left, right = _profiles(context, one.segment_id), _profiles(context, other.segment_id)
    rows = []
    for feature in sorted(left.keys() & right.keys(), key=lambda name: -abs(_apart(left[name], right[name]) or 0)):
        apart = _apart(left[feature], right[feature])
        rows.append((feature, _number(left[feature].mean), _number(right[feature].mean), _signed(apart)))
    if rows:
        headings = ("mean of", one.segment_id, other.segment_id, "deviations apart")
        context.reporter.table(headings, rows, headings[1:])
    else:
        context.reporter.say("no profiles of both: they are made of segments with customers, by segspark assign")


def _apart(one: Profile, other: Profile) -> float | None:
    """How far the second mean is above the first, in everybody's standard deviations."""
    if one.mean is None or other.mean is None or not one.overall_deviation:
        return None
    return (other.mean - one.mean) / one.overall_deviation


def _profiles(context: Context, segment_id: str) -> dict[str, Profile]:
    rows = context.lake.read(SEGMENT_PROFILES).where(F.col("segment_id") == segment_id).collect()  # a row per feature
    return {row["feature"]: Profile(**row.asDict()) for row in rows}


def _show_lineage(context: Context, segment_id: str) -> None:
    about = (F.col("segment_id") == segment_id) | (F.col("related_segment_id") == segment_id)
    rows = context.lake.read(SEGMENT_LINEAGE).where(about).orderBy("as_of", "model_version", "segment_id")
    names = ("as_of", "model_version", "segment_id", "verdict", "related_segment_id", "jaccard", "distance")
    found = rows.select(*names).tail(_HIGHLIGHTS)
    if found:
        context.reporter.table(names, [(*row[:5], _number(row[5]), _number(row[6])) for row in found], names[5:])


def _show_entries(context: Context, entries: Sequence[Link]) -> None:
    rows = [(one.sequence, *told) for one, told in told_entries(entries)]
    context.reporter.table(("entry", "at (UTC)", "who", "what", "change", "why"), rows, ("entry",))


def _changes(link: Link) -> str:
    """What an entry changed; that the reason of the status is another one, its last column says already."""
    before, after = link.values_before, link.values_after
    told = {name: value for name, value in after.items() if name != "reason"}
    if not before:
        return ", ".join(f"{name} {_word(value)}" for name, value in _known(told).items())
    return ", ".join(f"{name} {_word(before.get(name))} → {_word(value)}" for name, value in told.items())


def _known(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _word(value: Value) -> str:
    return "none" if value is None else str(value)


def _moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _warn(context: Context, now: Registry) -> None:
    for link in now.unfinished:
        context.reporter.warn(f"{unfinished_words(link)} (yet); the next change of a segment completes it")
