"""`segspark init`: from files to a configuration that loads, with what could not be found said in it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from segspark.config import Config, load_config
from segspark.errors import BadInputError
from segspark.ingest.mapping import map_rows, mapping_problems
from segspark.ingest.proposal.recognition import TABLES
from segspark.io.folders import reader_options
from segspark.progress import Reporter
from segspark.steps.init import init
from segspark.tables import EVENTS

SHOP = Path(__file__).parents[2] / "examples" / "shop"
Write = Callable[..., Path]


@pytest.fixture
def propose(spark: SparkSession, tmp_path: Path) -> Callable[..., str]:
    """The text of the configuration that is written for these files; `spark` is the session that init joins."""

    def run(*paths: Path, root: str = "lake") -> str:
        written = init([str(path) for path in paths], str(tmp_path / "segspark.yaml"), root, Reporter(console()))
        return written.read_text(encoding="utf-8")

    return run


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def problems(spark: SparkSession, config: Config) -> list[str]:
    """What ingest would say of the mappings; joined files count by their columns only."""
    found = []
    for table, source in config.sources.all():
        reader = spark.read.format(source.format).options(**reader_options(source.format, source.options))
        rows = reader.load(source.path)
        for join in source.joins:
            other = spark.read.format(join.format).options(**reader_options(join.format, join.options)).load(join.path)
            rows = rows.join(other.select(*join.keys, *join.columns), on=join.keys, how="left")
        found += mapping_problems(rows, TABLES[table], source)
    return found


def test_the_shops_files_become_sources_that_miss_nothing_but_ids(
    spark: SparkSession, propose: Callable[..., str], tmp_path: Path
) -> None:
    text = propose(SHOP)
    config = load_config(tmp_path / "segspark.yaml")
    assert [source.name for source in config.sources.events] == ["newsletter", "order_lines"]
    assert [source.name for source in config.sources.customers] == ["customers"]
    assert [line.split(".columns.")[1].split(":")[0] for line in problems(spark, config)] == ["event_id", "event_id"]
    assert "e.g. concat(`order_no`, '-', `line`)" in text

    completed = re.sub(r"# event_id: \?\?\?.*e\.g\. (.*)", r'event_id: "\1"', text)
    (tmp_path / "segspark.yaml").write_text(completed, encoding="utf-8")
    assert problems(spark, load_config(tmp_path / "segspark.yaml")) == []


def test_tidy_files_of_every_format_need_no_completion(
    spark: SparkSession, propose: Callable[..., str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "Verkäufe 2025.csv").write_text(
        "BelegNr|Kundennr|Belegdatum|Betrag|Stück\n1|7|24.12.2024|9,95|1\n2|7|25.12.2024 10:00|1.200,00|2\n",
        encoding="cp1252",
    )
    (data / "clicks.jsonl").write_text(
        '{"id": 1, "user": "7", "ts": 1735689600}\n{"id": 2, "user": "7", "ts": 1735689700}\n'
    )
    pq.write_table(pa.table({"sku": [1, 2], "price": [1.5, 2.5], "o'k": ["a", "b"]}), data / "products.parquet")
    spark.sql("SELECT 7 AS customer_id, 'Ulm' AS city, 'ada@example.com' AS email").write.format("delta").save(
        str(data / "customers")
    )
    text = propose(data)
    config = load_config(tmp_path / "segspark.yaml")
    assert {source.name: source.format for _, source in config.sources.all()} == {
        "verkaeufe_2025": "csv",
        "clicks": "json",
        "products": "parquet",
        "customers": "delta",
    }
    assert problems(spark, config) == [
        "sources.events.clicks.columns.event_type: missing; map it to an expression over id, ts, user"
    ]
    assert "--as-of 2025-01-02\n" in text
    assert "ada@" not in text
    assert config.sources.customers[0].personal == ["email"]
    assert config.sources.events[0].columns["quantity"] == "`Stück`"


def test_proposed_expressions_read_the_values_and_pass_over_bad_ones(
    spark: SparkSession, propose: Callable[..., str], tmp_path: Path
) -> None:
    rows = [f"{number};7;{number}.12.2024 12:30;1.{number}0,50 €" for number in range(10, 30)]
    (tmp_path / "sales.csv").write_text("\n".join(["Bestellnr;Kunde;Datum;Betrag", *rows, "30;7;99.99.2024;?"]))
    propose(tmp_path / "sales.csv")
    source = load_config(tmp_path / "segspark.yaml").sources.events[0]
    raw = spark.read.format("csv").options(**reader_options("csv", source.options)).load(source.path)
    mapped = map_rows(raw, EVENTS, source.columns, "Europe/Berlin", "Europe/Berlin")
    found = {row[0]: row[1:] for row in mapped.select("event_id", F.unix_seconds("event_ts"), "amount").collect()}
    assert found["10"] == (1733830200, Decimal("1100.5000"))  # 2024-12-10 11:30 UTC
    assert found["30"] == (None, None)


def test_an_existing_file_is_never_overwritten(propose: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "segspark.yaml").write_text("mine")
    with pytest.raises(BadInputError, match="exists already, and is never overwritten"):
        propose(SHOP / "orders.csv")
    assert (tmp_path / "segspark.yaml").read_text() == "mine"


def test_everything_that_cannot_be_read_is_named_at_once(propose: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("a,b\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    (tmp_path / "folder").mkdir()
    names = ["empty.csv", "header.csv", "broken.parquet", "folder", "absent.csv"]
    readable, missing = [tmp_path / name for name in names[:3]], [tmp_path / name for name in names[3:]]
    with pytest.raises(BadInputError) as unread:
        propose(*readable)
    with pytest.raises(BadInputError) as unfound:
        propose(*missing)
    told = [*unread.value.problems, *unfound.value.problems]
    assert [Path(line.split(":")[0].split(" cannot")[0]).name for line in told] == names
    assert not (tmp_path / "segspark.yaml").exists()


def test_hostile_names_stay_names(spark: SparkSession, propose: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "sales [1] # {x}.csv"
    path.write_text('order_id,user,date,paid,"a`b\'; --","c: [d"\n1,7,2025-01-01,5,x,y\n2,7,2025-01-02,6,x,y\n')
    text = propose(path)
    assert problems(spark, load_config(tmp_path / "segspark.yaml")) == []
    assert yaml.safe_load(text)["sources"]["events"][0]["columns"]["properties"] == (
        "map('a`b\\'; --', `a``b'; --`, 'c: [d', `c: [d`)"
    )


def test_paths_given_relative_to_the_current_folder_hold_from_the_configurations(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.csv").write_text("order_id,user,ts,total\n1,7,2025-01-01,3\n2,7,2025-01-02,4\n")
    monkeypatch.chdir(tmp_path)
    init(["in/orders.csv"], "conf/new.yaml", "lake", Reporter(console()))
    config = load_config("conf/new.yaml")
    assert config.sources.events[0].path == str(tmp_path / "in" / "orders.csv")
    assert config.workspace.root == str(tmp_path / "lake")
