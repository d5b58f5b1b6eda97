"""The tree of splits: shares and costs by hand, and the feature that tells each split."""

from __future__ import annotations

import numpy as np
import pytest

from segspark.clustering.splits import splits
from segspark.kernels.partitions import Partition

# Two parts around -2 and 4 on the first axis; the second of these once more, around -3 and 3 on the other.
NODES = np.array([[0.0, 0.0], [-2.0, 0.0], [4.0, 0.0], [4.0, -3.0], [4.0, 3.0]])
TREE = Partition(NODES[[1, 3, 4]], NODES, ((1, 2), (-1, -1), (3, 4), (-2, -1), (-3, -1)))
POINTS = np.array([[-2.0, 0.0], [-1.0, 0.0], [4.0, -3.0], [4.0, 4.0]])
WEIGHTS = np.array([3.0, 1.0, 2.0, 4.0])


def sample(n=40):
    """So many customers at each leaf's centre, in its order."""
    return np.repeat(NODES[[1, 3, 4]], n, axis=0)


def found(points=None, **features):
    return splits(TREE, POINTS, WEIGHTS, 0.5, sample() if points is None else points, features)


def test_shares_are_of_the_weights_and_costs_are_squared_prepared_units():
    nodes = found(x=np.arange(120.0))
    assert [one.parent for one in nodes] == [None, 0, 0, 2, 2]
    assert [one.share for one in nodes] == pytest.approx([1.0, 0.4, 0.6, 0.2, 0.4])
    # Root: 3 * 4 + 1 * 1 + 2 * (16 + 9) + 4 * (16 + 16) = 191 squared steps of 0.25; its parts:
    # 1 * 1 = 1, and 2 * 9 + 4 * 16 = 82; of these 0 and 4 * 1 = 4.
    assert [one.cost for one in nodes] == pytest.approx([191 / 4, 1 / 4, 82 / 4, 0.0, 4 / 4])


def test_each_split_is_told_by_the_feature_that_parts_it_best_in_its_own_unit():
    days = np.concatenate([np.arange(10.0, 50.0), np.arange(60.0, 140.0)])
    money = np.concatenate([np.full(40, 7.0), np.linspace(500, 900, 40), np.linspace(2, 300, 40)])
    nodes = found(recency_days=days, monetary_value=money)
    assert nodes[0].split.feature == "recency_days" and nodes[0].split.lower == 1
    assert 49 <= nodes[0].split.value < 60
    assert nodes[2].split.feature == "recency_days" or nodes[2].split.lower == 4
    assert {one.split for one in (nodes[1], nodes[3], nodes[4])} == {None}


def test_the_part_with_the_larger_values_may_come_first():
    money = np.concatenate([np.full(40, 900.0), np.full(80, 100.0)])
    split = found(money=money)[0].split
    assert (split.lower, split.value, split.agreement) == (2, 500.0, 1.0)


def test_agreement_counts_both_parts_alike():
    # Of the first part's 40 customers 30 are rightly below, of the other 80 all above: (0.75 + 1) / 2.
    x = np.concatenate([np.full(30, 1.0), np.full(10, 9.0), np.full(80, 9.0)])
    assert found(x=x)[0].split.agreement == pytest.approx(0.875)


def test_who_is_unknown_can_be_what_tells():
    x = np.concatenate([np.full(40, np.nan), np.full(80, 3.0)])
    split = found(x=x)[0].split
    assert (split.feature, split.value, split.lower, split.agreement) == ("x", None, 2, 1.0)


@pytest.mark.parametrize("few", [0, 10])
def test_a_part_of_fewer_than_11_customers_is_not_told_about(few):
    points = np.concatenate([np.repeat(NODES[[1]], few, axis=0), np.repeat(NODES[[3]], 60, axis=0)])
    x = np.concatenate([np.full(few, 1.0), np.full(60, 5.0)])
    assert found(points, x=x)[0].split is None


def test_without_features_nothing_is_told_and_nodes_are_measured_all_the_same():
    assert [one.share for one in found()] == pytest.approx([1.0, 0.4, 0.6, 0.2, 0.4])


def test_a_flat_partition_has_no_splits():
    with pytest.raises(ValueError, match="flat"):
        splits(Partition(NODES), POINTS, WEIGHTS, 0.5, sample(), {})
