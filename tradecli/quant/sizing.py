"""Concentration and turnover of a set of weights (METHODS section 11). Weights are gross: absolute values count."""

from __future__ import annotations

import numpy as np

from tradecli.quant.returns import Floats


def shares(amounts: Floats) -> Floats | None:
    """Return absolute amounts normalised to 1, or None when there are none."""
    gross = np.abs(amounts)
    total = float(np.sum(gross))
    return gross / total if total > 0.0 else None


def hhi(amounts: Floats) -> float | None:
    """Return the Herfindahl index Σ w² of gross weights: 1 is one position, 1/n is n equal ones."""
    weights = shares(amounts)
    return None if weights is None else float(np.sum(weights**2))


def effective_n(amounts: Floats) -> float | None:
    """Return 1/HHI: how many equal positions it amounts to."""
    index = hhi(amounts)
    return None if index is None else 1.0 / index


def portfolio_vol(weights: Floats, covariance: Floats) -> float:
    """Return √(wᵀ Σ w)."""
    return float(np.sqrt(weights @ covariance @ weights))


def risk_contributions(weights: Floats, covariance: Floats) -> Floats:
    """Return w_i (Σw)_i / wᵀΣw, which sum to 1."""
    marginal = covariance @ weights
    return np.asarray(weights * marginal / (weights @ marginal))


def diversification_ratio(weights: Floats, covariance: Floats) -> float:
    """Return the weighted mean volatility over that of the whole (Choueifaty & Coignard 2008)."""
    return float(weights @ np.sqrt(np.diag(covariance))) / portfolio_vol(weights, covariance)


def effective_bets(weights: Floats, covariance: Floats) -> float:
    """Return Meucci's effective number of bets: exp of the entropy of principal-component risk shares."""
    values, vectors = np.linalg.eigh(covariance)
    risk = (vectors.T @ weights) ** 2 * np.maximum(values, 0.0)
    parts = risk / np.sum(risk)
    parts = parts[parts > 0.0]
    return float(np.exp(-np.sum(parts * np.log(parts))))


def one_way_turnover(before: Floats, after: Floats) -> float:
    """Return ½ Σ abs(Δw)."""
    return float(np.sum(np.abs(after - before))) / 2.0
