"""Small counts that nobody may read: which cells of a table to withhold, so that sums do not give them away either.

Counts of 1 to 10 are withheld, and with them so many others that no sum tells them (complementary suppression; for the
terms see Hundepool et al., Statistical Disclosure Control, 2012, chapter 4). A small count is kept from two attacks, as
long as there is anything left to withhold: equations (all sums that are shown leave it undetermined), and bounds (each
row or column by itself, with what the marks say, leaves it anything from 1 to 10). Bounds by several rows and columns
together are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segspark.config.base import FEWEST
from segspark.reporting.text import number

SMALL = FEWEST - 1
_AMPLE = 2 * SMALL  # a withheld count as large leaves a small one beside it all its values
Mark = Literal["shown", "small", "withheld"]


@dataclass(frozen=True)
class Line:
    """Places of cells that add up to that of their total."""

    parts: tuple[int, ...]
    total: int

    @property
    def places(self) -> tuple[int, ...]:
        """The parts' and the total's."""
        return (*self.parts, self.total)


def protect_table(counts: Sequence[Sequence[int]]) -> list[list[Mark]]:
    """What to do with each cell of a table and with its totals: a column and a row more than `counts` has.

    >>> for row in protect_table([[3, 50, 40], [60, 70, 80], [30, 20, 90]]):
    ...     print(*row)
    small shown withheld shown
    shown shown shown shown
    withheld shown withheld shown
    shown shown shown shown
    """
    across = [[*row, sum(row)] for row in counts]
    rows = [*across, [sum(column) for column in zip(*across, strict=True)]] if across else []
    width = len(rows[0]) if rows else 0
    at = [[width * i + j for j in range(width)] for i in range(len(rows))]
    lines = [Line(tuple(row[:-1]), row[-1]) for row in at]
    lines += [Line(tuple(column[:-1]), column[-1]) for column in zip(*at, strict=True)]
    marks = protect([count for row in rows for count in row], lines)
    return [[marks[place] for place in row] for row in at]


def protect_parts(counts: Sequence[int]) -> list[Mark]:
    """What to do with each of some counts, and with their total, which comes last.

    >>> protect_parts([3, 50, 40]), protect_parts([30, 50])
    (['small', 'shown', 'withheld', 'shown'], ['shown', 'shown', 'shown'])
    """
    return protect([*counts, sum(counts)], [Line(tuple(range(len(counts))), len(counts))])


def protect(counts: Sequence[int], lines: Sequence[Line]) -> list[Mark]:
    """Marks by place: small (1 to 10), withheld for the sake of a small one, or shown; zero is always shown.

    >>> protect([7, 7], [Line((0,), 1)])
    ['small', 'small']
    """
    marks: list[Mark] = ["small" if 0 < count <= SMALL else "shown" for count in counts]
    while _withhold_by_line(counts, marks, lines) or _withhold_by_equations(counts, marks, lines):
        pass
    return marks


def told(count: int | None, mark: Mark = "shown") -> str:
    """A count as it may be read.

    >>> told(1234), told(4, "small"), told(40, "withheld")
    ('1,234', '≤10', 'withheld')
    """
    return {"small": f"≤{SMALL}", "withheld": "withheld"}.get(mark) or number(count)


def _withhold_by_line(counts: Sequence[int], marks: list[Mark], lines: Sequence[Line]) -> bool:
    """One cell more in each line that has a single one withheld, or that bounds a small one; whether there was any."""
    found = False
    for line in lines:
        hidden = [place for place in line.places if marks[place] != "shown"]
        if hidden and (len(hidden) == 1 or _bounds(counts, marks, line, hidden)):
            found |= _withhold_next(counts, marks, line, lines)
    return found


def _bounds(counts: Sequence[int], marks: Sequence[Mark], line: Line, hidden: Sequence[int]) -> bool:
    """Whether the line's equation keeps a small cell from being 1, or from being 10."""
    sign = {place: -1 if place == line.total else 1 for place in hidden}
    rest = sum(sign[place] * counts[place] for place in hidden)
    limits = {place: (1.0, float(SMALL)) if marks[place] == "small" else (SMALL + 1.0, math.inf) for place in hidden}
    ends = {place: sorted(sign[place] * end for end in limits[place]) for place in hidden}
    for place in (one for one in hidden if marks[one] == "small"):
        others = [ends[other] for other in hidden if other != place]
        reach = sorted(sign[place] * (rest - sum(pair[end] for pair in others)) for end in (0, 1))
        if reach[0] > 1 or reach[1] < SMALL:
            return True
    return False


def _withhold_by_equations(counts: Sequence[int], marks: list[Mark], lines: Sequence[Line]) -> bool:
    """One cell more in a line of a small one that all equations together determine; whether there was any."""
    hidden = [place for place, mark in enumerate(marks) if mark != "shown"]
    if not hidden:
        return False
    system = np.array([[(p in line.parts) - (p == line.total) for p in hidden] for line in lines], dtype=float)
    _, sizes, directions = np.linalg.svd(system)
    free = directions[int((sizes > 1e-9).sum()) :]
    known = [p for at, p in enumerate(hidden) if marks[p] == "small" and not (np.abs(free[:, at]) > 1e-9).any()]
    return any(_withhold_next(counts, marks, line, lines) for p in known for line in lines if p in line.places)


def _withhold_next(counts: Sequence[int], marks: list[Mark], line: Line, lines: Sequence[Line]) -> bool:
    """Withholds the cell of a line that costs the reader least; False where none is left.

    The total goes last. Cells that cross another line with something withheld go first, for they close a circle; then
    those that are not the largest, and of these the smallest that is ample.
    """
    crossed = [one.places for one in lines if one != line and any(marks[place] != "shown" for place in one.places)]
    closing = {place for places in crossed for place in places}
    largest = max(counts[place] for place in line.parts)

    def loss(place: int) -> tuple[bool, bool, bool, bool, int, int]:
        count = counts[place]
        scarce = count < _AMPLE
        size = -count if scarce else count
        return place == line.total, place not in closing, count == largest, scarce, size, place

    left = [place for place in line.places if marks[place] == "shown" and counts[place]]
    if left:
        marks[min(left, key=loss)] = "withheld"
    return bool(left)
