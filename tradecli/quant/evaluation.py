"""How good variance forecasts were: QLIKE, Diebold-Mariano, Mincer-Zarnowitz (METHODS section 4).

Forecasts and the proxy (realised variance) are variances over the same period, in time order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats, moves

LEAST_FORECASTS = 60


def qlike(proxy: Floats, forecast: Floats) -> Floats:
    """Return RV/f − ln(RV/f) − 1 for each forecast, 0 at best; Patton (2011). NaN where either is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((proxy > 0.0) & (forecast > 0.0), proxy / forecast, np.nan)
        return np.asarray(ratio - np.log(ratio) - 1.0)


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """``mean`` below 0: the first forecast lost less. ``statistic`` has the small-sample factor, t(T−1) under no
    difference; ``plain`` has not. ``kernel`` says how the long-run variance was found.
    """

    mean: float
    plain: float
    statistic: float
    p: float
    n: int
    kernel: str


def diebold_mariano(loss_a: Floats, loss_b: Floats, horizon: int = 1) -> DieboldMariano | None:
    """Return the test of equal loss of two forecasts over ``horizon`` periods.

    None below 60 forecasts (the seed of a recursion not among them), and when the two do not differ at all.

    Diebold & Mariano, JBES (1995), rectangular kernel with h−1 lags and divisor T; the factor of Harvey, Leybourne &
    Newbold, IJF (1997); Bartlett weights where the rectangular variance is not positive.
    """
    difference = loss_a - loss_b
    n = len(difference)
    if n < LEAST_FORECASTS or not 1 <= horizon < n or not np.all(np.isfinite(difference)):
        return None
    mean = float(np.mean(difference))
    centred = difference - mean
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(horizon)]
    long_run, kernel = covariances[0] + 2.0 * math.fsum(covariances[1:]), "rectangular"
    if long_run <= 0.0:
        weighted = ((1.0 - lag / horizon) * each for lag, each in enumerate(covariances) if lag)
        long_run, kernel = covariances[0] + 2.0 * math.fsum(weighted), "bartlett"
    if long_run <= 0.0:
        return None
    plain = mean / math.sqrt(long_run / n)
    factor = math.sqrt((n + 1.0 - 2.0 * horizon + horizon * (horizon - 1.0) / n) / n)
    statistic = factor * plain
    return DieboldMariano(mean, plain, statistic, _two_sided_t(statistic, n - 1), n, kernel)


@dataclass(frozen=True, slots=True)
class MincerZarnowitz:
    """The line RV = intercept + slope · f: a forecast without bias has 0 and 1."""

    intercept: float
    slope: float
    slope_error: float
    r2: float


def mincer_zarnowitz(proxy: Floats, forecast: Floats) -> MincerZarnowitz | None:
    """Return the regression of what came on what was forecast; None below 3, or when the forecast never moved.

    Mincer & Zarnowitz (1969). The error of the slope is White's, robust to changing variance.
    """
    n = len(proxy)
    if n < 3 or not (np.all(np.isfinite(proxy)) and np.all(np.isfinite(forecast))):
        return None
    x, y = forecast - np.mean(forecast), proxy - np.mean(proxy)
    spread, total = float(x @ x), float(y @ y)
    if not moves(forecast) or not moves(proxy):
        return None
    slope = float(x @ y) / spread
    residuals = y - slope * x
    error = math.sqrt(float((x * residuals) @ (x * residuals))) / spread
    intercept = float(np.mean(proxy)) - slope * float(np.mean(forecast))
    return MincerZarnowitz(intercept, slope, error, 1.0 - float(residuals @ residuals) / total)


def _two_sided_t(statistic: float, degrees: int) -> float:
    from scipy.special import stdtr  # four tenths of a second, which only an evaluation pays

    return 2.0 * float(stdtr(degrees, -abs(statistic)))
