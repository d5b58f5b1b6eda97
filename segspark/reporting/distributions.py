"""How the values of a feature are spread over customers: a few quantiles and a small histogram."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from segspark.reporting.model import Distribution

BINS = 16


def distribution(feature: str, label: str, unit: str, values: Iterable[float | None]) -> Distribution:
    """Summarise the values of sampled customers; None and NaN are unknown.

    >>> found = distribution("orders", "orders", "orders", [0.0, 1.0, 2.0, 3.0, None])
    >>> found.known_share, found.zero_share, found.median, found.heights[0], found.heights[-1]
    (0.8, 0.25, 1.5, 100, 100)
    """
    every = np.array([np.nan if value is None else float(value) for value in values])
    known = every[np.isfinite(every)]
    if not known.size:
        return Distribution(feature, label, unit, 0.0, None, None, None, None, ())
    low, median, high = (float(quantile) for quantile in np.quantile(known, (0.05, 0.5, 0.95)))
    # What is far out would leave one bar: it is counted in the last one, or in the first.
    edges = np.quantile(known, (0.01, 0.99))
    counts, _ = np.histogram(np.clip(known, *edges), bins=BINS)
    heights = tuple(int(height) for height in np.ceil(100 * counts / counts.max()))
    zero = float((known == 0).mean())
    return Distribution(feature, label, unit, known.size / every.size, zero, low, median, high, heights)
