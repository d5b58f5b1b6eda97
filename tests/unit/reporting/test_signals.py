"""Signals: what chance would give, what too few are behind, and what gives these away is not told."""

from __future__ import annotations

from segspark.reporting.signal_model import AttributeShare, ExampleValue, Signals, Term, Trigger
from segspark.reporting.signals import MOST, told_signals

SIZES = {"a": 200, "b": 300, "c": 300}


def told(found: Signals, segment: str = "a") -> Signals:
    return told_signals({segment: found}, SIZES, 0.05).get(segment, Signals())


def trigger(more: int, less: int, q_value: float = 0.01, event: str = "mailing", low: float = 1.2) -> Trigger:
    return Trigger("type", event, "", more, less, more / less if less else None, low, 3.0, q_value)


def share(value: str, customers: int, known: int = 100, q_value: float = 0.01) -> AttributeShare:
    return AttributeShare("home", value, customers, known, customers / known, 0.4, 1.0, 0.9, 1.1, q_value)


def test_terms_that_a_segment_writes_no_more_often_than_all_are_left_out():
    terms = (Term("late", 30, 1.2, None), Term("good", 90, 1.0, None), Term("rare", 10, 9.0, None))
    assert [one.term for one in told(Signals(terms)).terms] == ["late"]


def test_a_word_that_comes_nearly_always_in_a_pair_is_told_as_the_pair():
    terms = tuple(Term(term, customers, 2.0, None) for term, customers in (("late", 50), ("late bus", 40), ("bus", 51)))
    assert [one.term for one in told(Signals(terms)).terms] == ["late bus", "bus"]  # 40 of 50, but not of 51


def test_triggers_that_may_be_chance_or_come_rather_before_other_days_or_rest_on_few_are_left_out():
    kept = [trigger(40, 20, event="kept"), trigger(12, 0, event="never before another day")]
    dropped = [trigger(40, 20, q_value=0.06), trigger(20, 40), trigger(40, 10), trigger(10, 0)]
    assert list(told(Signals(triggers=(*kept, *dropped))).triggers) == kept


def test_the_surest_triggers_come_first_and_no_more_than_a_reader_takes_in():
    many = tuple(trigger(40, 20, event=f"e{n}", low=1 + n / 10) for n in range(12))
    assert [one.event for one in told(Signals(triggers=many)).triggers] == [f"e{n}" for n in range(11, 11 - MOST, -1)]


def test_a_share_of_few_customers_is_withheld_and_so_is_what_would_tell_it():
    # 4 in a rent, so the 4 are told by 100 less all others of a, and by all who rent less those of b and c.
    found = {
        "a": Signals(attributes=(share("rented", 4), share("own", 50), share("other", 46))),
        "b": Signals(attributes=(share("rented", 40), share("own", 30), share("other", 30))),
        "c": Signals(attributes=(share("rented", 35), share("own", 33), share("other", 32))),
    }
    kept = told_signals(found, SIZES, 0.05)
    values = {segment: {one.value for one in own.attributes} for segment, own in kept.items()}
    assert "rented" not in values["a"]
    assert len(values["a"]) == 1
    assert sum("rented" in values[one] for one in ("b", "c")) == 1


def test_shares_that_may_be_chance_are_left_out():
    attributes = (share("rented", 60), share("own", 40, q_value=0.2))
    assert [one.value for one in told(Signals(attributes=attributes)).attributes] == ["rented"]


def test_of_a_segment_of_ten_customers_nothing_is_told():
    found = Signals((Term("late", 30, 2.0, None),), examples=(ExampleValue("A", "x", 1.0),))
    assert told_signals({"a": found}, {"a": 10}, 0.05) == {}
    assert told_signals({"a": found}, {"a": 11}, 0.05) == {"a": found}
