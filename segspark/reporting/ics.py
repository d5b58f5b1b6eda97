"""Calendar files (iCalendar, RFC 5545): events of whole days, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from segspark.reporting.labels import clean

_OCTETS = 75  # of a line without its end (section 3.1)


@dataclass(frozen=True)
class Event:
    """What happens on a day; `uid` is unique in the file."""

    uid: str
    day: date
    summary: str
    description: str = ""


def calendar(name: str, stamp: date, events: Iterable[Event]) -> str:
    r"""A file with these events; its stamps are of midnight UTC of a date, never of the clock.

    >>> made = calendar("Plan", date(2018, 1, 1), [Event("a", date(2018, 1, 2), "Write, then wait")])
    >>> [line for line in made.split("\r\n") if line.startswith(("SUMMARY", "DTSTART", "DTSTAMP"))]
    ['DTSTAMP:20180101T000000Z', 'DTSTART;VALUE=DATE:20180102', 'SUMMARY:Write\\, then wait']
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//segspark//handbook//EN", f"X-WR-CALNAME:{escaped(name)}"]
    for one in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{escaped(one.uid)}@segspark",
            f"DTSTAMP:{_day(stamp)}T000000Z",
            f"DTSTART;VALUE=DATE:{_day(one.day)}",
            f"DTEND;VALUE=DATE:{_day(one.day + timedelta(days=1))}",
            f"SUMMARY:{escaped(one.summary)}",
            *([f"DESCRIPTION:{escaped(one.description)}"] if one.description else []),
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    r"""A text as a value (section 3.3.11): no character of it can end its line.

    >>> print(escaped("a;b,c\\d\ne\r"))
    a\;b\,c\\d\ne
    """
    lines = [clean(line) for line in text.split("\n")]
    for sign in ("\\", ";", ","):
        lines = [line.replace(sign, f"\\{sign}") for line in lines]
    return "\\n".join(lines)


def folded(line: str) -> str:
    r"""A line in pieces of at most 75 octets, each but the first after a blank; no character is cut in two.

    >>> [len(piece) for piece in folded("x" * 160).split("\r\n")]
    [75, 75, 12]
    """
    pieces, room = [""], _OCTETS
    for character in line:
        octets = len(character.encode("utf-8"))
        if octets > room:
            pieces.append(" ")
            room = _OCTETS - 1
        pieces[-1] += character
        room -= octets
    return "\r\n".join(pieces)


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")
