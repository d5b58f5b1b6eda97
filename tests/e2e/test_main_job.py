"""The main job on a sample of the demo's households: what a user finds afterwards."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import venv
from pathlib import Path

import duckdb
import mlflow
import pandas as pd
import pytest

from segspark.cli import main
from tests.e2e.conftest import AS_OF, LESS_SAID

pytestmark = pytest.mark.slow  # two whole runs

TABLES = {
    "audit_log",
    "basket_rules",
    "campaigns",
    "customer_features",
    "customer_value",
    "customers",
    "drift",
    "drift_reference",
    "events",
    "ingest_positions",
    "products",
    "prospect_resemblance",
    "runs",
    "segment_assignments",
    "segment_attributes",
    "segment_cohorts",
    "segment_examples",
    "segment_discounts",
    "segment_kpis",
    "segment_lineage",
    "segment_membership_events",
    "segment_overlays",
    "segment_preferences",
    "segment_profiles",
    "segment_triggers",  # and no segment_terms: nobody writes anything in the demo
    "segments",
    "training_candidates",
    "value_calibration",
    "value_models",
}
ONE_QUERY = """
    SELECT CAST(household_id AS VARCHAR) AS customer_id,
           COUNT(DISTINCT basket_id) AS frequency,
           date_diff('day', MAX(CAST(timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS DATE)),
                     DATE '2018-01-01') AS recency_days,
           SUM(CAST(sales_value AS DECIMAL(18, 4))) AS monetary_value
    FROM '{transactions}' GROUP BY household_id ORDER BY customer_id
"""


def expected_rfm(two_runs) -> pd.DataFrame:
    transactions = two_runs.workspace.folder / "data" / "complete-journey" / "transactions.parquet"
    return duckdb.sql(ONE_QUERY.format(transactions=transactions)).df()


def everybody(two_runs) -> set[str]:
    """All households that any file of the sample names."""
    data = two_runs.workspace.folder / "data" / "complete-journey"
    files = ("transactions", "demographics", "campaigns", "coupon_redemptions")
    named = " UNION ".join(f"SELECT CAST(household_id AS VARCHAR) FROM '{data / name}.parquet'" for name in files)
    return {row[0] for row in duckdb.sql(named).fetchall()}


def test_both_runs_succeed_and_leave_every_table(two_runs):
    assert two_runs.second_code == 0
    assert set(two_runs.first_versions) == TABLES  # no quarantine, no data_quality: nothing of the demo is rejected


def test_a_second_run_makes_no_new_version_of_any_table_but_runs(two_runs):
    grown = {name for name in TABLES if two_runs.second_versions[name] != two_runs.first_versions[name]}
    assert grown == {"runs"}


def test_what_was_done_is_done_again_when_anything_that_was_read_changes(first_run, reads):
    assert len(reads) == 5
    for read, declared in reads:
        assert read
        assert read <= declared


def test_rfm_of_every_household_equals_one_duckdb_query(two_runs):
    columns = ["customer_id", "frequency", "recency_days", "monetary_value"]
    features = two_runs.workspace.features()
    found = features.loc[features["frequency"] > 0, columns].sort_values("customer_id").reset_index(drop=True)
    wanted = expected_rfm(two_runs)
    assert found["customer_id"].tolist() == wanted["customer_id"].tolist()
    assert found["frequency"].tolist() == wanted["frequency"].tolist()
    assert found["recency_days"].tolist() == wanted["recency_days"].tolist()
    # Decimals on both sides: equal to the last digit.
    assert [round(float(v), 4) for v in found["monetary_value"]] == [
        round(float(v), 4) for v in wanted["monetary_value"]
    ]


def test_every_customer_has_features_one_assignment_and_one_entry(two_runs):
    customers = everybody(two_runs)
    workspace = two_runs.workspace
    tables = [
        workspace.features(),
        *(workspace.frame(f"segment_{one}") for one in ("assignments", "membership_events")),
    ]
    for rows in tables:
        assert set(rows["customer_id"]) == customers
        assert len(rows) == len(customers)
    assert set(two_runs.workspace.frame("segment_membership_events")["event_type"]) == {"entry"}


def test_the_ledger_adds_up_for_every_source_and_attempt(two_runs):
    runs = two_runs.workspace.frame("runs")
    assert (runs["rows_read"] == runs[["rows_accepted", "rows_quarantined", "rows_deduplicated"]].sum(axis=1)).all()
    ingested = runs[(runs["phase"] == "ingest")].sort_values("finished_at")
    transactions = ingested[ingested["source"] == "transactions"]
    assert len(transactions) == 2
    lines = duckdb.sql(
        f"SELECT count(*) FROM '{two_runs.workspace.folder}/data/complete-journey/transactions.parquet'"
    ).fetchall()[0][0]
    assert transactions["rows_accepted"].tolist() == [lines, 0]
    assert transactions["rows_read"].tolist() == [lines, 0]  # the second run finds nothing new


def test_segments_describe_every_assignment_with_true_sizes(two_runs):
    segments = two_runs.workspace.frame("segments").set_index("segment_id")
    counted = two_runs.workspace.frame("segment_assignments")["segment_id"].value_counts()
    assert counted.to_dict() == segments.loc[segments["size"] > 0, "size"].to_dict()
    assert segments["share"].sum() == pytest.approx(1.0)
    assert segments["name"].is_unique
    assert (segments["description"].str.len() > 20).all()


def test_memberships_are_shares_and_runners_up_are_other_segments(two_runs):
    assigned = two_runs.workspace.frame("segment_assignments")
    assert assigned["membership"].between(0, 1).all()
    assert (assigned["segment_id"] != assigned["runner_up_segment_id"]).all()


def test_households_that_were_only_contacted_or_described_are_prospects(two_runs):
    prospects = everybody(two_runs) - set(expected_rfm(two_runs)["customer_id"])
    assigned = two_runs.workspace.frame("segment_assignments").set_index("customer_id")
    assert prospects  # the sample's half year leaves some
    assert set(assigned.index[assigned["segment_id"] == "life-prospect"]) == prospects
    assert assigned.loc[sorted(prospects), "runner_up_segment_id"].isna().all()


def test_published_tables_open_in_duckdb_over_arrow_with_their_comments(two_runs):
    for name in sorted(TABLES):
        table = two_runs.workspace.table(name)
        arrow = table.to_pyarrow_dataset()
        assert duckdb.sql("SELECT count(*) FROM arrow").fetchall()[0][0] == arrow.count_rows()
        assert table.metadata().description
        fields = json.loads(table.schema().to_json())["fields"]
        assert all(field["metadata"].get("comment") for field in fields), name


def test_mlflow_has_one_parent_a_child_per_candidate_and_one_champion(two_runs):
    client = mlflow.MlflowClient(two_runs.workspace.store)
    experiment = client.get_experiment_by_name("complete-journey").experiment_id
    runs = client.search_runs([experiment], max_results=100)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    # Three algorithms, k = 2, 3, 4, but for a mixture of 4, for which too few households are left when some are held
    # out; the second run fits none again.
    assert len(children) == 8
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all("silhouette.euclidean.sample" in run.data.metrics for run in children)
    versions = client.search_model_versions("name = 'complete-journey-segments'")
    champion = client.get_model_version_by_alias("complete-journey-segments", "champion")
    assert [version.version for version in versions] == [champion.version]


def test_mlflow_holds_the_figures_and_the_documented_transformations(two_runs):
    client = mlflow.MlflowClient(two_runs.workspace.store)
    experiment = client.get_experiment_by_name("complete-journey").experiment_id
    parent = client.search_runs([experiment], "tags.`segspark.kind` = 'training'")[0].info.run_id
    figures = {artifact.path for artifact in client.list_artifacts(parent, "figures")}
    assert figures == {
        f"figures/{name}.png" for name in ("selection_curves", "segment_sizes", "segment_heat_map", "split_tree")
    }
    pages = {artifact.path for artifact in client.list_artifacts(parent, "report")}
    assert pages == {"report/index.html", "report/handbook.html"}
    names = {artifact.path for artifact in client.list_artifacts(parent)}
    assert {"config.yaml", "candidates.csv", "transformations.md", "explanation.md", "splits.json"} <= names


def test_no_customer_id_reaches_the_report_or_an_mlflow_artifact(two_runs):
    ids = everybody(two_runs)
    texts = list((two_runs.workspace.tables / "report").glob("*.*"))
    texts += [
        path
        for path in (two_runs.workspace.tables / "mlflow").rglob("*")
        if path.suffix in {".md", ".json", ".csv", ".yaml"}
    ]
    texts = [path for path in texts if path.name != "config.yaml"]  # what the user wrote, with numbers of their own
    assert len(texts) > 3
    for path in texts:
        words = set(path.read_text(encoding="utf-8").replace('"', " ").replace(",", " ").split())
        # Three- and four-digit ids only: shorter ones are also counts and k.
        assert not {one for one in ids if len(one) >= 4} & words, path


def test_the_report_names_every_segment(two_runs):
    page = (two_runs.workspace.tables / "report" / "index.html").read_text(encoding="utf-8")
    for name in two_runs.workspace.frame("segments")["name"]:
        assert name in page


def test_assignments_are_not_taken_back_in_time(capsys, two_runs):
    config = str(two_runs.workspace.config)
    store = str(two_runs.workspace.tables)
    assert main(["assign", "--config", config, "--as-of", "2017-10-01", "--set", f"workspace.root={store}"]) == 2
    assert "assignments are already at 2018-01-01" in capsys.readouterr().err


def test_the_champion_applies_where_segspark_is_not_installed(first_run, tmp_path: Path):
    """An environment that sees the same packages, but not segspark: its editable install does not reach it."""
    venv.create(tmp_path / "elsewhere", with_pip=False)
    packages = Path(mlflow.__file__).parents[1]
    site = next((tmp_path / "elsewhere" / "lib").glob("python3*/site-packages"))
    (site / "others.pth").write_text(str(packages))
    features = first_run.tables / "customer_features"
    script = tmp_path / "score.py"
    script.write_text(
        f"""
import importlib.util, sys
assert importlib.util.find_spec("segspark") is None, "segspark must not be here"
import os
os.environ["PYSPARK_PYTHON"] = sys.executable
import deltalake, mlflow
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
mlflow.set_tracking_uri({first_run.store!r})
model = mlflow.spark.load_model("models:/complete-journey-segments@champion", dfs_tmpdir={str(tmp_path / "dfs")!r})
features = deltalake.DeltaTable({str(features)!r}).to_pandas()
features = features[features["as_of"].astype(str) == {AS_OF!r}]
features["monetary_value"] = features["monetary_value"].astype(float)
rows = model.transform(spark.createDataFrame(features.drop(columns=["as_of"])))
print("SCORED", sorted((r["customer_id"], r["prediction"]) for r in rows.select("customer_id", "prediction").collect()))
"""
    )
    python = tmp_path / "elsewhere" / "bin" / "python"
    done = subprocess.run([python, script], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert "SCORED" in done.stdout, done.stderr[-3000:]
    scored = dict(ast.literal_eval(done.stdout.split("SCORED", 1)[1].strip()))
    segments = first_run.frame("segments").set_index("segment_id")["cluster"]
    assigned = first_run.frame("segment_assignments").set_index("customer_id")["segment_id"].map(segments).dropna()
    scored = {customer: cluster for customer, cluster in scored.items() if customer in assigned.index}
    assert scored == {customer: int(cluster) for customer, cluster in assigned.items()}


def test_spark_submit_of_the_main_job_gives_the_same_tables(first_run, make_workspace):
    workspace = make_workspace("submitted", 5)
    job = Path(__file__).parents[2] / "jobs" / "run.py"
    submit = Path(sys.executable).parent / "spark-submit"
    delta = ["--packages", "io.delta:delta-spark_4.2_2.13:4.4.0", "--master", "local[2]", "--driver-memory", "2g"]
    delta += ["--exclude-packages", "com.*:*,org.*:*,javax.*:*,commons-*:*"]
    for setting in ("spark.sql.shuffle.partitions=4", "spark.databricks.delta.snapshotPartitions=2"):
        delta += ["--conf", setting]
    command = [submit, *delta, job, *workspace.arguments, *LESS_SAID]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    for name, keys in {
        "customer_features": ["customer_id"],
        "segment_assignments": ["customer_id"],
        "segments": ["segment_id"],
        "events": ["event_id"],
    }.items():
        mine = workspace.table(name).to_pandas().drop(columns="run_id", errors="ignore")
        theirs = first_run.frame(name).drop(columns="run_id", errors="ignore")
        mine, theirs = (rows.sort_values(keys).reset_index(drop=True) for rows in (mine, theirs))
        pd.testing.assert_frame_equal(mine.astype(str), theirs.astype(str))
