"""Worth: periods, discounting and batches, by hand where nobody ever leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segspark.kernels.lifetimes import BgNbd, ParetoNbd
from segspark.kernels.spend import GammaGamma
from segspark.kernels.worth import Horizon, Worth, predicted

# Nobody leaves: a customer orders (r + x) / (alpha + age) times a week, for ever.
FOREVER = ParetoNbd(1.0, 10.0, 1e-12, 10.0)
SPEND = GammaGamma(6.0, 4.0, 15.0)


def customers(*rows: tuple[int, int, int, float]) -> pd.DataFrame:
    found = pd.DataFrame(list(rows), columns=["x", "t_x", "age", "monetary_value"])
    return found.assign(frequency=found["x"] + 1, customer_id=[f"c{one}" for one in range(len(rows))])


def test_value_is_orders_by_spend_by_margin_discounted_to_the_end_of_their_periods():
    worth = Worth(FOREVER, SPEND, 7, Horizon(365, 200, 0.1, 0.25))
    found = worth.of(customers((3, 140, 280, 80.0))).iloc[0]
    # (1 + 3) / (10 + 40) orders a week; four orders of 20 each: 6 (15 + 80) / (24 + 3) an order.
    rate, spend = 4 / 50 / 7, 6 * 95 / 27
    assert found["expected_purchases"] == pytest.approx(rate * 365)
    assert found["expected_spend"] == pytest.approx(spend)
    discounted = 200 / 1.1 ** (200 / 365) + 165 / 1.1
    assert found["clv"] == pytest.approx(rate * discounted * spend * 0.25)
    assert found["clv_if_alive"] == pytest.approx(found["clv"])


def test_value_is_that_of_a_customer_who_is_there_times_the_probability_to_be_there():
    worth = Worth(BgNbd(0.243, 4.414, 0.793, 2.426), SPEND, 7, Horizon(273, 30, 0.0, 1.0))
    rows = customers((2, 213, 272, 60.0), (0, 0, 272, 20.0))
    found = worth.of(rows)
    # The paper's customer: 1.226 orders in 39 weeks, published; without discount value is orders by spend.
    assert found["expected_purchases"][0] == pytest.approx(1.226, abs=1e-3)
    assert (found["clv"] / found["expected_spend"]).to_numpy() == pytest.approx(found["expected_purchases"].to_numpy())
    assert (found["clv"] / found["clv_if_alive"]).to_numpy() == pytest.approx(found["probability_alive"].to_numpy())
    assert found["probability_alive"][1] == 1


def test_figures_are_the_same_however_customers_are_divided_into_batches():
    worth = Worth(ParetoNbd(0.553, 10.578, 0.606, 11.669), SPEND, 7, Horizon(365, 30, 0.1, 1.0))
    rows = customers(*((x, 7 * x, 30 + 11 * x, 12.5 * x + 3) for x in range(40)))
    whole = pd.concat(worth.scored([rows]))
    parts = pd.concat(worth.scored([rows.iloc[:7], rows.iloc[7:8], rows.iloc[8:]]))
    assert parts["customer_id"].tolist() == whole["customer_id"].tolist()
    numbers = whole.columns[1:]
    assert parts[numbers].to_numpy() == pytest.approx(whole[numbers].to_numpy(), rel=1e-12)
    assert np.isfinite(whole[numbers].to_numpy()).all()


def test_the_naive_prediction_is_the_rate_so_far_and_models_are_in_their_own_unit():
    rows = customers((3, 140, 280, 80.0), (0, 0, 7, 5.0)).assign(actual=[2.0, 0.0])
    found = next(predicted([rows], {"forever": FOREVER}, 7, 70))
    assert found["naive"].tolist() == [3 / 280 * 70, 0.0]
    assert found["forever"].to_numpy() == pytest.approx([4 / 50 * 10, 1 / 11 * 10])
    assert found["actual"].tolist() == [2.0, 0.0]
