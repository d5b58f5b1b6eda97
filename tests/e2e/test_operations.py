"""The commands of docs/operations.md on cadence, comparison and drift, in their order, in a small shop."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import deltalake
import mlflow
import numpy as np
import pandas as pd
import pytest

from segspark.cli import main

pytestmark = pytest.mark.slow  # two runs

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
SECTIONS = ("Cadence", "Comparing two dates", "Drift")
CONFIG = """
workspace: {root: lake}
tracking: {uri: "sqlite:///mlflow.db"}
features: {families: [rfm, recent]}
objective: {kpi: orders, horizon_days: 90}
clustering:
  inputs: [recency_days, frequency, average_order_value]
  algorithms: [kmeans]
  k: {min: 3, max: 3}
search: {resamples: 2, stability: 0.1}
value: {enabled: false}
signals: {enabled: false}
opportunities: {enabled: false}
sources:
  events:
    - name: shop
      format: parquet
      path: events.parquet
      columns: {event_id: order, customer_id: customer, event_ts: at, event_type: "'purchase'", amount: value,
                order_id: order}
"""


def log() -> pd.DataFrame:
    """A year of 300 customers of three kinds; in its last quarter some of those who bought often buy no more."""
    random = np.random.default_rng(11)
    rows = []
    for number in range(300):
        often, money = [(40, 20.0), (15, 60.0), (5, 200.0)][number % 3]
        for day in sorted(random.choice(365, random.poisson(often) + 1, replace=False)):
            if number % 12 == 0 and day > 273:
                continue
            rows.append((f"customer {number}", pd.Timestamp("2025-01-01 10:00") + pd.Timedelta(days=int(day)), money))
    found = pd.DataFrame(rows, columns=["customer", "at", "value"])
    found["value"] = (found["value"] * random.lognormal(0, 0.1, len(found))).round(2)
    return found.assign(order=[f"order {at}" for at in found.index], at=found["at"].astype("datetime64[us]"))


def commands() -> list[list[str]]:
    """Of the sections' blocks of bash, in order, each as a list of arguments."""
    text = PAGE.read_text(encoding="utf-8")
    found = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        if section.partition("\n")[0] in SECTIONS:
            for block in re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
                found += [shlex.split(line, comments=True) for line in block.splitlines() if line.strip()]
    return found


@dataclass
class Done:
    """What the commands said and left behind."""

    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    grown: dict[str, set[str]] = field(default_factory=dict)

    def frame(self, name: str) -> pd.DataFrame:
        return deltalake.DeltaTable(str(self.folder / "lake" / name)).to_pandas()

    def versions(self) -> dict[str, int]:
        tables = sorted(path.parent for path in (self.folder / "lake").glob("*/_delta_log"))
        return {table.name: deltalake.DeltaTable(str(table)).version() for table in tables}


@pytest.fixture(scope="module")
def done(spark, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("operations")
    (folder / "my.yaml").write_text(CONFIG, encoding="utf-8")
    log().to_parquet(folder / "events.parquet")
    found = Done(folder)
    patch = pytest.MonkeyPatch()
    patch.chdir(folder)
    try:
        for command in [*commands(), commands()[1]]:
            assert command[0] == "segspark"
            name = " ".join(command[1:]) + (" again" if " ".join(command[1:]) in found.said else "")
            before = found.versions()
            found.said[name] = _said(command[1:])
            after = found.versions()
            found.grown[name] = {table for table in after if after[table] != before.get(table)}
    finally:
        patch.undo()
    return found


def _said(arguments: list[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    assert code == 0, (arguments, out.getvalue(), err.getvalue())
    return " ".join(out.getvalue().split())


FIRST, SECOND = (f"run --config my.yaml --as-of {day}" for day in ("2025-10-01", "2026-01-01"))


def test_the_page_has_the_commands_that_are_tested():
    assert [one[1] for one in commands()] == ["run", "run", "train", "compare", "compare", "features"]


def test_the_first_run_trains_and_has_nothing_to_compare_with(done):
    assert "training: due, there is no champion yet" in done.said[FIRST]
    assert "segment_migrations" not in done.grown[FIRST]
    assert {"drift", "drift_reference"} <= done.grown[FIRST]
    assert "is kept as its reference" in done.said[FIRST]


def test_three_months_later_a_training_is_due_and_the_date_before_is_compared_with(done):
    said = done.said[SECOND]
    assert "training: due, trained 2025-10-01, and 90 days are over (retraining.every_days)" in said
    assert "From 2025-10-01 to 2026-01-01:" in said
    assert (done.folder / "lake" / "report" / "compare-2025-10-01-2026-01-01.html").is_file()
    migrations = done.frame("segment_migrations")
    customers = done.frame("segment_assignments")
    assert migrations.loc[migrations["to_segment_id"] != "", "customers"].sum() == len(customers)


def test_the_same_run_again_trains_nothing_and_makes_no_new_version_but_of_the_ledger(done):
    again = f"{SECOND} again"
    assert "training: not due, trained 2026-01-01, next on 2026-04-01" in done.said[again]
    assert "assign: done before, and nothing that it reads has changed: it is kept" in done.said[again]
    assert done.grown[again] == {"runs"}


def test_a_comparison_that_was_made_changes_nothing_and_names_are_as_good_as_the_default(done):
    for name in ("compare --config my.yaml", "compare --config my.yaml --from 2025-10-01 --to 2026-01-01"):
        assert done.grown[name] == {"runs"}
        assert "From 2025-10-01 to 2026-01-01:" in done.said[name]
    drift = done.frame("drift")
    assert set(drift["kind"]) >= {"agreement", "jaccard", "share_shift", "profile_shift", "psi", "overall", "input"}


def test_mlflow_has_the_comparison_once(done):
    (store,) = done.folder.rglob("mlflow.db")
    client = mlflow.MlflowClient(f"sqlite:///{store}")
    experiments = [one.experiment_id for one in client.search_experiments()]
    runs = client.search_runs(experiments, "tags.`segspark.kind` = 'comparison'")
    assert len(runs) == 1
    assert {"ari.memberships", "ami.memberships", "moved.memberships"} <= set(runs[0].data.metrics)
