"""Terms, triggers and attributes against reference values."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from segspark.config.signals import Signals
from segspark.segments.attributes import Held, attribute_shares
from segspark.segments.examples import examples
from segspark.segments.profiles import Profile
from segspark.segments.terms import Wrote, terms
from segspark.segments.triggers import Exposed, Kind, odds_interval, triggers

MAIL = Kind("type", "mail")


def test_a_term_is_told_only_of_segments_where_enough_customers_wrote_it():
    wrote = {"late": {"a": Wrote(11), "b": Wrote(10)}}
    assert [(one.segment_id, one.term) for one in terms({"a": 20, "b": 20}, wrote, Signals())] == [("a", "late")]


def test_the_sentiment_of_a_term_rests_on_as_many_customers():
    wrote = {"late": {"a": Wrote(30, 10, -0.5)}, "nice": {"a": Wrote(30, 11, 0.5)}}
    assert {one.term: one.sentiment for one in terms({"a": 40}, wrote, Signals())} == {"late": None, "nice": 0.5}


def test_of_terms_that_are_as_distinctive_the_first_by_name_comes_first_and_only_so_many_are_kept():
    wrote = {name: {"a": Wrote(20)} for name in ("c", "b", "a")}
    assert [(one.term, one.position) for one in terms({"a": 40}, wrote, Signals(terms=2))] == [("a", 1), ("b", 2)]


def test_what_all_segments_write_as_often_weighs_less_than_what_one_writes():
    wrote = {"shop": {"a": Wrote(30), "b": Wrote(30)}, "late": {"a": Wrote(30)}}
    first, second = (one for one in terms({"a": 60, "b": 60}, wrote, Signals()) if one.segment_id == "a")
    # A is (60 + 30) / 2 words.
    assert (first.term, second.term) == ("late", "shop")
    assert first.score / second.score == pytest.approx(math.log(1 + 45 / 30) / math.log(1 + 45 / 60))


def test_without_texts_there_are_no_terms():
    assert terms({}, {}, Signals()) == []


@pytest.mark.parametrize(("more", "less"), [(12, 3), (3, 12), (7, 7), (20, 0), (0, 20)])
def test_pairs_that_differ_are_held_against_a_fair_coin(more, less):
    found = triggers({"s": 100}, {MAIL: {"s": Exposed(5, more, less)}}, Signals(), 0.95)[1]
    assert found.p_value == pytest.approx(stats.binomtest(more, more + less).pvalue)
    share = stats.binomtest(more, more + less).proportion_ci(0.95, "exact")
    assert found.low == pytest.approx(share.low / (1 - share.low))
    assert found.high is None if less == 0 else found.high == pytest.approx(share.high / (1 - share.high))


def test_pairs_that_do_not_differ_say_nothing():
    found = triggers({"s": 100}, {MAIL: {"s": Exposed(20, 0, 0)}}, Signals(), 0.95)[1]
    assert (found.lift, found.odds_ratio, found.low, found.high, found.p_value) == (1.0, None, None, None, 1.0)
    assert odds_interval(0, 0, 0.95) == (None, None)


def test_a_kind_of_event_that_few_customers_had_is_left_out():
    assert triggers({"s": 100}, {MAIL: {"s": Exposed(0, 10, 0)}}, Signals(), 0.95) == []
    assert len(triggers({"s": 100}, {MAIL: {"s": Exposed(1, 10, 0)}}, Signals(), 0.95)) == 2


def test_all_customers_together_are_the_sum_of_the_segments():
    exposed = {MAIL: {"s": Exposed(1, 10, 2), "t": Exposed(2, 20, 3)}}
    everyone = triggers({"s": 50, "t": 60, "u": 7}, exposed, Signals(), 0.95)[0]
    assert (everyone.segment_id, everyone.pairs, everyone.before_purchase, everyone.before_control) == (
        "all",
        117,
        33,
        8,
    )


def test_q_values_of_a_segment_are_those_of_benjamini_and_hochberg():
    kinds = {Kind("type", name): {"s": Exposed(5, more, 10)} for name, more in (("x", 30), ("y", 20), ("z", 11))}
    found = [one for one in triggers({"s": 90}, kinds, Signals(), 0.95) if one.segment_id == "s"]
    p = [stats.binomtest(more, more + 10).pvalue for more in (30, 20, 11)]  # the smallest first
    assert [one.q_value for one in found] == pytest.approx(
        [min(3 * p[0], 1.5 * p[1], p[2]), min(1.5 * p[1], p[2]), p[2]]
    )


def test_a_share_is_held_against_draws_from_all_customers():
    held = {"home": Held({"a": 100, "b": 900}, {"rented": {"a": 30, "b": 170}})}
    one = attribute_shares(held, Signals(), 0.95)[0]
    assert (one.share, one.overall_share, one.lift) == pytest.approx((0.3, 0.2, 1.5))
    assert one.p_value == pytest.approx(2 * stats.hypergeom.sf(29, 1000, 200, 100))
    # The logarithm's variance is 1/30 - 1/100 - 1/200 + (2 * 1.5 - 1) / 1000
    half = 1.959964 * math.sqrt(1 / 30 - 1 / 100 - 1 / 200 + 2 / 1000)
    assert (one.low, one.high) == pytest.approx((1.5 * math.exp(-half), 1.5 * math.exp(half)))


def test_a_value_that_nobody_of_a_segment_has_is_told_without_an_interval():
    held = {"home": Held({"a": 100, "b": 100}, {"rented": {"b": 50}})}
    one = attribute_shares(held, Signals(), 0.95)[0]
    assert (one.segment_id, one.customers, one.lift, one.low, one.high) == ("a", 0, 0.0, None, None)


def test_a_value_that_few_have_is_left_out_and_q_values_are_over_all_attributes_of_a_segment():
    held = {
        "home": Held({"a": 100, "b": 100}, {"rented": {"a": 60, "b": 20}, "anna@example.com": {"a": 10}}),
        "kids": Held({"a": 100, "b": 100}, {"none": {"a": 50, "b": 50}}),
    }
    found = [one for one in attribute_shares(held, Signals(), 0.95) if one.segment_id == "a"]
    assert [one.value for one in found] == ["rented", "none"]
    assert found[0].q_value == pytest.approx(2 * found[0].p_value)


def test_typical_customers_are_told_by_what_sets_their_segment_apart_most_in_two_digits():
    profiles = [Profile("s", "near", 30, 5.0, 4.0, 2.0), Profile("s", "far", 30, 1.0, 9.0, 2.0),
                Profile("s", "constant", 30, 1.0, 1.0, 0.0)]  # fmt: skip
    rows = [{"segment_id": "s", "_place": place, "near": 4.0, "far": far, "constant": 1.0}
            for place, far in ((2, None), (1, 1234.0))]  # fmt: skip
    found = [(one.example, one.feature, one.value) for one in examples(rows, profiles, 2)]
    assert found == [("A", "far", 1200.0), ("A", "near", 4.0), ("B", "far", None), ("B", "near", 4.0)]


def test_windows_before_purchase_and_control_day_may_not_overlap():
    with pytest.raises(ValueError, match="window_days 15 is above the 2 control_weeks"):
        Signals(window_days=15, control_weeks=2)
