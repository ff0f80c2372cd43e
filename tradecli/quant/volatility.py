"""Volatility from prices already seen: range estimators, realised variance, EWMA (METHODS sections 3 and 4).

Estimators return the variance of one bar or one day; ``returns.annualised`` makes a volatility of it. They return None
for fewer numbers than they need, for NaN and infinities, and for bars that contradict themselves.
"""

from __future__ import annotations

import math

import numpy as np

from tradecli.quant.returns import Floats, moves

LN2 = math.log(2.0)
EWMA_SEED = 10


def close_close(returns: Floats, *, zero_mean: bool = False) -> float | None:
    """Return the variance of log returns: ddof 1, or the mean square. None below two returns."""
    if len(returns) < 2 or not np.all(np.isfinite(returns)):
        return None
    return float(np.mean(returns**2) if zero_mean else np.var(returns, ddof=1))


def parkinson(high: Floats, low: Floats) -> float | None:
    """Return the mean of ln(H/L)² / (4 ln 2) (Parkinson 1980): biased up by drift and by single bad prints."""
    if not _are_prices(high, low) or np.any(high < low):
        return None
    return float(np.mean(np.log(high / low) ** 2) / (4.0 * LN2))


def garman_klass(open: Floats, high: Floats, low: Floats, close: Floats) -> float | None:
    """Return the mean of ½ ln(H/L)² − (2 ln 2 − 1) ln(C/O)² (Garman & Klass 1980)."""
    if not _are_bars(open, high, low, close):
        return None
    terms = 0.5 * np.log(high / low) ** 2 - (2.0 * LN2 - 1.0) * np.log(close / open) ** 2
    return float(np.mean(terms))


def rogers_satchell_terms(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Return u(u−c) + d(d−c) of each bar, in logs relative to its open (Rogers & Satchell 1991)."""
    u, d, c = np.log(high / open), np.log(low / open), np.log(close / open)
    return np.asarray(u * (u - c) + d * (d - c))


def rogers_satchell(open: Floats, high: Floats, low: Floats, close: Floats) -> float | None:
    """Return the drift-free variance of a bar: the default on bars of a market that never closes."""
    if not _are_bars(open, high, low, close):
        return None
    return float(np.mean(rogers_satchell_terms(open, high, low, close)))


def yang_zhang(
    previous_close: float | Floats, open: Floats, high: Floats, low: Floats, close: Floats
) -> float | None:
    """Return var(overnight) + k var(open to close) + (1−k) RS (Yang & Zhang 2000). None below two bars.

    ``previous_close`` is the close before the first bar, or that before each bar (``bars.previous_closes``): a bar
    where it is NaN comes after a hole and is left out. k = 0.34 / (1.34 + (n+1)/(n−1)); variances have ddof 1.
    """
    before = (
        previous_close
        if isinstance(previous_close, np.ndarray)
        else np.concatenate(([previous_close], close[:-1]))
    )
    known = ~np.isnan(before)
    before, open, high, low, close = (each[known] for each in (before, open, high, low, close))
    n = len(open)
    if n < 2 or not _are_prices(before) or not _are_bars(open, high, low, close):
        return None
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    overnight = np.var(np.log(open / before), ddof=1)
    session = np.var(np.log(close / open), ddof=1)
    range_part = np.mean(rogers_satchell_terms(open, high, low, close))
    return float(overnight + k * session + (1.0 - k) * range_part)


def ewma_variance(returns: Floats, lam: float = 0.94, seed_n: int = EWMA_SEED) -> float | None:
    """Return the forecast variance of the next period (RiskMetrics 1996): zero mean, seeded by a mean square.

    None when there is nothing after the first ``seed_n`` returns.
    """
    if len(returns) <= seed_n or not np.all(np.isfinite(returns)):
        return None
    variance = float(np.mean(returns[:seed_n] ** 2))
    for square in (returns[seed_n:] ** 2).tolist():
        variance = lam * variance + (1.0 - lam) * square
    return variance


def ewma_path(returns: Floats, lam: float = 0.94, seed_n: int = EWMA_SEED) -> Floats:
    """Return the variance forecast of each return, made before it was known; NaN through the seed period."""
    found = np.full(len(returns), np.nan)
    if len(returns) <= seed_n or not np.all(np.isfinite(returns)):
        return found
    variance = float(np.mean(returns[:seed_n] ** 2))
    for index, square in enumerate((returns[seed_n:] ** 2).tolist(), start=seed_n):
        found[index] = variance
        variance = lam * variance + (1.0 - lam) * square
    return found


def ewma_half_life(lam: float = 0.94) -> float:
    """Return the periods after which the weight of a square has halved: ln ½ / ln λ."""
    return math.log(0.5) / math.log(lam)


def realised_days(
    ts: np.ndarray, close: Floats, interval_ms: int, day_ms: int = 86_400_000, coverage: float = 0.90
) -> tuple[np.ndarray, Floats]:
    """Return (UTC day number, realised variance) of each day that has enough bars: Σ r², scaled to a full day.

    ``ts`` are the open times of the bars. A day needs ``coverage`` of its returns, and is left out otherwise; a day
    without any movement is a halt, not a calm one, and is left out too.
    """
    if len(ts) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0)
    adjacent = np.diff(ts) == interval_ms
    squares = np.diff(np.log(close))[adjacent] ** 2
    days = (ts[1:] // day_ms)[adjacent]
    numbers, start = np.unique(days, return_index=True)
    sums = np.add.reduceat(squares, start) if len(squares) else np.empty(0)
    counts = np.diff(np.append(start, len(squares)))
    full = day_ms // interval_ms
    kept = (counts >= coverage * full) & (sums > 0.0)
    return numbers[kept], sums[kept] * full / counts[kept]


def excess_kurtosis(returns: Floats) -> float:
    """Return the excess kurtosis of returns (0 for the normal law), never below 0; 0 where it cannot be told."""
    centred = returns - np.mean(returns) if len(returns) else returns
    variance = float(np.mean(centred**2)) if len(returns) >= 4 and moves(returns) else 0.0
    if variance <= 0.0:
        return 0.0
    return max(float(np.mean(centred**4)) / variance**2 - 3.0, 0.0)


def standard_error(vol: float, n: int, kurtosis: float = 0.0, efficiency: float = 1.0) -> float | None:
    """Return the standard error of a volatility from ``n`` returns: σ/√(2n)·√(1+k/2), k the excess kurtosis.

    ``efficiency`` is that of the estimator beside close-to-close (METHODS section 4). None below two.
    """
    if n < 2:
        return None
    return vol / math.sqrt(2.0 * n * efficiency) * math.sqrt(1.0 + max(kurtosis, 0.0) / 2.0)


def _are_prices(*arrays: Floats) -> bool:
    return all(len(each) > 0 and bool(np.all((each > 0) & np.isfinite(each))) for each in arrays)


def _are_bars(open: Floats, high: Floats, low: Floats, close: Floats) -> bool:
    inside = (high >= np.maximum(open, close)) & (low <= np.minimum(open, close))
    return _are_prices(open, high, low, close) and bool(np.all(inside))
