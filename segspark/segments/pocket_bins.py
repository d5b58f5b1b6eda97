"""Conditions that a pocket is made of: bins of numbers by quantiles within a segment, and frequent values of texts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from segspark.columns import quoted, text_literal

CODES = 100  # codes of one feature; more than it has bins or values


@dataclass(frozen=True)
class Condition:
    """What a customer has to meet: a value above `low` and up to `high`, or a text."""

    feature: str
    low: float | None = None
    high: float | None = None
    value: str | None = None

    @property
    def rule(self) -> str:
        """As Spark SQL over customer_features.

        Examples:
            >>> Condition("discount_share", 0.1, 0.25).rule, Condition("top_channel", value="web").rule
            ('`discount_share` > 0.1 AND `discount_share` <= 0.25', "`top_channel` = 'web'")
        """
        name = quoted(self.feature)
        if self.value is not None:
            return f"{name} = {text_literal(self.value)}"
        ends = (f"{name} {sign} {end!r}" for sign, end in ((">", self.low), ("<=", self.high)) if end is not None)
        return " AND ".join(ends)


@dataclass(frozen=True)
class Bins:
    """All conditions; each has a code, by the place of its feature, within a segment.

    Attributes:
        numbers: features that are numbers, in their order.
        cuts: by segment, the bounds between the bins of each number; none where there are no two bins.
        texts: features that are texts, with the values that count.
    """

    numbers: Sequence[str]
    cuts: Mapping[str, Sequence[Sequence[float]]]
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def condition(self, segment: str, code: int) -> Condition:
        """What a code stands for in a segment.

        Examples:
            >>> bins = Bins(["frequency"], {"s": [[1.0, 4.0]]}, {"top_channel": ["web", "store"]})
            >>> [bins.condition("s", code).rule for code in (1, 2, 102)]
            ['`frequency` <= 1.0', '`frequency` > 1.0 AND `frequency` <= 4.0', "`top_channel` = 'store'"]
        """
        at, place = divmod(code, CODES)
        if at < len(self.numbers):
            ends = [None, *self.cuts[segment][at], None]
            return Condition(self.numbers[at], ends[place - 1], ends[place])
        name = list(self.texts)[at - len(self.numbers)]
        return Condition(name, value=self.texts[name][place - 1])


def bins_of(sample: pd.DataFrame, numbers: Sequence[str], texts: Sequence[str], bins: int, values: int) -> Bins:
    """The bins of a sample: quantiles within each segment, to four digits, and the most frequent texts of all.

    Args:
        sample: a row per customer: segment_id, numbers as doubles, texts.
        numbers: names of columns.
        texts: names of columns.
        bins: of a number, at most.
        values: of a text, at most.

    Examples:
        >>> sample = pd.DataFrame({"segment_id": ["s"] * 5, "n": [0.0, 0, 1, 2, None], "t": ["b", "a", "b", None, "c"]})
        >>> found = bins_of(sample, ["n"], ["t"], 4, 2)
        >>> found.cuts, found.texts
        ({'s': [[0.0, 0.5, 1.25]]}, {'t': ['b', 'a']})
    """
    cuts = {
        str(segment): [_cuts(own[name].to_numpy(dtype=float), bins) for name in numbers]
        for segment, own in sample.groupby("segment_id", sort=True)
    }
    return Bins(list(numbers), cuts, {name: frequent(sample[name], values) for name in texts})


def _cuts(given: "np.ndarray[tuple[int], np.dtype[np.float64]]", bins: int) -> list[float]:
    """Below the largest value, so that none of the bins is empty."""
    values = given[np.isfinite(given)]
    if not len(values):
        return []
    ends = np.quantile(values, np.arange(1, bins) / bins)
    return sorted({one for one in (float(f"{end:.4g}") for end in ends) if values.min() <= one < values.max()})


def frequent(values: "pd.Series[str]", count: int) -> list[str]:
    """The most frequent texts, so many; equals by their names.

    Examples:
        >>> frequent(pd.Series(["b", "a", "b", None, "c"]), 2)
        ['b', 'a']
    """
    counted = Counter(str(one) for one in values.dropna())
    return [value for value, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:count]]
