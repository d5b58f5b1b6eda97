"""All features of a generated log with every kind of event, beside one statement of DuckDB's over the same files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from string import Template

import duckdb
import pytest

from benchmarks.compare import unequal
from benchmarks.events_data import ZONE, generate
from segspark.config.features import Features
from segspark.features.declarations import declared_features
from tests.spark.features.computing import features_at

STATEMENT = Template((Path(__file__).parents[3] / "benchmarks" / "features_duckdb.sql").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("as_of", ["2024-12-31", "2023-11-05"])  # after all events; in the middle, a day of 25 hours
def test_every_feature_of_every_customer_equals_one_duckdb_statement(spark, tmp_path, as_of):
    generate(tmp_path / "log", 30_000, 1_500, seed=3, hot=0.05)
    events = spark.read.parquet(str(tmp_path / "log"))
    declared = declared_features(Features(), "USD")
    found = features_at(events, None, [date.fromisoformat(as_of)], ZONE, Features(), declared)
    found.write.parquet(str(tmp_path / "found"))
    files = str(tmp_path / "log" / "*.parquet")
    expected = duckdb.sql(STATEMENT.substitute(files=files, as_of=as_of))
    assert expected.shape == (found.count(), len(declared) + 1)
    assert unequal(duckdb.read_parquet(str(tmp_path / "found" / "*.parquet")), expected) == []
