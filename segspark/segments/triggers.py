"""Triggers: what customers had rather before a purchase than before a day without, each held against themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from segspark.config.signals import Signals
from segspark.segments.contrasts import q_values
from segspark.segments.intervals import UNKNOWN, Interval
from segspark.segments.kpi_definitions import ALL


@dataclass(frozen=True, order=True)
class Kind:
    """A kind of event: of a type, in a channel, of a campaign of a type; or one type after another (sequence)."""

    dimension: str
    event: str
    then_event: str = ""


@dataclass(frozen=True)
class Exposed:
    """Customers with an event of a kind in the days before their purchase and before their control day."""

    both: int
    only_purchase: int
    only_control: int


@dataclass(frozen=True)
class Trigger:
    """The columns of segment_triggers in their order, but for as_of and run_id."""

    segment_id: str
    dimension: str
    event: str
    then_event: str
    pairs: int
    before_purchase: int
    before_control: int
    only_purchase: int
    only_control: int
    lift: float | None
    odds_ratio: float | None
    low: float | None
    high: float | None
    p_value: float
    q_value: float


def triggers(
    pairs: Mapping[str, int], exposed: Mapping[Kind, Mapping[str, Exposed]], asked: Signals, confidence: float
) -> list[Trigger]:
    """Every kind of event of every segment, and of all customers together, in the order of segments and kinds.

    The case-crossover design (Maclure 1991): each customer is a matched pair of a purchase and a control day, so that
    all that stays the same of a person cancels out. Pairs that differ decide: McNemar's test in its exact binomial
    form, the odds ratio of matched pairs, and its interval by Clopper & Pearson (1934). Q-values over all kinds
    of a segment are Benjamini & Hochberg's (1995). Kinds that fewer than signals.min_customers had are left out.

    Args:
        pairs: customers that are compared, by segment.
        exposed: by kind and segment; who is in none of its numbers had no such event on either side.
        asked: what is configured.
        confidence: of the intervals.

    Examples:
        >>> mailed = {Kind("type", "mailing"): {"s": Exposed(30, 40, 20)}}
        >>> found = triggers({"s": 200}, mailed, Signals(), 0.95)[1]
        >>> found.before_purchase, found.lift, found.odds_ratio, round(found.p_value, 4)
        (70, 1.4, 2.0, 0.0135)
    """
    told = {kind: _with_all(own) for kind, own in exposed.items()}
    kept = sorted(kind for kind, own in told.items() if _customers(own[ALL]) >= asked.min_customers)
    found = []
    for segment, n in sorted(_with_total(pairs).items()):
        rows = [_trigger(segment, kind, n, told[kind].get(segment, Exposed(0, 0, 0)), confidence) for kind in kept]
        sure = q_values([row.p_value for row in rows])
        found += [replace(row, q_value=q) for row, q in zip(rows, sure, strict=True)]
    return found


def odds_interval(more: int, less: int, confidence: float) -> Interval:
    """Exact interval of the odds ratio of matched pairs, more / less: that of the share, as odds.

    Examples:
        >>> low, high = odds_interval(5, 1, 0.95)  # 5 of 6: 0.3588 to 0.9958 (Clopper & Pearson)
        >>> round(low, 3), round(high, 1)
        (0.559, 236.5)
        >>> odds_interval(3, 0, 0.95).high is None
        True
    """
    if not more + less:
        return UNKNOWN
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, more, less + 1)) if more else 0.0
    high = float(stats.beta.ppf(1 - tail, more + 1, less)) if less else None
    return Interval(low / (1 - low), None if high is None else high / (1 - high))


def _trigger(segment: str, kind: Kind, pairs: int, one: Exposed, confidence: float) -> Trigger:
    before, control = one.both + one.only_purchase, one.both + one.only_control
    more, less = one.only_purchase, one.only_control
    chance = float(np.minimum(2 * stats.binom.cdf(min(more, less), more + less, 0.5), 1.0))
    return Trigger(
        segment, kind.dimension, kind.event, kind.then_event, pairs, before, control, more, less,
        before / control if control else None, more / less if less else None,
        *odds_interval(more, less, confidence), chance, 1.0,
    )  # fmt: skip


def _with_all(own: Mapping[str, Exposed]) -> dict[str, Exposed]:
    total = (sum(getattr(one, name) for one in own.values()) for name in ("both", "only_purchase", "only_control"))
    return {**own, ALL: Exposed(*total)}


def _with_total(pairs: Mapping[str, int]) -> dict[str, int]:
    return {**pairs, ALL: sum(pairs.values())} if pairs else {}


def _customers(one: Exposed) -> int:
    return one.both + one.only_purchase + one.only_control
