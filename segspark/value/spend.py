"""The fit of the Gamma-Gamma model on what repeat buyers spend an order."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln

from segspark.kernels.hypergeometric import Floats
from segspark.kernels.spend import GammaGamma
from segspark.value.fitting import TRIED, maximise

_FEWEST = 30  # repeat buyers; of fewer the shapes of two distributions cannot be told


@dataclass(frozen=True)
class FittedSpend:
    """A model of spend, and how it came about.

    Attributes:
        model: with its parameters, in the currency.
        log_likelihood: nats, of all customers that it was fitted on.
        customers: it was fitted on.
        correlation: of the number of orders with their mean amount, which the model takes to be 0.
        ran_away: whether a parameter is as small or large as is allowed: the data do not bound it.
    """

    model: GammaGamma
    log_likelihood: float
    customers: int
    correlation: float
    ran_away: bool


def spends_of(customers: pd.DataFrame) -> pd.DataFrame:
    """Orders and their mean amount, of customers with two orders or more whose amounts are above 0, sorted.

    The mean is over all orders, the first one included: so many is it of.

    Args:
        customers: frequency and monetary_value.

    Examples:
        >>> rows = pd.DataFrame({"frequency": [1, 2, 3], "monetary_value": [9.0, 8.0, -1.0]})
        >>> spends_of(rows).values.tolist()
        [[2.0, 4.0]]
    """
    known = customers.astype({"frequency": float, "monetary_value": float})
    known = known[(known["frequency"] >= 2) & (known["monetary_value"] > 0)]
    made = pd.DataFrame({"orders": known["frequency"], "mean": known["monetary_value"] / known["frequency"]})
    return made.sort_values(["orders", "mean"], ignore_index=True)


def unfit_spend(spends: pd.DataFrame) -> str:
    """Why no model can be fitted on the amounts; empty if one can.

    Examples:
        >>> unfit_spend(pd.DataFrame({"orders": [2.0] * 40, "mean": [5.0] * 40}))
        'all 40 spend the same'
    """
    if len(spends) < _FEWEST:
        return f"{len(spends)} customers with two orders spent anything, and {_FEWEST} are needed"
    return f"all {len(spends):,} spend the same" if spends["mean"].nunique() == 1 else ""


def fit_spend(spends: pd.DataFrame) -> FittedSpend:
    """The model of the greatest likelihood.

    Args:
        spends: orders and their mean amount, above 0: see `spends_of`.
    """
    orders, mean = (spends[name].to_numpy(dtype=np.float64) for name in ("orders", "mean"))
    middle = float(mean.mean())  # amounts in its unit: then starts and limits suit every currency
    step = -(-len(orders) // TRIED)
    starts = ((1.0, 1.0, 1.0), (5.0, 3.0, 0.6), (0.5, 10.0, 20.0))  # p, q - 1, v

    def of(orders: Floats, mean: Floats, theta: Floats) -> float:
        return float(log_likelihood(_model(theta), orders, mean).mean())

    found = maximise(
        lambda theta: of(orders, mean / middle, theta),
        starts,
        lambda theta: of(orders[::step], mean[::step] / middle, theta),
    )
    model = _model(np.asarray(found.parameters))
    # A density of amounts in another unit: its log differs by that of the unit, for each customer.
    total = (found.log_likelihood - float(np.log(middle))) * len(orders)
    own = GammaGamma(model.p, model.q, model.v * middle)
    return FittedSpend(own, total, len(orders), _correlation(orders, mean), found.ran_away)


def log_likelihood(model: GammaGamma, orders: Floats, mean: Floats) -> Floats:
    """Log of the density of each customer's mean amount, nats.

    Examples:
        >>> one = np.array([1.0])  # p = q = v = 1: the density is 1 / (1 + mean) ** 2
        >>> np.exp(log_likelihood(GammaGamma(1.0, 1.0, 1.0), one, one)).tolist()
        [0.25]
    """
    p, q, v = model.p, model.q, model.v
    shape = p * orders
    shapes = gammaln(shape + q) - gammaln(shape) - gammaln(q)
    return np.asarray(
        shapes + q * np.log(v) + (shape - 1) * np.log(mean) + shape * np.log(orders)
        - (shape + q) * np.log(v + orders * mean)
    )  # fmt: skip


def _model(theta: Floats) -> GammaGamma:
    """Searched are p, q - 1 and v: without a mean of the amounts a value would be infinite."""
    p, above, v = map(float, theta)
    return GammaGamma(p, 1.0 + above, v)


def _correlation(orders: Floats, mean: Floats) -> float:
    return float(np.corrcoef(orders, mean)[0, 1]) if np.ptp(orders) > 0 else 0.0
