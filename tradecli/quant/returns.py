"""Returns and the length of a year (METHODS section 0): every day counts, 365 of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
"""UTC milliseconds, or a count of days since 1970."""

DAY_MS = 86_400_000
MS_PER_YEAR = 365 * DAY_MS
HOURS_PER_YEAR = 8_760.0


def periods_per_year(interval_ms: int) -> float:
    """Return how many bars of ``interval_ms`` a 365-day year has."""
    return MS_PER_YEAR / interval_ms


def log_returns(prices: Floats) -> Floats:
    """Return the natural log returns of consecutive prices: one fewer than there are prices."""
    changes: Floats = np.diff(np.log(prices))
    return changes


def simple_returns(prices: Floats) -> Floats:
    """Return the simple returns of consecutive prices, for money and performance."""
    return np.asarray(prices[1:] / prices[:-1] - 1.0)


def consecutive_returns(ts: NDArray[np.int64], prices: Floats, interval_ms: int) -> Floats:
    """Return the log returns between bars that follow each other without a gap; the others are left out."""
    if len(ts) < 2:
        return np.empty(0)
    adjacent = np.diff(ts) == interval_ms
    returns: Floats = log_returns(prices)[adjacent]
    return returns


def moves(values: Floats) -> bool:
    """Whether finite values are not all the same. A variance does not tell: that of constant 0.1 is above 0."""
    return len(values) > 0 and bool(np.ptp(values) > 0.0)


def annualised(variance: float, ppy: float) -> float:
    """Return the volatility a year of a variance per period: variances add over time, volatilities do not."""
    return float(np.sqrt(variance * ppy))
