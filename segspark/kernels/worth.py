"""What customers are worth by models of purchases and spend, batch by batch inside executors."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segspark.kernels.hypergeometric import Floats
from segspark.kernels.lifetimes import BgNbd, ParetoNbd
from segspark.kernels.spend import GammaGamma

_YEAR = 365.0  # days
SCHEMA = (
    "customer_id STRING, probability_alive DOUBLE, expected_purchases DOUBLE, expected_spend DOUBLE, clv DOUBLE, "
    "clv_if_alive DOUBLE"
)


@dataclass(frozen=True)
class Horizon:
    """How far is looked ahead, and what money is worth that comes later.

    Attributes:
        days: looked ahead.
        period_days: of the periods that these are divided into; what comes in a period counts as of its end.
        discount_rate: a year.
        margin_share: of spend.
    """

    days: int
    period_days: int
    discount_rate: float
    margin_share: float

    @property
    def ends(self) -> list[int]:
        """The periods' ends, in days from now; the last period may be shorter.

        Examples:
            >>> Horizon(70, 30, 0.1, 1.0).ends
            [30, 60, 70]
        """
        return [*range(self.period_days, self.days, self.period_days), self.days]


@dataclass(frozen=True)
class Worth:
    """The models that say what customers are worth.

    Attributes:
        purchases: in units of time.
        spend: in the currency.
        unit_days: days in a unit of time.
        horizon: that is looked ahead.
    """

    purchases: BgNbd | ParetoNbd
    spend: GammaGamma
    unit_days: int
    horizon: Horizon

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each customer's figures.

        Args:
            rows: x, t_x and age in days, frequency and monetary_value.

        Returns:
            In the order of the rows: probability_alive, expected_purchases and clv within the horizon, expected_spend
            an order, and clv_if_alive, what the customer would be worth if it is still there.
        """
        x, t_x, age, orders, amount = (
            rows[name].to_numpy(dtype=np.float64) for name in ("x", "t_x", "age", "frequency", "monetary_value")
        )
        alive = self.purchases.probability_alive(x, t_x / self.unit_days, age / self.unit_days)
        purchases, discounted = self._ahead(x, age)
        spend = self.spend.expected_spend(orders, amount / orders)
        worth = discounted * spend * self.horizon.margin_share
        return pd.DataFrame(
            {
                "probability_alive": alive,
                "expected_purchases": alive * purchases,
                "expected_spend": spend,
                "clv": alive * worth,
                "clv_if_alive": worth,
            }
        )

    def _ahead(self, x: Floats, age: Floats) -> tuple[Floats, Floats]:
        """Orders within the horizon if the customer is there, and the same discounted.

        They depend on x and age alone, of which many customers have the same.
        """
        kinds, own = np.unique(np.stack([x, age]), axis=1, return_inverse=True)
        before, discounted = np.zeros(kinds.shape[1]), np.zeros(kinds.shape[1])
        for end in self.horizon.ends:
            until = self.purchases.purchases_if_alive(kinds[0], kinds[1] / self.unit_days, end / self.unit_days)
            discounted += (until - before) / (1.0 + self.horizon.discount_rate) ** (end / _YEAR)
            before = until
        return before[own.ravel()], discounted[own.ravel()]

    def scored(self, batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Figures of batches of customers: see SCHEMA."""
        for rows in batches:
            yield pd.concat([rows[["customer_id"]].reset_index(drop=True), self.of(rows)], axis=1)


def predicted(
    batches: Iterable[pd.DataFrame], models: Mapping[str, BgNbd | ParetoNbd], unit_days: int, days: int
) -> Iterator[pd.DataFrame]:
    """Batches of customers with the orders in the days ahead that each model predicts, and that the rate so far does.

    Args:
        batches: x, t_x and age in days, and actual.
        models: by name.
        unit_days: days in the models' unit of time.
        days: ahead.

    Yields:
        x and actual as they were, and a prediction by the name of each model, and `naive`: x / age for each day.
    """
    for rows in batches:
        x, t_x, age = (rows[name].to_numpy(dtype=np.float64) for name in ("x", "t_x", "age"))
        found = {"x": rows["x"].to_numpy(), "actual": rows["actual"].to_numpy(), "naive": x / age * days}
        for name, model in models.items():
            alive = model.probability_alive(x, t_x / unit_days, age / unit_days)
            found[name] = alive * model.purchases_if_alive(x, age / unit_days, days / unit_days)
        yield pd.DataFrame(found)
