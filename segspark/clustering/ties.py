"""Ties among customers taken apart: counts, zeros and winsorised values as draws of a continuous variable."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from segspark.clustering.clusterers import Floats, Ints

ATOM = 0.05  # share of customers with one value from which it is a point mass
_SPIKE = 3.0  # and how many times its neighbours a value must be held, within the range
_PULLED_IN = 0.005  # share at an end, above which winsorising has made it


@dataclass(frozen=True)
class Feature:
    """A feature without ties.

    Attributes:
        values: (n,), of standard deviation 1.
        blocks: bounds of the point masses as shares of customers, from 0 to 1, where the values are normal scores;
            None where they are the feature's own.
    """

    values: Floats
    blocks: Floats | None


def continuous(values: Floats, rng: np.random.Generator) -> Feature:
    """One feature, with ties taken apart at random.

    A feature with a point mass (zero purchases, share zero) leaves a gap between the mass and the rest that is no gap
    between kinds of customers: it becomes normal scores, ties in random order, so that only its dependence on others
    is left to see. Other ties, as of larger counts, are spread evenly to half the way to the neighbouring
    values. What winsorising has pulled in is spread out again, as an exponential tail of the width that the values just
    within have.

    Args:
        values: (n,), not all the same.

    Examples:
        >>> rng = np.random.default_rng(1)
        >>> one = continuous(np.array([0.0] * 40 + list(range(1, 61))), rng)
        >>> one.blocks[:2].tolist(), bool(one.values[:40].max() < one.values[40:].min())
        ([0.0, 0.4], True)
        >>> continuous(np.array([1.0, 2.0, 4.0]), rng).blocks is None
        True
    """
    distinct, place, held = np.unique(values, return_inverse=True, return_counts=True)
    shares = held / len(values)
    if len(distinct) < len(values) and _has_atom(shares):
        order = np.lexsort((rng.random(len(values)), values))
        ranks = np.empty(len(values))
        ranks[order] = (np.arange(len(values)) + 0.5) / len(values)
        return Feature(np.asarray(ndtri(ranks)), np.append(0.0, np.cumsum(shares)))
    spread = values.astype(float)
    if len(distinct) < len(values):
        spread = np.where(held[place] > 1, _within_reach(distinct, place, rng), spread)
        spread = _tails(spread, values, shares, rng)
    return Feature(spread / spread.std(), None)


def _has_atom(shares: Floats) -> bool:
    beside = np.maximum(np.append(0.0, shares[:-1]), np.append(shares[1:], 0.0))
    return bool(max(shares[0], shares[-1]) >= ATOM or ((shares >= ATOM) & (shares > _SPIKE * beside)).any())


def _within_reach(distinct: Floats, place: Ints, rng: np.random.Generator) -> Floats:
    """A draw between the middles to the neighbouring values, for each customer."""
    middles = (distinct[1:] + distinct[:-1]) / 2
    low = np.append(2 * distinct[0] - middles[0], middles)
    high = np.append(middles, 2 * distinct[-1] - middles[-1])
    return np.asarray(rng.uniform(low[place], high[place]))


def _tails(spread: Floats, values: Floats, shares: Floats, rng: np.random.Generator) -> Floats:
    for sign, ends in ((-1.0, shares[:2]), (1.0, shares[::-1][:2])):
        if ends[0] > max(_PULLED_IN, _SPIKE * ends[1]):
            outward = sign * values
            at_end = outward == outward.max()
            # Of an exponential tail, the quantiles 1 - a and 1 - b lie ln(a / b) widths apart.
            near, far = np.quantile(outward, [0.95, 0.985])
            width = max((far - near) / np.log(0.05 / 0.015), 1e-9)
            spread = np.where(at_end, values + sign * rng.exponential(width, size=len(values)), spread)
    return spread
