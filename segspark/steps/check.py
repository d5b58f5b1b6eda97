"""Check: a sample of each source as it would be ingested, shown column by column; nothing is written."""

from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.errors import RefusedError
from segspark.ingest.mapping import canonical_columns
from segspark.steps.context import Context
from segspark.steps.judging import BAD, Facts, Judged, judge
from segspark.steps.opening import TARGETS, Opened, open_all

SAMPLE_ROWS, SHOWN_ROWS, SHOWN_CHARACTERS = 10_000, 5, 200


def check(context: Context) -> None:
    """Show what each source maps to, how much of it is null or rejected, and the first rejected rows.

    Raises:
        BadInputError: a source cannot be read, or a mapping does not fit.
        RefusedError: ingest would refuse what was looked at.
    """
    refused = []
    judged: dict[str, Judged] = {}
    opened = [_sampled(one) for one in open_all(context, again=True)]
    for table in TARGETS:
        found = judge(context, table, [one for one in opened if one.table is table], judged)
        if found is None:
            continue
        judged[table.name] = found
        for one in found.opened:
            facts = found.facts[one.source.name]
            _show(context, one, facts, found.rows.where(F.col("source") == one.source.name))
            if facts.count("fail") or facts.rejected > one.source.rejected_share_limit * facts.read:
                refused.append(one.source.name)
    for found in judged.values():
        found.rows.unpersist()
    context.reporter.say("nothing was written; duplicates and identities are looked for only by ingest itself")
    if refused:
        raise RefusedError(f"ingest would refuse {', '.join(refused)}: see the rules broken above")


def _sampled(one: Opened) -> Opened:
    """The first rows of each group of files with the same columns."""
    rows = tuple(some.limit(SAMPLE_ROWS) for some in one.batch.rows)
    return replace(one, batch=replace(one.batch, rows=rows))


def _show(context: Context, one: Opened, facts: Facts, rows: DataFrame) -> None:
    say = context.reporter.say
    say(f"{one.source.name} ({one.source.format}) to {one.table.name}: {facts.read:,} rows looked at")
    names = [column.name for column in canonical_columns(one.table) if column.name in rows.columns]
    counted = rows.agg(*[F.count(quoted(name)).alias(name) for name in names]).collect()[0]  # one row
    width = max(len(name) for name in names)
    for name in names:
        if name in one.source.columns:
            null = 1 - counted[name] / facts.read if facts.read else 0.0
            broken = sum(n for (rule, _), n in facts.broken.items() if rule.startswith((f"{name}: ", f"{name}.")))
            share = broken / facts.read if facts.read else 0.0
            say(f"  {name:{width}}  null {null:6.1%}  broken {share:6.1%}  from {_one_line(one.source.columns[name])}")
    unmapped = [name for name in names if name not in one.source.columns]
    say(f"  not mapped: {', '.join(unmapped) or 'nothing'}")
    for (rule, severity), count in sorted(facts.broken.items(), key=lambda item: (-item[1], item[0])):
        say(f"  {severity}: {rule} ({count:,} rows)")
    bad = rows.where(BAD).select("_reasons", "_raw_json").limit(SHOWN_ROWS).collect()  # SHOWN_ROWS
    for row in bad:
        say(f"  rejected: {'; '.join(row['_reasons'])}: {_one_line(row['_raw_json'])}")


def _one_line(text: object) -> str:
    shown = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}..."
