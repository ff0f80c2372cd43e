"""Prices and Greeks against published values, QuantLib and finite differences, and at the edges where they end."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import options

forwards = st.floats(1.0, 1e5)
moneyness = st.floats(-1.0, 1.0)
times = st.floats(0.005, 2.0)
vols = st.floats(0.1, 2.0)
sides = st.sampled_from([1.0, -1.0])


def test_black76_gives_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("black76_greeks")
    i = vector.inputs
    assert i["type"] == "call"
    g = options.black76(i["F"], i["K"], i["T"], i["sigma"], 1.0, i["r"])
    vector.check(
        {
            "price": g.price,
            "delta_fwd": g.delta,
            "gamma_fwd": g.gamma,
            "vega": g.vega,
            "theta_per_year": g.theta,
            "vanna": g.vanna,
            "volga": g.volga,
            "d1": g.d1,
            "d2": g.d2,
        }
    )
    assert options.black76_price(i["F"], i["K"], i["T"], i["sigma"], 1.0, i["r"]) == pytest.approx(g.price)


def test_options_paid_in_coin_give_the_values_of_the_vector(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("inverse_black76_greeks")
    i = vector.inputs
    g = options.inverse(i["F"], i["K"], i["T"], i["sigma"])
    vector.check(
        {
            "price_coin": g.price,
            "dprice_dF": g.slope,
            "d2price_dF2": g.curvature,
            "vega_coin_per_1vol": g.vega,
            "black_delta": g.black_delta,
            "premium_adjusted_delta": g.adjusted_delta,
            "hedge_inverse_perp_usd_notional": g.hedge_notional,
        }
    )


def test_the_forward_comes_from_coin_parity(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("forward_from_inverse_parity")
    i = vector.inputs
    vector.check({"forward": options.parity_forward(i["strike"], i["call_mid_coin"], i["put_mid_coin"])})


@given(forwards, moneyness, times, vols)
def test_parity_finds_the_forward_that_made_the_prices(F: float, m: float, T: float, sigma: float) -> None:
    K = F * math.exp(m)
    call, put = (options.inverse(F, K, T, sigma, cp).price for cp in (1.0, -1.0))
    assert options.parity_forward(K, call, put) == pytest.approx(F, rel=1e-9)
    dear, cheap = (options.black76_price(F, K, T, sigma, cp, 0.05) for cp in (1.0, -1.0))
    assert options.parity_forward_linear(K, dear, cheap, math.exp(0.05 * T)) == pytest.approx(F, rel=1e-9)


@pytest.mark.parametrize("cp", [1.0, -1.0])
@pytest.mark.parametrize("strike", [40_000.0, 60_000.0, 61_000.0, 95_000.0])
def test_black76_agrees_with_quantlib(cp: float, strike: float) -> None:
    ql = pytest.importorskip("QuantLib")
    F, T, sigma, r = 61_000.0, 0.3, 0.65, 0.04
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if cp > 0 else ql.Option.Put, strike)
    theirs = ql.BlackCalculator(payoff, F, sigma * math.sqrt(T), math.exp(-r * T))
    ours = options.black76(F, strike, T, sigma, cp, r)
    assert ours.price == pytest.approx(theirs.value(), rel=1e-10)
    assert ours.delta == pytest.approx(theirs.deltaForward(), rel=1e-10)
    assert ours.gamma == pytest.approx(theirs.gammaForward(), rel=1e-10)
    assert ours.vega == pytest.approx(theirs.vega(T), rel=1e-10)


@pytest.mark.parametrize("cp", [1.0, -1.0])
def test_the_greeks_are_the_slopes_of_the_price(cp: float) -> None:
    F, K, T, sigma, r = 61_000.0, np.array([45_000.0, 61_000.0, 80_000.0]), 0.25, 0.7, 0.03
    g = options.black76(F, K, T, sigma, cp, r)

    def price(F: float = F, T: float = T, sigma: float = sigma) -> np.ndarray:
        return options.black76_price(F, K, T, sigma, cp, r)

    def delta(sigma: float) -> np.ndarray:
        return options.black76(F, K, T, sigma, cp, r).delta

    def vega(sigma: float) -> np.ndarray:
        return options.black76(F, K, T, sigma, cp, r).vega

    e = 1e-4
    np.testing.assert_allclose(g.delta, (price(F=F + 1) - price(F=F - 1)) / 2, rtol=1e-6)
    np.testing.assert_allclose(g.gamma, (price(F + 10) - 2 * price() + price(F - 10)) / 100, rtol=1e-4)
    np.testing.assert_allclose(g.vega, (price(sigma=sigma + e) - price(sigma=sigma - e)) / (2 * e), rtol=1e-6)
    np.testing.assert_allclose(g.theta, -(price(T=T + e) - price(T=T - e)) / (2 * e), rtol=1e-4)
    np.testing.assert_allclose(g.vanna, (delta(sigma + e) - delta(sigma - e)) / (2 * e), rtol=1e-5)
    np.testing.assert_allclose(g.volga, (vega(sigma + e) - vega(sigma - e)) / (2 * e), rtol=1e-5)


@given(forwards, moneyness, times, vols, sides)
def test_the_coin_price_moves_as_its_slope_and_curvature_say(
    F: float, m: float, T: float, sigma: float, cp: float
) -> None:
    K, e = F * math.exp(m), 1e-3 * F * sigma * math.sqrt(T)
    g, up, down = (options.inverse(each, K, T, sigma, cp) for each in (F, F + e, F - e))
    assert g.slope * F == pytest.approx((up.price - down.price) / (2 * e) * F, rel=1e-4, abs=1e-5)
    assert g.curvature * F == pytest.approx((up.slope - down.slope) / (2 * e) * F, rel=1e-3, abs=1e-4 / F)
    assert g.adjusted_delta == pytest.approx(g.black_delta - g.price, abs=1e-12)
    hedged_up = up.price - g.price + options.inverse_perpetual_pnl(g.hedge_notional, F, F + e)
    assert abs(hedged_up) < 0.1 * abs(up.price - g.price) + 1e-5


@given(forwards, moneyness, times, vols, st.floats(0.0, 0.2))
def test_a_call_less_a_put_is_the_discounted_forward_less_the_strike(
    F: float, m: float, T: float, sigma: float, r: float
) -> None:
    K = F * math.exp(m)
    call, put = (options.black76(F, K, T, sigma, cp, r) for cp in (1.0, -1.0))
    assert call.price - put.price == pytest.approx(math.exp(-r * T) * (F - K), rel=1e-9, abs=1e-9 * F)
    assert call.gamma == pytest.approx(put.gamma)
    assert call.delta - put.delta == pytest.approx(math.exp(-r * T))
    assert 0 <= put.price <= K
    assert 0 <= call.price <= F


@pytest.mark.parametrize(("T", "sigma"), [(0.0, 0.6), (0.1, 0.0), (-0.1, 0.6)])
def test_at_no_time_or_no_volatility_an_option_is_what_it_would_pay(T: float, sigma: float) -> None:
    K = np.array([50.0, 100.0, 200.0])
    with np.errstate(all="raise"):
        call, put = options.black76(100.0, K, T, sigma), options.black76(100.0, K, T, sigma, -1.0)
        coin = options.inverse(100.0, K, T, sigma)
    assert call.price.tolist() == [50.0, 0.0, 0.0]
    assert put.price.tolist() == [0.0, 0.0, 100.0]
    assert call.delta.tolist() == [1.0, 0.5, 0.0]
    assert put.delta.tolist() == [0.0, -0.5, -1.0]
    for zero in (call.gamma, call.vega, call.theta, call.vanna, call.volga, coin.vega):
        assert zero.tolist() == [0.0, 0.0, 0.0]
    assert coin.price.tolist() == [0.5, 0.0, 0.0]


def test_what_is_not_known_gives_nan_for_that_option_only() -> None:
    g = options.black76(100.0, [100.0, 100.0], 0.1, [0.6, math.nan])
    assert np.isfinite([each[0] for each in g]).all()
    assert np.isnan(g.price[1])


def test_an_inverse_perpetual_has_convexity_and_cash_gamma_is_per_percent() -> None:
    assert options.inverse_perpetual_delta(50_000.0, 50_000.0) == 1.0
    up, down = (options.inverse_perpetual_pnl(100.0, 50_000.0, p) for p in (55_000.0, 45_000.0))
    assert up > 0 > down
    assert up < -down
    assert options.cash_gamma(2e-5, 50_000.0) == pytest.approx(500.0)
