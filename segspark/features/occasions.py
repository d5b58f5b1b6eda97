"""Occasions: orders and visits, which may have many events and go on over midnight, counted once."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.features.measures import Measure


@dataclass(frozen=True)
class Occasion:
    """Something that several events belong to.

    Attributes:
        name: of its count.
        when: Spark SQL condition over its events.
        identity: Spark SQL expressions that tell one occasion of a customer from another.
        content: name of the number of distinct `item` in it; empty where that is not counted.
        item: column.
    """

    name: str
    comment: str
    when: str
    identity: tuple[str, ...]
    content: str = ""
    item: str = ""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What it contributes to a day."""
        items = (Measure(self.content, "count", f"Distinct {self.item} in each, summed."),) if self.content else ()
        return (Measure(self.name, "count", self.comment), *items)


ORDERS = Occasion(
    "orders",
    "Orders with a purchase, each on the day of its first line.",
    "event_type = 'purchase'",
    # Without an order_id a line is an order of its own, and never that of an order whose id is the line's.
    ("order_id IS NULL", "coalesce(order_id, event_id)"),
    "order_products",
    "product_id",
)
VISITS = Occasion("visits", "Visits, each on the day of its first event.", "session_id IS NOT NULL", ("session_id",))
OCCASIONS = (ORDERS, VISITS)


def occasion_days(events: DataFrame, occasion: Occasion, span_days: int, who: Sequence[str]) -> DataFrame:
    """Occasions by customer and day.

    Events of one occasion at most `span_days` apart belong to the day of the first of them; after a longer pause it
    counts again. So a day depends on the few days before it alone, however long the log is.

    Args:
        events: customer_id, event_date, event_id and what the occasion names.
        span_days: pause in days after which an occasion counts again.
        who: columns that identify a row besides event_date.

    Returns:
        One row per who and event_date: the occasion's count, and that of its items.

    Examples:
        >>> events = spark.sql('''SELECT 'c' AS customer_id, s AS session_id, CAST(d AS DATE) AS event_date
        ...     FROM VALUES ('a', '2026-01-01'), ('a', '2026-01-02'), ('b', '2026-01-02') AS t(s, d)''')
        >>> days = occasion_days(events, VISITS, 1, ["customer_id"])
        >>> sorted((row["event_date"].day, row["visits"]) for row in days.collect())
        [(1, 1), (2, 1)]
    """
    # Ids are compared by hashes of 64 bits: short to move, and fast to sort. Two of a million are taken for one once in
    # 10**7 logs, and then only if they are of one customer.
    keys = ["_occasion", *who, "event_date"]
    item = [F.xxhash64(occasion.item).alias("_item")] if occasion.content else []
    known = [F.col(occasion.item).isNotNull().alias("_known")] if occasion.content else []
    lines = events.where(occasion.when).select(
        F.xxhash64("customer_id", *map(F.expr, occasion.identity)).alias("_occasion"), *who, "event_date", *item, *known
    )
    # Lines hardly combine, so they are moved once, to where all of an occasion is together.
    lines = lines.repartition("_occasion")
    parts = lines.distinct().groupBy(*keys).agg((F.count_if("_known") if item else F.lit(1)).alias("_items"))
    before = F.lag("event_date").over(Window.partitionBy("_occasion", *who).orderBy("event_date"))
    starts = before.isNull() | (F.datediff("event_date", before) > span_days)
    counted = parts.withColumn("_starts", starts.cast("int")).groupBy(*who, "event_date")
    sums = [F.sum("_starts").alias(occasion.name)]
    return counted.agg(*sums, *([F.sum("_items").alias(occasion.content)] if item else []))
