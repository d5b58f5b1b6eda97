"""How the number of segments was chosen: what every candidate scored, against its k."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segspark.reporting.labels import shortened
from segspark.reporting.marks import mark_each
from segspark.reporting.model import Candidate
from segspark.reporting.palette import INK, MUTED, segment_colour, segment_marker
from segspark.reporting.scores import Panel, best_by_k, by_algorithm, panels
from segspark.reporting.style import marker_line, new_figure, plain_numbers, relabel, style
from segspark.reporting.text import score


def selection_curves(candidates: Sequence[Candidate]) -> Figure:
    """What decides and what was measured besides, against k, one line an algorithm; what nobody has is left out."""
    names = list(by_algorithm(candidates))
    shown = panels(candidates)
    with style():
        figure = new_figure("selection-curves", "Scores of all candidates by number of segments", 11.2, 3.8)
        axes = figure.subplots(1, max(len(shown), 1), squeeze=False)[0]
        for place, panel in zip(axes, shown, strict=False):
            _draw(place, panel, names)
            _mark_chosen(place, panel, [one.k for one in candidates if one.chosen])
        _legend(figure, names, any(one.chosen for one in candidates))
    return figure


def _draw(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    for name, curve in panel.curves.items():
        colour, marker = segment_colour(names.index(name)), segment_marker(names.index(name))
        dots = axes.scatter(
            [one.k for one, _ in curve], [value for _, value in curve],
            s=12, alpha=0.45, linewidths=0, color=colour, marker=marker, zorder=3,
        )  # fmt: skip
        mark_each(dots, [f"{name}, k = {one.k}: {panel.axis} {score(value)}" for one, value in curve])
        line = best_by_k(curve, panel.lower_is_better)
        axes.plot(
            [k for k, _ in line], [value for _, value in line],
            linewidth=1.8, markersize=5, color=colour, marker=marker,
        )  # fmt: skip
    axes.set_title(panel.title)
    axes.set_xlabel("number of segments k")
    axes.set_ylabel(panel.axis)
    axes.grid(visible=False, axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain_numbers(axes, "x")
    plain_numbers(axes, "y")


def _mark_chosen(axes: Axes, panel: Panel, chosen: Sequence[int]) -> None:
    """A dashed line at the chosen k and a ring around the chosen candidate, where it has this score."""
    for k in chosen:
        axes.axvline(k, color=MUTED, linewidth=1, linestyle=(0, (3, 3)), zorder=0)
    rings = [(one.k, value) for curve in panel.curves.values() for one, value in curve if one.chosen]
    for k, value in rings:
        axes.scatter([k], [value], s=150, facecolors="none", edgecolors=INK, linewidths=1.5, zorder=5)


def _legend(figure: Figure, names: Sequence[str], with_chosen: bool) -> None:
    marks = [marker_line(segment_marker(p), segment_colour(p), 6.0, line=1.8) for p in range(len(names))]
    labels = [shortened(name.replace("_", " "), 40) for name in names]
    if with_chosen:
        ring = marker_line("o", "none", 10.0)
        ring.set(markeredgecolor=INK, markeredgewidth=1.5)
        marks, labels = [*marks, ring], [*labels, "chosen"]
    relabel(figure.legend(marks, ["x"] * len(marks), loc="outside lower center", ncols=4), labels)
