"""Maximum likelihood of a few positive parameters, from several starts, on the driver."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from segspark.kernels.hypergeometric import Floats

_LOW, _HIGH = 1e-4, 1e5  # parameters beyond which customers are all alike, or nobody ever leaves
_NEAR = 1.001  # a parameter this near to one of these has run away
_ROUGHLY = {"jac": "2-point", "options": {"maxiter": 50, "ftol": 1e-6}}
_EXACTLY = {"jac": "3-point", "options": {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8}}
TRIED = 500  # patterns or customers, at most, by which the best start is found


@dataclass(frozen=True)
class Fit:
    """Parameters of the greatest likelihood.

    Attributes:
        parameters: in the order of the model's.
        log_likelihood: nats, of all customers that it was fitted on.
        ran_away: whether a parameter is as small or large as is allowed: the data do not bound it.
    """

    parameters: tuple[float, ...]
    log_likelihood: float
    ran_away: bool


def maximise(
    log_likelihood: Callable[[Floats], float], starts: Sequence[Sequence[float]], first_look: Callable[[Floats], float]
) -> Fit:
    """Find the parameters at which a log-likelihood is greatest.

    The logarithms of the parameters are searched, by L-BFGS-B, at the end with differences on both sides. The same
    input gives the same result: nothing is drawn.

    Args:
        log_likelihood: of the parameters, all above 0; nats per customer.
        starts: parameters to begin from.
        first_look: the same of fewer patterns: the start that ends best in it is the one that is followed to the end.

    Examples:
        >>> def rate(theta):  # of an exponential with mean 2
        ...     return float(np.log(theta[0]) - 2 * theta[0])
        >>> round(maximise(rate, [[5.0], [0.01]], rate).parameters[0], 6)
        0.5
    """
    tried = [_climbed(first_look, np.log(np.asarray(one, dtype=np.float64)), _ROUGHLY) for one in starts]
    best = min(tried, key=lambda one: one[1])[0]
    theta, least = _climbed(log_likelihood, best, _EXACTLY)
    found = np.exp(theta)
    away = bool(((found < _LOW * _NEAR) | (found > _HIGH / _NEAR)).any())
    return Fit(tuple(map(float, found)), -least, away)


def _climbed(
    log_likelihood: Callable[[Floats], float], start: Floats, how: Mapping[str, object]
) -> tuple[Floats, float]:
    """Logarithms of the parameters, and minus the log-likelihood there."""

    def lost(theta: Floats) -> float:
        value = log_likelihood(np.exp(theta))
        return -value if np.isfinite(value) else 1e10

    bounds = [(np.log(_LOW), np.log(_HIGH))] * len(start)
    found = optimize.minimize(lost, start, method="L-BFGS-B", bounds=bounds, **how)
    return np.asarray(found.x), float(found.fun)
