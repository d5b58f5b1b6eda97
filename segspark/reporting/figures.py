"""All figures by name, as training and profiling log them and as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from segspark.reporting.curves import selection_curves
from segspark.reporting.model import Candidate, ScatterPoint, SegmentCard, SplitNode
from segspark.reporting.overview import heat_map, segment_sizes
from segspark.reporting.scatter import drawable, rfm_scatter
from segspark.reporting.splits import split_tree


def training_figures(candidates: Sequence[Candidate]) -> dict[str, Figure]:
    """What a training run logs: `selection_curves`; nothing where there are no candidates.

    >>> one = Candidate("kmeans", 3, 1, 0.4, "squared_euclidean", 9.0, None, 0.1, 1.0, True, "best")
    >>> list(training_figures([one])), training_figures([])
    (['selection_curves'], {})
    """
    return {"selection_curves": selection_curves(candidates)} if candidates else {}


def split_figures(nodes: Sequence[SplitNode]) -> dict[str, Figure]:
    """What shows how customers come apart: `split_tree`; nothing where there is no split.

    >>> list(split_figures([SplitNode(0, None, 1.0, 1.0, "", "", None)]))
    []
    """
    return {"split_tree": split_tree(nodes)} if len(nodes) > 1 else {}


def segment_figures(
    segments: Sequence[SegmentCard], scatter: Sequence[ScatterPoint], currency: str = ""
) -> dict[str, Figure]:
    """What describes segments: `segment_sizes`, `segment_heat_map`, `rfm_scatter`; each only where it has something.

    >>> list(segment_figures([SegmentCard("s1", "new", "", "lifecycle", 10, 1.0, (), ())], []))
    ['segment_sizes']
    """
    figures: dict[str, Figure] = {}
    if segments:
        figures["segment_sizes"] = segment_sizes(segments)
    if any(one.measures for one in segments):
        figures["segment_heat_map"] = heat_map(segments)
    if any(drawable(point) for point in scatter):
        figures["rfm_scatter"] = rfm_scatter(segments, scatter, currency)
    return figures
