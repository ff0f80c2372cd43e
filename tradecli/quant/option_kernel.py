"""The loops of implied volatility and Greeks: plain functions that run as they stand in Python, or compiled.

The same solver as ``implied``, one option at a time: Halley steps on the logarithm of the normalised price, from the
out-of-the-money side, in a bracket that only shrinks. Jäckel (2015).
"""

from __future__ import annotations

import math

from tradecli.quant.returns import Floats

ROOT_2 = math.sqrt(2.0)
ROOT_2PI = math.sqrt(2.0 * math.pi)
ROOT_PI = math.sqrt(math.pi)
TOLERANCE = 2e-5
"""Of the last step, relative: a step cubes the error, so what is left after it is below rounding."""
MOST_STEPS = 80
LOWEST, HIGHEST = 0.01, 5.0
"""Annual volatilities outside are no answers."""
FAR = 25.0
"""From here the asymptotic series of erfcx is exact to float64."""


def scaled_erfc(x: float) -> float:
    """Return e^{x²} erfc(x) for x ≥ 0, without overflow far out."""
    if x < FAR:
        return math.exp(x * x) * math.erfc(x)
    y = 1.0 / (x * x)
    return (1.0 - y * (0.5 - y * (0.75 - y * 1.875))) / (x * ROOT_PI)


def normalised_price(x: float, s: float) -> float:
    """Return e^{x/2} Φ(x/s + s/2) − e^{−x/2} Φ(x/s − s/2) without cancellation in the wings, x ≤ 0."""
    h, t = x / s, 0.5 * s
    if h + t > -1.0:
        near = math.exp(0.5 * x) * 0.5 * math.erfc(-(h + t) / ROOT_2)
        return near - math.exp(-0.5 * x) * 0.5 * math.erfc(-(h - t) / ROOT_2)
    return (
        0.5
        * math.exp(-0.5 * (h * h + t * t))
        * (scaled_erfc(-(h + t) / ROOT_2) - scaled_erfc(-(h - t) / ROOT_2))
    )


def total_deviation(x: float, target: float, low: float, high: float) -> float:
    """Return s with b(x, s) = target, NaN where it is not between ``low`` and ``high``; x ≤ 0."""
    if not (normalised_price(x, low) <= target <= normalised_price(x, high)):
        return math.nan
    s = min(max(math.sqrt(2.0 * abs(x)) + ROOT_2PI * target, low), high)
    for _ in range(MOST_STEPS):
        value = normalised_price(x, s)
        slope = math.exp(-0.5 * ((x / s) * (x / s) + 0.25 * s * s)) / ROOT_2PI
        following = math.nan
        if value > 0.0 and slope > 0.0:
            gap = math.log(value / target)
            if gap < 0.0:
                low = s
            elif gap > 0.0:
                high = s
            newton = gap * value / slope
            bend = (x / s) * (x / s) / s - 0.25 * s - slope / value
            following = s - newton / (1.0 - 0.5 * newton * bend)
        else:
            low = s
        if not (low <= following <= high):
            following = 0.5 * (low + high)
        moved = abs(following - s)
        s = following
        if moved <= TOLERANCE * s:
            break
    return s


def deviation_of(price: float, forward: float, strike: float, years: float, cp: float) -> float:
    """Return the total deviation σ√T behind an undiscounted price, NaN where no volatility explains it."""
    if not (forward > 0.0 and strike > 0.0 and years > 0.0):
        return math.nan
    intrinsic = max(cp * (forward - strike), 0.0)
    if not (intrinsic < price < (forward if cp > 0.0 else strike)):
        return math.nan
    root, target = math.sqrt(years), (price - intrinsic) / math.sqrt(forward * strike)
    if not target > 0.0:
        return math.nan
    return total_deviation(-abs(math.log(forward / strike)), target, LOWEST * root, HIGHEST * root)


def invert(price: Floats, forward: Floats, strike: Floats, years: Floats, cp: Floats, vol: Floats) -> None:
    """Write the volatility behind each undiscounted price into ``vol``, NaN where there is none."""
    for i in range(len(price)):
        root = math.sqrt(max(years[i], 0.0))
        found = deviation_of(price[i], forward[i], strike[i], years[i], cp[i])
        vol[i] = found / root if root > 0.0 else math.nan


def sensitivities(
    forward: Floats, strike: Floats, years: Floats, cp: Floats, vol: Floats, found: Floats
) -> None:
    """Write delta, gamma, vega, theta, vanna and volga of each undiscounted option into the rows of ``found``."""
    for i in range(len(vol)):
        f, k, t, sigma = forward[i], strike[i], years[i], vol[i]
        root = math.sqrt(t)
        deviation = sigma * root
        d1 = math.log(f / k) / deviation + 0.5 * deviation
        d2 = d1 - deviation
        density = math.exp(-0.5 * d1 * d1) / ROOT_2PI
        vega = f * density * root
        found[0, i] = cp[i] * 0.5 * math.erfc(-cp[i] * d1 / ROOT_2)
        found[1, i] = density / (f * deviation)
        found[2, i] = vega
        found[3, i] = -0.5 * f * density * sigma / root
        found[4, i] = -density * d2 / sigma
        found[5, i] = vega * d1 * d2 / sigma


SOLVE = (scaled_erfc, normalised_price, total_deviation)
"""What ``deviation_of`` calls."""
INNER = (*SOLVE, deviation_of)
"""What ``invert`` calls."""
