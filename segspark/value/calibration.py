"""Calibration: what was predicted of customers in a period, held against what they did in it."""

from dataclasses import dataclass
from math import fsum, sqrt

import pandas as pd

BY_PURCHASES, BY_PREDICTION = "repeat_purchases", "predicted_decile"
_NORMAL = 1.96  # standard errors to either end of a 95% interval


@dataclass(frozen=True)
class Bin:
    """Customers that are alike in what they did or what was predicted for them.

    Attributes:
        grouping: repeat_purchases or predicted_decile.
        bin: orders after the first, 7 for so many or more; or the decile, 1 that of the lowest predictions.
        customers: in it.
        predicted: mean orders predicted.
        actual: mean orders made.
        lower: lower end of the 95% interval of the mean made.
        upper: upper end of it.
    """

    grouping: str
    bin: int
    customers: int
    predicted: float
    actual: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Errors:
    """How a model did over all customers.

    Attributes:
        predicted: mean orders predicted.
        actual: mean orders made.
        mae: mean absolute error.
        rmse: root of the mean squared error, which is least of all for who predicts the mean.
    """

    predicted: float
    actual: float
    mae: float
    rmse: float

    @property
    def bias(self) -> float | None:
        """Share by which too many are predicted; below 0 too few; None where nothing was ordered.

        Examples:
            >>> Errors(1.2, 1.0, 0.5, 0.7).bias
            0.2
        """
        return self.predicted / self.actual - 1.0 if self.actual else None


def calibration(found: pd.DataFrame, name: str) -> list[Bin]:
    """A model's predictions beside what was ordered, by past orders and by decile of the prediction.

    Args:
        found: as `segspark.value.backtest.cells` returns them.
        name: of the model.

    Examples:
        >>> two = pd.DataFrame({"repeat_purchases": [0, 0], "naive_decile": [1, 2], "customers": [3, 1],
        ...     "actual": [2.0, 2.0], "actual_squares": [2.0, 4.0], "naive": [1.5, 0.5]})
        >>> [(one.grouping, one.bin, one.predicted, one.actual) for one in calibration(two, "naive")]
        [('repeat_purchases', 0, 0.5, 1.0), ('predicted_decile', 1, 0.5, 0.67), ('predicted_decile', 2, 0.5, 2.0)]
    """
    groupings = ((BY_PURCHASES, BY_PURCHASES), (BY_PREDICTION, f"{name}_decile"))
    return [
        _bin(grouping, number, found[found[column] == number], name)
        for grouping, column in groupings
        for number in sorted({int(one) for one in found[column]})
    ]


def _bin(grouping: str, number: int, own: pd.DataFrame, name: str) -> Bin:
    n = int(own["customers"].sum())
    mean = fsum(own["actual"]) / n
    spread = max(fsum(own["actual_squares"]) - n * mean * mean, 0.0) / (n - 1) if n > 1 else 0.0
    half = _NORMAL * sqrt(spread / n)
    return Bin(grouping, number, n, fsum(own[name]) / n, mean, mean - half, mean + half)


def errors(found: pd.DataFrame, name: str) -> Errors:
    """A model's errors over all customers.

    Args:
        found: as `segspark.value.backtest.cells` returns them.
        name: of the model.
    """
    n = int(found["customers"].sum())
    predicted, actual, off, squares = (fsum(found[one]) for one in (name, "actual", f"{name}_off", f"{name}_squares"))
    return Errors(predicted / n, actual / n, off / n, sqrt(squares / n))


def lead(found: pd.DataFrame) -> float | None:
    """By how many standard errors the squared errors of Pareto/NBD are below those of BG/NBD, customer by customer.

    Args:
        found: as `segspark.value.backtest.cells` returns them.

    Returns:
        None where only one of the two was asked for; 0 where they are the same.

    Examples:
        >>> lead(pd.DataFrame({"customers": [2, 2], "lead": [1.0, 3.0], "lead_squares": [1.0, 5.0]}))
        2.83
    """
    if "lead" not in found:
        return None
    total, squares = fsum(found["lead"]), fsum(found["lead_squares"])
    spread = squares - total * total / int(found["customers"].sum())
    return total / sqrt(spread) if spread > 0 else 0.0
