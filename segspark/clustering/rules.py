"""Rules that a person can apply: conditions on features, as words, as Spark SQL, and as a mask over customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import numpy.typing as npt

from segspark.clustering.clusterers import Floats
from segspark.columns import quoted

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Condition:
    """What a feature's value has to be: above < value <= up_to, in the feature's unit.

    Attributes:
        known: whether a known value between the two will do; only an unknown one does otherwise.
        unknown: whether an unknown (null) value will do.
        may_be_unknown: whether values were unknown where the rule was made, so that a person is told of them.
    """

    feature: str
    above: float = -inf
    up_to: float = inf
    known: bool = True
    unknown: bool = False
    may_be_unknown: bool = False

    def both(self, other: "Condition") -> "Condition":
        """The condition that holds where this one and another of the same feature do.

        Examples:
            >>> Condition("age", above=20).both(Condition("age", up_to=30, unknown=True)).words
            '20 < age <= 30'
        """
        return replace(
            self,
            above=max(self.above, other.above),
            up_to=min(self.up_to, other.up_to),
            known=self.known and other.known,
            unknown=self.unknown and other.unknown,
        )

    @property
    def possible(self) -> bool:
        """Whether any value can meet it."""
        return self.unknown or (self.known and self.above < self.up_to)

    @property
    def words(self) -> str:
        """As a person reads it.

        Examples:
            >>> Condition("age", above=20, unknown=True, may_be_unknown=True).words
            '(age > 20 or unknown)'
        """
        if not self.known:
            return f"{self.feature} unknown"
        if self.above == -inf and self.up_to == inf:
            return f"{self.feature} known"
        if self.above == -inf:
            value = f"{self.feature} <= {self.up_to:.15g}"
        elif self.up_to == inf:
            value = f"{self.feature} > {self.above:.15g}"
        else:
            value = f"{self.above:.15g} < {self.feature} <= {self.up_to:.15g}"
        return f"({value} or unknown)" if self.unknown and self.may_be_unknown else value

    @property
    def sql(self) -> str:
        """As Spark SQL; the feature's name is quoted, so that it is read as a name whatever it is.

        Examples:
            >>> print(Condition("my`age", above=20, up_to=30).sql)
            (`my``age` > 20.0D AND `my``age` <= 30.0D)
        """
        name = quoted(self.feature)
        if not self.known:
            return f"{name} IS NULL"
        parts = [f"{name} > {float(self.above)!r}D"] if self.above > -inf else []
        parts += [f"{name} <= {float(self.up_to)!r}D"] if self.up_to < inf else []
        value = " AND ".join(parts) or f"{name} IS NOT NULL"
        if self.unknown:
            return f"({value} OR {name} IS NULL)"
        return f"({value})" if len(parts) > 1 else value

    def met(self, values: Floats) -> Bools:
        """Which values meet it; NaN stands for unknown.

        Examples:
            >>> Condition("age", above=20, unknown=True).met(np.array([20.0, 21.0, np.nan])).tolist()
            [False, True, True]
        """
        inside = (values > self.above) & (values <= self.up_to) & self.known
        return np.where(np.isnan(values), self.unknown, inside)


@dataclass(frozen=True)
class Leaf:
    """Conditions that hold together, at most one a feature, and the segment of those who meet them all."""

    segment: int
    conditions: tuple[Condition, ...]

    @property
    def words(self) -> str:
        """As a person reads it; 'everyone' without a condition."""
        return " and ".join(condition.words for condition in self.conditions) or "everyone"

    @property
    def sql(self) -> str:
        """As Spark SQL; TRUE without a condition."""
        return " AND ".join(condition.sql for condition in self.conditions) or "TRUE"

    def met(self, features: Mapping[str, Floats], n: int) -> Bools:
        """Which of n customers meet all conditions, by their values of each feature."""
        found = np.full(n, True)
        for condition in self.conditions:
            found &= condition.met(features[condition.feature])
        return found


def words_of(leaves: Sequence[Leaf]) -> str:
    """A rule of alternatives as a person reads it; 'nobody' without any.

    Examples:
        >>> words_of([Leaf(0, (Condition("recency_days", up_to=30), Condition("frequency", above=12))), Leaf(0, ())])
        'recency_days <= 30 and frequency > 12; or everyone'
    """
    return "; or ".join(leaf.words for leaf in leaves) or "nobody"


def sql_of(leaves: Sequence[Leaf]) -> str:
    """A rule of alternatives as a Spark SQL condition, never null; FALSE without any.

    Examples:
        >>> print(sql_of([Leaf(0, (Condition("age", up_to=30),)), Leaf(0, (Condition("age", above=50),))]))
        COALESCE((`age` <= 30.0D) OR (`age` > 50.0D), FALSE)
    """
    return f"COALESCE({' OR '.join(f'({leaf.sql})' for leaf in leaves)}, FALSE)" if leaves else "FALSE"
