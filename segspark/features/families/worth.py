"""What customers are worth, and at which price they buy: margin, returns, discounts, brands; scores of RFM."""

from segspark.features.families.sql import NEVER_NULL, NO_ORDER, count_feature, rate_feature
from segspark.tables import Feature


def scores() -> tuple[Feature, ...]:
    """Fifths by recency, frequency and monetary value, among those who bought; and the cell that they make."""
    recency = _fifth("datediff(as_of, orders_last)", "cut_recency", "6 - ")
    frequency, monetary = _fifth("orders", "cut_orders"), _fifth("CAST(net AS DOUBLE)", "cut_net")
    return (
        Feature("recency_score", "INT", "Fifth by recency, 5 the most recent.", "score", "recency score",
                NO_ORDER, "never zero", sql=recency),
        Feature("frequency_score", "INT", "Fifth by frequency, 5 the most frequent.", "score", "frequency score",
                NO_ORDER, "never zero", sql=frequency),
        Feature("monetary_score", "INT", "Fifth by monetary value, 5 the highest.", "score", "monetary score",
                NO_ORDER, "never zero", sql=monetary),
        Feature("rfm_cell", "STRING", "Named cell of the recency score and the mean of the other two.", "name",
                "RFM cell", NO_ORDER, "never zero", sql=_cell(recency, frequency, monetary)),
    )  # fmt: skip


def _fifth(value: str, cuts: str, minus: str = "") -> str:
    """1 to 5 by the four quintiles; a value equal to one is below it."""
    above = " + ".join(f"CAST({value} > {cuts}[{index}] AS INT)" for index in range(4))
    return f"IF(orders > 0, {minus}(1 + {above}), NULL)"


# The usual eleven, from the first that fits: recency score, mean of frequency and monetary score.
_CELLS = (
    ("champions", "{r} >= 5 AND {fm} >= 4"),
    ("loyal customers", "{r} >= 3 AND {fm} >= 4"),
    ("cannot lose them", "{r} <= 1 AND {fm} >= 4"),
    ("at risk", "{r} <= 2 AND {fm} >= 2.5"),
    ("potential loyalists", "{r} >= 4 AND {fm} >= 2"),
    ("need attention", "{r} >= 3 AND {fm} >= 2.5"),
    ("new customers", "{r} >= 5"),
    ("promising", "{r} >= 4"),
    ("about to sleep", "{r} >= 3"),
    ("hibernating", "{r} >= 2 OR {fm} >= 1.5"),
    ("lost", "TRUE"),
)


def _cell(recency: str, frequency: str, monetary: str) -> str:
    both = f"((({frequency}) + ({monetary})) / 2.0D)"
    cases = " ".join(f"WHEN {when.format(r=f'({recency})', fm=both)} THEN '{name}'" for name, when in _CELLS)
    return f"IF(orders > 0, CASE {cases} END, NULL)"


def value(currency: str) -> tuple[Feature, ...]:
    """Margin where costs are known, returns, value of a line."""
    return (
        Feature("margin", "DECIMAL(38,4)", "Amounts less costs, of the lines whose cost is known.", currency, "margin",
                NEVER_NULL, "no cost known, or no margin", sql="costed - cost"),
        rate_feature("margin_share", "Margin as a share of the amounts whose cost is known.", "margin share",
                     "costed - cost", "costed", "no cost is known", "sold at cost", "amounts whose cost is known"),
        rate_feature("return_share", "Amounts returned as a share of amounts bought.", "share returned",
                     "returned", "gross", "has bought nothing", "never returned", "amounts bought"),
        count_feature("returns_count", "Lines returned.", "lines", "lines returned", "returns", "never returned"),
        rate_feature("line_value_mean", "Mean amount of a line bought.", "amount of a line", "gross", "purchases",
                     "has bought nothing", "lines for nothing", "lines bought", unit=currency),
    )  # fmt: skip


def price() -> tuple[Feature, ...]:
    """Sensitivity to price: how often and how deep at a discount, and coupons."""
    return (
        rate_feature("discounted_line_share", "Share of the lines bought at a discount.", "lines at a discount",
                     "discounted_lines", "purchases", NO_ORDER, "never at a discount", "lines bought"),
        rate_feature("full_price_share", "Share of spend on lines without a discount.", "spend at full price",
                     "gross - discounted_gross", "gross", "has spent nothing", "only at a discount", "spend"),
        rate_feature("discount_depth", "Discount as a share of the full price, of the lines bought at a discount.",
                     "depth of discounts", "discounted_saved", "discounted_gross + discounted_saved",
                     "never bought at a discount", "never zero", "full price of the lines at a discount"),
        rate_feature("coupons_per_order", "Coupons redeemed per order.", "coupons an order", "coupons", "orders",
                     NO_ORDER, "no coupon", "orders", unit="coupons"),
    )  # fmt: skip


def preference() -> tuple[Feature, ...]:
    """Favourites: category, brand, private labels. Brands are those that `products` names now."""
    return (
        Feature("top_category", "STRING", "Category of most spend.", "name", "favourite category",
                "no spend in a known category", "never zero", sql="category_top"),
        rate_feature("brand_loyalty", "Share of spend on the customer's own top brand.", "spend on favourite brand",
                     "brand_top_amount", "brand_amount", "no spend on a known brand", "never zero",
                     "spend on known brands"),
        rate_feature("private_label_share", "Share of spend on private labels (features.private_label).",
                     "spend on private labels", "private_label_amount", "brand_amount", "no spend on a known brand",
                     "no private label", "spend on known brands"),
    )  # fmt: skip
