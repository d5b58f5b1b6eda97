"""The tree of splits, drawn: which customers come apart first, by what, and how many they are."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segspark.reporting.labels import shortened
from segspark.reporting.marks import mark
from segspark.reporting.model import SplitNode
from segspark.reporting.palette import GRID, INK, MUTED, segment_colour
from segspark.reporting.style import new_figure, style
from segspark.reporting.text import percent

_INDENT = 0.26  # inches
_WORDS = 60  # characters of a condition at the root, at most; with each indent there is room for 4 less
_PALE = 0.3


def downwards(nodes: Sequence[SplitNode]) -> list[tuple[SplitNode, int]]:
    """The nodes with their depths, each before its parts, and these in the order given.

    >>> parents = (None, 0, 0, 1, 1)
    >>> made = [SplitNode(node, parent, 0.5, 0.5, "", "", None) for node, parent in enumerate(parents)]
    >>> [(one.node, depth) for one, depth in downwards(made)]
    [(0, 0), (1, 1), (3, 2), (4, 2), (2, 1)]
    """
    found: list[tuple[SplitNode, int]] = []
    waiting = [(one, 0) for one in nodes if one.parent is None]
    while waiting:
        node, depth = waiting.pop(0)
        found.append((node, depth))
        waiting = [(one, depth + 1) for one in nodes if one.parent == node.node] + waiting
    return found


def split_tree(nodes: Sequence[SplitNode]) -> Figure:
    """A row a node: indented below its parent, with its condition, and a bar for its share of all customers."""
    rows = downwards(nodes)
    with style():
        figure = new_figure("split-tree", "How customers come apart in splits", 8.4, 0.5 + 0.32 * len(rows))
        words, bars = figure.subplots(1, 2, sharey=True, width_ratios=(5, 3))
        _draw_words(words, rows)
        _draw_bars(bars, [one for one, _ in rows], {one.parent for one, _ in rows})
        for axes in (words, bars):
            axes.set_ylim(len(rows) - 0.45, -0.55)
            axes.grid(visible=False)
            axes.xaxis.set_visible(False)
            axes.tick_params(axis="y", length=0, labelleft=False)
            axes.spines[:].set_visible(False)
    return figure


def _draw_words(axes: Axes, rows: Sequence[tuple[SplitNode, int]]) -> None:
    axes.set_xlim(0, 5.1)  # inches, about
    places = {one.node: row for row, (one, _) in enumerate(rows)}
    for row, (one, depth) in enumerate(rows):
        start = _INDENT * depth
        if one.parent is not None:
            stem = start - 0.6 * _INDENT
            axes.plot([stem, stem, start - 0.04], [places[one.parent] + 0.4, row, row], color=GRID, linewidth=1.2)
        axes.text(start, row, _fitting(one, max(20, _WORDS - 4 * depth)), va="center", color=INK)


def _fitting(one: SplitNode, length: int) -> str:
    """The condition, the feature's name shortened where there is no room, but not its bound."""
    if not one.feature:
        return one.condition
    bound = shortened(one.bound, length // 2)
    return f"{shortened(one.feature, length - len(bound) - 1)} {bound}"


def _draw_bars(axes: Axes, nodes: Sequence[SplitNode], split: set[int | None]) -> None:
    axes.set_xlim(0, 1.25)
    for row, one in enumerate(nodes):
        opacity = _PALE if one.node in split else 1.0
        bar = axes.barh(row, one.share, height=0.6, color=segment_colour(0), alpha=opacity, linewidth=0)
        mark(bar[0], f"{one.condition}: {percent(one.share)} of customers")
        axes.annotate(
            percent(one.share), (one.share, row), xytext=(6, 0), textcoords="offset points", va="center", color=MUTED
        )
