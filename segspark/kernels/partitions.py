"""Partitions by centres, flat or as a tree: exact sums of each cluster, for many candidates in one pass over blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from segspark.kernels.points import Floats, Longs, blocks, halves, squares, table

_UNIT = 2.0**30  # silhouettes are summed in this part of 1
_FINE = 2.0**6  # distances are summed in this part of a step
_AT_ONCE = 4096  # points: their distances to some hundred centres fit into a core's cache


@dataclass(frozen=True)
class Partition:
    """A candidate's clusters.

    Attributes:
        centres: whole numbers of steps, shape (k, inputs).
        nodes: centres of a tree's nodes, leaves included, whole numbers; None for a flat partition.
        children: of each node, as positions in nodes; of a leaf (-1 - cluster, -1).
    """

    centres: Floats
    nodes: Floats | None = None
    children: tuple[tuple[int, int], ...] = ()

    def labels(self, points: Floats, apart: Floats) -> npt.NDArray[np.intp]:
        """The cluster of each point: the nearest centre, or the leaf that is come to by going to the nearer child.

        Args:
            points: shape (inputs, n).
            apart: their squared distances to the centres, less a number of each point's own, shape (k, n).
        """
        return apart.argmin(axis=0) if self.nodes is None else self._leaf(nearness(points, self.nodes))

    def members(self, points: Floats, apart: Floats) -> npt.NDArray[np.bool_]:
        """Whether each point belongs to each cluster, shape (k, n); of points and apart as in labels."""
        if self.nodes is None:
            found = apart == apart.min(axis=0)
            if np.count_nonzero(found) == apart.shape[1]:  # faster than to look for places, and rarely not enough
                return np.asarray(found)
        return np.asarray(self.labels(points, apart) == np.arange(len(self.centres))[:, None])

    def _leaf(self, to_nodes: Floats) -> npt.NDArray[np.intp]:
        found = np.zeros(to_nodes.shape[1], np.intp)
        for node, points in self.reached(to_nodes).items():
            left, _ = self.children[node]
            if left < 0:
                found[points] = -1 - left
        return found

    def reached(self, to_nodes: Floats) -> dict[int, npt.NDArray[np.intp]]:
        """The places of the points that come to each node of a tree, by node.

        Args:
            to_nodes: squared distances to the nodes, less a number of each point's own, shape (nodes, n).
        """
        found = {0: np.arange(to_nodes.shape[1])}
        waiting = [0]
        while waiting:
            node = waiting.pop()
            left, right = self.children[node]
            if left < 0:
                continue
            points = found[node]
            # MLlib goes to the first of two equally near children.
            goes_left = to_nodes[left, points] <= to_nodes[right, points]
            found |= {left: points[goes_left], right: points[~goes_left]}
            waiting += [left, right]
        return found


def nearness(points: Floats, centres: Floats) -> Floats:
    """Squared Euclidean distances, less the point's squared norm; exact for whole numbers on the grid.

    Args:
        points: shape (inputs, n).
        centres: shape (k, inputs).

    Returns:
        Shape (k, n).

    Examples:
        >>> nearness(np.array([[0.0], [4.0]]), np.array([[3.0, 0.0], [0.0, 4.0]])).tolist()
        [[9.0], [-16.0]]
    """
    return np.column_stack([-2.0 * centres, squares(centres)]) @ np.vstack([points, np.ones(points.shape[1])])


def sums(
    batches: Iterable[pa.RecordBatch], inputs: int, partitions: Sequence[Partition], part: bool | None, full: bool
) -> Iterator[pa.RecordBatch]:
    """Sums of every cluster of every candidate.

    Args:
        batches: blocks.
        inputs: coordinates of a point.
        partitions: the candidates.
        part: only customers held out (True) or trained on (False); None: both, apart.
        full: with sums of distances and silhouettes, for evaluation; without, for a step of Lloyd's.

    Yields:
        A row per task, part and cluster: part, candidate, cluster, n, s0, s1, ... and, if full, high, low (of squared
        norms), distance, silhouette, silhouette_squared; all whole numbers.
    """
    wanted = [part] if part is not None else [False, True]
    held: dict[bool, Longs] = {}
    for block in blocks(batches, inputs):
        for one in wanted:
            points = block.points[block.held == one]
            for start in range(0, len(points), _AT_ONCE):
                found = _piece(np.ascontiguousarray(points[start : start + _AT_ONCE].T), partitions, full)
                held[one] = held[one] + found if one in held else found
    sizes = [len(one.centres) for one in partitions]
    candidate = np.repeat(np.arange(len(sizes)), sizes)
    cluster = np.concatenate([np.arange(size) for size in sizes])
    for one, values in held.items():
        keys = {"part": np.full(len(values), int(one)), "candidate": candidate, "cluster": cluster}
        yield table(keys | dict(zip(_names(inputs, full), values.T, strict=True)))


def schema(inputs: int, full: bool) -> str:
    """Columns of `sums`."""
    return ", ".join(f"{name} BIGINT" for name in ["part", "candidate", "cluster", *_names(inputs, full)])


def _names(inputs: int, full: bool) -> list[str]:
    more = ["high", "low", "distance", "silhouette", "silhouette_squared"] if full else []
    return ["n", *(f"s{one}" for one in range(inputs)), *more]


def _piece(points: Floats, partitions: Sequence[Partition], full: bool) -> Longs:
    """Sums of some points, shape (inputs, n), for each cluster of each candidate in turn, shape (clusters, columns)."""
    norms = squares(points.T)
    every = nearness(points, np.concatenate([one.centres for one in partitions]))
    members, firmness = np.empty_like(every), np.empty((len(every), 3))
    start = 0
    for one in partitions:
        places = slice(start, start := start + len(one.centres))
        members[places] = belongs = one.members(points, every[places])
        if full:
            firmness[places] = members[places] @ _firmness(every[places] + norms, belongs, one.nodes is None).T
    # A product with the matrix of memberships: exact, as all are whole numbers, and faster than counting.
    sums = members @ np.vstack([np.ones(points.shape[1]), points, *(halves(norms) if full else ())]).T
    return np.column_stack([sums, firmness] if full else [sums]).astype(np.int64)


def _firmness(apart: Floats, members: npt.NDArray[np.bool_], nearest: bool) -> Floats:
    """Distance to the own centre and simplified silhouettes (Euclidean, squared), whole numbers, shape (3, n)."""
    own = apart.min(axis=0) if nearest else np.where(members, apart, 0.0).sum(axis=0)
    apart[members] = np.inf
    other = apart.min(axis=0)
    near, far = np.sqrt(own), np.sqrt(other)
    found = near * _FINE, _UNIT * _silhouette(near, far), _UNIT * _silhouette(own, other)
    return np.asarray(np.rint(np.stack(found)))


def _silhouette(own: Floats, other: Floats) -> Floats:
    larger = np.maximum(own, other)
    return np.divide(other - own, larger, out=np.zeros_like(own), where=larger > 0)


def in_units(distance: int, silhouette: int, silhouette_squared: int, *, step: float) -> tuple[float, float, float]:
    """Summed distances in the prepared unit, and summed silhouettes.

    Args:
        distance: as `sums` gives them; so the others.
        step: of the grid.
    """
    return distance / _FINE * step, silhouette / _UNIT, silhouette_squared / _UNIT
