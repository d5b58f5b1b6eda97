"""Passes over all customers: prepared once into blocks, then summed for all candidates of a kind at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.clustering.indices import ClusterSums
from segspark.kernels import mixtures, partitions, points
from segspark.kernels.mixtures import Density
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Draw, Floats, Grid, Longs

_PARTS = 10_000

Counted = tuple[Longs, float]  # customers of each component, and their log-likelihood in nats


def held_out(share: float) -> Column:
    """Whether a customer is held out of training: the same ones at every training, by a hash of customer_id.

    Examples:
        >>> ids = spark.range(10_000).selectExpr("CAST(id AS STRING) AS customer_id")
        >>> 1_900 < ids.where(held_out(0.2)).count() < 2_100
        True
    """
    return F.pmod(F.xxhash64("customer_id", F.lit("held out")), F.lit(_PARTS)) < F.lit(round(share * _PARTS))


@dataclass(frozen=True)
class Blocks:
    """All customers on the grid.

    Attributes:
        frame: points, ranks, held, moments, one row per block.
    """

    frame: DataFrame
    grid: Grid


def packed(prepared: DataFrame, inputs: Sequence[Column], grid: Grid, share: float, seed: int) -> Blocks:
    """Put prepared customers into blocks, a kept frame of which is small and quickly read.

    Args:
        prepared: one row per customer_id.
        inputs: the model's inputs, in the prepared unit, none null.
        grid: for so many inputs.
        share: of customers that is held out.
        seed: of the samples that are drawn later.
    """
    rank = F.xxhash64("customer_id", F.lit(seed), F.lit("rank"))
    named = [one.cast("double").alias(f"x{number}") for number, one in enumerate(inputs)]
    rows = prepared.select(rank.alias("rank"), held_out(share).alias("held"), *named)
    schema = "points BINARY, ranks BINARY, held BINARY, moments BINARY"
    return Blocks(rows.mapInArrow(partial(points.pack, grid=grid), schema), grid)


@dataclass(frozen=True)
class Moments:
    """Counts and sums of one part of the customers, in steps of the grid.

    Attributes:
        n: customers.
        sums: of each input.
        squares: sum of squared norms.
    """

    n: int
    sums: Floats
    squares: int

    @property
    def mean(self) -> Floats:
        """The mean customer."""
        return self.sums / max(self.n, 1)

    @property
    def spread(self) -> float:
        """Sum of squared distances to the mean."""
        return float(self.squares - (self.sums * self.mean).sum())


def moments(blocks: Blocks) -> tuple[Moments, Moments]:
    """Moments of the customers trained on, and of those held out.

    Each block brings its own: some hundred bytes per 32,768 customers come to the driver.
    """
    inputs = blocks.grid.inputs
    names = ["n", "high", "low", *(f"s{one}" for one in range(inputs))]
    batches = blocks.frame.select("moments").toArrow().to_batches()
    rows = [batch.to_pandas() for batch in points.moments(batches, inputs)]
    found = pd.concat([pd.DataFrame(0, index=[0, 1], columns=["part", *names]).assign(part=[0, 1]), *rows])
    found = found.groupby("part").sum()

    def part(number: int) -> Moments:
        row = found.loc[number]
        sums = row[names[3:]].to_numpy().astype(np.float64)
        return Moments(int(row["n"]), sums, points.whole(int(row["high"]), int(row["low"])))

    return part(0), part(1)


@dataclass(frozen=True)
class Drawn:
    """Samples on the driver, in steps of the grid, in the order of their ranks.

    Attributes:
        coreset: customers trained on, shape (m, inputs).
        weights: how many customers each stands for.
        evaluated: a simple random sample of all customers.
        held: which of these are held out.
    """

    coreset: Floats
    weights: Floats
    evaluated: Floats
    held: "np.ndarray[tuple[int], np.dtype[np.bool_]]"


def drawn(blocks: Blocks, trained: Moments, customers: int, coreset_rows: int, evaluation_rows: int) -> Drawn:
    """Draw a lightweight coreset of those trained on, and a simple random sample of all.

    Both are of bounded size: expected coreset_rows and evaluation_rows.
    """
    inputs = blocks.grid.inputs
    below = 1.0 if evaluation_rows >= customers else evaluation_rows / customers
    draw = Draw(coreset_rows, trained.n, trained.mean, trained.spread, below)
    names = [f"x{one}" for one in range(inputs)]
    schema = "rank BIGINT, weight DOUBLE, evaluated BOOLEAN, held BOOLEAN, " + ", ".join(f"{n} DOUBLE" for n in names)
    found = blocks.frame.mapInArrow(partial(points.drawn, inputs=inputs, draw=draw), schema).toPandas()
    found = found.sort_values(["rank", *names], ignore_index=True)
    core, sample = found[found["weight"] > 0], found[found["evaluated"]]
    return Drawn(
        core[names].to_numpy(), core["weight"].to_numpy(), sample[names].to_numpy(), sample["held"].to_numpy(bool)
    )


@dataclass(frozen=True)
class Measured:
    """A partition's clusters in one part of the customers, in the prepared unit.

    Attributes:
        sums: exact, about the mean of those trained on.
        silhouette: mean simplified silhouette, Euclidean.
        silhouette_squared: the same with squared distances.
    """

    sums: ClusterSums
    silhouette: float
    silhouette_squared: float


def measured(blocks: Blocks, candidates: Sequence[Partition], about: Floats) -> list[tuple[Measured, Measured]]:
    """Sums of every candidate: of the customers trained on, and of those held out; one pass for all.

    Args:
        blocks: all customers.
        candidates: any number.
        about: the point that sums are taken about, in whole steps.
    """
    found = _partition_sums(blocks, candidates, part=None, full=True)
    return [
        (_measured(found, 0, one, blocks, about), _measured(found, 1, one, blocks, about))
        for one in range(len(candidates))
    ]


def _measured(found: pd.DataFrame, part: int, candidate: int, blocks: Blocks, about: Floats) -> Measured:
    rows = _rows(found, part, candidate)
    step, point = blocks.grid.step, [int(one) for one in about]
    names = [f"s{one}" for one in range(blocks.grid.inputs)]
    counts, sums, squares = [], [], []
    for row in rows.to_dict("records"):  # k, in whole numbers of any length: nothing is lost where they cancel
        n, summed = int(row["n"]), [int(row[name]) for name in names]
        cross = sum(one * total for one, total in zip(point, summed, strict=True))
        counts.append(n)
        sums.append([(total - n * one) * step for one, total in zip(point, summed, strict=True)])
        squares.append((points.whole(row["high"], row["low"]) - 2 * cross + n * sum(one**2 for one in point)) * step**2)
    told = np.array([partitions.in_units(*one, step=step) for one in rows[list(_FIRM)].to_numpy().tolist()])
    total = max(sum(counts), 1)
    distances, silhouettes, squared = told.T
    clusters = ClusterSums(np.array(counts, np.float64), np.array(sums), np.array(squares), distances)
    return Measured(clusters, float(silhouettes.sum()) / total, float(squared.sum()) / total)


def refined(
    blocks: Blocks, candidates: Sequence[Floats], total: Moments, tolerance: float, passes: int
) -> tuple[list[Floats], int]:
    """Lloyd's iterations on all customers trained on, for all candidates at a time.

    A candidate is done when a pass lowers its cost by less than the tolerance; later passes leave it out.

    Args:
        blocks: all customers.
        candidates: centres in steps, shape (k, inputs) each.
        total: of the customers trained on.
        tolerance: relative.
        passes: at most.

    Returns:
        The centres, on the grid, and how many passes were made.
    """
    centres, costs = list(candidates), [np.inf] * len(candidates)
    active, made = list(range(len(centres))), 0
    while active and made < passes:
        made += 1
        found = _partition_sums(blocks, [Partition(centres[one]) for one in active], part=False, full=False)
        going = []
        for position, one in enumerate(active):
            rows = _rows(found, 0, position)
            n, sums = rows["n"].to_numpy(np.float64), _inputs(rows, blocks)
            cost = float(total.squares) + cost_against(centres[one], n, sums)
            moved = np.rint(np.divide(sums, n[:, None], out=centres[one].copy(), where=n[:, None] > 0))
            if costs[one] - cost > tolerance * cost and not np.array_equal(moved, centres[one]):
                going.append(one)
            centres[one], costs[one] = moved, cost
        active = going
    return centres, made


def cost_against(centres: Floats, n: Floats, sums: Floats) -> float:
    """Sum of squared distances to the own centre, less the sum of squared norms.

    Examples:
        >>> cost_against(np.array([[1.0]]), np.array([2.0]), np.array([[4.0]])) + (1.0 + 9.0)
        4.0
    """
    return float((n * (centres**2).sum(axis=1) - 2 * (centres * sums).sum(axis=1)).sum())


def mixture_sums(blocks: Blocks, candidates: Sequence[Density]) -> list[tuple[Counted, Counted]]:
    """Sizes and log-likelihood (nats) of every mixture: of customers trained on, and of those held out; one pass."""
    kernel = partial(mixtures.sums, inputs=blocks.grid.inputs, step=blocks.grid.step, mixtures=tuple(candidates))
    found = _summed(blocks.frame.mapInArrow(kernel, mixtures.SCHEMA), list(_KEY), ["n", "log_likelihood"])
    found = found.set_index(list(_KEY))

    def part(number: int, one: int) -> Counted:
        keys = [(number, one, cluster) for cluster in range(candidates[one].k)]
        rows = found.reindex(keys, fill_value=0)
        return rows["n"].to_numpy(np.int64), mixtures.in_nats(sum(int(value) for value in rows["log_likelihood"]))

    return [(part(0, one), part(1, one)) for one in range(len(candidates))]


_KEY = ("part", "candidate", "cluster")
_FIRM = ("distance", "silhouette", "silhouette_squared")


def _partition_sums(blocks: Blocks, candidates: Sequence[Partition], part: bool | None, full: bool) -> pd.DataFrame:
    """Sums by part, candidate and cluster, with a row of zeros for what has no customers."""
    inputs, chosen = blocks.grid.inputs, tuple(candidates)
    kernel = partial(partitions.sums, inputs=inputs, partitions=chosen, part=part, full=full)
    schema = partitions.schema(inputs, full)
    names = [one.split()[0] for one in schema.split(", ")][len(_KEY) :]
    found = _summed(blocks.frame.mapInArrow(kernel, schema), list(_KEY), names).set_index(list(_KEY))
    keys = [
        (number, candidate, cluster)
        for number in ((0, 1) if part is None else (int(part),))
        for candidate, one in enumerate(chosen)
        for cluster in range(len(one.centres))
    ]
    return found.reindex(pd.MultiIndex.from_tuples(keys, names=_KEY), fill_value=0)


def _rows(found: pd.DataFrame, part: int, candidate: int) -> pd.DataFrame:
    """A candidate's clusters, in order."""
    places = found.index.get_level_values("part"), found.index.get_level_values("candidate")
    return found[(places[0] == part) & (places[1] == candidate)].sort_index()


def _summed(rows: DataFrame, keys: list[str], names: list[str]) -> pd.DataFrame:
    """Sums of whole numbers by key, on the driver: each task has summed its blocks, and gives a row per key.

    So there are as many rows as tasks times keys, a few kilobytes of each task. To sum them in Spark would take another
    stage and a statement to compile, which at a million customers cost more than the pass itself.
    """
    return rows.toPandas().groupby(keys, as_index=False)[names].sum()


def _inputs(rows: pd.DataFrame, blocks: Blocks) -> Floats:
    return rows[[f"s{one}" for one in range(blocks.grid.inputs)]].to_numpy(np.float64)
