"""Campaigns: whom they reached, who answered, and which share of their costs each contact bears."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, ratio, units
from segspark.segments.periods import Unit, period_start

_COST = "try_cast(properties['cost'] AS DECIMAL(18,4))"


def campaign_days(events: DataFrame, contacts: Sequence[str], answers: Sequence[str]) -> DataFrame:
    """What customers had to do with campaigns, by day.

    Args:
        events: as features see them.
        contacts: event types that are contacts with a campaign.
        answers: event types that are answers to one.

    Returns:
        One row per customer_id, campaign_id and event_date: contacts, answers; net and margin of the lines that name
        the campaign, in ten-thousandths.
    """
    line = F.col("event_type").isin("purchase", "return")
    cost = units(F.expr(_COST)) * F.when(F.col("event_type") == "return", -1).otherwise(1)
    named = events.where("campaign_id IS NOT NULL").where(
        line | F.col("event_type").isin(*contacts) | F.col("event_type").isin(*answers)
    )
    return named.groupBy("customer_id", "campaign_id", "event_date").agg(
        F.count_if(F.col("event_type").isin(*contacts)).alias("contacts"),
        F.count_if(F.col("event_type").isin(*answers)).alias("answers"),
        _money(F.when(line, units(F.col("amount")))).alias("net"),
        _money(F.when(line, units(F.col("amount")) - cost)).alias("margin"),
    )


def contact_costs(contacts: DataFrame, campaigns: DataFrame) -> DataFrame:
    """What one contact of a campaign costs: the campaign's cost over all its contacts.

    Args:
        contacts: campaign_id of each, from the campaigns' beginnings on.
        campaigns: of the table, whose cost is known.

    Returns:
        One row per campaign_id with a known cost: contact_cost; null where it reached nobody yet.

    Examples:
        >>> contacts = spark.sql("SELECT explode(array('c', 'c', 'd')) AS campaign_id")
        >>> campaigns = spark.sql("SELECT 'c' AS campaign_id, 5.0 AS cost")
        >>> contact_costs(contacts, campaigns).first()[:]
        ('c', 2.5)
    """
    counted = contacts.groupBy("campaign_id").agg(F.count("*").alias("contacts"))
    priced = campaigns.where("cost IS NOT NULL").select("campaign_id", "cost")
    joined = priced.join(counted, on="campaign_id", how="left")
    return joined.select("campaign_id", ratio(F.col("cost"), F.col("contacts")).alias("contact_cost"))


def campaign_sums(days: DataFrame, costs: DataFrame, unit: Unit) -> DataFrame:
    """The sums that KPIs of campaigns are made of.

    A campaign that contacts a customer in two periods counts in both. It is answered by an answer on the day of the
    period's first contact or later.

    Args:
        days: of `campaign_days`, to as_of.
        costs: of `contact_costs`.
        unit: of the periods.

    Returns:
        One row per customer_id and period_start: reached, answered, campaign_cost in the reporting currency;
        campaign_net and campaign_margin in ten-thousandths.
    """
    keys = ["customer_id", "campaign_id"]
    last = days.where("answers > 0").groupBy(*keys).agg(F.max("event_date").alias("_answer"))
    started = F.min(F.when(F.col("contacts") > 0, F.col("event_date"))).alias("_contact")
    sums = [F.sum(name).alias(name) for name in ("contacts", "net", "margin")]
    by_period = days.groupBy(*keys, period_start(F.col("event_date"), unit).alias("period_start")).agg(started, *sums)
    told = by_period.join(last, on=keys, how="left").join(
        F.broadcast(costs.withColumn("_priced", F.lit(True))), on="campaign_id", how="left"
    )
    priced = F.col("_priced").isNotNull()
    return told.groupBy("customer_id", "period_start").agg(
        F.count("_contact").alias("reached"),
        F.count_if(F.col("_answer") >= F.col("_contact")).alias("answered"),
        F.coalesce(exact_sum(F.col("contacts") * F.col("contact_cost")), F.lit(0.0)).alias("campaign_cost"),
        _money(F.when(priced, F.col("net"))).alias("campaign_net"),
        _money(F.when(priced, F.col("margin"))).alias("campaign_margin"),
    )


def _money(value: Column) -> Column:
    return F.coalesce(F.sum(value), F.lit(0.0))
