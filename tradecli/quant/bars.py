"""Minutes to higher bars, holes in a series, and which bar may be known when (METHODS section 6.1).

Times are int UTC ms and a bar is named by its open time. Nothing here fills a missing bar.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tradecli.quant.returns import Floats, Times

LATENCY_MS = 2_000
"""A bar counts as known this long after it closed."""
COMPLETE_SHARE = 0.95


class Bars(NamedTuple):
    """Bars as equally long arrays; ``ts`` are open times."""

    ts: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def previous_closes(ts: Times, close: Floats, interval_ms: int) -> Floats:
    """Return the close before each bar, NaN where that bar is missing: the first one, and after each hole."""
    previous = np.full(len(close), np.nan)
    previous[1:] = np.where(np.diff(ts) == interval_ms, close[:-1], np.nan)
    return previous


def last_unbroken(ts: Times, interval_ms: int) -> int:
    """Return the index from which on no bar is missing; 0 for an unbroken or empty series."""
    broken = np.flatnonzero(np.diff(ts) != interval_ms)
    return int(broken[-1]) + 1 if len(broken) else 0


def resample(
    bars: Bars, from_ms: int, to_ms: int, *, as_of: int | None = None, least: float = COMPLETE_SHARE
) -> Bars:
    """Build higher bars on UTC boundaries: open first, high max, low min, close last, volume sum.

    A bucket with less than the share ``least`` of its bars is left out, and so is one that had not closed at
    ``as_of`` (default: the close of the newest bar given). Raises ValueError unless ``to_ms`` is a multiple of
    ``from_ms``.
    """
    if from_ms <= 0 or to_ms % from_ms or to_ms < from_ms:
        raise ValueError(f"bars of {to_ms} ms cannot be made of bars of {from_ms} ms")
    if not len(bars.ts):
        return bars
    closed_at = int(bars.ts[-1]) + from_ms if as_of is None else as_of
    bucket = bars.ts // to_ms * to_ms
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - to_ms))
    last = np.append(first[1:], len(bucket)) - 1
    complete = last - first + 1 >= least * (to_ms // from_ms)
    usable = complete & (bucket[first] + to_ms <= closed_at)
    return Bars(
        ts=bucket[first][usable],
        open=bars.open[first][usable],
        high=np.maximum.reduceat(bars.high, first)[usable],
        low=np.minimum.reduceat(bars.low, first)[usable],
        close=bars.close[last][usable],
        volume=np.add.reduceat(bars.volume, first)[usable],
    )


def newest_usable(at_ms: int, interval_ms: int, latency_ms: int = LATENCY_MS) -> int:
    """Return the open time of the newest bar usable at a moment: floor((t − 2 s)/Δ)·Δ − Δ."""
    return (at_ms - latency_ms) // interval_ms * interval_ms - interval_ms


def align(at_ms: Times, open_ts: Times, interval_ms: int, latency_ms: int = LATENCY_MS) -> Times:
    """Return for each moment the index of its newest usable bar, joined on close time; −1 before the first.

    Where bars are missing the one found may be old: compare its open with ``newest_usable``.
    """
    found = np.searchsorted(open_ts + interval_ms, at_ms - latency_ms, side="right") - 1
    return found.astype(np.int64)
