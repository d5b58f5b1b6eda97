"""Stream: what the batch does every night, for the customers who just did something, within seconds."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from segspark.errors import SegsparkError
from segspark.io.streams import Following, added_rows
from segspark.steps.at_hand import fresh_and_stale
from segspark.steps.context import Context, Outcome
from segspark.steps.delivery import Courier
from segspark.steps.delivery import send_again as take_out
from segspark.steps.features import checked_plan
from segspark.steps.finished import latest_of, previous
from segspark.steps.live import Live, OthersWrote, Published, last_assigned
from segspark.steps.messages import Messages
from segspark.steps.stream_progress import Progress
from segspark.steps.triggers import Fired, Triggers, check_triggers, named_segments
from segspark.tables import EVENTS, RUNS, SEGMENTS

_AGAIN = 5  # times that a day is opened when others publish at the same time


def stream(context: Context, to_the_end: bool = False, send_again: bool = False) -> Sequence[Outcome]:
    """Follow Kafka's sources of events, or where there are none the table `events`, and keep assignments up to date.

    Args:
        context: as_of is the date that is not over; date.max: always the day after today, in the business time zone.
        to_the_end: end when all that there is now has been looked at, and what is to be sent has been sent.
        send_again: take what could not be sent out of dead_letters first, and send it anew.

    Raises:
        BadInputError: nobody was assigned to a segment yet, as_of is not after the last assign, or a trigger names what
            there is not.
    """
    last_assigned(context, _asked_date(context))
    check_triggers(context)
    if send_again:
        context.reporter.say(f"{take_out(context):,} messages that had been given up are sent again")
    settings, messages = context.config.stream, Messages.of(context)
    if messages is None:
        rows = added_rows(context.lake, EVENTS, context.lake.version(EVENTS), settings.files_per_batch)
    else:
        rows = messages.rows(context)
    followed = Followed(context, messages)
    following = Following(rows, followed.each, settings.every_seconds, to_the_end, followed.idle)
    try:
        with _stopped_by_signals(following):
            following.run()
        followed.end(to_the_end)
    finally:
        followed.close()
    context.lake.look_again()
    return [followed.outcome]


def check(context: Context) -> None:
    """Say what a stream would follow, and which features it computes; nothing is read or written.

    Raises:
        BadInputError: a trigger's condition or segment cannot be used.
    """
    messages, say = Messages.of(context), context.reporter.say
    followed = "the table events, as other jobs write it"
    if messages is not None:
        followed = f"the topics of {', '.join(source.name for source in messages.sources)}"
    say(f"follows {followed}")
    fresh, stale = fresh_and_stale(context, checked_plan(context))
    say(f"{len(fresh)} features are computed of each micro-batch; {len(stale)} are as the last batch computed them")
    for name, why in stale.items():
        say(f"  {name}: {why}")
    check_triggers(context)
    if context.lake.exists(SEGMENTS):
        named_segments(context, context.config.triggers)
    for one in context.config.triggers:
        to = ", ".join(["the table triggers", *one.to])
        say(f"trigger {one.name} ({one.kind}): to {to}; consent: {one.purpose or 'none is asked for'}")


@dataclass
class Followed:
    """A stream's micro-batches, each looked at with what is at hand, which is renewed when a day is over.

    Attributes:
        context: of the command.
        messages: Kafka's sources; None: rows of the table `events` are followed.
        events: looked at.
        changed: assignments written.
        went: customers who went to another segment.
        fired: triggers that told of a customer.
        triggers: that are declared.
        courier: who tells others of them.
        progress: what is told of it while it goes on.
    """

    context: Context
    messages: Messages | None = None
    events: int = 0
    changed: int = 0
    went: int = 0
    fired: int = 0
    triggers: Triggers = field(init=False)
    courier: Courier = field(init=False)
    progress: Progress = field(init=False)
    _here: Context | None = None
    _in_batches: bool = False  # whether that is of the micro-batches' session
    _live: Live | None = None
    _seen: dict[str, int] = field(default_factory=dict)  # versions of the ledger and the registry
    _assign: Row | None = None  # the last one that was finished

    def __post_init__(self) -> None:
        config = self.context.config
        self.triggers = Triggers(config.triggers, config.stream.late_seconds)
        self.courier = Courier(config.destinations)
        self.progress = Progress(config.stream)

    def each(self, batch: DataFrame) -> None:
        """Take in a micro-batch."""
        here = self._here if self._in_batches else None
        if here is None:  # there is nothing yet, or it began without a micro-batch, in another session
            self._close()
            here = self.context.in_session(batch.sparkSession)
            self._here, self._in_batches = here, True
            here.as_of = live_date(here)
        here.lake.look_again()
        with self.progress.batch():
            if self.messages is None:
                self._look_at(batch)
            else:
                self._take_in(here, self.messages, batch)
        self._tell()

    def idle(self) -> None:
        """Do what has to be done although nothing comes: a day is over, a wait is, messages are to be sent or noted."""
        if self._here is None:
            self._here = self.context.at(self.context.as_of)  # its date becomes that of the day
        self._here.lake.look_again()
        live = self._renewed()
        with self.progress.now.stage("triggers"):
            self._tell_of(live, self.triggers.tick(live))
        self.courier.catch_up(live.context)
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
            read, latest = rows.agg(F.count("*"), F.max("event_ts")).collect()[0]  # one row
            now.counts["events"] += read
            self.events += read
            live, some = self._renewed(), _customers(rows).persist()
            now.counts["customers"] += (looked_at := some.count())
            if looked_at:
                with now.stage("seeing"):
                    live.at_hand.see(rows)
                self._act(live, some, rows, latest)
            some.unpersist()
        finally:
            rows.unpersist()

    def _act(self, live: Live, some: DataFrame, rows: DataFrame, latest: datetime) -> None:
        """Publish what follows for some customers, and tell those who are to hear of it."""
        now = self.progress.now
        try:
            with now.stage("publishing"):
                published = live.publish(some)
        except OthersWrote:
            self._opened()
            return
        try:
            self._count(published)
            with now.stage("triggers"):
                self._tell_of(live, self.triggers.see(live, rows, latest, published))
        finally:
            published.let_go()

    def _tell_of(self, live: Live, fired: Fired) -> None:
        now = self.progress.now
        self.fired += fired.told
        now.counts.update(fired=fired.told, held_back=fired.held_back)
        if fired.rows is None:
            return
        if fired.told:
            with now.stage("sending"):
                self.courier.hand(live.context, fired.rows)
        fired.rows.unpersist()

    def _tell(self, at_last: bool = False) -> None:
        if self._live is None:
            return
        now, courier = self.progress.now, self.courier
        now.counts.update(sent=courier.sent, dead=courier.dead)
        courier.sent, courier.dead = 0, 0
        if self.progress.due(at_last):
            if self.messages is not None:
                self.messages.record(self._live.context.in_silence())
            courier.note(self._live.context)
            if not at_last:
                courier.catch_up(self._live.context)
            self.progress.tell(self._live.context, self._live.at_hand.recent.count)

    @property
    def outcome(self) -> Outcome:
        """What came of it, for the ledger."""
        told = f"{self.changed:,} assignments changed, {self.went:,} customers went to another segment"
        told += f", {self.fired:,} triggers" if self.triggers.asked else ""
        if self.messages is None:
            return Outcome("", self.events, self.events, message=told)
        read, rejected, repeated = self.messages.read, self.messages.rejected, self.messages.repeated
        return Outcome("", read, read - rejected - repeated, rejected, repeated, message=told)

    def _renewed(self) -> Live:
        """What is at hand: opened when there is none, a day is over, or another champion is to be applied."""
        live = self._live
        if live is None:
            return self._opened()
        other = live.context.tracker.champion().label != live.applied.levels[0].version.label
        over = _asked_date(self.context) > live.context.as_of
        return self._opened() if other or over or self._others_did(live.context) else live

    def _others_did(self, context: Context) -> bool:
        """Whether somebody else assigned, or changed segments, since the day was opened."""
        now = {table.name: context.lake.version(table) for table in (RUNS, SEGMENTS)}
        before, self._seen = self._seen, now
        if now[SEGMENTS.name] != before.get(SEGMENTS.name):
            return True
        return now[RUNS.name] != before.get(RUNS.name) and latest_of(context, "assign") != self._assign

    def _opened(self) -> Live:
        """Begin with what there is, and look at everyone who did something since the day began.

        A stream before this one may have died, and of events that come before midnight some are of the next day.
        """
        context = self._here
        if context is None:
            raise SegsparkError("there is no micro-batch to open for; this is a defect of segspark's, please report it")
        for _ in range(_AGAIN):
            self._close()
            context.lake.look_again()
            context.as_of = live_date(context)
            self._live = live = Live.opened(context)
            self._assign = latest_of(context, "assign")
            self._seen = {table.name: context.lake.version(table) for table in (RUNS, SEGMENTS)}
            since, last = live.at_hand.since, context.as_of - timedelta(days=1)
            today = F.col("event_date").between(F.lit(since), F.lit(last))
            some = _customers(context.lake.read(EVENTS).where(today)).persist()
            context.reporter.say(f"as of {context.as_of}: {some.count():,} customers did something since {since}")
            try:
                published = live.publish(some)
            except OthersWrote:
                continue
            finally:
                some.unpersist()
            self._count(published)
            published.let_go()
            with self.progress.now.stage("triggers"):
                self._tell_of(live, self.triggers.open(live, previous(context.at(live.at_hand.before))))
            return live
        raise SegsparkError(f"others published assignments {_AGAIN} times in a row meanwhile; run it again")

    def _count(self, found: Published) -> None:
        self.changed += found.changed
        self.went += found.went
        self.progress.now.counts.update(changed=found.changed, moved=found.went)

    def end(self, all_of_it: bool) -> None:
        """Wait for what is being sent, or for all that is to be sent, and tell what was not told yet."""
        if self._live is not None and all_of_it:
            self.courier.finish(self._live.context)
        self.courier.close()
        self._tell(at_last=True)

    def close(self) -> None:
        """Let go of what is at hand, and of connections and ports."""
        self.courier.close()
        self.triggers.let_go()
        self.progress.close()
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
