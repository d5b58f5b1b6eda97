"""Campaigns: whether those who were reached responded."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import ratio
from segspark.config.model import Features


def campaign_features(events: DataFrame, settings: Features) -> DataFrame:
    """Response rate: campaigns responded to over campaigns that reached the customer; null where none did.

    A response to a campaign that is not known to have reached the customer does not count.

    Args:
        events: all event types, before as_of.

    Returns:
        One row per customer_id that any campaign event names.
    """
    exposed = F.bool_or(F.col("event_type").isin(settings.exposure_types))
    responded = F.bool_or(F.col("event_type").isin(settings.response_types))
    about_campaigns = F.col("event_type").isin([*settings.exposure_types, *settings.response_types])
    per_campaign = (
        events.where(about_campaigns & F.col("campaign_id").isNotNull())
        .groupBy("customer_id", "campaign_id")
        .agg(exposed.alias("exposed"), responded.alias("responded"))
    )
    return per_campaign.groupBy("customer_id").agg(
        ratio(F.count_if(F.col("exposed") & F.col("responded")), F.count_if("exposed")).alias("campaign_response_rate")
    )
