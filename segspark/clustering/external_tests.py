"""Tests after clustering, of variables and periods that the clustering did not use, and of no others.

A p-value of a clustering input is meaningless ("double dipping"): see `importance`, whose effect sizes are for inputs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from segspark.clustering.clusterers import Floats
from segspark.clustering.importance import SegmentMoments

Correction = Literal["holm", "benjamini-hochberg"]


@dataclass(frozen=True)
class Outcome:
    """A test's outcome.

    Attributes:
        statistic: F of Welch's or the classic analysis of variance, or Pearson's chi-square.
        degrees: degrees of freedom: of numerator and denominator, or the one of chi-square.
        p_value: of the variable by itself, before any correction.
    """

    statistic: float
    degrees: tuple[float, ...]
    p_value: float


def anova(counts: Floats, sums: Floats, squares: Floats) -> Outcome | None:
    """One-way analysis of variance of one variable, which takes the spreads to be equal; arrays of shape (k,).

    None with fewer than two segments, without more customers than segments, or for a constant.

    Examples:
        >>> found = anova(np.array([3.0, 3.0]), np.array([6.0, 15.0]), np.array([14.0, 77.0]))  # 1, 2, 3 and 4, 5, 6
        >>> found.statistic, found.degrees, round(found.p_value, 4)
        (13.5, (1.0, 4.0), 0.0213)
    """
    n, s, q = (array[counts > 0] for array in (counts, sums, squares))
    within, mean = float((q - s**2 / n).sum()), s.sum() / max(n.sum(), 1)
    between = float((n * (s / n - mean) ** 2).sum())
    degrees = (float(len(n) - 1), float(n.sum() - len(n)))
    if min(degrees) <= 0 or within <= 1e-12 * float(q.sum()):
        return None
    statistic = (between / degrees[0]) / (within / degrees[1])
    return Outcome(statistic, degrees, float(stats.f.sf(statistic, *degrees)))


def welch(counts: Floats, sums: Floats, squares: Floats) -> Outcome | None:
    """Welch's (1951) analysis of variance of one variable, for segments of different spread; arrays of shape (k,).

    Segments with fewer than two customers are left out. None with fewer than two others, or if one of them is constant.

    Examples:
        >>> found = welch(np.array([3.0, 3.0]), np.array([6.0, 15.0]), np.array([14.0, 77.0]))
        >>> round(found.statistic, 4), round(found.p_value, 4)
        (13.5, 0.0213)
    """
    n, s, q = (array[counts >= 2] for array in (counts, sums, squares))
    k, spread = len(n), (q - s**2 / np.maximum(n, 1)) / np.maximum(n - 1, 1)
    if k < 2 or (spread <= 1e-12 * q / np.maximum(n, 1)).any():
        return None
    precision, means = n / spread, s / n
    share = precision / precision.sum()
    between = float((precision * (means - share @ means) ** 2).sum()) / (k - 1)
    unsure = float(((1 - share) ** 2 / (n - 1)).sum()) / (k**2 - 1)
    statistic, degrees = between / (1 + 2 * (k - 2) * unsure), (float(k - 1), 1 / (3 * unsure))
    return Outcome(statistic, degrees, float(stats.f.sf(statistic, *degrees)))


def chi_square(table: Floats) -> Outcome | None:
    """Pearson's chi-square, without continuity correction; None where either side has fewer than two values.

    Args:
        table: customers by segment and category, shape (k, categories): counts, no weights.

    Examples:
        >>> found = chi_square(np.array([[30.0, 10.0], [10.0, 30.0]]))
        >>> round(found.statistic, 4), found.degrees
        (20.0, (1.0,))
    """
    counted = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(counted.shape) < 2:
        return None
    found = stats.chi2_contingency(counted, correction=False)
    return Outcome(float(found.statistic), (float(found.dof),), float(found.pvalue))


def corrected(p_values: Sequence[float], correction: Correction = "holm") -> list[float]:
    """p-values adjusted for there being several, in the order given.

    Holm (1979) holds the chance of any false finding, Benjamini & Hochberg (1995) the share of false ones among the
    findings.

    Examples:
        >>> corrected([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
        >>> [round(value, 4) for value in corrected([0.01, 0.04, 0.03], "benjamini-hochberg")]
        [0.03, 0.04, 0.04]
    """
    if not p_values:
        return []
    if correction == "benjamini-hochberg":
        return [float(value) for value in stats.false_discovery_control(p_values, method="bh")]
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return [float(value) for value in adjusted]


def external_tests(
    moments: Mapping[str, SegmentMoments],
    tables: Mapping[str, Floats],
    inputs: Collection[str],
    correction: Correction = "holm",
) -> dict[str, tuple[Outcome, float]]:
    """Test every variable for differences between segments: Welch's for moments of one variable, chi-square for tables.

    Args:
        moments: by variable, of shape (k, 1) each.
        tables: by variable, customers by segment and category.
        inputs: what the clustering used. Only names are compared: a variable computed from an input is no more
            external than the input.

    Returns:
        By variable: the outcome and the corrected p-value. Variables that cannot be tested are left out.

    Raises:
        ValueError: a variable is an input, or is in both.

    Examples:
        >>> group = np.array([[30.0, 10.0], [10.0, 30.0]])
        >>> [(name, f"{p:.0e}") for name, (_, p) in external_tests({}, {"channel": group}, ["recency_days"]).items()]
        [('channel', '8e-06')]
        >>> external_tests({}, {"channel": group}, ["channel"])
        Traceback (most recent call last):
        ValueError: the clustering used these variables, so a test of them says nothing: channel
    """
    if used := sorted({*moments, *tables} & set(inputs)):
        raise ValueError(f"the clustering used these variables, so a test of them says nothing: {', '.join(used)}")
    if twice := sorted({*moments} & {*tables}):
        raise ValueError(f"given both as numeric and as categorical variables: {', '.join(twice)}")
    numeric = {name: welch(*(a[:, 0] for a in (one.counts, one.sums, one.squares))) for name, one in moments.items()}
    tested = numeric | {name: chi_square(table) for name, table in tables.items()}
    outcomes = {name: outcome for name, outcome in tested.items() if outcome is not None}
    adjusted = corrected([outcome.p_value for outcome in outcomes.values()], correction)
    return {name: (outcome, p) for (name, outcome), p in zip(outcomes.items(), adjusted, strict=True)}
