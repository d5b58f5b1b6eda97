"""Fits of the two models of purchases on counted patterns."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields

import numpy as np
from scipy.special import betaln, gammaln

from segspark.kernels.hypergeometric import Floats
from segspark.kernels.lifetimes import BgNbd, ParetoNbd
from segspark.value.fitting import TRIED, maximise
from segspark.value.patterns import Patterns

Model = BgNbd | ParetoNbd
BGNBD, PARETO = "bgnbd", "pareto_nbd"
WORDS = {BGNBD: "BG/NBD", PARETO: "Pareto/NBD"}


@dataclass(frozen=True)
class Fitted:
    """A model of purchases, and how it came about.

    Attributes:
        model: with its parameters, in units of time.
        log_likelihood: nats, of all customers that it was fitted on.
        customers: it was fitted on.
        patterns: distinct ones of these.
        ran_away: whether a parameter is as small or large as is allowed: the data do not bound it.
    """

    model: Model
    log_likelihood: float
    customers: int
    patterns: int
    ran_away: bool

    @property
    def parameters(self) -> dict[str, float]:
        """By name."""
        return dict(zip((one.name for one in fields(self.model)), astuple(self.model), strict=True))


def log_likelihood(model: Model, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Log-likelihood of each pattern, nats.

    Of either model it is that of a customer who is still there, less the log of the probability to be there.

    Examples:
        >>> none = np.array([0.0])
        >>> np.exp(log_likelihood(BgNbd(0.5, 1.0, 1.0, 1.0), none, none, none + 3.0)).tolist()  # (1 / (1 + 3)) ** 0.5
        [0.5]
    """
    r, alpha = model.r, model.alpha
    there = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + age)
    if isinstance(model, BgNbd):
        there = there + betaln(model.a, model.b + x) - betaln(model.a, model.b)
    else:
        there = there + model.s * (np.log(model.beta) - np.log(model.beta + age))
    return np.asarray(there + np.logaddexp(0.0, model.log_odds_gone(x, t_x, age)))


def fit(name: str, patterns: Patterns) -> Fitted:
    """The model of the greatest likelihood.

    Args:
        name: bgnbd or pareto_nbd.
        patterns: on which `unfit` has nothing to say.
    """
    made, few = _MODELS[name], patterns.thinned(TRIED)
    scale = float((patterns.age * patterns.customers).sum() / patterns.customers.sum())
    # r, alpha, then a, b of the one, or s, beta of the other.
    starts = [
        (one, scale * part, other, 2.0 if name == BGNBD else scale)
        for one, part, other in ((0.5, 0.2, 0.5), (1.0, 1.0, 2.0), (2.0, 0.2, 0.5))
    ]
    found = maximise(_mean(made, patterns), starts, _mean(made, few))
    return Fitted(
        made(*found.parameters), found.log_likelihood * patterns.total, patterns.total, patterns.size, found.ran_away
    )


def _mean(made: Callable[..., Model], patterns: Patterns) -> Callable[[Floats], float]:
    """Log-likelihood per customer, by parameters."""
    total = patterns.customers.sum()

    def of(theta: Floats) -> float:
        found = log_likelihood(made(*map(float, theta)), patterns.x, patterns.t_x, patterns.age)
        return float((found * patterns.customers).sum() / total)

    return of


_MODELS: Mapping[str, Callable[..., Model]] = {BGNBD: BgNbd, PARETO: ParetoNbd}
