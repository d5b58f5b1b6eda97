"""The state of customers as a statement of DuckDB over their days and dimensions: what state and dimensions compute."""

from datetime import date

from segspark.config.features import Features
from segspark.features.dialect import duckdb_sql, text
from segspark.features.dimensions import ANSWERED, BRANDS, CAMPAIGNS, REACHED
from segspark.features.measures import Measure
from segspark.features.plan import Plan, decayed_name
from segspark.features.state import OLDEST, PART, PARTS
from segspark.tables import CUSTOMER_DIMENSION, PRODUCTS


def state_statement(plan: Plan, as_of: date) -> str:
    """Sum up all days before as_of, and the dimensions.

    Returns:
        A SELECT of one row per customer_id: the columns of `plan.state_columns` and the summaries.
    """
    days = plan.daily_table.name
    found = {"sums": _sums(plan, as_of, days)}
    found |= {"gaps": _gap_squares(days)} if plan.gaps else {}
    names = {one.name for one in plan.summaries}
    found |= {"told": _plain(plan.settings, names)} if names - BRANDS - CAMPAIGNS else {}
    found |= {"brands": _brands(plan.settings)} if names & BRANDS else {}
    found |= {"campaigns": _campaigns()} if names & CAMPAIGNS else {}
    joins = " ".join(f"LEFT JOIN {name} USING (customer_id)" for name in found if name != "sums")
    columns = [f"CAST({_rebased(plan, one.name)} AS {one.type}) AS {one.name}" for one in plan.state_columns]
    columns += [f"CAST({one.name} AS {_type(one.type)}) AS {one.name}" for one in plan.summaries]
    parts = ", ".join(f"{name} AS ({query})" for name, query in found.items())
    return f"WITH {parts} SELECT customer_id, {', '.join(columns)} FROM sums {joins}"


def _type(spark: str) -> str:
    return "VARCHAR" if spark == "STRING" else spark


def _sums(plan: Plan, as_of: date, days: str) -> str:
    columns = [f"{_again(one)} AS {one.name}" for one in plan.daily]
    for name in plan.dated:
        columns += [f"min(event_date) FILTER (WHERE {name} <> 0) AS {name}_first"]
        columns += [f"max(event_date) FILTER (WHERE {name} <> 0) AS {name}_last"]
    columns += [
        f"{_decayed(plan, name, half_life)} AS {decayed_name(name, half_life)}" for name, half_life in plan.decayed
    ]
    aged = f"SELECT *, DATE '{as_of.isoformat()}' - event_date AS age FROM {days}"
    since = f"DATE '{as_of.isoformat()}' - max(event_date) FILTER (WHERE events <> 0) AS since"
    return f"SELECT customer_id, {', '.join(columns)}, {since} FROM ({aged}) GROUP BY customer_id"


def _again(one: Measure) -> str:
    return f"exact_sum({one.name})" if one.kind == "number" else f"sum({one.name})"


def _decayed(plan: Plan, name: str, half_life: int) -> str:
    """In three parts by age, as segspark.features.state tells."""
    value = f"({name} / {10_000.0 if plan.measure(name).kind == 'money' else 1.0}::DOUBLE)"
    terms = []
    for part in range(PARTS):
        youngest = part * PART * half_life
        inside = f"age >= {youngest}" + (f" AND age < {youngest + PART * half_life}" if part + 1 < PARTS else "")
        weighed = f"CASE WHEN {inside} THEN {value} * weight(age - {youngest}, {half_life}, {OLDEST}::DOUBLE) END"
        terms.append(f"coalesce(exact_sum({weighed}), 0.0::DOUBLE) * pow(2.0::DOUBLE, {-part * PART})")
    return " + ".join(terms)


def _rebased(plan: Plan, name: str) -> str:
    if name == "order_gap_squares":
        return "coalesce(order_gap_squares, 0)"
    half_lives = {decayed_name(one, half_life): half_life for one, half_life in plan.decayed}
    return f"{name} / weight(since, {half_lives[name]}, {OLDEST}::DOUBLE)" if name in half_lives else name


def _gap_squares(days: str) -> str:
    gap = "event_date - lag(event_date) OVER (PARTITION BY customer_id ORDER BY event_date) AS gap"
    gaps = f"SELECT customer_id, {gap} FROM {days} WHERE orders > 0"
    return f"SELECT customer_id, sum(gap * gap) AS order_gap_squares FROM ({gaps}) GROUP BY customer_id"


def _plain(settings: Features, names: set[str]) -> str:
    """The summaries that one pass over a customer's rows gives."""

    def of(dimension: str, aggregate: str, more: str = "TRUE") -> str:
        return f"{aggregate} FILTER (WHERE dimension = '{dimension}' AND {more})"

    def top(dimension: str, by: str) -> str:
        return f"({of(dimension, f'max(struct_pack(a := {by}, v := value))', f'{by} > 0')}).v"

    total = f"({of('category', 'sum(amount)')} / 10000)"
    positive = "CASE WHEN dimension = 'category' AND amount > 0 THEN amount / 10000 * ln(amount / 10000) END"
    entropy = f"ln({total}) - exact_sum({positive}) / {total}"
    columns = {
        "category_values": of("category", "count(*)"),
        "category_amount": f"coalesce({of('category', 'sum(amount)')}, 0)",
        "category_entropy": f"CASE WHEN {total} > 0 THEN greatest({entropy}, 0) END",
        "category_top_amount": of("category", "max(amount)"),
        "category_top": top("category", "amount"),
        "product_values": of("product", "count(*)"),
        "channel_values": of("channel", "count(*)"),
        "channel_events": of("channel", "sum(events)"),
        "channel_top_events": of("channel", "max(events)"),
        "channel_top": top("channel", "events"),
    }
    for name, one in settings.category_shares.items():
        columns[f"category_amount_{name}"] = f"coalesce({of('category', 'sum(amount)', f'value = {text(one)}')}, 0)"
    for name, one in settings.channel_shares.items():
        columns[f"channel_events_{name}"] = f"coalesce({of('channel', 'sum(events)', f'value = {text(one)}')}, 0)"
    wanted = ", ".join(f"{column} AS {name}" for name, column in columns.items() if name in names)
    return f"SELECT customer_id, {wanted} FROM {CUSTOMER_DIMENSION.name} GROUP BY customer_id"


def _brands(settings: Features) -> str:
    private = f"coalesce({duckdb_sql(settings.private_label)}, FALSE)" if settings.private_label else "FALSE"
    known = f"SELECT product_id AS value, brand, {private} AS private FROM {PRODUCTS.name} WHERE brand IS NOT NULL"
    by_brand = (
        "SELECT customer_id, brand, coalesce(sum(amount), 0) AS spent, "
        "coalesce(sum(amount) FILTER (WHERE private), 0) AS own "
        f"FROM {CUSTOMER_DIMENSION.name} JOIN ({known}) USING (value) WHERE dimension = 'product' GROUP BY ALL"
    )
    sums = "sum(spent) AS brand_amount, max(spent) AS brand_top_amount, sum(own) AS private_label_amount"
    return f"SELECT customer_id, {sums} FROM ({by_brand}) GROUP BY customer_id"


def _campaigns() -> str:
    """Campaigns that reached a customer; an answer to one that did not does not count."""

    def first(dimension: str) -> str:
        return f"min(CAST(left(value, 10) AS DATE)) FILTER (WHERE dimension = '{dimension}')"

    per_campaign = (
        f"SELECT customer_id, {first(REACHED)} AS reached, {first(ANSWERED)} AS answered "
        f"FROM {CUSTOMER_DIMENSION.name} WHERE dimension IN ('{REACHED}', '{ANSWERED}') "
        "GROUP BY customer_id, substr(value, 12)"
    )
    return (
        "SELECT customer_id, count(*) AS campaigns_reached, count(answered) AS campaigns_answered, "
        "count(*) FILTER (WHERE answered >= reached) AS campaigns_answered_later, "
        "coalesce(sum(answered - reached) FILTER (WHERE answered >= reached), 0) AS campaign_days "
        f"FROM ({per_campaign}) WHERE reached IS NOT NULL GROUP BY customer_id"
    )
