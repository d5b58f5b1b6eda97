"""The log of changes: written to at its end, by one writer at a time, and followed from its beginning."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from segspark.errors import BadInputError, RefusedError, SegsparkError
from segspark.io.commits import Writer
from segspark.segments.audit import Entry, Link, Tip, Value, Verdict, around, chained, not_there_yet, verify
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import AUDIT_LOG, SEGMENTS

_LINK = (
    "ifnull(sequence, 0) AS sequence",  # of an entry whose number somebody took away; none has 0
    "unix_micros(at)",
    *("actor", "action", "subject", "before", "after", "reason", "run_id", "previous_hash", "hash"),
)
_SCHEMA = (
    "sequence BIGINT, micros BIGINT, actor STRING, action STRING, subject STRING, before STRING, after STRING, "
    "reason STRING, run_id STRING, previous_hash STRING, hash STRING"
)
PHASES = (
    "ingest",
    "features",
    "train",
    "assign",
    "split",
    "profile",
    "compare",
    "report",
    "run",
)  # actors that are no people
_NAMES = [column.split()[0] for column in _SCHEMA.split(", ")]
_EXPECTED = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True)
class End:
    """The log's end, and the last that it says of each segment, as they were at one look.

    Attributes:
        tip: of the chain.
        last: the last entry of each segment by a person, and one of some actions.
        version: of the table.
    """

    tip: Tip
    last: Mapping[str, Link]
    version: int


def record(context: Context, run_id: str, entries: Sequence[Entry]) -> int:
    """Write entries to the end of the log; those that another attempt of the run wrote are not written again.

    Args:
        context: of the run.
        run_id: of the run.
        entries: in their order; as many as there are segments, not customers.

    Returns:
        How many were written.

    Raises:
        SegsparkError: others kept writing, for as long as commits.lock_timeout_seconds.
    """
    writer = context.writer(run_id)
    for _ in tries(context, "audit_log"):
        with writer.lock(AUDIT_LOG):
            found = tip(context)
            new = not_there_yet(entries, links(context, F.col("run_id") == run_id))
            if not new or _append(context, writer, found, new):
                return len(new)
    raise AssertionError("tries end with an error")


def append(context: Context, run_id: str, end: End, entries: Sequence[Entry]) -> bool:
    """Write entries after the end of the log as it was seen, if that is still its end.

    Returns:
        Whether they were written; if not, another writer was first.
    """
    writer = context.writer(run_id)
    with writer.lock(AUDIT_LOG):
        return context.lake.version(AUDIT_LOG) == end.version and _append(context, writer, end.tip, entries)


def tries(context: Context, what: str) -> Iterator[int]:
    """Numbers of tries at a write that others may get in the way of, each after a longer pause.

    Raises:
        SegsparkError: they did, for as long as commits.lock_timeout_seconds.
    """
    patience = context.config.commits.lock_timeout_seconds
    started, number = time.monotonic(), 0
    own = int(context.attempt_id[:4], 16) / 0xFFFF if re.match("[0-9a-f]{4}", context.attempt_id) else 0.5
    while number == 0 or time.monotonic() - started < patience:
        yield number
        number += 1
        # Writers that pause for different times do not meet again and again.
        time.sleep(min(2.0, 0.05 * 2 ** min(number, 6)) * (0.5 + own))
    raise SegsparkError(
        f"{what}: other writers were first {number} times in {patience:.0f} s; run the same command again "
        "(commits.lock_timeout_seconds says how long to try)"
    )


def tip(context: Context) -> Tip:
    """The last link of the log as it is now."""
    context.lake.latest(AUDIT_LOG)
    last = context.lake.read(AUDIT_LOG).orderBy(F.desc("sequence")).select("sequence", "hash").head(1)
    return Tip(last[0]["sequence"], last[0]["hash"]) if last else Tip()


def links(context: Context, which: Column) -> list[Link]:
    """Some of the log in its order: the entries of a segment or of a run, of which there are few."""
    rows = context.lake.read(AUDIT_LOG).where(which).orderBy("sequence")
    return [_link(row) for row in rows.selectExpr(*_LINK).collect()]


def look_at_end(context: Context, actions: Sequence[str]) -> End:
    """The end of the log as it is now; at most two rows of each segment come here, however long the log is.

    What a phase did counts for the end alone: a later run may have undone it, and completes what it was cut off from.
    """
    version = context.lake.latest(AUDIT_LOG)
    log = context.lake.read(AUDIT_LOG).selectExpr(*_LINK).toDF(*_NAMES)
    chosen = F.col("action").isin(list(actions)) & ~F.col("actor").isin(list(PHASES))
    last = log.groupBy("subject", chosen.alias("chosen")).agg(F.max_by(F.struct(*_NAMES), "sequence").alias("link"))
    found = [(row["chosen"], Link(*row["link"])) for row in last.collect()]
    tip = max((Tip(link.sequence, link.hash) for _, link in found), key=lambda one: one.sequence, default=Tip())
    return End(tip, {link.subject: link for chosen, link in found if chosen}, version)


def audit(context: Context, expected: str = "") -> None:
    """Follow the whole chain, however long it is, and say whether each entry is as it was written.

    Args:
        context: of the command.
        expected: an entry that must still be there, as an earlier audit said it: SEQUENCE:HASH. Without one nobody can
            see that entries are missing at the end.

    Raises:
        BadInputError: expected is not of that form.
        RefusedError: the chain is broken, or the expected entry is another one or gone.
    """
    known = _parsed(expected)
    noted = _Noted(known.sequence if known else 0)
    verdict = unbroken(context, noted)
    if verdict.broken:
        raise RefusedError(
            f"audit_log is broken: {verdict.broken}. Entries up to {verdict.tip.sequence} are as they were written. "
            "Compare the table with a copy of it, or with its earlier versions (VERSION AS OF)"
        )
    if known and noted.hash != known.hash:
        what = "has another hash now" if noted.hash else "is not there any more"
        raise RefusedError(
            f"audit_log is broken: entry {known.sequence} {what}; the log ends at {verdict.tip.sequence}. "
            "It was cut off or written anew since that hash was noted"
        )
    context.lake.latest(SEGMENTS)
    rows = {one.segment_id: asdict(one) for one in segments_now(context)}
    for difference in around(noted.told, rows):
        context.reporter.warn(f"{difference}: the table was changed around the log, or a change was cut off")
    if not verdict.tip.sequence:
        context.reporter.say("the log is empty: nobody has changed a segment yet")
        return
    context.reporter.say(f"{verdict.tip.sequence:,} entries, each as it was written and in its place")
    context.reporter.say(f"keep this elsewhere: --expect {verdict.tip.sequence}:{verdict.tip.hash}")


def unbroken(context: Context, noted: "_Noted | None" = None) -> Verdict:
    """Whether the log is whole, from its beginning to its end as it is now.

    Args:
        context: of the command.
        noted: takes note of what goes by.
    """
    context.lake.latest(AUDIT_LOG)
    chain = _streamed(context.lake.read(AUDIT_LOG))
    return verify(chain if noted is None else map(noted.note, chain))


@dataclass
class _Noted:
    """What is kept of a chain that goes by.

    Attributes:
        told: by segment, what the log said last of each column.
    """

    wanted: int = 0
    hash: str = ""
    told: dict[str, dict[str, Value]] = field(default_factory=dict)

    def note(self, link: Link) -> Link:
        self.told.setdefault(link.subject, {}).update(link.values_after)
        if link.sequence == self.wanted:
            self.hash = link.hash
        return link


def _append(context: Context, writer: Writer, at: Tip, entries: Sequence[Entry]) -> bool:
    now = round(datetime.now(UTC).timestamp() * 1e6)
    rows = context.spark.createDataFrame([astuple(one) for one in chained(at, entries, now, writer.run_id)], _SCHEMA)
    dated = rows.withColumn("at", F.timestamp_micros("micros"))
    return writer.append_next(AUDIT_LOG, dated, "sequence", at.sequence + 1)


def _streamed(log: DataFrame) -> Iterator[Link]:
    """Partition by partition: never the whole log at once."""
    rows = log.orderBy("sequence", "hash").selectExpr(*_LINK)
    return map(_link, rows.toLocalIterator())


def _parsed(expected: str) -> Tip | None:
    if not expected:
        return None
    found = _EXPECTED.fullmatch(expected)
    if found is None:
        raise BadInputError([f"--expect {expected}: expected SEQUENCE:HASH, as segspark audit ends with"])
    return Tip(int(found[1]), found[2])


def _link(row: Row) -> Link:
    return Link(*row)
