"""Examples: the customers who are most like the mean of their segment, without anything that says who they are."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.segments.profiles import Profile, by_segment


@dataclass(frozen=True)
class Example:
    """A feature of a typical customer: the columns of segment_examples in their order, but for as_of and run_id."""

    segment_id: str
    example: str
    feature: str
    value: float | None


def nearest(customers: DataFrame, profiles: Sequence[Profile], count: int) -> DataFrame:
    """The customers of each segment who are nearest to its means.

    The distance is the root mean square over the features, in everybody's standard deviations; what is not known
    of a customer counts as one away. Equals by a hash of the customer_id.

    Args:
        customers: customer_id, segment_id, and every feature that a profile is of.
        profiles: of the segments that are told, in every feature; those that do not vary have no say.
        count: customers of a segment.

    Returns:
        One row per segment_id and _place (1 is the nearest): the features, as doubles.

    Examples:
        >>> told = [Profile("s", "x", 3, 4.0, 5.0, 2.0)]
        >>> rows = spark.createDataFrame([("a", "s", 1.0), ("b", "s", 5.0), ("c", "s", None)],
        ...     "customer_id string, segment_id string, x double")
        >>> nearest(rows, told, 2).orderBy("_place").collect()  # 1.5, 0.5 and 1 away
        [Row(segment_id='s', _place=1, x=5.0), Row(segment_id='s', _place=2, x=None)]
    """
    deviations = {one.feature: one.overall_deviation for one in profiles if one.overall_deviation}
    means = {segment: {one.feature: one.mean for one in own} for segment, own in by_segment(profiles).items()}
    told = customers.where(F.col("segment_id").isin(list(means)))
    away = [_squared(name, means, deviation) for name, deviation in deviations.items()]
    distance = F.aggregate(F.array(*away), F.lit(0.0), lambda one, other: one + other) if away else F.lit(0.0)
    order = Window.partitionBy("segment_id").orderBy("_distance", F.xxhash64("customer_id"), "customer_id")
    names = list(dict.fromkeys(one.feature for one in profiles))
    values = [F.col(quoted(name)).cast("double").alias(name) for name in names]
    ranked = told.select("segment_id", "customer_id", *values, distance.alias("_distance"))
    return (
        ranked.withColumn("_place", F.row_number().over(order))
        .where(F.col("_place") <= count)
        .select("segment_id", "_place", *map(quoted, names))
    )


def examples(rows: Iterable[Any], profiles: Iterable[Profile], features: int) -> list[Example]:
    """The features that set each segment apart most, of its typical customers.

    Values are told to two digits, so that no exact one leads to a person.

    Args:
        rows: of `nearest`.
        profiles: of the same segments.
        features: how many are told.

    Examples:
        >>> told = [Profile("s", "spent", 30, 400.0, 100.0, 60.0), Profile("s", "orders", 30, 5.0, 4.0, 2.0)]
        >>> examples([{"segment_id": "s", "_place": 1, "spent": 1234.5, "orders": 7.0}], told, 1)
        [Example(segment_id='s', example='A', feature='spent', value=1200.0)]
    """
    telling = {segment: _telling(own, features) for segment, own in by_segment(profiles).items()}
    ordered = sorted(rows, key=lambda row: (row["segment_id"], row["_place"]))
    return [
        Example(row["segment_id"], ascii_uppercase[row["_place"] - 1], name, _two_digits(row[name]))
        for row in ordered
        for name in telling[row["segment_id"]]
    ]


def _telling(own: Sequence[Profile], count: int) -> list[str]:
    known = [one for one in own if one.standardised is not None]
    return [one.feature for one in sorted(known, key=lambda one: (-abs(one.standardised or 0), one.feature))[:count]]


def _squared(name: str, means: Mapping[str, Mapping[str, float | None]], deviation: float) -> Column:
    known = [(segment, own[name]) for segment, own in means.items() if own.get(name) is not None]
    if not known:
        return F.lit(0.0)
    centre = F.create_map(*[F.lit(part) for pair in known for part in pair])[F.col("segment_id")]
    away = (F.col(quoted(name)).cast("double") - centre) / deviation
    return F.when(centre.isNull(), 0.0).otherwise(F.coalesce(away * away, F.lit(1.0)))


def _two_digits(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.2g}")
