"""Days: what a customer did on each day, in sums that add up to any period."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.features.occasions import occasion_days
from segspark.features.plan import WEEKENDS, Plan

_SATURDAY, _SUNDAY = 7, 1


def customer_days(events: DataFrame, plan: Plan, who: Sequence[str] = ("customer_id",)) -> DataFrame:
    """Sum a customer's events by day.

    Args:
        events: with event_date, the date in the business time zone. Of an occasion that may go on from before, the
            events of `plan.span_days` more days are needed in front.
        who: columns that identify a row besides event_date.

    Returns:
        One row per who and event_date: a column per measure.
    """
    days = events.groupBy(*who, "event_date").agg(*[one.total().alias(one.name) for one in plan.measures])
    for occasion in plan.occasions:
        counted = occasion_days(events, occasion, plan.span_days, who)
        days = days.join(counted.hint("shuffle_hash"), on=[*who, "event_date"], how="left")
    if WEEKENDS in plan.daily:
        weekend = F.dayofweek("event_date").isin(_SATURDAY, _SUNDAY)
        days = days.withColumn(WEEKENDS.name, F.when(weekend, F.col("orders")))
    filled = [F.coalesce(F.col(one.name), F.lit(0)).cast(one.column.type).alias(one.name) for one in plan.daily]
    return days.select(*who, "event_date", *filled)
