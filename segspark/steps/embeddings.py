"""Embeddings in a run: the version that features at a date are made with, learnt where there is none, then frozen."""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark import __version__
from segspark.features.activity import with_taste
from segspark.features.embeddings import product_embeddings
from segspark.steps.context import Context
from segspark.tables import EVENTS, PRODUCT_EMBEDDINGS, RUNS


def wanted(context: Context) -> bool:
    """Whether any feature is made with embeddings."""
    return "embeddings" in context.config.features.families


def use(context: Context, dates: Sequence[date], anew: bool = False) -> dict[str, str]:
    """Choose the embeddings that activity is seen with from now on, for features at these dates.

    That is the latest version with these settings that was learnt from events before the earliest of the dates; so
    nothing at or after as_of has a say in a feature, and a date has the same version whenever it is computed again.
    Where there is none, it is learnt.

    Args:
        anew: learn it, whatever versions there are; but the same events and settings give the same version.

    Returns:
        The version at each date, for the ledger: `carried` finds it there.
    """
    if not wanted(context):
        return {}
    first = min(dates)
    context.embedding_version = (None if anew else _latest(context, first)) or _learnt(context, first)
    return {_at(one): context.embedding_version for one in dates}


def of_embeddings(context: Context, names: Collection[str]) -> bool:
    """Whether any of these features is made with product embeddings."""
    return any(one.family == "embeddings" and one.name in names for one in context.features)


def carried(context: Context, day: date | None = None) -> str:
    """The version that customer_features at a day, or as_of, was made with; empty where that was none."""
    done = context.lake.read(RUNS).where("phase = 'features' AND status = 'done'")
    versions = done.select("finished_at", F.col("inputs")[_at(day or context.as_of)].alias("version"))
    found = versions.where("version IS NOT NULL").agg(F.max_by("version", "finished_at")).collect()[0][0]  # one row
    return found or ""


def tasted(context: Context, rows: DataFrame) -> DataFrame:
    """Activity with the tastes of the version in use, where any feature is made with embeddings."""
    if not wanted(context):
        return rows
    versions = context.lake.read(PRODUCT_EMBEDDINGS)
    return with_taste(rows, versions.where(F.col("embedding_version") == context.embedding_version))


def _at(day: date) -> str:
    return f"embeddings at {day}"


def _latest(context: Context, before: date) -> str | None:
    versions = context.lake.read(PRODUCT_EMBEDDINGS)
    usable = versions.where((F.col("settings") == _settings(context)) & (F.col("as_of") <= F.lit(before)))
    newest = usable.agg(F.max_by("embedding_version", F.struct("as_of", "number"))).collect()[0][0]  # one row
    return str(newest) if newest else None


def _learnt(context: Context, as_of: date) -> str:
    lake, settings = context.lake, _settings(context)
    learnt_from = f"{lake.version(EVENTS)}@{lake.identity(EVENTS)}"
    version = _digest([settings, as_of.isoformat(), learnt_from, __version__])
    writer = context.writer(version)
    with writer.lock(PRODUCT_EMBEDDINGS):
        known = lake.read(PRODUCT_EMBEDDINGS, lake.version(PRODUCT_EMBEDDINGS))
        same = F.col("embedding_version") == version
        if not known.where(same).isEmpty():
            return version
        number = known.agg(F.coalesce(F.max("number"), F.lit(0)) + 1).collect()[0][0]  # one row
        made_of = {"embedding_version": version, "settings": settings, "as_of": as_of, "number": number}
        held: list[DataFrame] = []
        try:
            rows = _learn(context, as_of, held)
            rows = rows.withColumns({name: F.lit(value) for name, value in (made_of | {"run_id": version}).items()})
            change = writer.publish(PRODUCT_EMBEDDINGS, rows, scope=same)
        finally:
            for frame in held:
                frame.unpersist()
    context.reporter.say(f"embeddings {version} of {change.inserted:,} products learnt from events before {as_of}")
    return version


def _learn(context: Context, as_of: date, held: list[DataFrame]) -> DataFrame:
    def at_hand(frame: DataFrame) -> DataFrame:
        held.append(frame.persist())
        return held[-1]

    events = context.lake.read(EVENTS).where(F.col("event_date") < F.lit(as_of))
    return product_embeddings(events, context.config.features.embeddings, context.config.clustering.seed, at_hand)


def _settings(context: Context) -> str:
    """Identify how embeddings are learnt; the half-life has no part in it."""
    settings = context.config.features.embeddings.model_dump(mode="json", exclude={"half_life_days"})
    return _digest([settings, context.config.clustering.seed])


def _digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]
