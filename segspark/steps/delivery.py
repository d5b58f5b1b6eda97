"""Delivery: what triggers told is sent to those who are to be told, and it is noted where it arrived and where not."""

import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.activation.messages import messages
from segspark.config.triggers import Destinations, Topic
from segspark.errors import SegsparkError
from segspark.io.kafka import send
from segspark.io.webhooks import Delivery, Message, Postman
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import DEAD_LETTERS, DELIVERIES, TRIGGERS, Table

_WAITING = 10_000  # messages that wait for a webhook; more stay in the table until there is room
_LOOK_SECONDS = 0.1
_DAYS = 7  # what was found earlier is not sent any more


@dataclass
class Courier:
    """Sends what triggers told: to topics at once, to webhooks in threads that nothing waits for.

    A message may arrive more than once, with the same id: what arrived is noted every now and then, and what was not
    noted when a process died is sent again by the next.

    Attributes:
        destinations: by name.
        sent: messages that arrived, since they were last noted.
        dead: those that were given up.
    """

    destinations: Destinations
    sent: int = 0
    dead: int = 0
    _behind: bool = True  # another process may have left something
    _postmen: dict[str, Postman] = field(default_factory=dict)
    _under_way: set[tuple[str, str]] = field(default_factory=set)  # destination and id, until it is noted
    _ended: list[tuple[str, Delivery, datetime]] = field(default_factory=list)
    _frames: list[tuple[Table, DataFrame]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._postmen = {name: Postman(hook) for name, hook in self.destinations.webhooks.items()}

    def hand(self, context: Context, rows: DataFrame) -> None:
        """Send rows of the table triggers to all who are to hear of them.

        Args:
            context: of the day.
            rows: at hand.
        """
        names = {one.segment_id: one.name for one in segments_now(context)}
        for name, topic in self.destinations.topics.items():
            self._write(name, topic, messages(_to(rows, name), names))
        for name, postman in self._postmen.items():
            self._post(name, postman, messages(_to(rows, name), names))

    def catch_up(self, context: Context) -> None:
        """Send what is in the table and neither arrived nor was given up, when there is room for it."""
        if not self._behind or self._under_way:
            return
        self._behind = False
        since = F.lit(datetime.now(UTC) - timedelta(days=_DAYS))
        rows = context.lake.read(TRIGGERS).where((F.col("fired_at") > since) & (F.size("destinations") > 0))
        ended = [context.lake.read(table).select("trigger_id", "destination") for table in (DELIVERIES, DEAD_LETTERS)]
        each = rows.withColumn("destination", F.explode("destinations"))
        left = each.join(reduce(DataFrame.unionByName, ended), on=["trigger_id", "destination"], how="left_anti")
        left = left.withColumn("destinations", F.array("destination")).persist()
        if not left.isEmpty():
            self.hand(context, left)
        left.unpersist()

    def note(self, context: Context) -> None:
        """Write what arrived and what was given up since the last time."""
        with self._lock:
            ended, self._ended = self._ended, []
            frames, self._frames = self._frames, []
        rows: dict[Table, list[DataFrame]] = {DELIVERIES: [], DEAD_LETTERS: []}
        for table, frame in frames:
            rows[table].append(frame)
        arrived = [(one.id, name, one.attempts, one.status, at) for name, one, at in ended if one.delivered]
        failed = [
            (one.id, name, one.attempts, one.status, one.reason, at) for name, one, at in ended if not one.delivered
        ]
        for table, some in ((DELIVERIES, arrived), (DEAD_LETTERS, failed)):
            all_ = [*rows[table], *([context.lake.frame(table, some)] if some else [])]
            if all_:
                context.writer(context.attempt_id).append(table, reduce(DataFrame.unionByName, all_))
        if failed:
            context.reporter.warn(
                f"{len(failed):,} messages were given up, the last one to {failed[-1][1]}: {failed[-1][4]}; they are "
                "in dead_letters, and segspark stream --send-again sends them anew"
            )
        with self._lock:
            self._under_way -= {(name, one.id) for name, one, _ in ended}

    def finish(self, context: Context) -> None:
        """Wait until everything that is in the table was sent, or given up."""
        while self._behind or self._under_way:
            while len(self._ended) < len(self._under_way):
                time.sleep(_LOOK_SECONDS)
            self.note(context)
            self.catch_up(context)

    def close(self) -> None:
        """Wait for what is being sent; what has not begun is left to the next stream."""
        for postman in self._postmen.values():
            postman.close(cancel=True)

    def _write(self, name: str, topic: Topic, rows: DataFrame) -> None:
        number = rows.count()
        if not number:
            return
        key, value = F.col("customer_id").cast("binary"), F.col("body").cast("binary")
        identity = F.struct(F.lit("webhook-id").alias("key"), F.col("trigger_id").cast("binary").alias("value"))
        said = rows.select(key.alias("key"), value.alias("value"), F.array(identity).alias("headers"))
        table, reason = DELIVERIES, ""
        try:
            send(said, topic.topic, topic.options)
            self.sent += number
        except SegsparkError as error:
            table, reason = DEAD_LETTERS, str(error)
            self.dead += number
        self._frames.append((table, _ended(rows, table, name, reason).localCheckpoint()))

    def _post(self, name: str, postman: Postman, rows: DataFrame) -> None:
        with self._lock:
            room = _WAITING - len(self._under_way)
        found = rows.take(room + 1)  # at most as many as may wait
        self._behind |= len(found) > room
        for row in found[:room]:
            key = (name, row["trigger_id"])
            with self._lock:
                if key in self._under_way:
                    continue
                self._under_way.add(key)
            future = postman.send(Message(row["trigger_id"], json.loads(row["body"])))
            future.add_done_callback(partial(self._done, name))

    def _done(self, name: str, future: "Future[Delivery]") -> None:
        if future.cancelled():
            return
        delivery = future.result()
        with self._lock:
            self._ended.append((name, delivery, datetime.now(UTC)))
            self.sent += delivery.delivered
            self.dead += not delivery.delivered


def send_again(context: Context) -> int:
    """Take what was given up out of dead_letters, so that a stream sends it anew; and return how much that is."""
    rows = context.lake.read(DEAD_LETTERS).withColumn("_change", F.lit("delete"))
    return context.writer(context.attempt_id).apply(DEAD_LETTERS, rows).deleted


def _to(rows: DataFrame, name: str) -> DataFrame:
    return rows.where(F.array_contains("destinations", name))


def _ended(rows: DataFrame, table: Table, name: str, reason: str) -> DataFrame:
    """What became of messages that were written together."""
    facts: dict[str, Column] = {
        "destination": F.lit(name), "attempts": F.lit(1), "status": F.lit(None).cast("int"), "reason": F.lit(reason),
        "delivered_at": F.lit(datetime.now(UTC)), "failed_at": F.lit(datetime.now(UTC)),
    }  # fmt: skip
    return rows.withColumns(facts).select(*table.column_names)
