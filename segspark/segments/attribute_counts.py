"""Attributes counted: how many customers of each segment have a value."""

from collections.abc import Iterable, Sequence
from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.segments.attributes import Held


def attribute_counts(customers: DataFrame, members: DataFrame, names: Sequence[str], most: int) -> DataFrame:
    """Customers by attribute and value, in one aggregation.

    Args:
        customers: customer_id, attributes.
        members: customer_id, segment_id.
        names: attributes that are looked at.
        most: values of each that are told, those that most customers have; equals by their names.

    Returns:
        One row per attribute and value: `own`, an array by segment of segment_id, customers. Of the value null: all
        customers whose attribute is known.
    """
    wanted = [F.struct(F.lit(one).alias("attribute"), F.col("attributes")[F.lit(one)].alias("value")) for one in names]
    one = F.explode(F.array(*wanted)).alias("one")
    known = customers.join(members, on="customer_id", how="inner").select("segment_id", one).where("one.value <> ''")
    value = F.explode(F.array("one.value", F.lit(None).cast("string"))).alias("value")
    by_segment = known.select("segment_id", "one.attribute", value).groupBy("attribute", "value", "segment_id").count()
    by_value = by_segment.groupBy("attribute", "value").agg(
        F.sum("count").alias("customers"),
        F.collect_list(F.struct("segment_id", F.col("count").alias("customers"))).alias("own"),
    )
    # The value null is of all, and so comes first.
    order = Window.partitionBy("attribute").orderBy(F.desc("customers"), F.asc_nulls_first("value"))
    ranked = by_value.withColumn("place", F.row_number().over(order)).where(F.col("place") <= most + 1)
    return ranked.select("attribute", "value", "own")


def held_of(rows: Iterable[Any]) -> dict[str, Held]:
    """What customers hold by attribute, of the rows of `attribute_counts`.

    Examples:
        >>> of_all, of_one = ([{"segment_id": "s", "customers": count}] for count in (9, 4))
        >>> rows = [{"attribute": "home", "value": None, "own": of_all}]
        >>> held_of([*rows, {"attribute": "home", "value": "rented", "own": of_one}])
        {'home': Held(known={'s': 9}, values={'rented': {'s': 4}})}
    """
    known: dict[str, dict[str, int]] = {}
    values: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        own = {one["segment_id"]: one["customers"] for one in row["own"]}
        if row["value"] is None:
            known[row["attribute"]] = own
        else:
            values.setdefault(row["attribute"], {})[row["value"]] = own
    return {name: Held(own, values.get(name, {})) for name, own in known.items()}
