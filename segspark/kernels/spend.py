"""What a customer spends an order, drawn from the own mean towards everybody's."""

from dataclasses import dataclass

import numpy as np

from segspark.kernels.hypergeometric import Floats


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma of Fader and Hardie (2013): amounts of a customer are Gamma distributed, and so are their rates.

    Attributes:
        p: shape of a customer's amounts.
        q: shape of the rates over customers, above 1, so that there is a mean.
        v: rate of the rates, in the currency.
    """

    p: float
    q: float
    v: float

    def expected_spend(self, orders: Floats, mean: Floats) -> Floats:
        """Amount of an order that is expected of each customer.

        Args:
            orders: that the mean is of.
            mean: amount of these; below 0 it counts as 0.

        Examples:
            >>> GammaGamma(6.25, 3.74, 15.44).expected_spend(np.array([2.0, 1.0]), np.array([22.35, 11.77])).round(2)
            array([24.66, 18.92])
        """
        seen = np.maximum(mean, 0.0) * orders
        return np.asarray(self.p * (self.v + seen) / (self.p * orders + self.q - 1.0))
