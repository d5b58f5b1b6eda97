"""The sums of days, dimensions and state as statements of DuckDB, for the kernel `tiles`; of the same declarations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from segspark.features.dialect import EXACT_PARTS, MACROS, clock_changes, duckdb_sql
from segspark.features.dimensions import Dimension
from segspark.features.measures import Measure
from segspark.features.occasions import Occasion
from segspark.features.plan import WEEKENDS, Plan
from segspark.features.projection_statement import PEOPLE, Told, projection_statement
from segspark.features.state_statement import state_statement
from segspark.kernels.tiles import Statements
from segspark.tables import CUSTOMER_DIMENSION, EVENTS, FEEDBACK, PRODUCTS, Feature, Table

ACTIVITY, DAYS, VALUES = "activity", "tile_days", "tile_values"
KEPT_DAYS, KEPT_DIMENSIONS, FEATURES = "kept_days", "kept_dimensions", "features"
_SPREAD = "customer_id, dimension, value, events, amount"


def statements(plan: Plan, as_of: date, business_timezone: str) -> Statements:
    """What the kernel is to compute of the tables events and feedback before as_of.

    Returns:
        Merged are customer_daily, customer_dimension and customer_state, with their columns but for the run.

    Raises:
        ValueError: an expression of a feature cannot be said in DuckDB's SQL.
    """
    merged = {plan.daily_table.name: _days(plan)}
    if plan.dimensions:
        merged[CUSTOMER_DIMENSION.name] = _dimension(plan)
    return _statements(plan, as_of, business_timezone, merged)


def live_statements(
    plan: Plan, features: Sequence[Feature], as_of: date, since: date, business_timezone: str, told: Told
) -> Statements:
    """What the kernel is to compute of some customers' events of late, and of what is kept of them.

    Args:
        plan: what the features need.
        features: in the order of the result's columns.
        as_of: nothing at or after it is looked at.
        since: the first day that is not in what is kept; events of `plan.span_days` days before are needed, too.
        business_timezone: of as_of.
        told: what features say about all customers.

    Returns:
        Merged are, of the tables events, kept_days, kept_dimensions and people, in the end `features`: one row per
        customer_id.

    Raises:
        ValueError: an expression of a feature cannot be said in DuckDB's SQL.
    """
    late = f"event_date >= DATE '{since.isoformat()}'"
    days = ", ".join(("customer_id", "event_date", *(one.name for one in plan.daily)))
    today = f"SELECT {days} FROM ({_days(plan)}) WHERE {late}"
    merged = {plan.daily_table.name: f"{today} UNION ALL SELECT {days} FROM {KEPT_DAYS}"}
    if plan.dimensions:
        both = f"{_dimension(plan, late)} UNION ALL SELECT {_SPREAD} FROM {KEPT_DIMENSIONS}"
        sums = "sum(events)::BIGINT AS events, sum(amount) AS amount"
        by_value = f"SELECT customer_id, dimension, value, {sums} FROM ({both}) GROUP BY ALL"
        merged[CUSTOMER_DIMENSION.name] = f"SELECT * FROM ({by_value}) WHERE events > 0"
    found = _statements(plan, as_of, business_timezone, merged, late)
    kept = {
        KEPT_DAYS: {"customer_id": "VARCHAR", "event_date": "DATE"} | {one.name: one.column.type for one in plan.daily},
        KEPT_DIMENSIONS: dict(
            zip(_SPREAD.split(", "), ("VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "DOUBLE"), strict=True)
        ),
        PEOPLE: {"customer_id": "VARCHAR", "attributes": "MAP(VARCHAR, VARCHAR)"},
    }
    result = {FEATURES: projection_statement(plan, features, as_of, told)}
    return replace(found, columns={**found.columns, **kept}, merged={**found.merged, **result})


def _statements(plan: Plan, as_of: date, zone: str, merged: Mapping[str, str], late: str = "TRUE") -> Statements:
    """With the tiles that days and dimensions are merged of, and the state; dimensions are of events that are late."""
    read = (EVENTS, FEEDBACK, *([PRODUCTS] if plan.by_brand else []))
    hours = any("event_hour" in one.when + one.value for one in plan.measures)
    tiles = {DAYS: _tile_days(plan), **{_lines(one): _tile_lines(one, plan) for one in plan.occasions}}
    spread = [_grouped(one, ACTIVITY, _value(one), f"({duckdb_sql(one.when)}) AND {late}") for one in _rest(plan)]
    tiles |= {VALUES: " UNION ALL ".join(spread)} if spread else {}
    seen = f"WITH {ACTIVITY} AS ({_activity(as_of, hours)}) "
    return Statements(
        MACROS + _clock(zone),
        {table.name: _columns(table) for table in read},
        {name: seen + query for name, query in tiles.items()},
        {**merged, plan.state_table.name: state_statement(plan, as_of)},
        tuple(table.name for table in read if table is PRODUCTS),
    )


def _rest(plan: Plan) -> list[Dimension]:
    """The dimensions that go with no occasion."""
    return [one for one in plan.dimensions if _carrier(one, plan) is None]


def _columns(table: Table) -> dict[str, str]:
    known = {"STRING": "VARCHAR", "TIMESTAMP": "TIMESTAMPTZ", "MAP<STRING,STRING>": "MAP(VARCHAR, VARCHAR)"}
    return {one.name: known.get(one.type, one.type) for one in table.columns}


def _activity(as_of: date, hours: bool) -> str:
    """As segspark.features.activity; the condition on the day is what is seen of the log."""
    hour = ", CAST(local_seconds(event_ts, ahead) // 3600 % 24 AS INTEGER) AS event_hour" if hours else ""
    return f"""
        SELECT *, TRY_CAST(properties['sentiment'] AS DOUBLE) AS sentiment{hour}
        FROM (
            SELECT * FROM events
            UNION ALL BY NAME
            SELECT 'feedback:' || feedback_id AS event_id, customer_id, feedback_ts AS event_ts,
                   DATE '1970-01-01' + CAST(local_seconds(feedback_ts, ahead) // 86400 AS INTEGER) AS event_date,
                   'feedback_' || kind AS event_type, product_id, rating, text
            FROM feedback ASOF LEFT JOIN clock_changes ON epoch_us(feedback_ts) >= clock_changes.since
        ) AS log {"ASOF LEFT JOIN clock_changes ON epoch_us(log.event_ts) >= clock_changes.since" if hours else ""}
        WHERE event_date < DATE '{as_of.isoformat()}'"""


def _clock(zone: str) -> str:
    rows = ", ".join(f"({at * 1_000_000}, {ahead})" for at, ahead in clock_changes(zone))
    seconds = "epoch_us(instant) // 1000000 + coalesce(ahead, 0)"
    return (
        f"CREATE TABLE clock_changes AS SELECT * FROM (VALUES {rows}) AS t(since, ahead);\n"
        f"CREATE MACRO local_seconds(instant, ahead) AS {seconds};\n"
    )


def _tile_days(plan: Plan) -> str:
    sums = ", ".join(column for one in plan.measures for column in _parts(one))
    return f"SELECT customer_id, event_date, {sums} FROM {ACTIVITY} GROUP BY ALL"


def _parts(one: Measure) -> Iterable[str]:
    """A measure's sums over events; numbers in three, put together when those of all files are there."""
    when = f"FILTER (WHERE {duckdb_sql(one.when)})"
    if one.kind == "count":
        return [f"count(*) {when} AS {one.name}"]
    value = duckdb_sql(one.value)
    if one.kind == "money":
        return [f"sum(units({value})) {when} AS {one.name}"]
    value = f"CAST({value} AS DOUBLE)"
    return [f"sum({part}({value})) {when} AS {one.name}_{part}" for part in EXACT_PARTS]


def _lines(one: Occasion) -> str:
    return f"tile_{one.name}"


def _tile_lines(one: Occasion, plan: Plan) -> str:
    """An occasion's events. Dimensions of the same events go with them, so that lines are moved once."""
    identity = ", ".join(f"({duckdb_sql(part)})" for part in one.identity)
    carried = [f"{_value(each)} AS {each.name}_value" for each in plan.dimensions if _carrier(each, plan) is one]
    columns = [
        f"customer_id, event_date, hash({identity}) AS occasion",
        *([f"{one.item} AS item"] if one.content else []),
    ]
    columns += [*carried, f"{_MONEY} AS amount"] if carried else []
    distinct = "" if carried else "DISTINCT "  # a visit has many events, an order's lines hardly combine
    return f"SELECT {distinct}{', '.join(columns)} FROM {ACTIVITY} WHERE {duckdb_sql(one.when)}"


_MONEY = "CASE WHEN event_type IN ('purchase', 'return') THEN units(amount) END"


def _carrier(one: Dimension, plan: Plan) -> Occasion | None:
    """The occasion whose events are those of the dimension."""
    return next((occasion for occasion in plan.occasions if occasion.when == one.when), None)


def _value(one: Dimension) -> str:
    value = duckdb_sql(one.value)
    return f"CAST(event_date AS VARCHAR) || ' ' || {value}" if one.dated else value


def _grouped(one: Dimension, source: str, value: str, when: str = "TRUE", money: str = _MONEY) -> str:
    columns = f"customer_id, '{one.name}' AS dimension, {value} AS value"
    sums = f"count(*) AS events, coalesce(sum({money}), 0.0::DOUBLE) AS amount"
    return f"SELECT {columns}, {sums} FROM {source} WHERE ({when}) AND ({value}) IS NOT NULL GROUP BY ALL"


def _days(plan: Plan) -> str:
    """As segspark.features.days and occasions; by day, so that a look at the last months finds them together."""
    sums = ", ".join(_merged(one) for one in plan.measures)
    found = [f"sums AS (SELECT customer_id, event_date, {sums} FROM {DAYS} GROUP BY ALL)"]
    joins = ""
    for one in plan.occasions:
        found += _occasion_days(one, plan.span_days)
        joins += f" LEFT JOIN {one.name}_days USING (customer_id, event_date)"
    columns = [f"CAST(coalesce({_daily(one)}, 0) AS {one.column.type}) AS {one.name}" for one in plan.daily]
    selected = f"SELECT customer_id, event_date, {', '.join(columns)} FROM sums{joins} ORDER BY event_date"
    return f"WITH {', '.join(found)} {selected}"


def _merged(one: Measure) -> str:
    if one.kind != "number":
        return f"sum({one.name}) AS {one.name}"
    parts = ", ".join(f"sum({one.name}_{part})" for part in EXACT_PARTS)
    return f"together({parts}) AS {one.name}"


def _daily(one: Measure) -> str:
    return "CASE WHEN isodow(event_date) >= 6 THEN orders END" if one is WEEKENDS else one.name


def _occasion_days(one: Occasion, span_days: int) -> list[str]:
    name = one.name
    items = f"count(DISTINCT item) AS {one.content}" if one.content else "0 AS nothing"
    sums = f"count(*) FILTER (WHERE before IS NULL OR event_date - before > {span_days:d}) AS {name}"
    sums += f", sum({one.content}) AS {one.content}" if one.content else ""
    return [
        f"{name}_parts AS (SELECT customer_id, occasion, event_date, {items} FROM {_lines(one)} GROUP BY ALL)",
        f"{name}_turns AS (SELECT *, lag(event_date) OVER in_turn AS before FROM {name}_parts "
        "WINDOW in_turn AS (PARTITION BY customer_id, occasion ORDER BY event_date))",
        f"{name}_days AS (SELECT customer_id, event_date, {sums} FROM {name}_turns GROUP BY ALL)",
    ]


def _dimension(plan: Plan, late: str = "TRUE") -> str:
    """As segspark.features.dimensions."""
    carried = [(one, _carrier(one, plan)) for one in plan.dimensions]
    parts = [
        _grouped(one, _lines(occasion), f"{one.name}_value", late, "amount") for one, occasion in carried if occasion
    ]
    sums = "CAST(sum(events) AS BIGINT) AS events, sum(amount) AS amount"
    parts += [f"SELECT customer_id, dimension, value, {sums} FROM {VALUES} GROUP BY ALL"] if _rest(plan) else []
    return " UNION ALL ".join(parts)
