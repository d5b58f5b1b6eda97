"""Pockets: what is collected of the customers' features, and what is found in it."""

from collections.abc import Sequence
from itertools import chain

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.clustering.sampling import training_sample
from segspark.columns import quoted
from segspark.reporting.text import bare
from segspark.segments.pocket_bins import Bins, Condition, bins_of
from segspark.segments.pocket_counts import cells_of, met, pairs, singles
from segspark.segments.pockets import Found, beam, pockets
from segspark.steps.context import Context
from segspark.tables import CUSTOMER_VALUE, Feature

# Value is computed from what the others say: that who orders much is worth much is no news.
_FAMILIES = ("breadth", "campaigns", "price", "preference", "web", "engagement", "support", "attributes", "own")
_CLV, _SPEND = "clv", "monetary_value"

PocketRow = tuple[object, ...]


def pocket_rows(context: Context, features: DataFrame, members: DataFrame) -> list[PocketRow]:
    """The rows of segment_pockets, but for as_of and run_id.

    Args:
        context: of the phase.
        features: at as_of.
        members: customer_id, segment_id.
    """
    asked, confidence = context.config.opportunities, context.config.kpis.confidence
    chosen, value_of = pocket_features(context), _value_of(context)
    if not chosen or not value_of:
        context.reporter.say("no pockets are looked for: no feature for conditions, or no value of customers is there")
        return []
    customers = _customers(context, features.join(members, on="customer_id", how="inner"), chosen, value_of).persist()
    try:
        bins = _bins(context, customers, chosen)
        rows = met(customers, _cuts(context, bins), bins)
        one = singles(rows).collect()  # two halves of each segment, most_features x bins or values
        tried = beam(cells_of(one), asked.pockets, confidence)
        two = pairs(rows, _kept(context, tried)).collect() if any(tried.values()) else []  # beam² / 2 of each
    finally:
        customers.unpersist()
    found = pockets(cells_of(chain(one, two)), asked.pockets, asked.false_discoveries, confidence)
    return [_row(context, one, bins, value_of) for one in found]


def pocket_features(context: Context) -> list[Feature]:
    """The features that conditions may be about; those named that are not computed are passed over."""
    asked = context.config.opportunities.pockets
    named = asked.features
    chosen = [
        one for one in context.features
        if (one.family in _FAMILIES if named == "auto" else one.name in named)
    ]  # fmt: skip
    return chosen[: asked.most_features]


def _value_of(context: Context) -> str:
    """The column: clv where it is known of anybody, else what was spent; empty where neither is."""
    known = not context.lake.read(CUSTOMER_VALUE).where("clv IS NOT NULL").isEmpty()
    return _CLV if known else _SPEND if any(one.name == _SPEND for one in context.features) else ""


def _customers(context: Context, features: DataFrame, chosen: Sequence[Feature], value_of: str) -> DataFrame:
    """Everyone in a segment: half, value, orders of late and before, whether new; and the features of conditions."""
    if value_of == _CLV:
        value = context.lake.read(CUSTOMER_VALUE).select("customer_id", F.col("clv").alias("_value"))
        features = features.join(value, on="customer_id", how="left")
    else:
        features = features.withColumn("_value", F.col(_SPEND).cast("double"))
    half = F.pmod(F.xxhash64("customer_id", F.lit(context.config.opportunities.seed), F.lit("half")), F.lit(2))
    return features.select(
        "customer_id", "segment_id", half.cast("int").alias("_half"), F.coalesce("_value", F.lit(0.0)).alias("_value"),
        *_growth(context), *[F.col(quoted(one.name)) for one in chosen],
    )  # fmt: skip


def _growth(context: Context) -> list[Column]:
    short, long = sorted(context.config.features.windows_days)
    there = {one.name for one in context.features}
    zero = F.lit(0).cast("bigint")
    recent = F.coalesce(f"orders_count_{short}d", zero) if f"orders_count_{short}d" in there else zero
    both = F.coalesce(f"orders_count_{long}d", zero) if f"orders_count_{long}d" in there else zero
    tenure = F.col("tenure_days") if "tenure_days" in there else F.lit(None).cast("int")
    return [
        recent.alias("_recent"), F.greatest(both - recent, zero).alias("_earlier"), (tenure <= short).alias("_new"),
        ((tenure > short) & (tenure <= 2 * short)).alias("_new_before"),
    ]  # fmt: skip


def _bins(context: Context, customers: DataFrame, chosen: Sequence[Feature]) -> Bins:
    asked = context.config.opportunities
    numbers = [one.name for one in chosen if one.type != "STRING"]
    texts = [one.name for one in chosen if one.type == "STRING"]
    columns = [F.col(quoted(name)).cast("double").alias(name) for name in numbers]
    drawn = training_sample(customers, asked.pockets.sample, asked.seed)
    sample = drawn.select("segment_id", *columns, *map(F.col, map(quoted, texts))).toPandas()  # pockets.sample
    return bins_of(sample, numbers, texts, asked.pockets.bins, asked.pockets.values)


def _cuts(context: Context, bins: Bins) -> DataFrame:
    rows = [(segment, [list(one) for one in cuts]) for segment, cuts in bins.cuts.items()]
    return context.spark.createDataFrame(rows, "segment_id string, _cuts array<array<double>>")


def _kept(context: Context, tried: dict[str, list[int]]) -> DataFrame:
    return context.spark.createDataFrame(list(tried.items()), "segment_id string, kept array<int>")


def _row(context: Context, found: Found, bins: Bins, value_of: str) -> PocketRow:
    conditions = [bins.condition(found.segment_id, code) for code in found.conditions]
    own, rest = found.cell, found.rest
    short, long = sorted(context.config.features.windows_days)
    days = (long - short) / short
    growths = [one.orders.x / one.orders.y * days if one.orders.y else None for one in (own, rest)]
    return (
        found.segment_id, found.kind, " AND ".join(one.rule for one in conditions),
        " and ".join(described(context.feature(one.feature), one) for one in conditions),
        own.customers, own.customers / (own.customers + rest.customers), value_of,
        own.value.x / own.customers, rest.value.x / rest.customers, *growths, found.told.lift, *found.told.interval,
        own.new, own.new_before, found.q_value,
    )  # fmt: skip


def described(feature: Feature, condition: Condition) -> str:
    """A condition as people read it.

    Examples:
        >>> share = Feature("discount_share", "DOUBLE", "", "share", "share discounted", "", "")
        >>> described(share, Condition("discount_share", 0.1, 0.25)), described(share, Condition("discount_share", 0.1))
        ('share discounted above 10% up to 25%', 'share discounted above 10%')
    """
    if condition.value is not None:
        return f"{feature.label}: {condition.value}"
    low, high = (None if end is None else bare(end, feature.unit) for end in (condition.low, condition.high))
    ends = [f"above {low}" if low is not None else "", f"up to {high}" if high is not None else ""]
    return " ".join([feature.label, *filter(None, ends)])
