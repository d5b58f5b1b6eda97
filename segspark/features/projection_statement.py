"""The features of customers as a statement of DuckDB over their days and state: what `projection` computes."""

from collections.abc import Mapping, Sequence
from datetime import date

from segspark.features.dialect import duckdb_sql
from segspark.features.families.sql import NEVER_NULL
from segspark.features.measures import Measure
from segspark.features.plan import Plan, decayed_name
from segspark.features.state import OLDEST
from segspark.tables import Feature

PEOPLE = "people"

Told = Mapping[str, float | Sequence[float] | None]


def projection_statement(plan: Plan, features: Sequence[Feature], as_of: date, told: Told) -> str:
    """The features of everyone in `people` (customer_id, attributes).

    Args:
        plan: what the features need, but for aggregates that do not add up over days.
        features: in the order of the result's columns.
        as_of: a date after all days.
        told: what features say about all customers, by name: rates, and quintiles as four numbers.

    Returns:
        A SELECT of one row per customer_id: customer_id, as_of and the features.

    Raises:
        ValueError: an expression of a feature cannot be said in DuckDB's SQL.
    """
    at = f"DATE '{as_of.isoformat()}'"
    columns = {one.name: _read(one, one.name) for one in plan.daily}
    columns |= {f"{name}_{days}d": _read(plan.measure(name), f"{name}_{days}d") for name, days in plan.windows}
    columns |= {"order_gap_squares": "coalesce(order_gap_squares, 0)"} if plan.gaps else {}
    for name, half_life in plan.decayed:
        column = decayed_name(name, half_life)
        columns[column] = f"coalesce({column} * weight({at} - events_last, {half_life}, {OLDEST}::DOUBLE), 0.0::DOUBLE)"
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    facts = ", ".join(f"{_literal(value)} AS {name}" for name, value in told.items())
    kept = f"{PEOPLE} LEFT JOIN {plan.state_table.name} USING (customer_id)"
    joined = f"{kept} LEFT JOIN ({_windows(plan, at)}) USING (customer_id)"
    known = f"SELECT * REPLACE ({replaced}), {at} AS as_of{', ' + facts if facts else ''} FROM {joined}"
    values = ", ".join(f"CAST({_value(one)} AS {_type(one.type)}) AS {one.name}" for one in features)
    return f"SELECT customer_id, as_of, {values} FROM ({known})"


def _windows(plan: Plan, at: str) -> str:
    """Sums over the last days; of the days at hand none is at or after as_of."""
    sums = [f"{_again(plan.measure(name), days)} AS {name}_{days}d" for name, days in plan.windows]
    aged = f"SELECT *, {at} - event_date AS age FROM {plan.daily_table.name}"
    return f"SELECT {', '.join(['customer_id', *sums])} FROM ({aged}) GROUP BY customer_id"


def _again(one: Measure, days: int) -> str:
    value = f"CASE WHEN age <= {days:d} THEN {one.name} END"
    return f"exact_sum({value})" if one.kind == "number" else f"sum({value})"


def _read(one: Measure, name: str) -> str:
    """What is kept, as features read it: none is zero, and money a decimal."""
    value = f"coalesce({name}, 0)"
    return f"CAST({value} / 10000.0::DOUBLE AS DECIMAL(38,4))" if one.kind == "money" else value


def _value(one: Feature) -> str:
    value = duckdb_sql(one.sql)
    return f"coalesce({value}, 0)" if one.null_means == NEVER_NULL else value


def _type(spark: str) -> str:
    return "VARCHAR" if spark == "STRING" else spark


def _literal(value: float | Sequence[float] | None) -> str:
    if value is None:
        return "NULL::DOUBLE"
    if isinstance(value, int | float):
        return f"{value!r}::DOUBLE"
    return f"[{', '.join(_literal(one) for one in value)}]"
