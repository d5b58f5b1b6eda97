"""Customers counted by condition: how many meet one or two, what they are worth, and how their orders grew."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, quoted
from segspark.segments.contrasts import without
from segspark.segments.intervals import Moments
from segspark.segments.pocket_bins import CODES, Bins

ALL_CODE = -1  # met by everybody
Key = tuple[int, ...]  # codes that are met, none of them by everybody


@dataclass(frozen=True)
class Cell:
    """Customers who meet the same conditions.

    Attributes:
        value: moments of what each is worth.
        orders: of the orders of late (x) and of those before (y).
        new: who first ordered of late; `new_before`: in as many days before.
    """

    value: Moments
    orders: Moments
    new: int
    new_before: int

    @property
    def customers(self) -> int:
        """How many they are."""
        return self.value.customers

    def without(self, part: "Cell") -> "Cell":
        """Those who are not in a part of them."""
        return Cell(
            without(self.value, part.value), without(self.orders, part.orders),
            self.new - part.new, self.new_before - part.new_before,
        )  # fmt: skip


Cells = Mapping[str, tuple[Mapping[Key, Cell], Mapping[Key, Cell]]]
"""By segment: cells of the half that is searched, and of the half that decides, by the conditions met."""


def met(customers: DataFrame, cuts: DataFrame, bins: Bins) -> DataFrame:
    """The codes of the conditions that each customer meets.

    Args:
        customers: segment_id and the features of the bins, with what else is to be kept.
        cuts: of `cuts_frame`.
        bins: of the sample.

    Returns:
        One row per customer: codes, and the columns that no condition is about.
    """
    # The number of the bin is one more than that of the bounds below the value.
    numbers = [_number(name, at) for at, name in enumerate(bins.numbers)]
    texts = [_text(name, values, at) for at, (name, values) in enumerate(bins.texts.items(), start=len(numbers))]
    about = {*bins.numbers, *bins.texts}
    kept = [name for name in customers.columns if name not in about]
    joined = customers.join(F.broadcast(cuts), on="segment_id", how="inner")
    codes = F.array_compact(F.array(F.lit(ALL_CODE), *numbers, *texts)).alias("codes")
    return joined.select(*kept, codes)


def _number(name: str, at: int) -> Column:
    value, cuts = F.col(quoted(name)).cast("double"), F.col("_cuts")[at]
    below = F.size(F.filter(cuts, lambda cut: cut < value))
    return F.when(value.isNotNull() & ~F.isnan(value) & (F.size(cuts) > 0), F.lit(at * CODES + 1) + below)


def _text(name: str, values: Sequence[str], at: int) -> Column:
    place = F.array_position(F.array(*map(F.lit, values)).cast("array<string>"), F.col(quoted(name)))
    return F.when(place > 0, F.lit(at * CODES) + place.cast("int"))


def singles(rows: DataFrame) -> DataFrame:
    """Customers by segment, half and condition: rows of `met`, with what `_summed` reads."""
    return _summed(rows.withColumn("first", F.explode("codes")).withColumn("second", F.lit(None).cast("int")))


def pairs(rows: DataFrame, beam: DataFrame) -> DataFrame:
    """The same by two conditions of the beam.

    Args:
        rows: of `met`.
        beam: segment_id and kept, the codes that are tried two at a time: few enough to be sent everywhere.
    """
    joined = rows.join(F.broadcast(beam), on="segment_id", how="inner")
    own = joined.withColumn("codes", F.array_intersect("codes", "kept")).where(F.size("codes") > 1)
    both = own.withColumn("first", F.explode("codes")).withColumn("second", F.explode("codes"))
    return _summed(both.where(F.col("first") < F.col("second")))


def _summed(rows: DataFrame) -> DataFrame:
    # No feature has a name that begins so.
    value, x, y = F.col("_value"), F.col("_recent").cast("long"), F.col("_earlier").cast("long")
    return rows.groupBy("segment_id", F.col("_half").alias("half"), "first", "second").agg(
        F.count("*").alias("n"), exact_sum(value).alias("v"), exact_sum(value * value).alias("vv"),
        F.count_if((x > 0) | (y > 0)).alias("told"), F.sum(x).alias("x"), F.sum(y).alias("y"),
        F.sum(x * x).alias("xx"), F.sum(x * y).alias("xy"), F.sum(y * y).alias("yy"),
        F.count_if("_new").alias("new"), F.count_if("_new_before").alias("new_before"),
    )  # fmt: skip


def cells_of(rows: Iterable[Any]) -> Cells:
    """What was counted, by segment, half and conditions.

    Args:
        rows: of `singles` and `pairs`.

    Examples:
        >>> counted = {"segment_id": "s", "half": 0, "first": -1, "second": None, "n": 2, "v": 3.0, "vv": 5.0,
        ...     "told": 1, "x": 1, "y": 2, "xx": 1, "xy": 2, "yy": 4, "new": 0, "new_before": 1}
        >>> cells_of([counted])["s"][0][()].value
        Moments(customers=2, told=2, x=3.0, y=2.0, xx=5.0, xy=3.0, yy=2.0)
    """
    found: dict[str, tuple[dict[Key, Cell], dict[Key, Cell]]] = {}
    for row in rows:
        key = tuple(code for code in (row["first"], row["second"]) if code is not None and code != ALL_CODE)
        found.setdefault(row["segment_id"], ({}, {}))[row["half"]][key] = _cell(row)
    return found


def _cell(row: Any) -> Cell:
    n, v = row["n"], float(row["v"])
    orders = (float(row[name]) for name in ("x", "y", "xx", "xy", "yy"))
    value = Moments(n, n, v, float(n), float(row["vv"]), v, float(n))
    return Cell(value, Moments(n, row["told"], *orders), row["new"], row["new_before"])
