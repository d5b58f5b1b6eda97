"""Continuity: a new model's clusters get the ids of the segments that there were, by who is in them and where."""

from collections.abc import Sequence

from pyspark.errors import PySparkException
from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.scoring import cluster_count, clustered
from segspark.columns import quoted
from segspark.segments.assignments import segment_of
from segspark.segments.crossing import crossing
from segspark.segments.identity import cluster_segment_id
from segspark.segments.matching import Lineage, first, matched
from segspark.steps.context import Context
from segspark.steps.levels import Level, Naming, Part, Registered
from segspark.tables import SEGMENT_ASSIGNMENTS
from segspark.tracking import ModelVersion


def naming(context: Context, registered: Registered, before: Sequence[Level], customers: DataFrame) -> Naming:
    """How the clusters of a version that was never applied are matched to the segments that there are.

    Both models are applied to the same customers as they are now, so that what differs is the models, not time. Where
    the earlier one cannot be applied any more, the customers' current assignments stand for it.

    Args:
        context: of the phase.
        registered: the segments that there are.
        before: the models by which customers were assigned, as far as they can be applied.
        customers: everyone who is clustered, with features.
    """

    def found(version: ModelVersion, model: PipelineModel, part: Part | None) -> list[Lineage]:
        clusters = cluster_count(model)
        ids = [cluster_segment_id(version.run_id, cluster) for cluster in range(clusters)]
        within = part.segment_id if part else None
        earlier = next((level for level in before if level.segment == within), None)
        segments = sorted(earlier.segment_ids.values()) if earlier else [] if part else registered.top
        if not segments:
            return first(ids)
        people = part.of(customers) if part else customers
        labelled = _with_cluster(_with_earlier(context, registered, people, earlier), model)
        names = [feature.name for feature in context.told_features]
        lines = matched(crossing(labelled, names, segments, clusters), ids, context.config.continuity)
        _say(context, version, lines)
        return lines

    return found


def _with_earlier(context: Context, registered: Registered, people: DataFrame, level: Level | None) -> DataFrame:
    """Customers with `previous`: their segment by an earlier model, or by the assignments that there are."""
    if level is not None:
        try:
            return _with_cluster(people, level.model).withColumn("previous", segment_of(level.segment_ids, "cluster"))
        except PySparkException as error:  # an input that there is no more
            reason = str(error).strip().splitlines()[0]
            context.reporter.warn(f"{level.version.label} cannot be applied to these features: {reason}")
    top = F.col("segment_id")
    for part, segment in registered.tops.items():
        top = F.when(F.col("segment_id") == part, segment).otherwise(top)
    assigned = context.lake.read(SEGMENT_ASSIGNMENTS).select("customer_id", top.alias("previous"))
    return people.join(assigned, on="customer_id", how="left")


def _with_cluster(people: DataFrame, model: PipelineModel) -> DataFrame:
    columns = [F.col(quoted(name)) for name in people.columns if name != "cluster"]
    return clustered(people, model).select(*columns, F.col(CLUSTER).cast("int").alias("cluster"))


def _say(context: Context, version: ModelVersion, lines: Sequence[Lineage]) -> None:
    for line in lines:
        if line.verdict != "new":
            other = f", most of it to {line.related_segment_id}" if line.related_segment_id else ""
            shared = f"{line.shared:,} customers, Jaccard {line.jaccard or 0:.2f}"
            context.reporter.say(f"{version.label}: {line.segment_id} {line.verdict}{other} ({shared})")
    new = [line.segment_id for line in lines if line.verdict == "new"]
    if new:
        context.reporter.say(f"{version.label}: new: {', '.join(new)}")
