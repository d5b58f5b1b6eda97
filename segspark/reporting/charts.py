"""Line charts of KPIs over periods, as small SVG of our own: the script moves their frame, never their points.

Points are drawn once, in a box of their own units: x is the number of the period, y goes from 0 at the highest value
there is to `DEPTH` at the lowest. To look closer, one changes that box (its viewBox), and the ticks beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from segspark.reporting.directory import EVERYBODY_AT, Directory
from segspark.reporting.kpis import KpiRow, KpiSeries
from segspark.reporting.labels import clean
from segspark.reporting.palette import segment_colour, variables
from segspark.reporting.text import bare, known

DEPTH = 1_000.0
WIDTH, HEIGHT = 360, 190
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 50, 10, 300, 152


def line_chart(series: KpiSeries, found: Directory, number: int) -> Markup:
    """Everybody's line with its band, the segments' lines, and goals; `number` is its place among the page's charts."""
    low, high = extent(series.rows)
    ticks = nice_ticks(low, high)
    inner = Markup("").join(_group(series.of(at), at, low, high) for at in reversed(series.places))
    last = max(len(found.periods) - 1, 1)
    top, bottom = (_depth(end, low, high) for end in (ticks[-1], ticks[0]))
    # Numbers and escaped labels alone go into it.
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" data-chart="{n}" aria-label="{label}">'
        '<g class="ticks">{ticks}</g><svg class="plot" x="{x}" y="{y}" width="{pw}" height="{ph}" '
        'viewBox="{box}" preserveAspectRatio="none">{inner}</svg><g class="cursor"></g></svg>'
    ).format(
        w=WIDTH, h=HEIGHT, n=number, label=f"{clean(series.definition.label)} by period", inner=inner,
        ticks=_ticks(ticks, found, series.definition.unit), x=_LEFT, y=_TOP, pw=_PLOT_WIDTH, ph=_PLOT_HEIGHT,
        box=f"0 {top:.2f} {last} {bottom - top:.2f}",
    )  # fmt: skip


def extent(rows: Sequence[KpiRow]) -> tuple[float, float]:
    """The lowest and the highest of all values, ends of intervals and goals; (0, 1) where nothing is known.

    >>> extent([])
    (0.0, 1.0)
    """
    every = [
        value
        for row in rows
        for value in (row.point.value, row.point.low, row.point.high, row.point.target)
        if value is not None and known(value)
    ]
    low, high = (min(every), max(every)) if every else (0.0, 1.0)
    return (low, high) if high > low else (low - abs(low) / 10 - 0.1, high + abs(high) / 10 + 0.1)


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers around a range, about so many steps of 1, 2, 2.5 or 5 times a power of ten apart.

    >>> nice_ticks(0.12, 0.87), nice_ticks(0, 1234)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 500.0, 1000.0, 1500.0])
    """
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999) * power
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(at * step, 12) for at in range(first, max(last, first + 1) + 1)]


def _depth(value: float, low: float, high: float) -> float:
    return (high - value) / (high - low) * DEPTH


def _group(rows: Sequence[KpiRow], at: int, low: float, high: float) -> Markup:
    """One segment's band, goal and line; everybody's is in the colour of the text."""
    colour = "var(--ink)" if at == EVERYBODY_AT else variables()[segment_colour(at)]
    paths = []
    for name, first, second in (("band", "low", "high"), ("goal", "target", ""), ("line", "value", "")):
        path = " ".join(_part(run, first, second, low, high) for run in _runs(rows, first))
        if path:
            paths.append(Markup('<path class="{}" d="{}"/>').format(name, path))
    kind = "everybody" if at == EVERYBODY_AT else "one"
    frame = Markup('<g class="series {}" data-at="{}" style="--swatch: {}">{}</g>')
    return frame.format(kind, at, colour, Markup("").join(paths))


def _runs(rows: Sequence[KpiRow], name: str) -> Iterator[list[KpiRow]]:
    """Rows of periods that follow each other and have a value."""
    run: list[KpiRow] = []
    for row in rows:
        if run and (row.period != run[-1].period + 1 or not known(getattr(row.point, name))):
            yield run
            run = []
        if known(getattr(row.point, name)):
            run.append(row)
    if run:
        yield run


def _part(rows: Sequence[KpiRow], first: str, second: str, low: float, high: float) -> str:
    """A line through one value of each row, or the area between two."""
    ends = [rows, rows[::-1]] if second else [rows]
    places = [
        f"{row.period} {_depth(getattr(row.point, name), low, high):.2f}"
        for side, name in zip(ends, (first, second), strict=False)
        for row in side
        if known(getattr(row.point, name))
    ]
    # A period on its own is a line of no length: its round end is a dot.
    return f"M{'L'.join(places)}" + ("Z" if second else "h0" if len(places) == 1 else "")


def _ticks(values: Sequence[float], found: Directory, unit: str) -> Markup:
    """Lines and numbers of the y axis, first, middle and last period of the x axis."""
    parts = []
    for place, value in enumerate(values):
        y = round(_TOP + _PLOT_HEIGHT * (1 - place / (len(values) - 1)), 1)
        line = Markup('<line x1="{}" x2="{}" y1="{}" y2="{}"/>').format(_LEFT, _LEFT + _PLOT_WIDTH, y, y)
        parts += [line, Markup('<text x="{}" y="{}" class="y">{}</text>').format(_LEFT - 7, y + 3.5, bare(value, unit))]
    last = len(found.periods) - 1
    for at in sorted({0, last // 2, last} if last > 1 else {0, last}):
        anchor = "start" if at == 0 else "end" if at == last else "middle"
        x = round(_LEFT + _PLOT_WIDTH * at / max(last, 1), 1)
        parts.append(
            Markup('<text x="{}" y="{}" class="x" text-anchor="{}">{}</text>').format(
                x, _TOP + _PLOT_HEIGHT + 20, anchor, found.periods[at].tick
            )
        )
    return Markup("").join(parts)
