"""What the page says of each segment besides its figures."""

from __future__ import annotations

from itertools import groupby
from statistics import median

from segspark.reporting import text
from segspark.reporting.model import Measure, ScatterPoint, SegmentCard
from segspark.reporting.palette import clipped, segment_colour, variables
from segspark.reporting.scatter import drawable

DISTINGUISHING = 4


def distinguishing(card: SegmentCard, count: int = DISTINGUISHING) -> list[Measure]:
    """The measures in which a segment differs most from everybody, strongest first; unknown ones never.

    >>> near, far = (Measure(f, f, "days", 1.0, 2.0, z) for f, z in (("near", 0.1), ("far", -2.0)))
    >>> card = SegmentCard("s1", "one", "", "cluster", 5, 0.5, (), (near, far))
    >>> [measure.feature for measure in distinguishing(card, 1)]
    ['far']
    """
    usable = [m for m in card.measures if text.known(m.standardised) and text.known(m.mean)]
    return sorted(usable, key=lambda m: -abs(m.standardised or 0.0))[:count]


def scatter_medians(
    segments: tuple[SegmentCard, ...], points: tuple[ScatterPoint, ...]
) -> list[tuple[str, int, float, float, float]]:
    """(segment name, points, median recency in days, median orders, median money), in the report's order.

    >>> card = SegmentCard("s1", "one", "", "cluster", 5, 0.5, (), ())
    >>> scatter_medians((card,), (ScatterPoint(1.0, 2.0, 10.0, "s1"), ScatterPoint(3.0, 2.0, 30.0, "s1")))
    [('one', 2, 2.0, 2.0, 20.0)]
    """
    order = {one.segment_id: position for position, one in enumerate(segments)}
    names = [one.name for one in segments] + ["other"]
    placed = sorted(
        ((order.get(p.segment_id, len(segments)), p) for p in points if drawable(p)), key=lambda pair: pair[0]
    )
    groups = [(names[position], [p for _, p in pairs]) for position, pairs in groupby(placed, key=lambda pair: pair[0])]
    return [
        (
            name, len(group), median(p.recency_days for p in group),
            median(p.frequency for p in group), median(p.monetary_value for p in group),
        )
        for name, group in groups
    ]  # fmt: skip


def bar(measure: Measure) -> str:
    """Where a measure's little bar starts and how wide it is, in percent of its track; its middle is the average.

    >>> bar(Measure("f", "f", "days", 1.0, 2.0, -1.0)), bar(Measure("f", "f", "days", 3.0, 2.0, 4.0))
    ('left: 25.0%; width: 25.0%', 'left: 50.0%; width: 50.0%')
    """
    side = 25.0 * clipped(measure.standardised or 0.0)
    return f"left: {50.0 + min(side, 0.0):.1f}%; width: {abs(side):.1f}%"


def swatch(position: int) -> str:
    """The colour of the segment at a position, as the page's style sheet knows it.

    >>> swatch(0)
    'var(--s0, #3574b8)'
    """
    return variables()[segment_colour(position)]
