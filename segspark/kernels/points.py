"""Points: prepared customers on a grid, packed into blocks, and exact sums over them.

A coordinate is a whole number of steps, kept in a float64 that has bits to spare: products of points and centres, and
so squared distances, are whole numbers below 2**53. Nothing is rounded, so sums are the same in any order, block size,
number of threads or retries.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

ROWS = 32_768  # in a block, at least, but for a task's last one
_MANTISSA = 53
_HALF = 2.0**26


@dataclass(frozen=True)
class Grid:
    """The grid that prepared customers are put on.

    Attributes:
        inputs: coordinates of a point.
        step: between two whole numbers, in the prepared unit; a power of two.
    """

    inputs: int
    step: float

    @staticmethod
    def over(reach: float, inputs: int) -> "Grid":
        """The finest grid on which squared distances are exact.

        Args:
            reach: no coordinate is further from 0, in the prepared unit.
            inputs: coordinates of a point.

        Examples:
            >>> Grid.over(30.0, 12).step == 2.0**-18
            True
        """
        bits = (_MANTISSA - 2 - math.ceil(math.log2(inputs))) // 2
        return Grid(inputs, 2.0 ** (math.ceil(math.log2(reach)) - bits) if reach > 0 else 1.0)

    def snapped(self, points: Floats) -> Floats:
        """Whole numbers of steps, from prepared units.

        Examples:
            >>> Grid(1, 0.25).snapped(np.array([[0.6]])).tolist()
            [[2.0]]
        """
        return np.asarray(np.rint(points / self.step))


@dataclass(frozen=True)
class Block:
    """Some customers.

    Attributes:
        points: whole numbers, shape (n, inputs).
        ranks: the hash of each customer by which samples are drawn.
        held: whether each is held out of training.
    """

    points: Floats
    ranks: Longs
    held: npt.NDArray[np.bool_]


def pack(batches: Iterable[pa.RecordBatch], grid: Grid) -> Iterator[pa.RecordBatch]:
    """Put prepared customers on the grid and into blocks.

    Args:
        batches: rank BIGINT, held BOOLEAN, then one DOUBLE per input.
        grid: of whole numbers.

    Yields:
        One row per block: points (32-bit whole numbers by customer), ranks, held, moments, all BINARY.
    """
    held: list[tuple[npt.NDArray[np.int32], Longs, npt.NDArray[np.bool_]]] = []
    for batch in batches:
        held.append(_snapped(batch, grid))
        if sum(len(ranks) for _, ranks, _ in held) >= ROWS:
            yield _packed(held)
            held = []
    if held:
        yield _packed(held)


def _snapped(batch: pa.RecordBatch, grid: Grid) -> tuple[npt.NDArray[np.int32], Longs, npt.NDArray[np.bool_]]:
    ranks, held, *inputs = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
    points = grid.snapped(np.column_stack(inputs)).astype(np.int32)
    return points, ranks.astype(np.int64), held.astype(np.bool_)


def _packed(batches: Sequence[tuple[npt.NDArray[Any], ...]]) -> pa.RecordBatch:
    """One block of several batches: Spark's own have 10,000 rows, too few to be worth a row each."""
    points, ranks, held = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    columns = {"points": points, "ranks": ranks, "held": held, "moments": _moments(points.astype(np.float64), held)}
    return pa.record_batch([pa.array([one.tobytes()], pa.binary()) for one in columns.values()], list(columns))


def blocks(batches: Iterable[pa.RecordBatch], inputs: int) -> Iterator[Block]:
    """The blocks that `pack` made, with points as float64."""
    for batch in batches:
        columns = (batch.column(name).to_pylist() for name in ("points", "ranks", "held"))
        for points, ranks, held in zip(*columns, strict=True):
            yield Block(
                np.frombuffer(points, np.int32).reshape(-1, inputs).astype(np.float64),
                np.frombuffer(ranks, np.int64),
                np.frombuffer(held, np.bool_),
            )


def squares(points: Floats) -> Floats:
    """Squared norms, whole numbers, shape (n, inputs) to (n,)."""
    return np.asarray(np.einsum("ij,ij->i", points, points))


def halves(values: Floats) -> tuple[Floats, Floats]:
    """Whole numbers below 2**53 as high and low part, whose sums stay exact where the numbers' own would not.

    Examples:
        >>> [float(part[0]) for part in halves(np.array([2.0**30 + 5]))]
        [16.0, 5.0]
    """
    high = np.floor(values / _HALF)
    return high, values - high * _HALF


def whole(high: int, low: int) -> int:
    """The sum whose halves were summed."""
    return high * int(_HALF) + low


def table(columns: "dict[str, Longs]") -> pa.RecordBatch:
    """A batch of 64-bit whole numbers."""
    return pa.record_batch([pa.array(values, pa.int64()) for values in columns.values()], list(columns))


def moments(batches: Iterable[pa.RecordBatch], inputs: int) -> Iterator[pa.RecordBatch]:
    """Sums over blocks: one row per block and part (0 trained on, 1 held out) with n, high, low, and s0, s1, ... .

    Of the blocks only the column `moments` is needed.
    """
    names = ["part", "n", "high", "low", *(f"s{one}" for one in range(inputs))]
    for batch in batches:
        for found in batch.column("moments").to_pylist():
            yield table(dict(zip(names, np.frombuffer(found, np.int64).reshape(2, -1).T, strict=True)))


def _moments(points: Floats, held: npt.NDArray[np.bool_]) -> Longs:
    parts = [(part, points[held == part]) for part in (False, True)]
    return np.array([[int(part), len(some), *_norms(some), *some.sum(axis=0)] for part, some in parts], np.int64)


def _norms(points: Floats) -> tuple[float, float]:
    high, low = halves(squares(points))
    return float(high.sum()), float(low.sum())


@dataclass(frozen=True)
class Draw:
    """How samples are drawn from the blocks.

    Attributes:
        expected: points of the coreset.
        n: customers trained on.
        mean: their mean, in steps.
        spread: sum of their squared distances to it, in squared steps.
        below: ranks below it (as an unsigned fraction of all) are in the evaluation sample.
    """

    expected: int
    n: int
    mean: Floats
    spread: float
    below: float

    def inclusion(self, points: Floats) -> Floats:
        """The probability of each point to be in the coreset.

        Lightweight coreset (Bachem, Lucic & Krause 2018): half uniform, half by squared distance to the mean; here each
        point is drawn by itself (Poisson sampling), so that a point's fate depends on nothing but itself.

        Examples:
            >>> draw = Draw(1, 2, np.array([0.0]), 50.0, 0.0)
            >>> draw.inclusion(np.array([[5.0], [-5.0]])).tolist()
            [0.5, 0.5]
        """
        if self.expected >= self.n:
            return np.ones(len(points))
        apart = ((points - self.mean) ** 2).sum(axis=1)
        by_distance = apart / self.spread if self.spread > 0 else np.full(len(points), 1 / self.n)
        return np.asarray(np.minimum(1.0, self.expected * (0.5 / self.n + 0.5 * by_distance)))


def fractions(ranks: Longs) -> Floats:
    """Ranks as numbers in [0, 1), uniform where the hash is.

    Examples:
        >>> fractions(np.array([-(2**63), 0], dtype=np.int64)).tolist()
        [0.0, 0.5]
    """
    return (ranks.astype(np.float64) + 2.0**63) / 2.0**64


def drawn(batches: Iterable[pa.RecordBatch], inputs: int, draw: Draw) -> Iterator[pa.RecordBatch]:
    """The coreset and the evaluation sample.

    Yields:
        rank, weight (0: in the evaluation sample only), evaluated, held, x0, x1, ... (in steps).
    """
    for block in blocks(batches, inputs):
        at = fractions(block.ranks)
        chance = draw.inclusion(block.points)
        # The evaluation sample and the coreset are drawn by different digits of the rank.
        taken = (np.mod(at * 2.0**20, 1.0) < chance) & ~block.held
        evaluated = at < draw.below
        some = taken | evaluated
        weight = np.where(taken[some], 1.0 / chance[some], 0.0)
        columns: list[pa.Array] = [
            pa.array(block.ranks[some]), pa.array(weight), pa.array(evaluated[some]), pa.array(block.held[some])
        ]  # fmt: skip
        names = ["rank", "weight", "evaluated", "held", *(f"x{one}" for one in range(inputs))]
        yield pa.record_batch([*columns, *(pa.array(column) for column in block.points[some].T)], names)
