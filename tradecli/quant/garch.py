"""GARCH(1,1) with constant mean: the model, its recursion and likelihood, and its forecasts (METHODS section 3).

    r_t = mu + e_t,   h_t = omega + (alpha + gamma 1{e<0}) e²_{t−1} + beta h_{t−1}

Returns are in percent (log returns × 100), and so are the parameters. ``garch_fit`` fits in milliseconds,
``garch_arch`` asks the estimator of record, ``garch_check`` diagnoses a fit; which of them to believe, and what to do
when none can be, is ``chain``'s business.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from tradecli.quant.returns import Floats

SCALE = 100.0
BOUNDARY = 0.9995
"""Persistence from which there is no long-run variance to speak of (IGARCH)."""
NU_LOW, NU_HIGH = 2.05, 50.0


@dataclass(frozen=True, slots=True)
class Garch:
    """Parameters in percent terms; ``nu`` None means normal errors, otherwise standardised t with unit variance.

    ``gamma`` is the asymmetry of Glosten, Jagannathan & Runkle (1993), 0 in the plain model.
    """

    mu: float
    omega: float
    alpha: float
    beta: float
    nu: float | None = None
    gamma: float = 0.0

    @property
    def persistence(self) -> float:
        return self.alpha + self.beta + 0.5 * self.gamma

    @property
    def long_run_variance(self) -> float | None:
        """Return ω/(1−P), or None at the boundary."""
        return self.omega / (1.0 - self.persistence) if self.persistence < BOUNDARY else None

    @property
    def half_life_days(self) -> float | None:
        """Return ln ½ / ln P in periods, or None where shocks do not fade."""
        return math.log(0.5) / math.log(self.persistence) if 0.0 < self.persistence < BOUNDARY else None


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model, its log-likelihood, and the state after the last return."""

    model: Garch
    loglik: float
    n: int
    converged: bool
    next_variance: float
    """h_{T+1}, in percent squared."""
    std_errors: tuple[float, ...] | None = None
    """Robust errors of mu, omega, alpha, beta, then nu and gamma where the model has them; NaN where there is none."""


def backcast(returns: Floats) -> float:
    """Return the variance before the first return as arch does: 75 demeaned squares, weights 0.94^i."""
    squares = (returns[:75] - np.mean(returns)) ** 2
    weights = 0.94 ** np.arange(len(squares))
    return float(weights @ squares / np.sum(weights))


def variances(model: Garch, returns: Floats, before: float) -> Floats:
    """Return h_1 … h_{T+1}; ``before`` stands for the square and the variance ahead of the first return."""
    e = returns - model.mu
    shocks = (model.alpha + model.gamma * (e < 0.0)) * e**2
    first = (model.alpha + 0.5 * model.gamma) * before
    return recursion(model.omega + np.concatenate(([first], shocks)), model.beta, before)


def recursion(inputs: Floats, beta: float, first: float) -> Floats:
    """Return x_t + β y_{t−1} for each t, with y before the first given."""
    steps = accumulate(inputs.tolist(), lambda y, x: beta * y + x, initial=first)
    return np.fromiter(steps, dtype=np.float64, count=len(inputs) + 1)[1:]


def log_likelihood(model: Garch, returns: Floats, before: float) -> float:
    """Return the full log-likelihood, constants included."""
    h = variances(model, returns, before)[:-1]
    return float(np.sum(density(returns - model.mu, h, model.nu)))


def density(e: Floats, h: Floats, nu: float | None) -> Floats:
    """Return the log density of each residual at its variance."""
    if nu is None:
        return np.asarray(-0.5 * (math.log(2.0 * math.pi) + np.log(h) + e**2 / h))
    return np.asarray(t_constant(nu) - 0.5 * np.log(h) - 0.5 * (nu + 1.0) * np.log1p(e**2 / (h * (nu - 2.0))))


def t_constant(nu: float) -> float:
    """Return the part of a standardised t's log density that depends on ``nu`` alone."""
    return math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))


# -- forecasts ---------------------------------------------------------------------------------------------------------


def next_variance(model: Garch, h: float, e: float) -> float:
    """Return h_{T+1} from the last variance and residual."""
    return model.omega + (model.alpha + (model.gamma if e < 0.0 else 0.0)) * e * e + model.beta * h


def variance_path(model: Garch, first: float, horizon: int) -> Floats:
    """Return h_{T+1} … h_{T+H}: V + P^k (h_{T+1} − V), or flat with the drift of ω at the boundary (H ≤ 30)."""
    steps = np.arange(horizon)
    level = model.long_run_variance
    if level is None:
        drift = model.omega if model.omega > 0.0 and horizon <= 30 else 0.0
        return np.asarray(first + steps * drift)
    return np.asarray(level + model.persistence**steps * (first - level))


def summed_variance(model: Garch, first: float, horizon: int) -> float:
    """Return the variance of the sum of the next ``horizon`` returns: H·V + (h_{T+1} − V)(1−P^H)/(1−P)."""
    level, p = model.long_run_variance, model.persistence
    if level is None:
        return float(np.sum(variance_path(model, first, horizon)))
    return horizon * level + (first - level) * (1.0 - p**horizon) / (1.0 - p)


def horizon_vol(model: Garch, first: float, horizon: int, ppy: float) -> float:
    """Return the annualised volatility over ``horizon`` periods, as a fraction."""
    return math.sqrt(summed_variance(model, first, horizon) * ppy / horizon) / SCALE


def term_structure(model: Garch, first: float, horizons: Sequence[int], ppy: float) -> Floats:
    """Return the annualised volatility over each horizon in periods, as fractions."""
    return np.array([horizon_vol(model, first, horizon, ppy) for horizon in horizons])


def refilter(model: Garch, returns: Floats, before: float | None = None) -> Fit:
    """Return a fitted model at the end of other returns, its parameters unchanged."""
    h = variances(model, returns, backcast(returns) if before is None else before)
    value = float(np.sum(density(returns - model.mu, h[:-1], model.nu)))
    return Fit(model, value, len(returns), True, float(h[-1]))
