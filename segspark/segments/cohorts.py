"""Cohorts: customers by the month of their first order, and how many order again in the months after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.segments.intervals import wilson
from segspark.segments.kpi_definitions import ALL
from segspark.segments.periods import Period, months_between, period_start


@dataclass(frozen=True)
class Cohort:
    """A cohort in a month: the columns of segment_cohorts in their order, but for as_of and run_id."""

    segment_id: str
    cohort_start: date
    months_since: int
    customers: int
    active: int
    share: float
    low: float | None
    high: float | None


def cohort_counts(days: DataFrame, firsts: DataFrame, months: Sequence[Period]) -> DataFrame:
    """Customers with an order by month, segment and month of the first order.

    Args:
        days: customer_id, event_date, orders; one row per customer and day.
        firsts: customer_id, segment_id, first_order: the day of the first order ever; one row per customer.
        months: consecutive ones, in which first orders are looked for, and orders after them.

    Returns:
        One row per segment_id, cohort_start and month: customers.

    Examples:
        >>> days = spark.sql("SELECT 'a' AS customer_id, DATE'2026-01-09' AS event_date, 2L AS orders")
        >>> firsts = spark.sql("SELECT 'a' AS customer_id, 's' AS segment_id, DATE'2026-01-09' AS first_order")
        >>> cohort_counts(days, firsts, [Period(date(2026, 1, 1), date(2026, 2, 1))]).first()[:]
        ('s', datetime.date(2026, 1, 1), datetime.date(2026, 1, 1), 1)
    """
    first, end = F.lit(months[0].start), F.lit(months[-1].end)
    began = firsts.where((F.col("first_order") >= first) & (F.col("first_order") < end)).select(
        "customer_id", "segment_id", period_start(F.col("first_order"), "month").alias("cohort_start")
    )
    ordered = days.where((F.col("orders") > 0) & (F.col("event_date") >= first) & (F.col("event_date") < end))
    active = ordered.select("customer_id", period_start(F.col("event_date"), "month").alias("month")).distinct()
    joined = active.join(began, on="customer_id", how="inner")
    return joined.groupBy("segment_id", "cohort_start", "month").agg(F.count("*").alias("customers"))


def cohorts(rows: Iterable[Any], months: Sequence[Period], confidence: float) -> list[Cohort]:
    """Every cohort in every month since, of every segment and of all customers together.

    Args:
        rows: of `cohort_counts`. Everyone of a cohort has an order in its first month, so that month's is its size.
        months: those that it was asked of.
        confidence: of the intervals.

    Examples:
        >>> january, february = Period(date(2026, 1, 1), date(2026, 2, 1)), Period(date(2026, 2, 1), date(2026, 3, 1))
        >>> row = {"segment_id": "s", "cohort_start": january.start, "month": january.start, "customers": 4}
        >>> found = cohorts([row, {**row, "month": february.start, "customers": 1}], [january, february], 0.95)
        >>> [(one.segment_id, one.months_since, one.customers, one.active, one.share) for one in found]
        [('all', 0, 4, 4, 1.0), ('all', 1, 4, 1, 0.25), ('s', 0, 4, 4, 1.0), ('s', 1, 4, 1, 0.25)]
    """
    counts: dict[tuple[str, date, date], int] = {}
    for row in rows:
        for segment in (ALL, row["segment_id"]):
            at = (segment, row["cohort_start"], row["month"])
            counts[at] = counts.get(at, 0) + row["customers"]
    found = []
    for segment, start, month in counts:
        if month != start:
            continue
        size = counts[segment, start, start]
        for later in (one.start for one in months if one.start >= start):
            active = counts.get((segment, start, later), 0)
            low, high = wilson(active, size, confidence)
            found.append(Cohort(segment, start, months_between(start, later), size, active, active / size, low, high))
    return sorted(found, key=lambda one: (one.segment_id != ALL, one.segment_id, one.cohort_start, one.months_since))
