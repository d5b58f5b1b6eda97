"""Resemblance: which segment a prospect is most like, by what is known of prospects, where that can be told at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.config.opportunities import Prospects
from segspark.segments.pocket_bins import frequent

_VALUES = 10  # of a text, the most frequent


@dataclass(frozen=True)
class Encoding:
    """How features become numbers: an unknown number is the mean, and marked; texts are marks of their values.

    Attributes:
        numbers: features with their means.
        texts: features with their values.
    """

    numbers: Mapping[str, float]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def vector(self) -> Column:
        """The numbers of a customer, as Spark's models take them."""
        parts = [one for name, mean in self.numbers.items() for one in _of_number(name, mean)]
        parts += [_mark(F.col(quoted(name)) == value) for name, values in self.texts.items() for value in values]
        return array_to_vector(F.array(*parts))


def _of_number(name: str, mean: float) -> tuple[Column, Column]:
    value = F.nullif(F.col(quoted(name)).cast("double"), F.lit(float("nan")))
    return F.coalesce(value, F.lit(mean)), _mark(value.isNull())


def _mark(condition: Column) -> Column:
    return F.coalesce(condition.cast("double"), F.lit(0.0))


def encoding_of(sample: pd.DataFrame, numbers: Sequence[str], texts: Sequence[str]) -> Encoding:
    """What is needed of a sample to encode anyone; numbers that are the same of everybody are left out.

    Examples:
        >>> sample = pd.DataFrame({"n": [1.0, 3.0, None], "same": [2.0, 2.0, 2.0], "t": ["a", "b", "a"]})
        >>> encoding_of(sample, ["n", "same"], ["t"])
        Encoding(numbers={'n': 2.0}, texts={'t': ['a', 'b']})
    """
    means = {}
    for name in numbers:
        values = sample[name].to_numpy(dtype=float)
        known = values[np.isfinite(values)]
        if len(known) and (known.min() < known.max() or len(known) < len(values)):
            means[name] = float(known.mean())
    return Encoding(means, {name: frequent(sample[name], _VALUES) for name in texts})


def fitted(
    customers: DataFrame, encoding: Encoding, segments: Sequence[str], settings: Prospects
) -> LogisticRegressionModel:
    """A multinomial logistic regression with an L2 penalty on standardised coefficients.

    Args:
        customers: a bounded sample in one partition and a set order, so that every fit sees the same.
        encoding: of the sample.
        segments: that can be resembled; customers of others are passed over.
        settings: of prospects.
    """
    label = (F.array_position(F.array(*map(F.lit, segments)), F.col("segment_id")) - 1).cast("double")
    rows = customers.where(F.col("segment_id").isin(list(segments)))
    regression = LogisticRegression(
        family="multinomial", regParam=settings.penalty, elasticNetParam=0.0, standardization=True,
        maxIter=settings.iterations, featuresCol="vector", labelCol="label",
    )  # fmt: skip
    model: LogisticRegressionModel = regression.fit(rows.select(label.alias("label"), encoding.vector.alias("vector")))
    return model


def probabilities(customers: DataFrame, encoding: Encoding, model: LogisticRegressionModel) -> DataFrame:
    """The rows with `probabilities`, an array in the order of the segments that the model was fitted to."""
    found = model.transform(customers.withColumn("vector", encoding.vector))
    return found.withColumn("probabilities", vector_to_array(F.col("probability"))).select(
        *customers.columns, "probabilities"
    )


def most_alike(rows: DataFrame, segments: Sequence[str]) -> DataFrame:
    """The likeliest segment of each, with its probability to two digits: smaller changes of a model are no news.

    Args:
        rows: customer_id and probabilities.
        segments: in the order of the probabilities.

    Examples:
        >>> rows = spark.sql("SELECT 'a' AS customer_id, array(0.204D, 0.796D) AS probabilities")
        >>> most_alike(rows, ["s", "t"]).first()[:]
        ('a', 't', 0.8)
    """
    highest = F.array_max("probabilities")
    place = F.array_position("probabilities", highest)
    segment = F.element_at(F.array(*map(F.lit, segments)), place.cast("int"))
    return rows.select("customer_id", segment.alias("segment_id"), F.round(highest, 2).alias("probability"))


def gain(told: Sequence[Sequence[float]], truth: Sequence[int], shares: Sequence[float]) -> float:
    """The share by which the log loss of customers held out is below that of the segments' shares.

    Args:
        told: probabilities of each.
        truth: the place of its segment.
        shares: of the segments among those trained on.

    Examples:
        >>> round(gain([[0.8, 0.2], [0.2, 0.8]], [0, 1], [0.5, 0.5]), 3)  # 1 - ln 0.8 / ln 0.5
        0.678
    """
    own = np.asarray(told, dtype=float)[np.arange(len(truth)), list(truth)]
    base = np.asarray(shares, dtype=float)[list(truth)]
    losses = [float(-np.log(np.clip(one, 1e-15, 1)).mean()) for one in (own, base)]
    return 1 - losses[0] / losses[1] if losses[1] > 0 else 0.0
