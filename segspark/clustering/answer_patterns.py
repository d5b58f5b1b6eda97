"""Answer patterns: the distinct combinations of categorical answers, and how many customers gave each."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DataType, MapType, StructType, VariantType

from segspark.columns import quoted
from segspark.errors import BadInputError

NOT_ANSWERED = -1
_NO_ANSWERS = (ArrayType, BinaryType, MapType, StructType, VariantType)


@dataclass(frozen=True)
class Item:
    """A categorical column.

    Attributes:
        levels: the values that are told apart, as text, the most frequent first.
        others: whether there are more values, which together are one more level.
    """

    name: str
    levels: tuple[str, ...]
    others: bool = False

    @property
    def width(self) -> int:
        """Number of levels, all other values being one.

        Examples:
            >>> Item("city", ("Oslo", "Rome"), others=True).width
            3
        """
        return len(self.levels) + self.others


@dataclass(frozen=True, eq=False)
class Patterns:
    """A counted table of answers.

    Attributes:
        codes: patterns x items; the position in the item's levels, one more for all other values, -1 for not answered.
        counts: customers by pattern.
    """

    items: tuple[Item, ...]
    codes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @property
    def customers(self) -> int:
        """Number of customers who answered anything."""
        return int(self.counts.sum())

    @property
    def cells(self) -> int:
        """Number of patterns that could occur if all items were answered."""
        return prod(item.width for item in self.items)


def answer_patterns(
    frame: DataFrame, names: Sequence[str], *, max_levels: int = 20, max_patterns: int = 20_000
) -> Patterns:
    """Count the distinct answer patterns, in one pass over the customers.

    Answers are compared as text. Null is not answered, nor is NaN; customers who answered nothing are left out. Where
    an item has more than `max_levels` values, those of the most customers are told apart (of equally many, the first
    in the order of their bytes), and all others become one level.

    Args:
        frame: one row per customer.
        names: the items, columns that can be cast to text.
        max_levels: values of an item that are told apart.
        max_patterns: the most patterns that are fetched: what bounds the driver's memory and the cost of a fit.

    Returns:
        The patterns, sorted by their codes.

    Raises:
        BadInputError: a column is missing, no category or never answered, or there are too many patterns.

    Examples:
        >>> df = spark.createDataFrame([("a", 2), ("a", None), ("b", 2), ("a", 2)], "x string, y int")
        >>> found = answer_patterns(df, ["x", "y"])
        >>> found.items
        (Item(name='x', levels=('a', 'b'), others=False), Item(name='y', levels=('2',), others=False))
        >>> [(*codes, n) for codes, n in zip(found.codes.tolist(), found.counts.tolist())]
        [(0, -1, 1), (0, 0, 2), (1, 0, 1)]
    """
    _check(frame.schema, names)
    aliases = [f"item{position}" for position in range(len(names))]
    answers = frame.select(
        *(answer(F.col(quoted(name))).alias(alias) for name, alias in zip(names, aliases, strict=True))
    )
    answered = answers.where(F.coalesce(*aliases).isNotNull())
    given = answered.groupBy(*aliases).agg(F.count(F.lit(1)).alias("customers")).persist()
    try:
        items = _items(given, names, aliases, max_levels)
        return _table(given, items, aliases, max_patterns)
    finally:
        given.unpersist()


def answer(value: Column) -> Column:
    """A value as answers are compared: as text, null where it is NaN."""
    return F.nullif(value.cast("string"), F.lit("NaN"))


def _check(schema: StructType, names: Sequence[str]) -> None:
    problems = [
        f"latent classes: no column {name!r}; there are {schema.names}" for name in names if name not in schema.names
    ]
    types: dict[str, DataType] = {field.name: field.dataType for field in schema}
    problems += [
        f"latent classes: {name!r} is {types[name].simpleString()}, no category; give text, numbers or booleans"
        for name in names
        if isinstance(types.get(name), _NO_ANSWERS)
    ]
    problems += [] if names else ["latent classes: no columns given; name at least one"]
    if problems:
        raise BadInputError(problems)


def _items(given: DataFrame, names: Sequence[str], aliases: Sequence[str], max_levels: int) -> tuple[Item, ...]:
    """The levels of each item, the most frequent first."""
    pairs = [F.struct(F.lit(at).alias("at"), F.col(alias).alias("level")) for at, alias in enumerate(aliases)]
    long = given.select(F.explode(F.array(*pairs)).alias("answer"), "customers").select("answer.*", "customers")
    counted = long.where("level IS NOT NULL").groupBy("at", "level").agg(F.sum("customers").alias("customers"))
    rank = F.row_number().over(Window.partitionBy("at").orderBy(F.desc("customers"), "level"))
    # At most one row more than max_levels for each item.
    rows = counted.select("at", "level", rank.alias("rank")).where(F.col("rank") <= max_levels + 1).collect()
    levels: list[list[str]] = [[] for _ in names]
    for row in sorted(rows, key=lambda row: row["rank"]):
        levels[row["at"]].append(row["level"])
    silent = [name for name, found in zip(names, levels, strict=True) if not found]
    if silent:
        raise BadInputError(f"latent classes: {name!r} is null for every customer; leave it out" for name in silent)
    return tuple(
        Item(name, tuple(found[:max_levels]), len(found) > max_levels)
        for name, found in zip(names, levels, strict=True)
    )


def _table(given: DataFrame, items: Sequence[Item], aliases: Sequence[str], max_patterns: int) -> Patterns:
    codes = [_code(F.col(alias), item).alias(alias) for alias, item in zip(aliases, items, strict=True)]
    counted = given.select(*codes, "customers").groupBy(*aliases).agg(F.sum("customers").alias("customers"))
    rows = counted.limit(max_patterns + 1).toPandas()  # the bound
    if len(rows) > max_patterns:
        raise BadInputError([_too_many(counted.count(), items, max_patterns)])
    rows = rows.sort_values(list(aliases))
    return Patterns(
        tuple(items), rows[list(aliases)].to_numpy(dtype=np.int64), rows["customers"].to_numpy(dtype=np.int64)
    )


def _code(level: Column, item: Item) -> Column:
    position = F.array_position(F.array(*(F.lit(one) for one in item.levels)), level)
    known = F.when(position > 0, position - 1).otherwise(len(item.levels))
    return F.when(level.isNull(), NOT_ANSWERED).otherwise(known)


def _too_many(found: int, items: Sequence[Item], max_patterns: int) -> str:
    widths = ", ".join(f"{item.name} {item.width}" for item in sorted(items, key=lambda item: -item.width))
    return (
        f"latent classes: {found} distinct answer patterns, of which at most {max_patterns} are fitted on; leave out "
        f"the columns with most levels ({widths}), tell fewer levels apart, or allow more patterns"
    )
