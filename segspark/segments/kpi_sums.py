"""Sums by customer and period, and by segment and period, from which every KPI is computed."""

from collections.abc import Sequence
from functools import reduce
from itertools import chain

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, quoted
from segspark.segments.kpi_definitions import EVERYONE, SUMS, KpiDefinition
from segspark.segments.periods import Period, Unit, next_start, period_start

_MONEY = ("net", "gross", "saved", "costed", "cost", "campaign_net", "campaign_margin")
_UNITS = 10_000  # a currency has so many of the units that money is summed in


def customer_periods(days: DataFrame, more: Sequence[DataFrame], unit: Unit, periods: Sequence[Period]) -> DataFrame:
    """What each customer did in each period, and how many orders there were in the one before.

    Args:
        days: customer_id, event_date and some of `SUMS`, money in whole ten-thousandths; from a period before the
            first one on.
        more: customer_id, period_start and others of `SUMS`, likewise.
        unit: of the periods.
        periods: consecutive.

    Returns:
        One row per customer_id and period_start with anything in it or the period before: all `SUMS`, money in the
        reporting currency.

    Examples:
        >>> from datetime import date
        >>> days = spark.sql("SELECT 'a' AS customer_id, DATE'2026-01-09' AS event_date, 2L AS orders, 15000D AS net")
        >>> february = Period(date(2026, 2, 1), date(2026, 3, 1))
        >>> customer_periods(days, [], "month", [Period(date(2026, 1, 1), february.start), february]).select(
        ...     "period_start", "orders", "previous_orders", "net").orderBy("period_start").collect()[1][:]
        (datetime.date(2026, 2, 1), 0.0, 2.0, 0.0)
    """
    own = days.withColumn("period_start", period_start(F.col("event_date"), unit)).drop("event_date")
    before = own.where("orders > 0").select(
        "customer_id", next_start(F.col("period_start"), unit).alias("period_start"),
        F.col("orders").alias("previous_orders"),
    )  # fmt: skip
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), [own, before, *more])
    rows = rows.where(F.col("period_start").isin([one.start for one in periods]))
    there = set(rows.columns)
    sums = [_sum(name).alias(name) if name in there else F.lit(0.0).alias(name) for name in SUMS]
    return rows.groupBy("customer_id", "period_start").agg(*sums)


def _sum(name: str) -> Column:
    value = F.col(name).cast("double")
    # Costs of campaigns are quotients; all else is whole numbers, which doubles add without an error.
    summed = F.coalesce(exact_sum(value) if name == "campaign_cost" else F.sum(value), F.lit(0.0))
    return summed / _UNITS if name in _MONEY else summed


def known_customers(firsts: DataFrame, periods: Sequence[Period]) -> DataFrame:
    """How many customers of each segment were known by the end of each period.

    Args:
        firsts: one row per customer: segment_id, and first_seen, the day of the first event; null: without events,
            and counted in every period since anyone had one.
        periods: in their order.

    Returns:
        One row per segment_id: first_seen of its first customer, and known_0, known_1, ... for the periods.
    """
    counts = [
        F.count_if(F.col("first_seen").isNull() | (F.col("first_seen") < F.lit(period.end))).alias(f"known_{at}")
        for at, period in enumerate(periods)
    ]
    return firsts.groupBy("segment_id").agg(F.min("first_seen").alias("first_seen"), *counts)


def sums_needed(definitions: Sequence[KpiDefinition]) -> list[tuple[str, ...]]:
    """What is summed over customers: expressions, and products of two; and how many have one of two.

    Examples:
        >>> from segspark.segments.kpi_definitions import PERIODIC
        >>> sums_needed([one for one in PERIODIC if one.name in ("orders", "conversion_rate")])
        [('orders >= 1 AND activities > 0',), ('activities > 0',), ('orders',), ('orders', 'orders'),
        ('orders', '', 'told')]
    """
    return list(dict.fromkeys(chain.from_iterable(map(_needed, definitions))))


def _needed(one: KpiDefinition) -> list[tuple[str, ...]]:
    x, y = one.numerator, one.denominator
    if one.kind == "count":
        return []
    if one.kind == "share":
        return [(name,) for name in (x, y) if name != EVERYONE]
    alone: list[tuple[str, ...]] = [(x,), (x, x), (x, y, "told")]
    return alone if one.kind == "sum" else [*alone, (y,), (x, y), (y, y)]


def segment_sums(rows: DataFrame, definitions: Sequence[KpiDefinition]) -> DataFrame:
    """Sums over the customers of a segment, for every KPI at once.

    Args:
        rows: segment_id, period_start, and what the definitions name.
        definitions: KPIs.

    Returns:
        One row per segment_id and period_start: sum_0, sum_1, ... in the order of `sums_needed`, and need_0, need_1,
        ...: whether what each definition needs is there at all.
    """
    needed = sums_needed(definitions)
    names = {expression: f"_x{at}" for at, expression in enumerate(dict.fromkeys(expressions_of(needed)))}
    values = [F.expr(f"CAST(({expression}) AS DOUBLE)").alias(name) for expression, name in names.items()]
    conditions = [
        reduce(Column.__and__, [F.max(F.expr(condition)) for condition in one.needs] or [F.lit(True)])
        for one in definitions
    ]
    needs = [condition.alias(f"need_{at}") for at, condition in enumerate(conditions)]
    sums = [_total(one, names, _whole(one, definitions)).alias(f"sum_{at}") for at, one in enumerate(needed)]
    return rows.select("*", *values).groupBy("segment_id", "period_start").agg(*sums, *needs)


def expressions_of(needed: Sequence[tuple[str, ...]]) -> list[str]:
    """All expressions in what is summed."""
    return [part for one in needed for part in one[:2] if part]


def _whole(one: tuple[str, ...], definitions: Sequence[KpiDefinition]) -> bool:
    """Whether it is a condition, of which doubles add the ones without an error."""
    return len(one) == 1 and any(
        one[0] in (own.numerator, own.denominator) for own in definitions if own.kind == "share"
    )


def _total(one: tuple[str, ...], names: dict[str, str], whole: bool) -> Column:
    columns = [F.col(quoted(names[part])) for part in one[:2] if part]
    if one[-1] == "told":
        return F.count_if(reduce(Column.__or__, [column != 0 for column in columns]))
    if len(columns) == 1:
        return F.sum(columns[0]) if whole else exact_sum(columns[0])
    return exact_sum(columns[0] * columns[1])
