"""Forecasts of five models at the end of every period of a series, parameters fixed (METHODS sections 3 and 4).

A forecast is the mean variance per period over the next ``horizon`` periods, in squared fractions. An interval comes
from how far past forecasts of the same kind were from what followed, not from a formula.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tradecli.quant.garch import SCALE, Garch, backcast, summed_variance, variances
from tradecli.quant.garch_asymmetric import Egarch, egarch_variances
from tradecli.quant.har import Har, har_ahead
from tradecli.quant.returns import Floats

MODELS = ("garch", "gjr", "egarch", "ewma", "har")
INTERVAL = (0.10, 0.90)
"""The two ends of an interval: four outcomes of five should lie between."""
LEAST_ERRORS = 60
"""Fewest past errors, overlapping ones counted, that an interval is taken from."""


class Ewma(NamedTuple):
    """The decay, and nothing else: its forecast is flat."""

    lam: float
    seed_n: int = 10


Fitted = Garch | Egarch | Ewma | Har


def forecast_path(fitted: Fitted, returns: Floats, rv: Floats, horizon: int) -> Floats:
    """Return the forecast at the end of each period: from log returns, or for HAR from realised variances."""
    if isinstance(fitted, Har):
        return har_ahead(fitted, rv)
    if isinstance(fitted, Ewma):
        return _ewma(fitted, returns)
    percent = returns * SCALE
    before = backcast(percent[:75])  # of these alone: the mean of all would know the future
    if isinstance(fitted, Egarch):
        return _egarch(fitted, egarch_variances(fitted, percent, before)[1:], horizon) / SCALE**2
    return _garch(fitted, variances(fitted, percent, before)[1:], horizon) / SCALE**2


def _ewma(fitted: Ewma, returns: Floats) -> Floats:
    found = np.full(len(returns), np.nan)
    if len(returns) <= fitted.seed_n:
        return found
    variance = float(np.mean(returns[: fitted.seed_n] ** 2))
    for index, square in enumerate((returns[fitted.seed_n :] ** 2).tolist(), start=fitted.seed_n):
        variance = fitted.lam * variance + (1.0 - fitted.lam) * square
        found[index] = variance
    return found


def _garch(model: Garch, first: Floats, horizon: int) -> Floats:
    """Return summed_variance / H for each first variance: linear in it."""
    at_zero = summed_variance(model, 0.0, horizon)
    slope = summed_variance(model, 1.0, horizon) - at_zero
    return (at_zero + slope * first) / horizon


def _egarch(model: Egarch, first: Floats, horizon: int) -> Floats:
    """Return the mean of E h over the horizon: each step is the first variance to a power, times a constant."""
    unit = model.variance_path(1.0, horizon)
    powers = model.beta ** np.arange(horizon)
    logs = np.log(first)[:, None] * powers[None, :] + np.log(unit)[None, :]
    return np.asarray(np.mean(np.exp(np.minimum(logs, 50.0)), axis=1))


def what_followed(rv: Floats, horizon: int) -> Floats:
    """Return the mean realised variance of the ``horizon`` periods after each; NaN where they are not all known."""
    found = np.full(len(rv), np.nan)
    if len(rv) > horizon:
        sums = np.concatenate(([0.0], np.cumsum(rv)))
        found[: len(rv) - horizon] = (sums[horizon + 1 :] - sums[1 : len(rv) - horizon + 1]) / horizon
    return found


def log_errors(forecast: Floats, outcome: Floats) -> Floats:
    """Return ln(outcome / forecast), NaN where either is unknown or not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        both = (forecast > 0.0) & (outcome > 0.0)
        return np.where(both, np.log(np.where(both, outcome / forecast, 1.0)), np.nan)


def interval(errors: Floats) -> tuple[float, float] | None:
    """Return the factors on a variance forecast between which four of five outcomes lay; None from too few."""
    known = errors[np.isfinite(errors)]
    if len(known) < LEAST_ERRORS:
        return None
    low, high = np.quantile(known, INTERVAL)
    return math.exp(float(low)), math.exp(float(high))
