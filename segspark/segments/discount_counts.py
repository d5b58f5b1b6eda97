"""Orders counted by the depth of their discounts, by segment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import units
from segspark.segments.intervals import Moments

_COST = "try_cast(properties['cost'] AS DECIMAL(18,4))"
_MONEY = ("gross", "saved", "costed", "cost")


@dataclass(frozen=True)
class Depth:
    """Orders of a segment within a bin of depth.

    Attributes:
        orders: x are a customer's orders in the bin, y all of its orders.
        customers: with an order in the bin.
        gross: amounts paid; `saved`, discounts; `costed`, amounts of lines whose cost is known, and their `cost`.
    """

    orders: Moments
    customers: int
    gross: float
    saved: float
    costed: float
    cost: float


@dataclass(frozen=True)
class Depths:
    """A segment: its bins from no discount on, and how many customers ordered at any."""

    bins: Sequence[Depth]
    discounted: int


def order_depths(lines: DataFrame, edges: Sequence[float]) -> DataFrame:
    """Each order with its bin: 0 without a discount, else one more than the edges below its depth.

    Args:
        lines: purchases: customer_id, order_id, event_id, amount, discount, properties.
        edges: rising, between 0 and 1.

    Returns:
        One row per customer_id and order (a hash of 64 bits): bin; gross, saved, costed, cost in ten-thousandths.

    Examples:
        >>> lines = spark.sql("SELECT 'a' AS customer_id, 'o' AS order_id, 'e' AS event_id, 8.0 AS amount, "
        ...                   "2.0 AS discount, map('cost', '5') AS properties")
        >>> order_depths(lines, [0.1, 0.2]).drop("order").first()[:]  # a fifth, which is not above the second edge
        ('a', 2, 80000.0, 20000.0, 80000.0, 50000.0)
    """
    order = F.xxhash64("customer_id", F.col("order_id").isNull(), F.coalesce("order_id", "event_id"))
    cost = F.expr(_COST)
    summed = lines.groupBy("customer_id", order.alias("order")).agg(
        _zero(F.sum(units(F.col("amount")))).alias("gross"),
        _zero(F.sum(units(F.col("discount")))).alias("saved"),
        _zero(F.sum(F.when(cost.isNotNull(), units(F.col("amount"))))).alias("costed"),
        _zero(F.sum(units(cost))).alias("cost"),
    )
    depth = F.col("saved") / (F.col("gross") + F.col("saved"))
    above = reduce(add, ((depth > edge).cast("int") for edge in edges))
    place = F.when(F.col("saved") > 0, F.coalesce(above, F.lit(len(edges))) + 1).otherwise(0).alias("bin")
    return summed.select("customer_id", "order", place, *_MONEY)


def depth_sums(orders: DataFrame, members: DataFrame, bins: int) -> DataFrame:
    """Sums over the customers of each segment; as orders of one customer are alike, by customer first.

    Args:
        orders: of `order_depths`.
        members: customer_id, segment_id.
        bins: that there are.

    Returns:
        One row per segment_id.
    """
    each = [
        column
        for at in range(bins)
        for column in (
            F.count_if(F.col("bin") == at).alias(f"orders_{at}"),
            *(_zero(F.sum(F.when(F.col("bin") == at, F.col(name)))).alias(f"{name}_{at}") for name in _MONEY),
        )
    ]
    customers = orders.groupBy("customer_id").agg(F.count("*").alias("orders"), *each)
    y = F.col("orders")
    sums = [column for at in range(bins) for column in _of_bin(at)]
    return customers.join(members, on="customer_id", how="inner").groupBy("segment_id").agg(
        F.count("*").alias("n"), F.sum(y).alias("y"), F.sum(y * y).alias("yy"),
        F.count_if(y > F.col("orders_0")).alias("discounted"), *sums,
    )  # fmt: skip


def _of_bin(at: int) -> list[Column]:
    x, y = F.col(f"orders_{at}"), F.col("orders")
    moments = [F.sum(x).alias(f"x_{at}"), F.sum(x * x).alias(f"xx_{at}"), F.sum(x * y).alias(f"xy_{at}")]
    money = [F.sum(f"{name}_{at}").alias(f"{name}_{at}") for name in _MONEY]
    return [*moments, F.count_if(x > 0).alias(f"customers_{at}"), *money]


def depths_of(rows: Iterable[Any], bins: int) -> dict[str, Depths]:
    """What was summed, by segment; money in the currency.

    Args:
        rows: of `depth_sums`.
        bins: that there are.
    """
    return {row["segment_id"]: Depths([_depth(row, at) for at in range(bins)], row["discounted"]) for row in rows}


def _depth(row: Any, at: int) -> Depth:
    sums = (row[f"x_{at}"], row["y"], row[f"xx_{at}"], row[f"xy_{at}"], row["yy"])
    orders = Moments(row["n"], row["n"], *map(float, sums))
    return Depth(orders, row[f"customers_{at}"], *(row[f"{name}_{at}"] / 10_000 for name in _MONEY))


def _zero(value: Column) -> Column:
    return F.coalesce(value, F.lit(0.0))
