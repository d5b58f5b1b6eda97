"""State in a run: what is kept of every customer, from all events, or brought up to date from what changed in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import closed_ranges, content_hash, in_ranges
from segspark.features.activity import activity
from segspark.features.days import customer_days
from segspark.features.dimensions import dimension_rows, summarised, totals
from segspark.features.plan import Plan
from segspark.features.state import continued, customer_state
from segspark.io.changes import changes, conformed
from segspark.io.commits import Writer
from segspark.io.history import difference
from segspark.steps.context import Context
from segspark.tables import CUSTOMER_DIMENSION, EVENTS, FEEDBACK, PRODUCTS, Table

WHO = ("customer_id",)
_READ = (EVENTS, FEEDBACK)


@dataclass(frozen=True)
class Position:
    """What state has been computed from: versions of tables, all days before as_of, by a plan."""

    versions: Mapping[str, int]
    identities: Mapping[str, str]
    as_of: date
    plan: str

    def said(self) -> dict[str, str]:
        """As a commit tells it."""
        tables = {name: f"{version}@{self.identities[name]}" for name, version in self.versions.items()}
        return {**tables, "as_of": self.as_of.isoformat(), "plan": self.plan}

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Position | None":
        """As a commit told it; None where it told none."""
        if "as_of" not in said or "plan" not in said:
            return None
        tables = {name: value.split("@", 1) for name, value in said.items() if name not in ("as_of", "plan")}
        return cls(
            {name: int(version) for name, (version, _) in tables.items()},
            {name: identity for name, (_, identity) in tables.items()},
            date.fromisoformat(said["as_of"]),
            said["plan"],
        )

    def leads_to(self, later: "Position") -> bool:
        """Whether what changed since then can be added: the same tables and plan, none of them older."""
        return (
            (self.plan, self.identities, self.versions.keys()) == (later.plan, later.identities, later.versions.keys())
            and all(version <= later.versions[name] for name, version in self.versions.items())
            and self.as_of <= later.as_of
        )


def position_now(context: Context, plan: Plan) -> Position:
    """What state is to be computed from."""
    tables = [*_READ, *([PRODUCTS] if _by_brand(plan) else [])]
    time, settings = context.config.time, context.config.features
    return Position(
        {table.name: context.lake.version(table) for table in tables},
        {table.name: context.lake.identity(table) for table in tables},
        context.as_of,
        f"{plan.fingerprint} {time.business_timezone} {settings.sentiment}",
    )


def activity_at(context: Context, versions: Mapping[str, int]) -> DataFrame:
    """Everything that customers did, as the tables were at these versions."""
    events, feedback = (context.lake.read(table, versions[table.name]) for table in _READ)
    return _activity(context, events, feedback)


def _activity(context: Context, events: DataFrame, feedback: DataFrame) -> DataFrame:
    heard = None
    if context.config.features.sentiment == "vader":
        from segspark.features.sentiment import heard_in

        heard = heard_in(F.col("text"))
    return activity(events, feedback, context.config.time.business_timezone, heard)


def _by_brand(plan: Plan) -> bool:
    return any(one.name.startswith(("brand_", "private_label_")) for one in plan.summaries)


def kept_as_of(context: Context, plan: Plan) -> date | None:
    """The as_of of the state that is kept; None where there is none."""
    known = Position.of(context.lake.position(plan.state_table))
    return known.as_of if known else None


def keep(context: Context, plan: Plan, run_id: str, rebuild: bool) -> int:
    """Bring the three state tables to as_of, in turn: each tells in its commit how far it is, and goes on from there.

    Returns:
        Rows of customer_daily, of customer_dimension and of customer_state that were written.
    """
    now = position_now(context, plan)
    since = _Since(context, plan, now)
    writer = context.writer(run_id)
    tables = {
        plan.daily_table: (_all_days, _changed_days),
        CUSTOMER_DIMENSION: (_all_dimensions, _changed_dimensions),
        plan.state_table: (_all_states, _changed_states),
    }
    written = 0
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
                rows = everything(context, plan, now).withColumn("run_id", F.lit(run_id))
                writer.replace(table, rows, now.said())
            else:
                rows = changed(context, plan, part).withColumn("run_id", F.lit(run_id))
                written += _apply(writer, table, rows, part, now)
    since.forget()
    return written


def _products_changed(known: Position | None, now: Position) -> bool:
    return known is None or known.versions.get(PRODUCTS.name) != now.versions.get(PRODUCTS.name)


def _apply(writer: Writer, table: Table, changed: DataFrame, part: "Part", now: Position) -> int:
    changed = changed.persist()
    try:
        pruning = part.days_affected("t.event_date") if "event_date" in table.key else "TRUE"
        return writer.apply(table, changed, pruning, now.said()).total
    finally:
        changed.unpersist()


# ---- From all events ------------------------------------------------------------------------------------------------


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


# ---- From what changed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """What changed between two positions.

    Attributes:
        first: the first day that was not in the earlier one.
        as_of: the day after the last one.
        touched: customer_id and event_date of earlier days whose events changed; None where none did.
        touched_dates: their dates.
        now: activity at the later position.
        then: activity at the earlier one.
        span_days: how long an occasion reaches back.
    """

    first: date
    as_of: date
    touched: DataFrame | None
    touched_dates: Sequence[date]
    now: DataFrame
    then: DataFrame
    span_days: int

    @property
    def fresh(self) -> SparkColumn:
        """Condition: the day was not in the earlier position."""
        return (F.col("event_date") >= F.lit(self.first)) & (F.col("event_date") < F.lit(self.as_of))

    @property
    def late(self) -> str:
        """Condition: the day is one of those whose events changed."""
        return in_ranges(closed_ranges(self.touched_dates), "event_date")

    def days_affected(self, name: str) -> str:
        """Condition on a date: a row of customer_daily may change, or one of its occasions reach into it."""
        last = self.as_of - timedelta(days=1)
        new = [(self.first, last)] if self.first <= last else []
        return in_ranges([*closed_ranges(self.touched_dates, 0, self.span_days), *new], name)

    @property
    def fresh_needed(self) -> SparkColumn:
        """Condition: the event has a say in a day that was not in the earlier position."""
        reach = timedelta(days=self.span_days)
        return (F.col("event_date") >= F.lit(self.first - reach)) & (F.col("event_date") < F.lit(self.as_of))

    @property
    def late_needed(self) -> str:
        """Condition: the event has a say in an earlier day that is affected."""
        return in_ranges(closed_ranges(self.touched_dates, self.span_days, 2 * self.span_days), "event_date")


@dataclass
class _Since:
    """What changed since a position, found out once for each."""

    context: Context
    plan: Plan
    now: Position
    _found: dict[str, Part | None] = field(default_factory=dict)

    def __call__(self, known: Position) -> Part | None:
        key = repr(known.said())
        if key not in self._found:
            self._found[key] = self._part(known)
        return self._found[key]

    def forget(self) -> None:
        """Let go of what is kept at hand."""
        for part in self._found.values():
            if part and part.touched is not None:
                part.touched.unpersist()

    def _part(self, known: Position) -> Part | None:
        signed = self._signed(known)
        if signed is None:
            return None
        touched, dates = None, []
        if signed:
            rows = reduce(DataFrame.unionByName, signed)
            touched = _touched(rows.where(F.col("event_date") < F.lit(known.as_of))).persist()
            dates = [row[0] for row in touched.select("event_date").distinct().collect()]  # as many as days
        now, then = (activity_at(self.context, one.versions) for one in (self.now, known))
        return Part(
            known.as_of, self.now.as_of, touched if dates else None, sorted(dates), now, then, self.plan.span_days
        )

    def _signed(self, known: Position) -> list[DataFrame] | None:
        """Events that are there now and were not (1), or were and are not (-1); None where that cannot be told."""
        lake, found = self.context.lake, []
        for table in _READ:
            changed = difference(lake, table, known.versions[table.name], self.now.versions[table.name])
            if changed is None:
                return None
            for rows, sign in ((changed.added, 1), (changed.removed, -1)):
                if rows is not None:
                    none = {one.name: lake.read(one).limit(0) for one in _READ} | {table.name: rows}
                    found.append(
                        _activity(self.context, *(none[one.name] for one in _READ)).withColumn("_sign", F.lit(sign))
                    )
        return found


def _touched(signed: DataFrame) -> DataFrame:
    """Customers and days of rows that are not on both sides; in a file that was rewritten most did not change."""
    names = [name for name in signed.columns if name not in ("_sign", "event_hour")]
    by_row = signed.groupBy("customer_id", "event_date", content_hash(names, signed.schema).alias("_content"))
    return by_row.agg(F.sum("_sign").alias("_sum")).where("_sum != 0").select("customer_id", "event_date").distinct()


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
