"""Orders counted: how many have an item, and how many two of them, by segment."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.segments.kpi_definitions import ALL


@dataclass(frozen=True)
class Counts:
    """Orders of a segment.

    Attributes:
        orders: with any known item.
        single: orders with an item.
        pairs: orders with two items, the first of them before the second.
    """

    orders: int
    single: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int]


def order_items(lines: DataFrame, members: DataFrame, level: str) -> DataFrame:
    """What is in which order.

    Args:
        lines: purchases: customer_id, order_id, event_id, and category or product_id.
        members: customer_id, segment_id.
        level: category or product.

    Returns:
        One row per order and item: segment_id, customer_id, order (a hash of 64 bits), item.
    """
    item = F.col("category" if level == "category" else "product_id")
    order = F.xxhash64("customer_id", F.col("order_id").isNull(), F.coalesce("order_id", "event_id"))
    known = lines.select("customer_id", order.alias("order"), item.alias("item")).where("item IS NOT NULL").distinct()
    return known.join(members, on="customer_id", how="inner")


def most_frequent(items: DataFrame, count: int) -> DataFrame:
    """The items in the most orders, of all segments together; equals by their names."""
    counted = items.groupBy("item").agg(F.count("*").alias("orders"))
    return counted.orderBy(F.desc("orders"), "item").limit(count).select("item")


def counted(items: DataFrame, kept: DataFrame) -> DataFrame:
    """Orders by segment, and by segment and item, and by segment and pair.

    Pairs alone are counted, of a bounded number of items: all itemsets of large baskets would be too many to hold.

    Args:
        items: of `order_items`.
        kept: item; those that are counted, few enough to be sent everywhere.

    Returns:
        One row per segment_id, first and second: orders, customers. Of a single item second is null; of none, both.
    """
    some = items.join(F.broadcast(kept), on="item", how="left_semi")
    first = some.select("segment_id", "order", "customer_id", F.col("item").alias("first"))
    second = some.select("order", F.col("item").alias("second"))
    pairs = first.join(second, on="order", how="inner").where(F.col("first") < F.col("second"))
    nothing = F.lit(None).cast("string")
    every = items.select("segment_id", "order", "customer_id", nothing.alias("first")).distinct()
    rows = pairs.unionByName(first.unionByName(every).withColumn("second", nothing))
    return rows.groupBy("segment_id", "first", "second").agg(
        F.count("*").alias("orders"), F.count_distinct("customer_id").alias("customers")
    )


def counts_of(rows: Iterable[Any], column: str) -> dict[str, Counts]:
    """What was counted, by segment and of all together, as each customer is in one segment.

    Args:
        rows: of `counted`.
        column: orders or customers.

    Examples:
        >>> row = {"segment_id": "s", "first": None, "second": None, "orders": 4}
        >>> counts_of([row, {**row, "first": "tea", "orders": 3}], "orders")["all"]
        Counts(orders=4, single={'tea': 3}, pairs={})
    """
    totals: Counter[str] = Counter()
    single: dict[str, Counter[str]] = {}
    pairs: dict[str, Counter[tuple[str, str]]] = {}
    for row in rows:
        for segment in (ALL, row["segment_id"]):
            if row["first"] is None:
                totals[segment] += row[column]
            elif row["second"] is None:
                single.setdefault(segment, Counter())[row["first"]] += row[column]
            else:
                pairs.setdefault(segment, Counter())[row["first"], row["second"]] += row[column]
    return {one: Counts(n, dict(single.get(one, {})), dict(pairs.get(one, {}))) for one, n in totals.items()}
