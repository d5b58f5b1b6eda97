"""The registry's rows: every segment with its name, size and status; past ones retired, never forgotten."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from segspark.segments.identity import lifecycle_segment_id
from segspark.segments.matching import Lineage
from segspark.segments.naming import Wording

_LIFECYCLE_WORDS = {
    "prospect": Wording("Prospects", ("known, but has never bought",)),
    "new": Wording("New customers", ("first bought a short while ago", "not clustered yet")),
    "dormant": Wording("Dormant customers", ("has bought, but is outside the clustered population",)),
}


@dataclass(frozen=True)
class Segment:
    """One row of the registry: the columns of the table `segments`, in its order."""

    segment_id: str
    name: str
    description: str
    kind: str
    rule: str | None
    status: str
    owner: str | None = None
    author: str | None = None
    approver: str | None = None
    reason: str | None = None
    review_at: date | None = None
    retrain_days: int | None = None
    priority: int | None = None
    overlay: bool | None = None
    successor_segment_id: str | None = None
    model_version: str = ""
    cluster: int | None = None
    parent_segment_id: str | None = None
    size: int = 0
    share: float = 0.0
    created_at: date | None = None
    updated_at: date | None = None
    retired_at: date | None = None

    @property
    def retired(self) -> bool:
        """Whether it is over."""
        return self.status == "retired"


@dataclass(frozen=True)
class Published:
    """What a publication says of a segment that is a cluster.

    Attributes:
        cluster: of the model, that it is.
        parent_segment_id: the segment that it is a part of.
        split: whether its customers are in its parts.
    """

    segment_id: str
    model_version: str
    cluster: int
    parent_segment_id: str | None = None
    split: bool = False


@dataclass(frozen=True)
class Publication:
    """All that a publication says of segments.

    Attributes:
        as_of: of the assignments.
        clusters: of all models, parents before their parts.
        lifecycle: condition of each lifecycle segment by its id.
        sizes: customers by segment id; of overlays, too.
        customers: all that there are.
        words: names and descriptions of clusters by segment id: taken for those that are new, or have moved.
        lineage: of models that are new.
        status: of segments that are new: active, or draft where a team approves of them.
    """

    as_of: date
    clusters: Sequence[Published]
    lifecycle: Mapping[str, str]
    sizes: Mapping[str, int]
    customers: int
    words: Mapping[str, Wording]
    lineage: Sequence[Lineage] = ()
    status: str = "active"


def registry(current: Iterable[Segment], published: Publication) -> list[Segment]:
    """The whole registry after a publication, by segment id.

    A segment keeps its name, its description, and what people decided about it. Only the description of one that has
    moved is made anew. Clusters that no model has any more are retired, with the segment that most of their customers
    went to as successor; rule segments stay as they are, but for their size.

    Args:
        current: the registry before.
        published: what there is now.

    Examples:
        >>> there = [Segment("a", "Frequent customers", "Buys often.", "cluster", None, "active", model_version="m/1")]
        >>> now = Publication(date(2018, 1, 1), [Published("b", "m/2", 0)], {}, {"b": 5}, 10, {"b": Wording("New", ())},
        ...     [Lineage("b", 0, "new"), Lineage("a", None, "merged", "b")])
        >>> for one in registry(there, now):
        ...     print(one.segment_id, one.name, one.status, one.share, one.successor_segment_id, one.reason)
        a Frequent customers retired 0.0 b merged in m/2
        b New active 0.5 None None
    """
    before = {one.segment_id: one for one in current}
    moved = {one.segment_id for one in published.lineage if one.verdict == "moved"}
    after = dict(before)
    for cluster in published.clusters:
        after[cluster.segment_id] = _cluster(after, cluster, published, cluster.segment_id in moved)
    for segment, rule in published.lifecycle.items():
        if segment in before or published.sizes.get(segment):
            after[segment] = _lifecycle(before.get(segment), segment, rule, published)
    there = {cluster.segment_id for cluster in published.clusters}
    for one in before.values():
        if one.kind == "cluster" and one.segment_id not in there and not one.retired:
            after[one.segment_id] = _ended(one, published)
    return [_sized(after[name], published, _parts(after.values(), name)) for name in sorted(after)]


def with_members(segments: Iterable[Segment]) -> list[Segment]:
    """Those that customers are in, approved of or not, the largest first; each customer is in one of them."""
    found = [one for one in segments if one.size and not one.overlay and one.status not in ("split", "retired")]
    return sorted(found, key=lambda one: (-one.size, one.segment_id))


def _cluster(there: Mapping[str, Segment], cluster: Published, published: Publication, moved: bool) -> Segment:
    old = there.get(cluster.segment_id)
    words = published.words.get(cluster.segment_id, Wording(f"Cluster {cluster.cluster}, empty", ()))
    if old is None:
        old = Segment(
            cluster.segment_id,
            _name(words.name, cluster, there, published),
            words.description,
            "cluster",
            None,
            published.status,
            created_at=published.as_of,
        )
    elif moved:
        old = replace(old, description=words.description, reason=f"described anew: moved in {cluster.model_version}")
    status = "split" if cluster.split else _status_of(old, published)
    return replace(
        old,
        status=status,
        model_version=cluster.model_version,
        cluster=cluster.cluster,
        parent_segment_id=cluster.parent_segment_id,
        successor_segment_id=None,
        retired_at=None,
    )


def _status_of(one: Segment, published: Publication) -> str:
    """Of a segment whose customers are in it: what it was, but for one that comes back, or was split until now."""
    if one.status == "split":
        return "active" if one.approver or published.status == "active" else published.status
    return published.status if one.retired else one.status


def _name(name: str, cluster: Published, there: Mapping[str, Segment], published: Publication) -> str:
    """A part is named after what it is a part of; no two that are not retired have one name."""
    if cluster.parent_segment_id is not None:
        name = f"{there[cluster.parent_segment_id].name}: {name[:1].lower()}{name[1:]}"
    taken = {one.name for one in there.values() if not one.retired}
    return unique(name, taken)


def root(segment_id: str, parents: Mapping[str, str]) -> str:
    """The segment that a segment is a part of a part of, and so on; itself if it is none."""
    seen = {segment_id}
    while segment_id in parents and parents[segment_id] not in seen:
        segment_id = parents[segment_id]
        seen.add(segment_id)
    return segment_id


def unique(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken.

    Examples:
        >>> unique("Frequent customers", {"Frequent customers", "Frequent customers 2"})
        'Frequent customers 3'
    """
    tries = [name, *(f"{name} {number}" for number in range(2, len(taken) + 3))]
    return next(one for one in tries if one not in taken)


def _lifecycle(old: Segment | None, segment: str, rule: str, published: Publication) -> Segment:
    words = _LIFECYCLE_WORDS[segment.removeprefix(lifecycle_segment_id(""))]
    if old is None:
        old = Segment(
            segment, words.name, words.description, "lifecycle", rule, published.status, created_at=published.as_of
        )
    return replace(old, rule=rule, status=_status_of(old, published), successor_segment_id=None, retired_at=None)


def _ended(one: Segment, published: Publication) -> Segment:
    line = next((line for line in published.lineage if line.segment_id == one.segment_id), None)
    joined = one.parent_segment_id if line is None else None  # a part of a segment that is whole again
    version = next((cluster.model_version for cluster in published.clusters if cluster.parent_segment_id is None), "")
    return replace(
        one,
        status="retired",
        successor_segment_id=line.related_segment_id if line else joined,
        reason=f"{line.verdict} in {version}" if line else f"no part of {joined} any more" if joined else one.reason,
        retired_at=published.as_of,
    )


def _parts(segments: Iterable[Segment], parent: str) -> list[str]:
    """Ids of the segments that a split one consists of now, those of its parts that are split themselves included."""
    children = [one for one in segments if one.parent_segment_id == parent and not one.retired]
    return [name for one in children for name in (one.segment_id, *_parts(segments, one.segment_id))]


def _sized(one: Segment, published: Publication, parts: Sequence[str]) -> Segment:
    """Of a split one, size and share are those of its parts: whoever adds up the others counts nobody twice."""
    names = parts if one.status == "split" else [one.segment_id]
    size = 0 if one.retired else sum(published.sizes.get(name, 0) for name in names)
    share = size / published.customers if published.customers else 0.0
    return replace(one, size=size, share=share, updated_at=published.as_of)
