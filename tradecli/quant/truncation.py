"""What a strip of options leaves out beyond its last strikes, at the volatility of those strikes (METHODS section 1.1).

∫ P(K)/K² dK from 0 to K and ∫ C(K)/K² dK from K on have closed forms under Black-76, because each is the mean of a
log contract's pay-off beyond the strike: ln(K/S) − 1 + S/K below it, S/K − 1 − ln(S/K) above. Demeterfi, Derman, Kamal
& Zou (1999); Jiang & Tian (2005).
"""

from __future__ import annotations

import math

NEVER = 1e-12
"""A deviation at or below which nothing is left out."""


def below(forward: float, strike: float, deviation: float) -> float:
    """Return ∫₀^K P(k)/k² dk for undiscounted puts of total deviation σ√T: half of T times the variance left out."""
    if not deviation > NEVER:
        return 0.0
    d1, d2 = _d(forward, strike, deviation)
    moved = -0.5 * deviation**2 * _cdf(-d2) - deviation * _pdf(d2)  # E[ln(S/F)] where S < K
    return max((math.log(strike / forward) - 1.0) * _cdf(-d2) - moved + forward / strike * _cdf(-d1), 0.0)


def above(forward: float, strike: float, deviation: float) -> float:
    """Return ∫_K^∞ C(k)/k² dk for undiscounted calls of total deviation σ√T."""
    if not deviation > NEVER:
        return 0.0
    d1, d2 = _d(forward, strike, deviation)
    moved = -0.5 * deviation**2 * _cdf(d2) + deviation * _pdf(d2)  # E[ln(S/F)] where S > K
    return max(forward / strike * _cdf(d1) + (math.log(strike / forward) - 1.0) * _cdf(d2) - moved, 0.0)


def _d(forward: float, strike: float, deviation: float) -> tuple[float, float]:
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    return d1, d1 - deviation


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def _pdf(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
