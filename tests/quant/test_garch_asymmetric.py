"""GJR and EGARCH reach arch's optimum, their gradients are right, and their forecasts are those of simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.quant.garch_samples import simulated
from tradecli.quant import garch, kernels
from tradecli.quant.garch import Garch
from tradecli.quant.garch_arch import egarch_with_arch, fit_with_arch
from tradecli.quant.garch_asymmetric import (
    Egarch,
    _GjrSearch,
    egarch_variances,
    fit_egarch,
    fit_gjr,
)

GJR = Garch(0.05, 0.3, 0.03, 0.87, nu=6.0, gamma=0.1)


def egarch_sample(n: int, model: Egarch, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    log_h, found = model.omega / (1.0 - model.beta), []
    for z in rng.standard_normal(n).tolist():
        found.append(model.mu + math.exp(0.5 * log_h) * z)
        log_h = (
            model.omega
            + model.alpha * (abs(z) - math.sqrt(2.0 / math.pi))
            + model.gamma * z
            + model.beta * log_h
        )
    return np.array(found)


NELSON = Egarch(0.02, 0.1, 0.2, -0.08, 0.94)


def test_gjr_reaches_the_likelihood_of_arch_to_a_millionth_an_observation() -> None:
    returns = simulated(1_200, GJR)
    ours, theirs = fit_gjr(returns), fit_with_arch(returns, asymmetric=True)
    assert ours is not None and theirs is not None and ours.converged
    assert ours.loglik / len(returns) == pytest.approx(theirs.loglik / len(returns), abs=1e-6)
    assert ours.next_variance == pytest.approx(theirs.next_variance, rel=1e-2)


@pytest.mark.parametrize("compiled", [False, True])
def test_egarch_reaches_the_likelihood_of_arch_to_a_millionth_an_observation(compiled: bool) -> None:
    returns = egarch_sample(1_200, NELSON)
    ours, theirs = fit_egarch(returns, compiled=compiled), egarch_with_arch(returns)
    assert ours is not None and theirs is not None and ours.converged
    assert ours.loglik / len(returns) == pytest.approx(theirs.loglik / len(returns), abs=1e-6)
    assert ours.next_variance == pytest.approx(theirs.next_variance, rel=1e-2)
    assert ours.next_variance == pytest.approx(float(egarch_variances(ours.model, returns)[-1]))


def test_the_gradients_are_those_of_the_likelihoods() -> None:
    returns = simulated(300, GJR)
    search = _GjrSearch(returns, garch.backcast(returns), 2.0)
    point = np.array([0.05, 0.7, 1.0, 3.0, -1.0, -2.0])
    _, gradient = search(point)
    for index in range(len(point)):
        step = np.zeros_like(point)
        step[index] = 1e-5
        slope = (search(point + step)[0] - search(point - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-8)
    here = np.array([0.1, 0.1, 0.2, -0.05, 0.9])

    def value(at: np.ndarray) -> tuple[float, ...]:
        mu, *rest = at.tolist()
        return kernels.egarch_likelihood(returns - mu, 1.0, *rest, 30.0)

    slopes = value(here)[1:6]
    for index in range(5):
        step = np.zeros(5)
        step[index] = 1e-6
        assert slopes[index] == pytest.approx(
            (value(here + step)[0] - value(here - step)[0]) / 2e-6, rel=1e-4
        )


def test_an_egarch_forecast_is_the_mean_of_simulated_paths() -> None:
    first, horizon, paths = 4.0, 10, 400_000
    rng = np.random.default_rng(11)
    log_h = np.full(paths, math.log(first))
    means = [first]
    for _ in range(horizon - 1):
        z = rng.standard_normal(paths)
        log_h = (
            NELSON.omega
            + NELSON.alpha * (np.abs(z) - math.sqrt(2.0 / math.pi))
            + NELSON.gamma * z
            + NELSON.beta * log_h
        )
        means.append(float(np.mean(np.exp(log_h))))
    assert NELSON.variance_path(first, horizon) == pytest.approx(means, rel=5e-3)


def test_a_gjr_without_asymmetry_is_the_plain_model() -> None:
    returns = simulated(3_000, Garch(0.0, 0.4, 0.09, 0.87, nu=6.0))
    ours = fit_gjr(returns)
    assert ours is not None
    assert abs(ours.model.gamma) < 0.06


@pytest.mark.parametrize("returns", [np.zeros(300), np.full(300, 0.1), np.array([1.0]), np.full(300, np.nan)])
def test_returns_that_do_not_move_cannot_be_fitted(returns: np.ndarray) -> None:
    assert fit_gjr(returns) is None
    assert fit_egarch(returns) is None
