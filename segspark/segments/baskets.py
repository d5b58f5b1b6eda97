"""Baskets: which items are in one order more often than by chance, and which ones a segment buys more often."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from segspark.config.baskets import Baskets
from segspark.segments.basket_counts import Counts
from segspark.segments.kpi_definitions import ALL
from segspark.segments.lifts import lift_intervals, lifts


@dataclass(frozen=True)
class Rule:
    """Who buys one item buys another: the columns of basket_rules in their order, but for as_of and run_id.

    Attributes:
        q_value: share of chance findings among all rules that are as sure as this one.
    """

    segment_id: str
    antecedent: str
    consequent: str
    orders: int
    support: float
    confidence: float
    lift: float
    low: float
    high: float
    q_value: float


@dataclass(frozen=True)
class Preference:
    """What a segment buys more or less often: the columns of segment_preferences, but for as_of and run_id."""

    segment_id: str
    item: str
    customers: int
    share: float
    overall_share: float
    lift: float
    position: int


def rules(segment: str, counts: Counts, settings: Baskets, confidence: float) -> list[Rule]:
    """The rules of a segment that are more than chance, the most lifting first.

    A pair is held against the hypergeometric law of two items that have nothing to do with each other; over all pairs
    of the segment that have the support, q-values are Benjamini & Hochberg's (1995).
    Orders are taken for independent, also those of one customer.

    Examples:
        >>> told = Counts(100, {"cup": 20, "tea": 40}, {("cup", "tea"): 16})
        >>> for one in rules("s", told, Baskets(), 0.95):
        ...     print(one.antecedent, one.consequent, one.support, one.confidence, one.lift, round(one.low, 2))
        cup tea 0.16 0.8 2.0 1.54
        tea cup 0.16 0.4 2.0 1.54
    """
    n, single = counts.orders, counts.single
    pairs = {pair: both for pair, both in sorted(counts.pairs.items()) if both >= max(settings.min_support * n, 1)}
    if not pairs:
        return []
    together = np.array(list(pairs.values()))
    a, b = (np.array([single[pair[at]] for pair in pairs]) for at in (0, 1))
    chance = stats.false_discovery_control(stats.hypergeom.sf(together - 1, n, a, b))
    lift, (low, high) = lifts(together, a, b, n), lift_intervals(together, a, b, n, confidence)
    found = []
    for at, ((one, other), both) in enumerate(pairs.items()):
        if chance[at] > settings.false_discoveries:
            continue
        ends = (float(lift[at]), float(low[at]), float(high[at]))
        for first, second in ((one, other), (other, one)):
            sure = both / single[first]
            if sure >= settings.min_confidence:
                found.append(Rule(segment, first, second, both, both / n, sure, *ends, float(chance[at])))
    return sorted(found, key=lambda rule: (-rule.lift, rule.antecedent, rule.consequent))


def preferences(customers: Mapping[str, Counts], prior: float) -> list[Preference]:
    """What each segment buys more often than all customers do, beyond what everybody buys: the most lifted first.

    The share of a segment's buyers who bought an item is drawn to that of all, as if it had `prior` average customers
    more; the lift is what it is then over that of all.

    Examples:
        >>> counted = {"all": Counts(100, {"tea": 20}, {}), "s": Counts(10, {"tea": 6}, {})}
        >>> [(one.item, one.share, one.overall_share, one.lift) for one in preferences(counted, 10)]  # (6 + 2) / 20
        [('tea', 0.6, 0.2, 2.0)]
    """
    whole, found = customers[ALL], []
    for segment, own in sorted(customers.items()):
        if segment == ALL:
            continue
        lifted = {}
        for item, bought in whole.single.items():
            overall = bought / whole.orders
            lifted[item] = (own.single.get(item, 0) + prior * overall) / (own.orders + prior) / overall
        for at, item in enumerate(sorted(lifted, key=lambda one: (-lifted[one], one)), start=1):
            mine, overall = own.single.get(item, 0), whole.single[item] / whole.orders
            found.append(Preference(segment, item, mine, mine / own.orders, overall, lifted[item], at))
    return found
