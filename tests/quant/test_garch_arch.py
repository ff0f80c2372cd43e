"""The estimator of record: the published benchmark, our bounds, any unit of returns, and failures without a raise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.quant.garch_samples import simulated
from tests.vectors import Vector
from tradecli.quant.garch import Garch, log_likelihood
from tradecli.quant.garch_arch import fit_with_arch


@pytest.fixture
def dmgbp(vectors: Callable[[str], Vector]) -> np.ndarray:
    return np.array(vectors("garch11_fcp_dmgbp").inputs["returns_pct"])


def test_arch_reproduces_the_benchmark_and_its_own_default(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch11_fcp_dmgbp")
    default = fit_with_arch(dmgbp, student=False)
    before = float(np.mean((dmgbp - np.mean(dmgbp)) ** 2))
    benchmark = fit_with_arch(dmgbp, student=False, before=before)
    assert default is not None and benchmark is not None
    m = default.model
    found = {"mu": m.mu, "omega": m.omega, "alpha": m.alpha, "beta": m.beta, "loglik": default.loglik}
    vector.check_at("arch_default_backcast", found)
    vector.check_at("loglik_full_constant", benchmark.loglik)
    assert benchmark.std_errors is not None and len(benchmark.std_errors) == 4


def test_the_errors_are_the_robust_ones(dmgbp: np.ndarray) -> None:
    found = fit_with_arch(dmgbp, student=False, before=float(np.var(dmgbp)))
    assert found is not None
    bollerslev_wooldridge = (0.0092, 0.0065, 0.0536, 0.0725)
    assert found.std_errors == pytest.approx(bollerslev_wooldridge, rel=0.01)


def test_student_t_errors_end_at_the_boundary_of_the_vector(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch_t_igarch_boundary")
    found = fit_with_arch(dmgbp)
    assert found is not None
    assert found.model.persistence >= vector.expected["persistence_at_least"]
    vector.check_at("nu_approx", found.model.nu)
    vector.check_at("loglik", found.loglik)
    vector.check_at("fallback_required", found.model.long_run_variance is None)


def test_degrees_of_freedom_stop_at_fifty() -> None:
    found = fit_with_arch(simulated(1_500, seed=4))
    assert found is not None
    assert found.model.nu == pytest.approx(50.0, rel=1e-3)


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_parameters_and_likelihood_come_back_in_the_unit_of_the_returns(
    unit: float, dmgbp: np.ndarray
) -> None:
    one, other = fit_with_arch(dmgbp, student=False), fit_with_arch(unit * dmgbp, student=False)
    assert one is not None and other is not None
    assert other.model.alpha == pytest.approx(one.model.alpha, rel=2e-3)
    assert other.model.omega == pytest.approx(one.model.omega * unit**2, rel=5e-3)
    assert other.next_variance == pytest.approx(one.next_variance * unit**2, rel=1e-3)
    assert other.loglik == pytest.approx(one.loglik - len(dmgbp) * np.log(unit), abs=0.01)
    assert one.std_errors is not None and other.std_errors is not None
    assert other.std_errors[0] == pytest.approx(one.std_errors[0] * unit, rel=0.05)


def test_the_asymmetric_model_finds_the_asymmetry_that_made_the_returns() -> None:
    made = Garch(0.0, 0.2, 0.06, 0.82, gamma=0.12)
    returns = simulated(6_000, made, seed=5)
    found = fit_with_arch(returns, student=False, asymmetric=True)
    assert found is not None and found.std_errors is not None
    assert found.model.gamma == pytest.approx(0.12, abs=0.04)
    assert len(found.std_errors) == 5
    before = (0.94 ** np.arange(75)) @ (returns[:75] - returns.mean()) ** 2 / (0.94 ** np.arange(75)).sum()
    assert log_likelihood(found.model, returns, float(before)) == pytest.approx(found.loglik, abs=1e-3)


@pytest.mark.parametrize("bad", [np.zeros(600), np.full(600, 0.1), np.full(600, np.nan), np.arange(5.0)])
def test_returns_without_movement_with_holes_or_too_few_have_no_fit(bad: np.ndarray) -> None:
    assert fit_with_arch(bad) is None
