"""How large one position may be by Kelly, after what its edge is really known to be (METHODS section 11).

Fractions are of equity. Means and deviations are of net simple returns over one and the same period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MULTIPLIER = 0.25
CAP = 0.10
PRIOR_WINS, PRIOR_TRADES = 10.0, 20.0
Z_95 = 1.959963984540054


def win_probability(wins: int, trades: int) -> float:
    """Return (wins + 10)/(n + 20): a share of wins with a prior of even odds."""
    return (wins + PRIOR_WINS) / (trades + PRIOR_TRADES)


def binary_kelly(p: float, payoff: float) -> float:
    """Return p − (1−p)/b, b the average win over the average loss; 0 where there is no edge. Kelly (1956)."""
    return max(p - (1.0 - p) / payoff, 0.0) if payoff > 0.0 else 0.0


def kelly(mean: float, sd: float, rate: float = 0.0) -> float | None:
    """Return (μ − r)/σ² of returns near normal; Thorp (2006). None without a deviation."""
    return (mean - rate) / sd**2 if sd > 0.0 else None


def growth(mean: float, sd: float, rate: float = 0.0) -> float | None:
    """Return the growth rate at full Kelly: r + ½ ((μ − r)/σ)²; Thorp (2006)."""
    return rate + 0.5 * ((mean - rate) / sd) ** 2 if sd > 0.0 else None


@dataclass(frozen=True, slots=True)
class Sized:
    """``raw`` is full Kelly, ``shrink`` what its error leaves of it, ``uncapped`` that times the multiplier.

    ``fraction`` is what to hold, ``reason`` why it is 0 or the cap, or None.
    """

    fraction: float
    raw: float
    t: float
    shrink: float
    uncapped: float
    reason: str | None


def size(
    mean: float,
    sd: float,
    n: int,
    *,
    multiplier: float = MULTIPLIER,
    cap: float = CAP,
    has_record: bool = False,
    proven: bool = False,
) -> Sized | None:
    """Return the fraction for an edge estimated from ``n`` returns; None without a deviation or returns.

    Shrunk by t²/(1+t²), as in Baker & McHale (2013), times ``multiplier``, at most ``cap`` either way. Without a live
    record an edge whose 95 % lower bound is not above 0 gets 0; with one (``has_record``) t below 1 does. ``proven``
    leaves both rules out, for a caller that applies its own.
    """
    raw = kelly(mean, sd)
    if raw is None or n < 1 or not math.isfinite(raw):
        return None
    t = mean * math.sqrt(n) / sd
    shrink = t * t / (1.0 + t * t)
    uncapped = multiplier * shrink * raw
    fraction, reason = math.copysign(min(abs(uncapped), cap), uncapped), None
    if abs(uncapped) > cap:
        reason = f"capped at {cap:g} of equity"
    if not proven:
        if has_record and abs(t) < 1.0:
            fraction, reason = 0.0, "t of the live record is below 1"
        elif not has_record and abs(t) <= Z_95:
            fraction, reason = 0.0, "the 95 % bound of the edge is on the other side of 0"
    return Sized(fraction, raw, t, shrink, uncapped, reason)


def fall_probability(share: float, fraction: float) -> float:
    """Return the chance of ever falling to ``share`` of the starting wealth at ``fraction`` of Kelly: x^(2/φ − 1).

    MacLean, Thorp & Ziemba (2011), in continuous time: full Kelly x, a quarter of it x⁷.
    """
    return float(share ** (2.0 / fraction - 1.0)) if 0.0 < fraction < 2.0 else float(fraction > 0.0)


def volatility_scale(target: float, forecast: float) -> float:
    """Return min(1, σ_target/σ_forecast): what volatility leaves of a size."""
    return min(1.0, target / forecast) if forecast > 0.0 else 0.0


def shock_cap(history_quantile: float, limit: float = 0.05) -> float:
    """Return the size at which twice a 5th-percentile loss (positive) costs ``limit`` of equity."""
    return limit / (2.0 * history_quantile) if history_quantile > 0.0 else math.inf
