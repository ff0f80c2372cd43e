"""HAR-RV in logs: tomorrow's realised variance from that of the last day, week and month (METHODS section 4).

Corsi, JFEc (2009); logs as Andersen, Bollerslev & Diebold (2007). Realised variances are per day, oldest first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats

WINDOWS = (1, 7, 30)
"""Day, week and month of a market that never closes."""
LEAST_ROWS = 90
FLOOR = 1e-8


@dataclass(frozen=True, slots=True)
class Har:
    """``coefficients`` are those of the constant and of each window; ``std_errors`` are robust to autocorrelation.

    ``forecast`` is the mean daily variance over the next ``horizon`` days; ``residual_variance`` is of its logarithm.
    """

    coefficients: tuple[float, ...]
    std_errors: tuple[float, ...]
    residual_variance: float
    r2: float
    n: int
    horizon: int
    forecast: float

    def volatility(self, ppy: float = 365.0) -> float:
        """Return the forecast as an annual volatility."""
        return math.sqrt(self.forecast * ppy)


def fit_har(
    rv: Floats,
    *,
    horizon: int = 1,
    windows: tuple[int, ...] = WINDOWS,
    lags: int = 7,
    least: int = LEAST_ROWS,
) -> Har | None:
    """Return the regression of mean ln RV over the next ``horizon`` days and its forecast; None below ``least`` rows.

    The level is exp(fit + s²/2). Errors are Newey-West with ``lags``, or horizon − 1 where that is more.
    """
    if not len(rv) or not np.all(np.isfinite(rv)) or np.any(rv < 0.0):
        return None
    logs = np.log(np.maximum(rv, FLOOR))
    longest = max(windows)
    rows = len(logs) - longest - horizon + 1
    if rows < max(least, len(windows) + 2):
        return None
    sums = np.concatenate(([0.0], np.cumsum(logs)))

    def means(window: int) -> Floats:
        return np.asarray((sums[window:] - sums[:-window])[longest - window :] / window)

    design = np.column_stack([np.ones(len(logs) - longest + 1), *(means(window) for window in windows)])
    ahead = (sums[horizon:] - sums[:-horizon]) / horizon
    x, y = design[:rows], ahead[longest : longest + rows]
    beta, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    if rank < x.shape[1]:
        return None
    residuals = y - x @ beta
    variance = float(residuals @ residuals) / (rows - x.shape[1])
    total = float(np.sum((y - np.mean(y)) ** 2))
    level = math.exp(float(design[-1] @ beta) + 0.5 * variance)
    errors = _newey_west(x, residuals, max(lags, horizon - 1))
    return Har(
        coefficients=tuple(beta.tolist()),
        std_errors=tuple(errors.tolist()),
        residual_variance=variance,
        r2=1.0 - float(residuals @ residuals) / total if total > 0.0 else 0.0,
        n=rows,
        horizon=horizon,
        forecast=level,
    )


def _newey_west(x: Floats, residuals: Floats, lags: int) -> Floats:
    """Return standard errors of least squares, with Bartlett weights; Newey & West (1987)."""
    scores = x * residuals[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, len(x) - 1) + 1):
        moved = scores[lag:].T @ scores[:-lag]
        middle += (1.0 - lag / (lags + 1.0)) * (moved + moved.T)
    outer = np.linalg.inv(x.T @ x)
    return np.asarray(np.sqrt(np.maximum(np.diag(outer @ middle @ outer), 0.0)))


def har_ahead(fitted: Har, rv: Floats, windows: tuple[int, ...] = WINDOWS) -> Floats:
    """Return what a fitted regression forecasts at the end of each day of ``rv``; NaN before the longest window."""
    found = np.full(len(rv), np.nan)
    longest = max(windows)
    if len(rv) < longest:
        return found
    sums = np.concatenate(([0.0], np.cumsum(np.log(np.maximum(rv, FLOOR)))))
    means = [(sums[window:] - sums[:-window])[longest - window :] / window for window in windows]
    design = np.column_stack([np.ones(len(rv) - longest + 1), *means])
    levels = design @ np.array(fitted.coefficients) + 0.5 * fitted.residual_variance
    found[longest - 1 :] = np.exp(np.minimum(levels, 50.0))
    return found
