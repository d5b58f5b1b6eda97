"""The next period: customers as they were a horizon ago, and what they have done since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from pyspark.errors import PySparkException
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.clusterers import Floats
from segspark.clustering.objective import kpi_of
from segspark.clustering.passes import held_out
from segspark.clustering.preparation import PREPARED
from segspark.clustering.sampling import training_sample
from segspark.clustering.views import View
from segspark.clustering.yardstick import limits
from segspark.errors import BadInputError
from segspark.steps.context import Context
from segspark.steps.embeddings import carried, of_embeddings
from segspark.steps.population import eligible
from segspark.tables import EVENTS

_SLACK = 0.1  # of the horizon, by which the period may begin earlier or later where features are there already
_FEWEST = 100  # customers, with fewer of whom a separation says nothing


@dataclass(frozen=True)
class NextPeriod:
    """Customers that are held out, as they were when a period began, and what they did in it.

    Attributes:
        began: the period's first day; as_of is the day after its last.
        rows: their features of then, with what each did as `kpi`, at hand, in one order.
        points: the same customers in the prepared unit, shape (n, coordinates), by the name of the view.
        kpi: what each of these did, with extremes pulled in.
    """

    began: date
    rows: DataFrame
    points: dict[str, Floats]
    kpi: Floats


def beginning(context: Context) -> date | None:
    """When the period of the objective's horizon began that ends at as_of; None if the log does not reach back so far.

    The date of features that are there already is taken, if one is near enough.
    """
    horizon = context.config.objective.horizon_days
    asked = context.as_of - timedelta(days=horizon)
    first = context.lake.read(EVENTS).agg(F.min("event_date")).collect()[0][0]  # one row
    if first is None or first >= asked:
        return None
    slack = timedelta(days=int(horizon * _SLACK))
    there = context.lake.read(context.features_table).where(F.col("as_of").between(asked - slack, asked + slack))
    dates = [row[0] for row in there.select("as_of").distinct().collect()]  # a few dates
    return min(dates, key=lambda one: (abs(one - asked), one)) if dates else asked


def next_period(context: Context, views: Sequence[View]) -> NextPeriod | None:
    """What customers that are held out did in the last period; None where too little is known of it, which is said.

    Args:
        context: of the training.
        views: what candidates are compared on.

    Raises:
        BadInputError: objective.kpi is not an expression over `then` and `now`.
    """
    table, began = context.lake.read(context.features_table), beginning(context)
    then = _held_out(context, table, began) if began else None
    if began is None or then is None or then.isEmpty():
        context.reporter.say(
            f"there are no features of {context.config.objective.horizon_days} days before: candidates are not "
            "compared by what customers did next"
        )
        return None
    if not _same_embeddings(context, began, {feature for view in views for feature in view.features}):
        context.reporter.say(f"tastes at {began} are of other product embeddings: candidates are not compared by them")
        return None
    now = table.where(F.col("as_of") == F.lit(context.as_of))
    # In one order: the resamples of the yardstick draw customers by their place.
    rows = with_kpi(context, then, now).coalesce(1).sortWithinPartitions("customer_id").persist()
    kpi = rows.select("kpi").toPandas()["kpi"].to_numpy(dtype=np.float64)  # at most search.yardstick_rows
    if len(kpi) < _FEWEST:
        context.reporter.say(f"the KPI is known of {len(kpi)} customers held out: too few to compare candidates by it")
        rows.unpersist()
        return None
    points = {view.name: _points(rows, view) for view in views}
    return NextPeriod(began, rows, points, np.clip(kpi, *limits(kpi)))


def _points(rows: DataFrame, view: View) -> Floats:
    """Customers in a view's coordinates, in the order of the rows."""
    found = view.preparation.transform(rows).select(vector_to_array(F.col(PREPARED)).alias("point")).toPandas()
    return np.array(found["point"].tolist(), dtype=np.float64)


def _held_out(context: Context, table: DataFrame, began: date) -> DataFrame:
    """Features, as they were then, of customers that are held out, at most search.yardstick_rows."""
    then = eligible(context, table.where(F.col("as_of") == F.lit(began)))
    search, seed = context.config.search, context.config.clustering.seed
    return training_sample(then.where(held_out(search.holdout_share)), search.yardstick_rows, seed)


def _same_embeddings(context: Context, began: date, features: Collection[str]) -> bool:
    """Whether inputs that are made of product embeddings were made of the same ones then as now."""
    made = of_embeddings(context, features) or (context.part is not None and context.part.of_embeddings)
    return not made or carried(context, began) == carried(context)


def with_kpi(context: Context, then: DataFrame, now: DataFrame) -> DataFrame:
    """Customers of whom the KPI is known: the features of then, with what each did until now as `kpi`.

    Raises:
        BadInputError: objective.kpi is not an expression over `then` and `now`.
    """
    kpi = kpi_of(context.config.objective)
    joined = then.alias("then").join(now.alias("now"), on=F.col("then.customer_id") == F.col("now.customer_id"))
    try:
        told = joined.select("then.*", F.expr(f"CAST(({kpi.sql}) AS DOUBLE)").alias("kpi"))
        return told.where("kpi IS NOT NULL AND NOT isnan(kpi)")
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError([f"objective.kpi: '{kpi.sql}' is no number over then and now: {reason}"]) from error


def dates_needed(context: Context) -> list[date]:
    """Past dates whose features a training will ask for, and that are not there."""
    began = beginning(context)
    if began is None:
        return []
    there = context.lake.read(context.features_table).where(F.col("as_of") == F.lit(began))
    return [began] if there.isEmpty() else []
