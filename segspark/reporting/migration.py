"""Who went where between two dates, as the dashboard shows it: a matrix without small counts, and a diagram of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from segspark.reporting.alluvial import Flow, Node, alluvial
from segspark.reporting.directory import Directory
from segspark.reporting.outcomes import Migration
from segspark.reporting.palette import MUTED, segment_colour
from segspark.reporting.suppression import Mark, protect_table, told

MOST = 12  # comparisons on the page, the latest ones
_OUTSIDE = ("no customer yet", "no customer any more")
End = int | None  # a segment's position, None for outside


@dataclass(frozen=True)
class Matrix:
    """Customers by segment before (rows) and after (columns); outside comes last, where anybody came or left.

    `counts` and `marks` have a row and a column more than `befores` and `afters`: the totals.
    """

    befores: tuple[End, ...]
    afters: tuple[End, ...]
    counts: tuple[tuple[int, ...], ...]
    marks: tuple[tuple[Mark, ...], ...]

    def cell(self, row: int, column: int) -> str:
        """A count as it may be read."""
        return told(self.counts[row][column], self.marks[row][column])

    def share(self, row: int, column: int) -> float | None:
        """A cell's share of its row, where both may be read and the row is a segment."""
        hidden = {self.marks[row][column], self.marks[row][-1]} != {"shown"}
        inside = row < len(self.befores) and self.befores[row] is not None
        whole = self.counts[row][-1]
        return self.counts[row][column] / whole if inside and whole and not hidden else None


def latest(migrations: Iterable[Migration], count: int = MOST) -> list[Migration]:
    """The last comparisons, the latest first.

    >>> [one.after for one in latest([Migration("a", "b", ()), Migration("b", "c", ())], 1)]
    ['c']
    """
    return sorted(migrations, key=lambda one: (one.after, one.before), reverse=True)[:count]


def matrix(migration: Migration, found: Directory) -> Matrix:
    """The flows as a table whose small counts, and what would tell them, are withheld."""
    counts: dict[tuple[End, End], int] = {}
    for before, after, customers in migration.flows:
        key = (found.positions[before] if before else None, found.positions[after] if after else None)
        counts[key] = counts.get(key, 0) + customers
    befores, afters = order(before for before, _ in counts), order(after for _, after in counts)
    inner = [[counts.get((before, after), 0) for after in afters] for before in befores]
    across = [(*row, sum(row)) for row in inner]
    rows = [*across, tuple(sum(column) for column in zip(*across, strict=True))] if across else []
    marks = tuple(tuple(row) for row in protect_table(inner))
    return Matrix(befores, afters, tuple(rows), marks)


def migration_figure(migration: Migration, made: Matrix, found: Directory, number: int) -> Figure | None:
    """The diagram of what may be told; None where nothing may. `number` tells its name from the other comparisons'."""
    flows = [
        Flow(before, after, made.counts[row][column])
        for row, before in enumerate(made.befores)
        for column, after in enumerate(made.afters)
        if made.marks[row][column] == "shown" and made.counts[row][column]
    ]
    if not flows:
        return None
    last_row, last_column = len(made.befores), len(made.afters)
    befores = [made.cell(row, last_column) for row in range(last_row)]
    afters = [made.cell(last_row, column) for column in range(last_column)]
    return sankey(
        f"migration-{number}", migration.before, migration.after, found.names, flows, (made.befores, befores),
        (made.afters, afters),
    )  # fmt: skip


def sankey(
    name: str,
    before: str,
    after: str,
    names: Sequence[str],
    flows: Sequence[Flow],
    lefts: tuple[Sequence[End], Sequence[str]],
    rights: tuple[Sequence[End], Sequence[str]],
) -> Figure:
    """Bands from the segments of the earlier date to those of the later one.

    Args:
        name: of the figure.
        before: the earlier date.
        after: the later one.
        names: of segments, by position.
        flows: between positions.
        lefts: positions on the left, and what stands below their names ("" for size and share).
        rights: likewise on the right.
    """
    left, right = (
        [
            Node(at, outside if at is None else names[at], MUTED if at is None else segment_colour(at), said)
            for at, said in zip(*side, strict=True)
        ]
        for side, outside in zip((lefts, rights), _OUTSIDE, strict=True)
    )
    return alluvial(name, f"Customers by segment at {before} and at {after}", left, right, flows)


def order(ends: Iterable[End]) -> tuple[End, ...]:
    """Positions that there are, each once, outside last.

    >>> order([2, None, 0, 2])
    (0, 2, None)
    """
    return tuple(sorted(set(ends), key=lambda end: (end is None, end or 0)))
