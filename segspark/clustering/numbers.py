"""Numbers of clusters by criteria that inform and do not decide: gap statistic and prediction strength of KMeans."""

import math
from dataclasses import dataclass
from typing import Any

from segspark.clustering.clusterers import Floats
from segspark.clustering.gap import Gap, gap_statistic
from segspark.clustering.prediction_strength import PredictionStrength, prediction_strength

_FEWEST = 20  # points; of fewer, halves tell nothing
_REFERENCES = 10
_SPLITS = 5


@dataclass(frozen=True)
class Numbers:
    """What two criteria say of k = 1, 2, ... clusters by KMeans.

    Attributes:
        customers: of the sample.
        gap: the gap statistic.
        strength: prediction strength.
    """

    customers: int
    gap: Gap
    strength: PredictionStrength

    def of(self, k: int) -> dict[str, Any]:
        """What they say of one k, as fields of Evaluation; None where it is not known or not finite.

        Examples:
            >>> gap = Gap((3.0, 1.0), (4.0, 3.0), (1.0, 2.0), (0.0, 0.5))
            >>> found = Numbers(40, gap, PredictionStrength((1.0, 0.9), (0.0, 0.1)))
            >>> found.of(2)
            {'gap': 2.0, 'gap_error': 0.5, 'prediction_strength': 0.9}
            >>> found.of(3)
            {'gap': None, 'gap_error': None, 'prediction_strength': None}
        """
        told = {
            "gap": self.gap.gap,
            "gap_error": self.gap.standard_error,
            "prediction_strength": self.strength.strength,
        }
        return {name: _finite(values[k - 1]) if k <= len(values) else None for name, values in told.items()}

    @property
    def words(self) -> str:
        """A sentence on the k that each would take.

        Examples:
            >>> gap = Gap((3.0, 1.0), (4.0, 3.0), (1.0, 2.0), (0.0, 0.5))
            >>> Numbers(40, gap, PredictionStrength((1.0, 0.7), (0.0, 0.1))).words
            'Of 1 to 2 clusters by KMeans the gap statistic would take 2, prediction strength 1; neither decides.'
        """
        return (
            f"Of 1 to {len(self.gap.gap)} clusters by KMeans the gap statistic would take {self.gap.k}, "
            f"prediction strength {self.strength.k}; neither decides."
        )


def numbers_of_clusters(points: Floats, k_max: int, seed: int) -> Numbers | None:
    """The gap statistic by 10 references, and prediction strength by 5 halvings, of k from 1 to k_max.

    So few keep the cost to some 200 fits of a sample; the papers' own examples take more. The largest k looked at is
    half the number of points.

    Args:
        points: a sample of prepared customers, shape (n, d).
        k_max: the largest k.
        seed: of references, halvings and KMeans.

    Returns:
        None of fewer than 20 points, or of points that are all the same.

    Examples:
        >>> import numpy as np
        >>> points = np.repeat(np.array([[0.0], [1.0], [100.0], [101.0]]), 6, axis=0)
        >>> found = numbers_of_clusters(points, 3, seed=1)
        >>> found.gap.k, found.strength.k
        (2, 2)
    """
    if len(points) < _FEWEST or bool((points == points[0]).all()):
        return None
    k_max = min(k_max, len(points) // 2)
    return Numbers(
        len(points),
        gap_statistic(points, k_max, seed, references=_REFERENCES),
        prediction_strength(points, k_max, seed, splits=_SPLITS),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
