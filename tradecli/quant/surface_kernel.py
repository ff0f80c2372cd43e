"""The loops around the fits of a surface: plain functions that run as they stand in Python, or compiled.

Out-of-the-money quotes as volatilities, and the calendar check between two slices. ``surface`` gives them meaning.
"""

from __future__ import annotations

import math

from tradecli.quant.option_kernel import (
    ROOT_2PI,
    deviation_of,
    normalised_price,
    scaled_erfc,
    total_deviation,
)
from tradecli.quant.returns import Floats


def otm_points(
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    forward: float,
    factor: float,
    years: float,
    narrowest: float,
    found: Floats,
) -> int:
    """Write ln(K/F), volatility of the mid and 1/spread² of each out-of-the-money quote; return how many.

    The spread is one in volatility, at least ``narrowest``; ``factor`` makes a price undiscounted.
    """
    n, root = 0, math.sqrt(years)
    for i in range(len(strike)):
        is_call = strike[i] >= forward
        bid = factor * (call_bid[i] if is_call else put_bid[i])
        ask = factor * (call_ask[i] if is_call else put_ask[i])
        if not (math.isfinite(bid) and math.isfinite(ask)):
            continue
        s = deviation_of(0.5 * (bid + ask), forward, strike[i], years, 1.0 if is_call else -1.0)
        if math.isnan(s):
            continue
        d1 = math.log(forward / strike[i]) / s + 0.5 * s
        vega = forward * math.exp(-0.5 * d1 * d1) / ROOT_2PI * root
        if vega > 0.0:
            found[0][n] = math.log(strike[i] / forward)
            found[1][n] = s / root
            spread = max((ask - bid) / vega, narrowest)
            found[2][n] = 1.0 / (spread * spread)
            n += 1
    return n


def least_rise(
    near: tuple[float, float, float, float, float],
    far: tuple[float, float, float, float, float],
    low: float,
    high: float,
    step: float,
) -> tuple[float, float]:
    """Return (k, least rise of total variance from the near slice to the far) at each step from low to high.

    Slices are (a, b, ρ, m, s).
    """
    a1, b1, r1, m1, s1 = near
    a2, b2, r2, m2, s2 = far
    at, lowest = high, math.inf
    for i in range(math.ceil((high - low) / step) + 1):
        k = min(low + i * step, high)
        x1, x2 = k - m1, k - m2
        rise = a2 + b2 * (r2 * x2 + math.sqrt(x2 * x2 + s2 * s2))
        rise -= a1 + b1 * (r1 * x1 + math.sqrt(x1 * x1 + s1 * s1))
        if rise < lowest:
            at, lowest = k, rise
    return at, lowest


POINTS = (scaled_erfc, normalised_price, total_deviation, deviation_of)
"""What ``otm_points`` calls."""
