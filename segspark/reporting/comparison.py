"""The page that compares two dates, from plain values: who went where, what changed, and what is to be made of it."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from segspark.reporting.alluvial import Flow
from segspark.reporting.migration import order, sankey
from segspark.reporting.overview import name_rows
from segspark.reporting.palette import GRID, INK, MUTED, segment_colour
from segspark.reporting.style import new_figure, style
from segspark.reporting.svg import to_svg
from segspark.reporting.templating import environment, policy, styles
from segspark.reporting.text import number

_SHOWN = 4  # features of a card
_BARS = 25
_LIMITS = (0.1, 0.25)


@dataclass(frozen=True)
class ProfileShift:
    """A feature's mean in a segment at both dates; `standardised` is their difference in standard deviations."""

    label: str
    unit: str
    before: float
    after: float
    standardised: float
    verdict: str


@dataclass(frozen=True)
class ComparedSegment:
    """A segment at both dates.

    `change` is of its share of all customers, `similarity` the Jaccard index of its customers; both with the ends of
    their 95% intervals.
    """

    segment_id: str
    name: str
    kind: str
    size_before: int
    size_after: int
    share_before: float
    share_after: float
    change: float
    change_interval: tuple[float, float]
    change_verdict: str
    similarity: float
    similarity_interval: tuple[float, float]
    similarity_verdict: str
    shifts: tuple[ProfileShift, ...] = ()


@dataclass(frozen=True)
class FeatureShift:
    """A feature's population stability index, with the ends of its 95% interval."""

    feature: str
    label: str
    value: float
    lower: float
    upper: float
    verdict: str


@dataclass(frozen=True)
class ComparisonPage:
    """Everything the page shows.

    `words` are sentences of the verdict; `segments` are in the report's order at the later date, those that ended
    last; `flows` are (position or None for outside, position or None, customers); `causes` are
    (what happened, why, how often); `headlines` and `details` are (label, formatted value) pairs.
    """

    title: str
    before: str
    after: str
    verdict: str
    words: tuple[str, ...]
    warning: str
    headlines: tuple[tuple[str, str], ...]
    segments: tuple[ComparedSegment, ...]
    flows: tuple[tuple[int | None, int | None, int], ...]
    causes: tuple[tuple[str, str, int], ...]
    features: tuple[FeatureShift, ...]
    details: tuple[tuple[str, str], ...]

    def customers(self, one: int | None, other: int | None) -> int:
        """Who went from one position to another."""
        return sum(count for before, after, count in self.flows if (before, after) == (one, other))

    @property
    def came(self) -> bool:
        """Whether anybody is new."""
        return any(before is None for before, _, _ in self.flows)

    @property
    def left(self) -> bool:
        """Whether anybody is no customer any more."""
        return any(after is None for _, after, _ in self.flows)


def render_comparison(page: ComparisonPage) -> str:
    """The page as text (UTF-8): figures inline, no script, nothing fetched; the same for the same comparison."""
    figures = {"migration": diagram(page), "psi": psi_bars(page.features)}
    style = styles("report.css", "comparison.css")
    made = environment().get_template("comparison.html.j2").render(
        page=page,
        # Made by to_svg from parsed XML: every label in it is escaped already.
        figures={name: Markup(to_svg(figure)) for name, figure in figures.items() if figure},  # noqa: S704
        shown=_SHOWN,
        style=style,
        policy=policy(style),
    )  # fmt: skip
    return made.rstrip() + "\n"


def diagram(page: ComparisonPage) -> Figure | None:
    """Bands from the segments of the earlier date to those of the later one; None where nobody is in any."""
    if not page.flows:
        return None
    flows = [Flow(one, other, count) for one, other, count in page.flows]
    lefts, rights = (order(getattr(flow, side) for flow in flows) for side in ("left", "right"))
    names = [one.name for one in page.segments]
    return sankey(
        "migration", page.before, page.after, names, flows, (lefts, [""] * len(lefts)), (rights, [""] * len(rights))
    )


def psi_bars(features: tuple[FeatureShift, ...]) -> Figure | None:
    """A bar a feature, the longest first, with its interval and the conventional limits; None where there are none."""
    found = sorted(features, key=lambda one: (-one.value, one.feature))[:_BARS]
    if not found:
        return None
    rows = range(len(found))
    with style():
        title = "Population stability index of each feature"
        figure = new_figure("psi", title, 8.4, 0.7 + 0.3 * len(found))
        axes = figure.add_subplot()
        axes.barh(rows, [one.value for one in found], height=0.6, color=segment_colour(0))
        for row, one in zip(rows, found, strict=True):
            axes.plot([one.lower, one.upper], [row, row], color=INK, linewidth=1.2)
            axes.annotate(
                number(one.value), (max(one.upper, one.value), row),
                xytext=(6, 0), textcoords="offset points", va="center", color=INK,
            )  # fmt: skip
        for limit in _LIMITS:
            axes.axvline(limit, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        name_rows(axes, [one.label for one in found], 40)
        axes.set_xlim(0, 1.15 * max(0.3, *(max(one.upper, one.value) for one in found)))
        axes.grid(visible=False)
        axes.tick_params(axis="x", color=GRID)
    return figure
