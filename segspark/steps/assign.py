"""Assign: everyone's segment by the champion and by rules; only changed rows are written, segments last."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from segspark.errors import RefusedError
from segspark.io.commits import Writer
from segspark.segments.assignments import (
    Causes,
    moved,
    overlay_changes,
    overlay_memberships,
    overlay_moved,
)
from segspark.segments.naming import Wording, wordings
from segspark.segments.profiles import Profile, pooled, profile, within
from segspark.segments.records import active_count, happened
from segspark.segments.registry import Publication, Published, Segment, registry, with_members
from segspark.steps.applied import Applied, Rules, applied_now, assigned
from segspark.steps.audit import record
from segspark.steps.context import Context, Outcome
from segspark.steps.drift import watch
from segspark.steps.finished import kept, left, refuse_the_past
from segspark.steps.levels import Level, Registered, registered_now
from segspark.steps.population import features_at
from segspark.steps.publishing import changed_rows, next_sequence, opened, publish_changes, publish_moves, settled_now
from segspark.steps.views import publish_views
from segspark.tables import (
    SEGMENT_ASSIGNMENTS,
    SEGMENT_LINEAGE,
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_OVERLAYS,
    SEGMENT_PROFILES,
    SEGMENTS,
)


def assign(context: Context, splits: Mapping[str, str] | None = None) -> Sequence[Outcome]:
    """Publish membership events, assignments, profiles and the registry for as_of.

    Args:
        context: of the phase.
        splits: name/version of the model by which a segment is split, by segment id; None: those in force.
    """
    latest = refuse_the_past(context, "assign", "assignments are")
    customers, there = features_at(context), registered_now(context)
    applied, before = applied_now(context, customers, there, there.splits if splits is None else splits)
    inputs = context.versions(context.features_table) | applied.inputs() | context.naming_inputs
    finished = kept(context, "assign", inputs, [context.features_table], _WRITTEN)
    if finished is not None:
        publish_views(context, _WRITTEN)
        return [finished]
    writer = context.writer(context.run_id("assign", inputs))
    with writer.lock(SEGMENT_ASSIGNMENTS):  # a stream may publish, too
        given = assigned(context, customers, applied)
        new = settled_now(context, given, *_assignments(context, opened(context, latest))).persist()
        total, held, changed = _counted(new)
        members = new.where("NOT _change <=> 'delete'").select("customer_id", "segment_id")
        published, profiles = _described(context, customers, members, applied, there, total)
        refuse_too_many(context, there.segments, registry(there.segments, published))
        causes = _causes(context, latest, applied, before)
        expected = assigned(context, customers, replace(applied, levels=before)) if before else None
        sequence = next_sequence(context, SEGMENT_ASSIGNMENTS)
        _publish_events(context, writer, new, causes, expected, sequence)
        _publish_lineage(context, writer, applied.levels)
        writer.publish_few(SEGMENT_PROFILES, list(map(astuple, profiles)), delete_missing=True)
        sizes = _publish_overlays(context, writer, customers, applied.rules, causes)
        publish_changes(writer, SEGMENT_ASSIGNMENTS, changed_rows(new), sequence)
    watch(
        context, writer.run_id, applied.levels[0].version, applied.levels[0].model, customers, members, published.sizes
    )
    segments = _publish_registry(context, writer, replace(published, sizes={**published.sizes, **sizes}))
    publish_views(context, _WRITTEN)
    _say(context, with_members(segments), total, changed, held)
    new.unpersist()
    outputs = left(context, [context.features_table], _WRITTEN)
    return [Outcome("", total, total, inputs=inputs, outputs=outputs, message=applied.levels[0].version.label)]


def _say(context: Context, segments: Sequence[Segment], total: int, changed: int, held: int) -> None:
    near = f"; {held:,} are nearer to another segment, but not by enough to move" if held else ""
    context.reporter.say(f"{total:,} customers in {len(segments)} segments, {changed:,} assignments changed{near}")
    for one in segments:
        context.reporter.say(f"{one.size:>9,}  {one.share:>6.1%}  {one.name}: {one.description}")


_WRITTEN = (
    SEGMENT_MEMBERSHIP_EVENTS,
    SEGMENT_LINEAGE,
    SEGMENT_OVERLAYS,
    SEGMENT_ASSIGNMENTS,
    SEGMENT_PROFILES,
    SEGMENTS,
)


def _counted(new: DataFrame) -> tuple[int, int, int]:
    """Customers, those that are held in their segment, and assignments that change."""
    there = F.count_if(F.expr("NOT _change <=> 'delete'"))
    held = F.count_if(F.expr("pending_segment_id IS NOT NULL AND NOT _change <=> 'delete'"))
    total, waiting, changed = new.agg(there, held, F.count("_change")).collect()[0]  # one row
    return total, waiting, changed


def _described(
    context: Context, customers: DataFrame, members: DataFrame, applied: Applied, there: Registered, total: int
) -> tuple[Publication, list[Profile]]:
    """What is said of segments, but for the sizes of overlays; and their profiles."""
    labelled = customers.join(members, on="customer_id", how="inner")
    sizes, profiles = profile(labelled, [feature.name for feature in context.numeric_features])
    for level in reversed(applied.levels):
        if level.part:
            profiles += pooled(profiles, dict.fromkeys(level.segment_ids.values(), level.part.segment_id))
    split = {level.segment for level in applied.levels}
    clusters = [
        Published(segment, level.version.label, cluster, level.segment, segment in split)
        for level in applied.levels
        for cluster, segment in sorted(level.segment_ids.items())
    ]
    lineage = [line for level in applied.levels for line in level.lineage]
    words = _words(context, applied.levels, profiles, there)
    status = "draft" if context.config.governance.approval else "active"
    return Publication(context.as_of, clusters, applied.lifecycle, sizes, total, words, lineage, status), profiles


def _words(
    context: Context, found: Sequence[Level], profiles: Sequence[Profile], there: Registered
) -> dict[str, Wording]:
    """Names and descriptions of clusters; names of parts say how they differ from what they are parts of."""
    known = {one.segment_id: one.name for one in there.segments if not one.retired}
    words: dict[str, Wording] = {}
    for level in found:
        own = [one for one in profiles if one.segment_id in level.segment_ids.values()]
        taken = {name for segment, name in known.items() if segment not in level.segment_ids.values()}
        words |= wordings(own, context.features, taken, context.config.naming, context.vocabulary)
        if level.part:
            parent = level.part.segment_id
            whole = [one for one in profiles if one.segment_id == parent]
            apart = wordings(
                within(own, whole), context.features, settings=context.config.naming, vocabulary=context.vocabulary
            )
            words |= {segment: replace(words[segment], name=one.name) for segment, one in apart.items()}
    return words


def _causes(context: Context, latest: Row | None, applied: Applied, before: Sequence[Level] | None) -> Causes:
    """What differs from the latest assign that was finished."""
    if latest is None:
        return Causes(other_models=True)
    then = {name: value for name, value in latest["inputs"].items() if name.startswith("rule ")}
    now = applied.rules.inputs()
    changed = {name.removeprefix("rule ") for name in then.keys() | now.keys() if then.get(name) != now.get(name)}
    return Causes(before is not None, latest["as_of"] == context.as_of, frozenset(changed))


def _assignments(context: Context, opening: int) -> list[DataFrame]:
    """Those of the opening; and those that there are, if a stream has changed them since."""
    versions = sorted({opening, context.lake.version(SEGMENT_ASSIGNMENTS)})
    return [context.lake.read(SEGMENT_ASSIGNMENTS, version) for version in versions]


def _publish_events(
    context: Context, writer: Writer, new: DataFrame, causes: Causes, expected: DataFrame | None, sequence: int
) -> None:
    found = moved(new)
    if expected is not None:
        before = expected.select("customer_id", F.col("segment_id").alias("expected"))
        found = found.join(before, on="customer_id", how="left")
    elif causes.other_models:
        found = found.withColumn("expected", F.lit(None).cast("string"))
    publish_moves(context, writer, found, causes, sequence)


def _publish_overlays(
    context: Context, writer: Writer, customers: DataFrame, rules: Rules, causes: Causes
) -> dict[str, int]:
    """Entries and exits, then the overlays; their sizes."""
    current = context.lake.read(SEGMENT_OVERLAYS)
    if not rules.overlays and current.isEmpty():
        return {}
    sequence = next_sequence(context, SEGMENT_OVERLAYS)
    changed = overlay_changes(overlay_memberships(customers, rules.overlays), current, context.as_of).persist()
    causes = replace(causes, other_models=False)
    publish_moves(context, writer, overlay_moved(changed), causes, sequence, overlay=True)
    publish_changes(writer, SEGMENT_OVERLAYS, changed, sequence)
    changed.unpersist()
    counted = context.lake.read(SEGMENT_OVERLAYS).groupBy("segment_id").count().collect()  # one row per overlay
    return {row["segment_id"]: row["count"] for row in counted}


def _publish_lineage(context: Context, writer: Writer, found: Sequence[Level]) -> None:
    made = [level for level in found if level.lineage]
    if made:
        rows = [
            {**vars(line), "model_version": level.version.label, "as_of": context.as_of, "run_id": writer.run_id}
            for level in made
            for line in level.lineage
        ]
        same = F.col("model_version").isin([level.version.label for level in made])
        values = [tuple(row[name] for name in SEGMENT_LINEAGE.column_names) for row in rows]
        writer.publish_few(SEGMENT_LINEAGE, values, scope=same, delete_missing=True)


def _publish_registry(context: Context, writer: Writer, published: Publication) -> list[Segment]:
    """Last: whoever reads it finds the assignments. Of what people decided meanwhile nothing is undone."""
    with writer.lock(SEGMENTS):
        before = registered_now(context).segments
        after = registry(before, published)
        # The same run may split, join and split again: what it says is told once for each state of the registry.
        told = happened(before, after, "assign")
        if told:
            record(context, f"{writer.run_id}-{context.lake.version(SEGMENTS)}", told)
        writer.publish_few(SEGMENTS, list(map(astuple, after)))
    return after


def refuse_too_many(context: Context, before: Sequence[Segment], after: Sequence[Segment]) -> None:
    """More active segments than people can tell apart are managed by nobody.

    Raises:
        RefusedError: there would be more than governance.most_active, and more than there are.
    """
    most, now = context.config.governance.most_active, active_count(after)
    if now > max(most, active_count(before)):
        raise RefusedError(
            f"there would be {now} active segments, and governance.most_active is {most}: retire some by segspark "
            "segments retire, join what was split, or allow for more; nothing was published"
        )
