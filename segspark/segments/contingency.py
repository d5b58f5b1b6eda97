"""Two segmentations of the same customers as one small table, and all that can be said from it alone.

Everything here works on counts by pair of segments, or on a stack of such tables, of which resamples are made:
nothing is as large as the customers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlogy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_REACH = 12.0  # standard deviations of a count, beyond which its probability is nothing


@dataclass(frozen=True)
class Contingency:
    """Customers by the segments they were and are in.

    Attributes:
        before: segment_ids at the earlier date.
        after: at the later one.
        counts: shape (before + 1, after + 1): the last row are those who came, the last column those who left.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: Ints

    @staticmethod
    def of(rows: Iterable[tuple[str, str, int]]) -> "Contingency":
        """From rows of (from, to, customers); '' is no segment.

        Examples:
            >>> Contingency.of([("s", "s", 8), ("s", "t", 2), ("", "t", 1)]).counts.tolist()
            [[8, 2, 0], [0, 1, 0]]
        """
        told = list(rows)
        before = tuple(sorted({row[0] for row in told} - {""}))
        after = tuple(sorted({row[1] for row in told} - {""}))
        counts = np.zeros((len(before) + 1, len(after) + 1), dtype=np.int64)
        for one, other, customers in told:
            counts[before.index(one) if one else -1, after.index(other) if other else -1] += customers
        return Contingency(before, after, counts)

    @property
    def segment_ids(self) -> tuple[str, ...]:
        """Those of either date."""
        return tuple(sorted({*self.before, *self.after}))

    @property
    def sizes_before(self) -> dict[str, int]:
        """Customers at the earlier date, by segment of either date."""
        found = dict(zip(self.before, self.counts[:-1].sum(axis=1).tolist(), strict=True))
        return {one: found.get(one, 0) for one in self.segment_ids}

    @property
    def sizes_after(self) -> dict[str, int]:
        """Customers at the later date, by segment of either date."""
        found = dict(zip(self.after, self.counts[:, :-1].sum(axis=0).tolist(), strict=True))
        return {one: found.get(one, 0) for one in self.segment_ids}

    def stayed(self, tables: Floats) -> Floats:
        """Customers who stayed in each segment of `segment_ids`, of each of a stack of tables: (..., segments)."""
        columns = [
            tables[..., self.before.index(one), self.after.index(one)]
            if one in self.before and one in self.after
            else np.zeros(tables.shape[:-2])
            for one in self.segment_ids
        ]
        return np.stack(columns, axis=-1)

    def sizes(self, tables: Floats) -> tuple[Floats, Floats]:
        """Sizes before and after of each segment of `segment_ids`, of each of a stack of tables."""
        then, now = tables[..., :-1, :].sum(axis=-1), tables[..., :-1].sum(axis=-2)
        nobody = np.zeros(tables.shape[:-2])
        return (
            np.stack([then[..., self.before.index(s)] if s in self.before else nobody for s in self.segment_ids], -1),
            np.stack([now[..., self.after.index(s)] if s in self.after else nobody for s in self.segment_ids], -1),
        )


def adjusted_mutual_information(tables: Floats, expected: float) -> Floats:
    """Adjusted mutual information (Vinh, Epps & Bailey 2010) by the arithmetic mean, as scikit-learn defines it.

    Args:
        tables: customers who are in both segmentations, shape (..., before, after).
        expected: mutual information that chance alone gives: `expected_mutual_information` of the table observed. It
            depends so little on a resample that resamples share it.

    Examples:
        >>> table = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
        >>> round(float(adjusted_mutual_information(table, expected_mutual_information(table))), 4)
        0.5714
    """
    totals = np.maximum(tables.sum(axis=(-2, -1), keepdims=True), 1.0)
    p = tables / totals
    one, other = _entropy(p.sum(axis=-1)), _entropy(p.sum(axis=-2))
    both = -xlogy(p, p).sum(axis=(-2, -1))
    numerator, denominator = (_off_zero(value - expected) for value in (one + other - both, (one + other) / 2))
    return np.where((one == 0) & (other == 0), 1.0, numerator / denominator)


def expected_mutual_information(table: Floats) -> float:
    """Mutual information of two segmentations with these sizes that have nothing to do with each other, in nats.

    The mean over the hypergeometric distribution of each count, taken where it has any probability: so the work grows
    with the root of the customers, where scikit-learn's grows with the largest segment.

    Args:
        table: shape (before, after).

    Examples:
        >>> round(expected_mutual_information(np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 1.0]])), 4)
        0.4621
    """
    n = float(table.sum())
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    return sum(_of_count(a, b, n) for a in rows[rows > 0].tolist() for b in columns[columns > 0].tolist())


def jaccard(table: Contingency, tables: Floats) -> Floats:
    """Of each segment the customers who stayed, as a share of all who were or are in it; 0 where nobody was.

    Args:
        table: what the stack is of.
        tables: shape (..., before + 1, after + 1).

    Returns:
        Shape (..., segments), in the order of `segment_ids`.

    Examples:
        >>> table = Contingency.of([("s", "s", 6), ("s", "t", 2), ("", "t", 4)])
        >>> jaccard(table, table.counts.astype(float)).tolist()
        [0.75, 0.0]
    """
    stayed = table.stayed(tables)
    then, now = table.sizes(tables)
    either = then + now - stayed
    return np.asarray(np.divide(stayed, either, out=np.zeros_like(either), where=either > 0))


def share_changes(table: Contingency, tables: Floats) -> Floats:
    """Share of each segment at the later date less that at the earlier one.

    Examples:
        >>> table = Contingency.of([("s", "s", 6), ("s", "t", 2)])
        >>> share_changes(table, table.counts.astype(float)).tolist()
        [-0.25, 0.25]
    """
    then, now = table.sizes(tables)
    return _shares(now) - _shares(then)


def resampled(table: Contingency, seed: int, draws: int = 1_000) -> Floats:
    """The same table as other customers might have made it: resamples, shape (draws, before + 1, after + 1).

    Drawing customers with replacement and counting them again is drawing counts from a multinomial distribution
    (Efron & Tibshirani 1993), so no customer is needed.

    Examples:
        >>> table = Contingency.of([("s", "s", 6), ("s", "t", 2)])
        >>> resampled(table, seed=1, draws=5).sum(axis=(1, 2)).tolist()
        [8.0, 8.0, 8.0, 8.0, 8.0]
    """
    flat = table.counts.ravel().astype(np.float64)
    drawn = np.random.default_rng(seed).multinomial(int(flat.sum()), flat / flat.sum(), size=draws)
    return np.asarray(drawn.reshape(draws, *table.counts.shape), dtype=np.float64)


def _of_count(a: float, b: float, n: float) -> float:
    """What the count of two segments with a and b of n customers adds to the expected mutual information.

    With x the count over its mean this is mean / n times the mean of x·log(x) - (x - 1). The second term's mean is
    zero; with it every term is positive, and none cancels out.
    """
    mean = a * b / n
    spread = np.sqrt(mean * (1 - a / n) * (n - b) / max(n - 1, 1.0))
    lowest, highest = max(0.0, a + b - n), min(a, b)
    low = max(lowest, np.floor(mean - _REACH * spread - _REACH))
    high = min(highest, np.ceil(mean + _REACH * spread + _REACH))
    counts = np.arange(low, high + 1)
    logs = -(gammaln(counts + 1) + gammaln(a - counts + 1) + gammaln(b - counts + 1) + gammaln(n - a - b + counts + 1))
    p = np.exp(logs - logs.max())
    x = counts / mean
    return float(mean / n * ((p / p.sum()) @ (xlogy(x, x) - (x - 1))))


def _shares(sizes: Floats) -> Floats:
    return np.asarray(sizes / np.maximum(sizes.sum(axis=-1, keepdims=True), 1.0))


def _off_zero(values: Floats) -> Floats:
    """Values as far from zero as a double tells: the same partition in clusters of one customer each divides 0 by 0."""
    tiny = np.finfo(np.float64).eps
    return np.where(values < 0, np.minimum(values, -tiny), np.maximum(values, tiny))


def _entropy(p: Floats) -> Floats:
    return np.asarray(-xlogy(p, p).sum(axis=-1))
