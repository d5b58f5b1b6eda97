"""Slices of the customers, such as regions: whether each alone would be cut as the whole was."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pyspark.ml import PipelineModel
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.agreement import by_group
from segspark.clustering.candidates import CLUSTER
from segspark.clustering.clusterers import Clusterer, Floats, Ints
from segspark.clustering.preparation import PREPARED
from segspark.clustering.sampling import training_sample
from segspark.clustering.scoring import cluster_count
from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.kernels.points import Grid
from segspark.steps.context import Context

_ROWS = 20_000  # customers trained on that are looked at
_FEWEST = 200  # of them in a slice
_MOST = 20  # slices of a feature, the largest


@dataclass(frozen=True)
class Slice:
    """Customers of one value.

    Attributes:
        value: of the feature; None where it is not known.
        customers: of the sample.
        agreement: adjusted Rand index of their clusters with those that they have alone; None where they are too few
            for so many clusters.
    """

    value: str | None
    customers: int
    agreement: float | None


def sliced_by(context: Context) -> dict[str, str]:
    """The columns that customers are sliced by, by the name that the configuration gives them.

    Raises:
        BadInputError: one is no feature or attribute, or is not text.
    """
    texts = [one.name for one in context.features if one.type == "STRING"]
    columns = {name: name if name in texts else f"attribute_{name}" for name in context.config.search.slices}
    unknown = [name for name, column in columns.items() if column not in texts]
    if unknown:
        there = ", ".join(texts) or "none; features.families has those that are text, such as attributes"
        raise BadInputError(
            f"search.slices: {name} is no feature or attribute that is text; there are {there}" for name in unknown
        )
    return columns


def slices(
    model: PipelineModel,
    clusterer: Clusterer,
    seed: int,
    grid: Grid,
    sample: DataFrame,
    columns: Mapping[str, str],
) -> dict[str, tuple[Slice, ...]]:
    """Each slice clustered alone, by the chosen candidate's algorithm, and held against the model's clusters.

    Args:
        model: the chosen one.
        clusterer: by its algorithm, of points in whole steps.
        seed: of the sample, and of the clusterer.
        grid: of the search.
        sample: features of customers trained on, of bounded size.
        columns: what `sliced_by` gave.

    Returns:
        By feature, as the configuration calls it, the slices of at least 200 customers, the largest first.
    """
    if not columns:
        return {}
    values = [F.col(quoted(column)).alias(f"_slice{number}") for number, column in enumerate(columns.values())]
    rows = model.transform(training_sample(sample, _ROWS, seed))
    found: pd.DataFrame = rows.select(vector_to_array(F.col(PREPARED)).alias("_point"), CLUSTER, *values).toPandas()
    points = grid.snapped(np.array(found["_point"].tolist(), dtype=np.float64))
    judge = partial(_judged, points, found[CLUSTER].to_numpy(dtype=np.int64), cluster_count(model), seed)
    return {name: judge(clusterer, list(found[f"_slice{number}"])) for number, name in enumerate(columns)}


def _judged(
    points: Floats, labels: Ints, k: int, seed: int, clusterer: Clusterer, values: Sequence[str | None]
) -> tuple[Slice, ...]:
    sizes = Counter(values)
    large = sorted((one for one in sizes if sizes[one] >= _FEWEST), key=lambda one: (-sizes[one], str(one)))[:_MOST]
    rows = [row for row, one in enumerate(values) if one in large]
    found = by_group(points[rows], labels[rows], [values[row] for row in rows], k, seed, clusterer=clusterer)
    return tuple(Slice(value, sizes[value], found[value]) for value in large)
