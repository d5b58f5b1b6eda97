"""An alluvial diagram: what is on the left, what is on the right, and bands between them as wide as what goes there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from segspark.reporting.labels import shortened
from segspark.reporting.marks import mark
from segspark.reporting.palette import INK, MUTED
from segspark.reporting.style import new_figure, style
from segspark.reporting.text import percent

_WIDTH = 9.2  # inches
_INCHES = 4.0  # for all that there is
_LEAST = 0.12  # of it, that a node's label needs
_GAP = 0.015  # between two nodes
_BAR = 0.025  # width of a node, of the way between the two sides
_SIDE = 0.62  # room for labels on either side, of that way
_PALE = 0.42


@dataclass(frozen=True)
class Node:
    """One end of bands: `key` is what flows name it by, `told` what stands below its name, else its size and share."""

    key: int | None
    name: str
    colour: str
    told: str = ""


@dataclass(frozen=True)
class Flow:
    """So many from one node on the left to one on the right."""

    left: int | None
    right: int | None
    count: int


def alluvial(name: str, title: str, lefts: Sequence[Node], rights: Sequence[Node], flows: Sequence[Flow]) -> Figure:
    """The diagram. Bands have the colour of where they come from, and lie in the order of the nodes.

    matplotlib's own Sankey draws arrows around one node; this has two sides.
    """
    total = max(sum(one.count for one in flows), 1)
    here, there = _ends(lefts, flows, total, "left"), _ends(rights, flows, total, "right")
    lowest = min(bottom for _, bottom in [*here.values(), *there.values()]) - _LEAST / 2
    with style():
        figure = new_figure(name, title, _WIDTH, _INCHES * (1 - lowest))
        axes = figure.add_subplot()
        _draw_nodes(axes, 0.0, lefts, here, total)
        _draw_nodes(axes, 1.0, rights, there, total)
        _draw_bands(axes, lefts, rights, flows, total, here, there)
        axes.set_xlim(-_SIDE, 1 + _SIDE)
        axes.set_ylim(lowest, 1.01)
        axes.axis("off")
    return figure


def places(sizes: Sequence[float]) -> list[tuple[float, float]]:
    """Upper and lower end of nodes from 1 downwards; a small one has the room around it that its label needs.

    >>> places([0.5, 0.02, 0.48])
    [(1.0, 0.5), (0.435, 0.415), (0.35, -0.13)]
    """
    found, top = [], 1.0
    for size in sizes:
        room = max((_LEAST - size) / 2, 0.0)
        found.append((round(top - room, 9), round(top - room - size, 9)))
        top -= size + 2 * room + _GAP
    return found


def _ends(nodes: Sequence[Node], flows: Sequence[Flow], total: int, side: str) -> dict[int | None, tuple[float, float]]:
    sizes = [sum(flow.count for flow in flows if getattr(flow, side) == one.key) / total for one in nodes]
    return dict(zip([one.key for one in nodes], places(sizes), strict=True))


def _draw_nodes(
    axes: Axes, x: float, nodes: Sequence[Node], ends: dict[int | None, tuple[float, float]], total: int
) -> None:
    outwards = -1 if x == 0 else 1
    sizes = {key: round((top - bottom) * total) for key, (top, bottom) in ends.items()}
    everybody = sum(size for key, size in sizes.items() if key is not None)
    for one in nodes:
        top, bottom = ends[one.key]
        at = (top + bottom) / 2
        left = x if outwards > 0 else x - _BAR
        bar = Rectangle((left, bottom), _BAR, max(top - bottom, 0.002), facecolor=one.colour, linewidth=0)
        axes.add_patch(bar)
        aligned = "left" if outwards > 0 else "right"
        place = x + outwards * (_BAR + 0.02)
        axes.text(place, at, shortened(one.name, 30), ha=aligned, va="bottom", color=INK)
        size = sizes[one.key]
        told = one.told or (f"{size:,}" if one.key is None else f"{size:,} ({percent(size / everybody)})")
        mark(bar, f"{one.name}: {told}", one.key)
        axes.text(place, at - 0.004, told, ha=aligned, va="top", color=MUTED, fontsize=8)


def _draw_bands(
    axes: Axes,
    lefts: Sequence[Node],
    rights: Sequence[Node],
    flows: Sequence[Flow],
    total: int,
    here: dict[int | None, tuple[float, float]],
    there: dict[int | None, tuple[float, float]],
) -> None:
    """From the top of each node down, in the order of the nodes on the other side."""
    free_left, free_right = ({key: top for key, (top, _) in ends.items()} for ends in (here, there))
    count = {(one.left, one.right): one.count for one in flows}
    for left in lefts:
        for right in rights:
            height = count.get((left.key, right.key), 0) / total
            if height:
                band = _band(free_left[left.key], free_right[right.key], height, left.colour)
                mark(band, f"{left.name} → {right.name}: {count[left.key, right.key]:,}", left.key, right.key)
                axes.add_patch(band)
                free_left[left.key] -= height
                free_right[right.key] -= height


def _band(left: float, right: float, height: float, colour: str) -> PathPatch:
    """Between the two sides from the upper ends given, as a pair of Bézier curves."""
    points = [
        (0, left), (0.5, left), (0.5, right), (1, right),
        (1, right - height), (0.5, right - height), (0.5, left - height), (0, left - height), (0, left),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=_PALE, linewidth=0)
