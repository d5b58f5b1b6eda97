"""CDNOW: the published parameters, likelihoods and expectations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segspark.kernels.lifetimes import BgNbd
from segspark.value.patterns import patterns_of
from segspark.value.purchases import BGNBD, PARETO, fit, log_likelihood
from segspark.value.spend import fit_spend

CDNOW = Path(__file__).parents[2] / "data" / "cdnow" / "customers.csv"


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    return pd.read_csv(CDNOW).rename(columns={"T": "age"})


@pytest.fixture(scope="module")
def bgnbd(cdnow):
    return fit(BGNBD, patterns_of(cdnow, 1))


def test_cdnow_s_2357_customers_have_far_fewer_patterns(cdnow):
    patterns = patterns_of(cdnow, 1)
    assert patterns.total == 2357
    assert patterns.size == len(cdnow[["x", "t_x", "age"]].drop_duplicates()) < 1100


def test_bgnbd_has_the_parameters_and_likelihood_of_fader_hardie_and_lee(bgnbd):
    # Fader, Hardie and Lee (2005), table 2; the log-likelihood to four digits from R's BTYD on the same file.
    assert {name: round(one, 3) for name, one in bgnbd.parameters.items()} == pytest.approx(
        {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, abs=5e-4
    )
    assert bgnbd.log_likelihood == pytest.approx(-9582.4256, abs=5e-5)
    assert not bgnbd.ran_away


def test_bgnbd_expects_of_new_customers_what_hardie_s_sheet_does(bgnbd):
    # Hardie's spreadsheet for the paper. Its last value, 1.8576, is of a series that ends after 150 terms, as adding up
    # so many shows; summed to its end it is 1.8580.
    weeks = np.array([0.1429, 1, 3, 31.8571, 32, 78])
    found = bgnbd.model.purchases_if_alive(np.zeros(6), np.zeros(6), weeks)
    assert found[:5] == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437], abs=5e-5)
    assert found[5] == pytest.approx(1.8580, abs=5e-5)
    assert after_150_terms(bgnbd.model, 78) == pytest.approx(1.8576, abs=5e-5)


def after_150_terms(model: BgNbd, t: float) -> float:
    """Equation 9 of the paper with a series that is cut off."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    z, term, total = t / (alpha + t), 1.0, 1.0
    for n in range(150):
        term *= (r + n) * (b + n) / ((a + b - 1 + n) * (n + 1)) * z
        total += term
    return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * total)


def test_bgnbd_expects_1_226_orders_of_the_customer_of_the_paper_s_example(bgnbd):
    x, t_x, age = np.array(2.0), np.array(30.43), np.array(38.86)
    found = bgnbd.model.probability_alive(x, t_x, age) * bgnbd.model.purchases_if_alive(x, age, 39.0)
    assert round(float(found), 3) == 1.226


def test_bgnbd_gives_no_order_in_39_weeks_the_published_probability():
    # BTYD's and Lifetimes' value, at the parameters as they are printed.
    model, none = BgNbd(0.243, 4.414, 0.793, 2.426), np.zeros(1)
    assert np.exp(log_likelihood(model, none, none, none + 39.0)) == pytest.approx(0.5737864, abs=5e-8)


def test_pareto_nbd_has_the_parameters_and_likelihood_of_the_literature(cdnow):
    # Fader, Hardie and Lee (2005), table 2, as R's BTYD has them.
    found = fit(PARETO, patterns_of(cdnow, 1))
    assert found.parameters == pytest.approx({"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, abs=1.1e-3)
    assert found.log_likelihood == pytest.approx(-9594.974, abs=5e-4)


def test_gamma_gamma_has_the_parameters_and_likelihood_of_fader_and_hardie(cdnow):
    # Fader and Hardie (2013), the 946 repeat buyers, mean of the orders after the first.
    again = cdnow[cdnow["x"] > 0]
    found = fit_spend(pd.DataFrame({"orders": again["x"].astype(float), "mean": again["zbar"]}))
    assert found.customers == 946
    assert found.model.p == pytest.approx(6.25, abs=5e-3)
    assert found.model.q == pytest.approx(3.74, abs=6e-3)
    assert found.model.v == pytest.approx(15.44, abs=1e-2)
    assert found.log_likelihood == pytest.approx(-4055.923, abs=5e-4)
    first = cdnow.head(10)
    spend = found.model.expected_spend(first["x"].to_numpy(float), first["zbar"].to_numpy())
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert spend == pytest.approx(published, abs=0.01)  # the sheet's cents: amounts in the file are rounded
