"""What KPIs are computed from: days of customers, their first days, campaigns."""

from dataclasses import dataclass
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.columns import local_date
from segspark.config.features import OwnFeature
from segspark.features.activity import activity
from segspark.features.days import customer_days
from segspark.features.measures import is_one_of
from segspark.features.plan import Plan, plan_of
from segspark.segments.campaigns import campaign_days, campaign_sums, contact_costs
from segspark.segments.periods import Period, begun, period_start, periods_before
from segspark.steps.context import Context
from segspark.steps.position import Position, position_now
from segspark.tables import CAMPAIGNS, EVENTS, FEEDBACK, Feature

_CONTACTS = ("email_sent", "push_sent", "ad_impression")  # what the company does, besides features.exposure_types
_MEASURES = ("events", "orders", "net", "gross", "saved", "costed", "cost")


@dataclass(frozen=True)
class Window:
    """The time that KPIs are about.

    Attributes:
        periods: that are measured, in their order.
        months: of cohorts, in their order; none where none are followed.
        first: the first day that is read: the period before the first one is, for retention.
    """

    periods: list[Period]
    months: list[Period]
    first: date


def window(context: Context) -> Window:
    """The complete periods and months before as_of that the configuration asks for."""
    asked = context.config.kpis
    periods = periods_before(context.as_of, asked.period, asked.periods)
    months = periods_before(context.as_of, "month", asked.cohort_months)
    before = begun(periods[0].start - timedelta(days=1), asked.period)
    return Window(periods, months, min([before, *(one.start for one in months)]))


def kpi_days(context: Context, first: date) -> DataFrame:
    """What customers did, by day, from a day on and before as_of. Only the files of these days are read.

    Returns:
        One row per customer_id and event_date: activities, orders, and money in ten-thousandths.
    """
    plan = _plan(context)
    # An order that goes on counts on its first day: so the days before have to be seen.
    seen = _activity(context).where(F.col("event_date") >= F.lit(first - timedelta(days=plan.span_days)))
    days = customer_days(seen, plan).where(F.col("event_date") >= F.lit(first))
    activities = (F.col("events") - F.col("contacts")).alias("activities")
    return days.select("customer_id", "event_date", activities, *_MEASURES[1:])


def first_days(context: Context) -> DataFrame:
    """The days of every customer's first event and first order; from state where it is kept and up to date.

    Returns:
        One row per customer with an event before as_of: customer_id, first_seen, first_order (null: has not bought).
    """
    plan = plan_of(context.features, context.config.features)
    known = Position.of(context.lake.position(plan.state_table))
    if known == position_now(context, plan) and "orders" in plan.dated:
        state = context.lake.read(plan.state_table)
        return state.select("customer_id", F.col("events_first").alias("first_seen"),
                            F.col("orders_first").alias("first_order"))  # fmt: skip
    bought = F.when(F.col("event_type") == "purchase", F.col("event_date"))
    firsts = (F.min("event_date").alias("first_seen"), F.min(bought).alias("first_order"))
    return _activity(context).groupBy("customer_id").agg(*firsts)


def acquired(context: Context, firsts: DataFrame) -> DataFrame:
    """Who first ordered in which period: customer_id, period_start, acquired."""
    start = period_start(F.col("first_order"), context.config.kpis.period).alias("period_start")
    return firsts.where("first_order IS NOT NULL").select("customer_id", start, F.lit(1).alias("acquired"))


def campaign_periods(context: Context, first: date) -> DataFrame:
    """What customers had to do with campaigns, by period, from a day on and before as_of."""
    asked = context.config.features
    events = _events(context)
    recent = events.where(F.col("event_date") >= F.lit(first))
    priced = context.lake.read(CAMPAIGNS).where("cost IS NOT NULL")
    contacts = events.where(is_one_of(asked.exposure_types)).where(F.col("event_date") >= _earliest(context, priced))
    days = campaign_days(recent, asked.exposure_types, asked.response_types)
    return campaign_sums(days, contact_costs(contacts, priced), context.config.kpis.period)


def _earliest(context: Context, priced: DataFrame) -> date:
    """The day on which the first of the campaigns whose cost is known began: no contact is looked for before it."""
    start = F.min(F.coalesce("start_ts", F.to_timestamp(F.lit("1900-01-01"))))
    zone = context.config.time.business_timezone
    found: date | None = priced.agg(local_date(start, zone)).collect()[0][0]  # one row
    return found or context.as_of


def _events(context: Context) -> DataFrame:
    return context.lake.read(EVENTS).where(F.col("event_date") < F.lit(context.as_of))


def _activity(context: Context) -> DataFrame:
    feedback, zone = context.lake.read(FEEDBACK), context.config.time.business_timezone
    return activity(_events(context), feedback, zone).where(F.col("event_date") < F.lit(context.as_of))


def _plan(context: Context) -> Plan:
    """The measures of a day, as features count them; contacts are counted as a measure of one's own is."""
    asked = context.config.features
    types = list(dict.fromkeys([*asked.exposure_types, *_CONTACTS]))
    contacts = OwnFeature(name="contacts", aggregate=f"count_if({is_one_of(types)})", description="Contacts.",
                          type="count")  # fmt: skip
    sums = " + ".join([*_MEASURES, "contacts"])
    wanted = Feature("kpis", "DOUBLE", "What KPIs are computed from.", "", "", "", "", sql=sums)
    return plan_of([wanted], asked.model_copy(update={"own": [contacts]}))
