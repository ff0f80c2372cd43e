"""Indicators of traded volume (METHODS section 6.2). NaN stands before the first valid bar and where nothing traded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradecli.quant.returns import DAY_MS, Floats, Times


@dataclass(frozen=True, slots=True)
class Vwap:
    """``has_volume`` is false while nothing has traded in the session: there the close stands in."""

    value: Floats
    has_volume: NDArray[np.bool_]


def vwap(ts: Times, high: Floats, low: Floats, close: Floats, volume: Floats) -> Vwap:
    """Return the volume-weighted typical price since 00:00 UTC of each bar; ``ts`` are open times."""
    typical = (high + low + close) / 3.0
    day = ts // DAY_MS
    money, traded = _since(day, typical * volume), _since(day, volume)
    there = traded > 0.0
    return Vwap(np.where(there, money / np.where(there, traded, 1.0), close), there)


def _since(day: Times, values: Floats) -> Floats:
    """Return the sum of values from the first bar of each day on."""
    if not len(day):
        return np.empty(0)
    out = np.empty(len(values))
    first = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    for start, end in zip(first.tolist(), [*first[1:].tolist(), len(day)], strict=True):
        out[start:end] = np.cumsum(values[start:end])
    return out


def obv(close: Floats, volume: Floats) -> Floats:
    """Return the sum of volume signed by the change of the close, from volume[0] on; only its slope has meaning."""
    if not len(close):
        return np.empty(0)
    signed = np.concatenate((volume[:1], np.sign(np.diff(close)) * volume[1:]))
    return np.asarray(np.cumsum(signed))


def cmf(high: Floats, low: Floats, close: Floats, volume: Floats, n: int = 20) -> Floats:
    """Return Σ(MFM·V)/ΣV over n bars, MFM = ((C−L)−(H−C))/(H−L) and 0 where H = L; Chaikin."""
    out = np.full(len(close), np.nan)
    if len(close) < n:
        return out
    width = high - low
    flat = width <= 0.0
    multiplier = np.where(flat, 0.0, ((close - low) - (high - close)) / np.where(flat, 1.0, width))
    windows = np.lib.stride_tricks.sliding_window_view
    flow, traded = (windows(each, n).sum(axis=1) for each in (multiplier * volume, volume))
    there = traded > 0.0
    out[n - 1 :] = np.where(there, flow / np.where(there, traded, 1.0), np.nan)
    return out
