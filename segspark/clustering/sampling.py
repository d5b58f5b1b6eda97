"""The training sample: the same customers whatever the partitioning, in one partition, in one order."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def training_sample(features: DataFrame, rows: int, seed: int) -> DataFrame:
    """The customers with the smallest hash of customer_id and seed, sorted, in one partition.

    Args:
        features: one row per customer_id.
        rows: the sample's size; all customers if there are fewer.
        seed: another seed draws another sample.

    Examples:
        >>> customers = spark.range(100).selectExpr("CAST(id AS STRING) AS customer_id")
        >>> one = training_sample(customers, 10, seed=1)
        >>> other = training_sample(customers.repartition(7), 10, seed=1)
        >>> one.collect() == other.collect(), one.count()
        (True, 10)
    """
    rank = F.xxhash64("customer_id", F.lit(seed))
    return features.withColumn("_rank", rank).orderBy("_rank", "customer_id").limit(rows).coalesce(1).drop("_rank")
