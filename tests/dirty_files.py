"""Rows, some of them changed, as Parquet, JSON lines or CSV: the untouched in bulk, the changed one by one."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tests.defects import AGES, DEFECTS, HARMLESS, LONG_TEXT, Change, Row, changed

_CHANGED = {*DEFECTS, *HARMLESS, *AGES, LONG_TEXT}
Soiled = Mapping[int, tuple[Row, Change, int]]  # by place: values, change, which one of its kind


def write_rows(
    clean: pa.Table, rows: np.ndarray, labels: Sequence[str], targets: Sequence[Path], long_text: int
) -> None:
    """Write rows of a table, each as its label says, in order and evenly into files of one format."""
    places = [at for at, label in enumerate(labels) if label in _CHANGED]
    seen: Counter[str] = Counter()
    soiled = {}
    for at, row in zip(places, clean.take(rows[places]).to_pylist(), strict=True):
        n = seen[labels[at]]
        soiled[at] = (*changed(row, labels[at], n, long_text), n)
        seen[labels[at]] += 1
    bounds = pairwise(np.linspace(0, len(rows), len(targets) + 1).astype(int).tolist())
    write = {".parquet": _write_parquet, ".json": _write_json, ".csv": _write_csv}[targets[0].suffix]
    write(clean, rows, soiled, list(zip(targets, bounds, strict=True)))


Slices = Sequence[tuple[Path, tuple[int, int]]]


def _write_parquet(clean: pa.Table, rows: np.ndarray, soiled: Soiled, slices: Slices) -> None:
    table = pa.concat_tables([clean, pa.Table.from_pylist([row for row, _, _ in soiled.values()], clean.schema)])
    taken = rows.copy()
    taken[list(soiled)] = clean.num_rows + np.arange(len(soiled))
    for target, (start, end) in slices:
        pq.write_table(table.take(taken[start:end]), target)


def _write_json(clean: pa.Table, rows: np.ndarray, soiled: Soiled, slices: Slices) -> None:
    text = duckdb.from_arrow(clean).query("events", "SELECT to_json(events)::VARCHAR AS line FROM events")
    lines = [line.encode() for line in text.to_arrow_table()["line"].to_pylist()]
    _write_lines([lines[row] for row in rows.tolist()], soiled, slices, b"")


def _write_csv(clean: pa.Table, rows: np.ndarray, soiled: Soiled, slices: Slices) -> None:
    target = io.BytesIO()
    # Whole seconds, as Python writes them for the changed rows.
    columns = [c.cast(pa.timestamp("s")) if pa.types.is_timestamp(c.type) else c for c in clean.columns]
    options = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
    pa.csv.write_csv(pa.table(columns, names=clean.column_names), target, options)
    lines = target.getvalue().split(b"\n")
    header = ",".join(clean.column_names).encode() + b"\n"
    _write_lines([lines[row] for row in rows.tolist()], soiled, slices, header)


def _write_lines(lines: list[bytes], soiled: Soiled, slices: Slices, header: bytes) -> None:
    encode = _csv_line if header else _json_line
    for at, (row, change, n) in soiled.items():
        lines[at] = change.line(encode(row), n)
    for target, (start, end) in slices:
        target.write_bytes(header + b"\n".join(lines[start:end]) + b"\n")


def _csv_line(row: Row) -> bytes:
    target = io.StringIO()
    csv.writer(target, lineterminator="").writerow(row.values())
    return target.getvalue().encode(errors="surrogateescape")


def _json_line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=str, separators=(",", ":")).encode()
