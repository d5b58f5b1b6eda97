"""Opening sources: what is new in each, every mapping checked, before anything is written; all problems at once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from segspark.config import Source
from segspark.errors import BadInputError
from segspark.ingest.mapping import mapping_problems
from segspark.ingest.quarantine import read_again
from segspark.io.batch import Batch
from segspark.io.sources import read_new
from segspark.steps.context import Context
from segspark.tables import (
    CAMPAIGNS,
    CONSENTS,
    CUSTOMERS,
    EVENTS,
    FEEDBACK,
    IDENTITY_LINKS,
    INGEST_POSITIONS,
    PRODUCTS,
    QUARANTINE,
    Table,
)

# What others refer to comes first.
TARGETS = (PRODUCTS, CAMPAIGNS, IDENTITY_LINKS, CUSTOMERS, CONSENTS, FEEDBACK, EVENTS)


@dataclass(frozen=True)
class Opened:
    """A source with what is new in it.

    Attributes:
        again: whether all of it is read again, so that its rows replace those that it gave before.
    """

    table: Table
    source: Source
    batch: Batch
    again: bool = False


def open_all(context: Context, again: bool = False) -> list[Opened]:
    """Every source, with what is new in it; or with all that is in it, to be read again.

    Raises:
        BadInputError: naming every source that cannot be read and every mapping that does not fit.
    """
    targets = {table.name: table for table in TARGETS}
    positions = positions_now(context)
    opened: list[Opened] = []
    problems: list[str] = []
    for name, source in context.config.sources.all():
        known, mapping = positions.get(source.name, ({}, ""))
        try:
            batch = read_new(context.spark, source, {} if again else known)
        except BadInputError as error:
            problems += error.problems
            continue
        for rows in batch.rows:
            problems += [said for said in mapping_problems(rows, targets[name], source) if said not in problems]
        if mapping not in ("", mapping_hash(context, source)) and not again:
            changed = "its settings changed since it was read: `segspark ingest --reread` applies them to all of it"
            batch = replace(batch, notes=(*batch.notes, changed))
        opened.append(Opened(targets[name], source, batch, again))
    if problems:
        raise BadInputError(problems)
    for one in opened:
        for note in one.batch.notes:
            context.reporter.warn(f"{one.source.name}: {note}")
    return opened


def open_quarantine(context: Context) -> list[Opened]:
    """What quarantine holds of each source, as the source's reader gave it; a source without such rows is left out."""
    targets = {table.name: table for table in TARGETS}
    quarantine = context.lake.read(QUARANTINE)
    held = {row[0] for row in quarantine.where("kind = 'rejected'").select("source").distinct().collect()}  # sources
    opened: list[Opened] = []
    problems: list[str] = []
    for name, source in context.config.sources.all():
        if source.name not in held:
            continue
        if source.personal:
            context.reporter.warn(f"{source.name}: its personal columns are hashed in quarantine; use --reread")
            continue
        batch = read_new(context.spark, source, {})
        if not batch.rows:
            continue
        schema = batch.rows[0].schema
        for rows in batch.rows[1:]:
            schema = context.spark.createDataFrame([], schema).unionByName(rows.limit(0), True).schema
        rows = read_again(quarantine, source.name, schema)
        problems += mapping_problems(rows, targets[name], source)
        opened.append(Opened(targets[name], source, Batch((rows,))))
    if problems:
        raise BadInputError(problems)
    return opened


def mapping_hash(context: Context, source: Source) -> str:
    """Identify how a source's rows are understood: a change of it is a reason to read them again."""
    said = source.model_dump(mode="json", by_alias=True, exclude={"path", "rejected_share_limit", "name"})
    return _digest([said, context.config.time.model_dump(mode="json"), context.config.money.model_dump(mode="json")])


def digest(batch: Batch) -> str:
    """Identify what a batch holds, by how far it reaches."""
    return f"{len(batch.positions)} items, {_digest(dict(batch.positions))}"


def position_rows(context: Context, opened: Sequence[Opened], run_id: str) -> list[tuple[str, ...]]:
    """The rows of ingest_positions, to be written when the rows of the batches are."""
    configured = {source.name: source for _, source in context.config.sources.all()}  # a stream's has other severities
    return [
        (one.source.name, item, position, mapping_hash(context, configured[one.source.name]), run_id)
        for one in opened
        for item, position in sorted(one.batch.positions.items())
    ]


def positions_now(context: Context) -> dict[str, tuple[dict[str, str], str]]:
    """How far each source has been read, and how it was understood then; as many rows as there are files."""
    found: dict[str, tuple[dict[str, str], str]] = {}
    for row in context.lake.read(INGEST_POSITIONS).collect():
        known, _ = found.setdefault(row["source"], ({}, ""))
        known[row["item"]] = row["position"]
        found[row["source"]] = (known, row["mapping"])
    return found


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
