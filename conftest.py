"""One Spark session for all tests of a process, made for many small jobs."""

import os
import sys
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from segspark.config.model import Spark
from segspark.io.session import open_session

# For the JVM of this session and for those of all commands that tests start: most of what they run, they run once or
# twice. The JVM's second compiler took a third of the processor's time in making that fast. With the
# first alone, room for compiled code is a fifth of what it is with both, which a long run fills: then nothing is
# compiled any more, and the JVM says so among what a command prints.
os.environ.setdefault("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m")

# A process whose main module has no file PySpark takes for Python's help about to be shown, and ends it when MLflow
# asks whether a model is of Spark Connect: pytest-xdist's processes have such a module.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__

# A reason beside each setting.
_FOR_TESTS: dict[str, str | int | float | bool] = {
    "spark.sql.shuffle.partitions": 2,  # a handful of rows needs no more
    # Broadcasts and the parser's caches of a thousand tests stay: of 2 GB they were up to a half after a collection.
    "spark.driver.memory": "3g",
    "spark.sql.parser.manageParserCaches": True,
    "spark.sql.parser.parserDfaCacheFlushThreshold": 10_000,
    # Queries that run once are not worth compiling: that took a third of the time of a small commit.
    "spark.sql.codegen.wholeStage": False,
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    session = open_session(Spark(master="local[2]", config=_FOR_TESTS))
    yield session
    session.stop()
