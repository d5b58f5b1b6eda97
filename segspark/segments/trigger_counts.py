"""Triggers counted: who had which kind of event in the days before a purchase, and before a day without."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from segspark.config.signals import Signals
from segspark.segments.triggers import Exposed, Kind

_PAIR = -1  # the number of what every compared customer has
_DIMENSIONS = {"type": "event_type", "channel": "channel", "campaign": "campaign_type"}


def kinds_told(events: DataFrame, most: int) -> DataFrame:
    """The most frequent kinds of events, purchases apart; equals by their names.

    Args:
        events: event_type, channel, campaign_type.
        most: kinds of all dimensions together.

    Returns:
        At most so many rows: dimension, event.
    """
    names = [
        F.struct(F.lit(name).alias("dimension"), F.col(column).alias("event")) for name, column in _DIMENSIONS.items()
    ]
    each = events.where("event_type <> 'purchase'").select(F.explode(F.array(*names)).alias("kind")).select("kind.*")
    counted = each.where("event <> ''").groupBy("dimension", "event").agg(F.count("*").alias("events"))
    return counted.orderBy(F.desc("events"), "dimension", "event").limit(most).select("dimension", "event")


def numbered(kinds: Sequence[Kind], sequences: int) -> list[Kind]:
    """All kinds that are looked at by their number: those given, and each of the first few types after each.

    Examples:
        >>> numbered([Kind("channel", "mail"), Kind("type", "view"), Kind("type", "open")], 1)[1:]
        [Kind(dimension='type', event='open', then_event=''), Kind(dimension='channel', event='mail', then_event=''),
        Kind(dimension='sequence', event='view', then_event='view')]
    """
    types = [one for one in kinds if one.dimension == "type"]
    first = [one.event for one in types[:sequences]]
    pairs = [Kind("sequence", one, other) for one in first for other in first]
    return [*types, *(one for one in kinds if one.dimension != "type"), *pairs]


def compared(events: DataFrame, kinds: Sequence[Kind], asked: Signals) -> DataFrame:
    """Each customer's last purchase and control day, and what happened before either.

    The control day is signals.control_weeks before the purchase. Customers count who had an event before the days
    before it, and did not buy on it.

    Args:
        events: customer_id, event_date, event_type, channel, campaign_type; of the days that are looked at.
        kinds: of `numbered`.
        asked: what is configured.

    Returns:
        One row per customer_id: `purchase` and `control`, arrays of the numbers of kinds, distinct.
    """
    bought = F.col("event_type") == "purchase"
    numbers = {name: _number(kinds, name, column) for name, column in _DIMENSIONS.items()}
    seen = F.struct(F.col("event_date").alias("day"), *(one.alias(name) for name, one in numbers.items()))
    any_kind = F.coalesce(*numbers.values()).isNotNull()
    each = events.groupBy("customer_id").agg(
        F.min("event_date").alias("first"),
        F.max(F.when(bought, F.col("event_date"))).alias("day"),
        F.collect_set(F.when(bought, F.col("event_date"))).alias("bought"),
        F.collect_set(F.when(~bought & any_kind, seen)).alias("seen"),
    )
    days, back = asked.window_days, 7 * asked.control_weeks
    dated = each.where("day IS NOT NULL").withColumn("other", F.date_sub("day", back))
    pairs = dated.where((F.col("first") < F.date_sub("other", days)) & ~F.array_contains("bought", F.col("other")))
    sides = (_before(kinds, F.col(end), days, asked.sequences).alias(name)
             for name, end in (("purchase", "day"), ("control", "other")))  # fmt: skip
    return pairs.select("customer_id", *sides)


def exposed_counts(pairs: DataFrame, members: DataFrame) -> DataFrame:
    """Customers by segment and kind.

    Args:
        pairs: of `compared`.
        members: customer_id, segment_id.

    Returns:
        One row per segment_id and number of a kind: both, only_purchase, only_control; of the number -1: customers.
    """
    every = F.array_append(F.array_union("purchase", "control"), F.lit(_PAIR))
    each = pairs.join(members, on="customer_id", how="inner").select(
        "segment_id", "purchase", "control", F.explode(every).alias("kind")
    )
    before, other = F.array_contains("purchase", F.col("kind")), F.array_contains("control", F.col("kind"))
    return each.groupBy("segment_id", "kind").agg(
        F.count_if(before & other).alias("both"), F.count_if(before & ~other).alias("only_purchase"),
        F.count_if(~before & other).alias("only_control"), F.count("*").alias("customers"),
    )  # fmt: skip


def exposed_of(rows: Iterable[Any], kinds: Sequence[Kind]) -> tuple[dict[str, int], dict[Kind, dict[str, Exposed]]]:
    """Pairs by segment, and who was exposed by kind and segment, of the rows of `exposed_counts`."""
    pairs: dict[str, int] = {}
    exposed: dict[Kind, dict[str, Exposed]] = {}
    for row in rows:
        if row["kind"] == _PAIR:
            pairs[row["segment_id"]] = row["customers"]
        else:
            counts = Exposed(row["both"], row["only_purchase"], row["only_control"])
            exposed.setdefault(kinds[row["kind"]], {})[row["segment_id"]] = counts
    return pairs, exposed


def _number(kinds: Sequence[Kind], dimension: str, column: str) -> Column:
    """The number of the kind that a column's value is; null for all others."""
    known = [(one.event, at) for at, one in enumerate(kinds) if one.dimension == dimension]
    if not known:
        return F.lit(None).cast("int")
    return F.create_map(*[F.lit(part) for pair in known for part in pair])[F.col(column)]


def _before(kinds: Sequence[Kind], end: Column, days: int, sequences: int) -> Column:
    """The numbers of what happened in so many days before a day, and of what after what, on a later day."""
    there = F.filter("seen", lambda one: one["day"].between(F.date_sub(end, days), F.date_sub(end, 1)))
    alone = F.flatten(F.transform(there, lambda one: F.array(*(one[name] for name in _DIMENSIONS))))
    start = sum(one.dimension != "sequence" for one in kinds)
    count = min(sequences, sum(one.dimension == "type" for one in kinds))
    typed = F.filter(there, lambda one: one["type"] < count)

    def after(one: Column) -> Column:
        later = F.filter(typed, lambda other: other["day"] > one["day"])
        return F.transform(later, lambda other: F.lit(start) + one["type"] * count + other["type"])

    return F.array_distinct(F.array_compact(F.concat(alone, F.flatten(F.transform(typed, after)))))
