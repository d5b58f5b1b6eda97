"""First names and descriptions of segments."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segspark.config.features import Features
from segspark.features.declarations import declared_features
from segspark.segments.naming import wordings
from segspark.segments.profiles import Profile
from segspark.segments.vocabulary import Vocabulary
from segspark.tables import Feature

DECLARED = declared_features(Features(category_shares={"odd": "ODD {x} {0}"}), "EUR")


def word(*profiles, features=DECLARED):
    return wordings(profiles, features)["a"]


def of(feature, mean, average, deviation=1.0, segment="a"):
    return Profile(segment, feature, 10, mean, average, deviation)


def test_the_two_most_notable_features_give_the_name():
    found = word(
        of("frequency", 6.0, 5.0),  # +1.0
        of("recency_days", 10.0, 12.0),  # -2.0
        of("tenure_days", 10.0, 9.5),  # +0.5
    )
    assert found.name == "Recently active, frequent customers"


def test_a_feature_below_the_average_is_said_by_its_low_word():
    assert word(of("frequency", 2.0, 5.0)).name == "Infrequent customers"


def test_a_difference_of_a_quarter_deviation_is_worth_a_word_and_a_smaller_one_is_not():
    assert word(of("frequency", 5.25, 5.0)).name == "Frequent customers"
    assert word(of("frequency", 5.24, 5.0)).name == "Average customers"


def test_a_segment_like_all_others_is_called_average_and_says_so():
    found = word(of("frequency", 5.0, 5.0))
    assert (found.name, found.description) == ("Average customers", "Close to the average in everything.")


def test_unknown_means_and_features_without_spread_say_nothing():
    found = word(of("frequency", None, 5.0), of("recency_days", 3.0, 3.0, 0.0), of("tenure_days", None, None, None))
    assert found.name == "Average customers"


def test_features_that_are_not_declared_say_nothing():
    assert word(of("no_such_feature", 9.0, 5.0)).name == "Average customers"


def test_features_without_adjectives_do_not_name():
    assert word(of("spend_sum_30d", 9.0, 5.0), of("frequency", 6.0, 5.0)).name == "Frequent customers"


def test_equally_notable_features_are_named_in_the_order_of_their_names():
    assert word(of("recency_days", 2.0, 3.0), of("frequency", 4.0, 3.0)).name == "Frequent, recently active customers"


def test_segments_that_differ_in_the_third_feature_are_told_apart_by_it():
    common = [("frequency", 8.0, 5.0), ("monetary_value", 7.0, 5.0)]
    profiles = [of(*one, segment=segment) for segment in "ab" for one in common]
    found = wordings([*profiles, of("recency_days", 4.0, 5.0, segment="b")], DECLARED)
    assert found["a"].name == "Frequent, high-spending customers"
    assert found["b"].name == "Frequent, high-spending, recently active customers"


def test_segments_of_equal_profiles_are_numbered():
    found = wordings([of("frequency", 8.0, 5.0, segment=segment) for segment in "abc"], DECLARED)
    assert [found[segment].name for segment in "abc"] == [
        "Frequent customers",
        "Frequent customers 2",
        "Frequent customers 3",
    ]


def test_a_name_that_another_segment_has_is_not_given_again():
    alone = [of("frequency", 8.0, 5.0, segment="a")]
    assert wordings(alone, DECLARED, {"Frequent customers", "Frequent customers 2"})["a"].name == "Frequent customers 3"


def test_no_word_for_a_cluster_makes_the_name_of_a_lifecycle_segment():
    # The only notable thing about this cluster is a short tenure: its customers are new, as those of life-new are.
    alone = [of("tenure_days", 1.0, 5.0, segment="a")]
    assert wordings(alone, DECLARED)["a"].name == "Recently-won customers"


def test_a_description_has_ratios_and_values_in_original_units():
    found = word(of("frequency", 6.0, 3.0), of("recency_days", 24.0, 30.0, 4.0), of("discount_share", 0.3, 0.1, 0.1))
    assert found.description == (  # standardised +3, -1.5, +2
        "Buys 2.0 times as often as the average customer; gets 30% off the full price (average 10%); "
        "last bought 24 days ago (average 30 days)."
    )


def test_a_description_has_at_most_four_sentences():
    names = ["frequency", "monetary_value", "recency_days", "tenure_days", "average_order_value"]
    assert len(word(*[of(name, 9.0, 5.0) for name in names]).sentences) == 4


def test_a_ratio_to_an_average_of_zero_is_not_computed():
    assert word(of("frequency", 2.0, 0.0)).description == "Buys many times as often as the average customer."


@pytest.mark.parametrize(("mean", "average"), [(-20.0, 10.0), (10.0, -5.0), (-20.0, -10.0), (-5.0, 0.0)])
def test_a_ratio_of_negative_values_is_never_said(mean, average):
    # "spends -2.0 times as much" says nothing; nor do -20 and -10 make anyone spend "2.0 times as much".
    said = word(of("monetary_value", mean, average)).description
    assert "times" not in said


def test_a_category_s_name_with_braces_is_said_without_harm():
    assert "on odd x 0 (average 10%)" in word(of("category_share_odd", 0.5, 0.1, 0.1)).description


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.125, "share", "12%"),  # round half to even
        (19.94, "days", "19.9 days"),
        (20.0, "days", "20 days"),
        (-35.4, "EUR", "-35 EUR"),
        (1234567.0, "EUR", "1,234,567 EUR"),
    ],
)
def test_numbers_are_said_with_their_unit(value, unit, said):
    assert Vocabulary().quantity(value, unit) == said


scores = st.dictionaries(
    st.sampled_from(["frequency", "monetary_value", "recency_days", "tenure_days", "spend_sum_30d"]),
    st.floats(-3, 3),
    max_size=5,
)


@settings(deadline=None, derandomize=True)
@given(st.lists(scores, min_size=1, max_size=8))
def test_names_are_unique_whatever_the_profiles(segments):
    profiles = [
        of(feature, 5.0 + score, 5.0, segment=f"s{position}")
        for position, found in enumerate(segments)
        for feature, score in ({"discount_share": 0.0} | found).items()
    ]
    names = [one.name for one in wordings(profiles, DECLARED).values()]
    assert len(names) == len(segments) == len(set(names))


def test_an_average_of_other_features_is_not_touched_by_the_order_of_profiles():
    own = [of("frequency", 6.0, 5.0), of("recency_days", 10.0, 12.0)]
    assert word(*own) == word(*reversed(own))


def test_a_declared_feature_with_only_adjectives_gets_no_sentence():
    feature = Feature("x", "DOUBLE", "", "score", "x", "", "", "growing", "declining")
    found = word(of("x", 9.0, 5.0), features=[feature])
    assert (found.name, found.sentences) == ("Growing customers", ("close to the average in everything",))
