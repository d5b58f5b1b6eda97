"""Calibration in a training: the temperature of the chosen model's memberships."""

from segspark.clustering.calibration import resampled, temperature
from segspark.clustering.labelling import clusterer_of, labels_of
from segspark.kernels.membership import distances
from segspark.kernels.partitions import Partition
from segspark.steps.search import Fitted, Prepared

_POINTS = 2_000  # of the evaluation sample


def calibrated(chosen: Fitted, prepared: Prepared) -> float | None:
    """The temperature, in squared prepared units; None for a model that gives probabilities of its own."""
    shape = chosen.shape
    if not isinstance(shape, Partition):
        return None
    drawn, seed = prepared.drawn.evaluated[:_POINTS], prepared.settings.seed
    points, centres = drawn * prepared.step, shape.centres * prepared.step
    counts = resampled(
        points,
        labels_of(shape, drawn, prepared.step),
        len(centres),
        seed,
        resamples=prepared.search.resamples,
        clusterer=clusterer_of(chosen.candidate.algorithm, shape),
    )
    return temperature(distances(points, centres) ** 2, counts)
