"""Sessions: visits of customers whose source names none, cut where nothing happens for a while.

A session is a customer's events in one channel, each within the gap of the one before. Its id is made of a hash of
customer and channel and of the instant of its first event, so that it is the same however the events arrived.
"""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.columns import text_literal

PREFIX = "auto-"
VISITOR = ("source_customer_id", "channel")


def needs_session(channels: list[str]) -> SparkColumn:
    """Whether an event is of a channel that has sessions and came without one."""
    return F.col("channel").isin(*channels) & F.expr(given_session()).isNull()


def given_session() -> str:
    """The session that the source gave, as Spark SQL; null where it gave none."""
    return f"CASE WHEN NOT startswith(session_id, {text_literal(PREFIX)}) THEN session_id END"


def sessionised(events: DataFrame, gap_minutes: int) -> DataFrame:
    """Give each event the session that it belongs to.

    Args:
        events: source_customer_id, channel, event_ts, event_id, session_id, and whatever else. Besides new events all
            stored ones of the same visitors within the gap, and those in between; the first of a visitor may be in the
            middle of its session: then its session_id tells the start.
        gap_minutes: inactivity that ends a session.

    Returns:
        The events, with `session_id` replaced.

    Examples:
        >>> events = spark.sql('''SELECT id AS event_id, 'c' AS source_customer_id, 'web' AS channel,
        ...     timestamp_seconds(m * 60) AS event_ts, CAST(NULL AS STRING) AS session_id
        ...     FROM VALUES (1, 0), (2, 30), (3, 61) AS t(id, m)''')
        >>> rows = sessionised(events, 30).orderBy("event_id").collect()
        >>> [row["session_id"].rpartition("-")[2] for row in rows]
        ['0', '0', '3660000000']
    """
    visits = Window.partitionBy(*VISITOR).orderBy("event_ts", "event_id")
    before = F.lag(F.unix_micros("event_ts")).over(visits)
    now = F.unix_micros("event_ts")
    known = F.when(F.col("session_id").startswith(PREFIX), F.substring_index("session_id", "-", -1).try_cast("bigint"))
    start = F.when(before.isNull(), F.coalesce(known, now)).when(now - before > gap_minutes * 60_000_000, now)
    visitor = F.lower(F.hex(F.xxhash64(*VISITOR)))
    session = F.concat(
        F.lit(PREFIX),
        visitor,
        F.lit("-"),
        F.last("_start", ignorenulls=True).over(visits.rowsBetween(Window.unboundedPreceding, 0)).cast("string"),
    )
    return events.withColumn("_start", start).withColumn("session_id", session).drop("_start")
