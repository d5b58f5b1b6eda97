"""Opportunities: pockets, needs, discounts and prospects of each segment, from the last days and the features."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import within_days
from segspark.features.activity import activity
from segspark.segments.discount_counts import depth_sums, depths_of, order_depths
from segspark.segments.discounts import DiscountBin, discounts
from segspark.segments.need_counts import customer_categories, most_common, need_moments
from segspark.segments.needs import Need, moments_of, needs
from segspark.steps.context import Context
from segspark.steps.pockets import PocketRow, pocket_rows
from segspark.steps.population import features_at
from segspark.steps.position import heard
from segspark.steps.prospects import Resemblance, resemblance
from segspark.tables import (
    CUSTOMER_VALUE,
    EVENTS,
    FEEDBACK,
    PRODUCTS,
    PROSPECT_RESEMBLANCE,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_DISCOUNTS,
    SEGMENT_NEEDS,
    SEGMENT_POCKETS,
    SEGMENTS,
    Table,
)

OPPORTUNITY_INPUTS = (EVENTS, FEEDBACK, PRODUCTS, SEGMENT_ASSIGNMENTS, SEGMENTS, CUSTOMER_VALUE)  # and the features
OPPORTUNITY_TABLES = (SEGMENT_POCKETS, SEGMENT_NEEDS, SEGMENT_DISCOUNTS, PROSPECT_RESEMBLANCE)


@dataclass(frozen=True)
class Opportunities:
    """What was found.

    Attributes:
        pockets: of segment_pockets.
        needs: of segment_needs, met and unmet.
        discounts: of segment_discounts.
        said: of prospects: how well they are told, or why they are not.
    """

    pockets: list[PocketRow]
    needs: list[Need]
    discounts: list[DiscountBin]
    said: str

    @property
    def words(self) -> str:
        """How much it is."""
        unmet = sum(one.unmet for one in self.needs)
        return f"{len(self.pockets)} pockets, {unmet} unmet needs"


def opportunities(context: Context, run_id: str) -> Opportunities:
    """Publish segment_pockets, segment_needs, segment_discounts and prospect_resemblance.

    Args:
        context: of the phase.
        run_id: of the phase, which writes.
    """
    features = features_at(context)
    members = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id").persist()
    try:
        prospects = resemblance(context, features, members)
        pockets = pocket_rows(context, features, members)
        found = Opportunities(pockets, _needs(context, members), _discounts(context, members), prospects.said)
        _publish(context, run_id, found, prospects)
    finally:
        members.unpersist()
    context.reporter.say(f"{found.words}; {found.said}")
    return found


def _needs(context: Context, members: DataFrame) -> list[Need]:
    asked = context.config.opportunities
    rows = customer_categories(_told(context)).persist()
    try:
        kept = most_common(rows, asked.needs.categories)
        counted = need_moments(rows, kept, members).collect()  # segments x needs.categories x three
    finally:
        rows.unpersist()
    return needs(moments_of(counted), asked.needs, asked.false_discoveries, context.config.kpis.confidence)


def _told(context: Context) -> DataFrame:
    """What customers did about categories; feedback is about that of its product."""
    lake, zone = context.lake, context.config.time.business_timezone
    columns = ["customer_id", "event_type", "category", "sentiment"]
    done = activity(lake.read(EVENTS).where(_recent(context)), lake.frame(FEEDBACK, []), zone, heard(context))
    said = activity(lake.frame(EVENTS, []), lake.read(FEEDBACK), zone, heard(context)).where(_recent(context))
    products = lake.read(PRODUCTS).where("category IS NOT NULL").select("product_id", F.col("category").alias("_of"))
    about = said.join(products, on="product_id", how="inner").withColumn("category", F.col("_of"))
    return done.select(*columns).unionByName(about.select(*columns))


def _recent(context: Context) -> Column:
    first = context.as_of - timedelta(days=context.config.opportunities.days)
    return within_days(first, context.as_of)


def _discounts(context: Context, members: DataFrame) -> list[DiscountBin]:
    asked = context.config.opportunities
    lines = context.lake.read(EVENTS).where(_recent(context)).where("event_type = 'purchase'")
    bins = len(asked.discounts.edges) + 2
    rows = depth_sums(order_depths(lines, asked.discounts.edges), members, bins).collect()  # a row per segment
    confidence = context.config.kpis.confidence
    return discounts(depths_of(rows, bins), asked.discounts, asked.false_discoveries, confidence)


def _publish(context: Context, run_id: str, found: Opportunities, prospects: Resemblance) -> None:
    writer, said = context.writer(run_id), (context.as_of, run_id)
    rows: Sequence[tuple[Table, Sequence[tuple[object, ...]]]] = (
        (SEGMENT_POCKETS, found.pockets),
        (SEGMENT_NEEDS, [astuple(one) for one in found.needs]),
        (SEGMENT_DISCOUNTS, [astuple(one) for one in found.discounts]),
    )
    for table, told in rows:
        writer.publish_few(table, [(*one, *said) for one in told], delete_missing=True)
    if prospects.rows is None:  # nor is anything left of what was told before
        alike = context.lake.frame(PROSPECT_RESEMBLANCE, [])
    else:
        alike = prospects.rows.withColumns({"as_of": F.lit(context.as_of), "run_id": F.lit(run_id)})
    writer.publish(PROSPECT_RESEMBLANCE, alike, delete_missing=True)
