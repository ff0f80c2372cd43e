"""European options on a forward: prices and Greeks, paid in the quote currency or in the coin (METHODS section 8.1).

Everything broadcasts: forwards ``F`` and strikes ``K`` in quote currency, ``T`` in 365-day years, ``sigma`` annual, and
``cp`` +1 for a call, −1 for a put. At no time or no volatility the value is intrinsic: delta 0 or 1, at the money ½,
gamma and vega 0. Nothing is divided by zero; a NaN input gives a NaN output.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tradecli.quant.returns import Floats

SQRT_2PI = math.sqrt(2.0 * math.pi)


class Black76(NamedTuple):
    """Per one option on one coin. Deltas and gamma are to the forward, vega and vanna per 1.00 of volatility.

    ``price`` in quote currency, ``theta`` per year with the forward held (display /365 per day), ``gamma`` in coins per
    quote unit, ``volga`` per 1.00 of volatility squared.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    vanna: Floats
    volga: Floats
    d1: Floats
    d2: Floats


class Inverse(NamedTuple):
    """Per one option that is paid in the coin, at a coin rate of 0.

    ``price`` in coin, ``slope`` and ``curvature`` its derivatives by the forward, ``vega`` in coin per 1.00 of
    volatility. ``black_delta`` neutralises wealth counted in quote currency, ``adjusted_delta`` = Black delta − price
    wealth counted in coin; ``hedge_notional`` is the notional of an inverse perpetual, in quote currency, that flattens
    the coin P&L of one long option (negative: sell).
    """

    price: Floats
    slope: Floats
    curvature: Floats
    vega: Floats
    black_delta: Floats
    adjusted_delta: Floats
    hedge_notional: Floats


def black76(
    F: ArrayLike, K: ArrayLike, T: ArrayLike, sigma: ArrayLike, cp: ArrayLike = 1.0, r: ArrayLike = 0.0
) -> Black76:
    """Return price and Greeks discounted at ``r``; Black (1976)."""
    F, K, T, sigma, cp, r = _terms(F, K, T, sigma, cp, r)
    d1, d2, deviation, dead = _d(F, K, T, sigma)
    n1, n2, density = _cdf(cp * d1), _cdf(cp * d2), _pdf(d1)
    discount = np.exp(-r * T)
    price = discount * cp * (F * n1 - K * n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = np.where(dead, 0.0, discount * density / (F * deviation))
        vega = np.where(dead, 0.0, discount * F * density * np.sqrt(T))
        decay = np.where(dead, 0.0, discount * F * density * sigma / (2.0 * np.sqrt(T)))
        vanna = np.where(dead, 0.0, -discount * density * d2 / sigma)
        volga = np.where(dead, 0.0, vega * d1 * d2 / sigma)
    return Black76(price, discount * cp * n1, gamma, vega, -decay + r * price, vanna, volga, d1, d2)


def black76_price(
    F: ArrayLike, K: ArrayLike, T: ArrayLike, sigma: ArrayLike, cp: ArrayLike = 1.0, r: ArrayLike = 0.0
) -> Floats:
    """Return the price alone, in quote currency."""
    F, K, T, sigma, cp, r = _terms(F, K, T, sigma, cp, r)
    d1, d2, _, _ = _d(F, K, T, sigma)
    return np.asarray(np.exp(-r * T) * cp * (F * _cdf(cp * d1) - K * _cdf(cp * d2)))


def inverse(F: ArrayLike, K: ArrayLike, T: ArrayLike, sigma: ArrayLike, cp: ArrayLike = 1.0) -> Inverse:
    """Return coin price and Greeks: undiscounted Black-76 over F; Alexander, Chen & Imeraj (2023)."""
    F, K, T, sigma, cp, _ = _terms(F, K, T, sigma, cp, 0.0)
    d1, d2, deviation, dead = _d(F, K, T, sigma)
    n1, n2 = _cdf(cp * d1), _cdf(cp * d2)
    price = cp * (n1 - K / F * n2)
    slope = cp * K / F**2 * n2
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = np.where(dead, 0.0, K / F**2 * _pdf(d2) / (F * deviation))
    return Inverse(
        price=price,
        slope=slope,
        curvature=bend - cp * 2.0 * K / F**3 * n2,
        vega=np.where(dead, 0.0, _pdf(d1) * np.sqrt(T)),
        black_delta=cp * n1,
        adjusted_delta=F * slope,
        hedge_notional=-(F**2) * slope,
    )


def cash_gamma(gamma: ArrayLike, F: ArrayLike) -> Floats:
    """Return the change of delta in quote currency for a move of 1 %: Γ F² / 100."""
    return np.asarray(np.asarray(gamma, dtype=np.float64) * np.asarray(F, dtype=np.float64) ** 2 / 100.0)


def inverse_perpetual_delta(contracts: ArrayLike, price: ArrayLike) -> Floats:
    """Return the delta in coins of ``contracts`` quote units of an inverse perpetual, wealth in quote currency: N/P."""
    coins: Floats = np.asarray(contracts, dtype=np.float64) / np.asarray(price, dtype=np.float64)
    return coins


def inverse_perpetual_pnl(contracts: ArrayLike, entry: ArrayLike, price: ArrayLike) -> Floats:
    """Return the P&L in coin: N (1/E − 1/P)."""
    entry, price = np.asarray(entry, dtype=np.float64), np.asarray(price, dtype=np.float64)
    return np.asarray(np.asarray(contracts, dtype=np.float64) * (1.0 / entry - 1.0 / price))


def parity_forward(strike: ArrayLike, call: ArrayLike, put: ArrayLike) -> Floats:
    """Return the forward from coin prices: K / (1 − (c − p)). The dollar form K + C − P is wrong for them."""
    gap = np.asarray(call, dtype=np.float64) - np.asarray(put, dtype=np.float64)
    return np.asarray(np.asarray(strike, dtype=np.float64) / (1.0 - gap))


def parity_forward_linear(
    strike: ArrayLike, call: ArrayLike, put: ArrayLike, growth: ArrayLike = 1.0
) -> Floats:
    """Return the forward from prices in quote currency: K + e^{rT} (C − P), ``growth`` being e^{rT}."""
    gap = np.asarray(call, dtype=np.float64) - np.asarray(put, dtype=np.float64)
    return np.asarray(np.asarray(strike, dtype=np.float64) + np.asarray(growth, dtype=np.float64) * gap)


def _terms(F: ArrayLike, K: ArrayLike, T: ArrayLike, *others: ArrayLike) -> tuple[Floats, ...]:
    """Return all of them as arrays of one shape, time that is over as none left."""
    left = np.maximum(np.asarray(T, dtype=np.float64), 0.0)
    arrays = (np.asarray(each, dtype=np.float64) for each in (F, K, left, *others))
    return tuple(np.broadcast_arrays(*arrays))


def _d(F: Floats, K: Floats, T: Floats, sigma: Floats) -> tuple[Floats, Floats, Floats, np.ndarray]:
    """Return d1, d2, σ√T and where there is none of it left: there d is ±∞, or 0 at the money."""
    deviation = sigma * np.sqrt(T)
    dead = deviation <= 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        moneyness = np.log(F / K)
        gone = np.where(moneyness == 0.0, 0.0, np.copysign(np.inf, moneyness))
        d1 = np.where(dead, gone, moneyness / deviation + 0.5 * deviation)
    return d1, np.where(dead, gone, d1 - deviation), deviation, dead


def _cdf(x: Floats) -> Floats:
    from scipy.special import ndtr  # a tenth of a second, which only option screens pay

    return np.asarray(ndtr(x))


def _pdf(x: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * x * x) / SQRT_2PI)
