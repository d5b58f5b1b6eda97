"""What the figures show, and that they are figures on their own: no pyplot, no settings left behind."""

from __future__ import annotations

import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import matplotlib
import pytest

from segspark.reporting.figures import segment_figures, split_figures, training_figures
from segspark.reporting.model import Candidate, Measure, ScatterPoint, SegmentCard
from segspark.reporting.scores import axis_label, best_by_k, panels, relative
from segspark.reporting.svg import to_png, to_svg


def fitted(k: int, algorithm: str = "kmeans", **changes) -> Candidate:
    one = Candidate(algorithm, k, 1, 0.3, "squared_euclidean", 10.0, None, 0.2, 1.0, False, "")
    return replace(one, **changes)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_cost_is_relative_to_the_best_at_the_smallest_k():
    curve = [(fitted(2), 8.0), (fitted(2, seed=2), 10.0), (fitted(4), 2.0)]
    assert [value for _, value in relative(curve)] == [1.0, 1.25, 0.25]


def test_a_cost_of_zero_gives_no_curve_instead_of_an_infinite_one():
    assert panels([fitted(2, silhouette=None, cost=0.0)]) == []


def test_a_line_takes_the_best_seed_at_each_k():
    curve = [(fitted(2), 0.1), (fitted(2, seed=2), 0.3), (fitted(3), 0.2)]
    assert best_by_k(curve, lower_is_better=False) == [(2, 0.3), (3, 0.2)]
    assert best_by_k(curve, lower_is_better=True) == [(2, 0.1), (3, 0.2)]


def test_unknown_scores_are_left_out_of_the_curves():
    scored = [fitted(2, silhouette=math.nan, cost=None), fitted(3, silhouette=0.4, cost=None)]
    (panel,) = panels(scored)
    assert [(one.k, value) for one, value in panel.curves["kmeans"]] == [(3, 0.4)]


def test_the_axis_names_the_distance_and_several_distances_make_several_lines():
    mixed = [fitted(2), fitted(2, silhouette_distance="cosine")]
    assert axis_label([fitted(2)]) == "silhouette (squared euclidean distance)"
    assert list(panels(mixed)[0].curves) == ["kmeans (squared_euclidean)", "kmeans (cosine)"]
    assert "kmeans (cosine)" in texts(to_svg(training_figures(mixed)["selection_curves"]))


def test_several_feature_sets_make_several_lines():
    made = [fitted(2), fitted(2, feature_set="habits"), fitted(2, feature_set="habits", silhouette_distance="cosine")]
    assert list(panels(made[:2])[0].curves) == ["kmeans (all)", "kmeans (habits)"]
    assert list(panels(made[1:])[0].curves) == ["kmeans (squared_euclidean)", "kmeans (cosine)"]
    assert list(panels(made)[0].curves)[2] == "kmeans (habits, cosine)"


def test_a_mixture_has_a_panel_of_its_own(sample):
    figure = training_figures(sample.candidates())["selection_curves"]
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "share of the KPI's variance",
        "silhouette (squared euclidean distance)",
        "cost, relative to the smallest k",
        "log-likelihood",
    ]


def test_nothing_known_is_nothing_drawn_but_no_failure():
    lost = [fitted(3, silhouette=None, cost=None, chosen=True)]
    assert to_png(training_figures(lost)["selection_curves"]).startswith(b"\x89PNG")
    assert training_figures([]) == {}
    assert segment_figures([], []) == {}


def test_bars_carry_count_and_share(sample):
    shown = texts(to_svg(segment_figures(sample.cards(), [])["segment_sizes"]))
    assert {"Bargain hunters", "655  (26.5%)"} <= set(shown)


def test_cells_are_in_original_units_and_unknown_ones_say_so():
    known = Measure("weekend_share", "weekend", "share", 0.461, 0.298, 1.1)
    cards = [
        SegmentCard("a", "one", "", "cluster", 6, 0.6, (), (known, Measure("r", "recency", "days", None, None, None))),
        SegmentCard("b", "two", "", "cluster", 4, 0.4, (), (replace(known, mean=0.05, standardised=math.nan),)),
    ]
    shown = texts(to_svg(segment_figures(cards, [])["segment_heat_map"]))
    assert [text for text in shown if "%" in text] == ["46.1%", "5%"]
    assert shown.count("n/a") == 2


def test_a_segment_without_measures_has_a_bar_but_no_row_in_the_heat_map(sample):
    lifecycle = SegmentCard("p", "Prospects", "", "lifecycle", 40, 0.02, (), ())
    figures = segment_figures([*sample.cards(), lifecycle], [])
    assert "Prospects" in texts(to_svg(figures["segment_sizes"]))
    assert "Prospects" not in texts(to_svg(figures["segment_heat_map"]))
    assert list(segment_figures([lifecycle], [])) == ["segment_sizes"]


def test_negative_zero_and_missing_values_of_points_are_survived(sample):
    points = [
        ScatterPoint(0.0, 1.0, -50.0, "c1"), ScatterPoint(300.0, 0.0, 9000.0, "gone"),
        ScatterPoint(2.0, 3.0, 20.0, "c2"), ScatterPoint(math.nan, 1.0, 1.0, "c1"), ScatterPoint(1.0, 1.0, 5.0, "c1"),
    ]  # fmt: skip
    shown = texts(to_svg(segment_figures(sample.cards(), points, "USD")["rfm_scatter"]))
    assert {"Loyal big baskets", "Frequent small trips", "other", "-10", "1,000"} <= set(shown)
    assert "Slipping away" not in shown
    assert "rfm_scatter" not in segment_figures(sample.cards(), points[3:4])


def test_points_are_a_picture_so_that_no_customer_can_be_read_off(sample):
    figures = [to_svg(segment_figures(sample.cards(), sample.points(n))["rfm_scatter"]) for n in (100, 3000)]
    assert [svg.count("<image") >= 1 for svg in figures] == [True, True]
    assert abs(figures[0].count("<use") - figures[1].count("<use")) < 20


@pytest.mark.parametrize("count", [1, 20, 25])
def test_any_number_of_segments_can_be_drawn(sample, count):
    first = sample.cards()[0]
    cards = [replace(first, segment_id=str(n), name=f"segment {n}") for n in range(count)]
    points = [ScatterPoint(float(n), 1.0 + n, 10.0 * n, str(n)) for n in range(count)]
    for name, figure in segment_figures(cards, points).items():
        shown = texts(to_svg(figure))
        assert {f"segment {n}" for n in range(count)} <= set(shown), name


def test_hostile_labels_are_text_in_every_figure(sample):
    report = sample.hostile_report()
    figures = segment_figures(report.segments, report.scatter, report.currency) | training_figures(report.candidates)
    figures |= split_figures(report.splits)
    for name, figure in figures.items():
        svg = to_svg(figure)
        assert "<script" not in svg, name
        assert "<img" not in svg, name
        assert any("<script>" in text for text in texts(svg)), name
        assert to_png(figure).startswith(b"\x89PNG")
    assert "$\\frac{1}{$ & _x_ \ufffd\ufffd" in texts(to_svg(figures["segment_sizes"]))
    assert "_nolegend_ 北京 🛒" in texts(to_svg(figures["rfm_scatter"]))


def test_a_tree_of_splits_has_a_row_for_every_part_with_its_condition_and_share(sample):
    shown = texts(to_svg(split_figures(sample.splits())["split_tree"]))
    assert {"all customers", "orders ≤ 44", "orders > 44", "100%", "61%", "39%", "no single feature tells"} <= set(
        shown
    )
    assert len(shown) == 2 * len(sample.splits())
    assert shown.index("days since last order ≤ 45") < shown.index("orders > 44")  # parts stand below what they are of


def test_a_part_is_indented_below_its_parent_and_the_figure_grows_with_the_tree(sample):
    figure = split_figures(sample.splits())["split_tree"]
    starts = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    assert (
        starts["all customers"] < starts["orders > 44"] == starts["orders ≤ 44"] < starts["days since last order ≤ 45"]
    )
    assert split_figures(sample.splits()[:3])["split_tree"].get_figheight() < figure.get_figheight()


def test_of_a_condition_that_is_too_long_the_feature_is_cut_and_not_its_bound(sample):
    shown = texts(to_svg(split_figures(sample.splits())["split_tree"]))
    cut = [text for text in shown if text.startswith("share of spend on discounted")]
    assert [text[-8:] for text in cut] == ["… ≤ 12.3%"[-8:], "… > 12.3%"[-8:]]
    assert all("…" in text and len(text) <= 60 for text in cut)


def test_customers_who_are_not_split_have_no_tree(sample):
    assert split_figures(sample.splits()[:1]) == {}
    assert split_figures(()) == {}


def test_an_svg_fits_into_a_page_with_others(sample):
    figures = segment_figures(sample.cards(), sample.points(50)) | training_figures(sample.candidates())
    figures |= split_figures(sample.splits())
    ids: list[str] = []
    for figure in figures.values():
        root = ET.fromstring(to_svg(figure))
        assert (root.get("role"), root.get("width"), root.get("height")) == ("img", "100%", None)
        assert root.get("aria-label") == root[0].text != ""
        assert root.get("viewBox")
        assert not list(root.iter("{http://www.w3.org/2000/svg}style"))
        ids += [element.get("id", "") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_every_reference_in_an_svg_leads_to_an_id_in_it(sample):
    svg = to_svg(training_figures(sample.candidates())["selection_curves"])
    root = ET.fromstring(svg)
    ids = {element.get("id") for element in root.iter()}
    links = [e.get("{http://www.w3.org/1999/xlink}href", "#")[1:] for e in root.iter("{http://www.w3.org/2000/svg}use")]
    clips = [e.get("clip-path", "")[5:-1] for e in root.iter() if e.get("clip-path")]
    assert links
    assert clips
    assert set(links + clips) <= ids


def test_the_callers_settings_change_nothing_and_are_left_alone(sample):
    plain = to_svg(segment_figures(sample.cards(), [])["segment_sizes"])
    with matplotlib.rc_context({"font.size": 30, "text.parse_math": True, "ytick.major.pad": 40}):
        assert to_svg(segment_figures(sample.cards(), [])["segment_sizes"]) == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_pyplot_is_never_imported():
    code = "import sys, segspark.reporting.page; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
