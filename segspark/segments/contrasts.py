"""Contrasts: a quotient of two sums over some customers, held against the same over others, from sums alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special, stats

from segspark.segments.intervals import UNKNOWN, Interval, Moments


@dataclass(frozen=True)
class Contrast:
    """Some customers against others.

    Attributes:
        value: sum of x over sum of y of the former; `rest_value` of the others.
        lift: value over rest_value; None where the latter is zero. `interval` is its own.
        statistic: the difference in its standard errors, if there were none in truth.
        p_value: of a difference as large as this, or larger, if there were none; 0.5 where there is none.
    """

    value: float
    rest_value: float
    lift: float | None
    interval: Interval
    statistic: float
    p_value: float

    @property
    def either_way(self) -> float:
        """The p-value of a difference in either direction."""
        return min(2 * min(self.p_value, 1 - self.p_value), 1.0)


def contrast(own: Moments, others: Moments, confidence: float) -> Contrast | None:
    """Hold a quotient against that of other customers; None where one of them has nothing to divide by.

    Both sums are linearised by customer (Cochran 1977, 6.4). The test takes residuals from the quotient of all
    together, as a score test does: so a share of 0 or 1 has a standard error, too. The lift has the interval of its
    logarithm.

    Args:
        own: of some customers.
        others: of others; nobody is in both.
        confidence: of the lift's interval.

    Examples:
        >>> ten = Moments(10, 10, 5.0, 10.0, 5.0, 5.0, 10.0)  # a half of ten
        >>> forty = Moments(40, 40, 10.0, 40.0, 10.0, 10.0, 40.0)  # a quarter of forty
        >>> found = contrast(ten, forty, 0.95)
        >>> found.lift, round(found.statistic, 3)  # 0.25 / sqrt(2.9 / 100 + 7.6 / 1600), both around 0.3
        (2.0, 1.361)
    """
    if min(own.told, others.told) < 2 or own.y <= 0 or others.y <= 0:
        return None
    value, rest = own.x / own.y, others.x / others.y
    null = (own.x + others.x) / (own.y + others.y)
    error = math.sqrt(sum(_residuals(one, null) / one.y**2 for one in (own, others)))
    freedom = min(own.told, others.told) - 1
    statistic = (value - rest) / error if error > 0 else 0.0
    p_value = float(special.stdtr(freedom, -statistic))  # of t, without the cost of a distribution's object
    lift = value / rest if rest > 0 else None
    return Contrast(value, rest, lift, _interval(own, others, freedom, confidence), statistic, p_value)


def without(whole: Moments, part: Moments) -> Moments:
    """The moments of those of the whole who are not in the part.

    Examples:
        >>> without(Moments(5, 4, 3.0, 4.0, 3.0, 3.0, 4.0), Moments(2, 1, 1.0, 1.0, 1.0, 1.0, 1.0))
        Moments(customers=3, told=3, x=2.0, y=3.0, xx=2.0, xy=2.0, yy=3.0)
    """
    names = ("x", "y", "xx", "xy", "yy")
    left = (max(getattr(whole, name) - getattr(part, name), 0.0) for name in names)
    return Moments(whole.customers - part.customers, whole.told - part.told, *left)


def q_values(p_values: Sequence[float]) -> list[float]:
    """Of each the share of chance findings among all that are as sure as it is (Benjamini & Hochberg 1995).

    Examples:
        >>> q_values([0.01, 0.04, 0.03]), q_values([])
        ([0.03, 0.04, 0.04], [])
    """
    return [float(one) for one in stats.false_discovery_control(p_values)] if p_values else []


def _residuals(one: Moments, ratio: float) -> float:
    return max(one.xx - 2 * ratio * one.xy + ratio * ratio * one.yy, 0.0)


def _interval(own: Moments, others: Moments, freedom: int, confidence: float) -> Interval:
    if own.x <= 0 or others.x <= 0:
        return UNKNOWN
    parts = [_residuals(one, one.x / one.y) / one.x**2 * one.told / (one.told - 1) for one in (own, others)]
    half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(sum(parts))
    lift = (own.x / own.y) / (others.x / others.y)
    return Interval(lift * math.exp(-half), lift * math.exp(half))
