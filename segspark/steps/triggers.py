"""Triggers of a stream: what happened of which somebody is to hear, found at once, told once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.activation.triggers import (
    CANDIDATE,
    END,
    HIT,
    START,
    became,
    consented,
    cooled,
    hits,
    holding,
    identified,
    in_time,
    roles,
    waited,
    went,
)
from segspark.columns import midnight, within_days
from segspark.config.triggers import ANY, Trigger
from segspark.errors import BadInputError
from segspark.io.session import settings_of
from segspark.steps.context import Context
from segspark.steps.frames import Frames
from segspark.steps.live import Live, Published
from segspark.steps.moment import Moment
from segspark.steps.registry import segments_now
from segspark.steps.rules import usable_condition
from segspark.tables import CONSENTS, EVENTS, SEGMENT_MEMBERSHIP_EVENTS, TRIGGERS

Ids = tuple[Sequence[str], Sequence[str]]  # of segments that are entered, and of those that are left; none: any

_TOLD = ("trigger_id", "trigger", "customer_id", "occurred_at")
_NOT_CONDITIONS = ("customer_id", "as_of", "run_id")


@dataclass
class Fired:
    """What triggers told.

    Attributes:
        rows: of the table triggers, at hand; None: nothing.
        told: how many.
        held_back: candidates of whom nothing was told: no consent, or too soon after the last time.
    """

    rows: DataFrame | None = None
    told: int = 0
    held_back: int = 0


@dataclass
class Triggers:
    """The declared triggers, and what is kept to know of what was told already, and of what is waited for.

    Attributes:
        declared: of the configuration.
        late_seconds: how late an event may come and still end a wait.
        moment: the time by which they go.
    """

    declared: Sequence[Trigger]
    late_seconds: float
    moment: Moment = field(default_factory=Moment)
    _segments: Mapping[str, Ids] = field(default_factory=dict)
    _told: Frames = field(default_factory=Frames)
    _waiting: Frames = field(default_factory=lambda: Frames("seen"))
    _held: DataFrame | None = None
    _next: datetime | None = None  # when the first wait is over, at the earliest
    _version: int = -1
    _used: list[DataFrame] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        """Whether there is any trigger."""
        return bool(self.declared)

    def open(self, live: Live, previous: date | None) -> Fired:
        """Begin a day: what happened since the last assign, or by it, and was not told yet.

        Args:
            live: of the day.
            previous: as_of of the assign before the last; None: there was none, and everybody entered a segment by it.

        Raises:
            BadInputError: a trigger names a segment that there is not, or a condition that does not work.
        """
        if not self.asked:
            return Fired()
        context = live.context
        self._segments = named_segments(context, self.declared, self._segments)
        hours = max([*self._hours().values(), *(minutes / 60 for minutes in self._minutes().values())])
        first = live.at_hand.since - timedelta(days=1 + int(hours // 24))
        rows = context.lake.read(EVENTS).where(within_days(first, context.as_of))
        self.moment.saw(rows.agg(F.max("event_ts")).collect()[0][0])  # one row
        self._remember(context)
        self._waiting, self._next = Frames("seen"), None
        found = [self._of_events(rows), *self._of_waits(), *self._of_table(context, live, previous)]
        if conditions := self._named("becomes"):
            self.let_go()
            now = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(live.at_hand.before))
            self._held = holding(now, conditions).persist()
            if previous is not None:
                earlier = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(previous))
                at = midnight(live.at_hand.before, context.config.time.business_timezone)
                found.append(became(self._held, holding(earlier, conditions), live.at_hand.before, at))
        return self._fire(context, found, live.now)

    def see(self, live: Live, rows: DataFrame, latest: datetime | None, published: Published) -> Fired:
        """What a micro-batch's events and moves tell.

        Args:
            live: of the day.
            rows: of the table events, at hand.
            latest: time of the latest of them.
            published: what became of their customers.
        """
        if not self.asked:
            return Fired()
        context = live.context
        self.moment.saw(latest)
        today = rows.where(F.col("event_date") < F.lit(context.as_of))
        found = [self._of_events(today), *self._of_waits()]
        if published.went:
            found.append(self._of_moves(published.moves, context.as_of))
        if self._held is not None:
            met = holding(published.customers, self._named("becomes"))
            found.append(became(met, self._held, context.as_of, published.looked_at))
        there = published.now.where("NOT _change <=> 'delete'")
        return self._fire(context, found, there)

    def tick(self, live: Live) -> Fired:
        """What is told because time has passed."""
        return self._fire(live.context, self._of_waits(), live.now)

    def let_go(self) -> None:
        """Free the memory."""
        if self._held is not None:
            self._held.unpersist()
            self._held = None

    def _of_events(self, rows: DataFrame) -> DataFrame | None:
        """The candidates among events; those that begin or end a wait are kept."""
        conditions = event_conditions(self.declared)
        if not conditions:
            return None
        found = self._kept(roles(rows, conditions))
        counts = found.groupBy("trigger", "role").agg(F.min("event_ts").alias("first")).collect()  # triggers x 3
        waits = [row for row in counts if row["role"] != HIT]
        if waits:
            self._waiting.add(found.where(F.col("role") != HIT))
            minutes = self._minutes()
            starts = [
                row["first"].astimezone(UTC) + timedelta(minutes=minutes[row["trigger"]])
                for row in waits if row["role"] == START
            ]  # fmt: skip
            self._next = min([*starts, *([self._next] if self._next else [])], default=None)
        return hits(found) if any(row["role"] == HIT for row in counts) else None

    def _of_waits(self) -> list[DataFrame]:
        """The candidates of waits that are over; of each of them only once, unless its events came late."""
        limit = self.moment.now - timedelta(seconds=self.late_seconds)
        if self._next is None or limit < self._next:
            return []
        found = self._kept(waited(self._waiting.all(), self._minutes()))
        coming = found.where(F.col("occurred_at") > F.lit(limit)).agg(F.min("occurred_at")).collect()[0][0]  # one row
        self._next = None if coming is None else coming.astimezone(UTC)
        horizon = limit - timedelta(minutes=max(self._minutes().values()), hours=max(self._hours().values()))
        self._waiting.keep(f"event_ts > TIMESTAMP'{horizon.isoformat()}'")
        return [found.where(F.col("occurred_at") <= F.lit(limit))]

    def _of_moves(self, moves: DataFrame, as_of: date) -> DataFrame | None:
        entered = {one.name: self._segments[one.name][0] for one in self.declared if one.kind == "entered"}
        left = {one.name: self._segments[one.name][1] for one in self.declared if one.kind == "left"}
        return went(moves, as_of, entered, left) if entered or left else None

    def _of_table(self, context: Context, live: Live, previous: date | None) -> list[DataFrame | None]:
        """The candidates of moves that a batch published, or a stream that died before it told of them."""
        events = context.lake.read(SEGMENT_MEMBERSHIP_EVENTS).where("cause = 'behaviour'")
        days = [context.as_of, *([live.at_hand.before] if previous is not None else [])]
        return [self._of_moves(events.where(F.col("as_of") == F.lit(day)), day) for day in days]

    def _fire(self, context: Context, found: Sequence[DataFrame | None], now: DataFrame) -> Fired:
        """Write what is to be told.

        Args:
            context: of the day.
            found: candidates; None: a kind that has none.
            now: the customers' assignments.
        """
        some = [one.select(*CANDIDATE) for one in found if one is not None]
        if not some:
            return Fired()
        try:
            with settings_of(context.spark, {"spark.sql.adaptive.enabled": "false"}):
                return self._told_of(context, reduce(DataFrame.unionByName, some), now)
        finally:
            for one in self._used:
                one.unpersist()
            self._used.clear()

    def _kept(self, rows: DataFrame) -> DataFrame:
        """Rows that are read more than once until they are told."""
        self._used.append(rows.persist())
        return rows

    def _told_of(self, context: Context, found: DataFrame, now: DataFrame) -> Fired:
        writer = context.writer(context.run_id("stream", {"triggers": "fired"}))
        with writer.lock(TRIGGERS):
            if context.lake.latest(TRIGGERS) != self._version:
                self._remember(context)
            candidates = self._kept(self._new(found))
            number = candidates.count()
            if not number:
                return Fired()
            purposes = {one.name: one.purpose for one in self.declared if one.purpose is not None}
            allowed = consented(candidates, context.lake.read(CONSENTS), purposes, datetime.now(UTC))
            quiet, who = {one.name: one.cooldown_hours for one in self.declared}, candidates.select("customer_id")
            few = cooled(allowed, self._told.all().join(who, on="customer_id", how="left_semi"), quiet)
            there = now.join(who, on="customer_id", how="left_semi")
            rows = self._rows(context, few, there, writer.run_id).persist()
            told = writer.apply(TRIGGERS, rows.withColumn("_change", F.lit("insert")))
            if told.total:
                self._told.add(rows.select(*_TOLD))
                self._version = told.version
        return Fired(rows, told.total, number - told.total)

    def _new(self, found: DataFrame) -> DataFrame:
        """Those that were not told yet, and are not too old for it."""
        recent = self._kept(identified(in_time(found, self._hours(), self.moment.now)))
        told = self._told.all().join(recent.select("trigger_id"), on="trigger_id", how="left_semi")
        return recent.join(told.select("trigger_id"), on="trigger_id", how="left_anti")

    def _rows(self, context: Context, found: DataFrame, now: DataFrame, run_id: str) -> DataFrame:
        there = now.select("customer_id", F.col("segment_id").alias("_segment"))
        rows = found.join(there, on="customer_id", how="left")
        of = {one.name: one for one in self.declared}
        facts = [F.struct(F.lit(one.kind).alias("kind"), F.lit(one.purpose).cast("string").alias("purpose"),
                          F.array(*map(F.lit, one.to)).cast("array<string>").alias("destinations"))
                 for one in of.values()]  # fmt: skip
        named = F.create_map(*[part for name, fact in zip(of, facts, strict=True) for part in (F.lit(name), fact)])
        return rows.withColumn("_of", named[F.col("trigger")]).select(
            "trigger_id", "trigger", "_of.kind", "customer_id",
            F.coalesce("segment_id", "_segment").alias("segment_id"), "previous_segment_id", "event_id", "occurred_at",
            F.lit(datetime.now(UTC)).alias("fired_at"), "_of.purpose", "_of.destinations",
            F.lit(context.as_of).alias("as_of"), F.lit(run_id).alias("run_id"),
        )  # fmt: skip

    def _remember(self, context: Context) -> None:
        """What was told as long ago as it still matters."""
        longest = max([*self._hours().values(), *(one.cooldown_hours for one in self.declared)])
        since = self.moment.now - timedelta(hours=longest, minutes=max(self._minutes().values(), default=0))
        self._told = Frames()
        self._told.add(context.lake.read(TRIGGERS).where(F.col("occurred_at") > F.lit(since)).select(*_TOLD))
        self._version = context.lake.version(TRIGGERS)

    def _named(self, kind: str) -> dict[str, str]:
        return {one.name: str(getattr(one, kind)) for one in self.declared if one.kind == kind}

    def _minutes(self) -> dict[str, float]:
        return {one.name: one.within_minutes for one in self.declared if one.within_minutes is not None}

    def _hours(self) -> dict[str, float]:
        return {one.name: one.expires_hours for one in self.declared}


def event_conditions(declared: Sequence[Trigger]) -> dict[tuple[str, str], str]:
    """The conditions over events, by trigger and what an event that meets it is to the trigger."""
    found: dict[tuple[str, str], str] = {}
    for one in declared:
        if one.event is not None:
            found[one.name, START if one.unless else HIT] = one.event
        if one.unless is not None:
            found[one.name, END] = one.unless
    return found


def named_segments(
    context: Context, declared: Sequence[Trigger], before: Mapping[str, Ids] | None = None
) -> dict[str, Ids]:
    """By trigger the ids of the segments that are entered and of those that are left; none: any.

    Args:
        context: of the phase.
        declared: triggers.
        before: what was found before, which is kept, with a warning, where a segment was renamed or retired since.

    Raises:
        BadInputError: there is no such segment.
    """
    there = [one for one in segments_now(context) if one.status != "retired"]
    ids = {one.segment_id: one.segment_id for one in there} | {one.name.lower(): one.segment_id for one in there}
    known = ", ".join(sorted(f"{one.name} ({one.segment_id})" for one in there))
    found: dict[str, Ids] = {}
    problems: list[str] = []
    for one in declared:
        unknown = [
            f"triggers.{one.name}.{place}: no segment '{name}'; there are: {known}"
            for place, names in (("entered", one.entered), ("left", one.left))
            for name in names
            if name != ANY and name not in ids and name.lower() not in ids
        ]
        if not unknown:
            found[one.name] = (_ids(one.entered, ids), _ids(one.left, ids))
        elif before and one.name in before:
            found[one.name] = before[one.name]
            context.reporter.warn(f"{unknown[0]}; it goes on with the ids that it had")
        else:
            problems += unknown
    if problems:
        raise BadInputError(problems)
    return found


def _ids(names: Sequence[str], ids: Mapping[str, str]) -> list[str]:
    return [] if ANY in names else [ids.get(name) or ids[name.lower()] for name in names]


def check_triggers(context: Context) -> None:
    """Refuse conditions that do not work; nothing is read.

    Raises:
        BadInputError: with every problem.
    """
    problems = []
    features = context.lake.read(context.features_table).drop(*_NOT_CONDITIONS)
    events = context.lake.read(EVENTS)
    for one in context.config.triggers:
        for name, rows in (("event", events), ("unless", events), ("becomes", features)):
            text = getattr(one, name)
            if text is None:
                continue
            try:
                usable_condition(rows, text)
            except BadInputError as error:
                problems += [
                    f"triggers.{one.name}.{name}: {problem.removeprefix('rule: ')}" for problem in error.problems
                ]
    if problems:
        raise BadInputError(problems)
