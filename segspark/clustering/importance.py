"""Which features matter: effect sizes of segments on features, from sums and counts per segment.

There are no p-values here, and none may be made of these figures. Segments are cut so that they differ in the features
they are made from: a test of such a feature asks whether the cut was a cut. On pure noise it rejects nearly always, on
held-out customers too, as those are cut in the same places. Tests of what the clustering did not use are in
`external_tests`.
"""

from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Floats, Ints


@dataclass(frozen=True)
class SegmentMoments:
    """Sums over the members of each of k segments, for p variables. Unknown values are not counted.

    Where a variable is far from zero for its spread, sums of its differences from a value near its mean keep more
    digits; no figure here changes by it.

    Attributes:
        counts: known values, or their weights, shape (k, p).
        sums: of the values, shape (k, p).
        squares: of the squared values, shape (k, p).
    """

    counts: Floats
    sums: Floats
    squares: Floats

    @staticmethod
    def of(values: Floats, labels: Ints, k: int, weights: Floats | None = None) -> "SegmentMoments":
        """Moments of values at hand, shape (n, p) with NaN for unknown, in segments 0 to k - 1.

        Examples:
            >>> SegmentMoments.of(np.array([[1.0], [3.0], [np.nan]]), np.array([0, 0, 1]), 2).squares.tolist()
            [[10.0], [0.0]]
        """
        members = (np.arange(k)[:, None] == labels) * (1.0 if weights is None else weights)
        known = ~np.isnan(values)
        filled = np.where(known, values, 0.0)
        return SegmentMoments(members @ known, members @ filled, members @ filled**2)


def eta_squared(moments: SegmentMoments) -> Floats:
    """Share of each variable's variance that lies between the segments, 0 to 1, shape (p,); NaN for a constant one.

    It is not corrected for chance: k segments of n customers at random have (k - 1) / (n - 1) on average.

    Examples:
        >>> eta_squared(SegmentMoments.of(np.array([[0.0], [2.0], [8.0], [10.0]]), np.array([0, 0, 1, 1]), 2)).round(4)
        array([0.9412])
    """
    n, total = moments.counts.sum(axis=0), moments.sums.sum(axis=0)
    overall = total**2 / np.maximum(n, 1)
    own = np.where(moments.counts > 0, moments.sums**2 / np.where(moments.counts > 0, moments.counts, 1), 0.0)
    all_squares = moments.squares.sum(axis=0)
    variation = all_squares - overall
    constant = variation <= 1e-12 * all_squares  # less than doubles can tell from none
    share = (own.sum(axis=0) - overall) / np.where(constant, 1.0, variation)
    return np.where(constant, np.nan, np.clip(share, 0.0, 1.0))


def cramers_v(table: Floats, *, bias_corrected: bool = False) -> float | None:
    """Cramér's V of segments and a categorical variable, 0 to 1; None where either has fewer than two values.

    Plain V (Cramér 1946) grows by chance with the number of categories; the bias-corrected one (Bergsma 2013) is near
    zero for unrelated variables.

    Args:
        table: customers by segment and category, shape (k, categories).

    Examples:
        >>> table = np.array([[30.0, 10.0], [10.0, 30.0]])
        >>> cramers_v(table), round(cramers_v(table, bias_corrected=True), 4)
        (0.5, 0.4903)
    """
    counted = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = counted.shape
    if min(rows, columns) < 2:
        return None
    n = float(counted.sum())
    expected = np.outer(counted.sum(axis=1), counted.sum(axis=0)) / n
    phi_squared = float(((counted - expected) ** 2 / expected).sum()) / n
    if not bias_corrected:
        return min(1.0, float(np.sqrt(phi_squared / (min(rows, columns) - 1))))
    if n <= max(rows, columns):
        return None  # fewer customers than the correction can be computed of
    phi_squared = max(0.0, phi_squared - (rows - 1) * (columns - 1) / (n - 1))
    fewest = min(size - (size - 1) ** 2 / (n - 1) for size in (rows, columns))
    return min(1.0, float(np.sqrt(phi_squared / (fewest - 1))))
