"""Ingest: what is new in the sources into the tables; what is not acceptable into quarantine; nothing lost."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.errors import BadInputError, RefusedError, SegsparkError
from segspark.ingest.quality import Checked, quality_rows
from segspark.ingest.quarantine import REJECTED
from segspark.steps.context import Context, Outcome
from segspark.steps.identity import Persons, persons
from segspark.steps.judging import Judged, judge
from segspark.steps.opening import TARGETS, Opened, digest, open_all, open_quarantine, position_rows
from segspark.steps.settling import Settled, settle
from segspark.tables import DATA_QUALITY, EVENTS, IDENTITY_LINKS, INGEST_POSITIONS, QUARANTINE, Table

Told = Callable[[DataFrame], None]
_FATES = ("accepted", "quarantined", "deduplicated")


def ingest(context: Context) -> Sequence[Outcome]:
    """Bring the tables up to date with what is new in the sources; the same input again changes nothing."""
    return _ingest(context, open_all(context))


def reread(context: Context) -> Sequence[Outcome]:
    """Read all of every source again, as it is mapped now; its rows replace those that it gave before."""
    return _ingest(context, open_all(context, again=True))


def replay(context: Context) -> Sequence[Outcome]:
    """Judge the rejected rows in quarantine again, by the rules and mappings of now."""
    return _ingest(context, open_quarantine(context), replayed=True)


@dataclass
class Later:
    """What a stream found in rows, and how far it read, since it last said so.

    Two tables are not written every few seconds for that. If the process dies meanwhile, the rows are read again, and
    found to be there.

    Attributes:
        checked: by source: rows and the rules that they broke, added up.
        opened: by source: as it was read last.
        run_id: of what was written last.
    """

    checked: dict[str, Checked] = field(default_factory=dict)
    opened: dict[str, Opened] = field(default_factory=dict)
    run_id: str = ""

    def note(self, judged: Mapping[str, Judged], opened: Sequence[Opened], run_id: str) -> None:
        """Add what was found in a micro-batch."""
        for one in (one for found in judged.values() for one in _checked(found)):
            before = self.checked.get(one.source)
            broken = Counter(one.broken) + Counter(before.broken if before else {})
            self.checked[one.source] = replace(one, rows=one.rows + (before.rows if before else 0), broken=broken)
        self.opened |= {one.source.name: one for one in opened}
        self.run_id = run_id

    def record(self, context: Context) -> None:
        """Write it."""
        if self.opened:
            _record(context, list(self.checked.values()), list(self.opened.values()), self.run_id)
        self.checked, self.opened = {}, {}


def take_in(context: Context, opened: list[Opened], told: Told, later: Later) -> Sequence[Outcome]:
    """Bring the tables up to date with rows as they come: no gate refuses them, for a stream has to go on.

    Args:
        context: of the phase.
        opened: sources with their rows.
        told: gets the rows of `events` that were written, and what of each.
        later: gets what is to be recorded of them.
    """
    return _ingest(context, opened, gated=False, told=told, later=later)


def _ingest(
    context: Context,
    opened: list[Opened],
    replayed: bool = False,
    gated: bool = True,
    told: Told | None = None,
    later: Later | None = None,
) -> list[Outcome]:
    """Judge everything, then publish: a gate that refuses one source refuses before anything is written."""
    judged: dict[str, Judged] = {}
    by_table = {table: [one for one in opened if one.table is table] for table in TARGETS}
    try:
        for table, some in by_table.items():
            if found := judge(context, table, some, judged):
                judged[table.name] = found
        if gated and not replayed:
            _gate(context, judged)
        everyone = persons(context, judged)
        outcomes: list[Outcome] = []
        for table, some in by_table.items():
            if table.name in judged:
                outcomes += _publish(context, judged[table.name], everyone, replayed, told)
            else:
                outcomes += [_nothing_new(context, one) for one in some]
        run_id = context.run_id("ingest", {k: v for outcome in outcomes for k, v in outcome.inputs.items()})
        everyone.publish(context, run_id)
        if later is None:
            _record(context, [one for found in judged.values() for one in _checked(found)], opened, run_id)
        else:
            later.note(judged, opened, run_id)
        return outcomes
    finally:
        for one in judged.values():
            one.rows.unpersist()


def _gate(context: Context, judged: dict[str, Judged]) -> None:
    """Stop the run before anything is published where rules or limits say so.

    Raises:
        BadInputError: no event is acceptable, and there were none before.
        RefusedError: a rule of severity fail is broken, or too large a share of a source's rows is rejected.
    """
    events = judged.get(EVENTS.name)
    acceptable = sum(facts.read - facts.rejected for facts in events.facts.values()) if events else 0
    if not acceptable and context.lake.read(EVENTS).isEmpty():
        why = "; ".join(_worst(facts.broken) for facts in events.facts.values() if facts.broken) if events else ""
        raise BadInputError(
            [f"sources.events: not one event can be accepted, so nothing was written: {why or 'there are no rows'}"]
        )
    refused = []
    for one in judged.values():
        for source in (opened.source for opened in one.opened):
            facts = one.facts[source.name]
            place = f"sources.{one.table.name}.{source.name}"
            if facts.count("fail"):
                fatal = {key: rows for key, rows in facts.broken.items() if key[1] == "fail"}
                refused.append(f"{place}: {_worst(fatal)}")
            elif facts.read and facts.rejected / facts.read > source.rejected_share_limit:
                refused.append(
                    f"{place}: {facts.rejected:,} of {facts.read:,} rows rejected, more than rejected_share_limit "
                    f"{source.rejected_share_limit:.0%} allows: {_worst(facts.broken)}"
                )
    if refused:
        raise RefusedError("nothing was written:\n" + "\n".join(f"  - {line}" for line in refused))


def _worst(broken: Mapping[tuple[str, str], int]) -> str:
    first = sorted(broken.items(), key=lambda item: (-item[1], item[0]))[:3]
    return "; ".join(f"{rule} ({rows:,} rows)" for (rule, _), rows in first)


def _publish(
    context: Context, judged: Judged, everyone: Persons, replayed: bool, told: Told | None = None
) -> list[Outcome]:
    """Write what goes to quarantine, then the table; how far the sources were read comes last: `_record`.

    What a replay accepts leaves the quarantine only when it is in the table.
    """
    table = judged.table
    inputs = {one.source.name: "quarantine" if replayed else digest(one.batch) for one in judged.opened}
    run_id = context.run_id("ingest", inputs)
    writer = context.writer(run_id)
    with writer.lock(table):
        settled = settle(context, judged)
        _quarantine(context, judged, settled, run_id, replayed)
        if table is not IDENTITY_LINKS:
            changed = everyone.applied(context, table, settled.changed).withColumn("run_id", F.lit(run_id))
            changed = changed.select(*table.column_names, "_change")
            if told is not None:
                settled.held.append(changed := changed.persist())
            change = writer.apply(table, changed, everyone.pruning(settled.pruning))
            _account(table, settled, change.inserted)
            if told is not None and table is EVENTS:
                told(changed)
        for frame in settled.held:
            frame.unpersist()
    if replayed:
        _requarantine(context, judged, settled, run_id)
    outputs = context.versions(QUARANTINE, *([] if table is IDENTITY_LINKS else [table]))
    return [_outcome(context, one, judged, settled, inputs, outputs) for one in judged.opened]


def _quarantine(context: Context, judged: Judged, settled: Settled, run_id: str, replayed: bool) -> None:
    """What lost against another row of its key, and what rules rejected."""
    parts = [] if settled.superseded is None else [settled.superseded]
    if not replayed and any(facts.rejected for facts in judged.facts.values()):
        parts.append(settled.rejected)
    if parts:
        rows = reduce(DataFrame.unionByName, parts).withColumn("run_id", F.lit(run_id))
        context.writer(run_id).publish(QUARANTINE, rows)


def _requarantine(context: Context, judged: Judged, settled: Settled, run_id: str) -> None:
    """After a replay: what rules still reject, and no longer what they now accept."""
    scope = F.col("source").isin(*[one.source.name for one in judged.opened]) & (F.col("kind") == REJECTED)
    rejected = settled.rejected.withColumn("run_id", F.lit(run_id))
    context.writer(run_id).publish(QUARANTINE, rejected, scope=scope, delete_missing=True)


def _publish_rows(
    context: Context, run_id: str, table: Table, rows: Sequence[tuple[object, ...]], scope: SparkColumn
) -> None:
    """Rows made here, as many as there are rules or files; compared with the part of the table that they can be in."""
    if rows:
        context.writer(run_id).publish_few(table, rows, scope=scope)


def _record(context: Context, checked: Sequence[Checked], opened: Sequence[Opened], run_id: str) -> None:
    """What was found, and how far the sources were read: last of all, so that a run that died reads the same again."""
    now = datetime.now(UTC)
    found, positions = quality_rows(checked, run_id, context.as_of, now), position_rows(context, opened, run_id)
    _publish_rows(context, run_id, DATA_QUALITY, found, F.col("run_id") == run_id)
    _publish_rows(context, run_id, INGEST_POSITIONS, positions, F.col("source").isin(*{row[0] for row in positions}))


def _account(table: Table, settled: Settled, inserted: int) -> None:
    """Hold what the ledger will say against what was written."""
    accepted = sum(rows for (_, fate), rows in settled.fates.items() if fate == "accepted")
    if accepted != inserted + settled.replacing:
        raise SegsparkError(
            f"{table.name}: {accepted:,} rows were accepted, but {inserted:,} inserted and {settled.replacing:,} put "
            "in the place of others; this is a defect of segspark's, please report it"
        )


def _checked(judged: Judged) -> list[Checked]:
    return [
        Checked(one.source.name, judged.table.name, one.source.rules, facts.read, facts.broken)
        for one in judged.opened
        if (facts := judged.facts[one.source.name]).read
    ]


def _outcome(
    context: Context,
    one: Opened,
    judged: Judged,
    settled: Settled,
    inputs: Mapping[str, str],
    outputs: Mapping[str, str],
) -> Outcome:
    name = one.source.name
    accepted, rejected, repeated = (settled.fates.get((name, fate), 0) for fate in _FATES)
    read = judged.facts[name].read
    context.reporter.say(
        f"{name}: {read:,} rows read, {accepted:,} accepted, {rejected:,} quarantined, {repeated:,} deduplicated"
    )
    return Outcome(name, read, accepted, rejected, repeated, inputs, outputs)


def _nothing_new(context: Context, one: Opened) -> Outcome:
    context.reporter.say(f"{one.source.name}: nothing new")
    return Outcome(one.source.name, inputs={one.source.name: digest(one.batch)})
