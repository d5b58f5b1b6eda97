"""History: who was in which segment at a past date, and who went where between two dates, from membership events."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def membership_at(events: DataFrame, as_of: date) -> DataFrame:
    """The own segment of every customer as it was after the last assign at or before a date.

    Of each customer the latest event counts: by as_of, then by sequence, of which events of before there was one have
    none and come first. Who left has no row.

    Args:
        events: the segment_membership_events table; events of overlays are left out.
        as_of: date in the business time zone.

    Returns:
        One row per customer_id: segment_id.

    Examples:
        >>> rows = [("a", "s", "entry", date(2026, 1, 1), 1), ("a", "t", "move", date(2026, 2, 1), 2),
        ...     ("b", "s", "entry", date(2026, 1, 1), 1), ("b", "s", "exit", date(2026, 2, 1), 2)]
        >>> names = "customer_id string, segment_id string, event_type string, as_of date, sequence bigint"
        >>> events = spark.createDataFrame(rows, names).selectExpr("*", "false AS overlay")
        >>> sorted(tuple(row) for row in membership_at(events, date(2026, 1, 31)).collect())
        [('a', 's'), ('b', 's')]
        >>> sorted(tuple(row) for row in membership_at(events, date(2026, 2, 1)).collect())
        [('a', 't')]
    """
    told = own_events(events).where(F.col("as_of") <= F.lit(as_of))
    # The type only decides between events of before there was a sequence: a move comes after an entry.
    latest = F.max(F.struct("as_of", "sequence", "event_type", "segment_id"))
    found = told.groupBy("customer_id").agg(latest.alias("last"))
    return found.where("last.event_type <> 'exit'").select("customer_id", "last.segment_id")


def migrations(before: DataFrame, after: DataFrame) -> DataFrame:
    """How many customers went from which segment to which.

    Args:
        before: membership at the earlier date, one row per customer_id: segment_id.
        after: at the later date.

    Returns:
        One row per from_segment_id and to_segment_id: customers. Who was in none, or is in none any more, is in ''.

    Examples:
        >>> before = spark.createDataFrame([("a", "s"), ("b", "s")], "customer_id string, segment_id string")
        >>> after = spark.createDataFrame([("b", "t"), ("c", "t")], "customer_id string, segment_id string")
        >>> sorted(tuple(row) for row in migrations(before, after).collect())
        [('', 't', 1), ('s', '', 1), ('s', 't', 1)]
    """
    then = before.select("customer_id", F.col("segment_id").alias("_from"))
    now = after.select("customer_id", F.col("segment_id").alias("_to"))
    ways = (F.coalesce(f"_{end}", F.lit("")).alias(f"{end}_segment_id") for end in ("from", "to"))
    return then.join(now, on="customer_id", how="full").groupBy(*ways).agg(F.count("*").alias("customers"))


def causes(events: DataFrame, after: date, until: date) -> DataFrame:
    """Events later than a date and up to another, by type and cause; what has no cause is of cause ''.

    Returns:
        One row per event_type and cause: events.
    """
    between = own_events(events).where((F.col("as_of") > F.lit(after)) & (F.col("as_of") <= F.lit(until)))
    cause = F.coalesce("cause", F.lit("")).alias("cause")
    return between.groupBy("event_type", cause).agg(F.count("*").alias("events"))


def own_events(events: DataFrame) -> DataFrame:
    """Those that are not about an overlay segment."""
    return events.where(~F.coalesce("overlay", F.lit(False)))
