"""Assign: the champion's segment for every customer; only changed rows are written, segments last."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.scoring import score
from segspark.columns import midnight
from segspark.errors import BadInputError
from segspark.segments.assignments import (
    cluster_assignments,
    lifecycle_assignments,
    lifecycle_rules,
    membership_events,
    settled,
)
from segspark.segments.naming import wordings
from segspark.segments.profiles import Profile, pooled, profile, within
from segspark.segments.registry import Segment, as_parts, cluster_segments, lifecycle_segments, registry
from segspark.steps.context import Context, Outcome
from segspark.steps.embeddings import carried
from segspark.steps.levels import Level, levels, splits_in_force
from segspark.steps.population import eligible, features_at
from segspark.tables import RUNS, SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_PROFILES, SEGMENTS
from segspark.tracking import ModelVersion


def assign(context: Context, splits: Mapping[str, str] | None = None) -> Sequence[Outcome]:
    """Publish membership events, assignments, profiles and the registry for as_of.

    Args:
        context: of the phase.
        splits: name/version of the model by which a segment is split, by segment id; None: those in force.
    """
    refuse_the_past(context)
    customers = features_at(context)
    current = context.lake.read(SEGMENT_ASSIGNMENTS)
    found = levels(context, splits_in_force(context) if splits is None else splits)
    for level in found:
        _refuse_other_embeddings(context, level.version)
    inputs = context.versions(context.features_table) | {
        f"split {level.part.segment_id}" if level.part else "model": level.version.label for level in found
    }
    new = settled(
        _assignments(context, customers, found),
        current,
        context.as_of,
        context.config.assignment.membership_step,
    ).persist()
    total = new.count()
    segments, profiles = _segments(context, customers, new, found)
    changed = _publish(context, new, current, segments, profiles, context.run_id("assign", inputs))
    active = [one for one in segments if one.status == "active"]
    context.reporter.say(f"{total:,} customers in {len(active)} segments, {changed:,} assignments changed")
    for one in sorted(active, key=lambda one: -one.size):
        context.reporter.say(f"{one.size:>9,}  {one.share:>6.1%}  {one.name}: {one.description}")
    new.unpersist()
    outputs = context.versions(SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_PROFILES, SEGMENTS)
    return [
        Outcome(rows_read=total, rows_accepted=total, inputs=inputs, outputs=outputs, message=found[0].version.label)
    ]


def _assignments(context: Context, customers: DataFrame, found: Sequence[Level]) -> DataFrame:
    clustered = eligible(context, customers)
    population = context.config.population
    rest = lifecycle_assignments(customers, lifecycle_rules(population.eligible, population.new_days))
    by_level = [
        cluster_assignments(
            score(level.of(clustered), level.model, level.version.temperature), level.segment_ids, level.version.label
        )
        for level in found
    ]
    split = [level.part.segment_id for level in found if level.part]
    return reduce(DataFrame.unionByName, [*by_level, rest]).where(~F.col("segment_id").isin(split))


def _segments(
    context: Context, customers: DataFrame, new: DataFrame, found: Sequence[Level]
) -> tuple[list[Segment], list[Profile]]:
    labelled = customers.join(new.select("customer_id", "segment_id"), on="customer_id", how="inner")
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    for level in reversed(found):
        if level.part:
            profiles += pooled(profiles, dict.fromkeys(level.segment_ids.values(), level.part.segment_id))
    population = context.config.population
    rules = lifecycle_rules(population.eligible, population.new_days)
    return _clusters(context, found, sizes, profiles) + lifecycle_segments(rules, sizes), profiles


def _clusters(
    context: Context, found: Sequence[Level], sizes: Mapping[str, int], profiles: Sequence[Profile]
) -> list[Segment]:
    """The segments of all levels; parts are named after what they are parts of, so that is named first."""
    segments: dict[str, Segment] = {}
    for level in found:
        ids, version = level.segment_ids, level.version
        own = [one for one in profiles if one.segment_id in ids.values()]
        words = wordings(own, context.features)
        if level.part:
            parent = level.part.segment_id
            apart = wordings(within(own, [one for one in profiles if one.segment_id == parent]), context.features)
            words = {segment: replace(one, name=apart[segment].name) for segment, one in words.items()}
        made = cluster_segments(version.run_id, version.label, len(ids), words, sizes)
        if level.part:
            _, made = as_parts(segments[level.part.segment_id], made)
        segments |= {one.segment_id: one for one in made}
    for level in reversed(found):  # the sizes of parts first
        if level.part:
            parent = level.part.segment_id
            segments[parent], _ = as_parts(segments[parent], [segments[one] for one in level.segment_ids.values()])
    return list(segments.values())


def _publish(
    context: Context,
    new: DataFrame,
    current: DataFrame,
    segments: Sequence[Segment],
    profiles: Sequence[Profile],
    run_id: str,
) -> int:
    """Events first: a retry after a crash finds the same changes, and the events that are there already."""
    writer, as_of = context.writer(run_id), context.as_of
    moment = F.lit(midnight(as_of, context.config.time.business_timezone))
    writer.publish(SEGMENT_MEMBERSHIP_EVENTS, membership_events(new, current, moment, as_of, run_id))
    schema = ", ".join(f"{column.name} {column.type}" for column in SEGMENT_PROFILES.columns)
    rows = context.spark.createDataFrame([tuple(vars(one).values()) for one in profiles], schema)
    writer.publish(SEGMENT_PROFILES, rows, delete_missing=True)
    changed = writer.publish(SEGMENT_ASSIGNMENTS, new, delete_missing=True).total
    writer.publish(SEGMENTS, registry(segments, context.lake.read(SEGMENTS), as_of))
    return changed


def refuse_the_past(context: Context) -> None:
    """Assignments are not taken back in time.

    Raises:
        BadInputError: as_of is before that of the latest finished assign.
    """
    done = context.lake.read(RUNS).where("phase = 'assign' AND status = 'done'")
    latest = done.agg(F.max("as_of")).collect()[0][0]  # one row
    if latest is not None and latest > context.as_of:
        raise BadInputError(
            [f"--as-of {context.as_of}: assignments are already at {latest}, and history is not rewritten; "
             "give a later date, or another workspace.root for a look back"]
        )  # fmt: skip


def _refuse_other_embeddings(context: Context, version: ModelVersion) -> None:
    """A component of one version of the embeddings has nothing to do with that of another."""
    if not version.embedding_version:
        return
    found = carried(context)
    if found != version.embedding_version:
        raise BadInputError(
            [f"--as-of {context.as_of}: {version.label} was trained on tastes of the embeddings "
             f"{version.embedding_version}, and those of customer_features are of {found or 'none'}; "
             "run segspark train on these features first"]
        )  # fmt: skip
