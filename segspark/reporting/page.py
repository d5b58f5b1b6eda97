"""The dashboard: all pages of a report in one HTML file that needs nothing else and asks nobody."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from segspark.reporting import quality
from segspark.reporting.cards import scatter_medians
from segspark.reporting.charts import line_chart
from segspark.reporting.data import embedded
from segspark.reporting.directory import EVERYBODY_AT, Directory, directory
from segspark.reporting.figures import segment_figures, split_figures, training_figures
from segspark.reporting.kpis import KpiSeries, customers_series, goals, kpi_series
from segspark.reporting.migration import latest, matrix, migration_figure
from segspark.reporting.model import Report
from segspark.reporting.opportunity_words import to_be_told
from segspark.reporting.outcomes import MISSED
from segspark.reporting.overview import MOST_FEATURES, columns
from segspark.reporting.scatter import drawable
from segspark.reporting.signals import typical
from segspark.reporting.splits import downwards
from segspark.reporting.suppression import protect_parts
from segspark.reporting.svg import to_svg
from segspark.reporting.templating import environment, policy, script, styles

PAGES = (
    # id, name, whether the choice of a segment and of periods applies
    ("overview", "Overview", False),
    ("segments", "Segments", True),
    ("migration", "Migration", True),
    ("kpis", "KPIs", True),
    ("quality", "Data quality", False),
    ("model", "Model", False),
)
_SCRIPTS = ("pages", "numbers", "filters", "charts", "marks", "tables", "downloads", "start")


def render(report: Report) -> str:
    """The dashboard as text (UTF-8): nothing is fetched, without script one long page; the same for the same report."""
    found = directory(report)
    style = styles("report.css", "dashboard.css")
    code = script(*[f"script/{name}.js" for name in _SCRIPTS])
    page = environment().get_template("report.html.j2").render(
        report=report, found=found, pages=PAGES, style=style, script=code, policy=policy(style, code),
        most_features=MOST_FEATURES, everybody=EVERYBODY_AT, missed=MISSED,
        **_segments(report), **_outcomes(report, found),
        finding=quality.finding(report.quality, report.ledger),
        broken=quality.broken(report.quality),
        kept=quality.kept(report.quality),
        splits=downwards(report.splits),
    )  # fmt: skip
    return page.rstrip() + "\n"


def _segments(report: Report) -> dict[str, Any]:
    """Figures and tables of segments, of training and of splits."""
    figures = {
        **training_figures(report.candidates),
        **split_figures(report.splits),
        **segment_figures(report.segments, report.scatter, report.currency),
    }
    marks = protect_parts([one.customers for one in report.values])
    cards = {one.segment_id: one for one in report.segments}
    places = {segment: at for at, segment in enumerate(cards)}
    return {
        "figures": {name: _drawn(figure) for name, figure in figures.items()},
        "features": columns(report.segments),
        "medians": scatter_medians(report.segments, report.scatter),
        "points": sum(map(drawable, report.scatter)),
        "opportunities": to_be_told(report.opportunities),
        "values": {one.segment_id: (one, mark) for one, mark in zip(report.values, marks, strict=False)},
        "signals": [
            (at, cards[segment].name, own, typical(own.examples, cards[segment]))
            for segment, own in report.signals
            if (at := places.get(segment)) is not None
        ],
    }


def _outcomes(report: Report, found: Directory) -> dict[str, Any]:
    """KPIs and migrations."""
    series = kpi_series(report, found)
    customers = customers_series(report, found)
    charts = [*series, customers] if customers else series
    return {
        "kpis": list(zip(series, _charts(series, found), strict=True)),
        "customers": (customers, line_chart(customers, found, len(series))) if customers else None,
        "goals": goals(series),
        "migrations": _migrations(report, found),
        "data": embedded(found, charts),
    }


def _charts(series: list[KpiSeries], found: Directory) -> list[Markup]:
    return [line_chart(one, found, number) for number, one in enumerate(series)]


def _migrations(report: Report, found: Directory) -> list[tuple[Any, ...]]:
    made = []
    for number, one in enumerate(latest(report.migrations)):
        table = matrix(one, found)
        figure = migration_figure(one, table, found, number)
        made.append((one, table, _drawn(figure) if figure else None))
    return made


def _drawn(figure: Figure) -> Markup:
    # Made by to_svg from parsed XML: every label in it is escaped already.
    return Markup(to_svg(figure))  # noqa: S704
