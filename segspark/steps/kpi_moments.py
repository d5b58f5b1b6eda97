"""KPIs that are of no period but of as_of: lifetime value, and what the objective asks for."""

from collections.abc import Sequence
from dataclasses import replace

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.segments.kpi_definitions import CLV, EVERYONE, OBJECTIVE, KpiDefinition
from segspark.segments.kpi_sums import segment_sums
from segspark.segments.kpis import KpiRow, measured, sums_by
from segspark.segments.periods import Period
from segspark.steps.context import Context
from segspark.steps.next_period import beginning, with_kpi

# Whether the objective's KPI is anything but 0 or 1 of anyone.
_OTHER = KpiDefinition("other", "", "", "", "kpi NOT IN (0.0D, 1.0D)", EVERYONE, "quotient", moment=True)


def clv_rows(context: Context, members: DataFrame, value: DataFrame | None) -> list[KpiRow]:
    """Mean lifetime value at as_of, of the customers of whom it is known.

    Args:
        context: of the phase.
        members: customer_id, segment_id.
        value: customer_id, clv; None: there are no rows.
    """
    if value is None:
        return []
    known = value.select("customer_id", F.col("clv").cast("double").alias("clv")).where("clv IS NOT NULL")
    rows = known.where("NOT isnan(clv)").join(members, on="customer_id", how="inner")
    return _rows(context, rows, [CLV], Period(context.as_of, context.as_of))


def objective_rows(context: Context, members: DataFrame) -> list[KpiRow]:
    """Mean of the objective's KPI in the last period of its horizon; none where there are no features of its beginning.

    Args:
        context: of the phase.
        members: customer_id, segment_id.
    """
    began = beginning(context)
    table = context.lake.read(context.features_table)
    then = None if began is None else table.where(F.col("as_of") == F.lit(began))
    if began is None or then is None or then.isEmpty():
        days = context.config.objective.horizon_days
        context.reporter.say(f"the objective's KPI is left out, as there are no features of {days} days before")
        return []
    now = table.where(F.col("as_of") == F.lit(context.as_of))
    known = with_kpi(context, then, now).select("customer_id", "kpi")
    rows = known.join(members, on="customer_id", how="inner")
    return _rows(context, rows, [OBJECTIVE, _OTHER], Period(began, context.as_of))


def _rows(context: Context, rows: DataFrame, definitions: Sequence[KpiDefinition], period: Period) -> list[KpiRow]:
    """The first of the definitions. What is collected has a row per segment."""
    dated = rows.withColumn("period_start", F.lit(period.start))
    sums = sums_by(segment_sums(dated, definitions).collect(), definitions)
    known = {place: int(own[EVERYONE,]) for place, own in sums.items()}
    one = definitions[0]
    others = sum(own.get((_OTHER.numerator,), 0.0) for own in sums.values())
    if _OTHER in definitions and not others:
        one = replace(one, kind="share", unit="share")
    return measured([one], [period], known, sums, context.config.kpis.confidence)
