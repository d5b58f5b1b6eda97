"""What and how customers buy: recency, frequency, value, rhythm, breadth, and how that changes."""

from segspark.config.features import Features
from segspark.features.families.sql import NEVER_NULL, NO_ORDER, days_since, rate
from segspark.tables import Feature


def rfm(currency: str) -> tuple[Feature, ...]:
    """Recency, frequency, monetary value; value of an order; tenure."""
    return (
        Feature(
            "recency_days", "INT", "Days from the last purchase to as_of.", "days", "days since last purchase",
            NO_ORDER, "never zero", "lapsing", "recently active",
            "last bought {value} ago (average {average})", days_since("orders_last"),
        ),
        Feature(
            "frequency", "BIGINT", "Distinct orders with a purchase; a return is not an order.", "orders", "orders",
            NEVER_NULL, NO_ORDER, "frequent", "infrequent", "buys {ratio} as often as the average customer", "orders",
        ),
        Feature(
            "monetary_value", "DECIMAL(38,4)", "Sum of amounts, net of returns.", currency, "spend, net of returns",
            NEVER_NULL, "no net spend", "high-spending", "low-spending",
            "spends {ratio} as much as the average customer", "net",
        ),
        Feature(
            "average_order_value", "DOUBLE", "monetary_value per order.", currency, "average order value",
            NO_ORDER, "orders without net spend", "big-basket", "small-basket",
            "spends {value} an order (average {average})", rate("net", "orders"), denominator="orders",
        ),
        Feature(
            "tenure_days", "INT", "Days from the first purchase to as_of.", "days", "days since first purchase",
            NO_ORDER, "never zero", "long-standing", "recently-won",
            "first bought {value} ago (average {average})", days_since("orders_first"),
        ),
    )  # fmt: skip


def rhythm() -> tuple[Feature, ...]:
    """Gaps between orders, and days of the week."""
    span, gaps = "CAST(datediff(orders_last, orders_first) AS DOUBLE)", "(orders - 1)"
    # Whole numbers below 2**53: no order of rows changes a bit.
    variance = f"({gaps} * CAST(order_gap_squares AS DOUBLE) - {span} * {span}) / ({gaps} * ({gaps} - 1.0D))"
    return (
        Feature(
            "order_gap_days_mean", "DOUBLE", "Mean days between consecutive orders.", "days", "days between orders",
            "fewer than two orders", "all orders on one day", "slow-paced", "fast-paced",
            "lets {value} pass between orders (average {average})", f"IF(orders > 1, {span} / {gaps}, NULL)",
            denominator="orders but the first",
        ),
        Feature(
            "order_gap_days_std", "DOUBLE", "Sample standard deviation of the days between consecutive orders.",
            "days", "deviation of days between orders", "fewer than three orders", "perfectly regular",
            "irregular", "regular", "deviates by {value} from the own rhythm (average {average})",
            f"IF(orders > 2, sqrt(greatest({variance}, 0.0D)), NULL)",
        ),
        Feature(
            "weekend_order_share", "DOUBLE", "Share of orders on Saturday or Sunday, business time.", "share",
            "orders at weekends", NO_ORDER, "never at weekends", "weekend", "weekday",
            "places {value} of orders at weekends (average {average})", rate("weekend_orders", "orders"),
            denominator="orders",
        ),
    )  # fmt: skip


def breadth(settings: Features) -> tuple[Feature, ...]:
    """How much is in an order, at which discount, and how spend is spread over categories and products."""
    return (
        Feature(
            "products_per_order", "DOUBLE", "Mean number of distinct products in an order.", "products",
            "products an order", NO_ORDER, "orders name no product", "stocking-up", "few-item",
            "buys {value} in an order (average {average})", rate("order_products", "orders"), denominator="orders",
        ),
        Feature(
            "discount_share", "DOUBLE", "Discounts on purchases as a share of their price before discount.", "share",
            "discount share", "nothing to discount", "paid full price", "discount-seeking", "full-price",
            "gets {value} off the full price (average {average})", rate("saved", "gross + saved"),
            denominator="price of purchases before discount",
        ),
        Feature(
            "distinct_categories", "BIGINT", "Distinct categories bought.", "categories", "categories bought",
            NEVER_NULL, "no category known", "all-round", "specialised",
            "has bought in {value} (average {average})", "category_values",
        ),
        Feature(
            "distinct_products", "BIGINT", "Distinct products bought.", "products", "products bought",
            NEVER_NULL, "no product known", "variety-seeking", "few-product",
            "has bought {value} (average {average})", "product_values",
        ),
        Feature(
            "category_entropy", "DOUBLE", "Shannon entropy of the shares of spend by category.", "nats",
            "entropy of categories", "no spend in a known category", "all spend in one category", "varied", "focused",
            sql="category_entropy",
        ),
        Feature(
            "top_category_share", "DOUBLE", "Share of spend in the customer's own top category.", "share",
            "spend in top category", "no spend in a known category", "never zero", "one-category", "multi-category",
            "spends {value} in the favourite category (average {average})",
            rate("category_top_amount", "category_amount"), denominator="spend in known categories",
        ),
        *_category_shares(settings),
    )  # fmt: skip


def _category_shares(settings: Features) -> tuple[Feature, ...]:
    return tuple(
        Feature(
            f"category_share_{name}", "DOUBLE", f"Share of spend in the category {category}.", "share",
            f"spend on {category.lower()}", "no spend in a known category", f"nothing in {category}",
            f"{name.replace('_', ' ')}-heavy", f"{name.replace('_', ' ')}-light",
            "spends {value} on " + category.lower().replace("{", "").replace("}", "") + " (average {average})",
            rate(f"category_amount_{name}", "category_amount"), denominator="spend in known categories",
        )
        for name, category in settings.category_shares.items()
    )  # fmt: skip


def recent(settings: Features, currency: str) -> tuple[Feature, ...]:
    """Spend and orders of late: in windows, against the time before, and halved with age."""
    windows = tuple(
        feature
        for days in settings.windows_days
        for feature in (
            Feature(
                f"spend_sum_{days}d", "DECIMAL(38,4)", f"Sum of amounts in the last {days} days, net of returns.",
                currency, f"spend in {days} days", NEVER_NULL, "no net spend then", sql=f"net_{days}d",
            ),
            Feature(
                f"orders_count_{days}d", "BIGINT", f"Orders in the last {days} days.", "orders",
                f"orders in {days} days", NEVER_NULL, "no order then", sql=f"orders_{days}d",
            ),
        )
    )  # fmt: skip
    longest = max(settings.windows_days)
    both = f"gross_{2 * longest}d"
    trend = Feature(
        f"spend_trend_{longest}d", "DOUBLE",
        f"Purchases of the last {longest} days against the {longest} before: difference over sum, -1 to 1.", "score",
        "spend trend", "no purchases in either", "no change", "growing", "declining",
        sql=rate(f"2 * gross_{longest}d - {both}", both), denominator=f"purchases of {2 * longest} days",
    )  # fmt: skip
    return (*windows, trend, *_decayed(settings, currency))


def _decayed(settings: Features, currency: str) -> tuple[Feature, ...]:
    what = {
        "spend": ("Sum of amounts, net of returns, each halved", "no spend", currency, "net"),
        "orders": ("Orders, each counting half", "no orders", "orders", "orders"),
    }
    return tuple(
        Feature(
            f"{name}_decayed_{days}d", "DOUBLE", f"{what[name][0]} every {days} days of its age.",
            what[name][2], f"{name}, half-life {days} days", NEVER_NULL, what[name][1],
            sql=f"{what[name][3]}_decayed_{days}d",
        )
        for name, days in settings.half_lives.items()
    )  # fmt: skip


def campaigns() -> tuple[Feature, ...]:
    """Whether those who were reached responded."""
    return (
        Feature(
            "campaign_response_rate", "DOUBLE",
            "Campaigns responded to, of the campaigns that reached the customer.", "share", "campaign response rate",
            "no campaign reached the customer", "never responded", "campaign-responsive", "campaign-indifferent",
            "responds to {value} of campaigns (average {average})", rate("campaigns_answered", "campaigns_reached"),
            denominator="campaigns that reached the customer",
        ),
    )  # fmt: skip
