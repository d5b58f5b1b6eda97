"""What to do in the four weeks after a handbook's date: its advice by asset, on the days of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from segspark.reporting.advice import of_place
from segspark.reporting.advice_model import PLACES, Advice
from segspark.reporting.ics import Event

# Week, asset, weekday (0 is Monday). The cadence is a proposal, two e-mails in four weeks; nothing of it is measured.
PLAN = ((0, "email", 1), (1, "landing", 0), (1, "social", 2), (2, "email", 1), (3, "ad", 3))
# A rule that holds moves e-mails to its weekday.
WEEKDAYS = {"weekend": 4, "weekdays": 1}
WEEKS = 4


@dataclass(frozen=True)
class Entry:
    """What to do on a day, and the advice that it is of."""

    day: date
    channel: str
    advice: Advice


def planned(as_of: date, advice: Sequence[Advice]) -> list[Entry]:
    """The plan filled with advice, each piece once, the strongest first; a place of the plan without any is left out.

    >>> mail = [Advice("r", "email", text, ("fact",)) for text in ("first", "second", "third")]
    >>> [(entry.day.isoformat(), entry.advice.text) for entry in planned(date(2018, 1, 1), mail)]
    [('2018-01-02', 'first'), ('2018-01-16', 'second')]
    """
    left = {place: of_place(advice, place) for _, place, _ in PLAN}
    moved = next((WEEKDAYS[one.rule] for one in advice if one.rule in WEEKDAYS), None)
    found = []
    for week, place, weekday in PLAN:
        if left[place]:
            wanted = moved if place == "email" and moved is not None else weekday
            found.append(Entry(_on(as_of + timedelta(weeks=week), wanted), PLACES[place], left[place].pop(0)))
    return sorted(found, key=lambda entry: (entry.day, entry.channel))


def events(name: str, code: str, entries: Iterable[Entry]) -> list[Event]:
    """The entries of a segment for a calendar file, known by its code."""
    return [
        Event(
            f"{code}-{entry.day.isoformat()}-{entry.advice.place}".lower(), entry.day,
            f"{code} {name}: {entry.channel}", f"{entry.advice.text}\nBecause {entry.advice.because}",
        )
        for entry in entries
    ]  # fmt: skip


def _on(first: date, weekday: int) -> date:
    """The first such weekday from a day on."""
    return first + timedelta(days=(weekday - first.weekday()) % 7)
