"""Features: one row per customer at as_of, from state that is kept, or from all events for looks back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import within_days
from segspark.errors import BadInputError
from segspark.features.activity import everyone
from segspark.features.lookback import customer_features
from segspark.features.plan import Plan, plan_of
from segspark.features.projection import at_each, other_aggregates, projected
from segspark.steps.context import Context, Outcome
from segspark.steps.embeddings import use, wanted
from segspark.steps.position import activity_now, position_now
from segspark.steps.state import keep, kept_as_of
from segspark.steps.tiles import Tiles, by_kernel
from segspark.tables import CUSTOMERS, EVENTS, FEEDBACK, PRODUCTS


def features(context: Context, also: Sequence[date] = ()) -> Sequence[Outcome]:
    """Bring state and `customer_features` up to date for as_of; only changed rows are written.

    Args:
        context: of the run.
        also: past dates whose features are wanted, too, all in one pass over the events; state has no part in them.
    """
    return _features(context, also, rebuild=False)


def rebuild(context: Context, also: Sequence[date] = ()) -> Sequence[Outcome]:
    """The same, with state computed anew from all events."""
    return _features(context, also, rebuild=True)


def _features(context: Context, also: Sequence[date], rebuild: bool) -> list[Outcome]:
    plan = checked_plan(context)
    tables = context.versions(EVENTS, FEEDBACK, CUSTOMERS)
    inputs = tables | use(context, [context.as_of], anew=rebuild)
    kept = kept_as_of(context, plan)
    if kept is None and not rebuild and context.lake.megabytes(EVENTS) < context.config.features.state_from_mb:
        return _looks_back(context, plan, also, tables)
    if kept is not None and kept > context.as_of and not rebuild:
        context.reporter.say(f"state is at {kept}: a look back to {context.as_of} reads all events")
        return _looks_back(context, plan, also, tables)
    if (kept is None or rebuild) and context.lake.read(EVENTS).where(
        F.col("event_date") < F.lit(context.as_of)
    ).isEmpty():
        raise BadInputError([_nothing_before(context)])
    written = keep(context, plan, context.run_id("features", inputs), rebuild)
    if written:
        context.reporter.say(f"{written:,} rows of state changed")
    state = context.lake.read(plan.state_table)
    now = _published(context, _from_state(context, plan), [context.as_of], inputs, state)
    return [now, *([_look_back(context, plan, also, tables)] if also else [])]


def _looks_back(context: Context, plan: Plan, also: Sequence[date], tables: dict[str, str]) -> list[Outcome]:
    """Features at as_of and other dates in one pass; in two with embeddings, whose version the first date decides."""
    if wanted(context):
        passes: list[list[date]] = [[context.as_of], [*also]]
    else:
        passes = [[context.as_of, *also]]
    return [_look_back(context, plan, dates, tables) for dates in passes if dates]


def checked_plan(context: Context) -> Plan:
    """What the features need; a feature of one's own that Spark does not understand is named."""
    plan = plan_of(context.features, context.config.features)
    if not context.config.features.own:
        return plan
    nothing, problems = activity_now(context).limit(0), []
    for index, one in enumerate(context.config.features.own):
        try:
            nothing.agg(F.expr(one.aggregate))
        except PySparkException as error:
            reason = str(error).strip().splitlines()[0]
            problems.append(f"features.own.{index}.aggregate: '{one.aggregate}' is no aggregate over events: {reason}")
    if problems:
        raise BadInputError(problems)
    return plan


def _from_state(context: Context, plan: Plan) -> DataFrame:
    state, days = context.lake.read(plan.state_table), context.lake.read(plan.daily_table)
    return _projected(context, plan, context.as_of, state, days)


def _projected(context: Context, plan: Plan, as_of: date, state: DataFrame, days: DataFrame) -> DataFrame:
    at = F.lit(as_of)
    state = state.withColumn("as_of", at)
    first = as_of - timedelta(days=plan.longest_window)
    days = days.where(within_days(first, as_of)).withColumn("as_of", at)
    zone = context.config.time.business_timezone
    customers = everyone(state, context.lake.read(CUSTOMERS), [as_of], zone)
    others = other_aggregates(at_each(activity_now(context), [as_of], "event_date"), plan)
    return projected(state, days, customers, plan, context.features, others)


def _look_back(context: Context, plan: Plan, dates: Sequence[date], tables: dict[str, str]) -> Outcome:
    inputs = tables | use(context, dates)
    if by_kernel(context) and len(dates) == 1:
        with Tiles(context, plan, replace(position_now(context, plan), as_of=dates[0])) as made:
            state = made.rows(plan.state_table)
            rows = _projected(context, plan, dates[0], state, made.rows(plan.daily_table))
            return _published(context, rows, dates, inputs, state)
    held: list[DataFrame] = []

    def at_hand(frame: DataFrame) -> DataFrame:
        held.append(frame.persist())
        return held[-1]

    customers, products = context.lake.read(CUSTOMERS), context.lake.read(PRODUCTS)
    zone = context.config.time.business_timezone
    try:
        rows = customer_features(
            activity_now(context), customers, products, dates, zone, plan, context.features, at_hand
        )
        return _published(context, rows, dates, inputs, held[0])
    finally:
        for frame in held:
            frame.unpersist()


def _published(
    context: Context, rows: DataFrame, dates: Sequence[date], inputs: dict[str, str], counted: DataFrame
) -> Outcome:
    """Write the features; `counted` holds the events and purchases that they were computed from."""
    scope = F.col("as_of").isin(list(dates))
    latest = F.col("as_of") == F.lit(max(dates))  # what earlier dates see is a part of it
    seen = counted.where(latest) if "as_of" in counted.columns else counted
    events, purchases = seen.agg(F.sum("events"), F.sum("purchases")).collect()[0]  # one row
    if not events:
        raise BadInputError([_nothing_before(context)])
    writer = context.writer(context.run_id("features", inputs))
    change = writer.publish(context.features_table, rows, scope=scope, delete_missing=True)
    total = context.lake.read(context.features_table).where(latest).count()
    more = f" at {len(dates)} dates" if len(dates) > 1 else ""
    context.reporter.say(
        f"{events:,} events read, {purchases:,} of them purchases; {total:,} customers, {change.total:,} rows "
        f"changed{more}"
    )
    outputs = {context.features_table.name: str(change.version)}
    return Outcome(rows_read=events, rows_accepted=events, inputs=inputs, outputs=outputs, message=f"{total} customers")


def _nothing_before(context: Context) -> str:
    first = context.lake.read(EVENTS).agg(F.min("event_ts")).first()
    when = f"the first event is at {first[0]} UTC" if first and first[0] else "there are no events; run segspark ingest"
    return f"--as-of {context.as_of}: no event is before it; {when}"
