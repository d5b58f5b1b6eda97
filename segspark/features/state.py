"""State: all that is remembered of a customer's days in one row, which does not depend on the day one looks at it."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.columns import exact_sum
from segspark.features.plan import Plan, decayed_name

PARTS, PART = 3, 20  # and half-lives in each
OLDEST = 1000  # half-lives: what is older weighs 1e-301, and 2 to a larger power may be no number


def weight(days: SparkColumn, half_life: int) -> SparkColumn:
    """What is left of something after so many days.

    Examples:
        >>> spark.range(1).select(weight(F.lit(180), 90)).first()[0]
        0.25
    """
    return F.pow(F.lit(2.0), -F.least(days / half_life, F.lit(OLDEST)))


def customer_state(days: DataFrame, plan: Plan, as_of: date | SparkColumn, who: Sequence[str]) -> DataFrame:
    """Sum up all days of each customer.

    Args:
        days: as customer_days returns them.
        as_of: a date after all of them, or a column of `who` that holds one.
        who: columns that identify a row.

    Returns:
        One row per who: the columns of `plan.state_columns`. Decayed sums are as they were on events_last, the last day
        with an event.
    """
    at = F.lit(as_of) if isinstance(as_of, date) else as_of
    age = F.datediff(at, "event_date")
    some = {name: F.when(F.col(name) != 0, F.col("event_date")) for name in plan.dated}
    state = days.groupBy(*who).agg(
        *[one.again().alias(one.name) for one in plan.daily],
        *[F.min(day).alias(f"{name}_first") for name, day in some.items()],
        *[F.max(day).alias(f"{name}_last") for name, day in some.items()],
        *[
            _decayed_sum(_in_full(plan, name), age, half_life).alias(decayed_name(name, half_life))
            for name, half_life in plan.decayed
        ],
    )
    since = F.datediff(at, "events_last")
    rebased = {
        decayed_name(name, half_life): F.col(decayed_name(name, half_life)) / weight(since, half_life)
        for name, half_life in plan.decayed
    }
    state = state.withColumns(rebased) if rebased else state
    if plan.gaps:
        state = state.join(_gap_squares(days, who), on=list(who), how="left")
        state = state.fillna(0, ["order_gap_squares"])
    return state.select(*who, *[F.col(one.name).cast(one.type).alias(one.name) for one in plan.state_columns])


def _in_full(plan: Plan, name: str) -> SparkColumn:
    return F.col(name) / (10_000.0 if plan.measure(name).kind == "money" else 1.0)


def _decayed_sum(value: SparkColumn, age: SparkColumn, half_life: int) -> SparkColumn:
    """A sum of values halved with age; in three parts by age, or the old would be lost among the digits of the new."""
    total = F.lit(0.0)
    for part in range(PARTS):
        youngest = part * PART * half_life
        inside = age >= youngest
        if part + 1 < PARTS:
            inside &= age < youngest + PART * half_life
        within = exact_sum(F.when(inside, value * weight(age - youngest, half_life)))
        total = total + F.coalesce(within, F.lit(0.0)) * 2.0 ** (-part * PART)
    return total


def _gap_squares(days: DataFrame, who: Sequence[str]) -> DataFrame:
    """Orders on one day have gaps of zero, so those between days with orders are all that there are."""
    ordered = days.where("orders > 0").select(*who, "event_date").repartition(*who)
    before = F.lag("event_date").over(Window.partitionBy(*who).orderBy("event_date"))
    gap = F.coalesce(F.datediff("event_date", before), F.lit(0)).cast("bigint")
    gaps = ordered.select(*who, gap.alias("_gap"))
    return gaps.groupBy(*who).agg(F.sum(F.col("_gap") * F.col("_gap")).alias("order_gap_squares"))


def continued(before: DataFrame, after: DataFrame, plan: Plan) -> DataFrame:
    """State before a date and state of the days from it on, as one.

    Args:
        before: customer_state of earlier days.
        after: customer_state of later days; of any customers.

    Returns:
        One row per customer_id of `after`: the columns of `plan.state_columns`.
    """
    a = before.select("customer_id", F.struct("*").alias("a"))
    b = after.select("customer_id", F.struct("*").alias("b"))
    both = b.join(a, on="customer_id", how="left")
    columns = {one.name: one.plus("a", "b") for one in plan.daily}
    for name in plan.dated:
        columns[f"{name}_first"] = F.least(f"a.{name}_first", f"b.{name}_first")
        columns[f"{name}_last"] = F.greatest(f"a.{name}_last", f"b.{name}_last")
    aged = F.datediff("b.events_last", "a.events_last")
    for name, half_life in plan.decayed:
        column = decayed_name(name, half_life)
        kept = F.coalesce(F.col(f"a.{column}") * weight(aged, half_life), F.lit(0.0))
        columns[column] = kept + F.col(f"b.{column}")
    if plan.gaps:
        gap = F.coalesce(F.datediff("b.orders_first", "a.orders_last").cast("bigint"), F.lit(0))
        columns["order_gap_squares"] = (
            F.coalesce("a.order_gap_squares", F.lit(0)) + F.col("b.order_gap_squares") + gap * gap
        )
    return both.select("customer_id", *[columns[one.name].alias(one.name) for one in plan.state_columns])
