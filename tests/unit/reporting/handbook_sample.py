"""A made-up handbook, from the sample report."""

from __future__ import annotations

from dataclasses import replace

from segspark.reporting.handbook_model import Change, Chapter, Favourite, Handbook, Pair, Taste
from segspark.reporting.model import Measure, SegmentCard
from segspark.reporting.opportunities import DiscountRange, Opportunity
from segspark.reporting.outcomes import ValueSummary
from tests.unit.reporting import outcomes_sample as outcomes
from tests.unit.reporting import sample


def chapter(card: SegmentCard, number: int) -> Chapter:
    return Chapter(
        card, f"S-00A{number}", "active", owner="Ann",
        tastes=(Taste("TEA", 120, 0.6, 0.2, 2.0), Taste("SALT", 90, 0.45, 0.5, 0.9)),
        pairs=(Pair("CUP", "TEA", 160, 0.8, 2.0, 1.5, 2.6),),
        discounts=DiscountRange(0.1, 0.2, 400, 0.85, 300),
        signals=outcomes.signals(),
        opportunities=sample.opportunities(card.segment_id),
        history=(Change("2017-11-01 10:00:00", "Ann", "renamed", "name x → y", "clearer"),),
    )  # fmt: skip


def book() -> Handbook:
    report = sample.report(scatter=0)
    chapters = tuple(chapter(card, number) for number, card in enumerate(report.segments))
    names = tuple((card.segment_id, card.name) for card in report.segments)
    return Handbook(
        report.title, report.as_of, report.currency, chapters, report.kpi_definitions, report.kpis, report.values,
        names=(*names, ("old", "Ended long ago")),
    )  # fmt: skip


def alone(card: SegmentCard, **more: object) -> Handbook:
    """A handbook of one segment of which no more is known than is given."""
    return Handbook("Shop", "2018-01-01", "USD", (replace(Chapter(card, "S-0001", "active"), **more),))


def card(*measures: Measure, size: int = 100, name: str = "One", segment_id: str = "s1") -> SegmentCard:
    return SegmentCard(segment_id, name, "", "cluster", size, 0.5, ("Says something",), measures)


def hostile() -> Handbook:
    bad, other = sample.HOSTILE[0], sample.HOSTILE[1]
    link = "[click](javascript:alert(1)) ![x](http://e.com/x.png) www.e.com | # a\n# b `c` *d* <!-- /notes -->"
    worst = [Measure("frequency", text, text, 9.0, 2.0, 2.0) for text in (bad, link)]
    texts = SegmentCard("a --> <b>", link, bad, other, 30, 0.5, (bad, link), tuple(worst))
    return Handbook(
        link, "2018-01-01", bad,
        (Chapter(
            texts, bad, other, bad, link, bad, False,
            (Taste(link, 50, 0.5, 0.1, 2.0), Taste("{low}", 50, 0.5, 0.1, 1.5)), (Pair(bad, link, 50, 0.5, 2, 1.5, 3),),
            DiscountRange(0.1, 0.3, 90, 0.9, 50), (Favourite(bad, link, 50, 0.5, 0.5),),
            (Change(bad, link, bad, link, other),), outcomes.signals(bad, link),
            (Opportunity("a --> <b>", bad, link, 50, other),),
        ),),
        values=(ValueSummary("a --> <b>", 30, 0.5, 1.0, 0.5),), names=(("gone <i>", link),),
    )  # fmt: skip
