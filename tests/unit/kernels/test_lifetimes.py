"""Models of purchases: limits, integrals that define them, and no number that is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from segspark.kernels.lifetimes import BgNbd, ParetoNbd

BGNBD, PARETO = BgNbd(0.243, 4.414, 0.793, 2.426), ParetoNbd(0.553, 10.578, 0.606, 11.669)
CUSTOMERS = [(0, 0.0, 38.86), (1, 1.71, 38.86), (2, 30.43, 38.86), (26, 30.86, 31.0), (9, 3.0, 27.0)]


def bgnbd_by_integration(model: BgNbd, x: int, age: float, ahead: float) -> float:
    """Of who is there: the mean of (1 - exp(-rate p t)) / p over rate and p given the past, the rate integrated out.

    Of a customer with rate and p, orders until it leaves make up that number (Fader, Hardie and Lee 2005, equation 8).
    """

    def of(p: float) -> float:
        share = ahead / (model.alpha + age)
        return (model.r + x) * share if p == 0 else -np.expm1(-(model.r + x) * np.log1p(p * share)) / p

    # Weighed by the density of p, which has a pole at either end.
    weighed = integrate.quad(of, 0, 1, weight="alg", wvar=(model.a - 1, model.b + x - 1), epsabs=1e-13, epsrel=1e-12)[0]
    return weighed / special.beta(model.a, model.b + x)


def pareto_gone_by_integration(model: ParetoNbd, x: int, t_x: float, age: float) -> float:
    """Odds to have left: both ways to the past, by the time of leaving (Schmittlein, Morrison, Colombo 1987)."""

    def left_at(u: float) -> float:
        return model.s * (model.alpha + u) ** -(model.r + x) * (model.beta + u) ** -(model.s + 1)

    there = (model.alpha + age) ** -(model.r + x) * (model.beta + age) ** -model.s
    return integrate.quad(left_at, t_x, age, epsabs=0, epsrel=1e-12)[0] / there


@pytest.mark.parametrize(
    "model", [BGNBD, BgNbd(0.243, 4.414, 1.0, 2.426), BgNbd(0.4, 2.0, 0.3, 0.7), BgNbd(60, 400, 0.8, 2)]
)
@pytest.mark.parametrize(("x", "age"), [(0, 0.0), (0, 38.86), (2, 38.86), (40, 20.0)])
def test_expected_orders_of_bgnbd_are_the_integral_that_they_stand_for(model, x, age):
    found = model.purchases_if_alive(np.array(float(x)), np.array(age), 39.0)
    continued = model.a == 1 or (x == 0 and model.a + model.b == 1)  # where the formula divides nothing by nothing
    assert found == pytest.approx(bgnbd_by_integration(model, x, age, 39.0), rel=1e-5 if continued else 1e-8)


@pytest.mark.parametrize("model", [PARETO, ParetoNbd(0.8, 40.0, 2.5, 3.0), ParetoNbd(0.9, 3.0, 0.4, 60.0)])
@pytest.mark.parametrize(("x", "t_x", "age"), CUSTOMERS)
def test_odds_of_pareto_to_have_left_are_the_integral_that_they_stand_for(model, x, t_x, age):
    found = np.exp(model.log_odds_gone(np.array(float(x)), np.array(t_x), np.array(age)))
    assert found == pytest.approx(pareto_gone_by_integration(model, x, t_x, age), rel=1e-9)


def test_who_has_just_ordered_is_there_under_pareto_and_who_ordered_once_under_bgnbd():
    now = np.array([12.0])
    assert PARETO.probability_alive(np.array([3.0]), now, now) == pytest.approx(1.0)
    assert BGNBD.probability_alive(np.array([0.0]), np.array([0.0]), now) == 1.0


def test_pareto_without_any_loss_of_customers_is_a_rate_times_the_time():
    # s -> 0: nobody leaves, and orders go on at (r + x) / (alpha + age).
    forever = ParetoNbd(0.5, 10.0, 1e-9, 10.0)
    assert forever.purchases_if_alive(np.array(2.0), np.array(10.0), 4.0) == pytest.approx(2.5 / 20 * 4)


def test_a_shape_of_one_is_no_gap():
    values = [
        ParetoNbd(0.5, 10.0, s, 12.0).purchases_if_alive(np.array(2.0), np.array(30.0), 52.0)
        for s in (0.999999, 1, 1.000001)
    ]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-9)
    assert values[0] > values[1] > values[2]


@pytest.mark.parametrize("model", [BGNBD, PARETO, BgNbd(1e-4, 1e-4, 1e-4, 1e-4), ParetoNbd(90.0, 9e4, 1e-4, 1e-4)])
def test_no_customer_however_odd_gets_no_number(model):
    x = np.array([0.0, 0.0, 1.0, 5.0, 900.0, 900.0, 20_000.0])
    t_x = np.array([0.0, 0.0, 0.0, 0.0, 500.0, 1.0, 999.0])
    age = np.array([0.14, 1000.0, 0.14, 1000.0, 1000.0, 1000.0, 1000.0])
    alive = model.probability_alive(x, t_x, age)
    assert ((alive >= 0) & (alive <= 1)).all()
    for ahead in (1 / 7, 52.0, 520.0):
        orders = model.purchases_if_alive(x, age, ahead)
        assert np.isfinite(orders).all()
        assert (orders >= -1e-9).all()


def test_longer_silence_makes_it_less_likely_to_be_there_and_more_time_brings_more_orders():
    ages = np.linspace(31.0, 200.0, 40)
    for model in (BGNBD, PARETO):
        alive = model.probability_alive(np.full(40, 4.0), np.full(40, 30.0), ages)
        assert (np.diff(alive) < 0).all()
        ahead = [float(model.purchases_if_alive(np.array(4.0), np.array(50.0), t)) for t in (1, 4, 26, 52, 520)]
        assert ahead == sorted(ahead)
