"""What spark.ml fitted, as plain values: centres, components, trees."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pyspark.sql import Row

from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Floats, Grid


def centres_of(model: Any) -> Floats:
    """A KMeansModel's or BisectingKMeansModel's centres, shape (k, inputs)."""
    return np.array([np.asarray(centre) for centre in model.clusterCenters()])


def mixture_of(model: Any) -> Mixture:
    """A GaussianMixtureModel's parameters."""
    rows = model.gaussiansDF.collect()  # k rows
    return Mixture(
        np.array(model.weights),
        np.array([row["mean"].toArray() for row in rows]),
        np.array([row["cov"].toArray() for row in rows]),
    )


def tree_of(nodes: Sequence[Row], grid: Grid) -> Partition:
    """The partition of a BisectingKMeansModel, from the nodes that it saves.

    Args:
        nodes: index (a leaf's is its cluster, others are negative, the root's is the first after 0), center, children.
        grid: that centres are put on.
    """
    by_index = {int(row["index"]): row for row in nodes}
    children = {index: [int(one) for one in row["children"]] for index, row in by_index.items()}
    order = _downwards(children)
    place = {index: position for position, index in enumerate(order)}
    centres = grid.snapped(np.array([by_index[index]["center"].toArray() for index in order]))
    leaves = sorted(index for index in order if not children[index])
    return Partition(
        centres[[place[leaf] for leaf in leaves]],
        centres,
        tuple((place[two[0]], place[two[1]]) if (two := children[index]) else (-1 - index, -1) for index in order),
    )


def _downwards(children: dict[int, list[int]]) -> list[int]:
    """The nodes, the root first."""
    below = {child for found in children.values() for child in found}
    order = [index for index in children if index not in below]
    for index in order:
        order.extend(children[index])
    return order
