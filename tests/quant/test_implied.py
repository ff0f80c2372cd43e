"""Implied volatility: the round trip to the last digits, the wings included, and prices that no volatility explains."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant.implied import HIGHEST, LOWEST, implied_vol, implied_vol_inverse
from tradecli.quant.options import black76_price, inverse


def test_a_coin_price_is_inverted_and_impossible_ones_have_none(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("implied_vol_inverse")
    i = vector.inputs
    terms = i["F"], i["K"], i["T"]
    assert i["type"] == "call"
    bad = implied_vol_inverse(i["bad_prices"], *terms)
    found = implied_vol_inverse(i["price_coin"], *terms)
    vector.check({"sigma": found, "bad": [None if math.isnan(each) else each for each in bad]})


@given(st.floats(0.01, 1e5), st.floats(-6.0, 6.0), st.floats(0.002, 2.0), st.floats(0.02, 4.5), st.booleans())
def test_the_volatility_that_made_an_out_of_the_money_price_is_found_again(
    F: float, k: float, T: float, sigma: float, is_call: bool
) -> None:
    cp = 1.0 if is_call else -1.0
    K = F * math.exp(cp * abs(k) * sigma * math.sqrt(T))
    price = black76_price(F, K, T, sigma, cp)
    if price > 1e-280:
        assert implied_vol(price, F, K, T, cp) == pytest.approx(sigma, abs=1e-10)


@given(st.floats(-1.5, 1.5), st.floats(0.2, 3.0))
def test_in_the_money_prices_are_inverted_as_well_as_their_digits_allow(k: float, sigma: float) -> None:
    K = 60_000 * math.exp(-k * sigma * 0.3)
    cp = 1.0 if k > 0 else -1.0
    price = inverse(60_000, K, 0.09, sigma, cp).price
    assert implied_vol_inverse(price, 60_000, K, 0.09, cp) == pytest.approx(sigma, abs=1e-8)


def test_prices_outside_the_bounds_have_no_volatility_and_leave_the_others_alone() -> None:
    F, K, T = 100.0, np.array([80.0, 80.0, 120.0, 120.0, 100.0, 100.0]), 0.25
    price = np.array([20.0, 100.0, 0.0, -1.0, math.nan, 5.0])
    found = implied_vol(price, F, K, T)
    assert np.isnan(found[:5]).all()
    assert black76_price(F, 100.0, T, found[5]) == pytest.approx(5.0)
    assert np.isnan(implied_vol(5.0, 100.0, 100.0, 0.0))
    assert np.isnan(implied_vol(120.0, 100.0, 120.0, 0.25, -1.0))
    assert implied_vol(np.empty(0), 100.0, 100.0, 0.25).shape == (0,)


@pytest.mark.parametrize("sigma", [LOWEST / 2, HIGHEST * 1.2])
def test_a_volatility_outside_one_to_five_hundred_percent_is_not_answered(sigma: float) -> None:
    assert np.isnan(implied_vol(black76_price(100.0, 100.0, 0.25, sigma), 100.0, 100.0, 0.25))


def test_it_agrees_with_quantlib() -> None:
    ql = pytest.importorskip("QuantLib")
    for strike in (30_000.0, 60_000.0, 120_000.0):
        price = float(black76_price(60_000.0, strike, 0.2, 0.55, 1.0))
        theirs = ql.blackFormulaImpliedStdDev(ql.Option.Call, strike, 60_000.0, price, 1.0, 0.0, 0.3, 1e-12)
        assert implied_vol(price, 60_000.0, strike, 0.2) == pytest.approx(theirs / math.sqrt(0.2), abs=1e-6)
