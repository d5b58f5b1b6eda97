"""The jars that Spark needs beside its own: which, from where, and what is said when they are missing."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from segspark.config.load import reveal
from segspark.config.sources import Input, Source
from segspark.errors import BadInputError

DELTA = "io.delta:delta-spark_4.2_2.13:4.4.0"
KAFKA = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"
POSTGRESQL = "org.postgresql:postgresql:42.7.14"

# Each package with the jars that must be loaded for it.
_JARS = {
    DELTA: ("delta-spark_4.2_2.13-4.4.0.jar", "delta-storage-4.4.0.jar"),
    KAFKA: (
        "spark-sql-kafka-0-10_2.13-4.2.0.jar",
        "spark-token-provider-kafka-0-10_2.13-4.2.0.jar",
        "kafka-clients-3.9.2.jar",
        "commons-pool2-2.13.1.jar",
    ),
    POSTGRESQL: ("postgresql-42.7.14.jar",),
}
_OWNERS = {DELTA: "Delta", KAFKA: "Kafka", POSTGRESQL: "PostgreSQL"}

# Whatever else these packages depend on Spark ships itself, and older ones beside them can break it.
SHIPPED_WITH_SPARK = ",".join(
    [
        *("com.*:*", "javax.*:*", "commons-*:*", "at.yawk.*:*", "io.airlift:*", "io.unitycatalog:*"),
        *("io.delta:delta-kernel-*", "org.antlr:*", "org.apache.hadoop:*", "org.apache.logging.*:*"),
        *("org.apache.parquet:*", "org.apache.spark:spark-tags_*", "org.checkerframework:*", "org.locationtech.*:*"),
        *("org.roaringbitmap:*", "org.scala-lang*:*", "org.slf4j:*", "org.xerial.*:*"),
    ]
)

_MISSING = """{whose} jars could not be loaded: {reason}
  Spark fetches {packages} from the Maven registry once and caches it in ~/.ivy2.5.2. Without a network,
  copy {jars} from a machine that has them (its
  ~/.ivy2.5.2/jars) and name their folder: --set spark.jars_folder=/path/to/jars
  Spark's own words: {log}"""


def needed_packages(sources: Iterable[Source], kafka: bool = False) -> tuple[str, ...]:
    """The packages that reading these sources, or writing to Kafka, needs besides Delta's.

    The driver of another database than PostgreSQL is named by the user, in spark.config: `spark.jars`.

    Examples:
        >>> options = {"kafka.bootstrap.servers": "localhost:9092", "subscribe": "clicks"}
        >>> needed_packages([Source(name="clicks", format="kafka", options=options, columns={})])
        ('org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0',)
    """
    inputs: list[Input] = [given for source in sources for given in (source, *source.joins)]
    kafka = kafka or any(given.format == "kafka" for given in inputs)
    postgresql = any(given.format == "jdbc" and _is_postgresql(given) for given in inputs)
    return (*([KAFKA] if kafka else []), *([POSTGRESQL] if postgresql else []))


def jar_properties(folder: str | None, packages: Sequence[str] = ()) -> dict[str, str]:
    """The Spark properties that bring Delta's jars and those of other packages: from a folder, or from the registry.

    Raises:
        BadInputError: the folder lacks some of them.
    """
    if folder is None:
        return {"spark.jars.packages": ",".join((DELTA, *packages)), "spark.jars.excludes": SHIPPED_WITH_SPARK}
    jars = sorted(str(jar) for jar in Path(folder).glob("*.jar"))
    there = [Path(jar).name for jar in jars]
    kinds = [_kind(jar) for package in (DELTA, *packages) for jar in _JARS[package]]
    absent = [kind for kind in kinds if not any(_is_kind(jar, kind) for jar in there)]
    if absent:
        others = f", nor {', '.join(absent[1:])}" if absent[1:] else ""
        raise missing_jars(f"no {absent[0]} jar in {folder}{others}.", "(not started)", packages)
    return {"spark.jars": ",".join(jars)}


def missing_jars(reason: str, log: Path | str, packages: Sequence[str] = ()) -> BadInputError:
    """The error that says how to get the jars of Delta and of other packages."""
    wanted = (DELTA, *packages)
    jars = [jar for package in wanted for jar in _JARS[package]]
    said = _MISSING.format(
        whose=" and ".join(f"{_OWNERS[package]}'s" for package in wanted),
        reason=reason,
        packages=" and ".join(wanted),
        jars=f"{', '.join(jars[:-1])} and {jars[-1]}",
        log=log,
    )
    return BadInputError([said])


def _is_postgresql(given: Input) -> bool:
    try:
        return reveal(str(given.options["url"])).startswith("jdbc:postgresql:")
    except BadInputError:  # steps that read no source need none of its secrets
        return False


def _kind(jar: str) -> str:
    """A jar's name without its versions, as another version may do."""
    return re.sub(r"(_[0-9.]+)*-[0-9.]+\.jar$", "", jar)


def _is_kind(jar: str, kind: str) -> bool:
    """Whether a jar is of a kind, named as a registry does or as Spark's cache does, with its group before it."""
    return re.search(rf"(^|_){re.escape(kind)}(_[0-9.]+)*-[0-9]", jar) is not None
