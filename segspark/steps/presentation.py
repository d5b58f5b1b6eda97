"""What the domain found, as the plain values that reporting draws."""

from collections.abc import Iterable, Mapping, Sequence

from segspark.reporting.model import Measure, SegmentCard
from segspark.segments.naming import Wording
from segspark.segments.profiles import Profile, by_segment
from segspark.segments.registry import Segment
from segspark.steps.context import Context
from segspark.tables import SEGMENT_PROFILES, Feature


def segment_cards(
    sizes: Mapping[str, int],
    words: Mapping[str, Wording],
    kinds: Mapping[str, str],
    profiles: Iterable[Profile],
    features: Sequence[Feature],
) -> tuple[SegmentCard, ...]:
    """A card per segment, the largest first."""
    total = sum(sizes.values())
    grouped = by_segment(profiles)
    return tuple(
        SegmentCard(
            segment_id=segment,
            name=words[segment].name,
            description=words[segment].description,
            kind=kinds.get(segment, "cluster"),
            size=size,
            share=size / total,
            sentences=words[segment].sentences,
            measures=_measures(grouped.get(segment, []), features),
        )
        for segment, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    )


def published_cards(
    context: Context, segments: Sequence[Segment], features: Sequence[Feature], more_than: int = 0
) -> tuple[SegmentCard, ...]:
    """Cards of segments as they are published.

    Args:
        context: of the phase.
        segments: of the registry.
        features: that are told.
        more_than: so many customers a feature has to be known of.
    """
    there = {one.segment_id: one for one in segments}
    profiles = [Profile(**row.asDict()) for row in context.lake.few(SEGMENT_PROFILES)]  # segments x features
    return segment_cards(
        {key: one.size for key, one in there.items()},
        {key: Wording(one.name, sentences(one.description)) for key, one in there.items()},
        {key: one.kind for key, one in there.items()},
        [one for one in profiles if one.segment_id in there and one.customers > more_than],
        features,
    )


def sentences(description: str) -> tuple[str, ...]:
    """The sentences that a description was put together from."""
    return tuple(part for part in description.rstrip(".").split("; ") if part)


def _measures(profiles: Sequence[Profile], features: Sequence[Feature]) -> tuple[Measure, ...]:
    """In the order of the declarations, whatever the order of the profiles."""
    declared = {feature.name: feature for feature in features}
    found = {one.feature: one for one in profiles}
    return tuple(
        Measure(
            one.feature, declared[one.feature].label, declared[one.feature].unit,
            one.mean, one.overall_mean, one.standardised,
        )
        for one in (found[name] for name in declared if name in found)
    )  # fmt: skip
