"""Product embeddings: where products lie among those that are bought together, learnt from orders or sessions.

Item2vec (Barkan and Koenigstein, 2016): word2vec with orders for sentences and products for words; Spark's word2vec has
a hierarchical softmax. Then the principal components of what customers buy: a projection is linear, so that the mean of
the projected products of a customer is the projection of their mean.
"""

from collections.abc import Callable

from pyspark.ml.feature import PCA, Word2Vec
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.stat import Summarizer
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.config.features import Embeddings
from segspark.errors import BadInputError
from segspark.features.baskets import sampled, sentences

_FEWEST = 100  # orders or sessions: fewer say nothing of tastes
_LONGEST = 1000  # products of a sentence; what is longer is cut
_BOUGHT = "event_type = 'purchase'"


def product_embeddings(
    events: DataFrame, settings: Embeddings, seed: int, at_hand: Callable[[DataFrame], DataFrame] = lambda frame: frame
) -> DataFrame:
    """Learn where products lie; a function of the events, settings and seed, whatever the events' partitioning.

    Args:
        events: of the table, those before a date.
        settings: features.embeddings.
        seed: of the samples and of the fit.
        at_hand: keeps a frame that is read several times.

    Returns:
        One row per product_id that has a vector: components, a list of settings.components doubles.

    Raises:
        BadInputError: there is too little to learn from.
    """
    baskets = at_hand(sampled(sentences(events, settings), settings.baskets, seed))
    _check_products(baskets, settings)
    vectors = at_hand(product_vectors(baskets, settings, seed))
    tastes = at_hand(customer_means(events, vectors, settings, seed))
    _check_customers(tastes, settings)
    return principal_components(vectors, tastes, settings.components)


def product_vectors(baskets: DataFrame, settings: Embeddings, seed: int) -> DataFrame:
    """Vectors of the products that are in at least settings.min_count sentences.

    Args:
        baskets: as `sampled` returns them. Spark learns one partition at a time, so that one partition is one result.

    Returns:
        One row per product_id: vector, a list of settings.vector_size doubles.
    """
    learner = Word2Vec(
        vectorSize=settings.vector_size, minCount=settings.min_count, numPartitions=1, maxIter=settings.iterations,
        windowSize=settings.window, maxSentenceLength=_LONGEST, seed=seed, inputCol="products", outputCol="_vector",
    )  # fmt: skip
    learnt = learner.fit(baskets).getVectors()
    return learnt.select(F.col("word").alias("product_id"), vector_to_array(F.col("vector")).alias("vector"))


def customer_means(events: DataFrame, vectors: DataFrame, settings: Embeddings, seed: int) -> DataFrame:
    """The mean vector of all lines that a customer bought, of a sample of customers.

    Returns:
        One row per customer_id, sorted by hash, in one partition: vector.

    Examples:
        >>> events = spark.sql('''SELECT 'c' AS customer_id, 'purchase' AS event_type, p AS product_id
        ...     FROM VALUES ('tea'), ('tea'), ('cup'), ('unknown') AS t(p)''')
        >>> vectors = spark.sql("SELECT p AS product_id, v AS vector FROM VALUES ('tea', array(3D, 0D)), "
        ...     "('cup', array(0D, 6D)) AS t(p, v)")
        >>> customer_means(events, vectors, Embeddings(vector_size=2, components=1), seed=1).first()["vector"]
        [2.0, 2.0]
    """
    rank = [F.xxhash64("customer_id", F.lit(seed)), F.col("customer_id")]
    lines = events.where(_BOUGHT).select("customer_id", "product_id")
    lines = lines.join(F.broadcast(vectors.select("product_id")), on="product_id", how="left_semi")
    who = lines.select("customer_id").distinct().orderBy(*rank).limit(settings.customers)
    theirs = lines.join(F.broadcast(who), on="customer_id", how="left_semi")
    counted = theirs.groupBy("customer_id", "product_id").count()
    each = F.struct("product_id", "count", "vector")
    listed = counted.join(F.broadcast(vectors), on="product_id", how="inner").groupBy("customer_id")
    rows = listed.agg(F.sort_array(F.collect_list(each)).alias("bought"), F.sum("count").alias("lines"))
    # Added up in the order of product_id: no order of rows changes a bit.
    zeros = F.array_repeat(F.lit(0.0), settings.vector_size)
    total = F.aggregate("bought", zeros, _plus)
    means = rows.select("customer_id", F.transform(total, lambda one: one / F.col("lines")).alias("vector"))
    return means.orderBy(*rank).limit(settings.customers).coalesce(1)


def _plus(total: SparkColumn, one: SparkColumn) -> SparkColumn:
    return F.zip_with(total, one["vector"], lambda a, b: a + one["count"] * b)


def principal_components(vectors: DataFrame, tastes: DataFrame, components: int) -> DataFrame:
    """Products' vectors, less the mean of customers', along the directions in which customers differ most.

    Args:
        vectors: product_id, vector.
        tastes: vector; in one partition.
        components: how many directions. Of each, the largest loading is positive: its sign would be by chance.

    Returns:
        One row per product_id: components.

    Examples:
        >>> tastes = spark.sql("SELECT v AS vector FROM VALUES (array(1D, 2D)), (array(1D, -4D)) AS t(v)").coalesce(1)
        >>> vectors = spark.sql("SELECT 'tea' AS product_id, array(7D, 3D) AS vector")
        >>> principal_components(vectors, tastes, 1).first()["components"]
        [4.0]
    """
    dense = tastes.select(array_to_vector(F.col("vector")).alias("vector"))
    fitted = PCA(k=components, inputCol="vector", outputCol="projected").fit(dense)
    loadings = fitted.pc.toArray()  # vector_size x components
    centre = dense.select(Summarizer.mean(F.col("vector")).alias("mean")).collect()[0]["mean"].toArray()  # one row
    offsets = (centre @ loadings).tolist()
    largest = abs(loadings).argmax(axis=0)
    signs = [1.0 if loadings[at, number] >= 0 else -1.0 for number, at in enumerate(largest)]
    projected = fitted.transform(vectors.withColumn("vector", array_to_vector(F.col("vector"))))
    along = vector_to_array(F.col("projected"))
    moved = [(along[at] - F.lit(offsets[at])) * F.lit(signs[at]) for at in range(components)]
    return projected.select("product_id", F.array(*moved).alias("components"))


def _check_products(baskets: DataFrame, settings: Embeddings) -> None:
    found = baskets.count()
    often = baskets.select(F.explode("products").alias("product_id")).groupBy("product_id").count()
    products = often.where(F.col("count") >= settings.min_count).count()
    if found < _FEWEST or products <= settings.components:
        raise _too_little(
            f"{found:,} {settings.of} of two products or more, and {products:,} products in at least "
            f"{settings.min_count} of them", f"{_FEWEST} {settings.of} and {settings.components + 1} products"
        )  # fmt: skip


def _check_customers(tastes: DataFrame, settings: Embeddings) -> None:
    found = tastes.count()
    if found <= settings.components:
        raise _too_little(
            f"{found:,} customers who bought a product with a vector", f"{settings.components + 1} of them"
        )


def _too_little(found: str, wanted: str) -> BadInputError:
    return BadInputError(
        [f"features.embeddings: found {found}; at least {wanted} are needed. Ingest more events, lower "
         "features.embeddings.min_count or .components, or take embeddings out of features.families"]
    )  # fmt: skip
