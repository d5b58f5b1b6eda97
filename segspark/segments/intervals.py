"""Intervals of shares, sums and quotients, from sums over customers alone."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from scipy import stats


class Interval(NamedTuple):
    """The two ends of an interval; None where it is not defined."""

    low: float | None
    high: float | None


UNKNOWN = Interval(None, None)


@dataclass(frozen=True)
class Moments:
    """Sums over customers, of whom each has an x and a y.

    Attributes:
        customers: all of them, also those whose x and y are zero.
        told: those with an x or a y that is not zero.
        x: the sum of x; likewise y.
        xx: the sum of squares of x; likewise xy, the products, and yy.
    """

    customers: int
    told: int
    x: float
    y: float
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0


def added(parts: list[Moments]) -> Moments:
    """The moments of several groups of customers together; their order changes no bit.

    Examples:
        >>> added([Moments(2, 1, 1.0, 2.0), Moments(3, 3, 0.5, 1.0)])
        Moments(customers=5, told=4, x=1.5, y=3.0, xx=0.0, xy=0.0, yy=0.0)
    """
    whole = (sum(one.customers for one in parts), sum(one.told for one in parts))
    return Moments(*whole, *(math.fsum(getattr(one, name) for one in parts) for name in ("x", "y", "xx", "xy", "yy")))


def wilson(successes: float, trials: float, confidence: float) -> Interval:
    """Interval of a share of independent trials (Wilson 1927); it never leaves 0 to 1.

    Examples:
        >>> low, high = wilson(4, 10, 0.95)
        >>> round(low, 4), round(high, 4)
        (0.1682, 0.6873)
        >>> wilson(0, 0, 0.95)
        Interval(low=None, high=None)
    """
    if not trials:
        return UNKNOWN
    z = float(stats.norm.ppf((1 + confidence) / 2))
    share, more = successes / trials, z * z / trials
    middle = (share + more / 2) / (1 + more)
    half = z / (1 + more) * math.sqrt(share * (1 - share) / trials + more / (4 * trials))
    low = 0.0 if successes == 0 else max(middle - half, 0.0)  # where it is one of the two ends, it is so exactly
    return Interval(low, 1.0 if successes == trials else min(middle + half, 1.0))


def of_total(moments: Moments, confidence: float) -> Interval:
    """Interval of a sum over customers: its standard error is the root of n times what customers deviate by.

    It says what so many customers like these might have summed up to; customers are taken for independent.

    Examples:
        >>> low, high = of_total(Moments(4, 4, 20.0, 0.0, xx=120.0), 0.95)  # s = sqrt(20 / 3), t = 3.1824
        >>> round(low, 3), round(high, 3)
        (3.566, 36.434)
    """
    n = moments.customers
    if n < 2:
        return UNKNOWN
    squares = max(moments.xx - moments.x * moments.x / n, 0.0)
    return _around(moments.x, math.sqrt(n * squares / (n - 1)), n - 1, confidence)


def of_ratio(moments: Moments, confidence: float) -> Interval:
    """Interval of the sum of x over the sum of y, linearised by customer (Cochran 1977, 6.4; the delta method).

    The standard error is that of the sum of x - R y, over the sum of y. With a y of 1 it is that of a mean.

    Examples:
        >>> low, high = of_ratio(Moments(3, 3, 12.0, 6.0, 62.0, 28.0, 14.0), 0.95)  # R = 2: residuals sum to 6
        >>> round(low, 3), round(high, 3)
        (-0.151, 4.151)
    """
    n = moments.told
    if n < 2 or not moments.y:
        return UNKNOWN
    ratio = moments.x / moments.y
    squares = max(moments.xx - 2 * ratio * moments.xy + ratio * ratio * moments.yy, 0.0)
    return _around(ratio, math.sqrt(n * squares / (n - 1)) / abs(moments.y), n - 1, confidence)


def _around(value: float, error: float, freedom: int, confidence: float) -> Interval:
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return Interval(value - half, value + half)
