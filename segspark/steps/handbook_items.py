"""What a handbook says of segments besides their profiles and KPIs: items, channels, changes."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from pyspark.sql import functions as F

from segspark.columns import quoted
from segspark.reporting.handbook_model import Change, Favourite, Pair, Taste
from segspark.steps.audit import links
from segspark.steps.context import Context
from segspark.steps.population import features_at
from segspark.steps.showing import told_entries
from segspark.tables import BASKET_RULES, SEGMENT_ASSIGNMENTS, SEGMENT_PREFERENCES

_FAVOURITES = ("top_channel",)
_ITEMS, _CHANGES = 50, 5


def tastes(context: Context, ids: Sequence[str]) -> dict[str, list[Taste]]:
    """What each segment buys more often than others, the most lifted first."""
    rows = context.lake.read(SEGMENT_PREFERENCES).where(F.col("segment_id").isin(list(ids)))
    found: dict[str, list[Taste]] = defaultdict(list)
    for row in rows.where(F.col("position") <= _ITEMS).orderBy("segment_id", "position").collect():  # _ITEMS each
        found[row["segment_id"]].append(
            Taste(row["item"], row["customers"], row["share"], row["overall_share"], row["lift"])
        )
    return found


def pairs(context: Context, ids: Sequence[str]) -> dict[str, list[Pair]]:
    """Each pair once, the way round in which it is surer."""
    rows = context.lake.read(BASKET_RULES).where(F.col("segment_id").isin(list(ids)))
    found: dict[str, list[Pair]] = defaultdict(list)
    seen: set[tuple[str, frozenset[str]]] = set()
    order = (F.desc("confidence"), F.asc("antecedent"), F.asc("consequent"))
    for row in rows.orderBy("segment_id", *order).collect():  # baskets.items² a segment at most
        key = (row["segment_id"], frozenset((row["antecedent"], row["consequent"])))
        if key not in seen:
            seen.add(key)
            values = (row[name] for name in ("orders", "confidence", "lift", "low", "high"))
            found[row["segment_id"]].append(Pair(row["antecedent"], row["consequent"], *values))
    return found


def favourites(context: Context) -> dict[str, list[Favourite]]:
    """The value that most customers of a segment have, of features that are text."""
    found: dict[str, list[Favourite]] = defaultdict(list)
    members = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", "segment_id")
    for one in (feature for feature in context.features if feature.name in _FAVOURITES):
        known = features_at(context).select("customer_id", F.col(quoted(one.name)).alias("value"))
        joined = known.where(F.col("value").isNotNull()).join(members, on="customer_id", how="inner")
        rows = joined.groupBy("segment_id", "value").agg(F.count("*").alias("customers")).collect()  # a row per channel
        counts = [(str(row["segment_id"]), str(row["value"]), int(row["customers"])) for row in rows]
        for segment, favourite in most_frequent(one.label, counts).items():
            found[segment].append(favourite)
    return found


def most_frequent(label: str, counts: Sequence[tuple[str, str, int]]) -> dict[str, Favourite]:
    """The most frequent value of each segment; of two that are as frequent the first by the alphabet.

    Args:
        label: of the feature.
        counts: segment, value and customers.

    Examples:
        >>> most_frequent("channel", [("a", "web", 30), ("a", "store", 10), ("b", "store", 60)])["a"]
        Favourite(label='channel', value='web', customers=30, share=0.75, overall_share=0.3)
    """
    everybody, of_value, of_segment = sum(count for *_, count in counts), Counter[str](), Counter[str]()
    for segment, value, count in counts:
        of_value[value] += count
        of_segment[segment] += count
    found: dict[str, Favourite] = {}
    for segment, value, count in sorted(counts, key=lambda one: (one[0], -one[2], one[1])):
        shares = (count / of_segment[segment], of_value[value] / everybody)
        found.setdefault(segment, Favourite(label, value, count, *shares))
    return found


def history(context: Context, ids: Sequence[str]) -> dict[str, list[Change]]:
    """The last changes of each segment, the oldest of them first."""
    found: dict[str, list[Change]] = defaultdict(list)
    for entry, row in told_entries(links(context, F.col("subject").isin(list(ids)))):
        found[entry.subject].append(Change(*row))
    return defaultdict(list, {segment: changes[-_CHANGES:] for segment, changes in found.items()})
