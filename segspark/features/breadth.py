"""Breadth: how many categories and products a customer buys, and how spend is spread over them."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import exact_sum, ratio
from segspark.config.model import Features


def category_spend(purchases: DataFrame) -> DataFrame:
    """Exact spend per customer and category; lines of unknown category are left out.

    Returns:
        One row per customer_id and category: spent.
    """
    known = purchases.where("category IS NOT NULL")
    return known.groupBy("customer_id", "category").agg(F.sum("amount").cast("decimal(38,4)").alias("spent"))


def category_features(by_category: DataFrame, settings: Features) -> DataFrame:
    """Number of categories, entropy and shares of spend.

    Args:
        by_category: as category_spend returns it.

    Returns:
        One row per customer_id.
    """
    total = F.sum("spent")
    spent = F.col("spent").cast("double")
    # With T the total: H = -sum(s/T * ln(s/T)) = ln T - sum(s ln s) / T, which needs no second pass.
    weighted = exact_sum(F.when(spent > 0, spent * F.ln(spent)))
    entropy = F.greatest(F.ln(total.cast("double")) - weighted / total.cast("double"), F.lit(0.0))
    return by_category.groupBy("customer_id").agg(
        F.count("*").alias("distinct_categories"),
        F.when(total > 0, entropy).alias("category_entropy"),
        ratio(F.max("spent"), total).alias("top_category_share"),
        *[
            _share(category, total).alias(f"category_share_{name}")
            for name, category in settings.category_shares.items()
        ],
    )


def product_features(purchases: DataFrame) -> DataFrame:
    """Number of distinct products bought.

    Returns:
        One row per customer_id.
    """
    return purchases.groupBy("customer_id").agg(F.count_distinct("product_id").alias("distinct_products"))


def _share(category: str, total: SparkColumn) -> SparkColumn:
    spent = F.sum(F.when(F.col("category") == category, F.col("spent")).otherwise(0))
    return ratio(spent, total)
