"""Advice by rules: given where all it is about was measured, and never otherwise."""

from __future__ import annotations

from fnmatch import fnmatchcase
from string import Formatter

import pytest

from segspark.config.features import Features
from segspark.config.sources import Attribute
from segspark.features.declarations import declared_features
from segspark.reporting.advice import advise, of_place
from segspark.reporting.advice_model import PLACES, Condition, Line, Measured, Rule
from segspark.reporting.advice_rules import RULES
from segspark.reporting.handbook_calendar import PLAN, WEEKDAYS
from segspark.reporting.handbook_model import Pair, Taste
from segspark.reporting.model import Measure
from segspark.reporting.opportunities import DiscountRange
from segspark.reporting.outcomes import KpiDefinition, KpiPoint
from segspark.reporting.signal_model import Signals, Term, Trigger
from segspark.segments.kpi_definitions import KPIS

FAMILIES = ["rfm", "rhythm", "breadth", "recent", "campaigns", "scores", "value", "price", "preference", "web",
            "engagement", "support", "lifecycle", "attributes"]  # fmt: skip
DECLARED = declared_features(
    Features(families=FAMILIES, category_shares={"tea": "TEA"}), "EUR", {"x": Attribute(type="numeric")}
)
CHURN = KpiDefinition("churn_rate", "churn rate", "share", "", "")
DISCOUNT = Measure("discount_share", "discount share", "share", 0.25, 0.17, 1.0)
DEPTH = DiscountRange(0.1, 0.2, 400, 0.85, 300)


def effect(feature: str, size: float) -> Measured:
    return Measured([Measure(feature, feature, "orders", 5.0 + size, 5.0, size)])


def rules_of(measured: Measured) -> set[str]:
    return {one.rule for one in advise(measured, RULES)}


def churn(low: float, high: float, all_low: float, all_high: float) -> Measured:
    own = KpiPoint("churn_rate", "s", "2018-01-01", "2018-02-01", (low + high) / 2, low, high, 100)
    whole = KpiPoint("churn_rate", "", "2018-01-01", "2018-02-01", (all_low + all_high) / 2, all_low, all_high, 900)
    return Measured(lines=[Line(CHURN, own, whole)])


def test_where_nothing_was_measured_nothing_is_advised():
    assert advise(Measured(), RULES) == []


def test_an_effect_of_half_a_deviation_is_enough_and_a_smaller_one_is_not():
    assert "frequent" in rules_of(effect("frequency", 0.5))
    assert rules_of(effect("frequency", 0.49)) == set()
    assert "seldom" in rules_of(effect("frequency", -0.5))


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_a_mean_that_is_not_known_is_no_fact(unknown):
    assert advise(Measured([Measure("frequency", "orders", "orders", unknown, 5.0, unknown)]), RULES) == []


def test_each_piece_names_feature_value_average_and_effect():
    found = advise(Measured([DISCOUNT]), RULES)
    assert {one.because for one in found} == {"discount share: 25% (average 17%, +1.00 standard deviations)"}
    assert [one.text for one in of_place(found, "do")] == ["They respond to discounts: lead with the price."]


def test_a_range_of_discounts_is_the_segment_s_own_and_only_for_who_buys_at_discounts():
    assert "range of discounts" not in rules_of(Measured([DISCOUNT]))
    assert rules_of(Measured(discounts=DEPTH)) == set()
    (offer,) = of_place(advise(Measured([DISCOUNT], discounts=DEPTH), RULES), "offer")
    assert offer.text.startswith("A discount of 10% to 20% off")
    assert offer.because == (
        "discount share: 25% (average 17%, +1.00 standard deviations); "
        "depth of discounts: 10% to 20% in 85% of the orders at a discount, by 300 customers (400 orders)"
    )


def test_who_pays_the_full_price_is_offered_no_discount():
    full = Measured([Measure("discount_share", "discount share", "share", 0.05, 0.17, -1.0)], discounts=DEPTH)
    assert [one.text.split()[0] for one in of_place(advise(full, RULES), "offer")] == ["No"]


def test_a_kpi_speaks_where_its_interval_lies_wholly_above_that_of_all():
    assert rules_of(churn(0.11, 0.13, 0.06, 0.10)) == {"churning"}
    assert rules_of(churn(0.09, 0.13, 0.06, 0.10)) == set()
    assert rules_of(churn(0.01, 0.02, 0.06, 0.10)) == set()
    (one,) = of_place(advise(churn(0.11, 0.13, 0.06, 0.10), RULES), "do")
    assert one.because == "churn rate: 12% (11% to 13%), all customers 8% (6% to 10%)"


def test_an_item_speaks_from_a_lift_of_1_2_on_and_a_pair_above_chance():
    assert rules_of(Measured(tastes=[Taste("TEA", 50, 0.24, 0.2, 1.19)])) == set()
    assert rules_of(Measured(tastes=[Taste("TEA", 50, 0.24, 0.2, 1.2)])) == {"favourite item"}
    assert rules_of(Measured(pairs=[Pair("CUP", "TEA", 50, 0.5, 1.3, 0.9, 1.7)])) == set()
    assert rules_of(Measured(pairs=[Pair("CUP", "TEA", 50, 0.5, 1.3, 1.1, 1.6)])) == {"cross-selling"}


def heard(*terms: Term, triggers: tuple[Trigger, ...] = ()) -> Measured:
    return Measured(signals=Signals(terms, triggers))


def test_a_trigger_speaks_where_its_interval_lies_above_chance():
    assert rules_of(heard(triggers=(Trigger("type", "mailing", "", 40, 30, 1.3, 0.9, 2.1, 0.2),))) == set()
    surely = heard(triggers=(Trigger("type", "mailing", "", 40, 20, 2.0, 1.1, 3.6, 0.01),))
    (one,) = of_place(advise(surely, RULES), "trigger")
    assert one.text == "mailing: it comes before their purchases more often than at other times."
    assert one.because == (
        "mailing: 40 customers had it only before the purchase, 20 only before another day (odds ratio 1.10 to 3.60)"
    )


def test_praise_is_a_benefit_and_complaint_an_objection_and_neutral_words_are_neither():
    assert rules_of(heard(Term("box", 30, 2.0, 0.1), Term("bag", 30, 2.0, None))) == set()
    found = advise(heard(Term("staff", 30, 2.0, 0.6), Term("late", 50, 2.5, -0.4)), RULES)
    assert [one.text for one in of_place(found, "benefit")] == ["What they praise, in their own words: staff."]
    (against,) = of_place(found, "objection")
    assert against.because == "“late”: 50 customers, 2.50 times as often as all, sentiment -0.40"


def test_what_is_filled_in_is_never_read_as_a_placeholder():
    found = advise(Measured(tastes=[Taste("{low} {item.x}", 50, 0.5, 0.2, 2.0)]), RULES)
    assert [one.text for one in of_place(found, "ad")] == ["{low} {item.x}."]


def test_the_strongest_fact_comes_first_and_of_equals_the_rule_that_stands_first():
    measures = [Measure(name, name, "", z, 0.0, z) for name, z in (("frequency", 0.6), ("return_share", 2.0))]
    assert next(one.rule for one in advise(Measured(measures), RULES)) == "returns"
    rules = [Rule(name, (Condition("frequency"),), {"do": name}) for name in ("first", "second")]
    assert [one.rule for one in advise(Measured(measures), rules)] == ["first", "second"]


def test_of_several_features_that_fit_the_strongest_is_named():
    measures = [
        Measure(f"category_share_{x}", f"spend on {x}", "share", 0.3, 0.1, z) for x, z in (("a", 0.7), ("b", 0.9))
    ]
    texts = {one.text for one in of_place(advise(Measured(measures), RULES), "landing")}
    assert texts == {"Open with the category behind this measure: spend on b."}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_about_what_there_is_and_fills_in_what_its_conditions_know(rule):
    given = {"label"}
    for condition in rule.when:
        kind, _, name = condition.of.partition(":")
        given |= {"item": {"item"}, "pair": {"first", "second"}, "discounts": {"range"},
                  "trigger": {"event"}, "term": {"term"}}.get(kind, set())  # fmt: skip
        if kind == "kpi":
            assert name in {one.name for one in KPIS}
        elif kind not in ("item", "pair", "discounts", "trigger", "term"):
            assert any(fnmatchcase(one.name, kind) and one.type != "STRING" for one in DECLARED), kind
    for place, text in rule.says.items():
        assert place in PLACES
        assert {name for _, name, _, _ in Formatter().parse(text) if name is not None} <= given


def test_rules_have_names_of_their_own_and_the_plan_names_rules_and_places_that_there_are():
    names = [one.name for one in RULES]
    assert len(names) == len(set(names))
    assert set(WEEKDAYS) <= set(names)
    assert {place for _, place, _ in PLAN} <= set(PLACES)
