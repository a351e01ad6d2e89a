"""The incomplete beta function against closed forms, exact sums and its own identities."""

from fractions import Fraction
from math import asin, comb, exp, inf, lgamma, log, log1p, pi, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.risk import beta

SHAPES = st.floats(0.05, 60)
INSIDE = st.floats(0.001, 0.999)


def close(value: float, exact: float, *, relative: float = 1e-12) -> bool:
    return abs(value - exact) <= relative * abs(exact)


@pytest.mark.parametrize("a", [1, 2, 5, 11, 40])
@pytest.mark.parametrize("b", [1, 3, 7, 25])
@pytest.mark.parametrize("x", [Fraction(1, 50), Fraction(1, 3), Fraction(2, 3), Fraction(9, 10)])
def test_whole_numbers_agree_with_the_exact_binomial_sum(a: int, b: int, x: Fraction) -> None:
    n = a + b - 1
    exact = sum(comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))
    assert close(beta.cdf(float(x), float(a), float(b)), float(exact), relative=5e-13)


@given(a=SHAPES, x=INSIDE)
@settings(derandomize=True)
def test_one_shape_of_one_has_a_closed_form(a: float, x: float) -> None:
    assert close(beta.cdf(x, a, 1.0), exp(a * log(x)))
    # One minus a number near one: compare what is left of it.
    assert abs((1 - beta.cdf(x, 1.0, a)) - exp(a * log1p(-x))) <= 1e-13


@given(x=INSIDE)
@settings(derandomize=True)
def test_the_arcsine_law_holds(x: float) -> None:
    assert close(beta.cdf(x, 0.5, 0.5), 2 / pi * asin(sqrt(x)))


@given(a=SHAPES, b=SHAPES, x=INSIDE)
@settings(derandomize=True)
def test_both_tails_make_a_whole(a: float, b: float, x: float) -> None:
    assert abs(beta.cdf(x, a, b) + beta.cdf(1 - x, b, a) - 1) <= 1e-12


@given(a=SHAPES, b=SHAPES, x=INSIDE)
@settings(derandomize=True)
def test_raising_a_shape_by_one_takes_off_the_known_step(a: float, b: float, x: float) -> None:
    step = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a + 1) - lgamma(b))
    assert abs(beta.cdf(x, a, b) - beta.cdf(x, a + 1, b) - step) <= 1e-12


@pytest.mark.parametrize(("x", "share"), [(-0.5, 0.0), (0.0, 0.0), (1.0, 1.0), (inf, 1.0)])
def test_outside_the_unit_interval_nothing_or_everything_lies_below(x: float, share: float) -> None:
    assert beta.cdf(x, 2.0, 3.0) == share


@given(a=st.floats(0.3, 60), b=st.floats(0.3, 60), share=st.floats(0.01, 0.99))
@settings(derandomize=True)
def test_a_quantile_is_the_inverse_of_the_cumulative_share(a: float, b: float, share: float) -> None:
    x = beta.quantile(share, a, b)
    assert 0 < x < 1
    assert abs(beta.cdf(x, a, b) - share) <= 1e-11


@pytest.mark.parametrize(
    ("share", "a", "b", "x"),
    [
        pytest.param(0.5, 4.0, 4.0, 0.5, id="symmetric median"),
        pytest.param(0.1, 1.0, 1.0, 0.1, id="uniform"),
        pytest.param(0.9, 2.0, 1.0, sqrt(0.9), id="power law"),
        pytest.param(0.25, 0.5, 0.5, 0.5 - 0.25 * sqrt(2), id="arcsine"),
    ],
)
def test_known_quantiles_are_met_to_the_last_digits(share: float, a: float, b: float, x: float) -> None:
    assert close(beta.quantile(share, a, b), x, relative=1e-14)
