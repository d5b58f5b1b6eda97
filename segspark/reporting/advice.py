"""What to say to a segment, by a table of rules; a rule speaks only where all it is about was measured, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import Formatter

from segspark.reporting.advice_facts import facts_for
from segspark.reporting.advice_model import Advice, Fact, Measured, Rule


def advise(measured: Measured, rules: Iterable[Rule]) -> list[Advice]:
    """All advice of the rules whose conditions hold: that of the strongest facts first, else in the rules' order.

    >>> from segspark.reporting.advice_model import Condition
    >>> from segspark.reporting.model import Measure
    >>> seldom = Rule("seldom", (Condition("frequency", above=False),), {"do": "Write less often."})
    >>> few = Measure("frequency", "orders", "orders", 2.0, 8.0, -1.5)
    >>> for one in advise(Measured([few]), [seldom]):
    ...     print(one.text, one.because)
    Write less often. orders: 2 orders (average 8, -1.50 standard deviations)
    >>> advise(Measured(), [seldom])
    []
    """
    found = []
    for at, rule in enumerate(rules):
        facts = [next(iter(facts_for(measured, condition)), None) for condition in rule.when]
        told = [fact for fact in facts if fact is not None]
        if told and len(told) == len(facts):
            found.append((-max(fact.strength for fact in told), at, rule, told))
    return [one for _, _, rule, facts in sorted(found, key=lambda row: row[:2]) for one in _said(rule, facts)]


def of_place(advice: Iterable[Advice], place: str) -> list[Advice]:
    """The advice of one place."""
    return [one for one in advice if one.place == place]


def _said(rule: Rule, facts: Sequence[Fact]) -> Iterator[Advice]:
    filled = {key: value for fact in facts for key, value in fact.filled.items()}
    words = tuple(dict.fromkeys(fact.words for fact in facts))
    for place, pattern in rule.says.items():
        yield Advice(rule.name, place, "".join(_pieces(pattern, filled)), words)


def _pieces(pattern: str, filled: Mapping[str, str]) -> Iterator[str]:
    """The pattern with its placeholders filled in; what is filled in is never looked into again."""
    for literal, name, _, _ in Formatter().parse(pattern):
        yield literal
        if name is not None:
            yield filled[name]
