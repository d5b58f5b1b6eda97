"""Goals: what KPIs are held to, and whether their intervals say that they are met."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from segspark.config.kpis import KpiGoal
from segspark.segments.kpi_definitions import ALL, KPIS
from segspark.segments.kpis import KpiRow


def goal_state(row: KpiRow, goal: KpiGoal) -> str | None:
    """Say met or missed where the whole interval is on one side of the target, else uncertain; None without a value.

    A KPI that counts all customers is what it is: where it has no interval, the value decides.

    Examples:
        >>> from datetime import date
        >>> first, end = date(2026, 1, 1), date(2026, 2, 1)
        >>> row = KpiRow("s", "repeat_rate", first, end, 0.5, 0.4, 0.6, 50.0, 100.0, 100, "share")
        >>> [goal_state(row, KpiGoal(target=target)) for target in (0.4, 0.5, 0.61)]
        ['met', 'uncertain', 'missed']
        >>> goal_state(row, KpiGoal(target=0.3, direction="at_most"))
        'missed'
    """
    if row.value is None:
        return None
    counted = row.kpi == "customers"
    low, high = (row.value, row.value) if counted else (row.low, row.high)
    if low is None or high is None:
        return "uncertain"
    least = goal.direction == "at_least"
    if low >= goal.target if least else high <= goal.target:
        return "met"
    return "missed" if (high < goal.target if least else low > goal.target) else "uncertain"


def goal_problems(goals: Mapping[str, KpiGoal], names: Mapping[str, str]) -> list[str]:
    """What is wrong with goals, a line each.

    Args:
        goals: by KPI.
        names: of segments, by id.

    Examples:
        >>> goals = {"sales": KpiGoal(target=1), "orders": KpiGoal(target=1, segments=["b"])}
        >>> for one in goal_problems(goals, {"a": "A"}):
        ...     print(one.partition(";")[0])
        kpis.goals.sales: there is no such KPI
        kpis.goals.orders.segments: 'b' is no segment's id or name
    """
    known = ", ".join(one.name for one in KPIS)
    unknown = [f"kpis.goals.{one}: there is no such KPI; there are {known}" for one in goals if one not in _NAMES]
    there = ", ".join(sorted({ALL, *names, *names.values()}))
    return unknown + [
        f"kpis.goals.{kpi}.segments: '{segment}' is no segment's id or name; there are {there}"
        for kpi, goal in goals.items()
        if goal.segments != "all"
        for segment in goal.segments
        if segment not in {ALL, *names, *names.values()}
    ]


_NAMES = {one.name for one in KPIS}


def with_goals(rows: Iterable[KpiRow], goals: Mapping[str, KpiGoal], names: Mapping[str, str]) -> list[KpiRow]:
    """Rows with the target and goal_state of those that a goal is about.

    Args:
        rows: measured.
        goals: by KPI; without `goal_problems`.
        names: of segments, by id.
    """
    about = {kpi: None if goal.segments == "all" else set(goal.segments) for kpi, goal in goals.items()}
    return [
        replace(row, target=goals[row.kpi].target, goal_state=goal_state(row, goals[row.kpi]))
        if row.kpi in goals and _is_about(about[row.kpi], row.segment_id, names)
        else row
        for row in rows
    ]


def _is_about(segments: Collection[str] | None, segment: str, names: Mapping[str, str]) -> bool:
    return segments is None or segment in segments or (segment in names and names[segment] in segments)


def missed_now(rows: Sequence[KpiRow]) -> list[KpiRow]:
    """The rows that miss their goal in the last period of their KPI.

    Examples:
        >>> from datetime import date
        >>> first, end = date(2026, 1, 1), date(2026, 2, 1)
        >>> row = KpiRow("s", "orders", first, end, 5.0, 4.0, 6.0, 5.0, None, 3, "orders", 9.0, "missed")
        >>> len(missed_now([row])), len(missed_now([row, replace(row, period_start=end, goal_state="met")]))
        (1, 0)
    """
    last = {kpi: max(row.period_start for row in rows if row.kpi == kpi) for kpi in {row.kpi for row in rows}}
    return [row for row in rows if row.goal_state == "missed" and row.period_start == last[row.kpi]]
