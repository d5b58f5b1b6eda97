"""What a comparison found, as the sentences, the metrics and the page's values that it is told in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from segspark import __version__
from segspark.reporting.comparison import ComparedSegment, ComparisonPage, FeatureShift, ProfileShift
from segspark.reporting.text import percent, points
from segspark.segments.comparison import moved_share
from segspark.segments.contingency import Contingency
from segspark.segments.profiles import Profile
from segspark.segments.verdicts import PERIODS, Judged, Word
from segspark.tables import Feature

_MEANS = {
    "steady": "nothing changed by more than resamples explain, or by so little that it is not worth a word",
    "blip": "something changed by more than resamples explain, but by no more than between other dates",
    "shift": "something changed by more than resamples and other periods explain",
}
_METRICS = {"psi": "psi", "share_shift": "share_shift", "jaccard": "jaccard"}
_EVENTS = {"entry": "entered", "move": "moved", "exit": "left"}


@dataclass(frozen=True)
class Compared:
    """A comparison of two dates.

    Attributes:
        table: who went where.
        judged: every measure with its verdict.
        profiles_before: of the segments at the earlier date; empty where features are missing.
        profiles_after: at the later one.
        causes: (event type, cause, events) between the two.
    """

    before: date
    after: date
    run_id: str
    table: Contingency
    judged: Sequence[Judged]
    verdict: Word
    profiles_before: Sequence[Profile]
    profiles_after: Sequence[Profile]
    causes: Sequence[tuple[str, str, int]]

    @property
    def moved(self) -> float:
        """Of the customers of both dates those who are in another segment."""
        return moved_share(self.table)

    @property
    def flows(self) -> list[tuple[str, str, int]]:
        """(from, to, customers) of each way that anybody went; '' is no segment."""
        table = self.table
        return [
            (one, other, int(table.counts[i, j]))
            for i, one in enumerate([*table.before, ""])
            for j, other in enumerate([*table.after, ""])
            if table.counts[i, j]
        ]

    @property
    def metrics(self) -> dict[str, float]:
        """By the names that they have in MLflow."""
        found = {"moved.memberships": self.moved}
        for one in self.judged:
            kind, name = one.measure.kind, one.measure.name
            if kind == "agreement":
                found[f"{name}.memberships"] = one.measure.value
            elif kind in _METRICS:
                found[f"{_METRICS[kind]}.{name}"] = one.measure.value
        return found

    def of(self, kind: str) -> dict[str, Judged]:
        """The measures of a kind, by name."""
        return {one.measure.name: one for one in self.judged if one.measure.kind == kind}


def sentences(found: Compared, names: Mapping[str, str]) -> list[str]:
    """The verdict in words: what it is, what of the segments it is made of, what it was held against."""
    lines = [f"From {found.before} to {found.after}: {found.verdict}: {_MEANS[found.verdict]}."]
    agreement = found.of("agreement").get("ari")
    agreed = f", an agreement (ARI) of {agreement.measure.value:.2f}: {agreement.verdict}" if agreement else ""
    lines.append(f"{percent(found.moved)} of the customers of both dates changed their segment{agreed}.")
    changed = [one for one in found.of("share_shift").values() if one.verdict != "steady"]
    for one in sorted(changed, key=lambda one: (-abs(one.measure.value), one.measure.name)):
        name = names.get(one.measure.name, one.measure.name)
        lines.append(f"{name}: {points(one.measure.value)} of all customers: {one.verdict}.")
    lines.append(_held_against(found))
    return lines


def page_of(
    found: Compared,
    names: Mapping[str, str],
    kinds: Mapping[str, str],
    features: Sequence[Feature],
    title: str,
) -> ComparisonPage:
    """The page's values.

    Args:
        found: the comparison.
        names: of the segments, by segment_id.
        kinds: cluster, rule or lifecycle, by segment_id.
        features: the declared ones, for labels and units.
        title: of the report.
    """
    order = segment_order(found.table)
    place: dict[str, int | None] = {segment: at for at, segment in enumerate(order)} | {"": None}
    declared = {one.name: one for one in features}
    shifts = found.of("psi").values()
    return ComparisonPage(
        title=title,
        before=found.before.isoformat(),
        after=found.after.isoformat(),
        verdict=found.verdict,
        words=tuple(sentences(found, names)),
        warning=_warning(found),
        headlines=_headlines(found),
        segments=tuple(_segment(found, one, names, kinds, declared) for one in order),
        flows=tuple((place[one], place[other], count) for one, other, count in found.flows),
        causes=tuple((_EVENTS.get(what, what), why or "not recorded", count) for what, why, count in found.causes),
        features=tuple(
            FeatureShift(
                one.measure.name, declared[one.measure.name].label, one.measure.value, one.measure.lower,
                one.measure.upper, one.verdict,
            )
            for one in shifts
        ),
        details=(
            ("Comparison", found.run_id),
            ("From", found.before.isoformat()),
            ("To", found.after.isoformat()),
            ("Resamples", "1,000 multinomial ones of the table"),
            ("segspark", __version__),
        ),
    )  # fmt: skip


def segment_order(table: Contingency) -> list[str]:
    """Segments as the report has them at the later date, the largest first; those that ended come last, likewise.

    Examples:
        >>> segment_order(Contingency.of([("a", "b", 2), ("c", "c", 9), ("a", "", 1)]))
        ['c', 'b', 'a']
    """
    then, now = table.sizes_before, table.sizes_after
    return sorted(table.segment_ids, key=lambda one: (-now[one], -then[one] if not now[one] else 0, one))


def _segment(
    found: Compared, segment: str, names: Mapping[str, str], kinds: Mapping[str, str], declared: Mapping[str, Feature]
) -> ComparedSegment:
    then, now = found.table.sizes_before, found.table.sizes_after
    change, similar = found.of("share_shift")[segment], found.of("jaccard")[segment]
    return ComparedSegment(
        segment_id=segment,
        name=names.get(segment, segment),
        kind=kinds.get(segment, "cluster"),
        size_before=then[segment],
        size_after=now[segment],
        share_before=then[segment] / max(sum(then.values()), 1),
        share_after=now[segment] / max(sum(now.values()), 1),
        change=change.measure.value,
        change_interval=(change.measure.lower, change.measure.upper),
        change_verdict=change.verdict,
        similarity=similar.measure.value,
        similarity_interval=(similar.measure.lower, similar.measure.upper),
        similarity_verdict=similar.verdict,
        shifts=_shifts(found, segment, declared),
    )


def _shifts(found: Compared, segment: str, declared: Mapping[str, Feature]) -> tuple[ProfileShift, ...]:
    """What changed most of a segment's means, the largest first."""
    means = [
        {one.feature: one.mean for one in some if one.segment_id == segment}
        for some in (found.profiles_before, found.profiles_after)
    ]
    own = [
        (declared[name.removeprefix(f"{segment}/")], one)
        for name, one in found.of("profile_shift").items()
        if name.startswith(f"{segment}/") and name.removeprefix(f"{segment}/") in declared
    ]
    return tuple(
        ProfileShift(
            feature.label, feature.unit, means[0][feature.name] or 0.0, means[1][feature.name] or 0.0,
            one.measure.value, one.verdict,
        )
        for feature, one in sorted(own, key=lambda pair: (-abs(pair[1].measure.value), pair[0].name))
    )  # fmt: skip


def _headlines(found: Compared) -> tuple[tuple[str, str], ...]:
    table = found.table
    came, left = int(table.counts[-1].sum()), int(table.counts[:, -1].sum())
    agreement = found.of("agreement")
    told = [
        (label, f"{one.measure.value:.2f} ({one.measure.lower:.2f} to {one.measure.upper:.2f})")
        for label, one in (("Agreement (ARI)", agreement.get("ari")), ("Agreement (AMI)", agreement.get("ami")))
        if one
    ]
    return (
        ("Customers", f"{sum(table.sizes_before.values()):,} → {sum(table.sizes_after.values()):,}"),
        ("In another segment", percent(found.moved)),
        ("New", f"{came:,}"),
        ("Gone", f"{left:,}"),
        *told,
    )


def _held_against(found: Compared) -> str:
    periods = max((one.periods for one in found.judged), default=0)
    if not periods:
        return "There is no earlier comparison of two dates as far apart: conventional limits stand in for it."
    told = f"Held against {periods} earlier {'comparison' if periods == 1 else 'comparisons'} of dates as far apart"
    return f"{told}." if periods >= PERIODS else f"{told}, and, as they are fewer than {PERIODS}, conventional limits."


def _warning(found: Compared) -> str:
    models = sum(count for what, why, count in found.causes if why == "model")
    corrections = sum(count for what, why, count in found.causes if why == "correction")
    told = []
    if models:
        told.append(f"{models:,} customers were moved by another model or by a split, not by what they did.")
    if corrections:
        told.append(f"{corrections:,} were moved by corrected data or rules.")
    return " ".join(told)
