"""Customers who never say goodbye: how likely one is still there, and how often it then buys, by its past orders.

Times are in one unit, whichever the parameters are in. `x` counts the orders after the first, `t_x` is the time from
the first order to the last one, `age` that from the first order to now (T in the papers).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segspark.kernels.hypergeometric import Floats, hyp2f1

_APART = 1e-6  # from where a formula divides by nothing, to which the value there is continued
_LIKE_ONE = 1e-9
_NOTHING = 45.0  # nats
_GRADE = 3  # nodes lie the closer, the nearer to the last order: whatever the scale on which the integrand falls
_NODES, _WEIGHTS = ((one + shift) / 2 for one, shift in zip(np.polynomial.legendre.leggauss(64), (1, 0), strict=True))


@dataclass(frozen=True)
class BgNbd:
    """BG/NBD of Fader, Hardie and Lee (2005): a customer may leave after each order but the first.

    So who has ordered once is there with certainty: the model has no way to tell.

    Attributes:
        r: shape of the rates of purchase over customers, which are Gamma distributed.
        alpha: their rate, in units of time: the mean is r / alpha orders a unit.
        a: first shape of the probabilities to leave after an order, which are Beta distributed.
        b: second shape of these.
    """

    r: float
    alpha: float
    a: float
    b: float

    def log_odds_gone(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Log of the odds that the customer has left; -inf where it cannot have."""
        waited = np.log((self.alpha + age) / (self.alpha + t_x))
        repeated = np.maximum(x, 1.0)
        gone = np.log(self.a) - np.log(self.b + repeated - 1.0) + (self.r + x) * waited
        return np.where(x > 0, gone, -np.inf)

    def probability_alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Probability that the customer is still there.

        Examples:
            >>> model = BgNbd(0.243, 4.414, 0.793, 2.426)
            >>> model.probability_alive(np.array([2.0, 0.0]), np.array([30.43, 0.0]), np.array([38.86, 38.86])).round(4)
            array([0.7266, 1.    ])
        """
        return probability(self.log_odds_gone(x, t_x, age))

    def purchases_if_alive(self, x: Floats, age: Floats, ahead: npt.ArrayLike) -> Floats:
        """Orders that are expected in the time ahead of a customer that is still there.

        Examples:
            >>> model = BgNbd(0.243, 4.414, 0.793, 2.426)
            >>> round(float(model.purchases_if_alive(np.array(0.0), np.array(0.0), 78.0)), 3)
            1.861
        """
        a = _away_from(self.a, 1.0)
        low = a + self.b + x - 1.0
        low = np.where(np.abs(low) < _APART, _APART, low)
        since = self.alpha + age
        time = np.asarray(ahead, dtype=np.float64)
        z = time / (since + time)
        # Euler's transformation of the paper's formula: large x make it easier, and overflow nothing.
        held = np.exp((a - 1.0) * np.log1p(-z)) * hyp2f1(low - self.r - x, a - 1.0, low, z)
        return np.asarray(low / (a - 1.0) * (1.0 - held))


@dataclass(frozen=True)
class ParetoNbd:
    """Pareto/NBD of Schmittlein, Morrison and Colombo (1987): a customer may leave at any time.

    Attributes:
        r: shape of the rates of purchase over customers, which are Gamma distributed.
        alpha: their rate, in units of time.
        s: shape of the rates at which customers leave, which are Gamma distributed, too.
        beta: their rate, in units of time.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_odds_gone(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Log of the odds that the customer has left; -inf where it has just ordered.

        The odds are s times the integral from t_x to age, over the time t of leaving, of
        ((alpha + age) / (alpha + t)) ** (r + x) * ((beta + age) / (beta + t)) ** s / (beta + t): what the paper says
        with Gaussian hypergeometric functions, of which many terms are needed where alpha and beta are far apart. Here
        by Gauss's rule over the logarithm of alpha + t, to some 1e-10.
        """
        power = self.r + x
        waited = np.log((self.alpha + age) / (self.alpha + t_x))
        # Past so many times 1 / power the integrand is nothing beside what it began with.
        reach = np.minimum(waited, _NOTHING / power)[..., None]
        gone = reach * _NODES**_GRADE
        left = (self.alpha + t_x)[..., None] * np.exp(gone) - self.alpha + self.beta  # beta + t
        most = self.s * np.log((self.beta + age) / (self.beta + t_x))  # of the logarithm, at t_x
        falls = -power[..., None] * gone + self.s * np.log((self.beta + t_x)[..., None] / left)
        held = np.exp(falls) * (left + self.alpha - self.beta) / left * _WEIGHTS * _GRADE * _NODES ** (_GRADE - 1)
        with np.errstate(divide="ignore"):
            return np.asarray(
                np.log(self.s) + power * waited + most + np.log(reach[..., 0]) + np.log(held.sum(axis=-1))
            )

    def probability_alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Probability that the customer is still there.

        Examples:
            >>> model = ParetoNbd(0.553, 10.578, 0.606, 11.669)
            >>> model.probability_alive(np.array([26.0]), np.array([30.86]), np.array([31.0])).round(4).tolist()
            [0.9979]
        """
        return probability(self.log_odds_gone(x, t_x, age))

    def purchases_if_alive(self, x: Floats, age: Floats, ahead: npt.ArrayLike) -> Floats:
        """Orders that are expected in the time ahead of a customer that is still there.

        Examples:
            >>> model = ParetoNbd(0.553, 10.578, 0.606, 11.669)
            >>> round(float(model.purchases_if_alive(np.array(0.0), np.array(0.0), 52.0)), 3)
            1.473
        """
        grows = np.log1p(np.asarray(ahead, dtype=np.float64) / (self.beta + age))
        power = self.s - 1.0
        stays = grows if abs(power) < _LIKE_ONE else -np.expm1(-power * grows) / power
        return np.asarray((self.r + x) * (self.beta + age) / (self.alpha + age) * stays)


def probability(log_odds_against: Floats) -> Floats:
    """1 / (1 + odds), whatever their size.

    Examples:
        >>> probability(np.array([-np.inf, 0.0, 1000.0])).tolist()
        [1.0, 0.5, 0.0]
    """
    return np.asarray(np.exp(-np.logaddexp(0.0, log_odds_against)))


def _away_from(value: float, pole: float) -> float:
    return value if abs(value - pole) >= _APART else pole + _APART
