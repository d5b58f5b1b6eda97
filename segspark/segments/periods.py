"""Periods: calendar weeks, months and quarters, as they are known by their first day."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from pyspark.sql import Column
from pyspark.sql import functions as F

Unit = Literal["week", "month", "quarter"]
_MONTHS = {"month": 1, "quarter": 3}
_WEEK = 7


@dataclass(frozen=True, order=True)
class Period:
    """From a day to the day before another.

    Attributes:
        start: its first day.
        end: the day after its last.
    """

    start: date
    end: date


def periods_before(as_of: date, unit: Unit, count: int) -> list[Period]:
    """The last complete periods before a date, the earliest first; what of a period as_of cuts off is in none.

    Examples:
        >>> [str(one.start) for one in periods_before(date(2026, 3, 15), "month", 2)]
        ['2026-01-01', '2026-02-01']
        >>> [str(one.start) for one in periods_before(date(2026, 3, 1), "quarter", 1)]
        ['2025-10-01']
        >>> [(str(one.start), str(one.end)) for one in periods_before(date(2026, 3, 9), "week", 1)]  # a Monday
        [('2026-03-02', '2026-03-09')]
    """
    starts = [begun(as_of, unit)]
    for _ in range(count):
        starts.append(begun(starts[-1] - timedelta(days=1), unit))
    starts.reverse()
    return [Period(start, end) for start, end in pairwise(starts)]


def begun(day: date, unit: Unit) -> date:
    """The first day of the period that a day is in.

    Examples:
        >>> begun(date(2026, 5, 31), "quarter"), begun(date(2026, 3, 1), "week")  # a Sunday
        (datetime.date(2026, 4, 1), datetime.date(2026, 2, 23))
    """
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def period_start(day: Column, unit: Unit) -> Column:
    """The same of a column of dates.

    Examples:
        >>> days = spark.sql("SELECT explode(array(DATE'2026-05-31', DATE'2026-03-01')) AS d")
        >>> [str(row[0]) for row in days.select(period_start(F.col("d"), "week")).collect()]
        ['2026-05-25', '2026-02-23']
    """
    return F.to_date(F.date_trunc(unit, day))


def next_start(start: Column, unit: Unit) -> Column:
    """The first day of the period after the one that begins on a day.

    Examples:
        >>> str(spark.sql("SELECT DATE'2025-11-01' AS d").select(next_start(F.col("d"), "quarter")).first()[0])
        '2026-02-01'
    """
    return F.date_add(start, _WEEK) if unit == "week" else F.add_months(start, _MONTHS[unit])


def months_between(earlier: date, later: date) -> int:
    """Calendar months from the month of one day to that of another.

    Examples:
        >>> months_between(date(2025, 11, 30), date(2026, 2, 1))
        3
    """
    return (later.year - earlier.year) * 12 + later.month - earlier.month
