"""Fits on customers whose parameters are known, and on those of whom nothing can be told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from segspark.kernels.lifetimes import BgNbd, ParetoNbd
from segspark.kernels.spend import GammaGamma
from segspark.value.choice import choose
from segspark.value.patterns import Patterns, patterns_of, unfit
from segspark.value.purchases import BGNBD, PARETO, fit, log_likelihood
from segspark.value.spend import fit_spend, spends_of, unfit_spend

SIZE = 8_000


def days(x, t_x, age) -> pd.DataFrame:
    return pd.DataFrame({"x": x, "t_x": np.floor(t_x * 7), "age": np.rint(age * 7)})


def pareto_customers(model: ParetoNbd, seed: int) -> pd.DataFrame:
    """Orders at a rate of one's own until one leaves, at a rate of one's own; times of orders are even in between."""
    random = np.random.default_rng(seed)
    rate, leaving = random.gamma(model.r, 1 / model.alpha, SIZE), random.gamma(model.s, 1 / model.beta, SIZE)
    age = random.integers(7, 2 * 365, SIZE) / 7
    until = np.minimum(age, random.exponential(1 / leaving))
    x = random.poisson(rate * until)
    last = until * random.beta(np.maximum(x, 1), 1)  # the greatest of x even ones
    return days(x, np.where(x > 0, last, 0), age)


def bgnbd_customers(model: BgNbd, seed: int) -> pd.DataFrame:
    """Orders at a rate of one's own; after each one leaves with a probability of one's own."""
    random = np.random.default_rng(seed)
    rate, leaving = random.gamma(model.r, 1 / model.alpha, SIZE), random.beta(model.a, model.b, SIZE)
    age = random.integers(7, 2 * 365, SIZE) / 7
    made = []
    for own, share, end in zip(rate, leaving, age, strict=True):
        x, last = 0, 0.0
        while True:
            then = last + random.exponential(1 / own)
            if then > end:
                break
            x, last = x + 1, then
            if random.random() < share:
                break
        made.append((x, last))
    x, t_x = np.array(made).T
    return days(x, t_x, age)


def test_pareto_nbd_finds_the_parameters_of_customers_that_are_made_by_it():
    planted = ParetoNbd(0.8, 8.0, 0.6, 20.0)
    found = fit(PARETO, patterns_of(pareto_customers(planted, 3), 7))
    # Three standard errors or so: of s and beta, which only silences tell, they are the largest.
    assert found.parameters["r"] == pytest.approx(0.8, rel=0.1)
    assert found.parameters["alpha"] == pytest.approx(8.0, rel=0.1)
    assert found.parameters["s"] == pytest.approx(0.6, rel=0.2)
    assert found.parameters["beta"] == pytest.approx(20.0, rel=0.35)
    assert not found.ran_away


def test_bgnbd_finds_the_parameters_of_customers_that_are_made_by_it():
    planted = BgNbd(0.5, 5.0, 0.8, 2.5)
    found = fit(BGNBD, patterns_of(bgnbd_customers(planted, 5), 7))
    assert found.parameters["r"] == pytest.approx(0.5, rel=0.1)
    assert found.parameters["alpha"] == pytest.approx(5.0, rel=0.12)
    assert found.parameters["a"] == pytest.approx(0.8, rel=0.2)
    assert found.parameters["b"] == pytest.approx(2.5, rel=0.25)


def test_gamma_gamma_finds_the_parameters_of_customers_that_are_made_by_it_in_any_currency():
    random = np.random.default_rng(7)
    orders = random.integers(2, 9, SIZE).astype(float)
    mean = random.gamma(6.0 * orders, 1 / (random.gamma(4.0, 1 / 15.0, SIZE) * orders))
    for unit in (1.0, 150.0):
        found = fit_spend(spends_of(pd.DataFrame({"frequency": orders, "monetary_value": mean * orders * unit})))
        assert found.model.p == pytest.approx(6.0, rel=0.1)
        assert found.model.q == pytest.approx(4.0, rel=0.1)
        assert found.model.v == pytest.approx(15.0 * unit, rel=0.15)


def test_a_pattern_counted_twice_weighs_as_two_customers():
    rows = pareto_customers(ParetoNbd(0.8, 8.0, 0.6, 20.0), 9).head(400)
    twice = pd.concat([rows, rows.sample(frac=1, random_state=1)], ignore_index=True)
    one, two = fit(BGNBD, patterns_of(rows, 7)), fit(BGNBD, patterns_of(twice, 7))
    assert two.parameters == pytest.approx(one.parameters, rel=1e-3)
    assert two.log_likelihood == pytest.approx(2 * one.log_likelihood, rel=1e-9)
    assert (one.patterns, two.customers) == (two.patterns, 800)


def test_the_order_of_customers_changes_no_digit_of_a_fit():
    rows = bgnbd_customers(BgNbd(0.5, 5.0, 0.8, 2.5), 2).head(500)
    assert fit(BGNBD, patterns_of(rows, 7)) == fit(BGNBD, patterns_of(rows.iloc[::-1], 7))


@pytest.mark.parametrize("model", [BgNbd(0.5, 5.0, 0.8, 2.5), ParetoNbd(0.8, 8.0, 0.6, 20.0)])
def test_probabilities_of_all_that_can_happen_in_a_short_time_add_up(model):
    # Within t no order, or one at any time up to t; more than one has a probability of the order of t squared.
    t, none = 0.01, np.zeros(1)
    instants = (np.arange(100) + 0.5) * t / 100
    one = np.exp(log_likelihood(model, np.ones(100), instants, np.full(100, t))).mean() * t
    assert np.exp(log_likelihood(model, none, none, none + t))[0] + one == pytest.approx(1, abs=1e-4)


def test_without_thirty_who_ordered_again_nothing_is_fitted():
    x = np.array([0.0, 1.0])
    few = Patterns(x, x, x + 5, np.array([900.0, 29.0]))
    assert unfit(few) == "of 929 customers 29 ordered again, and 30 are needed"
    assert unfit(Patterns(x, x, x + 5, np.array([900.0, 30.0]))) == ""
    assert unfit(Patterns(x[:0], x[:0], x[:0], x[:0])) == "of 0 customers 0 ordered again, and 30 are needed"


def test_returns_and_single_orders_say_nothing_of_spend():
    rows = pd.DataFrame({"frequency": [1, 2, 2, 4], "monetary_value": [50.0, 0.0, -3.0, 40.0]})
    assert spends_of(rows).to_dict("list") == {"orders": [4.0], "mean": [10.0]}
    assert unfit_spend(spends_of(rows)) == "1 customers with two orders spent anything, and 30 are needed"


def test_expected_spend_is_drawn_from_everybody_s_mean_to_the_own_as_orders_add_up():
    model = GammaGamma(6.0, 4.0, 15.0)  # everybody's mean: p v / (q - 1) = 30
    spend = model.expected_spend(np.array([1.0, 4.0, 1e6, 2.0]), np.array([60.0, 60.0, 60.0, -5.0]))
    assert spend == pytest.approx([6 * 75 / 9, 6 * 255 / 27, 60, 6 * 15 / 15], rel=1e-5)


def test_customers_who_never_stop_send_a_parameter_to_its_limit_which_is_told():
    every_week = pd.DataFrame(
        {"x": np.arange(40) + 10, "t_x": (np.arange(40) + 10) * 7, "age": (np.arange(40) + 10) * 7}
    )
    assert fit(BGNBD, patterns_of(every_week, 7)).ran_away


@pytest.mark.parametrize(
    ("asked", "incumbent", "lead", "taken"),
    [
        ("auto", "bgnbd", None, "bgnbd"),
        ("auto", "pareto_nbd", None, "pareto_nbd"),
        ("auto", "bgnbd", 1.9, "bgnbd"),
        ("auto", "bgnbd", 2.1, "pareto_nbd"),
        ("auto", "pareto_nbd", -1.9, "pareto_nbd"),
        ("auto", "pareto_nbd", -2.1, "bgnbd"),
        ("pareto_nbd", "bgnbd", -9.0, "pareto_nbd"),
    ],
)
def test_the_model_changes_only_where_the_other_is_better_beyond_doubt(asked, incumbent, lead, taken):
    assert choose(asked, incumbent, lead).name == taken
