"""Readings: the expressions that read a column as times or as numbers, by how its values are written."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

from segspark.columns import quoted
from segspark.ingest.proposal.looks import Seen

_CLOCK, _CLOCK_FORMAT = r"( \d{1,2}:\d{2}(:\d{2})?)?", "[ H:mm[:ss]]"
_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")
_WITH_CLOCK = re.compile(r".{11,}")
_DOTS = re.compile(rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_CLOCK}")
_SLASHES = re.compile(rf"\d{{1,2}}/\d{{1,2}}/\d{{4}}{_CLOCK}")
_EIGHT_DIGITS = re.compile(r"(19|20)\d{6}")
_SECONDS, _MILLISECONDS = re.compile(r"1\d{9}"), re.compile(r"1\d{12}")

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_COMMAS = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?")
_THOUSANDS = re.compile(rf"[+-]?\d{{1,3}}(,\d{{3}})+(\.\d+)?|{_NUMBER.pattern}")
_MONEY = re.compile(r"([€$£]|EUR|USD|GBP|CHF)")
_NO_NUMBER = "[^0-9.,+-]"


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
    column = quoted(seen.name)
    if seen.type.startswith(("timestamp", "date")) or seen.mostly(_ISO):
        return column, "times" if seen.mostly(_WITH_CLOCK) else "dates"
    if seen.mostly(_DOTS):
        return _parsed(column, f"d.M.yyyy{_CLOCK_FORMAT}"), "day.month.year"
    if seen.mostly(_SLASHES):
        order = _slashes(seen)
        return _parsed(column, order + _CLOCK_FORMAT), f"{order}; day or month first?"
    return _number_as_time(seen) if named else None


def as_number(seen: Seen) -> tuple[str, str] | None:
    """How to read a column as numbers, and a remark; None if it does not look like numbers.

    Examples:
        >>> as_number(Seen("p", "string", ("€ 1,200.50",)))
        ("replace(regexp_replace(`p`, '[^0-9.,+-]', ''), ',', '')", 'comma between thousands, currency sign')
    """
    column, signs = quoted(seen.name), ""
    if seen.mostly(_MONEY, inside=True):
        seen = replace(seen, cells=tuple(re.sub(_NO_NUMBER, "", value) for value in seen.values))
        column, signs = f"regexp_replace({column}, '{_NO_NUMBER}', '')", ", currency sign"
    if seen.mostly(_NUMBER):
        return column, f"numbers{signs}"
    if seen.mostly(_THOUSANDS):
        return f"replace({column}, ',', '')", f"comma between thousands{signs}"
    if seen.mostly(_COMMAS):
        return f"replace(replace({column}, '.', ''), ',', '.')", f"decimal comma{signs}"
    return None


def days(seen: Seen) -> list[date]:
    """The dates in a column of times; what cannot be read is passed over.

    Examples:
        >>> [day.isoformat() for day in days(Seen("t", "string", ("24.12.2024 10:00", "5.1.2025", "1.13.2025")))]
        ['2024-12-24', '2025-01-05']
    """
    expression = (as_time(seen, named=True) or ("", ""))[0]
    return [day for value in seen.values if (day := _day(value, expression)) is not None]


def _number_as_time(seen: Seen) -> tuple[str, str] | None:
    column = quoted(seen.name)
    if seen.mostly(_EIGHT_DIGITS):
        return _parsed(f"CAST({column} AS STRING)", "yyyyMMdd"), "yearmonthday"
    if seen.mostly(_SECONDS):
        return f"try_cast(try_cast({column} AS BIGINT) AS TIMESTAMP)", "seconds since 1970"
    if seen.mostly(_MILLISECONDS):
        return f"try_cast(try_cast({column} AS DECIMAL(20,0)) / 1000 AS TIMESTAMP)", "milliseconds since 1970"
    return None


def _slashes(seen: Seen) -> str:
    """Day or month first: what is above 12 is no month."""
    firsts = [int(value.split("/")[0]) for value in seen.values if re.match(r"\d{1,2}/\d{1,2}/", value)]
    seconds = [int(value.split("/")[1]) for value in seen.values if re.match(r"\d{1,2}/\d{1,2}/", value)]
    return "M/d/yyyy" if max(seconds) > 12 >= max(firsts) else "d/M/yyyy"


def _parsed(column: str, pattern: str) -> str:
    """Without a zone, so that the input's is applied."""
    return f"CAST(try_to_timestamp({column}, '{pattern}') AS TIMESTAMP_NTZ)"


def _day(value: str, expression: str) -> date | None:
    try:
        if "BIGINT" in expression or "DECIMAL" in expression:
            return datetime.fromtimestamp(int(value) / (1000 if "DECIMAL" in expression else 1), UTC).date()
        if "M/d" in expression:
            month, day, year = re.split(r"[/ ]", value)[:3]
            return date(int(year), int(month), int(day))
        if "d.M" in expression or "d/M" in expression:
            day, month, year = re.split(r"[./ ]", value)[:3]
            return date(int(year), int(month), int(day))
        if "yyyyMMdd" in expression:
            return date(int(value[:4]), int(value[4:6]), int(value[6:8]))
        year, month, day = re.split(r"[-T ]", value)[:3]
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError, OSError):
        return None
