"""Inputs: how one feature becomes coordinates of the prepared customer, in words and as Spark SQL with literals."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from segspark.columns import quoted
from segspark.config.clustering import Transform

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coordinate:
    """A coordinate of the prepared customer.

    Attributes:
        name: of the column that holds it.
        sql: expression over the features; never null.
        reach: it lies between 0 and this, in the prepared unit.
    """

    name: str
    sql: str
    reach: float


@dataclass(frozen=True)
class Shape:
    """A monotone transformation towards a symmetric distribution.

    Attributes:
        power: lambda of Yeo and Johnson (2000); used by theirs alone.
    """

    transform: Transform
    power: float = 1.0

    def of(self, values: Floats) -> Floats:
        """The transformed values.

        Examples:
            >>> Shape("log").of(np.array([-np.e + 1, 0.0, np.e - 1])).round(9).tolist()
            [-1.0, 0.0, 1.0]
            >>> Shape("yeo-johnson", 2.0).of(np.array([-np.e + 1, 1.0])).round(9).tolist()
            [-1.0, 1.5]
        """
        if self.transform == "none":
            return values
        magnitude = np.abs(values)
        if self.transform == "log":
            return np.asarray(np.sign(values) * np.log1p(magnitude))
        powers = np.where(values >= 0, self.power, 2.0 - self.power)
        bent = np.expm1(powers * np.log1p(magnitude)) / np.where(powers == 0, 1.0, powers)
        return np.asarray(np.sign(values) * np.where(powers == 0, np.log1p(magnitude), bent))

    def sql(self, value: str) -> str:
        """The same in Spark SQL."""
        if self.transform == "none":
            return value
        logged = f"LOG1P(ABS({value}))"
        if self.transform == "log":
            return f"SIGN({value}) * {logged}"
        above, below = (
            logged if power == 0 else f"EXPM1({power!r}D * {logged}) / {power!r}D"
            for power in (self.power, 2.0 - self.power)
        )
        return f"CASE WHEN {value} >= 0 THEN {above} ELSE -({below}) END"

    @property
    def words(self) -> str:
        """As a person reads it; empty where nothing is done."""
        if self.transform == "none":
            return ""
        return ", signed log1p" if self.transform == "log" else f", Yeo-Johnson with lambda {self.power:.3g}"


@dataclass(frozen=True)
class NumberInput:
    """A feature that is a number.

    Attributes:
        lower: values below are raised to it, in the feature's unit.
        upper: values above are lowered to it.
        shape: what is done after that.
        fill: what unknown values count as, in the feature's unit.
        scale: what the shaped values are divided by.
        weight: what they are multiplied with after that.
        missing_share: share of customers whose value is unknown.
        indicator: weight of a coordinate of its own that tells who is unknown; 0: there is none.
    """

    feature: str
    lower: float
    upper: float
    shape: Shape
    fill: float
    scale: float
    weight: float
    missing_share: float
    indicator: float = 0.0

    @property
    def coordinates(self) -> list[Coordinate]:
        """The value, and the indicator where there is one."""
        value = f"CAST({quoted(self.feature)} AS DOUBLE)"
        known = f"({value} IS NOT NULL AND NOT ISNAN({value}))"
        pulled = f"LEAST(GREATEST(IF({known}, {value}, {self.fill!r}D), {self.lower!r}D), {self.upper!r}D)"
        origin, top = self.shape.of(np.array([self.lower, self.upper])).tolist()
        unit = self.weight / self.scale
        shaped = f"({self.shape.sql(pulled)} - ({origin!r}D)) * {unit!r}D"
        found = [Coordinate(f"{self.feature}__prepared", shaped, (top - origin) * unit)]
        if self.indicator:
            told = f"IF({known}, 0D, {self.indicator!r}D)"
            found.append(Coordinate(f"{self.feature}__unknown", told, self.indicator))
        return found

    @property
    def example(self) -> float:
        """A value in the middle that is nobody's."""
        return float(round((self.lower + self.upper) / 2))

    @property
    def words(self) -> str:
        """The preparation as a person reads it.

        Examples:
            >>> print(NumberInput("frequency", 1.0, 90.0, Shape("none"), 12.0, 20.0, 1.0, 0.0).words)
            winsorised to [1, 90], unknown (0.0%) counts as 12, divided by 20
        """
        weighted = f", times {self.weight:g}" if self.weight != 1 else ""
        told = f"; who is unknown is an input of its own, of weight {self.indicator:.3g}" if self.indicator else ""
        return (
            f"winsorised to [{self.lower:g}, {self.upper:g}]{self.shape.words}, unknown ({self.missing_share:.1%}) "
            f"counts as {self.fill:g}, divided by {self.scale:.4g}{weighted}{told}"
        )


@dataclass(frozen=True)
class LevelsInput:
    """A feature that is one of several levels: an indicator for each.

    Attributes:
        shares: of the levels that have an indicator; who is of none of them, or unknown, has none set.
        weight: what a number of standard deviation 1 would weigh as much as.
    """

    feature: str
    shares: Mapping[str, float]
    weight: float

    @property
    def unit(self) -> float:
        """Height of an indicator: such that all together vary as a number with standard deviation `weight`.

        Examples:
            >>> round(LevelsInput("plan", {"a": 0.5, "b": 0.5}, 1.0).unit, 4)
            1.4142
        """
        return self.weight / math.sqrt(sum(share * (1 - share) for share in self.shares.values()))

    @property
    def coordinates(self) -> list[Coordinate]:
        """An indicator for each level."""
        return [
            Coordinate(f"{self.feature}__is_{number}", self._indicator(level), self.unit)
            for number, level in enumerate(self.shares)
        ]

    def _indicator(self, level: str) -> str:
        # As hexadecimal digits: spark.ml and Spark replace __THIS__ and ${...} even inside of a text.
        return f"IF({quoted(self.feature)} <=> CAST(X'{level.encode().hex()}' AS STRING), {self.unit!r}D, 0D)"

    @property
    def example(self) -> str:
        """A level that is nobody's."""
        return "made up"

    @property
    def words(self) -> str:
        """The preparation as a person reads it."""
        return f"an indicator for each of {len(self.shares)} levels, all together of weight {self.weight:g}"


Input = NumberInput | LevelsInput


def power_of(values: Floats) -> float:
    """Lambda of Yeo and Johnson (2000) by maximum likelihood, as scikit-learn finds it.

    Args:
        values: known ones, not all equal.
    """
    from sklearn.preprocessing import PowerTransformer

    return float(PowerTransformer(standardize=False).fit(values[:, None]).lambdas_[0])


def robust_deviation(values: pd.Series) -> float:
    """Interquartile range over 1.349, which is the standard deviation of a normal distribution; 0 if it is 0.

    Examples:
        >>> round(robust_deviation(pd.Series([0.0, 1.0, 2.0, 3.0, 400.0])), 4)
        1.4826
    """
    return float(values.quantile(0.75) - values.quantile(0.25)) / 1.3489795003921634
