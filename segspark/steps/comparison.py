"""Comparison of candidates beyond one algorithm: what their segments tell of the next period, and whether they last."""

from collections.abc import Sequence
from dataclasses import replace

from segspark.clustering.choice import unmanageable
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.labelling import clusterer_of, labels_of
from segspark.clustering.stability import bootstrap_jaccard
from segspark.clustering.yardstick import separations
from segspark.progress import Reporter
from segspark.steps.next_period import NextPeriod
from segspark.steps.search import Fitted, Prepared

_POINTS = 2_000  # of the evaluation sample, in the resamples

Found = tuple[Evaluation, Fitted]


def compared(found: Sequence[Found], prepared: Prepared, period: NextPeriod | None, reporter: Reporter) -> list[Found]:
    """Candidates with their separation of the next period's KPI, and the stability of those that may be chosen."""
    seed = prepared.settings.seed
    if period is not None:
        at = prepared.blocks.grid.snapped(period.points[prepared.view.name])
        labels = [labels_of(fitted.shape, at, prepared.step) for _, fitted in found]
        separated = separations(period.kpi, labels, seed)
        found = [
            (replace(one, separation=apart.value, separation_error=apart.error), fitted)
            for (one, fitted), apart in zip(found, separated, strict=True)
        ]
    return [_lasting(one, prepared) for one in reporter.track(found, "resampled")]


def _lasting(found: Found, prepared: Prepared) -> Found:
    evaluation, fitted = found
    if unmanageable(evaluation, prepared.settings):
        return found
    points, k = prepared.drawn.evaluated[:_POINTS], len(evaluation.cluster_sizes)
    labels = labels_of(fitted.shape, points, prepared.step)
    clusterer = clusterer_of(evaluation.candidate.algorithm, fitted.shape)
    stable = bootstrap_jaccard(
        points * prepared.step,
        labels,
        k,
        prepared.settings.seed,
        resamples=prepared.search.resamples,
        clusterer=clusterer,
    )
    return replace(evaluation, stability=min(stable.jaccard)), fitted
