"""The demo itself, whole, as `make demo` runs it. What a second run does: see test_main_job."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import deltalake
import duckdb
import mlflow
import pytest

REPOSITORY = Path(__file__).parents[2]
SEGSPARK = Path(sys.executable).parent / "segspark"

pytestmark = pytest.mark.slow


def demo(folder: Path) -> str:
    done = subprocess.run([SEGSPARK, "demo"], capture_output=True, text=True, cwd=folder, timeout=1800)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(REPOSITORY / "conf", folder / "conf")
    return folder, demo(folder)


def test_all_purchase_lines_are_read_and_all_households_get_features_and_a_segment(runs):
    folder, first = runs
    assert "1,477,998 events read, 1,469,307 of them purchases; 2,469 customers" in first
    assert deltalake.DeltaTable(str(folder / "lake" / "demo" / "segment_assignments")).count() == 2469


def test_each_date_s_segments_are_told_with_sizes_and_in_words(runs):
    assert len(re.findall(r"^\s+[\d,]+\s+\d+\.\d%  ", runs[1], re.MULTILINE)) >= 6


def test_rfm_of_every_household_equals_one_duckdb_query_over_the_package(runs):
    folder = runs[0]
    table = deltalake.DeltaTable(str(folder / "lake" / "demo" / "customer_features")).to_pyarrow_dataset()
    features = duckdb.arrow(table).filter("as_of = DATE '2018-01-01'")
    assert features.count("*").fetchall() == [(2469,)]
    transactions = str(folder / "data" / "complete-journey" / "transactions.parquet")
    different = duckdb.sql(f"""
        WITH wanted AS (
            SELECT CAST(household_id AS VARCHAR) AS customer_id,
                   COUNT(DISTINCT basket_id) AS frequency,
                   DATE '2018-01-01'
                       - MAX(CAST(timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS DATE))
                       AS recency_days,
                   SUM(CAST(sales_value AS DECIMAL(18, 4))) AS monetary_value
            FROM '{transactions}' GROUP BY household_id)
        SELECT * FROM wanted FULL JOIN features USING (customer_id)
        WHERE wanted.frequency IS DISTINCT FROM features.frequency
           OR wanted.recency_days IS DISTINCT FROM features.recency_days
           OR wanted.monetary_value IS DISTINCT FROM features.monetary_value""").fetchall()
    assert different == []


def test_mlflow_has_27_children_of_each_training_a_comparison_one_champion_and_the_figures(runs):
    client = mlflow.MlflowClient(f"sqlite:///{runs[0]}/lake/demo/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("complete-journey").experiment_id
    found = client.search_runs([experiment], max_results=100)
    kinds = Counter(run.data.tags.get("segspark.kind") for run in found if "mlflow.parentRunId" not in run.data.tags)
    assert kinds == {"training": 2, "comparison": 1}
    trainings = [run.info.run_id for run in found if run.data.tags.get("segspark.kind") == "training"]
    children = Counter(run.data.tags.get("mlflow.parentRunId") for run in found)
    assert [children[one] for one in trainings] == [27, 27]
    assert len(client.search_model_versions("name = 'complete-journey-segments'")) == 2
    assert (
        client.get_model_version_by_alias("complete-journey-segments", "champion").name == "complete-journey-segments"
    )
    for training in trainings:
        figures = {artifact.path for artifact in client.list_artifacts(training, "figures")}
        names = ("selection_curves", "segment_sizes", "segment_heat_map", "split_tree")
        assert figures == {f"figures/{name}.png" for name in names}


def test_there_is_a_history_of_two_dates_and_a_page_that_compares_them(runs):
    folder = runs[0]
    events = deltalake.DeltaTable(str(folder / "lake" / "demo" / "segment_membership_events")).to_pyarrow_dataset()
    told = duckdb.arrow(events).aggregate("as_of, event_type, count(*)", "as_of, event_type").fetchall()
    assert {(str(day), kind) for day, kind, _ in told} >= {("2017-10-03", "entry"), ("2018-01-01", "move")}
    migrations = deltalake.DeltaTable(str(folder / "lake" / "demo" / "segment_migrations")).to_pyarrow_dataset()
    assert duckdb.arrow(migrations).aggregate("sum(customers)").fetchall() == [(2469,)]
    page = folder / "lake" / "demo" / "report" / "compare-2017-10-03-2018-01-01.html"
    assert "<svg" in page.read_text(encoding="utf-8")


def test_the_report_folder_has_the_dashboard_and_the_handbook_of_the_last_date(runs):
    report = runs[0] / "lake" / "demo" / "report"
    assert {path.name for path in report.iterdir()} >= {"index.html", "handbook.html", "handbook.md", "handbook.ics"}
    value = deltalake.DeltaTable(str(runs[0] / "lake" / "demo" / "customer_value")).to_pyarrow_dataset()
    known = duckdb.arrow(value).filter("clv IS NOT NULL AND probability_alive BETWEEN 0 AND 1").count("*").fetchall()
    bought = duckdb.sql(
        f"SELECT COUNT(DISTINCT household_id) FROM '{runs[0]}/data/complete-journey/transactions.parquet'"
    )
    assert known == bought.fetchall()


def test_the_end_names_the_tables_the_report_and_the_store_with_commands_that_open_them(runs):
    folder, first = runs
    ending = first[first.index("where everything is") :]
    assert str(folder / "lake" / "demo" / "report" / "index.html") in ending
    assert "mlflow ui --backend-store-uri" in ending
    command = next(line for line in ending.splitlines() if "python -c" in line).strip()
    shell = f"PATH={Path(sys.executable).parent}:$PATH {command}"
    opened = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=120)
    assert "[2469 rows x" in opened.stdout, opened.stderr
