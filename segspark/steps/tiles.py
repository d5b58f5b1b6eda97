"""The state of all customers by the kernel `tiles`: DuckDB in the executors, over the files of the log."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.features.plan import Plan
from segspark.features.statements import statements
from segspark.kernels import tiles as kernel
from segspark.steps.context import Context
from segspark.steps.position import Position
from segspark.tables import EVENTS, FEEDBACK, PRODUCTS, Table

_CHUNK, _BUCKET = 64, 48  # megabytes of files that a task reads, and that the customers of a bucket have there
_MEMORY = 2000  # megabytes for DuckDB in a task; beyond them it uses the disk


def by_kernel(context: Context) -> bool:
    """Whether `features.engine` asks for the kernel."""
    return context.config.features.engine == "duckdb"


@dataclass
class Tiles:
    """State at a position, computed when it is first asked for and then at hand."""

    context: Context
    plan: Plan
    now: Position
    _held: DataFrame | None = field(default=None)

    def rows(self, table: Table) -> DataFrame:
        """The rows of customer_daily, customer_dimension or customer_state, but for the run that writes them.

        Raises:
            BadInputError: the kernel cannot compute these features, or cannot read the files.
        """
        if self._held is None:
            asked = _understood(self.context, self.plan, self.now)
            self._held = _computed(self.context, asked, self.now).persist(StorageLevel.DISK_ONLY)  # read thrice
        columns = [one for one in table.columns if one.name != "run_id"]
        packed = self._held.where(F.col("name") == table.name).select("rows")
        return packed.mapInArrow(kernel.unpacked, ", ".join(f"{quoted(one.name)} {one.type}" for one in columns))

    def __enter__(self) -> "Tiles":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what is at hand."""
        if self._held is not None:
            self._held.unpersist()
            self._held = None


def _understood(context: Context, plan: Plan, now: Position) -> kernel.Statements:
    """What the kernel is to compute; BadInputError where it cannot."""
    settings, asked = context.config.features, None
    if settings.sentiment == "vader":
        problem = "features.sentiment is vader, which only Spark's engine knows"
    elif "embeddings" in settings.families:
        problem = "features.families has embeddings, which only Spark's engine knows"
    else:
        asked, problem = understood(lambda: statements(plan, now.as_of, context.config.time.business_timezone))
    if asked is None:
        raise BadInputError([f"features.engine: duckdb cannot be used here: {problem}; set it to spark"])
    return asked


def understood(made: Callable[[], kernel.Statements]) -> tuple[kernel.Statements | None, str]:
    """Statements that DuckDB understands; or None, and what it has against them."""
    try:
        asked = made()
        problem = kernel.refusal(asked).partition("\n")[0]
    except ModuleNotFoundError as error:
        return None, f"{error.name} is not installed: pip install segspark[duckdb]"
    except ValueError as error:
        return None, str(error)
    return (None, problem) if problem else (asked, "")


def _computed(context: Context, asked: kernel.Statements, now: Position) -> DataFrame:
    """One row per piece of a result: name, rows."""
    lake, spark = context.lake, context.spark
    files = {table: lake.files(table, now.versions.get(table.name)) for table in (EVENTS, FEEDBACK, PRODUCTS)}
    seen = [(table.name, path) for table, paths in files.items() if table.name in asked.tables for path in paths]
    size = sum(lake.megabytes(table) for table in (EVENTS, FEEDBACK))
    fewest = int(spark.conf.get("spark.sql.shuffle.partitions") or 1)
    chunks, buckets = (max(math.ceil(size / each), fewest) for each in (_CHUNK, _BUCKET))
    numbered = [(index % chunks, *one) for index, one in enumerate(seen)]  # as many as the log has files
    named = spark.createDataFrame(numbered, "chunk INT, table STRING, path STRING").repartitionById(
        chunks, F.col("chunk")
    )
    gather = partial(kernel.gather, statements=asked, buckets=buckets, megabytes=_MEMORY)
    made = named.mapInArrow(gather, "bucket INT, name STRING, rows BINARY").repartitionById(buckets, F.col("bucket"))
    merge = partial(kernel.merge, statements=asked, paths={PRODUCTS.name: files[PRODUCTS]}, megabytes=_MEMORY)
    return made.mapInArrow(merge, "name STRING, rows BINARY")
