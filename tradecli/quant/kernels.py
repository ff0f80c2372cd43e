"""The few compiled loops: plain functions over arrays, compiled on first use and cached on disk.

Each function here runs as it stands in Python too, which is what its tests compare it with. ``compiled`` is the only
place that knows numba.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tradecli.quant.returns import Floats

Likelihood = Callable[[Floats, float, float, float, float, float, float], tuple[float, ...]]


@cache
def compiled(
    function: Callable[..., Any], *called: Callable[..., Any], reordered: bool = False
) -> Callable[..., Any]:
    """Return the machine-code form of a plain function over arrays; ``called`` are the plain functions it calls.

    The first call in a process takes 0.4 s for the import and some tenths more, or seconds where nothing is cached.
    Division by zero gives infinity or NaN. ``reordered`` lets sums be added in another order, several at once.
    """
    import numba  # 90 MiB and its compiler, which only bulk work pays
    from numba.extending import register_jitable

    for each in called:
        register_jitable(each)
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if reordered:
        options["fastmath"] = {"reassoc", "contract", "nsz"}
    try:
        machine_code: Callable[..., Any] = numba.njit(function, cache=True, **options)
    except RuntimeError:  # no folder to keep the cache in
        machine_code = numba.njit(function, **options)
    return machine_code


def over_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain loop that is given its arrays as lists, which Python walks through far faster."""

    def call(*terms: Any) -> Any:
        return function(*(each.tolist() if isinstance(each, np.ndarray) else each for each in terms))

    return call


def garch_likelihood(
    e: Floats, before: float, omega: float, alpha: float, beta: float, nu: float, gap: float
) -> tuple[float, float, float, float, float, float]:
    """Return the log-likelihood of residuals less its constants, and its slopes by mu, omega, alpha, beta and nu.

    ``nu`` 0 means normal errors. ``before`` is the square and the variance ahead of the first residual. ``gap`` is the
    least variance that counts; below it the likelihood is −∞.
    """
    h = before
    lagged = before
    shock = 0.0
    h_mu = h_omega = h_alpha = h_beta = 0.0
    value = d_mu = d_omega = d_alpha = d_beta = d_nu = 0.0
    for t in range(len(e)):
        h_mu = beta * h_mu + shock
        h_omega = beta * h_omega + 1.0
        h_alpha = beta * h_alpha + lagged
        h_beta = beta * h_beta + h
        h = omega + alpha * lagged + beta * h
        if not h > gap:
            return -math.inf, 0.0, 0.0, 0.0, 0.0, 0.0
        lagged = e[t] * e[t]
        shock = -2.0 * alpha * e[t]
        ratio = lagged / h
        if nu > 0.0:
            tail = ratio / (nu - 2.0)
            spread = math.log1p(tail)
            weight = (nu + 1.0) / (nu - 2.0) / (1.0 + tail)
            value -= 0.5 * math.log(h) + 0.5 * (nu + 1.0) * spread
            d_nu += -0.5 * spread + 0.5 * (nu + 1.0) * tail / ((nu - 2.0) * (1.0 + tail))
        else:
            weight = 1.0
            value -= 0.5 * math.log(h) + 0.5 * ratio
        by_h = 0.5 * (weight * ratio - 1.0) / h
        d_mu += by_h * h_mu + weight * e[t] / h
        d_omega += by_h * h_omega
        d_alpha += by_h * h_alpha
        d_beta += by_h * h_beta
    return value, d_mu, d_omega, d_alpha, d_beta, d_nu


def egarch_likelihood(
    e: Floats, start: float, omega: float, alpha: float, gamma: float, beta: float, highest: float
) -> tuple[float, float, float, float, float, float, float]:
    """Return the normal log-likelihood of EGARCH residuals less its constants, its slopes by mu, omega, alpha, gamma
    and beta, and the logarithm of the next variance.

    ``start`` is the log variance ahead of the first residual, whose shock is taken as average. Log variances beyond
    ``highest`` either way make the likelihood −∞.
    """
    mean = 0.7978845608028654  # √(2/π)
    log_h = start
    size, signed = mean, 0.0
    s_mu = s_omega = s_alpha = s_gamma = s_beta = 0.0
    by_log, by_mu = 0.0, 0.0
    value = d_mu = d_omega = d_alpha = d_gamma = d_beta = 0.0
    for t in range(len(e)):
        keep = beta + by_log
        s_mu = keep * s_mu + by_mu
        s_omega = keep * s_omega + 1.0
        s_alpha = keep * s_alpha + (size - mean)
        s_gamma = keep * s_gamma + signed
        s_beta = keep * s_beta + log_h
        log_h = omega + alpha * (size - mean) + gamma * signed + beta * log_h
        if not -highest < log_h < highest:
            return -math.inf, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        root = math.exp(-0.5 * log_h)
        signed = e[t] * root
        size = abs(signed)
        sign = 1.0 if signed > 0.0 else -1.0 if signed < 0.0 else 0.0
        slope = alpha * sign + gamma
        by_log = -0.5 * signed * slope
        by_mu = -root * slope
        value -= 0.5 * (log_h + signed * signed)
        by_h = 0.5 * (signed * signed - 1.0)
        d_mu += by_h * s_mu + signed * root
        d_omega += by_h * s_omega
        d_alpha += by_h * s_alpha
        d_gamma += by_h * s_gamma
        d_beta += by_h * s_beta
    return (
        value,
        d_mu,
        d_omega,
        d_alpha,
        d_gamma,
        d_beta,
        omega + alpha * (size - mean) + gamma * signed + beta * log_h,
    )
