"""Dimensions: what a customer's events are spread over: categories, products, channels, campaigns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, units
from segspark.config.features import Features
from segspark.features.measures import is_one_of, total_of


@dataclass(frozen=True)
class Dimension:
    """Something that events have one of many values of.

    Attributes:
        value: Spark SQL expression; events for which it is null are left out.
        when: Spark SQL condition over its events.
        dated: whether a value is kept for each day, before it: `2026-01-31 C7`.
    """

    name: str
    value: str
    when: str = "TRUE"
    dated: bool = False


REACHED, ANSWERED = "campaign_reached", "campaign_answered"


def dimensions(settings: Features) -> dict[str, Dimension]:
    """Everything that events can be spread over, by name; only what features ask for is kept."""
    bought = "event_type = 'purchase'"
    found = (
        Dimension("category", "category", bought),
        Dimension("product", "product_id", bought),
        Dimension("channel", "channel"),
        Dimension(REACHED, "campaign_id", is_one_of(settings.exposure_types), dated=True),
        Dimension(ANSWERED, "campaign_id", is_one_of(settings.response_types), dated=True),
    )
    return {one.name: one for one in found}


def dimension_rows(events: DataFrame, wanted: Iterable[Dimension], who: Sequence[str]) -> DataFrame:
    """Events and amounts by customer, dimension and value.

    Returns:
        One row per who, dimension and value: events, amount (of purchases and returns, in ten-thousandths).

    Examples:
        >>> events = spark.sql('''SELECT 'c' AS customer_id, 'purchase' AS event_type, k AS category,
        ...     a::DECIMAL(18,4) AS amount FROM VALUES ('tea', 1), ('tea', 2), (NULL, 4) AS t(k, a)''')
        >>> dimension_rows(events, [dimensions(Features())["category"]], ["customer_id"]).first()[:]
        ('c', 'category', 'tea', 2, 30000.0)
    """
    return reduce(DataFrame.unionByName, [_rows(events, one, who) for one in wanted])


def totals(rows: DataFrame, who: Sequence[str]) -> DataFrame:
    """Rows of one value added up.

    Returns:
        One row per who, dimension and value: events, amount.

    Examples:
        >>> rows = spark.sql('''SELECT 'c' AS customer_id, 'category' AS dimension, 'tea' AS value, e AS events,
        ...     2D AS amount FROM VALUES (3), (-1) AS t(e)''')
        >>> totals(rows, ["customer_id"]).first()[:]
        ('c', 'category', 'tea', 2, 4.0)
    """
    sums = [F.sum(name).alias(name) for name in ("events", "amount")]
    return rows.groupBy(*who, "dimension", "value").agg(*sums)


def _rows(events: DataFrame, one: Dimension, who: Sequence[str]) -> DataFrame:
    dated = F.concat(F.col("event_date").cast("string"), F.lit(" "), F.expr(one.value)) if one.dated else None
    money = F.when(F.col("event_type").isin("purchase", "return"), units(F.col("amount")))
    lines = events.where(one.when).select(
        *who, (F.expr(one.value) if dated is None else dated).alias("value"), money.alias("amount")
    )
    grouped = lines.where("value IS NOT NULL").groupBy(*who, "value")
    counted = grouped.agg(F.count("*").alias("events"), total_of(F.col("amount")).alias("amount"))
    return counted.select(*who, F.lit(one.name).alias("dimension"), "value", "events", "amount")


@dataclass(frozen=True)
class Summary:
    """What the values of dimensions say of a customer, in one number or word.

    Attributes:
        sources: dimensions that it is computed from.
    """

    name: str
    type: str
    comment: str
    sources: tuple[str, ...]


def summaries(settings: Features) -> dict[str, Summary]:
    """Everything that can be said of dimensions, by name."""
    campaigns = (REACHED, ANSWERED)
    found = [
        Summary("category_values", "BIGINT", "Distinct categories bought.", ("category",)),
        Summary("category_amount", "DOUBLE", "Spend in known categories.", ("category",)),
        Summary("category_entropy", "DOUBLE", "Shannon entropy of spend by category, nats.", ("category",)),
        Summary("category_top_amount", "DOUBLE", "Spend in the top category.", ("category",)),
        Summary("category_top", "STRING", "Category of most spend.", ("category",)),
        Summary("product_values", "BIGINT", "Distinct products bought.", ("product",)),
        Summary("brand_amount", "DOUBLE", "Spend on known brands.", ("product",)),
        Summary("brand_top_amount", "DOUBLE", "Spend on the top brand.", ("product",)),
        Summary("private_label_amount", "DOUBLE", "Spend on private labels.", ("product",)),
        Summary("channel_values", "BIGINT", "Distinct channels of events.", ("channel",)),
        Summary("channel_events", "BIGINT", "Events in a known channel.", ("channel",)),
        Summary("channel_top_events", "BIGINT", "Events in the channel of most events.", ("channel",)),
        Summary("channel_top", "STRING", "Channel of most events.", ("channel",)),
        Summary("campaigns_reached", "BIGINT", "Campaigns that reached the customer.", campaigns),
        Summary("campaigns_answered", "BIGINT", "Those of them that were answered.", campaigns),
        Summary("campaigns_answered_later", "BIGINT", "Those answered on the day of contact or later.", campaigns),
        Summary("campaign_days", "BIGINT", "Days from contact to answer, summed over these.", campaigns),
    ]
    found += [
        Summary(f"category_amount_{name}", "DOUBLE", f"Spend in the category {category}.", ("category",))
        for name, category in settings.category_shares.items()
    ]
    found += [
        Summary(f"channel_events_{name}", "BIGINT", f"Events in the channel {channel}.", ("channel",))
        for name, channel in settings.channel_shares.items()
    ]
    return {one.name: one for one in found}


def summarised(
    rows: DataFrame, products: DataFrame, wanted: Sequence[Summary], settings: Features, who: Sequence[str]
) -> DataFrame:
    """The summaries of every customer who has a value in any of their dimensions.

    Args:
        rows: as dimension_rows returns them.
        products: product_id, brand and what `features.private_label` names.
        wanted: summaries.

    Returns:
        One row per who: a column per summary; null where the customer has no value.
    """
    names = {one.name for one in wanted}
    plain = {name: column for name, column in _plain(settings).items() if name in names}
    parts = [rows.groupBy(*who).agg(*[column.alias(name) for name, column in plain.items()])] if plain else []
    if names & BRANDS:
        parts.append(_brands(rows, products, settings, who))
    if names & CAMPAIGNS:
        parts.append(_campaigns(rows, who))
    joined = reduce(lambda left, right: left.join(right, on=list(who), how="full"), parts)
    return joined.select(*who, *[F.col(one.name).cast(one.type).alias(one.name) for one in wanted])


BRANDS = {"brand_amount", "brand_top_amount", "private_label_amount"}
CAMPAIGNS = {"campaigns_reached", "campaigns_answered", "campaigns_answered_later", "campaign_days"}


def _plain(settings: Features) -> dict[str, SparkColumn]:
    """The summaries that one pass over a customer's rows gives."""
    category, product, channel = (F.col("dimension") == name for name in ("category", "product", "channel"))
    amount, events, value = F.col("amount"), F.col("events"), F.col("value")
    spent = F.when(category, amount)
    total, positive = F.sum(spent) / 10_000, F.when(category & (amount > 0), amount / 10_000)
    # With T the total: H = -sum(s/T * ln(s/T)) = ln T - sum(s ln s) / T, which needs no second pass.
    weighted = exact_sum(positive * F.ln(positive))
    entropy = F.greatest(F.ln(total) - weighted / total, F.lit(0.0))
    return {
        "category_values": F.count_if(category),
        "category_amount": total_of(spent),
        "category_entropy": F.when(total > 0, entropy),
        "category_top_amount": F.max(spent),
        "category_top": F.max(F.when(category & (amount > 0), F.struct(amount, value)))["value"],
        "product_values": F.count_if(product),
        "channel_values": F.count_if(channel),
        "channel_events": F.sum(F.when(channel, events)),
        "channel_top_events": F.max(F.when(channel, events)),
        "channel_top": F.max(F.when(channel, F.struct(events, value)))["value"],
        **{
            f"category_amount_{name}": total_of(F.when(category & (value == one), amount))
            for name, one in settings.category_shares.items()
        },
        **{
            f"channel_events_{name}": F.coalesce(F.sum(F.when(channel & (value == one), events)), F.lit(0))
            for name, one in settings.channel_shares.items()
        },
    }


def _brands(rows: DataFrame, products: DataFrame, settings: Features, who: Sequence[str]) -> DataFrame:
    private = F.coalesce(F.expr(settings.private_label), F.lit(False)) if settings.private_label else F.lit(False)
    known = products.where("brand IS NOT NULL").select(
        F.col("product_id").alias("value"), F.col("brand").alias("_brand"), private.alias("_private")
    )
    bought = rows.where("dimension = 'product'").join(known, on="value", how="inner")
    by_brand = bought.groupBy(*who, "_brand").agg(
        total_of(F.col("amount")).alias("_spent"),
        total_of(F.when(F.col("_private"), F.col("amount"))).alias("_own"),
    )
    return by_brand.groupBy(*who).agg(
        total_of(F.col("_spent")).alias("brand_amount"),
        F.max("_spent").alias("brand_top_amount"),
        total_of(F.col("_own")).alias("private_label_amount"),
    )


def _campaigns(rows: DataFrame, who: Sequence[str]) -> DataFrame:
    """Campaigns that reached a customer; an answer to one that did not does not count."""
    day, campaign = F.substring("value", 1, 10).cast("date"), F.expr("substring(value, 12)")
    about = rows.where(F.col("dimension").isin(REACHED, ANSWERED))
    per_campaign = about.groupBy(*who, campaign.alias("_campaign")).agg(
        F.min(F.when(F.col("dimension") == REACHED, day)).alias("_reached"),
        F.min(F.when(F.col("dimension") == ANSWERED, day)).alias("_answered"),
    )
    reached = per_campaign.where("_reached IS NOT NULL")
    days = F.datediff("_answered", "_reached")
    return reached.groupBy(*who).agg(
        F.count("*").alias("campaigns_reached"),
        F.count("_answered").alias("campaigns_answered"),
        F.count_if(days >= 0).alias("campaigns_answered_later"),
        F.coalesce(F.sum(F.when(days >= 0, days)), F.lit(0)).alias("campaign_days"),
    )
