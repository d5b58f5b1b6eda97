"""Identity: customers who share identifiers are one person, who keeps one of their ids.

The rule, in this order:

1. An identifier links all customers who have it, unless its type is ignored or more than `max_component` customers
   have it: a till card says nothing about who is who, and does not spoil the honest links of those who used it.
2. Customers connected by such links, or by having been merged before, are one person, unless there are more than
   `max_component` of them: then nobody among them is merged who was not already.
3. A person keeps the id that it has. Where several persons are joined, the id first seen earliest stays; where
   nobody was merged yet, that of the customer first seen earliest; ties go to the smaller id.
4. Of what is kept apart there is a row, too, with status suspicious and the customer's id as it was: for everyone in
   a component that is too large, and for customers who share an identifier with too many and belong to nobody.
5. What was merged stays merged, whatever is found later. So the partition into persons does not depend on how the
   identifiers were split into runs as long as nothing is too large; where something grows too large, what was merged
   before is kept. A suspicious component is judged again, as a whole, whenever a usable link touches it. After a change
   of `max_component` or `ignore`, give all stored identifiers as new to judge everything again.
"""

from datetime import date

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from segspark.config.sources import Identity
from segspark.ingest.components import IDENTIFIER, Checkpoint, connected_components, links, usable, with_holders

_SOURCE_ID = "source_customer_id"


def identifier_rows(rows: DataFrame, time: str) -> DataFrame:
    """What rows say about which customer has which identifier, as `customer_identifiers` holds it.

    Args:
        rows: with customer_id (the source's), `identifiers` (MAP<STRING,STRING>: type to identifier) and a time.
        time: name of the time's column.

    Returns:
        source_customer_id, identifier_type, identifier (trimmed, never blank), and first_seen, the earliest time.

    Examples:
        >>> rows = spark.sql("SELECT 'a' AS customer_id, map('card', ' 7 ', 'device', '') AS identifiers, "
        ...                  "timestamp'2024-05-01' AS event_ts")
        >>> identifier_rows(rows, "event_ts").first()[:3]
        ('a', 'card', '7')
    """
    exploded = rows.select("customer_id", F.col(time).alias("_time"), F.explode("identifiers").alias("type", "value"))
    named = exploded.select(
        F.col("customer_id").alias(_SOURCE_ID),
        _trimmed(F.col("type")).alias("identifier_type"),
        _trimmed(F.col("value")).alias("identifier"),
        "_time",
    )
    given = named.where(F.col(_SOURCE_ID).isNotNull() & (F.col("identifier_type") != "") & (F.col("identifier") != ""))
    return given.groupBy(_SOURCE_ID, *IDENTIFIER).agg(F.min("_time").alias("first_seen"))


def touched(
    new: DataFrame, stored: DataFrame, previous: DataFrame, settings: Identity, checkpoint: Checkpoint
) -> DataFrame:
    """The identifier rows that decide what the new ones change: what `identities` needs, and little more.

    These are the new rows, the stored ones that share an identifier with them, and, where they touch a suspicious
    customer, those of its component: all, or enough to show that it is too large. Merged persons need none of theirs,
    as the table of identities says who belongs together. Of an identifier shared by too many, as many as show that.

    Args:
        new: rows of CUSTOMER_IDENTIFIERS that are not stored yet, or are to be judged again.
        stored: rows of the table; each is looked at, few are moved.
        previous: rows of IDENTITIES.
        settings: what is ignored, what is too many.
        checkpoint: materialises a frame and cuts its lineage; called twice for each step through a suspicious
            component, at most `max_component` steps.

    Returns:
        source_customer_id, identifier_type, identifier: unique.

    Examples:
        >>> kept = "source_customer_id string, identifier_type string, identifier string"
        >>> stored = spark.createDataFrame([("a", "card", "1"), ("b", "card", "2")], kept)
        >>> new = spark.createDataFrame([("c", "card", "1")], kept)
        >>> nobody = spark.createDataFrame([],
        ...     "source_customer_id string, customer_id string, valid_to date, status string")
        >>> rows = touched(new, stored, nobody, Identity(), lambda frame: frame.localCheckpoint())
        >>> sorted(row["source_customer_id"] for row in rows.collect())
        ['a', 'c']
    """
    limit = settings.max_component
    fresh, known = usable(new, settings.ignore), usable(stored, settings.ignore)
    rows = checkpoint(fresh.union(_sharing(known, fresh, limit)).distinct())
    suspects = _current(previous).where("status = 'suspicious'").select(_SOURCE_ID, "customer_id")
    explored = rows.select(_SOURCE_ID).where(F.lit(False))
    for _ in range(limit):  # each step finds one more customer of a component at least: then it is too large anyhow
        honest = with_holders(rows).where(F.col("holders") <= limit)
        found = _with_their_person(suspects, honest).select(_SOURCE_ID)
        frontier = checkpoint(found.join(explored, on=_SOURCE_ID, how="left_anti"))
        if frontier.isEmpty():
            break
        explored = explored.union(frontier)
        own = known.join(frontier, on=_SOURCE_ID, how="left_semi")
        rows = checkpoint(rows.union(own).union(_sharing(known, own, limit)).distinct())
    return rows


def identities(
    identifiers: DataFrame,
    previous: DataFrame,
    first_seen: DataFrame,
    as_of: date,
    settings: Identity,
    checkpoint: Checkpoint,
) -> DataFrame:
    """What changes in the table of identities, by the rule that this module begins with.

    A row whose customer changes is closed at as_of and followed by a new one; one that only becomes suspicious, or is
    so no more, is updated. A row that was opened at this very as_of is replaced. What stays gives no row.

    Args:
        identifiers: as `touched` selects them.
        previous: rows of IDENTITIES.
        first_seen: source_customer_id and first_seen, of any customers; of several rows the earliest counts, and
            customers without one come last.
        as_of: valid_from of new rows, valid_to of closed ones.
        settings: what is ignored, what is too many.
        checkpoint: materialises a frame and cuts its lineage.

    Returns:
        source_customer_id, customer_id, valid_from, valid_to, status, for a publish by the key of IDENTITIES.

    Examples:
        >>> cards = spark.createDataFrame([("a", "card", "1"), ("b", "card", "1")],
        ...     "source_customer_id string, identifier_type string, identifier string")
        >>> none = spark.createDataFrame([], "source_customer_id string, customer_id string, valid_from date, "
        ...     "valid_to date, status string")
        >>> seen = spark.sql("SELECT 'a' AS source_customer_id, timestamp'2024-05-01' AS first_seen")
        >>> cut = lambda frame: frame.localCheckpoint()
        >>> identities(cards, none, seen, date(2024, 6, 1), Identity(), cut).first()[:]
        ('b', 'a', datetime.date(2024, 6, 1), None, 'merged')
    """
    current = _current(previous)
    rows = checkpoint(with_holders(usable(identifiers, settings.ignore).distinct()))
    honest = rows.where(F.col("holders") <= settings.max_component)
    holders = rows.where(F.col("holders") > settings.max_component).select(_SOURCE_ID).distinct()
    persons = _with_their_person(current, honest)
    edges = links(honest, ()).union(persons.select(_SOURCE_ID, "customer_id")).union(_unplaced(holders, current))
    components = connected_components(edges, checkpoint).withColumnRenamed("node", _SOURCE_ID)
    facts = checkpoint(_with_facts(components, current, persons, holders, first_seen))
    return _changes(_judged(facts, settings.max_component), as_of)


def resolved(rows: DataFrame, identities: DataFrame) -> DataFrame:
    """Rows with the person's id as their customer_id; source_customer_id stays.

    Args:
        rows: with source_customer_id and customer_id.
        identities: rows of IDENTITIES; what counts is the current ones, of suspicious customers, too, as these
            hold the id that the customer had before. Whoever has none is its own person.

    Returns:
        The rows with the same columns.

    Examples:
        >>> events = spark.sql("SELECT 'e' AS event_id, 'b' AS customer_id, 'b' AS source_customer_id")
        >>> merged = spark.sql("SELECT 'b' AS source_customer_id, 'a' AS customer_id, date'2024-06-01' AS valid_from, "
        ...                    "CAST(NULL AS DATE) AS valid_to, 'merged' AS status")
        >>> resolved(events, merged).first()[:]
        ('e', 'a', 'b')
    """
    persons = _current(identities).select(_SOURCE_ID, F.col("customer_id").alias("_person"))
    joined = rows.join(persons, on=_SOURCE_ID, how="left")
    return joined.withColumn("customer_id", F.coalesce("_person", _SOURCE_ID)).select(*rows.columns)


def _trimmed(text: SparkColumn) -> SparkColumn:
    return F.regexp_replace(text, r"(?U)^\s+|\s+$", "")


def _current(identities: DataFrame) -> DataFrame:
    return identities.where(F.col("valid_to").isNull())


def _sharing(stored: DataFrame, rows: DataFrame, limit: int) -> DataFrame:
    """Stored rows with an identifier of the rows: of each identifier one more than the limit at most."""
    shared = stored.join(rows.select(*IDENTIFIER), on=IDENTIFIER, how="left_semi").select(*stored.columns)
    place = F.row_number().over(Window.partitionBy(*IDENTIFIER).orderBy(_SOURCE_ID))
    return shared.withColumn("_place", place).where(F.col("_place") <= limit + 1).drop("_place")


def _with_their_person(current: DataFrame, rows: DataFrame) -> DataFrame:
    """Current identities of the customers in the rows, and of everyone else who is the same person."""
    customers = rows.select(_SOURCE_ID)
    persons = current.join(customers, on=_SOURCE_ID, how="left_semi").select("customer_id")
    return current.join(persons.union(customers).distinct(), on="customer_id", how="left_semi")


def _unplaced(holders: DataFrame, current: DataFrame) -> DataFrame:
    """Loops for those who have no row and are no person's id: components of their own where nothing links them."""
    placed = current.select(_SOURCE_ID).union(current.select("customer_id"))
    alone = holders.join(placed, on=_SOURCE_ID, how="left_anti")
    return alone.select(_SOURCE_ID, F.col(_SOURCE_ID).alias("b"))


def _with_facts(
    components: DataFrame, current: DataFrame, persons: DataFrame, holders: DataFrame, first_seen: DataFrame
) -> DataFrame:
    """Per customer of a component: its row so far, when it was seen, whether it is a person's id, what it holds."""
    earliest = first_seen.join(components, on=_SOURCE_ID, how="left_semi").groupBy(_SOURCE_ID).agg(F.min("first_seen"))
    heads = persons.where(F.col("customer_id") != F.col(_SOURCE_ID)).select("customer_id").distinct()
    old = current.select(_SOURCE_ID, F.struct("customer_id", "valid_from", "status").alias("old"))
    return (
        components.join(old, on=_SOURCE_ID, how="left")
        .join(earliest.toDF(_SOURCE_ID, "first_seen"), on=_SOURCE_ID, how="left")
        .join(heads.select(F.col("customer_id").alias(_SOURCE_ID), F.lit(True).alias("head")), _SOURCE_ID, "left")
        .join(holders.withColumn("holder", F.lit(True)), on=_SOURCE_ID, how="left")
    )


def _judged(facts: DataFrame, limit: int) -> DataFrame:
    """Add customer_id and status as they should be; a null status: there should be no row."""
    age = F.struct(F.col("first_seen").isNull(), F.col("first_seen"), F.col(_SOURCE_ID).alias("id"))
    groups = facts.groupBy("component").agg(
        F.count("*").alias("size"),
        F.coalesce(F.min(F.when(F.col("head"), age)), F.min(age))["id"].alias("kept"),
    )
    size, kept, customer = F.col("size"), F.col("kept"), F.col(_SOURCE_ID)
    before = F.coalesce(F.col("old.customer_id"), customer)
    person = F.when(size > limit, before).when(size > 1, kept).otherwise(customer)
    suspicious = (size > limit) | ((size == 1) & F.col("holder").isNotNull())
    status = F.when(suspicious, "suspicious").when(person != customer, "merged")
    joined = facts.join(groups, on="component", how="inner")
    return joined.select(_SOURCE_ID, "old", person.alias("customer_id"), status.alias("status"))


def _changes(judged: DataFrame, as_of: date) -> DataFrame:
    """The rows that differ from those there are."""
    customer, status, old = F.col("customer_id"), F.col("status"), F.col("old")
    since, until = F.col("old.valid_from"), F.greatest(F.lit(as_of), F.col("old.valid_from"))
    stays = F.coalesce(F.col("old.customer_id") == customer, F.lit(False))
    opens = status.isNotNull() & ~(stays & F.col("old.status").eqNullSafe(status))
    closes = old.isNotNull() & (status.isNull() | (~stays & (since < F.lit(as_of))))
    opened = _row(customer, F.when(stays, since).otherwise(until), F.lit(None).cast("date"), status)
    closed = _row(F.col("old.customer_id"), since, until, F.col("old.status"))
    return judged.select(F.inline(F.array_compact(F.array(F.when(opens, opened), F.when(closes, closed)))))


def _row(customer: SparkColumn, valid_from: SparkColumn, valid_to: SparkColumn, status: SparkColumn) -> SparkColumn:
    values = {"customer_id": customer, "valid_from": valid_from, "valid_to": valid_to, "status": status}
    return F.struct(F.col(_SOURCE_ID), *[value.alias(name) for name, value in values.items()])
