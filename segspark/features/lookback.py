"""Features at any past dates, straight from what customers did."""

from collections.abc import Callable, Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.features.activity import everyone
from segspark.features.days import customer_days
from segspark.features.dimensions import dimension_rows, summarised
from segspark.features.plan import Plan
from segspark.features.projection import EACH, at_each, other_aggregates, projected
from segspark.features.state import customer_state
from segspark.tables import Feature


def customer_features(
    events: DataFrame,
    customers: DataFrame,
    products: DataFrame,
    dates: Sequence[date],
    business_timezone: str,
    plan: Plan,
    features: Sequence[Feature],
    at_hand: Callable[[DataFrame], DataFrame] = lambda frame: frame,
) -> DataFrame:
    """The features of every customer at each of the dates, in one pass over the events.

    Args:
        events: as `activity` returns them; what is at or after a date's midnight has no part in its features.
        customers: of the table.
        products: of the table.
        dates: as_of's.
        business_timezone: of their midnights.
        plan: what the features need.
        features: in the order of the result's columns.
        at_hand: keeps a frame that is read several times.

    Returns:
        One row per customer_id and as_of.
    """
    seen = at_each(events, dates, "event_date")
    days = at_hand(customer_days(seen, plan, EACH))
    state = customer_state(days, plan, F.col("as_of"), EACH)
    if plan.summaries:
        rows = at_hand(dimension_rows(seen, plan.dimensions, EACH))
        told = summarised(rows, products, plan.summaries, plan.settings, EACH)
        state = state.join(told, on=list(EACH), how="left")
    people = everyone(state, customers, dates, business_timezone)
    return projected(state, days, people, plan, features, other_aggregates(seen, plan))
