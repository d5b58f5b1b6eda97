"""How large the segments are and what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from segspark.reporting.labels import shortened, wrapped
from segspark.reporting.marks import mark
from segspark.reporting.model import Measure, SegmentCard
from segspark.reporting.palette import GRID, INK, MUTED, diverging, segment_colour
from segspark.reporting.style import new_figure, style
from segspark.reporting.text import UNKNOWN, bare, comparison, known, percent, quantity

MOST_FEATURES = 40  # rows of the heat map; the table beside it has all


def segment_sizes(segments: Sequence[SegmentCard]) -> Figure:
    """A bar a segment, in the report's order, with its number of customers and their share of all."""
    rows = range(len(segments))
    with style():
        figure = new_figure("segment-sizes", "Customers in each segment", 8.4, 0.4 + 0.36 * len(segments))
        axes = figure.add_subplot()
        bars = axes.barh(rows, [one.size for one in segments], height=0.66, color=[segment_colour(row) for row in rows])
        for row, one in zip(rows, segments, strict=True):
            mark(bars[row], f"{one.name}: {quantity(one.size, 'customers')}, {percent(one.share)}", row)
            axes.annotate(
                f"{one.size:,}  ({percent(one.share)})", (one.size, row),
                xytext=(6, 0), textcoords="offset points", va="center", color=INK,
            )  # fmt: skip
        name_rows(axes, [one.name for one in segments])
        axes.set_xlim(0, 1.16 * max([one.size for one in segments] + [1]))
        axes.xaxis.set_visible(False)
        axes.grid(visible=False)
        axes.spines["bottom"].set_visible(False)
    return figure


def columns(segments: Sequence[SegmentCard]) -> list[Measure]:
    """One measure of each feature that any segment has, in order of first appearance, for its label and unit."""
    found: dict[str, Measure] = {}
    for one in segments:
        for measure in one.measures:
            found.setdefault(measure.feature, measure)
    return list(found.values())


def telling(segments: Sequence[SegmentCard], count: int = MOST_FEATURES) -> list[Measure]:
    """Those of `columns` in which any segment differs most from everybody, in their own order.

    >>> one, other = (Measure(name, name, "", 1.0, 1.0, z) for name, z in (("one", 0.1), ("other", -2.0)))
    >>> [found.feature for found in telling([SegmentCard("s", "s", "", "cluster", 20, 1.0, (), (one, other))], 1)]
    ['other']
    """
    strongest: dict[str, float] = {}
    for measure in (measure for one in segments for measure in one.measures):
        z = abs(measure.standardised) if measure.standardised is not None and known(measure.standardised) else 0.0
        strongest[measure.feature] = max(z, strongest.get(measure.feature, 0.0))
    kept = set(sorted(strongest, key=lambda feature: -strongest[feature])[:count])
    return [one for one in columns(segments) if one.feature in kept]


def heat_map(segments: Sequence[SegmentCard]) -> Figure:
    """Features by segments: coloured by standardised difference from everybody, written in original units.

    Segments without any measure are left out, and of many features all but those that tell segments apart most.
    """
    measured = [(at, one) for at, one in enumerate(segments) if one.measures]
    rows = telling(segments)
    with style():
        figure = new_figure(
            "segment-heat-map", "Mean of each feature in each segment, coloured by its difference from the average",
            3.4 + 1.35 * len(measured), 0.9 + 0.34 * len(rows),
        )  # fmt: skip
        axes = figure.add_subplot()
        for column, (at, one) in enumerate(measured):
            cells = {measure.feature: measure for measure in one.measures}
            for row, feature in enumerate(rows):
                _cell(axes, column, row, cells.get(feature.feature), at, one.name)
        name_rows(axes, [one.label + (f" ({one.unit})" if one.unit else "") for one in rows], 44)
        _name_columns(axes, [one.name for _, one in measured])
    return figure


def _cell(axes: Axes, column: int, row: int, measure: Measure | None, at: int, segment: str) -> None:
    z = measure.standardised if measure else None
    colour, opacity = diverging(z) if z is not None and known(z) else ("none", None)
    outline = Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour, alpha=opacity, linewidth=0)
    frame = Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor="none", edgecolor=GRID, linewidth=0.6)
    if measure:
        mark(frame, f"{segment}: {measure.label} {comparison(measure)}", at)
    axes.add_patch(outline)
    axes.add_patch(frame)
    text = bare(measure.mean, measure.unit) if measure else UNKNOWN
    axes.text(column, row, text, ha="center", va="center", fontsize=9, color=MUTED if text == UNKNOWN else INK)


def name_rows(axes: Axes, names: Sequence[str], length: int = 30) -> None:
    """Write names at the rows of an axis, the first at the top."""
    axes.set_yticks(range(len(names)), labels=[shortened(name, length) for name in names])
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def _name_columns(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks(range(len(names)), labels=[wrapped(name, 18, 3) for name in names])
    axes.set_xlim(-0.55, len(names) - 0.45)
    axes.tick_params(axis="x", length=0, labeltop=True, labelbottom=False, labelsize=8)
    axes.spines["bottom"].set_visible(False)
    axes.grid(visible=False)
