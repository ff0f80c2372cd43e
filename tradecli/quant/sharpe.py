"""The Sharpe ratio and how much of it may be believed (METHODS section 11).

Ratios are per period unless a name says otherwise; returns are simple ones, net of costs. Kurtosis is raw: 3 for the
normal law. A ratio of returns that do not move does not exist.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tradecli.quant.returns import Floats, moves

EULER = 0.5772156649015329
Z_95 = 1.959963984540054
MOST_LAGS = 20
"""Of the autocorrelations that an annual ratio takes into account."""


def sharpe(returns: Floats) -> float | None:
    """Return mean over sample deviation per period; None below two returns and for those that do not move."""
    if len(returns) < 2 or not np.all(np.isfinite(returns)) or not moves(returns):
        return None
    return float(np.mean(returns)) / float(np.std(returns, ddof=1))


def lo_std_error(ratio: float, n: int) -> float:
    """Return √((1 + SR²/2)/T) of independent normal returns; Lo, FAJ (2002)."""
    return math.sqrt((1.0 + 0.5 * ratio * ratio) / n)


def std_error(ratio: float, n: int, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Return √((1 − γ₃ SR + (γ₄−1)/4 SR²)/(T−1)), for returns of any shape; Mertens (2002). ``n`` is at least 2."""
    return math.sqrt(max(1.0 - skew * ratio + 0.25 * (kurtosis - 1.0) * ratio * ratio, 0.0) / (n - 1))


def probabilistic(
    ratio: float, n: int, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float | None:
    """Return the probability that the true ratio is above ``benchmark``; Bailey & López de Prado (2012)."""
    error = std_error(ratio, n, skew, kurtosis) if n > 1 else 0.0
    return _cdf((ratio - benchmark) / error) if error > 0.0 else None


def expected_best(variance: float, trials: float) -> float:
    """Return the best ratio to expect from ``trials`` of no skill whose ratios vary with ``variance``, per period.

    SR₀ = √V [(1−γ_E) Φ⁻¹(1−1/N) + γ_E Φ⁻¹(1−1/(Ne))]; Bailey & López de Prado (2014). 0 for a single trial.
    """
    if trials <= 1.0:
        return 0.0
    quantile = NormalDist().inv_cdf
    return math.sqrt(variance) * (
        (1.0 - EULER) * quantile(1.0 - 1.0 / trials) + EULER * quantile(1.0 - 1.0 / (trials * math.e))
    )


def deflated(
    ratio: float, n: int, variance: float, trials: float, skew: float = 0.0, kurtosis: float = 3.0
) -> float | None:
    """Return the probability that the true ratio is above the best that luck alone would have found."""
    return probabilistic(ratio, n, skew, kurtosis, expected_best(variance, trials))


def annual_factor(q: int, rho: Floats) -> float | None:
    """Return η = q/√(q + 2 Σ (q−k) ρ_k), which makes a ratio per period one of q periods; Lo, FAJ (2002).

    √q without autocorrelation. None where the autocorrelations leave no variance.
    """
    lags = np.arange(1, min(len(rho), q - 1) + 1)
    variance = q + 2.0 * float(np.sum((q - lags) * rho[: len(lags)]))
    return q / math.sqrt(variance) if variance > 0.0 else None


def autocorrelations(returns: Floats, lags: int) -> Floats:
    """Return ρ_1 … ρ_lags with the divisor T; empty for returns that do not move."""
    if not moves(returns):
        return np.empty(0)
    centred = returns - np.mean(returns)
    power = float(centred @ centred)
    return np.array(
        [float(centred[k:] @ centred[:-k]) / power for k in range(1, min(lags, len(centred) - 1) + 1)]
    )


@dataclass(frozen=True, slots=True)
class Sharpe:
    """An annual ratio with its 95 % interval. ``is_autocorrelated`` says that √q would have been wrong.

    ``probability`` is that of a true ratio above 0.
    """

    annual: float
    low: float
    high: float
    per_period: float
    skew: float
    kurtosis: float
    probability: float
    n: int
    is_autocorrelated: bool


def annual_sharpe(returns: Floats, periods: int = 365) -> Sharpe | None:
    """Return the annual ratio of returns per period, scaled by Lo's η where ρ₁ is not near 0.

    Near is within two standard errors, 2/√T. None where there is no ratio or no error of it.
    """
    ratio, n = sharpe(returns), len(returns)
    if ratio is None or n < 3:
        return None
    rho = autocorrelations(returns, min(MOST_LAGS, n // 4))
    correlated = len(rho) > 0 and abs(float(rho[0])) > 2.0 / math.sqrt(n)
    factor = (annual_factor(periods, rho) if correlated else None) or math.sqrt(periods)
    centred = returns - np.mean(returns)
    spread = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / spread**1.5
    kurtosis = float(np.mean(centred**4)) / spread**2
    probability = probabilistic(ratio, n, skew, kurtosis)
    if probability is None:
        return None
    reach = Z_95 * std_error(ratio, n, skew, kurtosis) * factor
    annual = ratio * factor
    return Sharpe(annual, annual - reach, annual + reach, ratio, skew, kurtosis, probability, n, correlated)


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
