"""Realised variance from prices within the day, its jumps, and where today stands in the volatility cone.

METHODS section 4. Realised variance is per day, from log returns; a day without movement is a halt, not a calm one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import DAY_MS, Floats, Times

MU_1 = math.sqrt(2.0 / math.pi)
MU_43 = 2.0 ** (2.0 / 3.0) * math.gamma(7.0 / 6.0) / math.gamma(0.5)
JUMP_LEVEL = 0.001
LEAST_RETURNS = 100
MOST_ZEROS = 0.10
"""Share of returns of exactly 0 above which a day is too illiquid to be told from a jumping one."""
LONGEST_FILL = 3
CONE_HORIZONS = (7, 14, 30, 60, 90)
CONE_QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Jumps:
    """Realised and bipower variance of one day, and how much of it came in jumps.

    ``z`` is standard normal without jumps, ``p`` its upper tail. ``jump`` is RV − BV where p is below the level and 0
    elsewhere, ``continuous`` the rest. ``is_reliable`` is false for a day with too few returns or too many of 0.
    """

    rv: float
    bv: float
    tq: float
    z: float
    p: float
    jump: float
    is_reliable: bool

    @property
    def continuous(self) -> float:
        return self.rv - self.jump


def jumps(returns: Floats, level: float = JUMP_LEVEL) -> Jumps | None:
    """Return the ratio test for jumps in one day of log returns; None for a day that is broken, halted or tiny.

    Barndorff-Nielsen & Shephard, JFEc (2004, 2006); the statistic of Huang & Tauchen, JFEc (2005).
    """
    m = len(returns)
    if m < 3 or not np.all(np.isfinite(returns)):
        return None
    sizes = np.abs(returns)
    rv = float(np.sum(returns**2))
    if rv <= 0.0:
        return None
    bv = MU_1**-2 * m / (m - 1) * float(np.sum(sizes[1:] * sizes[:-1]))
    triples = (sizes[2:] * sizes[1:-1] * sizes[:-2]) ** (4.0 / 3.0)
    tq = m * MU_43**-3 * m / (m - 2) * float(np.sum(triples))
    scale = (MU_1**-4 + 2.0 * MU_1**-2 - 5.0) / m
    z = (1.0 - bv / rv) / math.sqrt(scale * max(1.0, tq / bv**2 if bv > 0.0 else 1.0))
    p = 0.5 * math.erfc(z / math.sqrt(2.0))
    reliable = m >= LEAST_RETURNS and float(np.mean(sizes == 0.0)) < MOST_ZEROS
    return Jumps(rv, bv, tq, z, p, max(rv - bv, 0.0) if p < level else 0.0, reliable)


def subsampled_days(
    ts: Times, close: Floats, interval_ms: int = 60_000, sample_ms: int = 300_000, coverage: float = 0.90
) -> tuple[Times, Floats]:
    """Return (UTC day number, realised variance) from returns over ``sample_ms``, averaged over every offset.

    ``ts`` are open times of bars of ``interval_ms``. A missing bar takes the price before it, for at most 3 samples;
    what is missing for longer gives no return, and the sum is scaled to a whole day. A day needs the share
    ``coverage`` of its bars.
    """
    step, full = sample_ms // interval_ms, DAY_MS // interval_ms
    if interval_ms <= 0 or sample_ms % interval_ms or DAY_MS % sample_ms:
        raise ValueError(f"returns over {sample_ms} ms cannot be taken from bars of {interval_ms} ms")
    if not len(ts):
        return np.empty(0, dtype=np.int64), np.empty(0)
    numbers = np.unique(ts // DAY_MS)
    kept, found = [], []
    for day in numbers.tolist():
        first = day * DAY_MS - interval_ms  # the bar that closes at midnight
        low, high = np.searchsorted(ts, (first, (day + 1) * DAY_MS)).tolist()
        slots = (ts[low:high] - first) // interval_ms
        if np.count_nonzero(slots > 0) < coverage * full:
            continue
        prices = _filled(slots, close[low:high], full + 1, LONGEST_FILL * step)
        variance = _mean_over_offsets(np.log(prices), step, full // step)
        if variance > 0.0:
            kept.append(day)
            found.append(variance)
    return np.array(kept, dtype=np.int64), np.array(found, dtype=np.float64)


def _filled(slots: Times, close: Floats, size: int, longest: int) -> Floats:
    """Return prices by slot, the last one known carried over holes of at most ``longest`` slots; NaN beyond."""
    last = np.searchsorted(slots, np.arange(size), side="right") - 1
    age = np.arange(size) - slots[np.maximum(last, 0)]
    return np.where((last >= 0) & (age <= longest), close[np.maximum(last, 0)], np.nan)


def _mean_over_offsets(logs: Floats, step: int, whole: int) -> float:
    sums = []
    for offset in range(step):
        returns = np.diff(logs[offset::step])
        known = returns[np.isfinite(returns)]
        if len(known):
            sums.append(float(np.sum(known**2)) * whole / len(known))
    return math.fsum(sums) / len(sums) if sums else 0.0


def overlap_factor(horizon: int, days: int) -> float:
    """Return what to multiply the variance of overlapping ``horizon``-day returns over ``days`` by, to remove its bias.

    m = 1/(1 − h/n + (h²−1)/(3n²)), n = T−h+1; Hodges & Tompkins, J. Derivatives (2002).
    """
    n = days - horizon + 1
    return 1.0 / (1.0 - horizon / n + (horizon**2 - 1.0) / (3.0 * n**2))


@dataclass(frozen=True, slots=True)
class ConeRow:
    """Annual volatility over one horizon: its quantiles in the past, what it is now, and where now ranks in [0, 1].

    ``independent`` is how many windows without overlap there were: the real size of the sample.
    """

    horizon: int
    quantiles: Mapping[float, float]
    now: float
    rank: float
    independent: float


def cone(
    variances: Floats,
    horizons: Sequence[int] = CONE_HORIZONS,
    quantiles: Sequence[float] = CONE_QUANTILES,
    ppy: float = 365.0,
) -> tuple[ConeRow, ...]:
    """Return the volatility cone of daily variances, oldest first, without the horizons that do not fit in twice.

    The quantiles are of rolling means of variance times the overlap factor; the present is not so corrected.
    """
    if not np.all(np.isfinite(variances)) or np.any(variances < 0.0):
        return ()
    rows = []
    days = len(variances)
    sums = np.concatenate(([0.0], np.cumsum(variances)))
    for horizon in horizons:
        if days < 2 * horizon:
            continue
        rolling = (sums[horizon:] - sums[:-horizon]) / horizon
        raw = np.sqrt(np.maximum(rolling, 0.0) * ppy)
        spread = math.sqrt(overlap_factor(horizon, days))
        levels = np.quantile(raw, quantiles) * spread
        past, now = raw[:-1], float(raw[-1])
        rank = (float(np.sum(past < now)) + 0.5 * float(np.sum(past == now))) / len(past)
        named = dict(zip(quantiles, levels.tolist(), strict=True))
        rows.append(ConeRow(horizon, named, now, rank, days / horizon))
    return tuple(rows)
