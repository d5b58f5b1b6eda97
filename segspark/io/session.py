"""The Spark session: what segspark needs of it, with a reason beside each setting, and its log out of sight."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from segspark.config.load import reveal
from segspark.config.model import Spark
from segspark.errors import BadInputError, SegsparkError
from segspark.io.jars import jar_properties, missing_jars

REQUIRED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Instants are stored in UTC; every conversion to a local date is written out.
    "spark.sql.session.timeZone": "UTC",
    # A "${...}" in a comment or a category's name is text, not a variable of Spark's.
    "spark.sql.variable.substitute": "false",
    # PySpark would note the caller's line at each operator of each column, with several calls of the JVM: half of the
    # time in which a statement is made.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # Scoring exchanges whole columns with Python, not rows.
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}

LOCAL = {
    # The default of 200 partitions costs more than the work on one machine.
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
    # Delta's default of 50 makes every read of a small table slow.
    "spark.databricks.delta.snapshotPartitions": "2",
    # Listing a folder's files as a job of up to 10,000 tasks pays on an object store, not here.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
    "spark.driver.memory": "4g",
    # Of the default of 100 compiled pieces a run, with Delta's own queries on dozens of tables, compiles most again.
    "spark.sql.codegen.cache.maxEntries": "1000",
    # Spark makes one long method of a stage with many columns; the JVM would interpret it for ever, not compile it.
    "spark.driver.extraJavaOptions": "-XX:-DontCompileHugeMethods",
    # Rows that are kept at hand are read twice or so: compressing them costs more than it saves.
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    # Path-based tables need no warehouse; Spark would make an empty one in the current folder.
    "spark.sql.warehouse.dir": str(Path(tempfile.gettempdir()) / "segspark-warehouse"),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # Without this Spark announces itself on every network interface of a laptop.
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}

_NO_JAVA = """Spark could not start: {reason}
  It needs Java 17 or 21: apt-get install openjdk-17-jre-headless (Debian), dnf install java-21-openjdk-headless
  (Fedora), brew install openjdk@21 (macOS); set JAVA_HOME when there are several.
  Spark's own words: {log}"""


def open_session(settings: Spark, verbose: bool = False, packages: Sequence[str] = ()) -> SparkSession:
    """Start a session, or join the one that spark-submit started.

    Args:
        settings: master, jars and Spark properties; a property given here wins over segspark's own.
        verbose: leave Spark's log on the terminal; otherwise it goes to a file, named when the start fails.
        packages: what sources need besides Delta (`segspark.io.jars.needed_packages`).

    Raises:
        BadInputError: Java or jars are missing, with what to do.
    """
    builder = SparkSession.builder.appName("segspark")
    for key, value in _properties(settings, packages).items():
        builder = builder.config(key, value)
    if not verbose:  # a line of JSON for every expression that cannot be resolved; what a stream raises, told twice
        for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger", "py4j.clientserver"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    # Workers must run the interpreter that runs this, not whichever python3 comes first.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    log = Path(tempfile.gettempdir()) / f"segspark-spark-{os.getpid()}.log"
    try:
        with _output_to(None if verbose or submitted() else log):
            session = builder.getOrCreate()
    except PySparkException as error:
        raise _cannot_start(error, log, packages) from error
    _check_delta(session, log)
    return session


@contextmanager
def settings_of(spark: SparkSession, settings: Mapping[str, str]) -> Iterator[None]:
    """Give a session other settings for what is done inside."""
    before = {key: spark.conf.get(key, None) for key in settings}
    for key, value in settings.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, known in before.items():
            if known is None:
                spark.conf.unset(key)
            else:
                spark.conf.set(key, known)


def submitted() -> bool:
    """Whether spark-submit started this process: then master, memory and jars are the cluster's business."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _properties(settings: Spark, packages: Sequence[str]) -> dict[str, str]:
    properties = dict(REQUIRED)
    if not submitted():
        master = settings.master or "local[*]"
        folder = settings.jars_folder and reveal(settings.jars_folder)
        properties |= {"spark.master": master, **jar_properties(folder, packages)}
        if master.startswith("local"):
            properties |= LOCAL
    return properties | {key: _property(value) for key, value in settings.config.items()}


def _property(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _output_to(log: Path | None) -> Iterator[None]:
    """Let what is started inside write to the log; the JVM inherits this and keeps it, Python gets its own back."""
    if log is None:
        yield
        return
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(target)


def _cannot_start(error: Exception, log: Path, packages: Sequence[str]) -> SegsparkError:
    written = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    last = next((line for line in reversed(written.splitlines()) if line.strip()), str(error))
    if "UNRESOLVED DEPENDENCIES" in written or "unresolved dependency" in written:
        reason = "the registry cannot be reached and the cache does not hold them."
        return missing_jars(reason, log, packages)
    if "JAVA" in str(error) or "java" in last.lower():
        return BadInputError([_NO_JAVA.format(reason=last, log=log)])
    return SegsparkError(f"Spark could not start: {last}\n  Spark's own words: {log}")


def _check_delta(session: SparkSession, log: Path) -> None:
    """A session without Delta's classes starts all right and fails at the first table; ask it now."""
    try:
        session.sql("DESCRIBE DETAIL delta.`/no/such/table`").collect()  # at most one row
    except PySparkException as error:
        if not (error.getCondition() or "").startswith("DELTA_"):
            reason = "the running Spark session does not have them."
            raise missing_jars(reason, log) from error
