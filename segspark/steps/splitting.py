"""The tree of splits in a training: made on the coreset, told on the training sample, kept and drawn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import Candidate
from segspark.clustering.fits import bisected
from segspark.clustering.inputs import LevelsInput
from segspark.clustering.preparation import PREPARED
from segspark.clustering.splits import Node, splits
from segspark.columns import quoted
from segspark.kernels.partitions import Partition
from segspark.reporting.model import SplitNode
from segspark.reporting.text import bare, is_currency, money
from segspark.steps.search import Fitted, Prepared
from segspark.tables import Feature

FILE = "splits.json"
_ROWS = 20_000  # customers by whom splits are told


def split_tree(prepared: Prepared, fitted: Sequence[Fitted], sample: DataFrame) -> tuple[Node, ...]:
    """The nodes of the tree with clustering.manageable.max leaves: that of the bisecting candidate, where there is one.

    Args:
        prepared: of the view that was chosen; its inputs that are numbers tell splits.
        fitted: all candidates.
        sample: features of customers trained on, in one order.
    """
    tree, view = _tree(prepared, fitted), prepared.view
    numbers = [one.feature for one in view.plans if not isinstance(one, LevelsInput)]
    columns = [F.col(quoted(name)).cast("double").alias(name) for name in numbers]
    point = vector_to_array(F.col(PREPARED)).alias("_point")
    told: pd.DataFrame = view.preparation.transform(sample.limit(_ROWS)).select(*columns, point).toPandas()
    at = prepared.blocks.grid.snapped(np.array(told["_point"].tolist()))
    values = {name: told[name].to_numpy(dtype=np.float64) for name in numbers}
    return splits(tree, prepared.drawn.coreset, prepared.drawn.weights, prepared.step, at, values)


def as_text(nodes: Sequence[Node]) -> str:
    """The nodes as JSON, one an object: node, parent, share, cost, split (feature, value, lower, agreement)."""
    return json.dumps({"nodes": [asdict(one) for one in nodes]}, indent=1)


def drawn_nodes(text: str, features: Sequence[Feature]) -> tuple[SplitNode, ...]:
    """What `as_text` wrote, as reports show it.

    Args:
        text: of the file.
        features: the declared ones, for labels and units.

    Examples:
        >>> split = '{"feature": "frequency", "value": 30.0, "lower": 1, "agreement": 0.9}'
        >>> root = '{"node": 0, "parent": null, "share": 1.0, "cost": 8.0, "split": ' + split + "}"
        >>> part = '{"node": 1, "parent": 0, "share": 0.4, "cost": 2.0, "split": null}'
        >>> orders = Feature("frequency", "BIGINT", "", "orders", "orders", "", "")
        >>> drawn_nodes('{"nodes": [' + root + "," + part + "]}", [orders])[1]
        SplitNode(node=1, parent=0, share=0.4, cost_share=0.25, feature='orders', bound='≤ 30', agreement=0.9)
    """
    nodes = json.loads(text)["nodes"]
    declared = {one.name: one for one in features}
    whole = nodes[0]["cost"]
    return tuple(
        SplitNode(
            one["node"],
            one["parent"],
            one["share"],
            one["cost"] / whole if whole else 0.0,
            *(_told(split, one["node"], declared) if split else ("", "")),
            split["agreement"] if split else None,
        )
        for one in nodes
        for split in [None if one["parent"] is None else nodes[one["parent"]]["split"]]
    )


def _tree(prepared: Prepared, fitted: Sequence[Fitted]) -> Partition:
    settings, drawn = prepared.settings, prepared.drawn
    leaves = settings.manageable.max
    wanted = Candidate("bisecting", leaves, settings.seed, prepared.view.name)
    for one in fitted:
        if one.candidate == wanted and isinstance(one.shape, Partition):
            return one.shape
    iterations = settings.max_iterations["bisecting"]
    return bisected(drawn.coreset, drawn.weights, leaves, prepared.search.restarts, settings.seed, iterations)


def _told(split: Mapping[str, Any], node: int, declared: Mapping[str, Feature]) -> tuple[str, str]:
    name, lower = split["feature"], split["lower"] == node
    label, unit = (declared[name].label, declared[name].unit) if name in declared else (name, "")
    if split["value"] is None:
        return label, "known" if lower else "unknown"
    value = money(split["value"], unit) if is_currency(unit) else bare(split["value"], unit)
    return label, f"{'≤' if lower else '>'} {value}"
