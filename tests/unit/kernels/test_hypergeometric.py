"""2F1 against scipy, against identities, and against its series in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from segspark.kernels.hypergeometric import hyp2f1

POSITIVE = st.floats(0.01, 10)
BELOW_ONE = st.floats(0.0, 0.97)


def by_fractions(a: float, b: float, c: float, z: float, terms: int) -> float:
    """So many terms of the series, without any rounding but at the end."""
    one, two, three, at = map(Fraction, (a, b, c, z))
    term, total = Fraction(1), Fraction(1)
    for n in range(terms):
        term = term * (one + n) * (two + n) / ((three + n) * (n + 1)) * at
        total += term
    return float(total)


@pytest.mark.parametrize("z", [0.0, 0.1, 0.5, 0.9, 0.99, -0.3, -4.0, -60.0])
def test_it_is_scipy_s_over_shapes_as_models_of_purchases_have_them(z):
    a, b, c = (one.ravel() for one in np.meshgrid([0.2, 0.9, 3.0, 9.5], [0.05, 0.8, 2.4, 7.0], [0.3, 1.9, 4.2, 12.0]))
    assert hyp2f1(a, b, c, z) == pytest.approx(special.hyp2f1(a, b, c, z), rel=1e-9)


@pytest.mark.parametrize("x", [0, 1, 10, 100, 1_000, 10_000])
@pytest.mark.parametrize("z", [0.05, 0.5, 0.95])
def test_it_is_scipy_s_for_customers_with_very_many_orders(x, z):
    r, s, a, b = 0.55, 0.61, 0.79, 2.43
    pareto, bgnbd = (1.0, r + x, r + s + x + 1.0), (a + b - 1.0 - r, a - 1.0, a + b + x - 1.0)
    for parameters in (pareto, bgnbd):
        assert hyp2f1(*parameters, z) == pytest.approx(special.hyp2f1(*parameters, z), rel=1e-10)


def test_negative_parameters_whose_terms_would_cancel_are_transformed():
    # Sums of terms of both signs: what scipy 1.17 itself gets wrong in the eighth digit.
    for parameters in ((-8.325, 4.556, 3.549, 0.5), (-40.5, 0.4, 2.3, 0.5), (-49.2, -0.3, 1.7, 0.6)):
        assert hyp2f1(*parameters) == pytest.approx(by_fractions(*parameters, terms=200), rel=1e-9)


def test_a_series_of_exact_fractions_is_met_to_the_last_digits():
    for parameters in ((1.0, 26.553, 28.159, 0.25), (0.6, 1.6, 2.5, 0.5), (2.5, 12.0, 14.25, 0.375)):
        assert hyp2f1(*parameters) == pytest.approx(by_fractions(*parameters, terms=150), rel=1e-14)


def test_elementary_functions_are_special_cases():
    z = np.array([-30.0, -0.5, 0.0, 0.3, 0.9, 0.999])
    assert hyp2f1(1, 1, 2, z[z != 0]) == pytest.approx(-np.log1p(-z[z != 0]) / z[z != 0], rel=1e-12)
    assert hyp2f1(0.7, 3.2, 3.2, z) == pytest.approx((1 - z) ** -0.7, rel=1e-11)
    root = np.sqrt(z[z > 0])
    assert hyp2f1(0.5, 1, 1.5, root**2) == pytest.approx(np.arctanh(root) / root, rel=1e-11)
    assert hyp2f1(-2, 3, 1.5, z) == pytest.approx(1 - 4 * z + 3.2 * z**2, rel=1e-11)


@given(POSITIVE, POSITIVE, POSITIVE, BELOW_ONE)
@settings(max_examples=60, deadline=None)
def test_neighbours_keep_gauss_s_relation(a, b, c, z):
    # Abramowitz and Stegun 15.2.10: (c - a) F(a - 1) + (2a - c - az + bz) F + a(z - 1) F(a + 1) = 0.
    parts = [
        (c - a) * hyp2f1(a - 1, b, c, z),
        (2 * a - c - a * z + b * z) * hyp2f1(a, b, c, z),
        a * (z - 1) * hyp2f1(a + 1, b, c, z),
    ]
    assert abs(sum(parts)) <= 1e-9 * sum(map(abs, parts))


def test_shapes_are_broadcast_and_what_is_beyond_a_double_is_infinite():
    assert hyp2f1(1.0, np.array([[1.0], [2.0]]), 3.0, np.array([0.1, 0.2, 0.3])).shape == (2, 3)
    assert hyp2f1(3_000.0, 3_000.0, 1.0, 0.9) == np.inf
