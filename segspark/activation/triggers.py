"""Triggers: what happened to customers of which somebody is to hear, and what is held back.

A candidate is one row per thing that happened: `trigger`, `customer_id`, `key` (what happened, unique within trigger
and customer), `event_id` (null where no event stands for it), `segment_id`, `previous_segment_id` (of a move; null
otherwise), `occurred_at`.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

CANDIDATE = ("trigger", "customer_id", "key", "event_id", "segment_id", "previous_segment_id", "occurred_at")
HIT, START, END = "hit", "start", "end"
_NONE = "CAST(NULL AS STRING)"


def roles(rows: DataFrame, conditions: Mapping[tuple[str, str], str]) -> DataFrame:
    """What events are to triggers: one row per event, trigger and role that it has.

    Args:
        rows: of the table events.
        conditions: by trigger and role: `hit`; `start` of a wait, or `end`, which ends a wait without anything told.

    Returns:
        trigger, role, customer_id, event_id, event_ts.

    Examples:
        >>> log = spark.sql("SELECT 'e1' AS event_id, 'c' AS customer_id, TIMESTAMP'2026-01-01 10:00' AS event_ts, "
        ...     "'purchase' AS event_type, 250.0 AS amount")
        >>> found = roles(log, {("big", HIT): "amount > 200", ("cart", START): "event_type = 'add_to_cart'",
        ...     ("cart", END): "event_type = 'purchase'"})
        >>> [(row.trigger, row.role) for row in found.collect()]
        [('big', 'hit'), ('cart', 'end')]
    """
    return rows.select(
        F.explode(_met(conditions, ("trigger", "role"))).alias("_met"), "customer_id", "event_id", "event_ts"
    ).select("_met.*", "customer_id", "event_id", "event_ts")


def hits(found: DataFrame) -> DataFrame:
    """The candidates of events that meet a trigger's condition.

    Args:
        found: as `roles` returns it.
    """
    return found.where(F.col("role") == HIT).selectExpr(
        "trigger", "customer_id", "event_id AS key", "event_id", f"{_NONE} AS segment_id",
        f"{_NONE} AS previous_segment_id", "event_ts AS occurred_at",
    )  # fmt: skip


def waited(found: DataFrame, minutes: Mapping[str, float]) -> DataFrame:
    """The candidates of waits that nothing ended: after a start neither another start came in time, nor an end.

    Args:
        found: as `roles` returns it, with `seen`, a number that grows: of an event that was written again the
            latest counts.
        minutes: by trigger: how long is waited. An event at the very end of it ends the wait.

    Returns:
        Candidates that occur when the wait is over, be that in the past or the future.

    Examples:
        >>> log = spark.sql("SELECT 'cart' AS trigger, col1 AS role, 'c' AS customer_id, col1 || col2 AS event_id, "
        ...     "timestamp_seconds(60 * col2) AS event_ts, 1 AS seen "
        ...     "FROM VALUES ('start', 0), ('start', 10), ('end', 40), ('start', 50), ('end', 81)")
        >>> [row.event_id for row in waited(log, {"cart": 30}).collect()]
        ['start50']
    """
    newest = F.max_by(F.struct("customer_id", "role", "event_ts"), "seen").alias("_event")
    events = found.where(F.col("role") != HIT).groupBy("trigger", "event_id").agg(newest).select(
        "trigger", "event_id", "_event.*"
    )  # fmt: skip
    starts = F.col("role") == START
    order = Window.partitionBy("trigger", "customer_id").orderBy("event_ts", starts.desc(), "event_id")
    due = F.col("event_ts") + F.make_dt_interval(secs=_looked_up(minutes, 60).cast("decimal(18,6)"))
    followed = F.lead("event_ts").over(order)
    both = events.select("*", due.alias("occurred_at"), followed.alias("_next"), starts.alias("_starts"))
    return both.where("_starts AND (_next IS NULL OR _next > occurred_at)").selectExpr(
        "trigger", "customer_id", "event_id AS key", "event_id", f"{_NONE} AS segment_id",
        f"{_NONE} AS previous_segment_id", "occurred_at",
    )  # fmt: skip


def went(
    moves: DataFrame, as_of: date, entered: Mapping[str, Collection[str]], left: Mapping[str, Collection[str]]
) -> DataFrame:
    """The candidates of customers who entered or left segments: each segment at most once a date.

    Args:
        moves: rows with these columns of segment_membership_events: customer_id, segment_id, previous_segment_id,
            event_type, event_ts.
        as_of: of the moves.
        entered: by trigger: ids of segments; none: any.
        left: the same.

    Examples:
        >>> moves = spark.sql("SELECT 'c' AS customer_id, 's2' AS segment_id, 's1' AS previous_segment_id, "
        ...     "'move' AS event_type, TIMESTAMP'2026-01-01 10:00' AS event_ts")
        >>> found = went(moves, date(2026, 1, 2), {"in": ["s2"], "other": ["s3"]}, {"out": []})
        >>> [(row.trigger, row.key) for row in found.collect()]
        [('in', 's2 2026-01-02'), ('out', 's1 2026-01-02')]
    """
    to = F.when(F.col("event_type") != "exit", F.col("segment_id"))
    out_of = F.when(F.col("event_type") == "exit", F.col("segment_id")).otherwise(F.col("previous_segment_id"))
    told = [_among(to, name, ids) for name, ids in sorted(entered.items())]
    told += [_among(out_of, name, ids) for name, ids in sorted(left.items())]
    both = moves.withColumns({"_to": to, "_from": out_of}).select(
        "*", F.explode(F.array_compact(F.array(*told))).alias("_told")
    )
    return both.select(
        F.col("_told.trigger").alias("trigger"),
        "customer_id",
        F.concat_ws(" ", "_told.segment", F.lit(as_of.isoformat())).alias("key"),
        F.lit(None).cast("string").alias("event_id"),
        F.col("_to").alias("segment_id"),
        F.col("_from").alias("previous_segment_id"),
        F.col("event_ts").alias("occurred_at"),
    )


def holding(features: DataFrame, conditions: Mapping[str, str]) -> DataFrame:
    """Who meets which conditions: trigger and customer_id.

    Args:
        features: one row per customer_id.
        conditions: by trigger.
    """
    named = {(name, ""): condition for name, condition in conditions.items()}
    met = features.select(F.explode(_met(named, ("trigger", "role"))).alias("_met"), "customer_id")
    return met.select("_met.trigger", "customer_id")


def became(now: DataFrame, before: DataFrame, as_of: date, moments: DataFrame | datetime) -> DataFrame:
    """The candidates of customers who meet a condition and did not: each at most once a date.

    Args:
        now: trigger and customer_id of who does, as `holding` returns it.
        before: of who did.
        as_of: of now.
        moments: event_ts by customer_id; or the one when all of them did.
    """
    new = now.join(
        before.join(now.select("customer_id"), on="customer_id", how="left_semi"),
        ["trigger", "customer_id"],
        "left_anti",
    )
    if isinstance(moments, DataFrame):
        new = new.join(moments.select("customer_id", F.col("event_ts").alias("occurred_at")), on="customer_id")
    else:
        new = new.withColumn("occurred_at", F.lit(moments))
    return new.selectExpr(
        "trigger", "customer_id", f"'{as_of.isoformat()}' AS key", f"{_NONE} AS event_id", f"{_NONE} AS segment_id",
        f"{_NONE} AS previous_segment_id", "occurred_at",
    )  # fmt: skip


def identified(candidates: DataFrame) -> DataFrame:
    """Candidates with `trigger_id`, the same for the same thing whenever and however often it is found; each once.

    Examples:
        >>> one = spark.sql("SELECT 'big' AS trigger, 'c' AS customer_id, 'e1' AS key")
        >>> identified(one.union(one)).select("trigger_id").collect()
        [Row(trigger_id='4a53908faf4d38c40a68fb8c9ebf3952')]
    """
    # JSON, as no text within can look like what stands between the texts.
    said = F.to_json(F.array("trigger", "customer_id", "key"))
    found = candidates.withColumn("trigger_id", F.substring(F.sha2(said, 256), 1, 32))
    return found.dropDuplicates(["trigger_id"])


def in_time(candidates: DataFrame, hours: Mapping[str, float], now: datetime) -> DataFrame:
    """Without what happened longer ago than somebody still wants to hear of it.

    Args:
        candidates: of any kind.
        hours: by trigger: how old it may be.
        now: the time.
    """
    age = F.lit(now).cast("double") - F.col("occurred_at").cast("double")
    return candidates.where(age < _looked_up(hours, 3600))


def consented(candidates: DataFrame, consents: DataFrame, purposes: Mapping[str, str], now: datetime) -> DataFrame:
    """Without customers who have not given their consent to a trigger's purpose, or have taken it back.

    Of what a customer said of a purpose the latest counts; of several at the same time, none of which is to be after
    now, all must have granted it.

    Args:
        candidates: of any kind; at hand, so that Spark knows how many they are.
        consents: the table.
        purposes: by trigger; one without is not asked for.
        now: the time.

    Examples:
        >>> both = spark.sql("SELECT 'big' AS trigger, explode(array('a', 'b', 'c')) AS customer_id")
        >>> said = spark.sql("SELECT col1 AS customer_id, 'mail' AS purpose, col2 AS status, "
        ...     "CAST(col3 AS TIMESTAMP) AS valid_from FROM VALUES ('a', 'granted', '2026-01-01'), "
        ...     "('b', 'granted', '2026-01-01'), ('b', 'withdrawn', '2026-01-02'), ('a', 'denied', '2027-01-01')")
        >>> consented(both, said, {"big": "mail"}, datetime(2026, 2, 1)).collect()
        [Row(trigger='big', customer_id='a')]
    """
    if not purposes:
        return candidates
    asked = candidates.withColumn("_purpose", _looked_up(purposes))
    who = candidates.select("customer_id").distinct()
    since = F.coalesce("valid_from", F.lit("1000-01-01").cast("timestamp"))
    latest = F.max_by(F.struct("status"), F.struct(since, F.col("status") != "granted"))
    there = consents.where(F.col("valid_from").isNull() | (F.col("valid_from") <= F.lit(now)))
    said = (
        there.join(who, on="customer_id", how="left_semi").groupBy("customer_id", "purpose").agg(latest.alias("_said"))
    )
    granted = said.where("_said.status = 'granted'").select("customer_id", F.col("purpose").alias("_purpose"))
    free = asked.where("_purpose IS NULL").drop("_purpose")
    return free.unionByName(asked.join(granted, on=["customer_id", "_purpose"], how="left_semi").drop("_purpose"))


def cooled(candidates: DataFrame, told: DataFrame, hours: Mapping[str, float]) -> DataFrame:
    """Without what comes too soon after a trigger told of the customer last, in the order in which things happened.

    Args:
        candidates: with trigger_id.
        told: trigger, customer_id, occurred_at of what was told of these customers before.
        hours: by trigger: how long it stays silent.

    Examples:
        >>> found = spark.sql("SELECT 'big' AS trigger, 'c' AS customer_id, 'id' || col1 AS trigger_id, "
        ...     "timestamp_seconds(3600 * col1) AS occurred_at FROM VALUES (50), (25), (30), (10)")
        >>> before = found.where("trigger_id = 'id10'")
        >>> rows = cooled(found, before, {"big": 20}).select("trigger_id").collect()
        >>> sorted(row.trigger_id for row in rows)
        ['id30', 'id50']
    """
    quiet = {name: number for name, number in hours.items() if number}
    if not quiet:
        return candidates
    silent = F.col("trigger").isin(list(quiet))
    last = told.groupBy("trigger", "customer_id").agg(F.max(F.col("occurred_at").cast("double")).alias("_last"))
    rest = [name for name in candidates.columns if name not in ("trigger", "customer_id", "occurred_at")]
    happened = F.sort_array(F.collect_list(F.struct("occurred_at", *rest)))
    each = candidates.where(silent).groupBy("trigger", "customer_id").agg(happened.alias("_each"))
    both = each.join(last, on=["trigger", "customer_id"], how="left").withColumn("_quiet", _looked_up(quiet, 3600))
    kept = F.expr(
        "aggregate(_each, struct(coalesce(_last, CAST('-Infinity' AS DOUBLE)) AS last, slice(_each, 1, 0) AS kept), "
        "(found, one) -> CASE WHEN CAST(one.occurred_at AS DOUBLE) >= found.last + _quiet "
        "THEN struct(CAST(one.occurred_at AS DOUBLE) AS last, concat(found.kept, array(one)) AS kept) "
        "ELSE found END, found -> found.kept)"
    )
    few = both.select("trigger", "customer_id", F.explode(kept).alias("_one")).select(
        "trigger", "customer_id", "_one.*"
    )
    return candidates.where(~silent).unionByName(few.select(*candidates.columns))


def _met(conditions: Mapping[tuple[str, str], str], names: tuple[str, str]) -> Column:
    """The names of the conditions that a row meets; each condition was checked, and is put in parentheses."""
    told = [
        F.when(
            F.expr(f"({condition})"), F.struct(*[F.lit(one).alias(name) for name, one in zip(names, key, strict=True)])
        )
        for key, condition in sorted(conditions.items())
    ]
    return F.array_compact(F.array(*told))


def _among(segment: Column, name: str, ids: Collection[str]) -> Column:
    """The trigger's name and the segment where it is one of these; where none are given, where there is any."""
    meant = segment.isin(sorted(ids)) if ids else segment.isNotNull()
    return F.when(meant, F.struct(F.lit(name).alias("trigger"), segment.alias("segment")))


def _looked_up(values: Mapping[str, float] | Mapping[str, str], times: float | None = None) -> Column:
    """A trigger's value, by its name; null of others."""
    found = F.lit(None)
    for name, value in values.items():
        one = value * times if times is not None and not isinstance(value, str) else value
        found = F.when(F.col("trigger") == name, F.lit(one)).otherwise(found)
    return found
