"""Assignments: the segment of every customer, and what changed since the last time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import differs
from segspark.config.segments import Hold
from segspark.segments.identity import lifecycle_segment_id


def lifecycle_conditions(eligible: str, new_days: int) -> dict[str, str]:
    """The conditions over features of the lifecycle segments by id, for those outside the clustered population.

    Examples:
        >>> lifecycle_conditions("frequency >= 2", 30)["life-new"]
        'NOT coalesce((frequency >= 2), false) AND frequency > 0 AND tenure_days <= 30'
    """
    outside = f"NOT coalesce(({eligible}), false)"
    found = {
        "prospect": f"{outside} AND frequency = 0",
        "new": f"{outside} AND frequency > 0 AND tenure_days <= {new_days}",
        "dormant": f"{outside} AND frequency > 0 AND tenure_days > {new_days}",
    }
    return {lifecycle_segment_id(name): condition for name, condition in found.items()}


def cluster_assignments(scored: DataFrame, segment_ids: Mapping[int, str], model_version: str) -> DataFrame:
    """The clustered customers' segments.

    Args:
        scored: one row per customer_id with cluster, runner_up, membership, runner_up_membership, margin.
        segment_ids: by cluster number.
        model_version: name/version of the registered model.
    """
    return scored.select(
        "customer_id",
        segment_of(segment_ids, "cluster").alias("segment_id"),
        segment_of(segment_ids, "runner_up").alias("runner_up_segment_id"),
        "membership",
        "runner_up_membership",
        "margin",
        F.lit(model_version).alias("model_version"),
    )


def rule_assignments(features: DataFrame, rules: Mapping[str, str]) -> DataFrame:
    """The segments of those who meet a condition: of several, the first one's.

    Args:
        features: one row per customer_id.
        rules: the condition of each segment by its id, in the order in which they are asked.

    Examples:
        >>> people = spark.createDataFrame([("a", 0, None), ("b", 1, 400), ("c", 5, 400)],
        ...     "customer_id string, frequency int, tenure_days int")
        >>> found = rule_assignments(people, lifecycle_conditions("frequency > 2", 30))
        >>> found.select("customer_id", "segment_id").collect()
        [Row(customer_id='a', segment_id='life-prospect'), Row(customer_id='b', segment_id='life-dormant')]
    """
    return features.select(
        "customer_id",
        first_met(rules).alias("segment_id"),
        F.lit(None).cast("string").alias("runner_up_segment_id"),
        F.lit(1.0).alias("membership"),
        F.lit(None).cast("double").alias("runner_up_membership"),
        F.lit(1.0).alias("margin"),
        F.lit("").alias("model_version"),
    ).where("segment_id IS NOT NULL")


def first_met(rules: Mapping[str, str]) -> Column:
    """The segment_id of the first rule that a customer meets; null of who meets none."""
    return F.coalesce(*[F.when(F.expr(rule), segment) for segment, rule in rules.items()], F.lit(None).cast("string"))


def overlay_memberships(features: DataFrame, rules: Mapping[str, str]) -> DataFrame:
    """Every segment whose condition a customer meets: one row per customer_id and segment_id.

    Examples:
        >>> people = spark.createDataFrame([("a", 1), ("b", 7)], "customer_id string, frequency int")
        >>> overlay_memberships(people, {"seg-1": "frequency > 0", "seg-2": "frequency > 5"}).orderBy(
        ...     "customer_id", "segment_id").collect()
        [Row(customer_id='a', segment_id='seg-1'), Row(customer_id='b', segment_id='seg-1'),
         Row(customer_id='b', segment_id='seg-2')]
    """
    met = F.array_compact(F.array(*[F.when(F.expr(rule), segment) for segment, rule in rules.items()]))
    if not rules:
        met = F.array().cast("array<string>")
    return features.select("customer_id", F.explode(met).alias("segment_id"))


def settled(new: DataFrame, current: DataFrame, as_of: date, membership_step: float, hold: Hold) -> DataFrame:
    """Everyone's new assignment beside the one that there was, held where it is not clear, and what changed.

    A customer whose nearest segment is another than the own one stays, so long as the own one is the runner-up, the
    lead over it is at most `hold.margin`, and it has not been so for `hold.days`. The other segment is then pending:
    the row's runner-up, with a negative margin. A row keeps everything it had when its segment, runner-up and pending
    segment are the same and its membership moved by no more than the step.

    Args:
        new: one row per customer_id, as cluster_assignments and rule_assignments return them.
        current: the segment_assignments table.
        as_of: of the new ones.
        membership_step: a smaller change of the membership is none.
        hold: when a customer moves.

    Returns:
        One row per customer_id of either: the columns of segment_assignments, `previous_segment_id` (null: had none)
        and `_change` (insert, update, delete, or null: none). Of a deleted row the columns are those that it had.
    """
    kept = [name for name in current.columns if name != "customer_id"]
    both = new.join(
        current.select("customer_id", F.struct(*kept).alias("old")), on="customer_id", how="full"
    ).withColumns({"gone": F.col("segment_id").isNull(), "fresh": F.col("old").isNull()})
    crossed = ~F.col("segment_id").eqNullSafe(F.col("old.segment_id"))
    close = F.col("runner_up_segment_id").eqNullSafe(F.col("old.segment_id")) & (F.col("margin") <= hold.margin)
    pending_since = F.when(
        F.col("segment_id").eqNullSafe(F.col("old.pending_segment_id")), F.col("old.pending_since")
    ).otherwise(F.lit(as_of))
    waits = F.datediff(F.lit(as_of), pending_since) < hold.days
    held = ~F.col("gone") & ~F.col("fresh") & crossed & close & waits
    found = both.withColumn("held", held).select(
        "customer_id",
        "old",
        "gone",
        "fresh",
        F.when(F.col("held"), F.col("old.segment_id")).otherwise(F.col("segment_id")).alias("segment_id"),
        F.when(F.col("held"), F.col("segment_id"))
        .otherwise(F.col("runner_up_segment_id"))
        .alias("runner_up_segment_id"),
        F.when(F.col("held"), F.col("runner_up_membership")).otherwise(F.col("membership")).alias("membership"),
        F.when(F.col("held"), -F.col("margin")).otherwise(F.col("margin")).alias("margin"),
        "model_version",
        F.when(F.col("held"), F.col("segment_id")).alias("pending_segment_id"),
        F.when(F.col("held"), pending_since).alias("pending_since"),
    )
    stays = F.col("segment_id").eqNullSafe(F.col("old.segment_id"))
    alike = [F.col(name).eqNullSafe(F.col(f"old.{name}")) for name in ("runner_up_segment_id", "pending_segment_id")]
    near = F.abs(F.col("membership") - F.col("old.membership")) <= membership_step
    same = ~F.col("fresh") & stays & alike[0] & alike[1] & near
    change = F.when(F.col("gone"), "delete").when(F.col("fresh"), "insert").when(~same, "update")
    columns = {name: F.col(name) for name in kept if name != "since"}
    columns["since"] = F.when(stays, F.col("old.since")).otherwise(F.lit(as_of))
    return found.select(
        "customer_id",
        *[
            F.when(change.isNull() | F.col("gone"), F.col(f"old.{name}")).otherwise(columns[name]).alias(name)
            for name in kept
        ],
        F.col("old.segment_id").alias("previous_segment_id"),
        change.alias("_change"),
    )


def against(target: DataFrame, current: DataFrame) -> DataFrame:
    """Everyone's new assignment as a change of another state of the table than it was settled against.

    Args:
        target: as `settled` returns it, against assignments of an earlier moment.
        current: the segment_assignments table as it is, of the same customers.

    Returns:
        The same, with `previous_segment_id` and `_change` of what there is now.

    Examples:
        >>> def one(segment: str) -> DataFrame:
        ...     return spark.sql(f"SELECT 'c' AS customer_id, '{segment}' AS segment_id, DATE'2026-01-02' AS since")
        >>> target = one("seg-b").selectExpr("*", "'seg-a' AS previous_segment_id", "'update' AS _change")
        >>> for now in ("seg-b", "seg-c"):
        ...     found = against(target, one(now)).first()
        ...     print(found["previous_segment_id"], found["_change"])
        seg-b None
        seg-c update
    """
    kept = [name for name in current.columns if name != "customer_id"]
    wanted = target.where("NOT _change <=> 'delete'").select("customer_id", F.struct(*kept).alias("new"))
    there = current.select("customer_id", F.struct(*kept).alias("old"))
    types = current.schema
    other = " OR ".join(differs(f"old.{name}", f"new.{name}", types[name].dataType) for name in kept)
    change = F.expr(
        f"CASE WHEN new IS NULL THEN 'delete' WHEN old IS NULL THEN 'insert' WHEN {other} THEN 'update' END"
    )
    return wanted.join(there, on="customer_id", how="full").select(
        "customer_id",
        *[F.coalesce("new", "old")[name].alias(name) for name in kept],
        F.col("old.segment_id").alias("previous_segment_id"),
        change.alias("_change"),
    )


# Of `settled`: who entered, moved or left.
WENT = "_change IN ('insert', 'delete') OR (_change = 'update' AND NOT segment_id <=> previous_segment_id)"


def moved(changed: DataFrame) -> DataFrame:
    """Who entered, moved or left: those of `settled` whose segment is another than it was.

    Returns:
        One row per customer_id: segment_id (of an exit the one left), previous_segment_id (null for entries and
        exits), event_type (entry, move or exit), model_version.
    """
    kind = F.when(F.col("_change") == "insert", "entry").when(F.col("_change") == "delete", "exit").otherwise("move")
    return changed.where(WENT).select(
        "customer_id",
        "segment_id",
        F.when(kind == "move", F.col("previous_segment_id")).alias("previous_segment_id"),
        kind.alias("event_type"),
        "model_version",
    )


def overlay_changes(new: DataFrame, current: DataFrame, as_of: date) -> DataFrame:
    """What changed of the overlays: rows to insert or delete, marked in `_change`; `since` of those that there are.

    Args:
        new: one row per customer_id and segment_id.
        current: the segment_overlays table.
    """
    before = current.withColumn("there", F.lit(True))
    both = new.withColumn("now", F.lit(True)).join(before, on=["customer_id", "segment_id"], how="full")
    change = F.when(F.col("there").isNull(), "insert").when(F.col("now").isNull(), "delete")
    return both.select(
        "customer_id", "segment_id", F.coalesce("since", F.lit(as_of)).alias("since"), change.alias("_change")
    ).where("_change IS NOT NULL")


def overlay_moved(changed: DataFrame) -> DataFrame:
    """The entries and exits in `overlay_changes`, as `moved` has them."""
    return changed.select(
        "customer_id",
        "segment_id",
        F.lit(None).cast("string").alias("previous_segment_id"),
        F.when(F.col("_change") == "insert", "entry").otherwise("exit").alias("event_type"),
        F.lit("").alias("model_version"),
    )


@dataclass(frozen=True)
class Causes:
    """What is known of why assignments change.

    Attributes:
        other_models: other models are applied than before; then a column `expected` has the segment that those before
            give a customer now.
        same_as_of: the date is that of the assignments before.
        changed_rules: segments whose rule was defined, changed or ended since.
    """

    other_models: bool = False
    same_as_of: bool = False
    changed_rules: frozenset[str] = frozenset()


def cause(causes: Causes) -> Column:
    """Why a customer of `moved` did: correction, behaviour or model.

    An exit is a correction: a customer is gone when the data is corrected, and only then. So is what a rule does that
    was defined, changed or ended, and what differs at the same as_of by the same models, as only the data can then.
    Where the models are others, a move is due to behaviour if those before would make it, too, and to the model if not.
    """
    rules = F.lit(False)
    for segment in sorted(causes.changed_rules):
        rules |= (F.col("segment_id") == segment) | F.col("previous_segment_id").eqNullSafe(F.lit(segment))
    otherwise = F.lit("correction" if causes.same_as_of else "behaviour")
    found = F.when((F.col("event_type") == "exit") | rules, "correction")
    if causes.other_models:
        found = found.when(
            (F.col("event_type") == "move") & F.col("expected").eqNullSafe(F.col("segment_id")), otherwise
        ).when(F.lit(True), "model")
    return found.otherwise(otherwise)


def membership_events(
    found: DataFrame, why: Column, midnight: Column, as_of: date, run_id: str, sequence: int, overlay: bool = False
) -> DataFrame:
    """Rows of segment_membership_events from those of `moved` or `overlay_moved`.

    Args:
        found: as these return it.
        why: cause of each.
        midnight: of as_of.
        as_of: of the new assignments.
        run_id: of the run.
        sequence: of the publication.
        overlay: whether they are about overlays.
    """
    return found.select(
        "customer_id",
        "segment_id",
        "previous_segment_id",
        "event_type",
        midnight.alias("event_ts"),
        F.lit(as_of).alias("as_of"),
        "model_version",
        F.lit(run_id).alias("run_id"),
        F.lit(sequence).cast("bigint").alias("sequence"),
        why.alias("cause"),
        F.lit(overlay).alias("overlay"),
    )


def segment_of(segment_ids: Mapping[int, str], cluster: str) -> Column:
    """The segment of the cluster in a column, by cluster number."""
    pairs = [F.lit(part) for number, segment in sorted(segment_ids.items()) for part in (number, segment)]
    return F.create_map(*pairs)[F.col(cluster)]
