"""What is heard and seen of a segment, as plain values: terms, triggers, attributes, typical customers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term that is distinctive of what a segment writes: `lift` is its writers' share over that of all writers.

    `sentiment` is -1 to 1, None where it is not known.

    >>> Term("late", 30, 2.5, -0.4).lift
    2.5
    """

    term: str
    customers: int
    lift: float
    sentiment: float | None


@dataclass(frozen=True)
class Trigger:
    """A kind of event before a purchase and before a day without: customers who had it before one of them alone.

    `odds_ratio` and `high` are None where nobody had it before the day without alone.

    >>> Trigger("type", "mailing", "", 40, 20, 2.0, 1.1, 3.6, 0.01).words
    'mailing'
    >>> Trigger("sequence", "mailing", "visit", 40, 20, 2.0, 1.1, 3.6, 0.01).words
    'mailing, then visit on a later day'
    """

    dimension: str
    event: str
    then_event: str
    only_purchase: int
    only_control: int
    odds_ratio: float | None
    low: float | None
    high: float | None
    q_value: float

    @property
    def words(self) -> str:
        """The kind in words."""
        if self.dimension == "sequence":
            return f"{self.event}, then {self.then_event} on a later day"
        return self.event if self.dimension == "type" else f"{self.dimension} {self.event}"


@dataclass(frozen=True)
class AttributeShare:
    """How many of a segment's customers have a value of an attribute, of those of whom it is known."""

    attribute: str
    value: str
    customers: int
    known: int
    share: float
    overall_share: float
    lift: float
    low: float | None
    high: float | None
    q_value: float


@dataclass(frozen=True)
class ExampleValue:
    """A feature of a typical customer, to two digits, beside the segment's mean."""

    example: str
    feature: str
    value: float | None


@dataclass(frozen=True)
class Signals:
    """What is heard and seen of one segment; what is empty is not known."""

    terms: tuple[Term, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    attributes: tuple[AttributeShare, ...] = ()
    examples: tuple[ExampleValue, ...] = ()


NOTHING = Signals()
