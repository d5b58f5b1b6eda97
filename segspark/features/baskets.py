"""Baskets: the products of an order or session, as sentences that embeddings are learnt from."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.config.features import Embeddings

_KEYS = {"orders": "order_id", "sessions": "session_id"}


def sentences(events: DataFrame, settings: Embeddings) -> DataFrame:
    """What was bought, or looked at, together.

    Returns:
        One row per customer_id and sentence (an order or session) of at least two products: products, a set.

    Examples:
        >>> events = spark.sql('''SELECT 'c' AS customer_id, 'purchase' AS event_type, o AS order_id, p AS product_id
        ...     FROM VALUES ('o1', 'tea'), ('o1', 'tea'), ('o1', 'cup'), ('o2', 'tea'), (NULL, 'cup') AS t(o, p)''')
        >>> [(row["sentence"], sorted(row["products"])) for row in sentences(events, Embeddings()).collect()]
        [('o1', ['cup', 'tea'])]
    """
    key = _KEYS[settings.of]
    # A line without an order_id is an order of its own, of one product: no sentence.
    lines = events.where(f"{key} IS NOT NULL AND product_id IS NOT NULL")
    lines = lines.where("event_type = 'purchase'") if settings.of == "orders" else lines
    together = lines.groupBy("customer_id", F.col(key).alias("sentence")).agg(
        F.collect_set("product_id").alias("products")
    )
    return together.where(F.size("products") > 1)


def sampled(sentences: DataFrame, rows: int, seed: int) -> DataFrame:
    """The sentences with the smallest hash, sorted by it, in one partition; products in an order by hash, too.

    In an order by name, products of like names would be neighbours more often than others, and seem alike.

    Examples:
        >>> one = spark.range(50).selectExpr("CAST(id AS STRING) AS customer_id", "'o' AS sentence",
        ...     "array('a', 'b', 'c') AS products")
        >>> first, again = sampled(one, 9, seed=1), sampled(one.repartition(7), 9, seed=1)
        >>> first.collect() == again.collect(), first.count()
        (True, 9)
    """

    def rank(*more: SparkColumn) -> SparkColumn:
        return F.xxhash64("customer_id", "sentence", F.lit(seed), *more)

    ranked = F.array_sort(F.transform("products", lambda one: F.struct(rank(one).alias("rank"), one.alias("id"))))
    mixed = sentences.withColumns({"products": F.transform(ranked, lambda one: one["id"]), "_rank": rank()})
    return mixed.orderBy("_rank", "customer_id", "sentence").limit(rows).coalesce(1).drop("_rank")
