"""Our own fit reaches the published benchmark and arch's optimum, plain and compiled, from cold and from warm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.quant.garch_samples import simulated
from tests.vectors import Vector
from tradecli.quant import garch, garch_fit, kernels
from tradecli.quant.garch import Garch
from tradecli.quant.garch_arch import fit_with_arch


@pytest.fixture
def dmgbp(vectors: Callable[[str], Vector]) -> np.ndarray:
    return np.array(vectors("garch11_fcp_dmgbp").inputs["returns_pct"])


def test_the_kernel_reproduces_the_published_benchmark(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch11_fcp_dmgbp")
    before = float(np.mean((dmgbp - np.mean(dmgbp)) ** 2))
    fit = garch_fit.fit(dmgbp, student=False, before=before)
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


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("student", [False, True])
def test_it_reaches_the_likelihood_of_arch_to_a_millionth_an_observation(
    student: bool, compiled: bool, dmgbp: np.ndarray
) -> None:
    for returns in (dmgbp, simulated(1_000, Garch(0.05, 0.4, 0.09, 0.87, nu=5.0))):
        ours = garch_fit.fit(returns, student=student, compiled=compiled)
        theirs = fit_with_arch(returns, student=student)
        assert ours is not None and theirs is not None
        assert ours.converged
        assert ours.loglik / len(returns) == pytest.approx(theirs.loglik / len(returns), abs=1e-6)
        assert ours.next_variance == pytest.approx(theirs.next_variance, rel=1e-2)


def test_t_errors_on_the_benchmark_end_at_the_boundary_and_are_seen_there(
    vectors: Callable[[str], Vector], dmgbp: np.ndarray
) -> None:
    vector = vectors("garch_t_igarch_boundary")
    fit = garch_fit.fit(dmgbp, student=True)
    assert fit is not None
    assert fit.model.persistence >= vector.expected["persistence_at_least"]
    assert fit.model.long_run_variance is None
    vector.check_at("nu_approx", fit.model.nu)
    vector.check_at("loglik", fit.loglik)


def test_targeting_keeps_the_long_run_variance() -> None:
    returns = simulated(800, Garch(0.0, 0.3, 0.1, 0.85))
    fit = garch_fit.fit(returns, student=False, target=7.0)
    assert fit is not None and fit.converged
    assert fit.model.long_run_variance == pytest.approx(7.0)


@pytest.mark.parametrize(("student", "target"), [(False, None), (True, None), (True, 5.0)])
def test_the_gradient_is_that_of_the_likelihood(student: bool, target: float | None) -> None:
    returns = simulated(300, Garch(0.1, 0.3, 0.1, 0.85))
    search = garch_fit._Search(returns, garch.backcast(returns), 2.0, student, target)
    point = np.array([0.05, 1.0, 3.0] + ([] if target else [-1.0]) + ([-2.0] if student else []))
    _, gradient = search(point)
    for index in range(len(point)):
        step = np.zeros_like(point)
        step[index] = 1e-5
        slope = (search(point + step)[0] - search(point - step)[0]) / 2e-5
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_returns_that_do_not_move_cannot_be_fitted() -> None:
    assert garch_fit.fit(np.zeros(500)) is None
    assert garch_fit.fit(np.full(500, 0.1)) is None
    assert garch_fit.fit(np.array([1.0])) is None


@pytest.mark.parametrize("nu", [0.0, 2.3, 7.0])
def test_the_two_likelihoods_are_one(nu: float) -> None:
    terms = (simulated(400), 3.0, 0.3, 0.1, 0.85, nu, 0.0)
    by_arrays = garch_fit.likelihood(*terms)
    np.testing.assert_allclose(kernels.garch_likelihood(*terms), by_arrays, rtol=1e-10)
    np.testing.assert_allclose(kernels.compiled(kernels.garch_likelihood)(*terms), by_arrays, rtol=1e-10)


@pytest.mark.parametrize("loop", [kernels.garch_likelihood, garch_fit.likelihood])
def test_a_model_without_variance_has_no_likelihood(loop: kernels.Likelihood) -> None:
    assert loop(simulated(50), 3.0, -9.0, 0.1, 0.85, 0.0, 0.0)[0] == -np.inf


@pytest.mark.parametrize("student", [False, True])
def test_a_warm_start_ends_where_a_cold_one_does_with_fewer_steps(
    student: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns = simulated(1_200, Garch(0.05, 0.4, 0.09, 0.87, nu=5.0))
    before = garch_fit.fit(returns[:-1], student=student)
    assert before is not None
    counts, logliks = [0, 0], [0.0, 0.0]
    plain = garch_fit.likelihood
    for index, known in enumerate((None, before.model)):

        def counted(*terms: float, index: int = index) -> tuple[float, ...]:
            counts[index] += 1
            return plain(*terms)  # type: ignore[arg-type]

        monkeypatch.setattr(garch_fit, "likelihood", counted)
        found = garch_fit.fit(returns, student=student, known=known)
        assert found is not None
        assert found.converged
        logliks[index] = found.loglik
    assert logliks[1] == pytest.approx(logliks[0], abs=1e-4)
    assert counts[1] <= 12 < counts[0]


def test_a_boundary_model_is_a_fair_start_too(dmgbp: np.ndarray) -> None:
    cold = garch_fit.fit(dmgbp)
    assert cold is not None
    warm = garch_fit.fit(dmgbp, known=cold.model)
    assert warm is not None
    assert warm.loglik == pytest.approx(cold.loglik, abs=1e-3)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4])
def test_the_unit_of_the_returns_does_not_matter(unit: float) -> None:
    returns = simulated(800)
    one, other = garch_fit.fit(returns, student=False), garch_fit.fit(unit * returns, student=False)
    assert one is not None and other is not None
    assert other.model.alpha == pytest.approx(one.model.alpha, rel=1e-3)
    assert other.model.omega == pytest.approx(one.model.omega * unit**2, rel=1e-3)
