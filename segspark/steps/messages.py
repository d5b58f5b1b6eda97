"""Messages: a stream's micro-batches of Kafka's sources, taken into the tables as a batch would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.config import Source
from segspark.errors import BadInputError
from segspark.ingest.mapping import mapping_problems
from segspark.io.batch import Batch
from segspark.io.failures import RowFailure
from segspark.io.kafka import as_rows, live_rows
from segspark.io.lake import UNWRITTEN
from segspark.steps.context import Context, Outcome
from segspark.steps.ingest import Later, take_in
from segspark.steps.opening import Opened, positions_now
from segspark.steps.poison import without_poisoned
from segspark.tables import EVENTS, INGEST_POSITIONS

_SOURCE = "_source"


@dataclass
class Messages:
    """The sources of events that are topics of Kafka.

    Attributes:
        sources: of them.
        read: messages that were taken in.
        rejected: those of them that were put into quarantine.
        repeated: those of them that were there already, or twice.
        oldest: when the first message of the last micro-batch was written to its topic.
    """

    sources: Sequence[Source]
    read: int = 0
    rejected: int = 0
    repeated: int = 0
    oldest: datetime | None = None
    _later: Later = field(default_factory=Later)
    _known: tuple[int, dict[str, dict[str, str]]] = (UNWRITTEN, {})  # version of ingest_positions, and what it says
    _own: dict[str, dict[str, str]] = field(default_factory=dict)  # how far this stream has read

    @classmethod
    def of(cls, context: Context) -> "Messages | None":
        """Those of the configuration; None where it has none."""
        found = [source for _, source in context.config.sources.all() if source.format == "kafka"]
        found = [source for source in found if source in context.config.sources.events]
        return cls([_going_on(source) for source in found]) if found else None

    def rows(self, context: Context) -> DataFrame:
        """All that comes, as one stream, from where a batch or an earlier stream ended.

        Raises:
            BadInputError: a source cannot be read, or its mapping does not fit.
        """
        known, at_a_time = positions_now(context), context.config.stream.events_per_batch
        each, problems = [], []
        for source in self.sources:
            rows = live_rows(context.spark, source, known.get(source.name, ({}, ""))[0], at_a_time)
            problems += mapping_problems(as_rows(rows, source), EVENTS, source)
            each.append(rows.withColumn(_SOURCE, F.lit(source.name)))
        if problems:
            raise BadInputError(problems)
        return reduce(DataFrame.unionByName, each)

    def take_in(self, context: Context, batch: DataFrame) -> list[DataFrame]:
        """Write a micro-batch's events; what is not acceptable goes to quarantine.

        Args:
            context: in the micro-batch's session.
            batch: of the stream.

        Returns:
            The rows of `events` that were written, at hand; none or one frame.
        """
        silent = context.in_silence()
        known = self._positions(silent)
        written: list[DataFrame] = []
        rows, self.oldest = _unread(batch, known).persist(), None
        try:
            opened = [self._opened(source, rows, known.get(source.name, {})) for source in self.sources]
            opened = [one for one in opened if one.batch.rows]
            outcomes = self._taken_in(silent, opened, written) if opened else []
        finally:
            rows.unpersist()
        self._own |= {one.source.name: dict(one.batch.positions) for one in opened}
        self.read += sum(one.rows_read for one in outcomes)
        self.rejected += sum(one.rows_quarantined for one in outcomes)
        self.repeated += sum(one.rows_deduplicated for one in outcomes)
        return written

    def record(self, context: Context) -> None:
        """Write what was found in the messages since the last time, and how far they were read."""
        self._later.record(context)

    def _positions(self, context: Context) -> dict[str, dict[str, str]]:
        """How far each source has been read, by this stream or by others."""
        version = context.lake.version(INGEST_POSITIONS)
        if self._known[0] != version:
            told = {source: places for source, (places, _) in positions_now(context).items()}
            self._known = version, told
        return {
            **self._known[1],
            **{name: _furthest(self._known[1].get(name, {}), own) for name, own in self._own.items()},
        }

    def _taken_in(self, context: Context, opened: list[Opened], written: list[DataFrame]) -> Sequence[Outcome]:
        """Write them; what makes an expression fail is set apart first, and the rest is written without it."""

        def told(changed: DataFrame) -> None:
            written.append(changed.localCheckpoint())

        try:
            return take_in(context, opened, told, self._later)
        except RowFailure:  # before anything was written
            sound = []
            for one in opened:
                rest, apart = without_poisoned(context, one)
                self.read += apart
                self.rejected += apart
                sound.append(rest)
            return take_in(context, sound, told, self._later)

    def _opened(self, source: Source, rows: DataFrame, known: dict[str, str]) -> Opened:
        own = rows.where(F.col(_SOURCE) == source.name)
        facts = [F.max("offset").alias("last"), F.min("timestamp").alias("oldest")]
        ends = own.groupBy("topic", "partition").agg(*facts).collect()  # as many as partitions
        times = [row["oldest"] for row in ends] + ([self.oldest] if self.oldest else [])
        self.oldest = min(times, default=None)
        positions = {f"{row['topic']}/{row['partition']}": str(row["last"] + 1) for row in ends}
        given = (as_rows(own, source),) if ends else ()
        return Opened(EVENTS, source, Batch(given, known | positions))


def _unread(batch: DataFrame, known: dict[str, dict[str, str]]) -> DataFrame:
    """Without what a batch or an earlier stream has read: the query begins where these ended when it began."""
    read = [(source, item, int(at)) for source, places in known.items() for item, at in places.items() if at.isdigit()]
    if not read:
        return batch
    spark: SparkSession = batch.sparkSession
    ends = spark.createDataFrame(read, f"{_SOURCE} STRING, _item STRING, _next BIGINT")
    item = F.concat_ws("/", "topic", F.col("partition").cast("string"))
    found = batch.withColumn("_item", item).join(F.broadcast(ends), on=[_SOURCE, "_item"], how="left")
    return found.where("offset >= coalesce(_next, 0)").drop("_item", "_next")


def _furthest(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Of two positions in each partition the later; one that is gone is told by the first."""
    numbers = {item: at for item, at in one.items() if at.isdigit()}
    return {**other, **one, **{item: max(numbers[item], other[item], key=int) for item in numbers.keys() & other.keys()
                               if other[item].isdigit()}}  # fmt: skip


def _going_on(source: Source) -> Source:
    """A rule that would refuse a batch rejects a row: a stream has to go on."""
    rules = [
        rule.model_copy(update={"severity": "reject"}) if rule.severity == "fail" else rule for rule in source.rules
    ]
    return source.model_copy(update={"rules": rules})
