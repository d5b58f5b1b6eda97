"""Comparison: what changed between two dates, measured: memberships, shares, profiles, features."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from segspark.kernels.agreement import adjusted_rand
from segspark.segments.contingency import (
    Contingency,
    adjusted_mutual_information,
    expected_mutual_information,
    jaccard,
    resampled,
    share_changes,
)
from segspark.segments.profiles import Profile
from segspark.segments.stability_index import Bins, Ints, resampled_index, stability_index
from segspark.segments.verdicts import Measure, drawn, normal


def membership_measures(table: Contingency, seed: int) -> list[Measure]:
    """Agreement of the two dates, Jaccard similarity and change of share of each segment, with resamples.

    Agreement is of the customers of both dates. A segment that is empty at one of them has a Jaccard similarity of 0.

    Args:
        table: who went where.
        seed: of the resamples.

    Examples:
        >>> table = Contingency.of([("s", "s", 60), ("t", "t", 40)])
        >>> [(one.kind, one.name, one.value) for one in membership_measures(table, 1)][:3]
        [('agreement', 'ari', 1.0), ('agreement', 'ami', 1.0), ('jaccard', 's', 1.0)]
    """
    counts, draws = table.counts.astype(np.float64), resampled(table, seed)
    both, drawn_both = counts[:-1, :-1], draws[:, :-1, :-1]
    found: list[Measure] = []
    if both.any():
        expected = expected_mutual_information(both)
        found = [
            drawn("agreement", "ari", float(adjusted_rand(both)), adjusted_rand(drawn_both)),
            drawn(
                "agreement", "ami", float(adjusted_mutual_information(both, expected)),
                adjusted_mutual_information(drawn_both, expected),
            ),
        ]  # fmt: skip
    similar, again = jaccard(table, counts), jaccard(table, draws)
    change, changes = share_changes(table, counts), share_changes(table, draws)
    names = list(enumerate(table.segment_ids))
    found += [drawn("jaccard", name, similar[at], again[:, at]) for at, name in names]
    return found + [drawn("share_shift", name, change[at], changes[:, at]) for at, name in names]


def profile_measures(before: Sequence[Profile], after: Sequence[Profile]) -> list[Measure]:
    """Differences of the means of each segment of both dates and feature, in standard deviations of all customers.

    These are those of the two dates, pooled. The standard error takes a segment to vary as all customers do, which is
    too much where it is tight.

    Examples:
        >>> then, now = Profile("s", "x", 50, 4.0, 5.0, 3.0), Profile("s", "x", 50, 7.0, 6.0, 3.0)
        >>> [(one.name, one.value, one.error) for one in profile_measures([then], [now])]
        [('s/x', 1.0, 0.2)]
    """
    earlier, size = {(one.segment_id, one.feature): one for one in before}, _known(before)
    later_size = _known(after)
    found = []
    for now in after:
        then = earlier.get((now.segment_id, now.feature))
        if then is None or then.mean is None or now.mean is None:
            continue
        n, m = size[now.feature], later_size[now.feature]
        deviation = math.sqrt(
            (n * (then.overall_deviation or 0.0) ** 2 + m * (now.overall_deviation or 0.0) ** 2) / (n + m)
        )
        if deviation:
            error = math.sqrt(1 / then.customers + 1 / now.customers)
            name = f"{now.segment_id}/{now.feature}"
            found.append(normal("profile_shift", name, (now.mean - then.mean) / deviation, error))
    return found


def feature_measures(before: pd.DataFrame, after: pd.DataFrame, seed: int) -> tuple[list[Measure], dict[str, Ints]]:
    """PSI of each feature, with resamples, and its counts by bin: shape (2, bins), the earlier date first.

    Args:
        before: a bounded sample of customers at the earlier date, a column a feature: doubles, or text.
        after: the same at the later one.
        seed: of the resamples.
    """
    measures, counts = [], {}
    for name in before.columns:
        bins = Bins.of(before[name])
        then, now = bins.counts(before[name]), bins.counts(after[name])
        counts[name] = np.stack([then, now])
        measures.append(drawn("psi", name, float(stability_index(then, now)), resampled_index(then, now, seed)))
    return measures, counts


def moved_share(table: Contingency) -> float:
    """Of the customers of both dates those who are in another segment than they were.

    Examples:
        >>> moved_share(Contingency.of([("s", "s", 6), ("s", "t", 2), ("", "t", 9)]))
        0.25
    """
    both = table.counts[:-1, :-1]
    stayed = sum(int(both[table.before.index(one), table.after.index(one)]) for one in {*table.before} & {*table.after})
    return 1 - stayed / int(both.sum()) if both.any() else 0.0


def _known(profiles: Sequence[Profile]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in profiles:
        found[one.feature] = found.get(one.feature, 0) + one.customers
    return found
