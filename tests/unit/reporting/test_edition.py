"""What differs between two editions of a handbook."""

from __future__ import annotations

from segspark.reporting.edition import Edition, Editions, Said, as_json, difference, following, from_json


def said(name="One", customers=400, share=0.4, kpis=None, advice=()):
    return Said(name, customers, share, kpis or {}, tuple(advice))


def differences(before, after):
    return difference(Editions(Edition("2018-02-01", after), Edition("2018-01-01", before)))


def test_segments_that_are_new_gone_and_renamed_are_told():
    before, after = {"a": said("A"), "b": said("B")}, {"b": said("Bees"), "c": said("C")}
    assert differences(before, after) == ["New: C.", "Gone: A.", "Renamed: B is Bees now."]


def test_a_size_is_told_where_shares_differ_by_more_than_chance():
    # 400 of 1,000 against s of 1,000: 1.96 standard errors of the difference are about 4.3 points.
    assert differences({"a": said(customers=400, share=0.4)}, {"a": said(customers=440, share=0.44)}) == []
    assert differences({"a": said(customers=400, share=0.4)}, {"a": said(customers=450, share=0.45)}) == [
        "Larger: One, 40% of all customers before, 45% now."
    ]
    assert differences({"a": said(customers=450, share=0.45)}, {"a": said(customers=400, share=0.4)}) == [
        "Smaller: One, 45% of all customers before, 40% now."
    ]


def test_a_size_that_was_withheld_is_not_told():
    assert differences({"a": said(customers=None, share=None)}, {"a": said()}) == []


def test_a_kpi_is_told_where_the_intervals_have_nothing_in_common():
    before = {"a": said(kpis={"orders": (10.0, 9.0, 11.0)})}
    assert differences(before, {"a": said(kpis={"orders": (12.0, 11.0, 13.0)})}) == []
    assert differences(before, {"a": said(kpis={"orders": (13.0, 12.0, 14.0)})}) == [
        "One: orders went up from 10 to 13."
    ]
    assert differences(before, {"a": said(kpis={"orders": (5.0, 4.0, 6.0)})}) == ["One: orders went down from 10 to 5."]
    assert differences(before, {"a": said(kpis={"orders": (99.0, None, None), "new": (1.0, 1.0, 1.0)})}) == []


def test_advice_that_is_new_and_that_is_no_longer_given_is_told():
    assert differences({"a": said(advice=["lapsing", "app"])}, {"a": said(advice=["app", "returns"])}) == [
        "One: new advice (returns).",
        "One: advice that is no longer given (lapsing).",
    ]


def test_the_first_edition_differs_from_nothing():
    assert difference(Editions(Edition("2018-01-01", {"a": said()}))) == []


def test_an_edition_is_held_against_the_last_of_an_earlier_date_however_often_it_is_made():
    january, february, march = (Edition(f"2018-0{month}-01", {"a": said(str(month))}) for month in (1, 2, 3))
    renamed = Edition("2018-02-01", {"a": said("renamed")})
    second = following(following(None, january), february)
    assert second.before == january
    assert following(second, renamed) == Editions(renamed, january)
    assert following(following(second, renamed), march) == Editions(march, renamed)
    assert following(second, january) == Editions(january)


def test_the_file_says_what_the_edition_said():
    told = Editions(
        Edition("2018-02-01", {"a": said("北 \u2028 </script>", kpis={"x": (1.0, None, 2.0)}, advice=["r"])})
    )
    assert from_json(as_json(told)) == told


def test_a_file_that_is_not_ours_is_none():
    for content in (
        "",
        "{",
        "[]",
        "null",
        "3",
        '{"now": {}}',
        '{"now": {"as_of": "x", "segments": {"a": 1}}, "before": 0}',
    ):
        assert from_json(content) is None
    broken = as_json(Editions(Edition("2018-02-01", {"a": said()}))).replace("0.4", '"many"')
    assert from_json(broken) is None
