"""GARCH(1,1): the published benchmark, the estimator of record, and the closed forms of the forecast."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import garch
from tradecli.quant.garch import Garch


@pytest.fixture(scope="module")
def dmgbp(shared: object) -> np.ndarray:
    from pathlib import Path

    return np.array(
        Vector.read(Path(str(shared)) / "vectors" / "garch11_fcp_dmgbp.json").inputs["returns_pct"]
    )


def simulated(n: int, model: Garch, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    h, found = model.omega / (1 - model.persistence), []
    for z in rng.standard_normal(n):
        e = math.sqrt(h) * z
        found.append(model.mu + e)
        h = garch.next_variance(model, h, e)
    return np.array(found)


def test_the_kernel_reproduces_the_published_benchmark(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch11_fcp_dmgbp")
    before = float(np.mean((dmgbp - np.mean(dmgbp)) ** 2))
    fit = garch.fit(dmgbp, student=False, before=before)
    assert fit is not None and fit.converged
    model = fit.model
    vector.check(
        {
            "mu": model.mu,
            "omega": model.omega,
            "alpha": model.alpha,
            "beta": model.beta,
            "loglik_full_constant": fit.loglik,
        },
        skip=("arch_default_backcast", "std_err_published"),
    )


def test_arch_reproduces_the_benchmark_and_its_own_default(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch11_fcp_dmgbp")
    default = garch.fit_with_arch(dmgbp, student=False)
    before = float(np.mean((dmgbp - np.mean(dmgbp)) ** 2))
    benchmark = garch.fit_with_arch(dmgbp, student=False, before=before)
    assert default is not None and benchmark is not None
    m = default.model
    found = {"mu": m.mu, "omega": m.omega, "alpha": m.alpha, "beta": m.beta, "loglik": default.loglik}
    vector.check_at("arch_default_backcast", found)
    vector.check_at("loglik_full_constant", benchmark.loglik)
    assert benchmark.std_errors is not None and len(benchmark.std_errors) == 4


@pytest.mark.parametrize("student", [False, True])
def test_kernel_and_arch_reach_the_same_likelihood_to_a_millionth_an_observation(student: bool) -> None:
    returns = simulated(1_000, Garch(0.05, 0.4, 0.09, 0.87))
    ours, theirs = garch.fit(returns, student=student), garch.fit_with_arch(returns, student=student)
    assert ours is not None and theirs is not None
    assert ours.converged
    assert ours.loglik / len(returns) == pytest.approx(theirs.loglik / len(returns), abs=1e-6)
    assert ours.next_variance == pytest.approx(theirs.next_variance, rel=1e-2)


def test_t_errors_on_the_benchmark_end_at_the_boundary_and_are_seen_there(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch_t_igarch_boundary")
    fit = garch.fit(dmgbp, student=True)
    assert fit is not None
    assert fit.model.persistence >= vector.expected["persistence_at_least"]
    assert fit.model.long_run_variance is None
    vector.check_at("nu_approx", fit.model.nu)
    vector.check_at("loglik", fit.loglik)


def test_the_thirty_day_forecast_is_the_closed_form(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("garch_forecast_30d")
    i = vector.inputs
    model = Garch(0.0, i["omega"], i["alpha"], i["beta"])
    first = garch.next_variance(model, i["h_T"], i["e_T"])
    path = garch.variance_path(model, first, i["horizon"])
    ppy = i["periods_per_year"]
    vector.check(
        {
            "h_T1": first,
            "path_first3": path[:3],
            "path_last": path[-1],
            "sum_variance": garch.summed_variance(model, first, i["horizon"]),
            "annualised_vol": garch.horizon_vol(model, first, i["horizon"], ppy),
            "naive_sqrt_h1": math.sqrt(first * ppy) / 100,
            "longrun_vol": math.sqrt((model.long_run_variance or 0) * ppy) / 100,
        }
    )
    assert garch.summed_variance(model, first, i["horizon"]) == pytest.approx(float(np.sum(path)))


def test_at_the_boundary_the_forecast_is_flat_with_a_drift_for_a_month_at_most() -> None:
    model = Garch(0.0, 0.1, 0.1, 0.9)
    assert garch.variance_path(model, 4.0, 3).tolist() == pytest.approx([4.0, 4.1, 4.2])
    assert set(garch.variance_path(model, 4.0, 60).tolist()) == {4.0}


def test_targeting_keeps_the_long_run_variance() -> None:
    returns = simulated(800, Garch(0.0, 0.3, 0.1, 0.85))
    fit = garch.fit(returns, student=False, target=7.0)
    assert fit is not None and fit.converged
    assert fit.model.long_run_variance == pytest.approx(7.0)


@pytest.mark.parametrize(("student", "target"), [(False, None), (True, None), (True, 5.0)])
def test_the_gradient_is_that_of_the_likelihood(student: bool, target: float | None) -> None:
    returns = simulated(300, Garch(0.1, 0.3, 0.1, 0.85))
    search = garch._Search(returns, garch.backcast(returns), 2.0, student, target)
    point = np.array([0.05, 1.0, 3.0] + ([] if target else [-1.0]) + ([-2.0] if student else []))
    _, gradient = search(point)
    for index in range(len(point)):
        step = np.zeros_like(point)
        step[index] = 1e-5
        slope = (search(point + step)[0] - search(point - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_returns_that_do_not_move_cannot_be_fitted() -> None:
    assert garch.fit(np.zeros(500)) is None
    assert garch.fit(np.array([1.0])) is None


def test_a_fitted_model_is_carried_on_to_later_returns_without_a_new_fit() -> None:
    returns = simulated(600, Garch(0.0, 0.3, 0.1, 0.85))
    fit = garch.fit(returns[:-1], student=False)
    assert fit is not None
    later = garch.refilter(fit.model, returns)
    e = float(returns[-1]) - fit.model.mu
    assert later.next_variance == pytest.approx(
        garch.next_variance(fit.model, fit.next_variance, e), rel=1e-6
    )
