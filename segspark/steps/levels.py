"""Levels: the champion for all who are clustered, and below it a model for the customers of each split segment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from segspark.clustering.candidates import CLUSTER
from segspark.clustering.scoring import cluster_count, clustered
from segspark.columns import quoted
from segspark.errors import BadInputError, RefusedError
from segspark.segments.matching import Lineage
from segspark.segments.registry import Segment, root
from segspark.steps.context import Context
from segspark.steps.registry import segments_now
from segspark.tables import SEGMENT_LINEAGE
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
        found = clustered(self.level.of(customers), self.level.model).where(F.col(CLUSTER) == self.cluster)
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
        segment_ids: by cluster.
        part: to whom; None: to everyone who is clustered.
        lineage: of a version that was never applied: what it makes of the segments that there were.
    """

    version: ModelVersion
    model: PipelineModel
    segment_ids: Mapping[int, str]
    part: Part | None = None
    lineage: Sequence[Lineage] = ()

    def of(self, customers: DataFrame) -> DataFrame:
        """Those of the clustered customers to whom it is applied."""
        return customers if self.part is None else self.part.of(customers)

    @property
    def segment(self) -> str | None:
        """The segment within which it is applied; None: everyone who is clustered."""
        return self.part.segment_id if self.part else None


Naming = Callable[[ModelVersion, PipelineModel, Part | None], Sequence[Lineage]]


@dataclass(frozen=True)
class Registered:
    """What the tables say of segments before a publication.

    Attributes:
        segments: all that were ever published.
        known: segment_id by model version and cluster, of every version that was ever applied.
    """

    segments: tuple[Segment, ...]
    known: Mapping[tuple[str, int], str]

    @property
    def splits(self) -> dict[str, str]:
        """The model that splits a segment, name/version by segment id, as it is in force."""
        parts = [one for one in self.segments if one.parent_segment_id is not None and not one.retired]
        return {str(one.parent_segment_id): one.model_version for one in parts}

    @property
    def root(self) -> str | None:
        """The version that everyone who is clustered is assigned by, as name/version; None before the first time."""
        there = [one for one in self.segments if one.kind == "cluster" and not one.retired]
        return next((one.model_version for one in there if one.parent_segment_id is None), None)

    @property
    def top(self) -> list[str]:
        """Ids of the clusters of everyone who is clustered, split ones included."""
        there = [one for one in self.segments if one.kind == "cluster" and not one.retired]
        return sorted(one.segment_id for one in there if one.parent_segment_id is None)

    @property
    def tops(self) -> dict[str, str]:
        """The one of `top` that a part is of, by the part's id."""
        there = [one for one in self.segments if one.parent_segment_id is not None and not one.retired]
        parents = {one.segment_id: str(one.parent_segment_id) for one in there}
        return {part: root(part, parents) for part in parents}

    def ids(self, version: ModelVersion, clusters: int) -> dict[int, str] | None:
        """The segments of a version's clusters; None if it was never applied."""
        found = {one: self.known[version.label, one] for one in range(clusters) if (version.label, one) in self.known}
        return found if len(found) == clusters else None


def registered_now(context: Context) -> Registered:
    """The registry and the lineage as they are."""
    segments = segments_now(context)
    # Of before there was a lineage: what the registry says of the versions that are in force.
    known = {(one.model_version, one.cluster): one.segment_id for one in segments if one.cluster is not None}
    lines = [row for row in context.lake.few(SEGMENT_LINEAGE) if row["cluster"] is not None]  # of all versions
    known |= {(row["model_version"], row["cluster"]): row["segment_id"] for row in lines}
    return Registered(segments, known)


def levels(
    context: Context,
    champion: ModelVersion,
    registered: Registered,
    splits: Mapping[str, str],
    naming: Naming | None = None,
) -> list[Level]:
    """The champion, and the models of splits below it, each after the one that its segment is of.

    A split whose segment the champion does not have has ended, which is said.

    Args:
        context: of the phase.
        champion: the version that everyone who is clustered is assigned by.
        registered: what there is.
        splits: the model that splits a segment, by segment id.
        naming: the segments of a version that was never applied.

    Raises:
        BadInputError: there is such a version, and no naming.
    """
    found, waiting = _levels(context, champion, registered, splits, naming)
    for segment in sorted(waiting):
        context.reporter.warn(
            f"the split of {segment} ends, as there is no such segment any more: a new champion has other segments, "
            "and so has a segment that is split anew or joined; segspark split splits one of those there are"
        )
    return found


def levels_before(context: Context, registered: Registered) -> list[Level]:
    """The models by which customers were assigned, as the registry has it; none where none can be applied."""
    if registered.root is None:
        return []
    try:
        return _levels(context, context.tracker.version(registered.root), registered, registered.splits, None)[0]
    except (BadInputError, RefusedError) as error:
        context.reporter.warn(f"{registered.root} cannot be applied any more: {error}")
        return []


def _levels(
    context: Context, root: ModelVersion, registered: Registered, splits: Mapping[str, str], naming: Naming | None
) -> tuple[list[Level], dict[str, str]]:
    """The levels, and the splits of segments that none of them has."""
    found, waiting = [_level(context, root, None, registered, naming)], dict(splits)
    for level in found:  # which grows meanwhile
        for cluster, segment in level.segment_ids.items():
            if segment in waiting:
                version = context.tracker.version(waiting.pop(segment))
                found.append(_level(context, version, Part(segment, level, cluster), registered, naming))
    return found, waiting


def _level(
    context: Context, version: ModelVersion, part: Part | None, registered: Registered, naming: Naming | None
) -> Level:
    model = context.tracker.load(version)
    ids = registered.ids(version, cluster_count(model))
    if ids is not None:
        return Level(version, model, ids, part)
    if naming is None:
        raise BadInputError([f"{version.label}: nobody has been assigned by it yet; run segspark assign first"])
    lineage = naming(version, model, part)
    found = {line.cluster: line.segment_id for line in lineage if line.cluster is not None}
    return Level(version, model, found, part, lineage)


def part_of(segment_id: str, found: list[Level]) -> Part:
    """The customers of a segment.

    Raises:
        BadInputError: there is no such segment, or it is no cluster.
    """
    there = {segment: Part(segment, level, one) for level in found for one, segment in level.segment_ids.items()}
    if segment_id not in there:
        raise BadInputError(
            [f"{segment_id}: no segment of {found[0].version.label}, which has {', '.join(sorted(there))}"]
        )
    return there[segment_id]
