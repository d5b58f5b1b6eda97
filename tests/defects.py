"""What can be wrong with a row of a dirtied file, and what must become of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
_TEXT = ("json", "csv")
_ZONES = ("America/New_York", "Asia/Kolkata", "Europe/Berlin", "UTC")
_NAN, _INF = float("nan"), float("inf")
_ABSURD = (datetime(1900, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 - naive, as in the files


@dataclass(frozen=True)
class Change:
    """What is done to a row: to its values, and in a text format to its line. Both get n, to vary with."""

    values: Callable[[Row, int], Row] = lambda row, n: row
    line: Callable[[bytes, int], bytes] = lambda line, n: line
    formats: tuple[str, ...] = ("parquet", "json", "csv")


def _one_of(column: str, *values: Any) -> Callable[[Row, int], Row]:
    return lambda row, n: row | {column: values[n % len(values)]}


def _elsewhere(row: Row, n: int) -> Row:
    """The same instant, written in another zone."""
    local = row["event_ts"].replace(tzinfo=UTC).astimezone(ZoneInfo(_ZONES[n % len(_ZONES)]))
    return row | {"event_ts": local.isoformat()}


def _nul(row: Row, n: int) -> Row:
    return row | ({"event_id": f"{row['event_id']}\0"} if n % 2 else {"note": "a\0b"})


def _broken(line: bytes, n: int) -> bytes:
    return (line[: len(line) // 2], b"<html>", b"{")[n % 3]


def _ragged(line: bytes, n: int) -> bytes:
    return line + b",1,2" if n % 2 else line.rsplit(b",", 1)[0]


DEFECTS = {
    "missing id": Change(_one_of("event_id", None)),
    "blank id": Change(_one_of("event_id", "", "   ")),
    "missing customer": Change(_one_of("customer_id", None)),
    "unreadable time": Change(_one_of("event_ts", "yesterday", "2017-13-45 10:00:00", "12:30:00"), formats=_TEXT),
    "unreadable amount": Change(_one_of("amount", "n/a", "12,50", "1.2.3", "USD 5"), formats=_TEXT),
    "absurd date": Change(_one_of("event_ts", *_ABSURD)),
    "non-finite amount": Change(_one_of("amount", _NAN, _INF, -_INF)),
    "negative price": Change(lambda row, n: row | {"event_type": "purchase", "amount": -1.5 - n}),
    "NUL byte": Change(_nul),
    "invalid UTF-8": Change(_one_of("note", "caf\udce9", "\udcff\udcfe"), formats=("csv",)),  # written as bytes
    "long id": Change(lambda row, n: row | {"event_id": row["event_id"] + "x" * 300}),
    "broken JSON line": Change(line=_broken, formats=("json",)),
    "ragged CSV line": Change(line=_ragged, formats=("csv",)),
    "several defects": Change(lambda row, n: row | {"event_id": None, "customer_id": None, "amount": _NAN}),
}
HARMLESS = {"other time zone": Change(_elsewhere, formats=_TEXT)}
LONG_TEXT = "long text"

# Of rows that share an id: the copy's label, and what the row it was made of becomes.
COPIES = {"exact duplicate": "clean", "newer version": "superseded", "older version": "clean", "tied version": "tied"}
AGES = {"newer version": timedelta(days=1), "older version": timedelta(days=-1), "tied version": timedelta()}

FATES = {
    "clean": "accepted", **dict.fromkeys(HARMLESS, "accepted"),
    **dict.fromkeys((*DEFECTS, LONG_TEXT), "quarantined"),
    "exact duplicate": "deduplicated",
    "newer version": "accepted", "superseded": "quarantined",
    "older version": "quarantined",
    # Of these two one is accepted and one quarantined, by a hash of their contents: which, is not known here.
    "tied": "accepted", "tied version": "quarantined",
}  # fmt: skip


def changed(row: Row, label: str, n: int, long_text: int) -> tuple[Row, Change]:
    """A row's values after what its label says, and the change, which may have to be made to its line, too."""
    if label == LONG_TEXT:
        return row | {"note": "x" * long_text}, Change()
    if label in AGES:
        amount = None if row["amount"] is None else row["amount"] + 1
        return row | {"amount": amount, "note": "corrected", "updated_at": row["updated_at"] + AGES[label]}, Change()
    change = (DEFECTS | HARMLESS)[label]
    return change.values(row, n), change
