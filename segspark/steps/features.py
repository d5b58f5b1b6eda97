"""Features: events before as_of into one row per customer."""

from collections.abc import Sequence

from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.features.assemble import before, customer_features
from segspark.steps.context import Context, Outcome
from segspark.tables import CUSTOMERS, EVENTS


def features(context: Context) -> Sequence[Outcome]:
    """Bring `customer_features` up to date for as_of; only changed rows are written."""
    events, customers = context.lake.read(EVENTS), context.lake.read(CUSTOMERS)
    inputs = context.versions(EVENTS, CUSTOMERS)
    zone = context.config.time.business_timezone
    counted = before(events, context.as_of, zone).agg(
        F.count("*").alias("read"), F.count_if(F.col("event_type") == "purchase").alias("purchases")
    )
    read, purchases = counted.collect()[0]  # one row
    if read == 0:
        raise BadInputError([_nothing_before(context)])
    rows = customer_features(events, customers, context.as_of, zone, context.config.features, context.features)
    change = context.writer(context.run_id("features", inputs)).publish(
        context.features_table, rows, scope=F.col("as_of") == F.lit(context.as_of), delete_missing=True
    )
    total = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(context.as_of)).count()
    context.reporter.say(
        f"{read:,} events read, {purchases:,} of them purchases; {total:,} customers, {change.total:,} rows changed"
    )
    outputs = {context.features_table.name: str(change.version)}
    return [Outcome(rows_read=read, rows_accepted=read, inputs=inputs, outputs=outputs, message=f"{total} customers")]


def _nothing_before(context: Context) -> str:
    first = context.lake.read(EVENTS).agg(F.min("event_ts")).first()
    when = f"the first event is at {first[0]} UTC" if first and first[0] else "there are no events; run segspark ingest"
    return f"--as-of {context.as_of}: no event is before it; {when}"
