"""Messages of Kafka topics: from the offsets that were recorded to the ends found now, and no further."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config import Source
from segspark.errors import BadInputError, SegsparkError
from segspark.io.batch import Batch
from segspark.io.secrets import first_words, revealed, without_secrets

Offsets = dict[tuple[str, int], int]  # topic and partition: offset

GONE = "gone"  # the position of a partition that is there no more
CORRUPT = "_corrupt_record"  # the value where it is not JSON, as for files
_COLUMNS = ("key", "value", "topic", "partition", "offset", "timestamp")
_DECIDED = re.compile(r"assign|subscribepattern|starting.*|ending.*|m(ax|in)offsetspertrigger|maxtriggerdelay", re.I)
# Asking for offsets, not reading: a broker that does not answer is told of in half a minute, not in three.
_PATIENCE = {
    "kafka.request.timeout.ms": "10000",
    "kafka.default.api.timeout.ms": "20000",
    "fetchOffset.numRetries": "1",
}
# A stream that waits for a broker moves nobody meanwhile.
_SOON = {"max.block.ms": "10000", "request.timeout.ms": "5000", "delivery.timeout.ms": "15000", "acks": "all"}
# Nothing is enough to be read: then the source tells its first offsets and its ends, and reads no message.
_NOTHING = {"startingOffsets": "earliest", "minOffsetsPerTrigger": str(2**62), "maxTriggerDelay": "36500d"}
_ADVICE = (
    (r"Failed to find.*kafka|DATA_SOURCE_NOT_FOUND", "start the session with the package spark-sql-kafka-0-10"),
    (r"UnknownTopic|does not host|topic.*not.*exist", "no such topic: check options.subscribe"),
    (r"Authoriz", "the user needs the right to read these topics"),
    (
        r"Authentic|Sasl|SSL|login|jaas",
        "check the user and the settings kafka.sasl.* and kafka.ssl.* in options",
    ),
    (r"time.?out|timed out|disconnect|AdminClient", "check options: kafka.bootstrap.servers, and that it runs"),
)


@dataclass(frozen=True)
class Ends:
    """The first offset that each partition still has, and the one that its next message will get."""

    first: Offsets
    next: Offsets


def new_rows(spark: SparkSession, source: Source, known: Mapping[str, str]) -> Batch:
    """The messages since the offsets that were recorded; of a new partition all that it still has.

    Columns: key and value as text, topic, partition, offset, timestamp; where the source has a schema also the fields
    of the value, and `_corrupt_record` with a value that is not JSON. That a topic was deleted and made again under its
    name is noticed only where it is shorter than what was read of it.

    Args:
        known: item `topic/partition`: the offset after the last one read.

    Raises:
        BadInputError: Kafka cannot be reached, a topic is missing, or messages expired before they were read.
    """
    _refuse_decided(source)
    try:
        ends = _ends(spark, source)
        start, gone, notes = _start(source, ends, _parsed(known))
        wanted = {place: end for place, end in ends.next.items() if start[place] < end}
        rows = (_messages(spark, source, start, wanted),) if wanted else ()
    except (PySparkException, Py4JError) as error:
        # Not chained: Kafka's own words may hold the configuration with its passwords.
        raise BadInputError([f"source {source.name}: {_why(error, source)}"]) from None
    positions = {f"{topic}/{partition}": str(end) for (topic, partition), end in sorted(ends.next.items())}
    return Batch(rows, positions | {f"{topic}/{partition}": GONE for topic, partition in gone}, notes)


def live_rows(spark: SparkSession, source: Source, known: Mapping[str, str], at_a_time: int) -> DataFrame:
    """The messages since the offsets that were recorded, and all that come, as a stream: see `as_rows`.

    Args:
        spark: the session.
        source: of messages.
        known: item `topic/partition`: the offset after the last one read.
        at_a_time: messages that a micro-batch reads at most.

    Raises:
        BadInputError: as `new_rows` does.
    """
    _refuse_decided(source)
    try:
        ends = _ends(spark, source)
        start, _, _ = _start(source, ends, _parsed(known))
        options = revealed(source.options) | {
            "startingOffsets": _json(start),
            "maxOffsetsPerTrigger": str(at_a_time),
            "failOnDataLoss": "true",  # what is lost from now on must not be lost silently
        }
        return spark.readStream.format("kafka").options(**options).load().select(*_COLUMNS)
    except (PySparkException, Py4JError) as error:
        raise BadInputError([f"source {source.name}: {_why(error, source)}"]) from None


def as_rows(messages: DataFrame, source: Source) -> DataFrame:
    """Messages of Kafka, with texts for bytes and the fields of the source's schema, as `new_rows` has them."""
    texts = [F.col(name).cast("string").alias(name) if name in ("key", "value") else F.col(name) for name in _COLUMNS]
    rows = messages.select(*texts)
    return rows if source.schema_ is None else _with_fields(rows, source)


def _refuse_decided(source: Source) -> None:
    decided = sorted(key for key in source.options if _DECIDED.fullmatch(key))
    if decided:
        said = f"options.{decided[0]}: segspark decides where to start and to end; leave it out"
        raise BadInputError([f"source {source.name}: {said}"])


def _ends(spark: SparkSession, source: Source) -> Ends:
    """Asked by Spark itself, with the source's own settings: no other Kafka client is needed."""
    options = _PATIENCE | revealed(source.options) | _NOTHING | {"failOnDataLoss": "false"}
    stream = spark.readStream.format("kafka").options(**options).load()
    query = stream.writeStream.format("noop").trigger(availableNow=True).start()
    try:
        query.awaitTermination()
        progress = query.recentProgress[0]["sources"][0]
    finally:
        query.stop()
    first, ends = _offsets(progress["endOffset"]), _offsets(progress["latestOffset"])
    return Ends(first, {place: end for place, end in ends.items() if place in first})  # one may be added in between


def _offsets(said: str | Mapping[str, Mapping[str, int]]) -> Offsets:
    topics = json.loads(said) if isinstance(said, str) else said
    return {(topic, int(partition)): at for topic, offsets in topics.items() for partition, at in offsets.items()}


def _parsed(known: Mapping[str, str]) -> Offsets:
    places = {item: item.rpartition("/") for item, position in known.items() if position != GONE}
    return {(topic, int(partition)): int(known[item]) for item, (topic, _, partition) in places.items()}


def _start(source: Source, ends: Ends, known: Offsets) -> tuple[Offsets, list[tuple[str, int]], tuple[str, ...]]:
    """Where to start in each partition, and which are gone; lost messages are an error, or notes if so wanted."""
    topics = {topic for topic, _ in ends.next}
    lost = {place: _lost(place, at, ends) for place, at in sorted(known.items()) if place[0] in topics}
    lost = {place: said for place, said in lost.items() if said}
    if lost and str(source.options.get("failOnDataLoss", "true")).lower() != "false":
        advice = "to go on with what is left, set options.failOnDataLoss: false for one run"
        raise BadInputError(f"source {source.name}: {said}; {advice}" for said in lost.values())
    start = {place: first if place in lost else known.get(place, first) for place, first in ends.first.items()}
    return start, [place for place in lost if place not in ends.next], tuple(lost.values())


def _lost(place: tuple[str, int], at: int, ends: Ends) -> str:
    topic, partition = place
    read = f"topic {topic}, partition {partition} was read to offset {at}"
    if place not in ends.next:
        return f"{read} and is gone: was the topic made again?"
    if at > ends.next[place]:
        return f"{read} but ends at {ends.next[place]}: was the topic made again?"
    if at < ends.first[place]:
        return f"{read} but starts at {ends.first[place]}: messages expired before they were read"
    return ""


def _messages(spark: SparkSession, source: Source, start: Offsets, end: Offsets) -> DataFrame:
    options = revealed({key: value for key, value in source.options.items() if key.lower() != "subscribe"})
    pinned = {
        "assign": json.dumps({topic: sorted(p for t, p in end if t == topic) for topic, _ in end}),
        "startingOffsets": _json({place: start[place] for place in end}),
        "endingOffsets": _json(end),
        "failOnDataLoss": "true",  # what is lost from now on must not be lost silently
    }
    return as_rows(spark.read.format("kafka").options(**(options | pinned)).load(), source)


def _json(offsets: Offsets) -> str:
    return json.dumps({topic: {str(p): at for (t, p), at in offsets.items() if t == topic} for topic, _ in offsets})


def _with_fields(rows: DataFrame, source: Source) -> DataFrame:
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
    value = F.from_json("value", f"{source.schema_}, `{CORRUPT}` STRING", options)
    parsed = rows.withColumn("_parsed", value)
    names = parsed.select("_parsed.*").columns
    taken = [name for name in names if name.lower() in _COLUMNS]
    if taken:
        said = f"schema: every message has its own {taken[0]}; leave the field out and map it from the text"
        how = f"get_json_object(value, '$.{taken[0]}')"
        raise BadInputError([f"source {source.name}: {said}: {how}"])
    return parsed.select(*_COLUMNS, *[F.col(f"_parsed.{quoted(name)}") for name in names])


def _why(error: Exception, source: Source) -> str:
    text = str(error)
    advice = (advice for words, advice in _ADVICE if re.search(words, text, re.IGNORECASE))
    what = next(advice, "check options")
    said = f"{source.options['subscribe']} cannot be read from Kafka: {first_words(error)}; {what}"
    return without_secrets(said, source.options)


def send(messages: DataFrame, topic: str, options: Mapping[str, str]) -> None:
    """Write messages to a topic; one that was written may be written again, if the process dies before it is noted.

    Args:
        messages: key, value, and `headers` as Spark has them.
        topic: its name.
        options: Kafka's settings, with references for secrets.

    Raises:
        SegsparkError: the topic could not be written to; with no secret in the words.
    """
    settings = {f"kafka.{name}": value for name, value in _SOON.items()} | revealed(options)
    try:
        messages.write.format("kafka").options(**settings, topic=topic, includeHeaders="true").save()
    except (PySparkException, Py4JError) as error:
        raise SegsparkError(without_secrets(f"{topic} cannot be written to: {first_words(error)}", options)) from None
