"""Fit: what a published pipeline works on, and how far customers are from what it learnt."""

from collections.abc import Collection
from typing import Any

import numpy as np
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer

from segspark.clustering.fitted_models import centres_of, mixture_of
from segspark.columns import quoted
from segspark.kernels.membership import Floats, distances


def model_inputs(model: PipelineModel, names: Collection[str]) -> list[str]:
    """Those of some features that the pipeline reads, in their order.

    Examples:
        >>> stage = SQLTransformer(statement="SELECT *, `frequency` / 2 AS `frequency__prepared` FROM __THIS__")
        >>> model_inputs(PipelineModel([stage]), ["frequency", "frequency__prepared_too", "tenure_days"])
        ['frequency']
    """
    statements = " ".join(one.getStatement() for one in model.stages if isinstance(one, SQLTransformer))
    return [name for name in names if quoted(name) in statements]


def centres(model: PipelineModel) -> Floats | None:
    """Centres of the clusters in the prepared space, shape (k, d): of a mixture the means; None of latent classes."""
    last: Any = model.stages[-1]
    if hasattr(last, "clusterCenters"):
        return centres_of(last)
    return mixture_of(last).means if hasattr(last, "gaussiansDF") else None


def remoteness(points: Floats, of: Floats) -> Floats:
    """Euclidean distance of each prepared customer to the nearest centre.

    Args:
        points: shape (n, d).
        of: the centres, shape (k, d).

    Examples:
        >>> remoteness(np.array([[0.0, 0.0], [3.0, 5.0]]), np.array([[3.0, 4.0], [9.0, 9.0]])).tolist()
        [5.0, 1.0]
    """
    return np.asarray(distances(points, of).min(axis=1))
