"""Levels: the champion for all who are clustered, and below it a model for the customers of each split segment."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.scoring import cluster_count
from segspark.columns import quoted
from segspark.errors import BadInputError
from segspark.segments.identity import cluster_segment_id
from segspark.steps.context import Context
from segspark.tables import SEGMENTS
from segspark.tracking import ModelVersion


@dataclass(frozen=True)
class Part:
    """The customers of a segment: those whom its model puts into its cluster, at whatever date.

    Attributes:
        segment_id: of the segment.
        level: the model that it is of.
        cluster: its number there.
    """

    segment_id: str
    level: "Level"
    cluster: int

    def of(self, customers: DataFrame) -> DataFrame:
        """Those of some customers who are in the segment, with their columns."""
        found = self.level.model.transform(self.level.of(customers)).where(F.col(CLUSTER) == self.cluster)
        return found.select(*[F.col(quoted(name)) for name in customers.columns])

    @property
    def of_embeddings(self) -> bool:
        """Whether who is in it depends on product embeddings."""
        outer = self.level.part
        return bool(self.level.version.embedding_version) or (outer is not None and outer.of_embeddings)


@dataclass(frozen=True)
class Level:
    """A model as it is applied.

    Attributes:
        version: as it is registered.
        model: its pipeline.
        part: to whom; None: to everyone who is clustered.
    """

    version: ModelVersion
    model: PipelineModel
    part: Part | None = None

    def of(self, customers: DataFrame) -> DataFrame:
        """Those of the clustered customers to whom it is applied."""
        return customers if self.part is None else self.part.of(customers)

    @property
    def segment_ids(self) -> dict[int, str]:
        """By cluster."""
        return {one: cluster_segment_id(self.version.run_id, one) for one in range(cluster_count(self.model))}


def splits_in_force(context: Context) -> dict[str, str]:
    """The model that splits a segment, name/version by segment id, as the registry has it."""
    parts = context.lake.read(SEGMENTS).where("parent_segment_id IS NOT NULL AND status <> 'retired'")
    rows = parts.select("parent_segment_id", "model_version").distinct().collect()  # as many as there are splits
    return {row["parent_segment_id"]: row["model_version"] for row in rows}


def levels(context: Context, splits: Mapping[str, str]) -> list[Level]:
    """The champion, and the models of splits below it, each after the one that its segment is of.

    A split whose segment the champion does not have has ended, which is said.

    Args:
        context: of the phase.
        splits: as `splits_in_force` gives them.
    """
    tracker, champion = context.tracker, context.tracker.champion()
    found, waiting = [Level(champion, tracker.load(champion))], dict(splits)
    for level in found:  # which grows meanwhile
        for cluster, segment in level.segment_ids.items():
            if segment in waiting:
                version = tracker.version(waiting.pop(segment))
                found.append(Level(version, tracker.load(version), Part(segment, level, cluster)))
    for segment in sorted(waiting):
        context.reporter.warn(
            f"the split of {segment} ends, as there is no such segment any more: a new champion has other segments, "
            "and so has a segment that is split anew or joined; segspark split splits one of those there are"
        )
    return found


def part_of(segment_id: str, found: list[Level]) -> Part:
    """The customers of a segment.

    Raises:
        BadInputError: there is no such segment, or it is no cluster.
    """
    there = {segment: Part(segment, level, one) for level in found for one, segment in level.segment_ids.items()}
    if segment_id not in there:
        raise BadInputError(
            [f"{segment_id}: no segment of {found[0].version.label}, which has {', '.join(sorted(there))}; "
             "after a training that made a new champion, run segspark assign first"]
        )  # fmt: skip
    return there[segment_id]
