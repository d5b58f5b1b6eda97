"""One look for every figure, whatever the caller's matplotlib is set to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter

from segspark.reporting.palette import GRID, INK, MUTED
from segspark.reporting.text import number

_SETTINGS: dict[Any, Any] = {
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,  # a name may hold dollar signs: it is shown, never typeset
    "text.usetex": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9.0,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.color": GRID,
    "ytick.labelcolor": MUTED,
    "figure.constrained_layout.wspace": 0.07,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "segspark",
}


@contextmanager
def style() -> Iterator[None]:
    """The settings to build and to save a figure under; the caller's are back afterwards.

    >>> with style():
    ...     matplotlib.rcParams["text.parse_math"]
    False
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def new_figure(name: str, title: str, width: float, height: float) -> Figure:
    """An empty figure (size in inches) that carries its name and, for screen readers, what it shows.

    >>> figure = new_figure("sizes", "Segment sizes", 7, 3)
    >>> figure.get_gid(), figure.get_label()
    ('sizes', 'Segment sizes')
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_gid(name)
    figure.set_label(title)
    return figure


class PlainNumbers(Formatter):
    """Ticks as people write numbers, never as powers or formulas, all of an axis with the same decimals.

    >>> PlainNumbers().format_ticks([0.4, 0.42]), PlainNumbers()(2000)
    (['0.40', '0.42'], '2,000')
    """

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One value on its own."""
        return number(x)

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All ticks of an axis together."""
        decimals = max([len(number(value).partition(".")[2]) for value in values] + [0])
        return [f"{value + 0.0:,.{decimals}f}" for value in values]


def plain_numbers(axes: Axes, which: str) -> None:
    """Sets plain numbers on the x or y axis."""
    (axes.xaxis if which == "x" else axes.yaxis).set_major_formatter(PlainNumbers())


def marker_line(marker: str, colour: str, size: float, line: float = 0.0) -> Line2D:
    """A legend's handle: a marker of a size in points, on a line of a width in points."""
    return Line2D([], [], marker=marker, color=colour, markersize=size, linewidth=line, markeredgewidth=0)


def relabel(legend: Legend, labels: Sequence[str]) -> None:
    """Writes the labels into a legend made with stand-ins: matplotlib drops labels that start with an underscore."""
    for entry, label in zip(legend.get_texts(), labels, strict=True):
        entry.set_text(label)
    legend.set_alignment("left")
