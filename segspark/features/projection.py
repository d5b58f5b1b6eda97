"""Projection: from what is kept of a customer to its features at as_of."""

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.features.families.sql import NEVER_NULL
from segspark.features.plan import Plan, decayed_name
from segspark.features.state import weight
from segspark.tables import Feature

EACH = ("customer_id", "as_of")
_SAMPLE = 100_000  # customers of whom quintiles are taken


def projected(
    state: DataFrame,
    days: DataFrame,
    customers: DataFrame,
    plan: Plan,
    features: Sequence[Feature],
    others: DataFrame | None = None,
) -> DataFrame:
    """The features of every customer.

    Args:
        state: customer_state with summaries, and `as_of`.
        days: the days of the longest window before as_of, at least, and none from as_of on; with `as_of`.
        customers: customer_id and as_of of everyone who is to have a row; and attributes by name.
        plan: what the features need.
        features: in the order of the result's columns.
        others: as other_aggregates returns them, where the plan has any.

    Returns:
        One row per customer_id and as_of.
    """
    known = customers.join(state, on=list(EACH), how="left").join(_windows(days, plan), on=list(EACH), how="left")
    known = known if others is None else known.join(others, on=list(EACH), how="left")
    zero = {one.name: one.read(_or_zero(one.name)) for one in plan.daily}
    zero |= {f"{name}_{n}d": plan.measure(name).read(_or_zero(f"{name}_{n}d")) for name, n in plan.windows}
    zero |= {"order_gap_squares": _or_zero("order_gap_squares")} if plan.gaps else {}
    since = F.datediff("as_of", "events_last")
    for name, half_life in plan.decayed:
        column = decayed_name(name, half_life)
        zero[column] = F.coalesce(F.col(column) * weight(since, half_life), F.lit(0.0))
    rows = known.withColumns(zero)
    for told in said_of_all(state, plan):
        rows = rows.join(F.broadcast(told), on="as_of", how="left")
    return rows.select("customer_id", "as_of", *[_value(one) for one in features])


def _or_zero(name: str) -> SparkColumn:
    return F.coalesce(F.col(quoted(name)), F.lit(0))


def other_aggregates(events: DataFrame, plan: Plan) -> DataFrame | None:
    """Aggregates that do not add up over days, of all events before each as_of; None where there are none.

    Args:
        events: with `as_of`, as at_each returns them.
    """
    if not plan.others:
        return None
    return events.groupBy(*EACH).agg(*[F.expr(sql).alias(name) for name, sql in plan.others])


def _windows(days: DataFrame, plan: Plan) -> DataFrame:
    age = F.datediff("as_of", "event_date")
    sums = [plan.measure(name).again(age <= n).alias(f"{name}_{n}d") for name, n in plan.windows]
    recent = days.where(age <= plan.longest_window)
    return recent.groupBy(*EACH).agg(*sums) if sums else recent.select(*EACH).distinct()


def said_of_all(state: DataFrame, plan: Plan) -> list[DataFrame]:
    """What features say about all customers, in columns of frames of one row per as_of: rates, and quintiles.

    Args:
        state: customer_state of everyone, with `as_of`.
        plan: what the features need.
    """
    return [*([_pooled(state, plan)] if plan.pooled else []), *([_quintiles(state)] if plan.quintiles else [])]


def _pooled(state: DataFrame, plan: Plan) -> DataFrame:
    """Rates over all customers: one row per as_of."""
    rates = [
        F.try_divide(F.sum(first).cast("double"), F.sum(second).cast("double")).alias(f"pooled_{first}_per_{second}")
        for first, second in plan.pooled
    ]
    return state.groupBy("as_of").agg(*rates)


def _quintiles(state: DataFrame) -> DataFrame:
    """Quintiles of those who bought: exact ones of the customers with the smallest hashes; one row per as_of."""
    bought = state.where("orders > 0").select(
        "customer_id",
        "as_of",
        F.datediff("as_of", "orders_last").cast("double").alias("cut_recency"),
        F.col("orders").cast("double").alias("cut_orders"),
        (F.col("net") / 10_000).alias("cut_net"),
    )
    sample = bought.orderBy(F.xxhash64("customer_id"), "customer_id", "as_of").limit(_SAMPLE)
    fifths = F.array(*[F.lit(share) for share in (0.2, 0.4, 0.6, 0.8)])
    names = ("cut_recency", "cut_orders", "cut_net")
    return sample.groupBy("as_of").agg(*[F.percentile(name, fifths).alias(name) for name in names])


def _value(one: Feature) -> SparkColumn:
    value = F.expr(one.sql)
    filled = F.coalesce(value, F.lit(0)) if one.null_means == NEVER_NULL else value
    return filled.cast(one.type).alias(one.name)


def at_each(rows: DataFrame, dates: Sequence[date], day: str) -> DataFrame:
    """The rows before each of the dates, with the date as `as_of`: as often as there are later dates.

    Examples:
        >>> rows = spark.sql("SELECT DATE'2026-01-31' AS event_date")
        >>> at_each(rows, [date(2026, 1, 31), date(2026, 2, 1)], "event_date").select("as_of").collect()
        [Row(as_of=datetime.date(2026, 2, 1))]
    """
    each_date = F.lit(dates[0]) if len(dates) == 1 else F.explode(F.array(*[F.lit(one) for one in dates]))
    each = rows.withColumn("as_of", each_date)
    return each.where(F.col(quoted(day)) < F.col("as_of"))
