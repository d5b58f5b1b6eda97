"""KPIs: how the customers of each segment did, by period and by cohort, and which goals are missed."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from pyspark.sql import DataFrame

from segspark.config.base import FEWEST
from segspark.config.kpis import KpiGoal
from segspark.errors import BadInputError
from segspark.progress import printable
from segspark.segments.cohorts import Cohort, cohort_counts, cohorts
from segspark.segments.goals import goal_problems, missed_now, with_goals
from segspark.segments.kpi_definitions import ALL, KPIS, OBJECTIVE, PERIODIC, KpiDefinition, segment_kpis
from segspark.segments.kpi_sums import customer_periods, known_customers, segment_sums
from segspark.segments.kpis import KpiRow, known_by, left_out, measured, sums_by
from segspark.steps.context import Context
from segspark.steps.kpi_inputs import Window, acquired, campaign_periods, first_days, kpi_days, window
from segspark.steps.kpi_moments import clv_rows, objective_rows
from segspark.steps.registry import segments_now
from segspark.tables import CAMPAIGNS, EVENTS, FEEDBACK, SEGMENT_ASSIGNMENTS, SEGMENT_COHORTS, SEGMENTS

KPI_INPUTS = (EVENTS, FEEDBACK, CAMPAIGNS, SEGMENT_ASSIGNMENTS, SEGMENTS)  # besides the features at two dates


@dataclass(frozen=True)
class Kpis:
    """What was measured.

    Attributes:
        rows: of segment_kpis; all customers together first.
        cohorts: of segment_cohorts.
        missed: rows that miss their goal in the last period.
        left_out: KPIs that nothing is known of.
    """

    rows: list[KpiRow]
    cohorts: list[Cohort]
    missed: list[KpiRow]
    left_out: list[KpiDefinition]


def kpis(context: Context, run_id: str, value: DataFrame | None = None) -> Kpis:
    """Measure every segment by the customers who are in it now, and publish segment_kpis and segment_cohorts.

    Args:
        context: of the phase.
        run_id: of the phase, which writes.
        value: customer_id and clv, one row per customer; None: no lifetime value is known.

    Raises:
        BadInputError: nobody is in a segment, or a goal is about a KPI or a segment that there is not.
    """
    members = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id").persist()
    if members.isEmpty():
        raise BadInputError(["segment_assignments has no rows: run segspark assign first"])
    names = _names(context)
    asked = window(context)
    firsts = members.join(first_days(context), on="customer_id", how="left").persist()
    days = kpi_days(context, asked.first).persist()
    try:
        rows, missing = _periodic(context, asked, members, firsts, days)
        rows += clv_rows(context, members, value) + objective_rows(context, members)
        followed = _cohorts(context, asked, firsts, days)
    finally:
        for frame in (members, firsts, days):
            frame.unpersist()
    rows = with_goals(_in_currency(context, rows), _goals(context), names)
    _publish(context, run_id, rows, followed)
    found = Kpis(rows, followed, missed_now(rows), missing)
    _say(context, asked, found, names)
    return found


def _names(context: Context) -> dict[str, str]:
    """Names of the segments that customers may be in, by id.

    Raises:
        BadInputError: a goal is about a KPI or a segment that there is not.
    """
    names = {one.segment_id: one.name for one in segments_now(context) if one.status not in ("split", "retired")}
    problems = goal_problems(context.config.kpis.goals, names)
    if problems:
        raise BadInputError(problems)
    return names


def _goals(context: Context) -> dict[str, KpiGoal]:
    target = context.config.objective.target
    own = {OBJECTIVE.name: KpiGoal(target=target)} if target is not None else {}
    return own | context.config.kpis.goals


def _periodic(
    context: Context, asked: Window, members: DataFrame, firsts: DataFrame, days: DataFrame
) -> tuple[list[KpiRow], list[KpiDefinition]]:
    """KPIs of periods, and those that are left out. What is collected has a row per segment and period."""
    more = [acquired(context, firsts), campaign_periods(context, asked.first)]
    done = customer_periods(days, more, context.config.kpis.period, asked.periods)
    rows = segment_sums(done.join(members, on="customer_id", how="inner"), PERIODIC).collect()
    known = known_by(known_customers(firsts, asked.periods).collect(), asked.periods)
    missing = left_out(rows, PERIODIC)
    told = [one for one in PERIODIC if one not in missing]
    return measured(told, asked.periods, known, sums_by(rows, PERIODIC), context.config.kpis.confidence), missing


def _cohorts(context: Context, asked: Window, firsts: DataFrame, days: DataFrame) -> list[Cohort]:
    if not asked.months:
        return []
    counts = cohort_counts(days, firsts, asked.months).collect()  # a row per segment, cohort and month
    return cohorts(counts, asked.months, context.config.kpis.confidence)


def _in_currency(context: Context, rows: Sequence[KpiRow]) -> list[KpiRow]:
    return [replace(row, unit=context.config.money.currency) if row.unit == "currency" else row for row in rows]


def _publish(context: Context, run_id: str, rows: Sequence[KpiRow], followed: Sequence[Cohort]) -> None:
    writer, said = context.writer(run_id), (context.as_of, run_id)
    for table, found in ((segment_kpis(), rows), (SEGMENT_COHORTS, followed)):
        writer.publish_few(table, [(*astuple(one), *said) for one in found], delete_missing=True)


def _say(context: Context, asked: Window, found: Kpis, names: dict[str, str]) -> None:
    last, reporter = asked.periods[-1], context.reporter
    segments = len({row.segment_id for row in found.rows} - {ALL})
    measures = len({row.kpi for row in found.rows})
    reporter.say(
        f"{measures} KPIs of {segments} segments; the last complete period is {last.start} to before {last.end}"
    )
    if found.left_out:
        reporter.say(f"left out, as what they need is known of nobody: {', '.join(one.name for one in found.left_out)}")
    unjudged = sorted(set(context.config.kpis.goals) - {row.kpi for row in found.rows})
    if unjudged:
        reporter.warn(f"goals that nothing is known of: {', '.join(unjudged)}")
    for row in found.missed:
        reporter.warn(f"goal missed: {_words(row, names)}")


def _words(row: KpiRow, names: dict[str, str]) -> str:
    label = next(one.label for one in KPIS if one.name == row.kpi)
    who = "all customers" if row.segment_id == ALL else printable(names.get(row.segment_id, row.segment_id))
    few = row.customers < FEWEST or row.value is None
    value = f"it rests on fewer than {FEWEST} customers" if few else f"it was {row.value:.4g}"
    ends = "" if few or row.low is None else f" ({row.low:.4g} to {row.high:.4g})"
    return f"{label} ({row.kpi}) of {who} since {row.period_start}: {value}{ends}, the target is {row.target:.4g}"
