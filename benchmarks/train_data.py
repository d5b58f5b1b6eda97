"""Customers for the training benchmark, in Parquet: planted clusters of unequal size within a continuum, standardised.

Three fifths of the customers belong to seven clusters, the largest ten times the smallest, each with a covariance of
its own; the others are a continuum of three factors, the first of them skewed. Each input then has mean 0 and standard
deviation 1 in the whole, so that no side has to scale anything and all costs are in one unit.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from events_data import ids

Floats = npt.NDArray[np.float64]

PARTS = 8  # files
SHARES = np.array([0.30, 0.22, 0.18, 0.12, 0.10, 0.05, 0.03])
CLUSTERED = 0.6
_CHUNK = 250_000


def generate(folder: Path, customers: int, inputs: int, seed: int) -> None:
    """Write customer_id and x0, x1, ... of so many customers, and the inputs' limits beside them (limits.json).

    Args:
        folder: gets customers/part-N.parquet, in the order of customer_id.
        customers: number of rows.
        inputs: number of columns.
        seed: decides everything.
    """
    starts = range(0, customers, _CHUNK)
    rows = np.concatenate([_chunk(min(_CHUNK, customers - start), inputs, seed, start) for start in starts])
    rows -= rows.mean(axis=0)
    rows /= rows.std(axis=0)
    (folder / "customers").mkdir(parents=True, exist_ok=True)
    for part, places in enumerate(np.array_split(np.arange(customers), PARTS)):
        columns = {f"x{one}": pa.array(rows[places, one]) for one in range(inputs)}
        table = pa.table({"customer_id": ids("c", places)} | columns)
        pq.write_table(table, folder / "customers" / f"part-{part}.parquet", compression="zstd")
    limits = {"lower": rows.min(axis=0).tolist(), "upper": rows.max(axis=0).tolist()}
    (folder / "limits.json").write_text(json.dumps(limits), encoding="utf-8")


def matrix(folder: Path) -> Floats:
    """All customers in the order of customer_id, shape (customers, inputs)."""
    table = pq.read_table(folder / "customers")
    return np.column_stack([table[name].to_numpy() for name in table.column_names if name != "customer_id"])


def _chunk(count: int, inputs: int, seed: int, start: int) -> Floats:
    shape = np.random.default_rng([seed, 0])  # the same for every chunk
    centres = shape.normal(0, 1.6, (len(SHARES), inputs))
    roots = shape.normal(0, 0.7 / np.sqrt(inputs), (len(SHARES), inputs, inputs)) + 0.5 * np.eye(inputs)
    loadings = shape.normal(0, 0.8, (3, inputs))
    random = np.random.default_rng([seed, 1, start])
    cluster = random.choice(len(SHARES), count, p=SHARES)
    noise = random.normal(size=(count, inputs))
    rows = 0.6 * noise + np.column_stack([random.exponential(1.2, count), random.normal(size=(count, 2))]) @ loadings
    planted = random.random(count) < CLUSTERED
    for one, (centre, root) in enumerate(zip(centres, roots, strict=True)):
        own = planted & (cluster == one)
        rows[own] = centre + noise[own] @ root
    return rows
