"""Judging: the new rows of a table's sources in its columns, with everything that is wrong with each, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from segspark.config import Source
from segspark.config.sources import Rule
from segspark.errors import BadInputError, SegsparkError
from segspark.ingest.across import is_stale, newest_date, with_repeated_values, with_unknown_keys
from segspark.ingest.duplicates import hashed_key
from segspark.ingest.mapping import canonical_columns, map_rows
from segspark.ingest.quarantine import raw_json
from segspark.ingest.rules import Judgement, built_in, declared, judged, rule_reason
from segspark.ingest.sessions import needs_session
from segspark.io.failures import SPARK_FAILURES, met_in_rows
from segspark.steps.context import Context
from segspark.steps.opening import Opened
from segspark.tables import CAMPAIGNS, CUSTOMERS, EVENTS, PRODUCTS, Table

_REFERRED = {table.name: table for table in (PRODUCTS, CAMPAIGNS, CUSTOMERS)}
BAD = "_reasons IS NOT NULL"


@dataclass(frozen=True)
class Facts:
    """What was counted of a source's new rows.

    Attributes:
        broken: (rule, severity): rows that broke it.
        dates: business dates of acceptable events.
    """

    read: int = 0
    rejected: int = 0
    visits: int = 0
    broken: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dates: frozenset[date] = frozenset()

    def count(self, severity: str) -> int:
        """Failures of rules of a severity, over all rows."""
        return sum(rows for (_, found), rows in self.broken.items() if found == severity)


@dataclass(frozen=True)
class Judged:
    """A table's new rows, kept at hand, and what was counted of them by source."""

    table: Table
    opened: Sequence[Opened]
    rows: DataFrame
    facts: Mapping[str, Facts]

    @property
    def good(self) -> DataFrame:
        """The acceptable rows."""
        return self.rows.where(f"NOT ({BAD})")


def judge(context: Context, table: Table, opened: Sequence[Opened], before: Mapping[str, "Judged"]) -> Judged | None:
    """Map and judge what is new in a table's sources; None where nothing is.

    Args:
        context: the job's surroundings.
        table: the target.
        opened: its sources.
        before: tables judged already, whose new keys rules may refer to.

    Raises:
        BadInputError: an expression fails on a row.
        SegsparkError: rows were lost or doubled on the way from the source.
    """
    counters: dict[str, list[Observation]] = {one.source.name: [] for one in opened}
    parts = [
        _judged_source(context, table, one.source, _observed(raw, counters[one.source.name]), before)
        for one in opened
        for raw in one.batch.rows
    ]
    if not parts:
        return None
    rows = reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), parts)
    rows = rows.persist()
    try:
        facts = _facts(context, table, opened, rows)
    except SPARK_FAILURES as error:
        rows.unpersist()
        raise met_in_rows(error, f"sources.{table.name}") from error
    read = {name: sum(map(_passed, observed)) for name, observed in counters.items()}
    lost = [name for name, number in read.items() if number != facts[name].read]
    if lost:
        raise SegsparkError(
            f"sources {', '.join(lost)}: {sum(read.values()):,} rows were read, but "
            f"{sum(one.read for one in facts.values()):,} arrived; nothing was written. Did the files change meanwhile?"
        )
    return Judged(table, opened, rows, facts)


def _observed(raw: DataFrame, counters: list[Observation]) -> DataFrame:
    counters.append(Observation())
    return raw.observe(counters[-1], F.count(F.lit(1)).alias("rows"))


def _passed(counter: Observation) -> int:
    """Rows that went past; a part that turns out empty is left out of Spark's plan, and its counter with it.

    Were rows to arrive of a part without a counter, the comparison with those that arrived would find them.
    """
    try:
        return int(counter.get["rows"])
    except (Py4JJavaError, KeyError):
        return 0


def _judged_source(
    context: Context, table: Table, source: Source, raw: DataFrame, before: Mapping[str, Judged]
) -> DataFrame:
    time = context.config.time
    zone = source.input_timezone or time.input_timezone
    mapped = map_rows(raw, table, source.columns, zone, time.business_timezone)
    rules = [*built_in(table, context.config), *_declared(context, table, source, mapped)]
    rows = judged(mapped, rules).withColumn("source", F.lit(source.name))
    for rule in source.rules:
        rows = _across(context, table, rows, rule, before)
    kept = [column.name for column in canonical_columns(table) if column.name != "currency"]
    derived = [name for name in table.column_names if name not in kept and name != "run_id"]
    bad_json = F.when(F.expr(BAD), raw_json(raw.columns, source.personal))
    return rows.select(
        *kept, *derived, "_reasons", "_warnings", "_fatal", bad_json.alias("_raw_json"),
        hashed_key(table.key).alias("_key"),
    )  # fmt: skip


def _declared(context: Context, table: Table, source: Source, mapped: DataFrame) -> list[Judgement]:
    """The source's own rules, each tried on the columns before anything is computed."""
    zone = context.config.time.business_timezone
    problems = []
    for position, rule in enumerate(source.rules):
        try:
            for one in declared([rule], context.as_of, zone):
                mapped.select(one.broken)
            if rule.when:
                mapped.where(rule.when)
        except PySparkException as error:
            place = f"sources.{table.name}.{source.name}.rules.{position}"
            problems.append(f"{place}: cannot be applied: {str(error).strip().splitlines()[0]}")
    if problems:
        raise BadInputError(problems)
    return declared(source.rules, context.as_of, zone)


def _across(context: Context, table: Table, rows: DataFrame, rule: Rule, before: Mapping[str, Judged]) -> DataFrame:
    if rule.check == "unique":
        return with_repeated_values(rows, rule, table.key[0], context.lake.read(table))
    if rule.check != "foreign_key":
        return rows
    referred = _REFERRED[str(rule.table)]
    key = F.col(referred.key[0]).alias("_known")
    known = context.lake.read(referred).select(key)
    if referred.name in before:
        known = known.unionAll(before[referred.name].good.select(key))
    return with_unknown_keys(rows, rule, known)


def _facts(context: Context, table: Table, opened: Sequence[Opened], rows: DataFrame) -> dict[str, Facts]:
    good = ~F.expr(BAD)
    aggregates = [F.count("*").alias("read"), F.count_if(~good).alias("rejected")]
    if table is EVENTS:  # a date a day of the data
        aggregates.append(F.collect_set(F.when(good, F.col("event_date"))).alias("dates"))
        visits = needs_session(context.config.sessions.channels) & good
        aggregates.append(F.count_if(visits).alias("visits"))
    fresh = [(one.source, rule) for one in opened for rule in one.source.rules if rule.check == "freshness"]
    for position, (_, rule) in enumerate(fresh):
        aggregates.append(newest_date(rule, context.config.time.business_timezone).alias(f"newest_{position}"))
    counted = {row["source"]: row.asDict() for row in rows.groupBy("source").agg(*aggregates).collect()}  # sources
    broken = _broken(rows)
    for position, (source, rule) in enumerate(fresh):
        row = counted.get(source.name, {})
        if is_stale(row.get(f"newest_{position}"), rule, context.as_of):
            broken.setdefault(source.name, {})[(rule_reason(rule), rule.severity)] = row["read"]
    return {
        one.source.name: Facts(
            read=counted.get(one.source.name, {}).get("read", 0),
            rejected=counted.get(one.source.name, {}).get("rejected", 0),
            visits=counted.get(one.source.name, {}).get("visits", 0),
            broken=broken.get(one.source.name, {}),
            dates=frozenset(counted.get(one.source.name, {}).get("dates", ())),
        )
        for one in opened
    }


def _broken(rows: DataFrame) -> dict[str, dict[tuple[str, str], int]]:
    fields = {"reject": "_reasons", "warn": "_warnings", "fail": "_fatal"}
    told = F.concat(*[_with_severity(name, severity) for severity, name in fields.items()])
    some = rows.where(" OR ".join(f"{name} IS NOT NULL" for name in fields.values()))
    counted = some.select("source", F.explode(told).alias("told")).groupBy("source", "told").count().collect()
    found: dict[str, dict[tuple[str, str], int]] = {}  # as many as there are rules
    for row in counted:
        found.setdefault(row["source"], {})[(row["told"]["rule"], row["told"]["severity"])] = row["count"]
    return found


def _with_severity(name: str, severity: str) -> Column:
    given = F.coalesce(name, F.array().cast("array<string>"))
    return F.transform(given, lambda reason: F.struct(reason.alias("rule"), F.lit(severity).alias("severity")))
