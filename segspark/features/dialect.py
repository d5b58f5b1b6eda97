"""Spark's SQL in DuckDB's words."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

# What Spark computes and DuckDB has by another name, or not at all. `exact_sum` and its three parts are those of
# segspark.columns: whole numbers, which add up to the same in any order.
MACROS = """
CREATE MACRO rint(x) AS round_even(x, 0);
CREATE MACRO units(x) AS rint(CAST(x AS DOUBLE) * 10000);
CREATE MACRO millions(x) AS rint(x / 1e6);
CREATE MACRO millionths(x) AS rint((x - millions(x) * 1e6) * 1e6);
CREATE MACRO rest(x) AS rint(((x - millions(x) * 1e6) * 1e6 - millionths(x)) * 1e12);
CREATE MACRO together(a, b, c) AS a * 1e6 + (b / 1e6 + c / 1e18);
CREATE MACRO exact_sum(x) AS together(sum(millions(x)), sum(millionths(x)), sum(rest(x)));
CREATE MACRO weight(days, half_life, oldest) AS pow(2.0::DOUBLE, -least(days / half_life, oldest));
"""
EXACT_PARTS = ("millions", "millionths", "rest")


def duckdb_sql(expression: str) -> str:
    r"""A Spark SQL expression, with the same meaning.

    Raises:
        ValueError: it cannot be said there.

    Examples:
        >>> duckdb_sql(r"IF(event_type = 'it\'s', `amount`, 0)")
        'CASE WHEN event_type = \'it\'\'s\' THEN "amount" ELSE 0 END'
    """
    import sqlglot

    try:
        return sqlglot.transpile(expression, "spark", "duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error


def text(value: str) -> str:
    """A string as a literal of DuckDB.

    Examples:
        >>> print(text("it's"))
        'it''s'
    """
    return "'" + value.replace("'", "''") + "'"


def clock_changes(zone: str) -> Iterator[tuple[int, int]]:
    """When the clocks of a time zone change: the instant, and how far they are ahead from then on, in seconds.

    DuckDB would need an extension for it that is not in its package.

    Examples:
        >>> [(datetime.fromtimestamp(at, UTC).isoformat(), ahead) for at, ahead in clock_changes("Europe/Paris")][-1]
        ('2099-10-25T01:00:00+00:00', 3600)
    """
    start, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1900, 2100))
    before = _ahead(start, zone)
    yield start, before
    for day in range(start, end, 86_400):
        after = _ahead(day + 86_400, zone)
        if after != before:
            yield day + 1 + bisect_left(range(day + 1, day + 86_400), True, key=_differs(before, zone)), after
            before = after


def _differs(ahead: int, zone: str) -> Callable[[int], bool]:
    return lambda at: _ahead(at, zone) != ahead


def _ahead(at: int, zone: str) -> int:
    offset = datetime.fromtimestamp(at, ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0
