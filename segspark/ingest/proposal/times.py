"""Times: the expression that reads a column as times, by how its values are written, and the dates in it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from segspark.columns import quoted
from segspark.ingest.proposal.looks import Seen

_CLOCK, _CLOCK_FORMAT = r"( \d{1,2}:\d{2}(:\d{2})?)?", "[ H:mm[:ss]]"
_WITH_CLOCK = re.compile(r".{11,}")


@dataclass(frozen=True)
class _Form:
    """A way to write times.

    Attributes:
        values: what they look like.
        expression: that reads a {column} of them.
        remark: what to say of it.
        day: the date in a value; an error where it cannot be read.
    """

    values: re.Pattern[str]
    expression: str
    remark: str
    day: Callable[[str], date]


def _parsed(pattern: str, column: str = "{column}") -> str:
    """Without a zone, so that the input's is applied."""
    return f"CAST(try_to_timestamp({column}, '{pattern}') AS TIMESTAMP_NTZ)"


def _parts(separators: str, *order: str) -> Callable[[str], date]:
    def day(value: str) -> date:
        return date(**dict(zip(order, map(int, re.split(separators, value)[:3]), strict=True)))

    return day


_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
_DATES = _Form(_ISO, "{column}", "dates", _parts("[-T ]", "year", "month", "day"))
_TIMES = _Form(_ISO, "{column}", "times", _DATES.day)
_DOTS = _Form(
    re.compile(rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_CLOCK}"),
    _parsed(f"d.M.yyyy{_CLOCK_FORMAT}"),
    "day.month.year",
    _parts("[./ ]", "day", "month", "year"),
)
_SLASHES = re.compile(rf"\d{{1,2}}/\d{{1,2}}/\d{{4}}{_CLOCK}")
_DAY_FIRST = _Form(
    _SLASHES,
    _parsed(f"d/M/yyyy{_CLOCK_FORMAT}"),
    "d/M/yyyy; day or month first?",
    _parts("[./ ]", "day", "month", "year"),
)
_MONTH_FIRST = _Form(
    _SLASHES,
    _parsed(f"M/d/yyyy{_CLOCK_FORMAT}"),
    "M/d/yyyy; day or month first?",
    _parts("[/ ]", "month", "day", "year"),
)
# Whole numbers, which are times only where the column's name says so.
_NUMBERS = (
    _Form(
        re.compile(r"(19|20)\d{6}"),
        _parsed("yyyyMMdd", "CAST({column} AS STRING)"),
        "yearmonthday",
        lambda value: date(int(value[:4]), int(value[4:6]), int(value[6:8])),
    ),
    _Form(
        re.compile(r"1\d{9}"),
        "try_cast(try_cast({column} AS BIGINT) AS TIMESTAMP)",
        "seconds since 1970",
        lambda value: datetime.fromtimestamp(int(value), UTC).date(),
    ),
    _Form(
        re.compile(r"1\d{12}"),
        "try_cast(try_cast({column} AS DECIMAL(20,0)) / 1000 AS TIMESTAMP)",
        "milliseconds since 1970",
        lambda value: datetime.fromtimestamp(int(value) / 1000, UTC).date(),
    ),
)


def as_time(seen: Seen, named: bool) -> tuple[str, str] | None:
    """How to read a column as times, and a remark; None if it does not look like times.

    Args:
        named: whether its name says so, too; only then are whole numbers taken for times.

    Examples:
        >>> as_time(Seen("t", "string", ("1735689600", "1735689700")), named=True)
        ('try_cast(try_cast(`t` AS BIGINT) AS TIMESTAMP)', 'seconds since 1970')
        >>> as_time(Seen("t", "string", ("31.12.2024 23:59",)), named=False)
        ("CAST(try_to_timestamp(`t`, 'd.M.yyyy[ H:mm[:ss]]') AS TIMESTAMP_NTZ)", 'day.month.year')
    """
    form = _form(seen, named)
    return None if form is None else (form.expression.format(column=quoted(seen.name)), form.remark)


def days(seen: Seen) -> list[date]:
    """The dates in a column of times; what cannot be read is passed over.

    Examples:
        >>> [day.isoformat() for day in days(Seen("t", "string", ("24.12.2024 10:00", "5.1.2025", "1.13.2025")))]
        ['2024-12-24', '2025-01-05']
    """
    form = _form(seen, named=True) or _DATES
    return [day for value in seen.values if (day := _day(value, form)) is not None]


def _form(seen: Seen, named: bool) -> _Form | None:
    if seen.type.startswith(("timestamp", "date")) or seen.mostly(_ISO):
        return _TIMES if seen.mostly(_WITH_CLOCK) else _DATES
    if seen.mostly(_SLASHES):
        return _MONTH_FIRST if _month_first(seen) else _DAY_FIRST
    return next((form for form in (_DOTS, *(_NUMBERS if named else ())) if seen.mostly(form.values)), None)


def _month_first(seen: Seen) -> bool:
    """What is above 12 is no month."""
    matches = [match for value in seen.values if (match := re.match(r"(\d{1,2})/(\d{1,2})/", value))]
    return max(int(match[2]) for match in matches) > 12 >= max(int(match[1]) for match in matches)


def _day(value: str, form: _Form) -> date | None:
    try:
        return form.day(value)
    except (ValueError, OverflowError, OSError):
        return None
