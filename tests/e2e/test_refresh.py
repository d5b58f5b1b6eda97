"""What changes when the input changes: the rows it concerns, and nothing else."""

from __future__ import annotations

from pathlib import Path

import deltalake
import pytest

from segspark.cli import main

HEADER = "event_id,customer,at,kind,value,basket,changed\n"
CONFIG = """
workspace: {root: lake}
tracking: {uri: "sqlite:///mlflow.db"}
sources:
  events:
    - name: shop
      format: csv
      path: events.csv
      columns:
        event_id: event_id
        customer_id: customer
        event_ts: at
        event_type: kind
        amount: value
        order_id: basket
        updated_at: changed
"""


def line(event: str, customer: str, day: int, value: str = "10.00", changed: str = "2024-01-20") -> str:
    return f"{event},{customer},2024-01-{day:02}T10:00:00Z,purchase,{value},{event},{changed}\n"


def metrics(shop: Path, table: str) -> tuple[str, dict[str, object]]:
    latest = deltalake.DeltaTable(str(shop / "lake" / table)).history(1)[0]
    return latest["operation"], latest["operationMetrics"]


def run(shop: Path, *phases: str) -> None:
    for phase in phases:
        assert main([phase, "--config", str(shop / "shop.yaml"), "--as-of", "2024-02-01"]) == 0


@pytest.fixture(scope="module")
def refreshed(spark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three customers; then one buys again, one comes, one line is unreadable, one an older version."""
    shop = tmp_path_factory.mktemp("refresh")
    (shop / "shop.yaml").write_text(CONFIG)
    before = HEADER + line("e1", "a", 1) + line("e2", "b", 2) + line("e3", "c", 3)
    (shop / "events.csv").write_text(before)
    run(shop, "ingest", "features")
    new = (
        line("e4", "a", 9) + line("e5", "d", 5) + line("e6", "d", 6, "ten") + line("e1", "a", 1, "99.00", "2024-01-19")
    )
    (shop / "events.csv").write_text(before + new)
    run(shop, "ingest", "features")
    return shop


def test_only_the_new_events_are_added(refreshed):
    operation, done = metrics(refreshed, "events")
    assert operation == "WRITE"
    assert int(done["numOutputRows"]) == 2
    assert sorted(deltalake.DeltaTable(str(refreshed / "lake" / "events")).to_pandas()["event_id"]) == [
        "e1", "e2", "e3", "e4", "e5",
    ]  # fmt: skip


def test_only_the_features_of_those_concerned_are_written(refreshed):
    operation, done = metrics(refreshed, "customer_features")
    assert operation == "MERGE"
    assert int(done["numTargetRowsUpdated"]) == 1  # a bought again
    assert int(done["numTargetRowsInserted"]) == 1  # d is new
    assert int(done["numTargetRowsDeleted"]) == 0


def test_what_was_rejected_is_in_quarantine_with_its_reason(refreshed):
    rows = deltalake.DeltaTable(str(refreshed / "lake" / "quarantine")).to_pandas()
    reasons = sorted(tuple(reasons) for reasons in rows["reasons"])
    assert reasons == [
        ("amount: cannot be read as DECIMAL(18,4)",),
        ("event_id: given with other content, which is the one kept",),
    ]
    assert any('"value":"ten"' in raw for raw in rows["raw"])


def test_the_ledger_accounts_for_every_line_of_both_runs(refreshed):
    runs = deltalake.DeltaTable(str(refreshed / "lake" / "runs")).to_pandas()
    ingested = runs[runs["phase"] == "ingest"].sort_values("finished_at")
    counts = ingested[["rows_read", "rows_accepted", "rows_quarantined", "rows_deduplicated"]].to_numpy().tolist()
    assert counts == [[3, 3, 0, 0], [7, 2, 2, 3]]


@pytest.fixture(scope="module")
def kept(spark, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of a first night; a second one with a late event, looks back, and state anew."""
    shop = tmp_path_factory.mktemp("kept")
    (shop / "shop.yaml").write_text(CONFIG + "features: {state_from_mb: 0}\n")
    before = HEADER + line("e1", "a", 1) + line("e2", "b", 2)
    (shop / "events.csv").write_text(before)
    run(shop, "ingest", "features")
    (shop / "events.csv").write_text(before + line("e3", "a", 31) + line("e4", "a", 20))
    run(shop, "ingest")
    arguments = ["features", "--config", str(shop / "shop.yaml"), "--as-of", "2024-02-02"]
    assert main([*arguments, "--also", "2024-01-25", "2024-01-10"]) == 0
    return shop


def features_of(shop: Path, customer: str) -> dict[str, dict[str, object]]:
    rows = deltalake.DeltaTable(str(shop / "lake" / "customer_features")).to_pandas()
    return {str(row["as_of"]): row for row in rows[rows["customer_id"] == customer].to_dict("records")}


@pytest.mark.slow
def test_a_late_event_has_its_part_in_state(kept):
    row = features_of(kept, "a")["2024-02-02"]
    # orders on January 1, 20 and 31: gaps of 19 and 11 days
    assert (row["frequency"], row["recency_days"], row["order_gap_days_mean"]) == (3, 2, 15.0)
    assert row["order_gap_days_std"] == pytest.approx(32**0.5)


@pytest.mark.slow
def test_looks_back_see_what_was_before_their_date(kept):
    found = features_of(kept, "a")
    assert {date: row["frequency"] for date, row in found.items()} == {
        "2024-02-01": 1, "2024-02-02": 3, "2024-01-25": 2, "2024-01-10": 1,
    }  # fmt: skip


@pytest.mark.slow
def test_state_anew_gives_the_same(kept):
    features = deltalake.DeltaTable(str(kept / "lake" / "customer_features"))
    before = features.version()
    assert main(["features", "--config", str(kept / "shop.yaml"), "--as-of", "2024-02-02", "--rebuild"]) == 0
    features.update_incremental()
    assert features.version() == before


@pytest.mark.slow
def test_the_past_of_state_is_a_look_back(kept):
    assert main(["features", "--config", str(kept / "shop.yaml"), "--as-of", "2024-01-10"]) == 0
    assert features_of(kept, "a")["2024-01-10"]["frequency"] == 1
