"""Assignments: the segment of every customer, and what changed since the last time."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.segments.identity import lifecycle_segment_id


def lifecycle_rules(eligible: str, new_days: int) -> dict[str, str]:
    """The conditions over features of the lifecycle segments, for those outside the clustered population.

    Examples:
        >>> lifecycle_rules("frequency >= 2", 30)["new"]
        'NOT coalesce((frequency >= 2), false) AND frequency > 0 AND tenure_days <= 30'
    """
    outside = f"NOT coalesce(({eligible}), false)"
    return {
        "prospect": f"{outside} AND frequency = 0",
        "new": f"{outside} AND frequency > 0 AND tenure_days <= {new_days}",
        "dormant": f"{outside} AND frequency > 0 AND tenure_days > {new_days}",
    }


def cluster_assignments(scored: DataFrame, segment_ids: Mapping[int, str], model_version: str) -> DataFrame:
    """The clustered customers' segments.

    Args:
        scored: one row per customer_id with cluster, runner_up, membership, margin.
        segment_ids: by cluster number.
        model_version: name/version of the registered model.
    """
    segment = _lookup(segment_ids)
    return scored.select(
        "customer_id",
        segment[F.col("cluster")].alias("segment_id"),
        segment[F.col("runner_up")].alias("runner_up_segment_id"),
        "membership",
        "margin",
        F.lit(model_version).alias("model_version"),
    )


def lifecycle_assignments(features: DataFrame, rules: Mapping[str, str]) -> DataFrame:
    """The segments of those outside the clustered population, by rule.

    Examples:
        >>> people = spark.createDataFrame([("a", 0, None), ("b", 1, 400), ("c", 5, 400)],
        ...     "customer_id string, frequency int, tenure_days int")
        >>> found = lifecycle_assignments(people, lifecycle_rules("frequency > 2", 30))
        >>> found.select("customer_id", "segment_id").collect()
        [Row(customer_id='a', segment_id='life-prospect'), Row(customer_id='b', segment_id='life-dormant')]
    """
    segment = F.coalesce(*[F.when(F.expr(rule), lifecycle_segment_id(name)) for name, rule in rules.items()])
    return features.select(
        "customer_id",
        segment.alias("segment_id"),
        F.lit(None).cast("string").alias("runner_up_segment_id"),
        F.lit(1.0).alias("membership"),
        F.lit(1.0).alias("margin"),
        F.lit("").alias("model_version"),
    ).where("segment_id IS NOT NULL")


def settled(new: DataFrame, current: DataFrame, as_of: date, membership_step: float) -> DataFrame:
    """New assignments, with what did not change worth a rewrite taken from the current ones.

    A row keeps everything it had when its segment and runner-up are the same and its membership moved by no more
    than the step. A customer who stays in a segment keeps `since`.

    Args:
        new: one row per customer_id, as cluster_assignments and lifecycle_assignments return them.
        current: the segment_assignments table.
    """
    old = current.select(
        "customer_id", F.struct(*[name for name in current.columns if name != "customer_id"]).alias("old")
    )
    joined = new.join(old, on="customer_id", how="left")
    stays = F.col("segment_id").eqNullSafe(F.col("old.segment_id"))
    same_second = F.col("runner_up_segment_id").eqNullSafe(F.col("old.runner_up_segment_id"))
    near = F.abs(F.col("membership") - F.col("old.membership")) <= membership_step
    keep = F.col("old").isNotNull() & stays & same_second & near
    return joined.select(
        "customer_id",
        "segment_id",
        "runner_up_segment_id",
        *[F.when(keep, F.col(f"old.{name}")).otherwise(F.col(name)).alias(name) for name in ("membership", "margin")],
        F.when(stays, F.col("old.since")).otherwise(F.lit(as_of)).alias("since"),
        F.when(keep, F.col("old.model_version")).otherwise(F.col("model_version")).alias("model_version"),
    )


def membership_events(new: DataFrame, current: DataFrame, midnight: Column, as_of: date, run_id: str) -> DataFrame:
    """Entries, moves and exits between the current assignments and the new ones.

    Returns:
        A row per customer whose segment changed: entry (had none), move, or exit (is no customer any more).
    """
    old = current.select(
        "customer_id", F.col("segment_id").alias("old_segment"), F.col("model_version").alias("old_model")
    )
    now = new.select("customer_id", F.col("segment_id").alias("new_segment"), "model_version")
    changed = now.join(old, on="customer_id", how="full").where("NOT new_segment <=> old_segment")
    kind = F.when(F.col("old_segment").isNull(), "entry").when(F.col("new_segment").isNull(), "exit").otherwise("move")
    return changed.select(
        "customer_id",
        F.coalesce("new_segment", "old_segment").alias("segment_id"),
        F.when(F.col("new_segment").isNotNull(), F.col("old_segment")).alias("previous_segment_id"),
        kind.alias("event_type"),
        midnight.alias("event_ts"),
        F.lit(as_of).alias("as_of"),
        F.coalesce("model_version", "old_model").alias("model_version"),
        F.lit(run_id).alias("run_id"),
    )


def _lookup(segment_ids: Mapping[int, str]) -> Column:
    pairs = [F.lit(part) for cluster, segment in sorted(segment_ids.items()) for part in (cluster, segment)]
    return F.create_map(*pairs)
