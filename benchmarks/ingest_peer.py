"""The peer of the ingest benchmark: plain Spark reads the same files, casts, writes one Delta table; no rules.

Its session is segspark's own, from the same configuration: the same cores, memory and partitions.
Usage: ingest_peer.py CONFIG TARGET
"""

import sys

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from segspark.config import load_config
from segspark.config.sources import Source
from segspark.io.session import open_session
from segspark.tables import EVENTS

_PARQUET = """event_id STRING, customer_id STRING, event_ts TIMESTAMP_NTZ, event_type STRING, channel STRING,
    store_id STRING, session_id STRING, order_id STRING, product_id STRING, quantity BIGINT, amount DOUBLE,
    discount DOUBLE, note STRING, updated_at TIMESTAMP_NTZ"""
_OPTIONS = {"csv": {"header": "true", "escape": '"'}}


def read(spark: SparkSession, source: Source) -> DataFrame:
    """A source's rows as the columns of `events` that it maps, each in its type or null."""
    reader = spark.read.format(source.format).options(**_OPTIONS.get(source.format, {}))
    rows = reader.schema(source.schema_ or _PARQUET).load(source.path)
    return rows.select(*[typed(name, str(expression)) for name, expression in source.columns.items()])


def typed(name: str, expression: str) -> Column:
    """An expression as the type that `events` has for the column."""
    wanted = next(column.type for column in EVENTS.columns if column.name == name)
    return F.expr(expression).try_cast(wanted).alias(name)


def _with_statistics(rows: DataFrame) -> list[str]:
    return [name for name, type_ in rows.dtypes if name != "text" and not type_.startswith("map")]


def main(config_file: str, target: str) -> None:
    """Read all sources of events and write them as one table."""
    config = load_config(config_file)
    spark = open_session(config.spark)
    first, *others = [read(spark, source) for source in config.sources.events]
    for other in others:
        first = first.unionByName(other)
    writer = first.write.format("delta").mode("overwrite")
    # Over the one text of 10 MB Delta's statistics alone would take three minutes; segspark rejects it.
    writer.option("delta.dataSkippingStatsColumns", ",".join(_with_statistics(first))).save(target)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
