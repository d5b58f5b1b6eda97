"""The explanation: a small tree that says in original units who is in which segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, Decimal
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from segspark.clustering.clusterers import Floats, Ints
from segspark.clustering.rules import Bools, Condition, Leaf

_SMALLEST_LEAF = 11  # a rule for fewer customers would tell about persons
_MOVED = 0.005  # share of a node's customers that may change sides for a threshold with fewer digits


@dataclass(frozen=True)
class Explanation:
    """A tree as its leaves, which part the customers between them: each meets the conditions of exactly one.

    Attributes:
        leaves: the largest of each segment first; at most 2k.
    """

    leaves: tuple[Leaf, ...]

    def of(self, segment: int) -> tuple[Leaf, ...]:
        """The leaves of a segment, the largest first; none where the tree gives nobody to it."""
        return tuple(leaf for leaf in self.leaves if leaf.segment == segment)

    def segments(self, features: Mapping[str, Floats], n: int) -> Ints:
        """The segments that the tree gives n customers, by their features (NaN for unknown)."""
        found = np.full(n, -1, dtype=np.int64)
        for leaf in self.leaves:
            found[leaf.met(features, n)] = leaf.segment
        return found


def explain(
    features: Mapping[str, Floats], labels: Ints, k: int, weights: Floats | None = None, leaves: int | None = None
) -> Explanation:
    """Fit a tree of at most 2k leaves that tells the segments apart, each leaf of at least 11 customers.

    Its thresholds have as few digits as leave all but 0.5% of a node's customers on their side.

    Args:
        features: by name the n values of the training part in original units, NaN for unknown. A BIGINT or DECIMAL
            feature is compared as a double in the rules' SQL.
        labels: the segments that the model gives, 0 to k - 1.
        weights: how much each customer counts.
        leaves: as many at most instead of 2k.

    Examples:
        >>> days = np.arange(100.0)
        >>> tree = explain({"recency_days": days}, (days > 30).astype(int), 2)
        >>> [(leaf.segment, leaf.words) for leaf in tree.leaves]
        [(1, 'recency_days > 30'), (0, 'recency_days <= 30')]
    """
    values = np.column_stack(list(features.values()))
    fitted = DecisionTreeClassifier(
        max_leaf_nodes=leaves or max(2, 2 * k), min_samples_leaf=_SMALLEST_LEAF, random_state=0
    )
    tree = fitted.fit(values, labels, sample_weight=weights).tree_
    found = _Growth(tree, list(features), values, fitted.classes_).leaves(0, np.arange(len(labels)), {})
    shares = np.ones(len(labels)) if weights is None else weights
    size = {leaf: float(shares[leaf.met(features, len(labels))].sum()) for leaf in found}
    return Explanation(tuple(sorted(found, key=lambda leaf: -size[leaf])))


def readable_threshold(values: Floats, low: float, high: float) -> float:
    """The number of fewest digits that parts values up to `low` from those from `high` on, but for 0.5% of them.

    Examples:
        >>> readable_threshold(np.array([30.0, 31.0]), 30.0, 31.0)
        30.0
        >>> amounts = np.linspace(90, 110, 1000)
        >>> readable_threshold(amounts, float(amounts[499]), float(amounts[500]))  # 99.990, 100.010
        100.0
    """
    lower, upper = Decimal(repr(low)), Decimal(repr(high))
    finest = (upper - lower).adjusted()
    coarsest = max(abs(lower).adjusted(), abs(upper).adjusted(), finest)
    for exponent in range(coarsest, finest - 1, -1):
        step = Decimal(1).scaleb(exponent)
        multiple = ((lower + upper) / 2 / step).to_integral_value(ROUND_HALF_DOWN) * step
        threshold = float(multiple - step if exponent == finest and multiple >= upper else multiple) + 0.0  # no -0.0
        moved = ((values > threshold) & (values <= low)) | ((values >= high) & (values <= threshold))
        if moved.sum() <= _MOVED * len(values):
            return threshold
    return low  # the two are nearer to each other than decimals of this precision tell


@dataclass(frozen=True)
class _Growth:
    """A fitted tree of scikit-learn with the values that it was fitted on, to be read as leaves."""

    tree: Any
    names: Sequence[str]
    values: Floats
    classes: Ints

    def leaves(self, node: int, rows: Ints, path: dict[str, Condition]) -> list[Leaf]:
        """The leaves below a node that the rows reach; one where all are of the same segment."""
        children = (int(self.tree.children_left[node]), int(self.tree.children_right[node]))
        if children[0] == children[1]:
            return [Leaf(int(self.classes[self.tree.value[node][0].argmax()]), tuple(path.values()))]
        to_left = self._to_left(node, rows)
        sides = zip(children, (rows[to_left], rows[~to_left]), self._conditions(node, rows, to_left), strict=True)
        found: list[Leaf] = []
        for child, reached, condition in sides:
            name = condition.feature
            narrowed = path[name].both(condition) if name in path else condition
            if narrowed.possible:
                found += self.leaves(child, reached, path | {name: narrowed})
        alike = len({leaf.segment for leaf in found}) == 1
        return [Leaf(found[0].segment, tuple(path.values()))] if alike else found

    def _to_left(self, node: int, rows: Ints) -> Bools:
        values = self.values[rows, self.tree.feature[node]]
        compared = values.astype(np.float32) <= self.tree.threshold[node]  # as scikit-learn compares them
        return np.where(np.isnan(values), bool(self.tree.missing_go_to_left[node]), compared)

    def _conditions(self, node: int, rows: Ints, to_left: Bools) -> tuple[Condition, Condition]:
        feature, unknown = int(self.tree.feature[node]), bool(self.tree.missing_go_to_left[node])
        values, some = self.values[rows, feature], bool(np.isnan(self.values[:, feature]).any())
        name, known = self.names[feature], ~np.isnan(values)
        if not (known & ~to_left).any():  # the split is between known and unknown
            return Condition(name, may_be_unknown=some), Condition(name, known=False, unknown=True, may_be_unknown=some)
        low, high = float(values[known & to_left].max()), float(values[known & ~to_left].min())
        threshold = readable_threshold(values[known], low, high)
        return (
            Condition(name, up_to=threshold, unknown=unknown, may_be_unknown=some),
            Condition(name, above=threshold, unknown=not unknown, may_be_unknown=some),
        )
