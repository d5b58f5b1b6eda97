"""Objectives: what a segmentation is for, the KPI it is judged by in the next period, and inputs that go with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from segspark.config.clustering import Goal, Objective


@dataclass(frozen=True)
class Kpi:
    """What a customer does in the next period.

    Attributes:
        sql: Spark SQL over `then`, the features at the period's start, and `now`, those at its end; a number or truth.
        words: what it is, for people.
    """

    sql: str
    words: str


KPIS: Mapping[str, Kpi] = {
    "repeat_rate": Kpi("now.frequency > then.frequency", "buys again"),
    "orders": Kpi("now.frequency - then.frequency", "orders"),
    "revenue": Kpi("now.monetary_value - then.monetary_value", "amount bought, net of returns"),
    "margin": Kpi("now.margin - then.margin", "margin"),
    "new_categories": Kpi("now.distinct_categories - then.distinct_categories", "categories bought for the first time"),
    "visits": Kpi("now.visits_count - then.visits_count", "visits"),
    "response_rate": Kpi("now.campaign_response_rate", "share of campaigns responded to"),
    "rating": Kpi("now.rating_mean", "mean rating"),
}


@dataclass(frozen=True)
class Preset:
    """What goes with a goal.

    Attributes:
        kpi: that it is judged by, unless the configuration names one.
        inputs: features that bear on it, with their weights.
    """

    kpi: str
    inputs: Mapping[str, float]


PRESETS: Mapping[Goal, Preset] = {
    "retention": Preset(
        "repeat_rate",
        {
            "recency_days": 1.5,
            "frequency": 1.0,
            "order_gap_days_std": 1.0,
            "spend_trend_90d": 1.0,
            "tenure_days": 0.5,
            "average_order_value": 0.5,
            "days_since_visit": 1.0,
            "support_contacts_count_90d": 0.5,
        },
    ),
    "cross_sell": Preset(
        "new_categories",
        {
            "category_entropy": 1.5,
            "products_per_order": 1.0,
            "top_category_share": 1.0,
            "brand_loyalty": 1.0,
            "private_label_share": 1.0,
            "frequency": 1.0,
            "average_order_value": 0.5,
        },
    ),
    "acquisition_cost": Preset(
        "revenue",
        {
            "monetary_value": 1.5,
            "average_order_value": 1.0,
            "margin_share": 1.0,
            "discount_share": 1.0,
            "coupons_per_order": 0.5,
            "campaign_response_rate": 1.0,
            "tenure_days": 0.5,
        },
    ),
    "media_spend": Preset(
        "revenue",
        {
            "campaign_response_rate": 1.5,
            "open_rate": 1.0,
            "click_rate": 1.0,
            "ad_click_rate": 1.0,
            "top_channel_share": 0.5,
            "channels_used": 0.5,
            "frequency": 1.0,
            "recency_days": 1.0,
            "discount_share": 1.0,
        },
    ),
    "satisfaction": Preset(
        "rating",
        {
            "rating_mean": 1.5,
            "sentiment_mean": 1.0,
            "support_contacts_count": 1.0,
            "return_share": 1.0,
            "frequency": 0.5,
            "recency_days": 0.5,
        },
    ),
}


def kpi_of(objective: Objective) -> Kpi:
    """The KPI of an objective: a named one, the goal's own, or an expression as it stands.

    Examples:
        >>> kpi_of(Objective(goal="retention")).sql
        'now.frequency > then.frequency'
        >>> kpi_of(Objective(kpi="now.frequency > 5")).words
        'now.frequency > 5'
    """
    asked = objective.kpi or PRESETS[objective.goal].kpi
    return KPIS.get(asked, Kpi(asked, asked))


def preset_inputs(objective: Objective, there: Collection[str]) -> dict[str, float]:
    """Weights of the inputs that go with an objective, of the features that are there.

    Examples:
        >>> preset_inputs(Objective(goal="satisfaction"), ["frequency", "rating_mean"])
        {'rating_mean': 1.5, 'frequency': 0.5}
    """
    return {name: weight for name, weight in PRESETS[objective.goal].inputs.items() if name in there}


MANAGEABLE = 7  # segments that a team can tell apart and act on; the project's own aim is 3 to 7
STALE_DAYS = 7


def mistakes(families: Mapping[str, str], most_segments: int, quiet_days: float | None) -> list[str]:
    """Known mistakes in how a segmentation is asked for, in words.

    Args:
        families: of the inputs, by name.
        most_segments: that may be chosen.
        quiet_days: days from anyone's last purchase to as_of; None if unknown.

    Examples:
        >>> for one in mistakes({"income": "attributes"}, 12, 30.0):
        ...     print(one.partition(":")[0])
        only attributes are inputs
        12 segments may be chosen
        the last purchase of anyone is 30 days before as_of
    """
    found = []
    if families and set(families.values()) == {"attributes"}:
        found.append(
            "only attributes are inputs: who customers are says little of what they do; add features of behaviour "
            "(clustering.inputs)"
        )
    if most_segments > MANAGEABLE:
        found.append(
            f"{most_segments} segments may be chosen: hardly a team can act on more than {MANAGEABLE} "
            "(clustering.manageable)"
        )
    if quiet_days is not None and quiet_days > STALE_DAYS:
        found.append(
            f"the last purchase of anyone is {quiet_days:.0f} days before as_of: either as_of is late, or the sources "
            "have stopped; run segspark ingest"
        )
    return found
