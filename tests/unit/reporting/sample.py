"""A made-up report of realistic size, for tests and for looking at the page."""

from __future__ import annotations

import random
from dataclasses import replace

from segspark.reporting.comparison import ComparedSegment, ComparisonPage, FeatureShift, ProfileShift
from segspark.reporting.distributions import distribution
from segspark.reporting.model import Candidate, Measure, QualityRow, Report, ScatterPoint, SegmentCard, SplitNode
from segspark.reporting.opportunities import Opportunity
from segspark.reporting.outcomes import EVERYBODY, KpiDefinition, KpiPoint, Migration, ValueSummary
from tests.unit.reporting import outcomes_sample as outcomes

FEATURES = (
    # feature, label, unit, overall mean, overall standard deviation
    ("recency_days", "days since last order", "days", 21.4, 38.2),
    ("frequency", "orders", "orders", 57.1, 52.9),
    ("monetary_value", "money spent", "USD", 1856.2, 1721.6),
    ("average_order_value", "average order", "USD", 36.9, 24.8),
    ("tenure_days", "days since first order", "days", 287.0, 61.3),
    ("discount_share", "share of spend discounted", "share", 0.171, 0.083),
    ("weekend_share", "orders on a weekend", "share", 0.298, 0.142),
    ("category_entropy", "variety of categories", "bits", 3.4, 0.61),
    ("gap_days_mean", "days between orders", "days", 8.8, 9.4),
    ("return_rate", "lines returned", "rate", 0.004, 0.011),
)
SEGMENTS = (
    # id, name, size, standardised differences, sentences, centre of recency (days), orders, order value (USD)
    ("c1", "Loyal big baskets", 341, (-0.46, 1.52, 1.81, 0.62, 0.44, -0.21, 0.05, 0.92, -0.58, 0.3), 3, 140, 46),
    ("c2", "Frequent small trips", 486, (-0.44, 1.03, 0.24, -0.78, 0.38, -0.08, -0.31, 0.41, -0.55, 0.0), 4, 110, 20),
    ("c3", "Weekend stock-up", 602, (-0.1, -0.35, 0.12, 1.02, 0.11, 0.14, 1.15, 0.2, 0.12, 0.1), 14, 36, 66),
    ("c4", "Bargain hunters", 655, (-0.05, -0.31, -0.48, -0.44, 0.05, 1.33, -0.22, -0.33, 0.08, None), 16, 38, 24),
    ("c5", "Slipping away", 385, (2.05, -0.87, -0.82, -0.12, -1.02, -0.4, -0.28, -1.21, 1.62, -0.2), 96, 8, 31),
)
SENTENCES = {
    "c1": ("They come about three times a week and spend nearly three times the average.", "They buy everything."),
    "c2": ("They shop nearly as often as the loyal ones, for a few things at a time.",),
    "c3": ("More than 45% of their orders fall on a weekend.", "An order is worth two thirds more than average."),
    "c4": ("Discounts make up over a quarter of what they spend.",),
    "c5": ("Their last order is about 100 days ago.", "They used to buy few categories, and seldom."),
}
DESCRIPTIONS = {
    "c1": "The core of the business: frequent, broad, high-value.",
    "c2": "Top-up trips: many visits, small baskets.",
    "c3": "One large planned trip, mostly on Saturdays and Sundays.",
    "c4": "Average frequency; they wait for promotions.",
    "c5": "Long silent after a short, narrow history.",
}
SIZES = {row[0]: row[2] for row in SEGMENTS}
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "$\\frac{1}{$ & _x_ \x00\u202e",
    "_nolegend_ 北京 🛒",
)


def measures(differences: tuple[float | None, ...]) -> tuple[Measure, ...]:
    pairs = zip(FEATURES, differences, strict=True)
    return tuple(Measure(f, label, unit, None if z is None else m + z * s, m, z) for (f, label, unit, m, s), z in pairs)


def cards() -> tuple[SegmentCard, ...]:
    everybody = sum(row[2] for row in SEGMENTS)
    return tuple(
        SegmentCard(i, name, DESCRIPTIONS[i], "cluster", size, size / everybody, SENTENCES[i], measures(z))
        for i, name, size, z, *_ in SEGMENTS
    )


def candidates() -> tuple[Candidate, ...]:
    heights = {"kmeans": 0.43, "bisecting": 0.39, "gmm": 0.33}
    made = []
    for algorithm, height in heights.items():
        for k in range(2, 11):
            silhouette = height - 0.011 * abs(k - 5) - (0.02 if k == 2 else 0.004 * (k % 2))
            chosen = (algorithm, k) == ("kmeans", 5)
            mixture = algorithm == "gmm"
            made.append(
                Candidate(
                    algorithm, k, 42, silhouette, "squared_euclidean",
                    None if mixture else 24_690 / k ** (0.6 if algorithm == "bisecting" else 0.72),
                    -31_500.0 + 2_900 * k**0.5 if mixture else None, 0.62 / k, 0.8 + 0.31 * k, chosen,
                    "best among manageable k" if chosen else "more segments than manageable" if k > 7 else
                    "separates the next period's KPI by 0.288, more than one standard error (0.026) below 0.323",
                    0.323 - 0.007 * abs(k - 5), 0.026, 0.77 - 0.02 * k, stability_null=0.42 + 0.01 * k,
                )
            )  # fmt: skip
    return tuple(made)


def points(count: int, seed: int = 7) -> tuple[ScatterPoint, ...]:
    source = random.Random(seed)
    rows = source.choices(SEGMENTS, weights=[row[2] for row in SEGMENTS], k=count)
    made = []
    for identifier, _, _, _, recency, orders, value in rows:
        frequency = max(1, round(source.lognormvariate(0, 0.45) * orders))
        money = frequency * value * source.lognormvariate(0, 0.25)
        days = min(364, int(source.expovariate(1 / recency) if recency < 50 else source.gauss(recency, 35) // 1))
        made.append(ScatterPoint(float(max(days, 0)), float(frequency), money, identifier))
    return tuple(made)


def quality() -> tuple[QualityRow, ...]:
    read = 1_469_307
    return (
        QualityRow(
            "purchases", "events", "amount: purchases are positive and returns negative", "reject", read, 301,
            301 / read, (0.0, 0.00004, 0.00007, 0.00006, 0.00011, 0.00015),
        ),
        QualityRow("purchases", "events", "customer_id: missing", "reject", read, 95, 95 / read, (0.0002, 0.0001)),
        QualityRow(
            "purchases", "events", "product_id: not in products", "warn", read, 18_412, 18_412 / read,
            (0.02, 0.018, 0.016, 0.014, 0.0131),
        ),
        QualityRow("purchases", "events", "event_ts: cannot be read as TIMESTAMP", "reject", read, 0, 0.0, (0.0,)),
        QualityRow("coupons", "events", "event_ts: within 40 days of as_of", "warn", 2_102, 2_102, 1.0, ()),
        QualityRow("campaigns", "events", "event_id: missing", "reject", 6_589, 0, 0.0, (0.1, 0.0)),
    )  # fmt: skip


def splits() -> tuple[SplitNode, ...]:
    """A tree that goes down on one side as far as it can, with a condition as long as they come."""
    long = "share of spend on discounted products in categories that the customer seldom buys"
    rows = (
        (0, None, 1.0, 1.0, "", "", None),
        (1, 0, 0.61, 0.44, "orders", "≤ 44", 0.93), (2, 0, 0.39, 0.31, "orders", "> 44", 0.93),
        (3, 1, 0.2, 0.12, "days since last order", "> 45", 0.9),
        (4, 1, 0.41, 0.2, "days since last order", "≤ 45", 0.9),
        (5, 4, 0.28, 0.09, long, "≤ 12.3%", 0.71), (6, 4, 0.13, 0.07, long, "> 12.3%", 0.71),
        (7, 5, 0.19, 0.04, "money spent", "≤ USD 1,200", 0.8), (8, 5, 0.09, 0.03, "money spent", "> USD 1,200", 0.8),
        (9, 7, 0.12, 0.02, "", "", None), (10, 7, 0.07, 0.01, "", "", None),
        (11, 9, 0.05, 0.006, "orders on a weekend", "≤ 30%", 0.66),
        (12, 9, 0.07, 0.01, "orders on a weekend", "> 30%", 0.66),
    )  # fmt: skip
    return tuple(SplitNode(*row) for row in rows)


def opportunities(segment: str) -> tuple[Opportunity, ...]:
    return (
        Opportunity(segment, "Pocket of value", "channel: web", 61, "USD 310 a customer, 2.1 times the others"),
        Opportunity(segment, "Unmet need", "TEA: looked at and not bought", 11, "60% (51% to 68%), others 40%"),
        Opportunity(segment, "Unmet need", "CUP: too few to tell", 10, "90%"),
    )  # fmt: skip


def report(scatter: int = 2_000, warning: str = "") -> Report:
    return Report(
        title="Who buys at The Complete Journey",
        as_of="2017-12-01",
        currency="USD",
        headlines=(
            ("Customers", "2,469"), ("Orders", "141,120"), ("Revenue", "USD 4,583,000"),
            ("Segments", "5"), ("Silhouette", "0.43"), ("Days of history", "334"),
        ),
        segments=cards(), candidates=candidates(), scatter=points(scatter),
        verdict="k-means with 5 segments separates customers best among the 2 to 7 that a team can act on: its "
        "silhouette of 0.43 is ahead of the next by 0.015, and every segment holds at least 12% of customers.",
        warning=warning,
        details=(
            ("Run", "4b0c9d5e7f7f4f0bb0a3a3f6f58e7a1d"), ("Model version", "segmentation 3"), ("Seed", "42"),
            ("Configuration", "sha256:9a1f0c2e4b6d8f0a1c3e5b7d9f1a3c5e7b9d1f3a5c7e9b1d3f5a7c9e1b3d5f7a"),
            ("Table events", "version 12"), ("Table customer_features", "version 4"), ("segspark", "0.1.0"),
        ),
        ledger=(
            ("purchases", 1_469_307, 1_468_911, 396, 0), ("campaigns", 6_589, 6_580, 0, 9),
            ("coupons", 2_102, 2_100, 0, 2),
        ),
        quality=quality(),
        distributions=(
            distribution("frequency", "orders", "orders", [float(n % 40) for n in range(400)]),
            distribution("discount_share", "discount share", "share", [0.0, 0.1, 0.2, None]),
            distribution("rating_mean", "rating", "score", [None]),
        ),
        splits=splits(), kpi_definitions=outcomes.definitions(), kpis=outcomes.kpis(SIZES),
        migrations=outcomes.migrations(SIZES), values=outcomes.values(SIZES),
        signals=tuple((one, outcomes.signals()) for one in SIZES),
        opportunities=opportunities("c1"),
    )  # fmt: skip


def large_report(segments: int = 20, periods: int = 60, features: int = 500) -> Report:
    """As much as a dashboard is to hold."""
    first = report(scatter=5_000)
    sizes = {f"s{n}": 300 + 170 * n for n in range(segments)}
    source = random.Random(11)
    labels = [(f"feature_{n}", f"feature number {n} of some family") for n in range(features)]
    cards = tuple(
        SegmentCard(
            one, f"Segment of customers {one}", "", "cluster", size, size / sum(sizes.values()), ("A sentence.",),
            tuple(Measure(*label, "orders", 5 + source.random(), 5.0, source.gauss(0, 1)) for label in labels),
        )
        for one, size in sizes.items()
    )  # fmt: skip
    spread = tuple(distribution(*label, "orders", [source.gauss(5, 2) for _ in range(50)]) for label in labels)
    return replace(
        first, segments=cards, distributions=spread, kpi_definitions=outcomes.definitions(12),
        kpis=outcomes.kpis(sizes, periods, 12), migrations=outcomes.migrations(sizes, periods - 1),
        values=outcomes.values(sizes),
    )  # fmt: skip


def hostile_report() -> Report:
    """The sample with names that try to break out of the page."""
    bad = HOSTILE[0]
    flows = (("x", bad, 30), (bad, "x", 40), ("x", "x", 50), (bad, bad, 3), (bad, "", 5))
    good = report(scatter=200)
    named = [
        SegmentCard(one.segment_id, name, name, one.kind, one.size, one.share, (name,), one.measures)
        for one, name in zip(good.segments, HOSTILE, strict=False)
    ]
    worst = Measure(bad, bad, bad, 1.0, 2.0, -1.9)
    segments = (SegmentCard("x", HOSTILE[1], "", "cluster", 3, 0.1, (), (worst, *measures(SEGMENTS[0][3]))), *named)
    fitted = Candidate(bad, 3, 1, 0.2, bad, 3.0, None, 0.1, 1.0, False, bad)
    return Report(
        bad, bad, bad, ((bad, bad),), segments, (*good.candidates, fitted), good.scatter,
        bad, bad, ((bad, bad),), ((bad, 1, 1, 0, 0),),
        tuple(QualityRow(bad, bad, name * 20, severity, 9, failed, failed / 9, (0.1,))
              for severity in ("fail", HOSTILE[1]) for failed in (3, 0) for name in HOSTILE),
        (distribution(bad, bad, bad, [1.0, 2.0]),),
        (SplitNode(0, None, 1.0, 1.0, "", "", None),
         *(SplitNode(n, 0, 0.5, 0.1, HOSTILE[n - 1], bad, 0.9) for n in (1, 2))),
        tuple(KpiDefinition(name, name, name, name, name) for name in HOSTILE),
        tuple(KpiPoint(kpi, segment, bad, HOSTILE[1], 0.5, 0.4, 0.6, 100, 0.6, bad)
              for kpi in HOSTILE for segment in (EVERYBODY, "x", bad)),
        (Migration(bad, HOSTILE[1], flows, ((bad, "=cmd|' /C calc'!A0"),), bad, (bad,), ((bad, bad),)),),
        (ValueSummary("x", 12, 0.5, 1.0, 0.5), ValueSummary(bad, 30, 0.5, 1.0, 0.5)),
        (("x", outcomes.signals(bad, HOSTILE[1])), (bad, outcomes.signals(bad))),
        tuple(Opportunity(one, HOSTILE[1], name, 30, bad) for one in ("x", bad) for name in HOSTILE),
    )  # fmt: skip


def compared(name: str, before: int, after: int, verdict: str = "steady") -> ComparedSegment:
    change = (after - before) / 100
    shift = ProfileShift("orders", "orders", 4.0, 6.0, 0.5, "shift")
    return ComparedSegment(
        name, name, "cluster", before, after, before / 100, after / 100, change, (change - 0.01, change + 0.01),
        verdict, 0.75, (0.7, 0.8), "steady", (shift,),
    )  # fmt: skip


def comparison_page() -> ComparisonPage:
    """Two dates of a shop: one segment grew, one ended."""
    return ComparisonPage(
        title="Shop",
        before="2026-01-01",
        after="2026-04-01",
        verdict="shift",
        words=("From one to the other: shift.",),
        warning="",
        headlines=(("Customers", "100"),),
        segments=(compared("Big baskets", 50, 60, "shift"), compared("Rare", 45, 40, "blip"), compared("Ended", 5, 0)),
        flows=((0, 0, 45), (0, 1, 5), (1, 1, 35), (1, 0, 10), (2, 0, 3), (2, None, 2), (None, 0, 2)),
        causes=(("moved", "behaviour", 15),),
        features=(FeatureShift("frequency", "orders", 0.3, 0.2, 0.4, "shift"),),
        details=(("Comparison", "r1"),),
    )
