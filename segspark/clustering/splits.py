"""The tree of 2-means splits: how customers come apart step by step, and by which feature each step can be told."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Floats, Ints
from segspark.clustering.explanation import explain
from segspark.kernels.partitions import Partition, nearness


@dataclass(frozen=True)
class Split:
    """The feature and value that tell the two parts of a node apart best.

    Attributes:
        feature: among those given.
        value: in the feature's unit; None where one part is of those whose value is unknown.
        lower: the part with values up to it, or with known values.
        agreement: share of each part's customers whom it puts into their part, averaged over the two: 0.5 is chance.
    """

    feature: str
    value: float | None
    lower: int
    agreement: float


@dataclass(frozen=True)
class Node:
    """Some of the customers: all of them at the root, the parts of its parent below.

    Attributes:
        node: number; the root's is 0.
        parent: number of the node that it is a part of; None for the root.
        share: of all customers.
        cost: sum of squared distances to its centre, in squared prepared units.
        split: into its two parts; None where it is not split, or where no feature tells these apart.
    """

    node: int
    parent: int | None
    share: float
    cost: float
    split: Split | None


def splits(
    tree: Partition, points: Floats, weights: Floats, step: float, sample: Floats, features: Mapping[str, Floats]
) -> tuple[Node, ...]:
    """Measure a tree's nodes, and tell the two parts of each split apart.

    The feature is that of a decision tree with a single split, to which both parts count as much; it has at least 11
    customers on each side (see `explain`, whose thresholds it has).

    Args:
        tree: with nodes, whole numbers of steps (fits.bisected).
        points: customers that shares and costs are of, in steps, shape (n, inputs).
        weights: how many customers each stands for.
        step: of the grid, in the prepared unit.
        sample: customers by whom splits are told, in steps, shape (m, inputs).
        features: their m values of each feature in original units, NaN for unknown.

    Returns:
        The nodes by number.

    Raises:
        ValueError: the partition is flat.

    Examples:
        >>> days = np.repeat([0.0, 10.0, 40.0], 20)
        >>> tree = Partition(np.array([[5.0], [40.0]]), np.array([[17.0], [5.0], [40.0]]), ((1, 2), (-1, -1), (-2, -1)))
        >>> found = splits(tree, days[:, None], np.ones(60), 0.5, days[:, None], {"recency_days": days})
        >>> [(one.parent, round(one.share, 2), one.cost) for one in found[1:]]
        [(0, 0.67, 250.0), (0, 0.33, 0.0)]
        >>> found[0].split
        Split(feature='recency_days', value=20.0, lower=1, agreement=1.0)
    """
    if tree.nodes is None:
        raise ValueError("a flat partition has no splits")
    below = {node: two for node, two in enumerate(tree.children) if two[1] >= 0}
    parents = {child: node for node, two in below.items() for child in two}
    reached, told = (tree.reached(nearness(some.T, tree.nodes)) for some in (points, sample))
    apart = {node: _split(features, two, (told[two[0]], told[two[1]])) for node, two in below.items()}
    return tuple(
        Node(
            node,
            parents.get(node),
            float(weights[reached[node]].sum() / weights.sum()),
            float(weights[reached[node]] @ ((points[reached[node]] - centre) ** 2).sum(axis=1)) * step**2,
            apart.get(node),
        )
        for node, centre in enumerate(tree.nodes)
    )


def _split(features: Mapping[str, Floats], two: tuple[int, int], reached: tuple[Ints, Ints]) -> Split | None:
    sizes = [len(one) for one in reached]
    if not features or not all(sizes):
        return None
    rows, side = np.concatenate(reached), np.repeat([0, 1], sizes)
    values = {name: column[rows] for name, column in features.items()}
    tree = explain(values, side, 2, np.repeat([1 / size for size in sizes], sizes), leaves=2)
    if len(tree.leaves) < 2:
        return None
    right = tree.segments(values, len(rows)) == side
    agreement = float(np.mean([right[side == one].mean() for one in (0, 1)]))
    leaf, other = tree.leaves
    (condition,), (opposite,) = leaf.conditions, other.conditions
    if not (condition.known and opposite.known):
        known = leaf if condition.known else other
        return Split(condition.feature, None, two[known.segment], agreement)
    lower, value = (leaf, condition.up_to) if np.isfinite(condition.up_to) else (other, opposite.up_to)
    return Split(condition.feature, value, two[lower.segment], agreement)
