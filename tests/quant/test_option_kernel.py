"""The compiled loops of implied volatility and Greeks, held to the array functions and to the prices themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.quant import option_kernel as kernel
from tradecli.quant.implied import implied_greeks, implied_vol
from tradecli.quant.options import black76, black76_price

F = 60_000.0


def chain(vol: float = 0.6) -> tuple[np.ndarray, ...]:
    strike = F * np.exp(np.linspace(-1.2, 1.2, 450))
    cp = np.where(np.arange(450) % 2 == 0, 1.0, -1.0)
    years = np.linspace(0.005, 1.2, 450)
    return black76_price(F, strike, years, vol, cp), strike, years, cp


@pytest.mark.parametrize("vol", [0.15, 0.6, 2.5])
def test_machine_code_and_arrays_find_the_same_volatilities_and_greeks(vol: float) -> None:
    price, strike, years, cp = chain(vol)
    plain = implied_greeks(price, F, strike, years, cp)
    fast = implied_greeks(price, F, strike, years, cp, compiled=True)
    known = np.isfinite(plain.vol)
    assert np.array_equal(known, np.isfinite(fast.vol)) and known.sum() > 200
    for one, other in zip(plain, fast, strict=True):
        np.testing.assert_allclose(other[known], one[known], rtol=1e-7, atol=1e-12 * np.nanmax(np.abs(one)))


def test_out_of_the_money_volatilities_are_exact_to_ten_digits() -> None:
    strike = F * np.exp(np.linspace(-1.0, 1.0, 301))
    cp = np.where(strike > F, 1.0, -1.0)
    price = black76_price(F, strike, 0.1, 0.6, cp)
    for compiled in (False, True):
        found = implied_vol(price, F, strike, 0.1, cp, compiled=compiled)
        np.testing.assert_allclose(found, 0.6, atol=1e-10)


def test_known_volatilities_are_not_solved_again() -> None:
    price, strike, years, cp = chain()
    sigma = np.full(len(price), 0.5)
    found = implied_greeks(price, F, strike, years, cp, vol=sigma, compiled=True)
    np.testing.assert_allclose(found.vega, black76(F, strike, years, 0.5, cp).vega, rtol=1e-10)
    assert found.vol is sigma


@pytest.mark.parametrize(
    ("price", "forward", "strike", "years"),
    [
        (-1.0, F, F, 0.1),
        (0.0, F, F, 0.1),
        (F, F, F, 0.1),
        (100.0, F, F, 0.0),
        (100.0, F, F, -1.0),
        (100.0, F, -F, 0.1),
        (math.nan, F, F, 0.1),
        (100.0, math.nan, F, 0.1),
        (math.inf, F, F, 0.1),
    ],
)
def test_what_is_no_price_has_no_volatility(
    price: float, forward: float, strike: float, years: float
) -> None:
    for compiled in (False, True):
        assert np.isnan(implied_vol(price, forward, strike, years, compiled=compiled))


@given(st.floats(-6.0, 0.0), st.floats(0.01, 3.0))
def test_the_plain_loop_finds_what_made_the_price(x: float, s: float) -> None:
    target = kernel.normalised_price(x, s)
    if target < 1e-280:
        return
    assert kernel.total_deviation(x, target, 1e-4, 10.0) == pytest.approx(s, rel=1e-6)


def test_the_scaled_error_function_joins_its_series_without_a_step() -> None:
    special = pytest.importorskip("scipy.special")
    for x in (0.0, 0.5, 3.0, 12.0, 24.999, 25.0, 80.0, 1e6):
        assert kernel.scaled_erfc(x) == pytest.approx(float(special.erfcx(x)), rel=1e-12)
