"""What every feature is: its unit, what null and zero mean, and how to say it to a person."""

from segspark.config.model import Features
from segspark.tables import Feature

_NO_ORDER = "has never bought"


def declared_features(settings: Features, currency: str) -> tuple[Feature, ...]:
    """The features that a configuration asks for, in the order of their columns.

    Examples:
        >>> [feature.name for feature in declared_features(Features(), "USD")][:3]
        ['recency_days', 'frequency', 'monetary_value']
    """
    return (
        *_rfm(currency),
        *_rhythm(),
        *_breadth(),
        *_category_shares(settings),
        *_recent(settings, currency),
        *_decayed(settings, currency),
        *_campaigns(),
    )


def _rfm(currency: str) -> tuple[Feature, ...]:
    return (
        Feature(
            "recency_days", "INT", "Days from the last purchase to as_of.", "days", "days since last purchase",
            _NO_ORDER, "never zero", "lapsing", "recently active",
            "last bought {value} ago (average {average})",
        ),
        Feature(
            "frequency", "BIGINT", "Distinct orders with a purchase; a return is not an order.", "orders", "orders",
            "never null", _NO_ORDER, "frequent", "infrequent", "buys {ratio} as often as the average customer",
        ),
        Feature(
            "monetary_value", "DECIMAL(38,4)", "Sum of amounts, net of returns.", currency, "spend, net of returns",
            "never null", "no net spend", "high-spending", "low-spending",
            "spends {ratio} as much as the average customer",
        ),
        Feature(
            "average_order_value", "DOUBLE", "monetary_value per order.", currency, "average order value",
            _NO_ORDER, "orders without net spend", "big-basket", "small-basket",
            "spends {value} an order (average {average})",
        ),
        Feature(
            "tenure_days", "INT", "Days from the first purchase to as_of.", "days", "days since first purchase",
            _NO_ORDER, "never zero", "long-standing", "recently-won",
            "first bought {value} ago (average {average})",
        ),
    )  # fmt: skip


def _rhythm() -> tuple[Feature, ...]:
    return (
        Feature(
            "order_gap_days_mean", "DOUBLE", "Mean days between consecutive orders.", "days", "days between orders",
            "fewer than two orders", "all orders on one day", "slow-paced", "fast-paced",
            "lets {value} pass between orders (average {average})",
        ),
        Feature(
            "order_gap_days_std", "DOUBLE", "Sample standard deviation of the days between consecutive orders.",
            "days", "deviation of days between orders", "fewer than three orders", "perfectly regular",
            "irregular", "regular", "deviates by {value} from the own rhythm (average {average})",
        ),
        Feature(
            "weekend_order_share", "DOUBLE", "Share of orders on Saturday or Sunday, business time.", "share",
            "orders at weekends", _NO_ORDER, "never at weekends", "weekend", "weekday",
            "places {value} of orders at weekends (average {average})",
        ),
    )  # fmt: skip


def _breadth() -> tuple[Feature, ...]:
    return (
        Feature(
            "products_per_order", "DOUBLE", "Mean number of distinct products in an order.", "products",
            "products an order", _NO_ORDER, "orders name no product", "stocking-up", "few-item",
            "buys {value} in an order (average {average})",
        ),
        Feature(
            "discount_share", "DOUBLE", "Discounts on purchases as a share of their price before discount.", "share",
            "discount share", "nothing to discount", "paid full price", "discount-seeking", "full-price",
            "gets {value} off the full price (average {average})",
        ),
        Feature(
            "distinct_categories", "BIGINT", "Distinct categories bought.", "categories", "categories bought",
            "never null", "no category known", "all-round", "specialised",
            "has bought in {value} (average {average})",
        ),
        Feature(
            "distinct_products", "BIGINT", "Distinct products bought.", "products", "products bought",
            "never null", "no product known", "variety-seeking", "few-product",
            "has bought {value} (average {average})",
        ),
        Feature(
            "category_entropy", "DOUBLE", "Shannon entropy of the shares of spend by category.", "nats",
            "entropy of categories", "no spend in a known category", "all spend in one category", "varied", "focused",
        ),
        Feature(
            "top_category_share", "DOUBLE", "Share of spend in the customer's own top category.", "share",
            "spend in top category", "no spend in a known category", "never zero", "one-category", "multi-category",
            "spends {value} in the favourite category (average {average})",
        ),
    )  # fmt: skip


def _category_shares(settings: Features) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            f"category_share_{name}", "DOUBLE", f"Share of spend in the category {category}.", "share",
            f"spend on {category.lower()}", "no spend in a known category", f"nothing in {category}",
            f"{name.replace('_', ' ')}-heavy", f"{name.replace('_', ' ')}-light",
            "spends {value} on " + category.lower().replace("{", "").replace("}", "") + " (average {average})",
        )
        for name, category in settings.category_shares.items()
    )  # fmt: skip


def _recent(settings: Features, currency: str) -> tuple[Feature, ...]:
    recent = tuple(
        feature
        for days in settings.windows_days
        for feature in (
            Feature(
                f"spend_sum_{days}d", "DECIMAL(38,4)", f"Sum of amounts in the last {days} days, net of returns.",
                currency, f"spend in {days} days", "never null", "no net spend then",
            ),
            Feature(
                f"orders_count_{days}d", "BIGINT", f"Orders in the last {days} days.", "orders",
                f"orders in {days} days", "never null", "no order then",
            ),
        )
    )  # fmt: skip
    longest = max(settings.windows_days)
    trend = Feature(
        f"spend_trend_{longest}d", "DOUBLE",
        f"Purchases of the last {longest} days against the {longest} before: difference over sum, -1 to 1.", "score",
        "spend trend", "no purchases in either", "no change", "growing", "declining",
    )  # fmt: skip
    return (*recent, trend)


def _decayed(settings: Features, currency: str) -> tuple[Feature, ...]:
    what = {
        "spend": ("Sum of amounts, net of returns, each halved", "no spend", currency),
        "orders": ("Orders, each counting half", "no orders", "orders"),
    }
    return tuple(
        Feature(
            f"{name}_decayed_{days}d", "DOUBLE", f"{what[name][0]} every {days} days of its age.",
            what[name][2], f"{name}, half-life {days} days", "never null", what[name][1],
        )
        for name, days in settings.half_lives.items()
    )  # fmt: skip


def _campaigns() -> tuple[Feature, ...]:
    return (
        Feature(
            "campaign_response_rate", "DOUBLE",
            "Campaigns responded to, of the campaigns that reached the customer.", "share", "campaign response rate",
            "no campaign reached the customer", "never responded", "campaign-responsive", "campaign-indifferent",
            "responds to {value} of campaigns (average {average})",
        ),
    )  # fmt: skip
