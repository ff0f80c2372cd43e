"""The loops behind a strip of options: plain functions that run as they stand in Python, or compiled.

They choose the strikes of one expiry and add them up; what the sums mean, and which may be used, is in ``mfiv``.
"""

from __future__ import annotations

import math

from tradecli.quant.option_kernel import ROOT_2, deviation_of, normalised_price, scaled_erfc, total_deviation
from tradecli.quant.returns import Floats


def outwards(
    first: int, end: int, step: int, bid: Floats, ask: Floats, n: int, strike: Floats, found: Floats
) -> int:
    """Append the quoted strikes and mids from row ``first`` to before ``end`` to the ``n`` found; return how many.

    Strikes without a bid are skipped and two in a row end the side; one without an ask is skipped, and changes nothing
    in that count.
    """
    missing, row = 0, first
    while row != end:
        if not bid[row] > 0.0:  # also NaN
            missing += 1
            if missing == 2:
                break
        elif math.isfinite(ask[row]):
            found[0][n] = strike[row]
            found[1][n] = 0.5 * (bid[row] + ask[row])
            n += 1
            missing = 0
        row += step
    return n


def delta_size(price: float, forward: float, strike: float, years: float, cp: float) -> float:
    """Return the absolute Black delta of an undiscounted price; NaN where no volatility explains it."""
    s = deviation_of(price, forward, strike, years, cp)
    if math.isnan(s):
        return math.nan
    return 0.5 * math.erfc(-cp * (math.log(forward / strike) / s + 0.5 * s) / ROOT_2)


def strip_sum(n: int, strike: Floats, price: Floats, forward: float, k0: float, years: float) -> float:
    """Return 2/T Σ ΔK/K² Q − 1/T (F/K0 − 1)² over ``n`` strikes; two at least."""
    total = 0.0
    for i in range(n):
        low, high = max(i - 1, 0), min(i + 1, n - 1)
        total += (strike[high] - strike[low]) / (high - low) / (strike[i] * strike[i]) * price[i]
    return 2.0 / years * total - (forward / k0 - 1.0) * (forward / k0 - 1.0) / years


def select(
    strike: Floats,
    call_bid: Floats,
    call_ask: Floats,
    put_bid: Floats,
    put_ask: Floats,
    forward: float,
    years: float,
    factor: float,
    least_delta: float,
    found: Floats,
) -> tuple[int, float, float, bool, bool]:
    """Write the selected strikes and their undiscounted prices into the two rows of ``found``.

    Return (how many, K0, variance, whether the delta rule cut the puts, and the calls); no strikes without a K0, and
    NaN for the variance of fewer than two. ``least_delta`` 0 keeps every strike.
    """
    zero = len(strike) - 1
    while zero >= 0 and not (
        strike[zero] <= forward
        and call_bid[zero] > 0.0
        and put_bid[zero] > 0.0
        and math.isfinite(call_ask[zero])
        and math.isfinite(put_ask[zero])
    ):
        zero -= 1
    if zero < 0:
        return 0, math.nan, math.nan, False, False
    below = outwards(zero - 1, -1, -1, put_bid, put_ask, 0, strike, found)
    for i in range(below // 2):
        for row in range(2):
            found[row][i], found[row][below - 1 - i] = found[row][below - 1 - i], found[row][i]
    found[0][below] = strike[zero]
    found[1][below] = 0.5 * (0.5 * (call_bid[zero] + call_ask[zero]) + 0.5 * (put_bid[zero] + put_ask[zero]))
    n = outwards(zero + 1, len(strike), 1, call_bid, call_ask, below + 1, strike, found)
    kept, cut_puts, cut_calls = 0, False, False
    for i in range(n):
        price = factor * found[1][i]
        if least_delta > 0.0 and i != below:
            side = -1.0 if i < below else 1.0
            if not delta_size(price, forward, found[0][i], years, side) >= least_delta:  # also NaN
                cut_puts = cut_puts or i == 0
                cut_calls = cut_calls or i == n - 1
                continue
        found[0][kept] = found[0][i]
        found[1][kept] = price
        kept += 1
    k0 = strike[zero]
    variance = strip_sum(kept, found[0], found[1], forward, k0, years) if kept > 1 else math.nan
    return kept, k0, variance, cut_puts, cut_calls


def flat_sum(strike: Floats, forward: float, k0: float, years: float, vol: float, price: Floats) -> float:
    """Return the sum of a strip whose options all have one volatility; ``price`` is room for their prices."""
    deviation = vol * math.sqrt(years)
    for i in range(len(strike)):
        k, outside = strike[i], 0.0
        if deviation > 0.0:
            outside = normalised_price(-abs(math.log(forward / k)), deviation) * math.sqrt(forward * k)
        put, call = outside + max(k - forward, 0.0), outside + max(forward - k, 0.0)
        price[i] = put if k < k0 else call if k > k0 else 0.5 * (put + call)
    return strip_sum(len(strike), strike, price, forward, k0, years)


FLAT = (scaled_erfc, normalised_price, strip_sum)
"""What ``flat_sum`` calls."""
SELECT = (scaled_erfc, normalised_price, total_deviation, deviation_of, delta_size, outwards, strip_sum)
"""What ``select`` calls."""
