"""Baskets: what is bought together, overall and by segment, and what each segment buys more often than all."""

from dataclasses import astuple, dataclass
from datetime import timedelta

from segspark.columns import within_days
from segspark.segments.basket_counts import counted, counts_of, most_frequent, order_items
from segspark.segments.baskets import Preference, Rule, preferences, rules
from segspark.steps.context import Context
from segspark.tables import BASKET_RULES, EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_PREFERENCES

BASKET_INPUTS = (EVENTS, SEGMENT_ASSIGNMENTS)


@dataclass(frozen=True)
class Found:
    """What orders say.

    Attributes:
        rules: of basket_rules, those of all customers first.
        preferences: of segment_preferences.
    """

    rules: list[Rule]
    preferences: list[Preference]


def baskets(context: Context, run_id: str) -> Found:
    """Publish basket_rules and segment_preferences of the orders of the last baskets.days before as_of.

    Args:
        context: of the phase.
        run_id: of the phase, which writes.
    """
    asked = context.config.baskets
    first = context.as_of - timedelta(days=asked.days)
    lines = context.lake.read(EVENTS).where(within_days(first, context.as_of))
    members = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id")
    items = order_items(lines.where("event_type = 'purchase'"), members, asked.level).persist()
    try:
        rows = counted(items, most_frequent(items, asked.items)).collect()  # per segment: baskets.items² / 2 at most
    finally:
        items.unpersist()
    orders = counts_of(rows, "orders")
    confidence = context.config.kpis.confidence
    found = Found(
        [rule for segment, own in sorted(orders.items()) for rule in rules(segment, own, asked, confidence)],
        preferences(counts_of(rows, "customers"), asked.prior_customers) if rows else [],
    )
    writer, said = context.writer(run_id), (context.as_of, run_id)
    for table, told in ((BASKET_RULES, found.rules), (SEGMENT_PREFERENCES, found.preferences)):
        writer.publish_few(table, [(*astuple(one), *said) for one in told], delete_missing=True)
    context.reporter.say(f"{len(found.rules):,} rules of what is bought together, more than chance would give")
    return found
