"""Drift: what is seen of a model's customers at a date, held against what was seen when the model was new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from segspark.config.segments import Drift
from segspark.segments.registry import root
from segspark.segments.stability_index import Bins, stability_index

WATCHED = ("input", "share", "kpi", "fit")
RETRAINED_FOR = ("input", "share", "fit")  # what a new training may mend; a KPI moves with seasons and offers, too
UNKNOWN = -1
_SEGMENTS, _DISTANCE, _INDEX, _LARGEST = "segments", "distance", "psi", "largest_change"
_FAR = 0.99
_ERRORS = 3.0  # standard errors that a KPI has to change by
_SURE = 0.999  # of all distributions that did not change, the share whose PSI is below what counts


@dataclass(frozen=True)
class Seen:
    """What a model's customers are like at a date.

    Attributes:
        inputs: of a bounded sample, a column an input: doubles, or text.
        sizes: all customers of each segment.
        distances: of the sample, each to the nearest centre; None where there are no centres.
        kpi: mean and standard error of the objective's KPI of each segment in the last period; empty if not known.
    """

    inputs: pd.DataFrame
    sizes: Mapping[str, int]
    distances: npt.NDArray[np.float64] | None = None
    kpi: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A row of drift_reference, without its version and date."""

    kind: str
    name: str
    bin: int
    upper: float | None
    level: str | None
    value: float
    error: float | None


@dataclass(frozen=True)
class Drifted:
    """One thing that was watched.

    Attributes:
        value: as it is; of inputs and shares the PSI against the reference.
        reference: as it was.
        threshold: from which on it is exceeded: the value; of a KPI its difference from the reference.
        exceeded: whether it is.
    """

    kind: str
    name: str
    value: float
    reference: float
    threshold: float
    exceeded: bool


def reference_of(seen: Seen) -> list[Kept]:
    """What is kept of the first assign by a model.

    Examples:
        >>> seen = Seen(pd.DataFrame({"x": [1.0, 2.0, None]}), {"s": 3}, np.array([0.5, 1.0, 2.0]))
        >>> [(one.kind, one.bin, one.upper, one.level, one.value) for one in reference_of(seen)][:2]
        [('input', 0, 1.0, None, 1.0), ('input', 1, 2.0, None, 1.0)]
    """
    found = [row for name in seen.inputs.columns for row in _input_rows(str(name), seen.inputs[name])]
    for at, (segment, size) in enumerate(sorted(seen.sizes.items())):
        found.append(Kept("share", _SEGMENTS, at, None, segment, float(size), None))
    if seen.distances is not None:
        limit = float(np.quantile(seen.distances, _FAR))
        found.append(Kept("fit", _DISTANCE, 0, limit, None, _beyond(seen.distances, limit), None))
    found += [Kept("kpi", segment, 0, None, None, mean, error) for segment, (mean, error) in sorted(seen.kpi.items())]
    return found


def drifted(seen: Seen, reference: Iterable[Kept], settings: Drift) -> list[Drifted]:
    """What is seen now against the reference; what is in one of the two only is left out.

    Args:
        seen: at the date.
        reference: of the model version, in any order.
        settings: the thresholds. A PSI has to be more than samples of these sizes have by chance, too.

    Examples:
        >>> before = reference_of(Seen(pd.DataFrame({"x": np.arange(1000.0)}), {"s": 700, "t": 300}))
        >>> now = Seen(pd.DataFrame({"x": np.arange(1000.0) + 300}), {"s": 690, "t": 310})
        >>> [(one.kind, one.name, round(one.value, 4), one.exceeded) for one in drifted(now, before, Drift())]
        [('input', 'x', 1.9948, True), ('share', 'psi', 0.0005, False), ('share', 'largest_change', 0.01, False)]
    """
    rows = sorted(reference, key=lambda one: (one.kind, one.name, one.bin))
    found = []
    for name in seen.inputs.columns:
        own = [one for one in rows if (one.kind, one.name) == ("input", name)]
        if own:
            before = np.array([one.value for one in own if one.bin != UNKNOWN] + [_unknown(own)])
            now = _bins(own).counts(seen.inputs[name])
            found.append(_index("input", str(name), before, now, settings.inputs))
    found += _shares(seen.sizes, [one for one in rows if one.kind == "share"], settings)
    found += [_kpi(one, *seen.kpi[one.name], settings) for one in rows if one.kind == "kpi" and one.name in seen.kpi]
    for one in rows:
        if one.kind == "fit" and one.upper is not None and seen.distances is not None:
            share = _beyond(seen.distances, one.upper)
            found.append(Drifted("fit", one.name, share, one.value, settings.fit, share > settings.fit))
    return found


def folded(sizes: Mapping[str, int], parents: Mapping[str, str]) -> dict[str, int]:
    """Sizes of segments with those of their parts added up: a split is no drift.

    Examples:
        >>> folded({"a": 5, "b1": 1, "b2": 2}, {"b1": "b", "b2": "b", "b": "root"})
        {'a': 5, 'root': 3}
    """
    found: dict[str, int] = {}
    for segment, size in sorted(sizes.items()):
        top = root(segment, parents)
        found[top] = found.get(top, 0) + size
    return found


def _input_rows(name: str, values: "pd.Series[float]") -> list[Kept]:
    bins = Bins.of(values)
    *known, unknown = bins.counts(values).tolist()
    uppers = [*bins.uppers, *[None] * (len(known) - len(bins.uppers))]
    levels = [*bins.levels, *[None] * (len(known) - len(bins.levels))]
    rows = [
        Kept("input", name, at, upper, level, float(size), None)
        for at, (upper, level, size) in enumerate(zip(uppers, levels, known, strict=True))
    ]
    return [*rows, Kept("input", name, UNKNOWN, None, None, float(unknown), None)]


def _bins(rows: Sequence[Kept]) -> Bins:
    uppers = tuple(one.upper for one in rows if one.upper is not None)
    return Bins(uppers, tuple(one.level for one in rows if one.level is not None))


def _unknown(rows: Sequence[Kept]) -> float:
    return next(one.value for one in rows if one.bin == UNKNOWN)


def _index(
    kind: str, name: str, before: npt.NDArray[np.float64], now: npt.NDArray[np.int64], threshold: float
) -> Drifted:
    value = float(stability_index(before, now))
    n, m = max(float(before.sum()), 1.0), max(float(now.sum()), 1.0)
    chance = (1 / n + 1 / m) * float(stats.chi2.ppf(_SURE, max(len(now) - 1, 1)))
    counts = max(threshold, chance)
    return Drifted(kind, name, value, 0.0, counts, value > counts)


def _shares(sizes: Mapping[str, int], rows: Sequence[Kept], settings: Drift) -> list[Drifted]:
    before = {one.level: one.value for one in rows if one.level is not None}
    if not before:
        return []
    then = np.array(list(before.values()))
    now = np.array([sizes.get(segment, 0) for segment in before])
    change = float(np.abs(now / max(now.sum(), 1) - then / max(then.sum(), 1.0)).max())
    index = _index("share", _INDEX, then, now, settings.shares)
    return [index, Drifted("share", _LARGEST, change, 0.0, settings.share_change, change > settings.share_change)]


def _kpi(one: Kept, mean: float, error: float, settings: Drift) -> Drifted:
    sure = _ERRORS * float(np.hypot(error, one.error or 0.0))
    threshold = max(settings.kpi * abs(one.value), sure)
    return Drifted("kpi", one.name, mean, one.value, threshold, abs(mean - one.value) > threshold)


def _beyond(distances: npt.NDArray[np.float64], limit: float) -> float:
    return float((distances > limit).mean()) if len(distances) else 0.0
