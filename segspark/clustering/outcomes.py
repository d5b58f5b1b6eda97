"""What each cluster's customers did in the next period, set against a target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Floats, Ints
from segspark.config.base import FEWEST


@dataclass(frozen=True)
class ClusterOutcome:
    """The KPI of one cluster's customers; each None where they are fewer than 11.

    Attributes:
        customers: of whom it is known.
        mean: of the KPI; a share where the KPI is 0 or 1.
        error: standard error of the mean.
    """

    customers: int | None = None
    mean: float | None = None
    error: float | None = None

    def reaches(self, target: float) -> bool | None:
        """Whether the mean is at least the target; None where it is not told.

        Examples:
            >>> ClusterOutcome(20, 0.5, 0.1).reaches(0.4), ClusterOutcome().reaches(0.4)
            (True, None)
        """
        return None if self.mean is None else self.mean >= target


def outcomes(kpi: Floats, labels: Ints, k: int) -> tuple[ClusterOutcome, ...]:
    """Mean and standard error of a KPI by cluster.

    The error is the sample standard deviation over the root of the number of customers.

    Args:
        kpi: of n customers that no candidate was fitted on.
        labels: their clusters, 0 to k - 1.
        k: clusters.

    Examples:
        >>> found = outcomes(np.array([0.0] * 8 + [1.0] * 8 + [5.0]), np.array([0] * 16 + [1]), 2)
        >>> [(one.customers, one.mean, one.error and round(one.error, 4)) for one in found]
        [(16, 0.5, 0.1291), (None, None, None)]
    """
    return tuple(_of(kpi[labels == cluster]) for cluster in range(k))


def reached(found: Sequence[ClusterOutcome], target: float, kpi: str) -> str:
    """How many clusters reach a target, in a sentence.

    Args:
        found: by cluster.
        target: the least mean that is aimed at.
        kpi: what it is, in words.

    Examples:
        >>> reached([ClusterOutcome(20, 0.5, 0.1), ClusterOutcome(30, 0.3, 0.1), ClusterOutcome()], 0.4, "buys again")
        "1 of 3 segments reaches the target of 0.4 (mean of 'buys again' in the next period, customers held out); of 1
        there are fewer than 11 such customers, too few to tell."
    """
    met = [one.reaches(target) for one in found]
    hidden = met.count(None)
    return (
        f"{met.count(True)} of {len(met)} segments {'reaches' if met.count(True) == 1 else 'reach'} the target of "
        f"{target:g} (mean of '{kpi}' in the next period, customers held out)"
        + (f"; of {hidden} there are fewer than {FEWEST} such customers, too few to tell." if hidden else ".")
    )


def _of(values: Floats) -> ClusterOutcome:
    n = len(values)
    if n < FEWEST:
        return ClusterOutcome()
    return ClusterOutcome(n, float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)))
