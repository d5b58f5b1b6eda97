"""Dirty input, where what was done to every row is known: each has the fate that it must have, and is told of."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest
import yaml
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from segspark.cli import main
from tests.dirty import SCHEMA, Dirt, Shares, expected_events, journey, ledger, sources, write_dirty
from tests.e2e.conftest import FEWER, LESS_SAID

pytestmark = pytest.mark.slow

LONG = "SEGSPARK_LONG" in os.environ  # make test-long: all households, twenty inputs


@dataclass(frozen=True)
class Soiled:
    """A workspace, the rows as they should have been, and what was done to them."""

    folder: Path
    clean: pa.Table
    dirt: Dirt

    def table(self, name: str) -> pa.Table:
        files = deltalake.DeltaTable(str(self.folder / "lake" / name)).file_uris()
        return pyarrow.dataset.dataset(files).to_table()


def soiled(folder: Path, clean: pa.Table, seed: int, shares: Shares, long_text: int = 10_000_000) -> Soiled:
    """Write dirty files and a configuration that reads them."""
    config = {
        "workspace": {"root": "lake"},
        "tracking": {"uri": "sqlite:///mlflow.db"},
        "time": {"business_timezone": "America/New_York"},
        "sources": {"events": sources(folder)},
    }
    dirt = write_dirty(clean, folder, seed, shares=shares, long_text=long_text)
    (folder / "segspark.yaml").write_text(yaml.safe_dump(config))
    return Soiled(folder, clean, dirt)


def run(where: Soiled, phase: str, *arguments: str) -> int:
    return main([phase, "--config", str(where.folder / "segspark.yaml"), "--as-of", "2018-01-01", *arguments])


def told(where: Soiled) -> dict[str, dict[str, int]]:
    """The ledger of the one ingest."""
    names = ("read", "accepted", "quarantined", "deduplicated")
    rows = [row for row in where.table("runs").to_pylist() if row["phase"] == "ingest"]
    assert all(row["status"] == "done" for row in rows)
    return {row["source"]: {name: row[f"rows_{name}"] for name in names} for row in rows}


@pytest.fixture(scope="module")
def dirty(spark: object, make_workspace: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> Soiled:
    """The Complete Journey of every tenth household, dirtied; one whole run over it."""
    original = make_workspace("original", 1 if LONG else 10).folder / "data" / "complete-journey"
    clean = journey(original / "transactions.parquet")
    made = soiled(tmp_path_factory.mktemp("dirty"), clean, 7, Shares())
    assert run(made, "run", *FEWER, *LESS_SAID) == 0
    return made


def test_every_row_of_the_journey_has_the_fate_that_it_must_have(dirty):
    assert told(dirty) == ledger(dirty.dirt.counts)


def test_the_accepted_events_are_those_of_the_clean_journey_with_the_latest_amounts(dirty):
    expected, found = expected_events(dirty.clean, dirty.dirt), dirty.table("events")
    assert (expected.num_rows, found.num_rows) == (len(set(expected["event_id"].to_pylist())), expected.num_rows)
    different = duckdb.sql(
        "SELECT count(*) FROM expected e FULL JOIN found f USING (event_id) WHERE e.customer_id IS DISTINCT FROM"
        " f.customer_id OR e.event_ts <> f.event_ts::TIMESTAMP OR abs(e.amount - f.amount) > 0.00005"
    )
    assert different.fetchall() == [(0,)]


def test_what_was_lost_is_in_quarantine_each_row_with_all_its_reasons(dirty):
    rows = dirty.table("quarantine").to_pylist()
    counts = Counter()
    for (_, label), number in dirty.dirt.counts.items():
        counts[label] += number
    several = [row for row in rows if {"event_id: missing", "customer_id: missing"} <= set(row["reasons"])]
    assert sum(row["occurrences"] for row in several) == counts["several defects"]
    assert sum(row["occurrences"] for row in rows) == sum(line["quarantined"] for line in told(dirty).values())


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        ("customer_id: missing", ["missing customer", "several defects"]),
        ("event_id: missing", ["missing id", "blank id", "several defects"]),
        ("event_ts: cannot be read as TIMESTAMP", ["unreadable time"]),
        ("row: broken, with other fields than the rest", ["ragged CSV line", "broken JSON line"]),
    ],
)
def test_the_quality_table_counts_what_was_broken(dirty, rule, labels):
    failed = sum(row["rows_failed"] for row in dirty.table("data_quality").to_pylist() if row["rule"] == rule)
    assert failed == sum(number for (_, label), number in dirty.dirt.counts.items() if label in labels)


def test_the_report_s_quality_page_tells_what_became_of_the_rows(dirty):
    page = " ".join((dirty.folder / "lake" / "report" / "index.html").read_text(encoding="utf-8").split())
    account = ledger(dirty.dirt.counts)
    read, lost = (sum(line[name] for line in account.values()) for name in ("read", "quarantined"))
    assert f"{lost:,} rows were quarantined, of {read:,} read." in page
    for source, line in account.items():
        cells = "".join(f'<td class="n">{line[n]:,}</td>' for n in ("read", "accepted", "quarantined", "deduplicated"))
        assert f'<th scope="row">{source}</th>{cells}' in page
    assert "customer_id: missing" in page


@settings(
    max_examples=20, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate][: 1 + LONG],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@example(seed=1, count=300, shares=Shares(0.1, 0.05, 0.1, 0.05))
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(200, 400),
    shares=st.builds(Shares, *[st.floats(0, 0.1)] * 4),
)
def test_whatever_is_wrong_read_is_accepted_quarantined_and_deduplicated(spark, tmp_path_factory, seed, count, shares):
    made = soiled(tmp_path_factory.mktemp("generated"), purchases(count), seed, shares, long_text=200_000)
    assert run(made, "ingest") == 0
    assert told(made) == ledger(made.dirt.counts)
    assert all(line["read"] == sum(line.values()) - line["read"] for line in told(made).values())


def purchases(count: int) -> pa.Table:
    """Clean events: a purchase every hour."""
    times = [datetime(2017, 1, 1) + timedelta(hours=n) for n in range(count)]  # noqa: DTZ001 - naive, as in the files
    columns = {
        "event_id": [f"e{n}" for n in range(count)], "customer_id": [f"c{n % 29}" for n in range(count)],
        "event_ts": times, "event_type": ["purchase"] * count, "channel": ["store"] * count,
        "store_id": ["1"] * count, "session_id": pa.nulls(count), "order_id": [f"o{n // 3}" for n in range(count)],
        "product_id": [f"p{n % 7}" for n in range(count)], "quantity": [1] * count,
        "amount": [1 + n / 4 for n in range(count)], "discount": [0.5] * count,
        "note": ['a, "b"' if n % 2 else None for n in range(count)], "updated_at": times,
    }  # fmt: skip
    return pa.table(columns).cast(SCHEMA)
