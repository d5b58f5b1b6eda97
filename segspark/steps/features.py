"""Features: one row per customer at as_of, from state that is kept, or from all events for looks back."""

from collections.abc import Sequence
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.errors import BadInputError
from segspark.features.activity import everyone
from segspark.features.lookback import customer_features
from segspark.features.plan import Plan, plan_of
from segspark.features.projection import projected
from segspark.steps.context import Context, Outcome
from segspark.steps.state import activity_at, keep, kept_as_of, position_now
from segspark.tables import CUSTOMERS, EVENTS, FEEDBACK, PRODUCTS


def features(context: Context) -> Sequence[Outcome]:
    """Bring state and `customer_features` up to date for as_of; only changed rows are written."""
    return _features(context, rebuild=False)


def rebuild(context: Context) -> Sequence[Outcome]:
    """The same, with state computed anew from all events."""
    return _features(context, rebuild=True)


def features_at_each(context: Context, dates: Sequence[date]) -> Sequence[Outcome]:
    """Features as they were at past dates, all in one pass over the events; state is left alone."""
    plan = plan_of(context.features, context.config.features)
    inputs = context.versions(EVENTS, FEEDBACK, CUSTOMERS)
    return [_published(context, _looked_back(context, plan, dates), dates, inputs)]


def _features(context: Context, rebuild: bool) -> list[Outcome]:
    plan = plan_of(context.features, context.config.features)
    inputs = context.versions(EVENTS, FEEDBACK, CUSTOMERS)
    kept = kept_as_of(context, plan)
    if kept is not None and kept > context.as_of and not rebuild:
        context.reporter.say(f"state is at {kept}: a look back to {context.as_of} is computed from all events")
        return [_published(context, _looked_back(context, plan, [context.as_of]), [context.as_of], inputs)]
    if context.lake.read(EVENTS).where(F.col("event_date") < F.lit(context.as_of)).isEmpty():
        raise BadInputError([_nothing_before(context)])
    written = keep(context, plan, context.run_id("features", inputs), rebuild)
    if written:
        context.reporter.say(f"{written:,} rows of state changed")
    return [_published(context, _from_state(context, plan), [context.as_of], inputs)]


def _from_state(context: Context, plan: Plan) -> DataFrame:
    at = F.lit(context.as_of)
    state = context.lake.read(plan.state_table).withColumn("as_of", at)
    first = context.as_of - timedelta(days=plan.longest_window)
    days = context.lake.read(plan.daily_table).where((F.col("event_date") >= F.lit(first)) & (F.col("event_date") < at))
    zone = context.config.time.business_timezone
    customers = everyone(state, context.lake.read(CUSTOMERS), [context.as_of], zone)
    return projected(state, days.withColumn("as_of", at), customers, plan, context.features)


def _looked_back(context: Context, plan: Plan, dates: Sequence[date]) -> DataFrame:
    customers, products = context.lake.read(CUSTOMERS), context.lake.read(PRODUCTS)
    events = activity_at(context, position_now(context, plan).versions)
    zone = context.config.time.business_timezone
    return customer_features(events, customers, products, dates, zone, plan, context.features)


def _published(context: Context, rows: DataFrame, dates: Sequence[date], inputs: dict[str, str]) -> Outcome:
    scope = F.col("as_of").isin(list(dates))
    writer = context.writer(context.run_id("features", inputs))
    change = writer.publish(context.features_table, rows, scope=scope, delete_missing=True)
    total = context.lake.read(context.features_table).where(scope).count()
    context.reporter.say(f"{total:,} customers, {change.total:,} rows changed")
    outputs = {context.features_table.name: str(change.version)}
    return Outcome(rows_read=total, rows_accepted=total, inputs=inputs, outputs=outputs, message=f"{total} customers")


def _nothing_before(context: Context) -> str:
    first = context.lake.read(EVENTS).agg(F.min("event_ts")).first()
    when = f"the first event is at {first[0]} UTC" if first and first[0] else "there are no events; run segspark ingest"
    return f"--as-of {context.as_of}: no event is before it; {when}"
