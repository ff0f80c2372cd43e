"""Averages, bands and ranges with the conventions of TA-Lib (METHODS section 6.2). NaN before the first valid bar.

The NaN of an indicator's warm-up stays inside ``quant`` and the component that asked: ``newest`` turns it into None.
Values are as defined from the first valid bar on; ``settled_after`` says when they no longer depend on where the series
began. Bars are closed ones without holes. ``oscillators`` and ``turnover`` hold the others, ``live`` their twins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from tradecli.quant.returns import Floats


def settled_after(indicator: str, n: int) -> int:
    """Return the bars to discard (METHODS section 6.1): ``ema`` 3n, ``tema`` 3(n−1)+2n, ``wilder`` 5n, ``macd`` 100."""
    bars = {"ema": 3 * n, "tema": 3 * (n - 1) + 2 * n, "wilder": 5 * n, "macd": 100}
    return bars[indicator]


def newest(values: Floats) -> float | None:
    """Return the last value, or None while there is none."""
    return float(values[-1]) if len(values) and np.isfinite(values[-1]) else None


def smooth(values: Floats, first: int, seed: float, alpha: float) -> Floats:
    """Return an exponential average: NaN before index ``first``, ``seed`` there, then one step a bar."""
    out = np.full(len(values), np.nan)
    rest = values[first + 1 :].tolist()
    out[first:] = list(accumulate(rest, lambda y, x: y + alpha * (x - y), initial=seed))
    return out


def ema(values: Floats, n: int, *, start: int | None = None) -> Floats:
    """Return the exponential average, α = 2/(n+1), seeded at bar ``start`` with the mean of the n bars up to it."""
    first = n - 1 if start is None else start
    if len(values) <= first:
        return np.full(len(values), np.nan)
    return smooth(values, first, float(np.mean(values[first - n + 1 : first + 1])), 2.0 / (n + 1))


@dataclass(frozen=True, slots=True)
class Macd:
    line: Floats
    signal: Floats
    histogram: Floats


def macd(close: Floats, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Return MACD as TA-Lib does: both averages start together, and all three lines with the signal's first bar."""
    line = ema(close, fast, start=slow - 1) - ema(close, slow)
    out = np.full(len(close), np.nan)
    if len(close) >= slow:
        out[slow - 1 :] = ema(line[slow - 1 :], signal)
    shown = np.where(np.isfinite(out), line, np.nan)
    return Macd(shown, out, shown - out)


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the true range of each bar from the second on."""
    before = close[:-1]
    reach = np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before))
    return np.asarray(np.maximum(high[1:] - low[1:], reach))


def atr(high: Floats, low: Floats, close: Floats, n: int = 14) -> Floats:
    """Return Wilder's average true range: the mean of the first n ranges at bar n, then α = 1/n."""
    out = np.full(len(close), np.nan)
    if len(close) > n:
        ranges = true_range(high, low, close)
        out[1:] = smooth(ranges, n - 1, float(np.mean(ranges[:n])), 1.0 / n)
    return out


def sma(values: Floats, n: int) -> Floats:
    """Return the mean of the newest n bars."""
    return _rolling(values, n, lambda windows: np.mean(windows, axis=1))


def wma(values: Floats, n: int) -> Floats:
    """Return the mean of the newest n bars with weights 1 to n, the newest heaviest."""
    weights = np.arange(1.0, n + 1.0) / (n * (n + 1) / 2.0)
    return _rolling(values, n, lambda windows: windows @ weights)


def tema(values: Floats, n: int) -> Floats:
    """Return 3 e₁ − 3 e₂ + e₃, each an average of the one before; first at bar 3(n−1). Mulloy (2005)."""
    one = ema(values, n)
    two = _of_valid(one, lambda line: ema(line, n))
    three = _of_valid(two, lambda line: ema(line, n))
    return np.asarray(3.0 * one - 3.0 * two + three)


def hma(values: Floats, n: int) -> Floats:
    """Return WMA(2 WMA(n//2) − WMA(n), round(√n)); Hull (2005)."""
    raw = 2.0 * wma(values, n // 2) - wma(values, n)
    return _of_valid(raw, lambda line: wma(line, round(math.sqrt(n))))


@dataclass(frozen=True, slots=True)
class Bands:
    upper: Floats
    middle: Floats
    lower: Floats

    def position(self, close: Floats) -> Floats:
        """Return where the close stands: 0 on the lower band, 1 on the upper, ½ where there is no width."""
        width = self.upper - self.lower
        flat = width <= 0.0
        return np.where(flat, 0.5, (close - self.lower) / np.where(flat, 1.0, width))


def bollinger(close: Floats, n: int = 20, width: float = 2.0) -> Bands:
    """Return SMA ± ``width`` population deviations (ddof 0); Bollinger (2001)."""
    middle = sma(close, n)
    reach = width * _rolling(close, n, lambda windows: np.std(windows, axis=1))
    return Bands(middle + reach, middle, middle - reach)


def keltner(
    high: Floats, low: Floats, close: Floats, n: int = 20, atr_n: int = 10, width: float = 2.0
) -> Bands:
    """Return EMA ± ``width`` Wilder ranges."""
    middle, reach = ema(close, n), width * atr(high, low, close, atr_n)
    return Bands(middle + reach, np.where(np.isfinite(reach), middle, np.nan), middle - reach)


def donchian(high: Floats, low: Floats, n: int = 20) -> Bands:
    """Return the highest high and lowest low of the newest n bars, the newest included, and their mean."""
    upper = _rolling(high, n, lambda windows: np.max(windows, axis=1))
    lower = _rolling(low, n, lambda windows: np.min(windows, axis=1))
    return Bands(upper, 0.5 * (upper + lower), lower)


@dataclass(frozen=True, slots=True)
class Supertrend:
    """``line`` is the band that holds; ``direction`` is +1 above it, −1 below it, 0 before the first valid bar."""

    line: Floats
    direction: NDArray[np.int8]


def supertrend(high: Floats, low: Floats, close: Floats, n: int = 10, width: float = 3.0) -> Supertrend:
    """Return (H+L)/2 ± ``width`` Wilder ranges as a trailing stop.

    A band only tightens while the close stays inside it; the direction flips on a close beyond the opposite band. It
    begins upwards where the first close is not below the middle of its bar.
    """
    size = len(close)
    line, direction = np.full(size, np.nan), np.zeros(size, dtype=np.int8)
    if size <= n:
        return Supertrend(line, direction)
    middle, reach = 0.5 * (high + low), width * atr(high, low, close, n)
    upper, lower = float(middle[n] + reach[n]), float(middle[n] - reach[n])
    way = 1 if close[n] >= middle[n] else -1
    for t in range(n, size):
        if t > n:
            above, below = float(middle[t] + reach[t]), float(middle[t] - reach[t])
            upper = min(above, upper) if close[t - 1] <= upper else above
            lower = max(below, lower) if close[t - 1] >= lower else below
        way = 1 if close[t] > upper else -1 if close[t] < lower else way
        line[t], direction[t] = (lower if way > 0 else upper), way
    return Supertrend(line, direction)


def _rolling(values: Floats, n: int, measure: Callable[[Floats], Floats]) -> Floats:
    out = np.full(len(values), np.nan)
    if len(values) >= n:
        out[n - 1 :] = measure(np.lib.stride_tricks.sliding_window_view(values, n))
    return out


def _of_valid(values: Floats, measure: Callable[[Floats], Floats]) -> Floats:
    """Apply a measure to what follows the leading NaN, and put the NaN back in front."""
    first = int(np.argmax(np.isfinite(values))) if np.any(np.isfinite(values)) else len(values)
    return np.concatenate((values[:first], measure(values[first:])))
