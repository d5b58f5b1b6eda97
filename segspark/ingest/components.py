"""Components: which customers are connected by the identifiers that they share."""

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

Checkpoint = Callable[[DataFrame], DataFrame]
"""Materialises a frame and cuts its lineage, such as `lambda frame: frame.localCheckpoint()`."""

IDENTIFIER = ["identifier_type", "identifier"]


def usable(identifiers: DataFrame, ignore: Sequence[str]) -> DataFrame:
    """The rows that can link: with a customer and an identifier that is not blank, of a type that is not ignored.

    Args:
        identifiers: rows with source_customer_id, identifier_type and identifier.
        ignore: identifier types that link nobody.

    Returns:
        Those three columns; a row that is there twice stays so.

    Examples:
        >>> rows = spark.createDataFrame([("a", "card", "1"), ("b", "card", " "), ("c", "till", "1")],
        ...     "source_customer_id string, identifier_type string, identifier string")
        >>> [row["source_customer_id"] for row in usable(rows, ["till"]).collect()]
        ['a']
    """
    given = F.col("source_customer_id").isNotNull() & F.col("identifier").rlike(r"(?U)\S")
    linking = F.col("identifier_type").isNotNull() & ~F.col("identifier_type").isin(list(ignore))
    return identifiers.where(given & linking).select("source_customer_id", *IDENTIFIER)


def with_holders(rows: DataFrame) -> DataFrame:
    """Add `holders`: how many customers have the row's identifier.

    Args:
        rows: unique source_customer_id, identifier_type and identifier.

    Examples:
        >>> rows = spark.createDataFrame([("a", "card", "1"), ("b", "card", "1"), ("b", "card", "2")],
        ...     "source_customer_id string, identifier_type string, identifier string")
        >>> [row["holders"] for row in with_holders(rows).orderBy("identifier").collect()]
        [2, 2, 1]
    """
    holders = rows.groupBy(*IDENTIFIER).agg(F.count("*").alias("holders"))
    return rows.join(holders, on=IDENTIFIER, how="inner").select(*rows.columns, "holders")


def links(identifiers: DataFrame, ignore: Sequence[str]) -> DataFrame:
    """Edges between the customers who share an identifier: from each to the smallest of them.

    Args:
        identifiers: rows with source_customer_id, identifier_type and identifier.
        ignore: identifier types that link nobody; null and blank identifiers never do.

    Returns:
        a, b: unique, a < b. n customers with one identifier give n - 1 edges, not n * (n - 1) / 2.

    Examples:
        >>> held = [("b", "card", "1"), ("a", "card", "1"), ("c", "card", "1"), ("d", "card", "2")]
        >>> rows = spark.createDataFrame(held,
        ...     "source_customer_id string, identifier_type string, identifier string")
        >>> sorted(tuple(row) for row in links(rows, ignore=[]).collect())
        [('a', 'b'), ('a', 'c')]
    """
    rows = usable(identifiers, ignore)
    smallest = rows.groupBy(*IDENTIFIER).agg(F.min("source_customer_id").alias("a"))
    joined = rows.join(smallest, on=IDENTIFIER, how="inner").where("a <> source_customer_id")
    return joined.select("a", F.col("source_customer_id").alias("b")).distinct()


def connected_components(edges: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    """The connected component of every node of an undirected graph.

    The alternating algorithm of Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected Components in
    MapReduce and Beyond", SoCC 2014: large-star hangs each node's larger neighbours on its smallest neighbour,
    small-star its smaller ones; in O(log(n)^2) rounds (in practice O(log(n))) every component is a star around its
    smallest node. It has ended when a round leaves the set of edges as it was.

    Args:
        edges: a, b (STRING); loops, repeated edges and both directions are fine, rows with a null are left out.
        checkpoint: materialises a frame and cuts its lineage; called once, and once a round.

    Returns:
        node, component: a row per node; component is its smallest node in string order.

    Examples:
        >>> edges = spark.createDataFrame([("d", "c"), ("b", "c"), ("x", "y"), ("z", "z")], "a string, b string")
        >>> found = connected_components(edges, lambda frame: frame.localCheckpoint())
        >>> sorted(tuple(row) for row in found.collect())
        [('b', 'b'), ('c', 'b'), ('d', 'b'), ('x', 'x'), ('y', 'x'), ('z', 'z')]
    """
    ordered = edges.dropna(subset=["a", "b"]).select(
        F.greatest("a", "b").alias("node"), F.least("a", "b").alias("smaller")
    )
    pairs = checkpoint(ordered.distinct())
    stars = _stars(pairs.where("node <> smaller"), checkpoint)
    nodes = pairs.select(F.explode(F.array("node", "smaller")).alias("node")).distinct()
    return nodes.join(stars, on="node", how="left").select("node", F.coalesce("smaller", "node").alias("component"))


def _stars(edges: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    before, after = None, _fingerprint(edges)
    while before != after:
        edges = checkpoint(_small_star(_large_star(edges)))
        before, after = after, _fingerprint(edges)
    return edges


def _large_star(edges: DataFrame) -> DataFrame:
    """Each edge (node, smaller) becomes (node, the smallest of smaller and all its neighbours)."""
    turned = edges.select(F.col("smaller").alias("node"), F.col("node").alias("smaller"))
    least = edges.union(turned).groupBy("node").agg(F.min(F.least("node", "smaller")).alias("least"))
    joined = edges.join(least.withColumnRenamed("node", "smaller"), on="smaller", how="inner")
    return joined.select("node", F.col("least").alias("smaller"))


def _small_star(edges: DataFrame) -> DataFrame:
    """Each node and its smaller neighbours become edges to the smallest of these."""
    least = edges.groupBy("node").agg(F.min("smaller").alias("least"))
    others = edges.join(least, on="node", how="inner").where("smaller <> least").select("smaller", "least")
    return least.union(others).distinct().toDF("node", "smaller")


def _fingerprint(edges: DataFrame) -> tuple[object, ...]:
    """Number of edges and the sum of their hashes: one row, the same in any order."""
    hashes = F.xxhash64("node", "smaller").cast("decimal(38,0)")
    row = edges.agg(F.count("*"), F.sum(hashes)).first()
    return tuple(row or ())
