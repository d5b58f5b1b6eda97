"""Attributes: which values that the clustering did not know of are more or less frequent in a segment than in all."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from segspark.config.signals import Signals
from segspark.segments.contrasts import q_values
from segspark.segments.lifts import lift_intervals, lifts


@dataclass(frozen=True)
class Held:
    """Customers of whom an attribute is known, by segment, and those who have a value of it, by value and segment."""

    known: Mapping[str, int]
    values: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class AttributeShare:
    """The columns of segment_attributes in their order, but for as_of and run_id."""

    segment_id: str
    attribute: str
    value: str
    customers: int
    known: int
    share: float
    overall_share: float
    lift: float
    low: float | None
    high: float | None
    p_value: float
    q_value: float


def attribute_shares(held: Mapping[str, Held], asked: Signals, confidence: float) -> list[AttributeShare]:
    """Every value of every attribute by segment, in the order of segments, attributes and values.

    A count is held against the hypergeometric law: as many customers as the segment has, drawn from all without
    regard to the value, to both sides (twice the smaller tail). Q-values over all values of a segment are Benjamini
    & Hochberg's (1995). Values that fewer than signals.min_customers have are left out.

    Args:
        held: by attribute.
        asked: what is configured.
        confidence: of the intervals of lifts.

    Examples:
        >>> homes = {"home": Held({"a": 100, "b": 100}, {"rented": {"a": 60, "b": 20}})}
        >>> one = attribute_shares(homes, Signals(), 0.95)[0]
        >>> one.share, one.overall_share, one.lift, one.p_value < 1e-7
        (0.6, 0.4, 1.5, True)
    """
    rows: dict[str, list[AttributeShare]] = {}
    for attribute, one in sorted(held.items()):
        for value, own in sorted(one.values.items()):
            if sum(own.values()) >= asked.min_customers:
                for row in _of_value(attribute, value, one.known, own, confidence):
                    rows.setdefault(row.segment_id, []).append(row)
    found = []
    for _, own_rows in sorted(rows.items()):
        sure = q_values([row.p_value for row in own_rows])
        found += [replace(row, q_value=q) for row, q in zip(own_rows, sure, strict=True)]
    return found


def _of_value(
    attribute: str, value: str, known: Mapping[str, int], own: Mapping[str, int], confidence: float
) -> list[AttributeShare]:
    total, all_with = sum(known.values()), sum(own.values())
    segments = sorted(segment for segment, n in known.items() if n)
    sizes = np.array([known[segment] for segment in segments])
    both = np.array([own.get(segment, 0) for segment in segments])
    tails = (stats.hypergeom.cdf(both, total, all_with, sizes), stats.hypergeom.sf(both - 1, total, all_with, sizes))
    chance = np.minimum(2 * np.minimum(*tails), 1.0)
    low, high = lift_intervals(both, sizes, all_with, total, confidence)
    shares, lift = both / sizes, lifts(both, sizes, all_with, total)
    return [
        AttributeShare(
            segment, attribute, value, int(both[at]), int(sizes[at]), float(shares[at]), all_with / total,
            float(lift[at]), _known(low[at]), _known(high[at]), float(chance[at]), 1.0,
        )
        for at, segment in enumerate(segments)
    ]  # fmt: skip


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
