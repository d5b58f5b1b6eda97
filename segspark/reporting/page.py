"""The whole report as one HTML page that needs nothing else and asks nobody."""

from __future__ import annotations

from importlib import resources
from itertools import groupby
from statistics import median

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from segspark.reporting import quality, text
from segspark.reporting.figures import segment_figures, split_figures, training_figures
from segspark.reporting.labels import clean
from segspark.reporting.model import Measure, Report, ScatterPoint, SegmentCard
from segspark.reporting.overview import columns
from segspark.reporting.palette import CATEGORICAL, DARK_BRIGHTNESS, clipped, on_dark, segment_colour, variables
from segspark.reporting.scatter import drawable
from segspark.reporting.splits import downwards
from segspark.reporting.svg import to_svg

DISTINGUISHING = 4


def render(report: Report) -> str:
    """The page as text (UTF-8): figures inline, no script, nothing fetched; the same for the same report."""
    figures = {
        **training_figures(report.candidates),
        **split_figures(report.splits),
        **segment_figures(report.segments, report.scatter, report.currency),
    }
    page = environment().get_template("report.html.j2").render(
        report=report,
        # Made by to_svg from parsed XML: every label in it is escaped already.
        figures={name: Markup(to_svg(figure)) for name, figure in figures.items()},  # noqa: S704
        features=columns(report.segments),
        medians=scatter_medians(report.segments, report.scatter),
        finding=quality.finding(report.quality, report.ledger),
        broken=quality.broken(report.quality),
        kept=quality.kept(report.quality),
        splits=downwards(report.splits),
        dark_colours=dark_colours(),
        dark_brightness=DARK_BRIGHTNESS,
        points=sum(map(drawable, report.scatter)),
    )  # fmt: skip
    return page.rstrip() + "\n"


def distinguishing(card: SegmentCard, count: int = DISTINGUISHING) -> list[Measure]:
    """The measures in which a segment differs most from everybody, strongest first; unknown ones never.

    >>> near, far = (Measure(f, f, "days", 1.0, 2.0, z) for f, z in (("near", 0.1), ("far", -2.0)))
    >>> card = SegmentCard("s1", "one", "", "cluster", 5, 0.5, (), (near, far))
    >>> [measure.feature for measure in distinguishing(card, 1)]
    ['far']
    """
    usable = [m for m in card.measures if text.known(m.standardised) and text.known(m.mean)]
    return sorted(usable, key=lambda m: -abs(m.standardised or 0.0))[:count]


def scatter_medians(
    segments: tuple[SegmentCard, ...], points: tuple[ScatterPoint, ...]
) -> list[tuple[str, int, float, float, float]]:
    """(segment name, points, median recency in days, median orders, median money), in the report's order.

    >>> card = SegmentCard("s1", "one", "", "cluster", 5, 0.5, (), ())
    >>> scatter_medians((card,), (ScatterPoint(1.0, 2.0, 10.0, "s1"), ScatterPoint(3.0, 2.0, 30.0, "s1")))
    [('one', 2, 2.0, 2.0, 20.0)]
    """
    order = {one.segment_id: position for position, one in enumerate(segments)}
    names = [one.name for one in segments] + ["other"]
    placed = sorted(
        ((order.get(p.segment_id, len(segments)), p) for p in points if drawable(p)), key=lambda pair: pair[0]
    )
    groups = [(names[position], [p for _, p in pairs]) for position, pairs in groupby(placed, key=lambda pair: pair[0])]
    return [
        (
            name, len(group), median(p.recency_days for p in group),
            median(p.frequency for p in group), median(p.monetary_value for p in group),
        )
        for name, group in groups
    ]  # fmt: skip


def bar(measure: Measure) -> str:
    """Where a measure's little bar starts and how wide it is, in percent of its track; its middle is the average.

    >>> bar(Measure("f", "f", "days", 1.0, 2.0, -1.0)), bar(Measure("f", "f", "days", 3.0, 2.0, 4.0))
    ('left: 25.0%; width: 25.0%', 'left: 50.0%; width: 50.0%')
    """
    side = 25.0 * clipped(measure.standardised or 0.0)
    return f"left: {50.0 + min(side, 0.0):.1f}%; width: {abs(side):.1f}%"


def swatch(position: int) -> str:
    """The colour of the segment at a position, as the page's style sheet knows it.

    >>> swatch(0)
    'var(--s0, #3574b8)'
    """
    return variables()[segment_colour(position)]


def dark_colours() -> str:
    """The segments' colours on a dark page, as declarations of CSS."""
    return " ".join(f"--s{position}: {on_dark(colour)};" for position, colour in enumerate(CATEGORICAL))


def environment() -> Environment:
    """The templates with their filters: everything is escaped, and cleaned of what could deceive a reader."""
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: clean(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=text.number, score=text.score, percent=text.percent, money=text.money, bare=text.bare,
        comparison=text.comparison, points=text.points, signed=text.signed, bar=bar,
        distinguishing=distinguishing, swatch=swatch,
        name=quality.name, share=quality.share, change=quality.change, trend=quality.trend, broken_in=quality.broken_in,
    )  # fmt: skip
    return made


def _template(name: str) -> str:
    """A template's text through importlib.resources, so that a zipped wheel works too."""
    return (resources.files("segspark.reporting") / "templates" / name).read_text(encoding="utf-8")
