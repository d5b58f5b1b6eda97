"""All figures by name, as training and profiling log them and as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from segspark.reporting.curves import selection_curves
from segspark.reporting.model import Candidate, ScatterPoint, SegmentCard
from segspark.reporting.overview import heat_map, segment_sizes
from segspark.reporting.scatter import drawable, rfm_scatter


def training_figures(candidates: Sequence[Candidate]) -> dict[str, Figure]:
    """What a training run logs: `selection_curves`; nothing where there are no candidates.

    >>> one = Candidate("kmeans", 3, 1, 0.4, "squared_euclidean", 9.0, None, 0.1, 1.0, True, "best")
    >>> list(training_figures([one])), training_figures([])
    (['selection_curves'], {})
    """
    return {"selection_curves": selection_curves(candidates)} if candidates else {}


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
