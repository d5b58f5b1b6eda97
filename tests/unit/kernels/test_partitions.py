"""Exact sums over blocks, against numpy and scikit-learn on the same points."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import pairwise_distances

from segspark.kernels import mixtures, partitions, points
from segspark.kernels.mixtures import Mixture
from segspark.kernels.partitions import Partition
from segspark.kernels.points import Draw, Grid

INPUTS, HELD = 3, 0.25


@pytest.fixture(scope="module")
def customers():
    """Points in two parts, in prepared units."""
    random = np.random.default_rng(5)
    return random.gamma(2.0, 1.0, (9_000, INPUTS)), random.random(9_000) < HELD


@pytest.fixture(scope="module")
def grid(customers):
    return Grid.over(float(customers[0].max()), INPUTS)


def blocks(customers, grid, order=None, size=4_000):
    """The customers' blocks; in another order, of another size."""
    rows, held = customers
    order = np.arange(len(rows)) if order is None else order
    ranks = np.random.default_rng(1).integers(-(2**63), 2**63 - 1, len(rows))
    for start in range(0, len(rows), size):
        piece = order[start : start + size]
        arrays = [pa.array(ranks[piece]), pa.array(held[piece]), *(pa.array(column) for column in rows[piece].T)]
        yield pa.record_batch(arrays, ["rank", "held", *(f"x{one}" for one in range(INPUTS))])


def summed(kernel, customers, grid, **how):
    """What a kernel yields for the packed customers, added up by its keys."""
    found = pa.Table.from_batches(kernel(points.pack(blocks(customers, grid, **how), grid))).to_pandas()
    keys = [name for name in ("part", "candidate", "cluster") if name in found]
    return found.groupby(keys).sum()


@pytest.fixture(scope="module")
def candidates(grid):
    random = np.random.default_rng(2)
    flat = [Partition(grid.snapped(random.gamma(2.0, 1.0, (k, INPUTS)))) for k in (2, 7)]
    # The root's children are 1 and 2; 2 is divided into 3 and 4. Clusters: node 1 is 0, node 3 is 1, node 4 is 2.
    nodes = grid.snapped(np.array([[2, 2, 2], [1, 1, 1], [4, 3, 3], [4, 1, 3], [4, 5, 3]], dtype=float))
    tree = Partition(nodes[[1, 3, 4]], nodes, ((1, 2), (-1, -1), (3, 4), (-2, -1), (-3, -1)))
    return [*flat, tree]


def labelled(candidate, rows):
    """Clusters by the definition: the nearest centre, or down the tree."""
    apart = pairwise_distances(rows, candidate.centres, metric="sqeuclidean")
    if candidate.nodes is None:
        return apart.argmin(axis=1)
    to = pairwise_distances(rows, candidate.nodes, metric="sqeuclidean")
    return np.where(to[:, 1] <= to[:, 2], 0, np.where(to[:, 3] <= to[:, 4], 1, 2))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_sums_of_every_cluster_and_part_are_those_of_its_points(customers, grid, candidates, which):
    found = summed(
        partial(partitions.sums, inputs=INPUTS, partitions=candidates, part=None, full=True), customers, grid
    )
    rows, candidate = grid.snapped(customers[0]), candidates[which]
    labels = labelled(candidate, rows)
    apart = pairwise_distances(rows, candidate.centres)
    for part in (0, 1):
        for cluster in range(len(candidate.centres)):
            own = (labels == cluster) & (customers[1] == part)
            row = found.loc[(part, which, cluster)]
            assert row["n"] == own.sum()
            assert [row[f"s{one}"] for one in range(INPUTS)] == rows[own].sum(axis=0).tolist()
            assert points.whole(int(row["high"]), int(row["low"])) == int((rows[own].astype(int) ** 2).sum())
            a, b = apart[own, cluster], np.delete(apart[own], cluster, axis=1).min(axis=1)
            told = partitions.in_units(row["distance"], row["silhouette"], row["silhouette_squared"], step=grid.step)
            squared = ((b**2 - a**2) / np.maximum(a, b) ** 2).sum()
            expected = (a.sum() * grid.step, ((b - a) / np.maximum(a, b)).sum(), squared)
            assert told == pytest.approx(expected, rel=1e-7, abs=1e-4)


def test_no_bit_of_any_sum_depends_on_order_or_block_size(customers, grid, candidates):
    kernel = partial(partitions.sums, inputs=INPUTS, partitions=candidates, part=None, full=True)
    shuffled = np.random.default_rng(3).permutation(len(customers[0]))
    other = summed(kernel, customers, grid, order=shuffled, size=611)
    assert summed(kernel, customers, grid).equals(other)


def test_a_step_of_lloyd_s_sees_only_the_part_it_is_asked_for(customers, grid, candidates):
    kernel = partial(partitions.sums, inputs=INPUTS, partitions=candidates[:1], part=False, full=False)
    found = summed(kernel, customers, grid)
    assert found.index.get_level_values("part").unique().tolist() == [0]
    assert found["n"].sum() == (~customers[1]).sum()


def test_moments_are_exact(customers, grid):
    found = summed(partial(points.moments, inputs=INPUTS), customers, grid)
    rows = grid.snapped(customers[0]).astype(int)[customers[1]]
    assert found.loc[1, "n"] == len(rows)
    assert points.whole(int(found.loc[1, "high"]), int(found.loc[1, "low"])) == int((rows**2).sum())
    assert [found.loc[1, f"s{one}"] for one in range(INPUTS)] == rows.sum(axis=0).tolist()


def test_the_grid_is_finer_than_a_millionth_of_the_reach_and_its_squared_distances_are_exact():
    for inputs in (2, 12, 100):
        grid = Grid.over(40.0, inputs)
        assert grid.step < 40.0 / 1e6
        far = grid.snapped(np.full((1, inputs), 40.0))
        exact = int(far[0, 0]) ** 2 * inputs
        assert exact < 2**53
        assert int(points.squares(far)[0]) == exact


# Drawing


def test_the_coreset_s_weights_add_up_to_everyone_on_average_and_estimate_costs_without_bias(customers, grid):
    rows = grid.snapped(customers[0])[~customers[1]]
    spread = float(((rows - rows.mean(axis=0)) ** 2).sum())
    draw = Draw(600, len(rows), rows.mean(axis=0), spread, 0.0)
    centre = rows[17]
    truth = ((rows - centre) ** 2).sum()
    chance = draw.inclusion(rows)
    assert chance.sum() <= 600.5  # expected points
    random = np.random.default_rng(8)
    costs, counts = [], []
    for _ in range(400):
        taken = random.random(len(rows)) < chance
        costs.append((((rows[taken] - centre) ** 2).sum(axis=1) / chance[taken]).sum() / truth)
        counts.append((1 / chance[taken]).sum() / len(rows))
    for values in (costs, counts):
        assert np.mean(values) == pytest.approx(1, abs=4 * np.std(values) / 20)
        assert np.std(values) < 0.08


def test_who_is_drawn_follows_from_rank_alone_and_is_never_held_out(customers, grid):
    draw = Draw(500, int((~customers[1]).sum()), np.zeros(INPUTS), 0.0, 0.1)
    kernel = partial(points.drawn, inputs=INPUTS, draw=draw)

    def taken(**how):
        found = pa.Table.from_batches(kernel(points.pack(blocks(customers, grid, **how), grid))).to_pandas()
        return found.sort_values("rank", ignore_index=True)

    found = taken()
    core, sample = found[found["weight"] > 0], found[found["evaluated"]]
    assert not core["held"].any()
    assert 400 < len(core) < 600
    assert 800 < len(sample) < 1_000
    assert core["weight"].sum() == pytest.approx(draw.n, rel=0.2)
    assert found.equals(taken(size=977))


def test_of_fewer_customers_than_asked_for_all_are_drawn_once(customers, grid):
    draw = Draw(10_000, int((~customers[1]).sum()), np.zeros(INPUTS), 1.0, 1.0)
    batches = points.drawn(points.pack(blocks(customers, grid), grid), INPUTS, draw)
    found = pa.Table.from_batches(batches).to_pandas()
    assert found["evaluated"].all()
    assert (found["weight"] == (~found["held"]).astype(float)).all()


# Mixtures


def test_a_mixture_s_likelihood_and_sizes_are_scipy_s(customers, grid):
    random = np.random.default_rng(4)
    means = random.gamma(2.0, 1.0, (2, INPUTS))
    roots = random.normal(size=(2, INPUTS, INPUTS))
    covariances, weights = roots @ roots.transpose(0, 2, 1) + np.eye(INPUTS), np.array([0.3, 0.7])
    mixture = Mixture(weights, means, covariances)
    kernel = partial(mixtures.sums, inputs=INPUTS, step=grid.step, mixtures=[mixture])
    found = summed(kernel, customers, grid)
    rows = grid.snapped(customers[0])[customers[1]] * grid.step
    densities = np.stack(
        [w * multivariate_normal(m, c).pdf(rows) for w, m, c in zip(weights, means, covariances, strict=True)], axis=1
    )
    told = found.loc[(1, 0)]
    assert told["n"].tolist() == np.bincount(densities.argmax(axis=1), minlength=2).tolist()
    assert mixtures.in_nats(int(told["log_likelihood"].sum())) == pytest.approx(np.log(densities.sum(axis=1)).sum())
