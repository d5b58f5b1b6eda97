"""What became of segments, as plain values: KPIs by period, who went where, and what customers are worth."""

from __future__ import annotations

from dataclasses import dataclass

EVERYBODY = ""
"""The segment_id of a KPI that is of all customers, in no segment in particular."""
MISSED = "missed"


@dataclass(frozen=True)
class KpiDefinition:
    """What a KPI is: its unit as features have it, its formula in words, and whom or what it is divided by.

    >>> KpiDefinition("repeat_rate", "Repeat rate", "rate", "buyers who bought again / buyers", "buyers").unit
    'rate'
    """

    name: str
    label: str
    unit: str
    formula: str
    denominator: str


@dataclass(frozen=True)
class KpiPoint:
    """A KPI of one segment, or of everybody, in one period; key: kpi, segment_id, period_start, period_end.

    `period_start` is in the period and `period_end` is not, both as ISO dates; `low` and `high` are the ends of the
    95% interval; `customers` are those that the value is of; `goal_state` is a word such as met or missed, "" where
    there is no goal. None and NaN mean unknown.

    >>> KpiPoint("repeat_rate", EVERYBODY, "2026-01-01", "2026-02-01", 0.4, 0.38, 0.42, 1000).target is None
    True
    """

    kpi: str
    segment_id: str
    period_start: str
    period_end: str
    value: float | None
    low: float | None
    high: float | None
    customers: int
    target: float | None = None
    goal_state: str = ""


@dataclass(frozen=True)
class Migration:
    """Who went where between two dates.

    `flows` are (segment_id before, segment_id after, customers), "" for no segment; `names` are (segment_id, name) of
    segments that have no card any more; `verdict` is steady, blip or shift, `words` say it in sentences; `agreement`
    are (label, formatted value) pairs.

    >>> Migration("2026-01-01", "2026-02-01", (("a", "b", 12), ("", "a", 3))).flows[0][2]
    12
    """

    before: str
    after: str
    flows: tuple[tuple[str, str, int], ...]
    names: tuple[tuple[str, str], ...] = ()
    verdict: str = ""
    words: tuple[str, ...] = ()
    agreement: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ValueSummary:
    """What a segment's customers are expected to be worth.

    `customers` are those that it is known of, `probability_alive` and `clv` their means (`clv` in the report's
    currency), `at_risk_share` the share of them who are at risk of leaving. None and NaN mean unknown.

    >>> ValueSummary("a", 120, 0.8, 250.0, 0.1).clv
    250.0
    """

    segment_id: str
    customers: int
    probability_alive: float | None
    clv: float | None
    at_risk_share: float | None
