"""Comparison of candidates beyond one algorithm: what their segments tell of the next period, and whether they last."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from segspark.clustering.agreement import adjusted_rand, over_seeds
from segspark.clustering.choice import obstacle, unmanageable
from segspark.clustering.clusterers import Floats
from segspark.clustering.evaluation import Evaluation
from segspark.clustering.labelling import Shape, anew, clusterer_of, labels_of
from segspark.clustering.numbers import Numbers, numbers_of_clusters
from segspark.clustering.stability import bootstrap_jaccard, independent_like, normal_like, null_jaccard
from segspark.clustering.yardstick import separations
from segspark.kernels.classes import Classes
from segspark.progress import Reporter
from segspark.steps.next_period import NextPeriod
from segspark.steps.search import Fitted, Prepared

_POINTS = 2_000  # in whatever is clustered again and again: of the evaluation sample, or of an earlier time
_NULLS = 3  # structureless samples, each resampled as often as the customers are: one alone may be off by 0.1
_SEEDS = 3

Found = tuple[Evaluation, Fitted]


def compared(
    found: Sequence[Found],
    prepared: Prepared,
    period: NextPeriod | None,
    numbers: Numbers | None,
    reporter: Reporter,
) -> list[Found]:
    """Candidates with their separation of the next period's KPI, and whether those that may be chosen last.

    Args:
        found: by the search.
        prepared: that they were found in.
        period: None where it is not known.
        numbers: criteria of k, which stand beside the KMeans candidates; None where there are none.
        reporter: shows progress.
    """
    seed = prepared.settings.seed
    if period is not None:
        at = prepared.blocks.grid.snapped(period.points[prepared.view.name])
        labels = [labels_of(fitted.shape, at, prepared.step) for _, fitted in found]
        separated = separations(period.kpi, labels, seed)
        found = [
            (replace(one, separation=apart.value, separation_error=apart.error), fitted)
            for (one, fitted), apart in zip(found, separated, strict=True)
        ]
    if numbers is not None:
        found = [(_beside(one, numbers), fitted) for one, fitted in found]
    then = None if period is None else _some(prepared.blocks.grid.snapped(period.points[prepared.view.name]), seed)
    return [_lasting(one, prepared, then) for one in reporter.track(found, "resampled")]


def numbers_of(prepared: Prepared) -> Numbers | None:
    """What gap statistic and prediction strength say of KMeans; None where it is not tried, or customers are few."""
    settings = prepared.settings
    if "kmeans" not in settings.algorithms:
        return None
    return numbers_of_clusters(prepared.drawn.evaluated[:_POINTS] * prepared.step, settings.k.max, settings.seed)


def _beside(one: Evaluation, numbers: Numbers) -> Evaluation:
    return replace(one, **numbers.of(one.candidate.k)) if one.candidate.algorithm == "kmeans" else one


def _some(points: Floats, seed: int) -> Floats:
    """At most _POINTS of them, at random: they come in the order of ids, which may tell how long ago someone came."""
    drawn = np.random.default_rng(seed).permutation(len(points))[:_POINTS]
    return points[np.sort(drawn)]


def _lasting(found: Found, prepared: Prepared, then: Floats | None) -> Found:
    """Whether clusters come back: in resamples, and of those that may be chosen for it, in all other ways, too."""
    evaluation, fitted = found
    if unmanageable(evaluation, prepared.settings):
        return found
    steps, k, seed = prepared.drawn.evaluated[:_POINTS], len(evaluation.cluster_sizes), prepared.settings.seed
    points, labels = steps * prepared.step, labels_of(fitted.shape, steps, prepared.step)
    clusterer = clusterer_of(evaluation.candidate.algorithm, fitted.shape)
    again: dict[str, Any] = {"resamples": prepared.search.resamples, "clusterer": clusterer}
    evaluation = replace(evaluation, stability=min(bootstrap_jaccard(points, labels, k, seed, **again).jaccard))
    if obstacle(evaluation, prepared.settings, prepared.search):
        return evaluation, fitted
    null = null_jaccard(_structureless(fitted.shape, points), k, seed, nulls=_NULLS, **again)[0]
    return replace(evaluation, stability_null=null, **_agreeing(fitted, k, prepared, then)), fitted


def _structureless(shape: Shape, points: Floats) -> Callable[[int], Floats]:
    """Makes points without structure from a seed: one cloud; for latent classes, answers independent of each other.

    A cloud has no answers, and latent classes are what makes answers depend on each other.
    """
    if isinstance(shape, Classes):
        return partial(independent_like, points, groups=shape.indicators)
    return partial(normal_like, points)


def _agreeing(fitted: Fitted, k: int, prepared: Prepared, then: Floats | None) -> dict[str, Any]:
    """Agreement with other seeds, and with customers of an earlier time, as fields of Evaluation."""
    steps, seed = prepared.drawn.evaluated[:_POINTS], prepared.settings.seed
    fresh = anew(fitted.candidate.algorithm, fitted.shape, prepared.settings, prepared.search)
    seeds, _ = over_seeds(steps, k, range(seed, seed + _SEEDS), clusterer=fresh)
    if then is None:
        return {"seed_agreement": seeds}
    time = adjusted_rand(labels_of(fitted.shape, then, prepared.step), fresh(then, k, seed))
    return {"seed_agreement": seeds, "time_agreement": time}
