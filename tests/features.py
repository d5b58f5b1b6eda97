"""Features that tests make themselves."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.steps.context import Context


def with_unknown(context: Context, given: DataFrame) -> DataFrame:
    """Rows of customer_features from the columns that are given; all others are unknown."""
    columns = [
        (F.col(quoted(one.name)) if one.name in given.columns else F.lit(None)).cast(one.type).alias(one.name)
        for one in context.features_table.columns
    ]
    return given.select(*columns)
