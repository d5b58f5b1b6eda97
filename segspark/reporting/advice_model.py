"""What advice is made of: rules with conditions, facts that meet them, and what is said then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segspark.reporting.handbook_model import Pair, Taste
from segspark.reporting.model import Measure
from segspark.reporting.opportunities import DiscountRange
from segspark.reporting.outcomes import KpiDefinition, KpiPoint
from segspark.reporting.signal_model import NOTHING, Signals

PLACES: Mapping[str, str] = {
    "job": "Job to be done",
    "benefit": "Benefits to stress",
    "objection": "Objections to answer",
    "offer": "Recommended offer",
    "do": "Do",
    "dont": "Do not",
    "trigger": "Triggers",
    "email": "E-mail sequence",
    "landing": "Landing page",
    "social": "Social post",
    "ad": "Advertisement",
}
ASSETS = ("email", "landing", "social", "ad")
SMALL_LIFT, MEDIUM = 1.2, 0.5


@dataclass(frozen=True)
class Condition:
    """What must have been measured.

    `of` is a feature, `*` standing for anything, whose mean is at least `least` of everybody's standard deviations
    above or below everybody's; kpi:NAME, a KPI whose interval lies wholly above or below everybody's; item, an item
    of at least a lift of `least`; pair, two items of one order with an interval of the lift above `least`; discounts,
    where there is a range of discounts that is enough; trigger, an event before purchases with an interval of the odds
    ratio above `least`; or term, a distinctive one of a mean sentiment of at least `least`, or at most its negative.
    """

    of: str
    above: bool = True
    least: float = MEDIUM


@dataclass(frozen=True)
class Rule:
    """What to say, by place, where all conditions hold.

    {label}, {item}, {first}, {second}, {range}, {event} and {term} are filled in, where a condition is of such.
    """

    name: str
    when: tuple[Condition, ...]
    says: Mapping[str, str]


@dataclass(frozen=True)
class Fact:
    """Something measured: in words, how strong it is, and what it fills in.

    >>> Fact("orders 12 (average 4, +1.60 standard deviations)", 1.6).strength
    1.6
    """

    words: str
    strength: float
    filled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Advice:
    """A piece of advice with the facts that it rests on."""

    rule: str
    place: str
    text: str
    facts: tuple[str, ...]

    @property
    def because(self) -> str:
        """The facts as one text."""
        return "; ".join(self.facts)


@dataclass(frozen=True)
class Line:
    """A KPI's last period: the segment's point beside everybody's."""

    definition: KpiDefinition
    own: KpiPoint
    everybody: KpiPoint | None


@dataclass(frozen=True)
class Measured:
    """All that rules may speak of."""

    measures: Sequence[Measure] = ()
    lines: Sequence[Line] = ()
    tastes: Sequence[Taste] = ()
    pairs: Sequence[Pair] = ()
    discounts: DiscountRange | None = None
    signals: Signals = NOTHING
