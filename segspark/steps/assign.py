"""Assign: the champion's segment for every customer; only changed rows are written, segments last."""

from collections.abc import Sequence

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.scoring import cluster_count, score
from segspark.columns import midnight
from segspark.errors import BadInputError
from segspark.segments.assignments import (
    cluster_assignments,
    lifecycle_assignments,
    lifecycle_rules,
    membership_events,
    settled,
)
from segspark.segments.identity import cluster_segment_id
from segspark.segments.naming import wordings
from segspark.segments.profiles import Profile, profile
from segspark.segments.registry import Segment, cluster_segments, lifecycle_segments, registry
from segspark.steps.context import Context, Outcome
from segspark.steps.embeddings import carried
from segspark.steps.population import eligible, features_at
from segspark.tables import RUNS, SEGMENT_ASSIGNMENTS, SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_PROFILES, SEGMENTS
from segspark.tracking import ModelVersion


def assign(context: Context) -> Sequence[Outcome]:
    """Publish membership events, assignments, profiles and the registry for as_of."""
    _refuse_the_past(context)
    customers = features_at(context)
    current = context.lake.read(SEGMENT_ASSIGNMENTS)
    version = context.tracker.champion()
    _refuse_other_embeddings(context, version)
    model = context.tracker.load(version)
    inputs = context.versions(context.features_table) | {"model": version.label}
    new = settled(
        _assignments(context, customers, model, version),
        current,
        context.as_of,
        context.config.assignment.membership_step,
    ).persist()
    total = new.count()
    segments, profiles = _segments(context, customers, new, cluster_count(model), version)
    changed = _publish(context, new, current, segments, profiles, context.run_id("assign", inputs))
    context.reporter.say(f"{total:,} customers in {len(segments)} segments, {changed:,} assignments changed")
    for one in sorted(segments, key=lambda one: -one.size):
        context.reporter.say(f"{one.size:>9,}  {one.share:>6.1%}  {one.name}: {one.description}")
    new.unpersist()
    outputs = context.versions(SEGMENT_MEMBERSHIP_EVENTS, SEGMENT_ASSIGNMENTS, SEGMENT_PROFILES, SEGMENTS)
    return [Outcome(rows_read=total, rows_accepted=total, inputs=inputs, outputs=outputs, message=version.label)]


def _assignments(context: Context, customers: DataFrame, model: PipelineModel, version: ModelVersion) -> DataFrame:
    segment_ids = {cluster: cluster_segment_id(version.run_id, cluster) for cluster in range(cluster_count(model))}
    scored = score(eligible(context, customers), model, version.temperature)
    population = context.config.population
    rest = lifecycle_assignments(customers, lifecycle_rules(population.eligible, population.new_days))
    return cluster_assignments(scored, segment_ids, version.label).unionByName(rest)


def _segments(
    context: Context, customers: DataFrame, new: DataFrame, clusters: int, version: ModelVersion
) -> tuple[list[Segment], list[Profile]]:
    labelled = customers.join(new.select("customer_id", "segment_id"), on="customer_id", how="inner")
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    ids = [cluster_segment_id(version.run_id, cluster) for cluster in range(clusters)]
    words = wordings([one for one in profiles if one.segment_id in ids], context.features)
    population = context.config.population
    rules = lifecycle_rules(population.eligible, population.new_days)
    clustered = cluster_segments(version.run_id, version.label, clusters, words, sizes)
    return clustered + lifecycle_segments(rules, sizes), profiles


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


def _refuse_the_past(context: Context) -> None:
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
