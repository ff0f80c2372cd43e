"""Indicators with the conventions of TA-Lib (METHODS section 6.2). NaN stands before the first valid bar.

The NaN of an indicator's warm-up stays inside ``quant`` and the component that asked: ``newest`` turns it into None.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tradecli.quant.returns import Floats


def newest(values: Floats) -> float | None:
    """Return the last value, or None while there is none."""
    return float(values[-1]) if len(values) and np.isfinite(values[-1]) else None


def _smooth(values: Floats, first: int, seed: float, alpha: float) -> Floats:
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
    return _smooth(values, first, float(np.mean(values[first - n + 1 : first + 1])), 2.0 / (n + 1))


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
        out[1:] = _smooth(ranges, n - 1, float(np.mean(ranges[:n])), 1.0 / n)
    return out
