"""Small functions from Column to Column that several parts of the package need."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, FloatType, MapType, StructType


def quoted(name: str) -> str:
    """A column name as Spark SQL reads it literally, whatever characters it has.

    Examples:
        >>> quoted("a.b`c")
        '`a.b``c`'
    """
    return "`" + name.replace("`", "``") + "`"


def text_literal(text: str) -> str:
    r"""A string as a Spark SQL literal.

    Examples:
        >>> print(text_literal("it's a \\ slash"))
        'it\'s a \\ slash'
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a date begins in a time zone.

    Examples:
        >>> midnight(date(2018, 1, 1), "America/New_York").isoformat()
        '2018-01-01T05:00:00+00:00'
    """
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def within_days(first: date, end: date) -> Column:
    """Whether event_date is in a window: from its first day on, before its end.

    Examples:
        >>> days = spark.sql("SELECT explode(sequence(DATE'2024-01-01', DATE'2024-01-09')) AS event_date")
        >>> days.where(within_days(date(2024, 1, 3), date(2024, 1, 5))).count()
        2
    """
    return (F.col("event_date") >= F.lit(first)) & (F.col("event_date") < F.lit(end))


def local_date(instant: Column, zone: str) -> Column:
    """The date of an instant in a time zone. The session's zone is UTC, as segspark sets it.

    Examples:
        >>> moments = spark.sql("SELECT timestamp'2018-01-01 04:59:59Z' AS t")
        >>> moments.select(local_date(F.col("t"), "America/New_York")).first()[0]
        datetime.date(2017, 12, 31)
    """
    return F.to_date(F.from_utc_timestamp(instant, zone))


def closed_ranges(dates: Iterable[date], before: int = 0, after: int | None = None) -> list[tuple[date, date]]:
    """Dates as few closed ranges, widened by so many days before and after (as many, if that is not said).

    Examples:
        >>> days = [date(2026, 1, d) for d in (1, 2, 9)]
        >>> [(a.day, b.day) for a, b in closed_ranges(days)], [(a.day, b.day) for a, b in closed_ranges(days[1:], 4, 2)]
        ([(1, 2), (9, 9)], [(29, 11)])
    """
    found: list[tuple[date, date]] = []
    for day in sorted(dates):
        first, last = day - timedelta(days=before), day + timedelta(days=before if after is None else after)
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def in_ranges(ranges: Iterable[tuple[date, date]], name: str) -> str:
    """Spark SQL condition: a date column is in one of the ranges.

    Examples:
        >>> in_ranges([(date(2026, 1, 1), date(2026, 1, 2))], "event_date")
        "event_date BETWEEN DATE'2026-01-01' AND DATE'2026-01-02'"
    """
    literal = [(f"DATE{text_literal(a.isoformat())}", f"DATE{text_literal(b.isoformat())}") for a, b in ranges]
    return " OR ".join(f"{name} BETWEEN {first} AND {last}" for first, last in literal) or "FALSE"


def exact_sum(value: Column) -> Column:
    """Sum doubles so that no order of rows changes a bit: to 18 digits after the point, as whole numbers.

    Whole millions, whole millionths of the rest, and what is left then are summed apart, in doubles, which add whole
    numbers below 2**53 exactly; null where there is no value.

    Examples:
        >>> df = spark.createDataFrame([(0.1,), (0.2,), (0.3,)], ["x"])
        >>> df.select(exact_sum(F.col("x"))).first()[0]
        0.6
    """
    millions = F.rint(value / 1e6)
    rest = (value - millions * 1e6) * 1e6
    millionths = F.rint(rest)
    return F.sum(millions) * 1e6 + (F.sum(millionths) / 1e6 + F.sum(F.rint((rest - millionths) * 1e12)) / 1e18)


def units(amount: Column) -> Column:
    """An amount in whole ten-thousandths, as a double: sums of them are exact up to 2**53, and never overflow.

    Decimals are summed several times more slowly, as each sum of them is an object.

    Examples:
        >>> df = spark.sql("SELECT CAST(x AS DECIMAL(18,4)) AS x FROM VALUES (0.1), (0.2) AS t(x)")
        >>> df.agg(F.sum(units(F.col("x")))).first()[0]
        3000.0
    """
    return F.rint(amount.cast("double") * 10_000)


def amount(in_units: Column) -> Column:
    """What so many ten-thousandths are, as a decimal.

    Examples:
        >>> spark.sql("SELECT 3000D AS x").select(amount(F.col("x"))).first()[0]
        Decimal('0.3000')
    """
    return (in_units / 10_000).cast("decimal(38,4)")


def ratio(numerator: Column, denominator: Column) -> Column:
    """Divide as doubles; null where the denominator is null or zero.

    Examples:
        >>> df = spark.createDataFrame([(1, 4), (1, 0)], ["a", "b"])
        >>> [row[0] for row in df.select(ratio(F.col("a"), F.col("b"))).collect()]
        [0.25, None]
    """
    return F.when(denominator != 0, numerator.cast("double") / denominator.cast("double"))


def differs(left: str, right: str, data_type: DataType) -> str:
    """Whether two values of a type differ; null equals null, doubles differ beyond a relative 1e-9, maps by entries.

    Args:
        left: as Spark SQL, and what is returned is, too: one call of the JVM, not one for each operator and column.
        right: likewise.
        data_type: of both.

    Examples:
        >>> df = spark.createDataFrame([(0.3, 0.1 + 0.2, None)], "a double, b double, c double")
        >>> df.selectExpr(*(differs("a", other, DoubleType()) for other in "bc")).first()[:]
        (False, True)
    """
    if isinstance(data_type, DoubleType | FloatType):
        apart = f"abs({left} - {right})"
        close = f"{apart} <= 1e-9D * greatest(abs({left}), abs({right})) AND {apart} < double('infinity')"
        return f"NOT ({left} <=> {right} OR ifnull({close}, false))"
    return f"NOT ({comparable(left, data_type)} <=> {comparable(right, data_type)})"


def comparable(value: str, data_type: DataType) -> str:
    """A value, as Spark SQL, in a form that can be compared and hashed: maps become sorted arrays of entries."""
    return f"sort_array(map_entries({value}))" if isinstance(data_type, MapType) else value


def content_hash(names: Iterable[str], schema: StructType, more: Iterable[str] = ()) -> str:
    """A 64-bit hash of columns' contents and of more values, for telling different rows from repeated ones.

    Examples:
        >>> df = spark.sql("SELECT map('a', '1', 'b', '2') AS m UNION ALL SELECT map('b', '2', 'a', '1')")
        >>> df.selectExpr(content_hash(["m"], df.schema)).distinct().count()
        1
    """
    values = [*(comparable(quoted(name), schema[name].dataType) for name in names), *more]
    absent = [f"{value} IS NULL" for value in values]  # xxhash64 passes nulls over: without, ('a', null) = (null, 'a')
    return f"xxhash64({', '.join([*values, *absent])})"
