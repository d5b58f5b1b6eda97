"""Stream: what the batch does every night, for the customers who just did something, within seconds."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.errors import SegsparkError
from segspark.io.streams import Following, added_rows
from segspark.steps.at_hand import fresh_and_stale
from segspark.steps.context import Context, Outcome
from segspark.steps.features import checked_plan
from segspark.steps.finished import latest_of
from segspark.steps.live import Live, OthersWrote, Published, last_assigned
from segspark.steps.messages import Messages
from segspark.steps.stream_progress import Progress
from segspark.tables import EVENTS, RUNS

_AGAIN = 5  # times that a day is opened when others publish at the same time


def stream(context: Context, to_the_end: bool = False) -> Sequence[Outcome]:
    """Follow Kafka's sources of events, or where there are none the table `events`, and keep assignments up to date.

    Args:
        context: as_of is the date that is not over; date.max: always the day after today, in the business time zone.
        to_the_end: end when all that there is now has been looked at.

    Raises:
        BadInputError: nobody was assigned to a segment yet, or as_of is not after the last assign.
    """
    last_assigned(context, _asked_date(context))
    settings, messages = context.config.stream, Messages.of(context)
    if messages is None:
        rows = added_rows(context.lake, EVENTS, context.lake.version(EVENTS), settings.files_per_batch)
    else:
        rows = messages.rows(context)
    followed = Followed(context, messages)
    following = Following(rows, followed.each, settings.every_seconds, to_the_end)
    with _stopped_by_signals(following):
        following.run()
    followed.end()
    context.lake.look_again()
    return [followed.outcome]


def check(context: Context) -> None:
    """Say what a stream would follow, and which features it computes; nothing is read or written."""
    messages, say = Messages.of(context), context.reporter.say
    followed = "the table events, as other jobs write it"
    if messages is not None:
        followed = f"the topics of {', '.join(source.name for source in messages.sources)}"
    say(f"follows {followed}")
    fresh, stale = fresh_and_stale(context, checked_plan(context))
    say(f"{len(fresh)} features are computed of each micro-batch; {len(stale)} are as the last batch computed them")
    for name, why in stale.items():
        say(f"  {name}: {why}")


@dataclass
class Followed:
    """A stream's micro-batches, each looked at with what is at hand, which is renewed when a day is over.

    Attributes:
        context: of the command.
        messages: Kafka's sources; None: rows of the table `events` are followed.
        events: looked at.
        changed: assignments written.
        went: customers who went to another segment.
        progress: what is told of it while it goes on.
    """

    context: Context
    messages: Messages | None = None
    events: int = 0
    changed: int = 0
    went: int = 0
    progress: Progress = field(default_factory=Progress)
    _here: Context | None = None
    _live: Live | None = None
    _ledger: int = -1

    def each(self, batch: DataFrame) -> None:
        """Take in a micro-batch."""
        if self._here is None:
            self._here = self.context.in_session(batch.sparkSession)
            self._here.as_of = live_date(self._here)
        self._here.lake.look_again()
        with self.progress.batch():
            if self.messages is None:
                self._look_at(batch)
            else:
                self._take_in(self._here, self.messages, batch)
        self._tell()

    def _take_in(self, here: Context, messages: Messages, batch: DataFrame) -> None:
        """Write a micro-batch of messages, and look at who did something.

        Who is not looked at any more, as the process dies, is looked at when a stream begins: see `_opened`.
        """
        now, rejected = self.progress.now, messages.rejected
        with now.stage("taking in"):
            written = messages.take_in(here, batch)
        now.counts["rejected"] += messages.rejected - rejected
        for rows in written:
            self._look_at(rows)
        self.progress.waited(messages.oldest)

    def _look_at(self, batch: DataFrame) -> None:
        """Look at who did something: rows of `events`."""
        rows, now = batch.select(*EVENTS.column_names).persist(), self.progress.now
        try:
            now.counts["events"] += (read := rows.count())
            self.events += read
            live, some = self._renewed(), _customers(rows).persist()
            now.counts["customers"] += (looked_at := some.count())
            if looked_at:
                with now.stage("seeing"):
                    live.at_hand.see(rows)
                with now.stage("publishing"):
                    self._publish(live, some)
            some.unpersist()
        finally:
            rows.unpersist()

    def _tell(self, at_last: bool = False) -> None:
        if self._live is not None:
            self.progress.tell(self._live.context, self._live.at_hand.recent.count, at_last)

    @property
    def outcome(self) -> Outcome:
        """What came of it, for the ledger."""
        told = f"{self.changed:,} assignments changed, {self.went:,} customers went to another segment"
        if self.messages is None:
            return Outcome("", self.events, self.events, message=told)
        read, rejected, repeated = self.messages.read, self.messages.rejected, self.messages.repeated
        return Outcome("", read, read - rejected - repeated, rejected, repeated, message=told)

    def _publish(self, live: Live, some: DataFrame) -> None:
        try:
            self._count(live.publish(some))
        except OthersWrote:
            self._opened()

    def _renewed(self) -> Live:
        """What is at hand: opened when there is none, a day is over, or another champion is to be applied."""
        live = self._live
        if live is None:
            return self._opened()
        other = live.context.tracker.champion().label != live.applied.levels[0].version.label
        ended = live.context.lake.version(RUNS) != self._ledger or _asked_date(self.context) > live.context.as_of
        return self._opened() if other or ended else live

    def _opened(self) -> Live:
        """Begin with what there is, and look at everyone who did something since the day began.

        A stream before this one may have died, and of events that come before midnight some are of the next day.
        """
        context = self._here
        if context is None:
            raise SegsparkError("there is no micro-batch to open for; this is a defect of segspark's, please report it")
        for _ in range(_AGAIN):
            self._close()
            self._ledger = context.lake.latest(RUNS)
            context.lake.look_again()
            context.as_of = live_date(context)
            self._live = live = Live.opened(context)
            since, last = live.at_hand.since, context.as_of - timedelta(days=1)
            today = F.col("event_date").between(F.lit(since), F.lit(last))
            some = _customers(context.lake.read(EVENTS).where(today)).persist()
            context.reporter.say(f"as of {context.as_of}: {some.count():,} customers did something since {since}")
            try:
                self._count(live.publish(some))
            except OthersWrote:
                continue
            finally:
                some.unpersist()
            return live
        raise SegsparkError(f"others published assignments {_AGAIN} times in a row meanwhile; run it again")

    def _count(self, found: Published) -> None:
        self.changed += found.changed
        self.went += found.went
        self.progress.now.counts.update(changed=found.changed, moved=found.went)

    def end(self) -> None:
        """Tell what was not told yet, and let go of what is at hand."""
        self._tell(at_last=True)
        self._close()

    def _close(self) -> None:
        if self._live is not None:
            self._live.let_go()
            self._live = None


def live_date(context: Context) -> date:
    """The date that is not over: as asked for, and after the last assign."""
    latest = latest_of(context, "assign")
    asked = _asked_date(context)
    return asked if latest is None else max(asked, latest["as_of"] + timedelta(days=1))


def _asked_date(context: Context) -> date:
    """As given; else the day after today, in the business time zone."""
    if context.as_of != date.max:
        return context.as_of
    return datetime.now(ZoneInfo(context.config.time.business_timezone)).date() + timedelta(days=1)


def _customers(rows: DataFrame) -> DataFrame:
    return rows.groupBy("customer_id").agg(F.max("event_ts").alias("event_ts"))


@contextmanager
def _stopped_by_signals(following: Following) -> Iterator[None]:
    """Let an interrupt, or the end of a service, end the stream after the micro-batch that is being worked on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: following.stop()) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)
