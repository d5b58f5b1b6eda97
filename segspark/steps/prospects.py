"""Prospects: known, never bought, and held against the segments of those who did, where that tells anything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.sampling import training_sample
from segspark.columns import quoted
from segspark.segments.resemblance import Encoding, encoding_of, fitted, gain, most_alike, probabilities
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import Feature

_FAMILIES = ("web", "engagement", "support", "attributes")  # what can be known of who never bought; none is protected
_BOUGHT = re.compile(r"purchase|order|bought|gross|\bnet\b")  # in an expression: it is about purchases


@dataclass(frozen=True)
class Resemblance:
    """What is told of prospects.

    Attributes:
        rows: customer_id, segment_id, probability; None where nothing is told.
        said: how well it did with customers held out, or why nothing is told.
    """

    rows: DataFrame | None
    said: str


def resemblance(context: Context, features: DataFrame, members: DataFrame) -> Resemblance:
    """The segment that each prospect is most like, by a model that is first checked with customers held out.

    Args:
        context: of the phase.
        features: at as_of.
        members: customer_id, segment_id.
    """
    asked = context.config.opportunities
    if not asked.prospects.enabled or "frequency" not in features.columns:
        return Resemblance(None, "prospects are not looked at (opportunities.prospects.enabled, features.off)")
    prospects = features.where("frequency = 0")
    chosen = _known(prospects, candidates(context.features), asked.prospects.min_known)
    if not chosen:
        return Resemblance(None, "there are no prospects, or nothing is known of them")
    buyers = _buyers(context, features, members, chosen)
    drawn = training_sample(buyers, asked.prospects.sample, asked.seed).persist()
    try:
        return _checked(context, drawn, prospects, chosen)
    finally:
        drawn.unpersist()


def candidates(features: Sequence[Feature]) -> list[Feature]:
    """Features that prospects may have, too: of the families that are not about purchases, none that counts them."""
    return [one for one in features if one.family in _FAMILIES and not _BOUGHT.search(one.sql)]


def _known(prospects: DataFrame, features: Sequence[Feature], least: float) -> list[Feature]:
    """Those known of enough prospects."""
    if not features:
        return []
    counts = [F.count(F.col(quoted(one.name))).alias(one.name) for one in features]
    total, *known = prospects.agg(F.count("*"), *counts).collect()[0]  # one row
    return [one for one, count in zip(features, known, strict=True) if total and count >= least * total]


def _buyers(context: Context, features: DataFrame, members: DataFrame, chosen: Sequence[Feature]) -> DataFrame:
    """Customers of clusters and rule segments, and whether they are held out."""
    asked = context.config.opportunities
    told = [one.segment_id for one in segments_now(context) if one.kind != "lifecycle"]
    place = F.pmod(F.xxhash64("customer_id", F.lit(asked.seed), F.lit("held out")), F.lit(1_000))
    joined = features.where("frequency > 0").join(members, on="customer_id", how="inner")
    kept = joined.where(F.col("segment_id").isin(told))
    held = (place < int(asked.prospects.holdout * 1_000)).alias("_held")
    return kept.select("customer_id", "segment_id", held, *[F.col(quoted(one.name)) for one in chosen])


def _checked(context: Context, drawn: DataFrame, prospects: DataFrame, chosen: Sequence[Feature]) -> Resemblance:
    asked = context.config.opportunities.prospects
    numbers = [one.name for one in chosen if one.type != "STRING"]
    texts = [one.name for one in chosen if one.type == "STRING"]
    columns = [F.col(quoted(name)).cast("double").alias(name) for name in numbers]
    sample = drawn.select("segment_id", "_held", *columns, *map(F.col, map(quoted, texts))).toPandas()  # sample
    segments, shares = resembled(sample, asked.min_customers)
    if len(segments) < 2:
        return Resemblance(None, "fewer than two segments have enough customers to be resembled")
    encoding = encoding_of(sample[~sample["_held"]], numbers, texts)
    model = fitted(drawn.where("NOT _held"), encoding, segments, asked)
    held = drawn.where(F.col("_held") & F.col("segment_id").isin(segments))
    told = probabilities(held, encoding, model).select("segment_id", "probabilities").collect()  # of the sample
    better = gain([row[1] for row in told], [segments.index(row[0]) for row in told], shares) if told else 0.0
    words = f"the log loss of {len(told):,} customers held out is {better:.1%} below that of the segments' shares"
    if better < asked.margin:
        return Resemblance(None, f"prospects resemble no segment: {words}, and not {asked.margin:.1%}")
    return Resemblance(most_alike(probabilities(_of(prospects, encoding), encoding, model), segments), words)


def _of(prospects: DataFrame, encoding: Encoding) -> DataFrame:
    return prospects.select("customer_id", *[F.col(quoted(name)) for name in (*encoding.numbers, *encoding.texts)])


def resembled(sample: pd.DataFrame, least: int) -> tuple[list[str], list[float]]:
    """The segments that have enough customers among those trained on, and their shares of them.

    Examples:
        >>> sample = pd.DataFrame({"segment_id": ["b", "a", "b", "c", "a"], "_held": [False] * 4 + [True]})
        >>> resembled(sample, 1)
        (['a', 'b', 'c'], [0.25, 0.5, 0.25])
        >>> resembled(sample, 2)
        (['b'], [1.0])
    """
    counts = sample.loc[~sample["_held"].astype(bool), "segment_id"].value_counts()
    enough = counts[counts >= least].sort_index()
    return [str(one) for one in enough.index], [float(one) for one in enough / enough.sum()]
