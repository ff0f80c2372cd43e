"""The newest EMA, MACD and ATR of a window of bars. Each is a weighted sum of the window, so the weights are kept.

The weights come from ``quant.indicators`` itself, run once over unit vectors for each length of window: the definitions
stay in one place, and a look costs a few dot products instead of a walk over the bars.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tradecli.quant.indicators import atr, ema, macd, newest, true_range
from tradecli.quant.returns import Floats

FAST, SLOW, RANGE = 12, 26, 14


class Lines(NamedTuple):
    """In quote currency; None while the window is too short for one of them."""

    fast: float | None
    slow: float | None
    macd: float | None
    signal: float | None
    histogram: float | None
    reach: float | None


class _Weights(NamedTuple):
    fast: Floats
    slow: Floats
    macd: Floats
    signal: Floats
    reach: Floats
    """Weights of the true ranges, which are one fewer than the bars."""


def lines_of(high: Floats, low: Floats, close: Floats, settled: int) -> Lines:
    """Return the lines of the newest bar; with ``settled`` bars or more, of exactly that many."""
    if len(close) < settled:
        averages = macd(close)
        found = (
            ema(close, FAST),
            ema(close, SLOW),
            averages.line,
            averages.signal,
            averages.histogram,
            atr(high, low, close, RANGE),
        )
        return Lines(*(newest(each) for each in found))
    high, low, close = high[-settled:], low[-settled:], close[-settled:]
    weights = _weights(settled)
    line, signal = float(weights.macd @ close), float(weights.signal @ close)
    return Lines(
        fast=float(weights.fast @ close),
        slow=float(weights.slow @ close),
        macd=line,
        signal=signal,
        histogram=line - signal,
        reach=float(weights.reach @ true_range(high, low, close)),
    )


@lru_cache(maxsize=4)
def _weights(n: int) -> _Weights:
    def last(line: Callable[[Floats], Floats], count: int = n) -> Floats:
        return np.array([line(unit)[-1] for unit in np.eye(count)])

    level = np.zeros(n)

    def averaged(unit: Floats) -> Floats:
        """Return the ATR of bars whose true ranges are ``unit``: closes at zero, highs as far up as the range."""
        return atr(np.concatenate(([0.0], unit)), level, level, RANGE)

    return _Weights(
        fast=last(lambda unit: ema(unit, FAST)),
        slow=last(lambda unit: ema(unit, SLOW)),
        macd=last(lambda unit: macd(unit).line),
        signal=last(lambda unit: macd(unit).signal),
        reach=last(averaged, n - 1),
    )
