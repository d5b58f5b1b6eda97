"""Recency, frequency and monetary value of a sample of customers, by segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from segspark.reporting.labels import clean, shortened
from segspark.reporting.marks import mark
from segspark.reporting.model import ScatterPoint, SegmentCard
from segspark.reporting.palette import INK, MUTED, OTHER, segment_colour, segment_marker
from segspark.reporting.style import marker_line, new_figure, plain_numbers, relabel, style
from segspark.reporting.text import known, quantity

_SKEWED = 8.0


def rfm_scatter(segments: Sequence[SegmentCard], points: Sequence[ScatterPoint], currency: str = "") -> Figure:
    """Days since the last order against money spent; size is the number of orders, colour and shape the segment.

    The points are one picture inside the figure: a page that is passed on holds no customer's exact values. Ringed
    marks are medians.
    """
    drawn = [one for one in points if drawable(one)]
    most = max([one.frequency for one in drawn] + [1.0])
    with style():
        figure = new_figure(
            "rfm-scatter", "Recency, frequency and monetary value of sampled customers by segment",
            10.4, max(5.2, 1.9 + 0.22 * len(segments)),
        )  # fmt: skip
        axes = figure.add_subplot()
        groups = _groups(segments, drawn)
        for position, members in sorted(groups.items(), key=lambda item: -len(item[1])):
            _draw(axes, members, position, most)
        for position, members in sorted(groups.items()):
            name = segments[position].name if position >= 0 else "other"
            _draw_median(axes, members, position, name, currency)
        _scale(axes, "x", [one.recency_days for one in drawn])
        _scale(axes, "y", [one.monetary_value for one in drawn])
        axes.set_xlabel("days since the last order (recency)")
        axes.set_ylabel(f"money spent (monetary value{', ' + clean(currency) if currency else ''})")
        _legend(figure, segments, groups, most)
    return figure


def drawable(point: ScatterPoint) -> bool:
    """Whether a point has all three numbers, and a frequency that an area can show.

    >>> drawable(ScatterPoint(3.0, float("nan"), 10.0, "s1"))
    False
    """
    return all(map(known, (point.recency_days, point.frequency, point.monetary_value))) and point.frequency >= 0


def area(frequency: float, most: float) -> float:
    """A marker's area in square points: it grows with the number of orders, from 10 to 90.

    >>> area(0, 50), area(50, 50)
    (10.0, 90.0)
    """
    return 10.0 + 80.0 * frequency / most


def decades(values: Sequence[float]) -> list[float]:
    """Round ticks for a logarithmic axis: 0, powers of ten and, where those are few, their 2- and 5-folds.

    >>> decades([0.0, 3.0, 40.0])
    [0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    """
    top = max(1, math.ceil(math.log10(max([abs(v) for v in values] + [1.0]))))
    steps = (1, 2, 5) if top <= 3 else (1,)
    positive = [float(step * 10**power) for power in range(top + 1) for step in steps]
    reach = next((tick for tick in positive if tick >= max(values)), positive[-1])
    negative = [-(10.0**power) for power in range(top, 0, -1) if min(values) <= -(10.0**power)]
    return negative + [0.0] + [tick for tick in positive if tick <= reach]


def is_skewed(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis shows the values better: the largest is over 8 times the median.

    >>> is_skewed([1, 2, 3, 100]), is_skewed([10, 20, 30])
    (True, False)
    """
    return bool(values) and max(values) > _SKEWED * max(median(values), 0.0) and max(values) > _SKEWED


def _groups(segments: Sequence[SegmentCard], points: Sequence[ScatterPoint]) -> dict[int, list[ScatterPoint]]:
    positions = {one.segment_id: position for position, one in enumerate(segments)}
    groups: dict[int, list[ScatterPoint]] = {}
    for point in points:
        groups.setdefault(positions.get(point.segment_id, -1), []).append(point)
    return groups


def _colour(position: int) -> str:
    return segment_colour(position) if position >= 0 else OTHER


def _draw(axes: Axes, points: Sequence[ScatterPoint], position: int, most: float) -> None:
    axes.scatter(
        [one.recency_days for one in points],
        [one.monetary_value for one in points],
        s=[area(one.frequency, most) for one in points],
        color=_colour(position),
        marker=segment_marker(max(position, 0)),
        alpha=0.7,
        linewidths=0,
        rasterized=True,
    )


def _draw_median(axes: Axes, points: Sequence[ScatterPoint], position: int, name: str, currency: str) -> None:
    days, orders, money = (
        median(values)
        for values in zip(*[(one.recency_days, one.frequency, one.monetary_value) for one in points], strict=True)
    )
    dot = axes.scatter(
        [days], [money], s=110, color=_colour(position), marker=segment_marker(max(position, 0)),
        edgecolors=INK, linewidths=1.4, zorder=4,
    )  # fmt: skip
    told = f"{quantity(days, 'days')}, {quantity(money, currency)}, {quantity(orders, 'orders')}"
    mark(dot, f"{name}: median of {quantity(len(points), 'customers')} {told}", max(position, 0))


def _scale(axes: Axes, which: str, values: Sequence[float]) -> None:
    """Logarithmic where the values are skewed; linear through zero, since zero days and zero money are real."""
    plain_numbers(axes, which)
    if not is_skewed(values):
        return
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xscale if which == "x" else axes.set_yscale)("symlog", linthresh=1.0, linscale=0.4)
    ticks = decades(values)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    plain_numbers(axes, which)


def _legend(
    figure: Figure, segments: Sequence[SegmentCard], groups: dict[int, list[ScatterPoint]], most: float
) -> None:
    shown = sorted(groups, key=lambda position: (position < 0, position))
    marks = [marker_line(segment_marker(max(p, 0)), _colour(p), 7.0) for p in shown]
    names = [shortened(segments[p].name, 26) if p >= 0 else "other" for p in shown]
    sizes = sorted({1.0, math.ceil(most / 4), math.ceil(most)})
    dots = [marker_line("o", MUTED, math.sqrt(area(size, most))) for size in sizes]
    handles = [*marks, marker_line("none", MUTED, 0.0), *dots]
    legend = figure.legend(handles, ["x"] * len(handles), loc="outside right upper")
    relabel(legend, [*names, "", *(quantity(size, "orders") for size in sizes)])
