"""Steady, blip or shift: a change held against resamples of the customers and against the periods before.

The rule is declared in docs/statistics.md, and tests hold it against planted histories.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Word = Literal["steady", "blip", "shift"]
Kind = Literal["agreement", "jaccard", "share_shift", "profile_shift", "psi"]

WRONG = 0.05  # of comparisons in which nothing changed, the share of those that may be called a shift
PERIODS = 5  # so many periods before tell how much a measure varies; fewer, and a conventional limit stands in
_OVERALL: tuple[Kind, ...] = ("agreement", "share_shift")
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Rule:
    """How a kind of measure is judged.

    Attributes:
        none: its value where nothing changed.
        side: 1 where only more is worse, -1 where only less is, 0 where either is a change.
        least: a deviation from what is usual that is worth a word.
        limit: one that is a shift by convention, where too few periods tell what is usual.
    """

    none: float
    side: Literal[-1, 0, 1]
    least: float
    limit: float


RULES: Mapping[Kind, Rule] = {
    # 0.9 is excellent agreement, below 0.65 it is poor (Steinley 2004).
    "agreement": Rule(1.0, -1, 0.1, 0.35),
    # Below 0.5 a cluster is dissolved (Hennig 2007).
    "jaccard": Rule(1.0, -1, 0.1, 0.5),
    "share_shift": Rule(0.0, 0, 0.02, 0.05),
    # 0.2 is a small difference, 0.5 a medium one (Cohen 1988).
    "profile_shift": Rule(0.0, 0, 0.2, 0.5),
    # Below 0.1 nothing to speak of, above 0.25 a major change (Siddiqi 2006).
    "psi": Rule(0.0, 1, 0.1, 0.25),
}


@dataclass(frozen=True)
class Measure:
    """Something measured between two dates.

    Attributes:
        kind: which rule it is judged by.
        name: of the measure, the segment or the feature.
        value: as measured.
        error: its standard deviation over resamples.
        lower: lower end of its 95% interval.
        upper: upper end.
    """

    kind: Kind
    name: str
    value: float
    error: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Judged:
    """A measure and what is to be made of it.

    Attributes:
        usual: its mean in the periods before; where there are none, its value where nothing changed.
        threshold: how far from that it would have to be for a shift.
        periods: before, by which it was judged.
    """

    measure: Measure
    usual: float
    threshold: float
    periods: int
    verdict: Word


def drawn(kind: Kind, name: str, value: float, draws: Floats) -> Measure:
    """A measure with the standard deviation and the percentile interval of its resamples.

    Examples:
        >>> one = drawn("psi", "frequency", 0.2, np.array([0.1, 0.2, 0.3]))
        >>> round(one.error, 3), round(one.lower, 3), round(one.upper, 3)
        (0.082, 0.105, 0.295)
    """
    lower, upper = np.percentile(draws, _INTERVAL)
    return Measure(kind, name, float(value), float(draws.std()), float(lower), float(upper))


def normal(kind: Kind, name: str, value: float, error: float) -> Measure:
    """A measure with a known standard error and the interval of a normal distribution.

    Examples:
        >>> round(normal("profile_shift", "s/x", 0.0, 1.0).upper, 2)
        1.96
    """
    reach = float(stats.norm.ppf(0.975)) * error
    return Measure(kind, name, value, error, value - reach, value + reach)


def judge(measures: Sequence[Measure], before: Mapping[tuple[str, str], Sequence[float]]) -> list[Judged]:
    """The verdict on each measure.

    With d the deviation from what is usual: steady where d is no more than resamples explain, or than is worth a word;
    a shift where it is also more than the periods before explain; else a blip. The chance of calling noise a shift is
    divided among the measures of a kind (Bonferroni); those that the overall verdict is made of are one kind.

    Args:
        measures: of one comparison.
        before: values of the same measures in earlier comparisons over like periods, by kind and name.

    Examples:
        >>> one = Measure("share_shift", "s", 0.1, 0.004, 0.09, 0.11)
        >>> periods = {("share_shift", "s"): [0.01, -0.01, 0.0, 0.01, -0.01, 0.0]}
        >>> judge([one], periods)[0].verdict
        'shift'
        >>> judge([one], {("share_shift", "s"): [0.2, -0.2, 0.1, -0.1, 0.1]})[0].verdict
        'blip'
    """
    family = {kind: sum(one.kind == kind for one in measures) for kind in RULES}
    family |= dict.fromkeys(_OVERALL, sum(family[kind] for kind in _OVERALL))
    return [_judged(one, before.get((one.kind, one.name), ()), family[one.kind]) for one in measures]


def overall(judged: Iterable[Judged]) -> Word:
    """The verdict on a comparison: the worst of those on the agreement (ARI) and on the segments' shares.

    Profiles and features have verdicts of their own: a feature may shift for everybody, such as tenure does each
    night, without anybody changing the segment.

    Examples:
        >>> steady = Judged(Measure("agreement", "ari", 0.9, 0.01, 0.88, 0.92), 0.9, 0.1, 5, "steady")
        >>> overall([steady, Judged(Measure("psi", "tenure_days", 9, 1, 8, 10), 0, 0.1, 0, "shift")])
        'steady'
    """
    words = [one.verdict for one in judged if one.measure.kind == "share_shift" or one.measure.name == "ari"]
    return "shift" if "shift" in words else "blip" if "blip" in words else "steady"


def _judged(one: Measure, before: Sequence[float], family: int) -> Judged:
    rule, periods = RULES[one.kind], len(before)
    usual = float(np.mean(before)) if periods else rule.none
    chance = WRONG / family / (1 if rule.side else 2)
    noise = max(float(stats.norm.ppf(1 - chance)) * one.error, rule.least)
    if periods >= PERIODS:
        spread = float(np.std(before, ddof=1))
        # The prediction interval of one more period of a normal distribution.
        varies = float(stats.t.ppf(1 - chance, periods - 1)) * spread * float(np.sqrt(1 + 1 / periods))
    else:
        varies = max([rule.limit, *(abs(value - usual) for value in before)])
    away = one.value - usual
    away = away * rule.side if rule.side else abs(away)
    threshold = max(noise, varies)
    verdict: Word = "shift" if away > threshold else "blip" if away > noise else "steady"
    return Judged(one, usual, threshold, periods, verdict)
