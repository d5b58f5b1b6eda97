"""How far an explanation can be trusted: each segment's rule, and the whole tree, on held-out customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segspark.clustering.clusterers import Floats, Ints
from segspark.clustering.rules import Leaf, sql_of, words_of


@dataclass(frozen=True)
class Rule:
    """A segment's rule, and how well it holds on customers that the tree was not made from.

    Attributes:
        words: as a person reads it.
        sql: as a Spark SQL condition on the features.
        coverage: share of the segment's customers that meet it; None if it has none.
        precision: share of those who meet it that are in the segment; None if nobody does.
    """

    segment: int
    words: str
    sql: str
    coverage: float | None
    precision: float | None


def rule(
    leaves: Sequence[Leaf],
    segment: int,
    features: Mapping[str, Floats],
    labels: Ints,
    weights: Floats | None = None,
) -> Rule:
    """The rule of a segment's leaves, or of its largest alone for a shorter one, measured on held-out customers.

    Args:
        features: by name the values of n held-out customers.
        labels: the segments that the model gives them.

    Examples:
        >>> from segspark.clustering.rules import Condition
        >>> young = Leaf(0, (Condition("age", up_to=30),))
        >>> found = rule([young], 0, {"age": np.array([20.0, 25.0, 28.0, 40.0])}, np.array([0, 1, 0, 0]))
        >>> found.words, round(found.coverage, 4), round(found.precision, 4)
        ('age <= 30', 0.6667, 0.6667)
    """
    shares = np.ones(len(labels)) if weights is None else weights
    met = np.logical_or.reduce([leaf.met(features, len(labels)) for leaf in leaves] or [np.full(len(labels), False)])
    inside = labels == segment
    both, own, meeting = (float(shares[mask].sum()) for mask in (met & inside, inside, met))
    coverage, precision = both / own if own else None, both / meeting if meeting else None
    return Rule(segment, words_of(leaves), sql_of(leaves), coverage, precision)


def agreement(labels: Ints, others: Ints, weights: Floats | None = None) -> float:
    """Share of customers to whom the tree gives the model's segment.

    Examples:
        >>> agreement(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 1]))
        0.75
    """
    return float(np.average(labels == others, weights=weights))


def cost_ratio(
    prepared: Floats, labels: Ints, others: Ints, centres: Floats, weights: Floats | None = None
) -> float | None:
    """Cost of the tree's segments over that of the model's: what it costs to be explained, 1 for nothing.

    Cost is the sum of squared Euclidean distances to the model's centre of the segment that is given, in prepared units
    (the price of explainability of Moshkovitz et al. 2020, with the model's centres kept). None if the model's is 0.

    Args:
        prepared: n held-out customers, shape (n, d).
        labels: segments by the model.
        others: segments by the tree.
        centres: of the model's segments, shape (k, d).

    Examples:
        >>> cost_ratio(np.array([[1.0], [9.0]]), np.array([0, 1]), np.array([0, 0]), np.array([[0.0], [10.0]]))
        41.0
    """
    model, tree = (
        float(np.average(((prepared - centres[given]) ** 2).sum(axis=1), weights=weights)) for given in (labels, others)
    )
    return tree / model if model else None
