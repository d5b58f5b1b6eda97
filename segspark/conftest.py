"""The examples in docstrings run as tests, with a Spark session at hand."""

import pytest
from pyspark.sql import SparkSession


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, object], spark: SparkSession) -> None:
    doctest_namespace["spark"] = spark
