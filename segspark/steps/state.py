"""State in a run: what is kept of every customer, from all events, or brought up to date from what changed in them."""

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.features.days import customer_days
from segspark.features.dimensions import dimension_rows, summarised, totals
from segspark.features.plan import Plan
from segspark.features.state import continued, customer_state
from segspark.io.changes import changes, conformed
from segspark.io.commits import Writer
from segspark.steps.context import Context
from segspark.steps.position import Position, activity_at, position_now
from segspark.steps.since import Part, Since
from segspark.steps.tiles import Tiles, by_kernel
from segspark.tables import CUSTOMER_DIMENSION, PRODUCTS, Table

WHO = ("customer_id",)


def kept_position(context: Context, plan: Plan) -> Position | None:
    """What the state that is kept was computed from; None where there is none."""
    return Position.of(context.lake.position(plan.state_table))


def kept_as_of(context: Context, plan: Plan) -> date | None:
    """The as_of of the state that is kept; None where there is none."""
    known = kept_position(context, plan)
    return known.as_of if known else None


def keep(context: Context, plan: Plan, run_id: str, rebuild: bool) -> int:
    """Bring the three state tables to as_of, in turn: each tells in its commit how far it is, and goes on from there.

    Returns:
        Rows of customer_daily, of customer_dimension and of customer_state that were written.
    """
    now = position_now(context, plan)
    writer = context.writer(run_id)
    tables = {
        plan.daily_table: (_all_days, _changed_days),
        CUSTOMER_DIMENSION: (_all_dimensions, _changed_dimensions),
        plan.state_table: (_all_states, _changed_states),
    }
    written = 0
    with Since(context, plan, now) as since, Tiles(context, plan, now) as made:
        for table, (everything, changed) in tables.items():
            if table is CUSTOMER_DIMENSION and not plan.dimensions:
                continue
            with writer.lock(table):
                known = Position.of(context.lake.position(table))
                if known == now and not rebuild:
                    continue
                part = since(known) if known and known.leads_to(now) and not rebuild else None
                if part is None or (table is plan.state_table and _products_changed(known, now)):
                    context.reporter.say(f"{table.name}: computed from all events")
                    rows = made.rows(table) if by_kernel(context) and part is None else everything(context, plan, now)
                    writer.replace(table, rows.withColumn("run_id", F.lit(run_id)), now.said())
                else:
                    rows = changed(context, plan, part).withColumn("run_id", F.lit(run_id))
                    written += _apply(writer, table, rows, part, now)
    return written


def _products_changed(known: Position | None, now: Position) -> bool:
    return known is None or known.versions.get(PRODUCTS.name) != now.versions.get(PRODUCTS.name)


def _apply(writer: Writer, table: Table, changed: DataFrame, part: Part, now: Position) -> int:
    changed = changed.persist()
    try:
        pruning = part.days_affected("t.event_date") if "event_date" in table.key else "TRUE"
        return writer.apply(table, changed, pruning, now.said()).total
    finally:
        changed.unpersist()


def _all_days(context: Context, plan: Plan, now: Position) -> DataFrame:
    days = customer_days(_before(context, now), plan)
    # A look at the last months then finds them together in each file.
    return days.sortWithinPartitions("event_date")


def _all_dimensions(context: Context, plan: Plan, now: Position) -> DataFrame:
    return dimension_rows(_before(context, now), plan.dimensions, WHO)


def _all_states(context: Context, plan: Plan, now: Position) -> DataFrame:
    states = customer_state(context.lake.read(plan.daily_table), plan, now.as_of, WHO)
    rows = context.lake.read(CUSTOMER_DIMENSION)
    if len(rows.select("run_id").distinct().take(2)) > 1:
        rows = totals(rows, WHO).where("events > 0")
    return _with_summaries(context, plan, states, rows)


def _before(context: Context, now: Position) -> DataFrame:
    return activity_at(context, now.versions).where(F.col("event_date") < F.lit(now.as_of))


def _with_summaries(context: Context, plan: Plan, states: DataFrame, rows: DataFrame) -> DataFrame:
    if not plan.summaries:
        return states
    products = context.lake.read(PRODUCTS)
    told = summarised(rows, products, plan.summaries, context.config.features, WHO)
    return states.join(told, on="customer_id", how="left")


def _changed_days(context: Context, plan: Plan, part: Part) -> DataFrame:
    table = plan.daily_table
    stored = context.lake.read(table)
    fresh = customer_days(part.now.where(part.fresh_needed), plan).where(part.fresh)
    parts, current = [fresh], [stored.where(part.fresh)]
    if part.touched is not None:
        days = F.expr(f"sequence(event_date, date_add(event_date, {plan.span_days:d}))")
        affected = part.touched.select("customer_id", F.explode(days).alias("event_date")).distinct()
        affected = affected.where(F.col("event_date") < F.lit(part.first))
        events = part.now.where(part.late_needed)
        theirs = events.join(part.touched.select("customer_id").distinct(), on="customer_id", how="left_semi")
        keys = ["customer_id", "event_date"]
        parts.append(customer_days(theirs, plan).join(affected, on=keys, how="left_semi"))
        earlier = stored.where(part.days_affected("event_date"))
        current.append(earlier.join(affected, on=keys, how="left_semi"))
    new, old = (reduce(DataFrame.unionByName, frames) for frames in (parts, current))
    return changes(conformed(new, table), old, table, delete_missing=True)


def _changed_dimensions(context: Context, plan: Plan, part: Part) -> DataFrame:
    """Rows that add up with those that are there: what is stored need not be read, nor written again."""
    signed = [(dimension_rows(part.now.where(part.fresh), plan.dimensions, WHO), 1)]
    if part.touched is not None:
        for events, sign in ((part.now, 1), (part.then, -1)):
            late = events.where(part.late).join(part.touched, on=["customer_id", "event_date"], how="left_semi")
            signed.append((dimension_rows(late, plan.dimensions, WHO), sign))
    both = [rows.withColumns({n: F.col(n) * sign for n in ("events", "amount")}) for rows, sign in signed]
    added = totals(reduce(DataFrame.unionByName, both), WHO).where("events != 0 OR amount != 0")
    return added.withColumn("_change", F.lit("insert"))


def _few(held: DataFrame) -> DataFrame:
    """Rows at hand; sent to where the large table is read, unless they are too many, so that it need not be moved."""
    return F.broadcast(held) if held.count() <= _SENT else held


_SENT = 1_000_000  # some tens of megabytes


def _changed_states(context: Context, plan: Plan, part: Part) -> DataFrame:
    table = plan.state_table
    stored, days = context.lake.read(table), context.lake.read(plan.daily_table)
    fresh = days.where(part.fresh)
    seen = fresh.select("customer_id")
    again = None if part.touched is None else _few(part.touched.select("customer_id").distinct().persist())
    seen = seen if again is None else seen.unionByName(again)
    seen = _few(seen.distinct().persist())
    old = stored.join(seen, on="customer_id", how="left_semi")
    if again is None:
        states = continued(old, customer_state(fresh, plan, part.as_of, WHO), plan)
    else:
        theirs = customer_state(days.join(again, on="customer_id", how="left_semi"), plan, part.as_of, WHO)
        others = fresh.join(again, on="customer_id", how="left_anti")
        states = continued(old, customer_state(others, plan, part.as_of, WHO), plan).unionByName(theirs)
    rows = context.lake.read(CUSTOMER_DIMENSION).join(seen, on="customer_id", how="left_semi")
    new = _with_summaries(context, plan, states, totals(rows, WHO).where("events > 0"))
    return changes(conformed(new, table), old, table, delete_missing=True)
