"""Indicators that swing in a fixed range, and the rate of change (METHODS section 6.2). NaN before the first value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradecli.quant.indicators import donchian, sma, smooth, true_range
from tradecli.quant.returns import Floats


def rsi(close: Floats, n: int = 14) -> Floats:
    """Return 100 AG/(AG+AL) of Wilder-smoothed gains and losses; 50 where nothing moves. Wilder (1978).

    TA-Lib gives 0 there, which would read as the deepest fall.
    """
    out = np.full(len(close), np.nan)
    if len(close) <= n:
        return out
    change = np.diff(close)
    up, down = wilder(np.maximum(change, 0.0), n), wilder(np.maximum(-change, 0.0), n)
    whole = up + down
    still = whole <= 0.0
    out[1:] = np.where(still, 50.0, 100.0 * up / np.where(still, 1.0, whole))
    return out


def wilder(values: Floats, n: int) -> Floats:
    """Return Wilder's average: the mean of the first n at bar n−1, then α = 1/n."""
    if len(values) < n:
        return np.full(len(values), np.nan)
    return smooth(values, n - 1, float(np.mean(values[:n])), 1.0 / n)


@dataclass(frozen=True, slots=True)
class Stochastic:
    k: Floats
    d: Floats


def stochastic(
    high: Floats, low: Floats, close: Floats, n: int = 14, slow: int = 3, signal: int = 3
) -> Stochastic:
    """Return slow %K, the SMA of 100 (C−L)/(H−L) over n bars, and %D, its SMA; 50 where H = L.

    Both begin with the first %D, as TA-Lib's do.
    """
    band = donchian(high, low, n)
    raw = 100.0 * band.position(close)
    first = n - 1
    k, d = np.full(len(close), np.nan), np.full(len(close), np.nan)
    if len(close) > first:
        k[first:] = sma(raw[first:], slow)
        d[first + slow - 1 :] = sma(k[first + slow - 1 :], signal)
    return Stochastic(np.where(np.isfinite(d), k, np.nan), d)


@dataclass(frozen=True, slots=True)
class Directional:
    """``adx`` is the strength of a trend, whatever its way; ``plus`` and ``minus`` say which way."""

    adx: Floats
    plus: Floats
    minus: Floats


def adx(high: Floats, low: Floats, close: Floats, n: int = 14) -> Directional:
    """Return Wilder's directional movement: DI from bar n, ADX from bar 2n−1; 0 where nothing moves. Wilder (1978).

    ``n`` is at least 2.
    """
    size = len(close)
    blank = np.full(size, np.nan)
    if size <= n:
        return Directional(blank, blank.copy(), blank.copy())
    rise, fall = np.diff(high), -np.diff(low)
    plus = _wilder_sum(np.where((rise > fall) & (rise > 0.0), rise, 0.0), n)
    minus = _wilder_sum(np.where((fall > rise) & (fall > 0.0), fall, 0.0), n)
    ranges = _wilder_sum(true_range(high, low, close), n)
    moving = ranges > 0.0
    up = np.where(moving, 100.0 * plus / np.where(moving, ranges, 1.0), 0.0)
    down = np.where(moving, 100.0 * minus / np.where(moving, ranges, 1.0), 0.0)
    both = up + down
    spread = np.where(both > 0.0, 100.0 * np.abs(up - down) / np.where(both > 0.0, both, 1.0), 0.0)
    found = Directional(blank, blank.copy(), blank.copy())
    found.plus[n:], found.minus[n:] = up, down
    found.adx[n:] = wilder(spread, n)
    return found


def _wilder_sum(values: Floats, n: int) -> Floats:
    """Return Wilder's running sum from bar n on: the first n−1 added up, then s − s/n + x."""
    return np.asarray(smooth(n * values[n - 2 :], 0, float(np.sum(values[: n - 1])), 1.0 / n)[1:])


def roc(close: Floats, n: int = 10) -> Floats:
    """Return 100 (C/C_{t−n} − 1)."""
    out = np.full(len(close), np.nan)
    if len(close) > n:
        out[n:] = 100.0 * (close[n:] / close[:-n] - 1.0)
    return out
