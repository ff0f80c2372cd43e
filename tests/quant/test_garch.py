"""The closed forms of a GARCH forecast are those of its recursion, and the boundary is never divided by."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.quant.garch_samples import simulated
from tests.vectors import Vector
from tradecli.quant import garch, garch_fit
from tradecli.quant.garch import Garch


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


@given(
    st.floats(0.0, 0.3),
    st.floats(0.0, 0.99),
    st.floats(0.01, 5.0),
    st.floats(0.1, 50.0),
    st.integers(1, 400),
)
def test_the_closed_form_is_the_recursion(
    alpha: float, beta: float, omega: float, first: float, steps: int
) -> None:
    model = Garch(0.0, omega, alpha, beta * (1 - alpha))
    level = model.long_run_variance
    p = model.persistence if level is not None else 1.0
    drift = omega if level is not None or steps <= 30 else 0.0
    h, path = first, []
    for _ in range(steps):
        path.append(h)
        h = drift + p * h
    np.testing.assert_allclose(garch.variance_path(model, first, steps), path, rtol=1e-8)
    assert garch.summed_variance(model, first, steps) == pytest.approx(math.fsum(path), rel=1e-8)


def test_the_term_structure_runs_from_the_next_variance_to_the_long_run_one() -> None:
    model = Garch(0.0, 0.35, 0.08, 0.89)
    curve = garch.term_structure(model, 4.0, (1, 7, 30, 90, 3650), 365.0)
    assert curve[0] == pytest.approx(math.sqrt(4.0 * 365) / 100)
    assert (np.diff(curve) > 0).all()
    assert model.long_run_variance is not None
    assert curve[-1] == pytest.approx(math.sqrt(model.long_run_variance * 365) / 100, rel=0.01)


def test_a_fall_raises_variance_more_than_a_rise_in_the_asymmetric_model() -> None:
    model = Garch(0.0, 0.35, 0.08, 0.85, gamma=0.06)
    down, up = (garch.next_variance(model, 9.0, e) for e in (-3.0, 3.0))
    assert down - up == pytest.approx(0.06 * 9)
    assert model.persistence == pytest.approx(0.96)
    h = garch.variances(model, np.array([-3.0, 3.0]), 9.0)
    assert h[1] == pytest.approx(garch.next_variance(model, float(h[0]), -3.0))
    assert h[2] == pytest.approx(garch.next_variance(model, float(h[1]), 3.0))
    assert model.half_life_days == pytest.approx(math.log(0.5) / math.log(0.96))


def test_a_fitted_model_is_carried_on_to_later_returns_without_a_new_fit() -> None:
    returns = simulated(600, Garch(0.0, 0.3, 0.1, 0.85))
    fit = garch_fit.fit(returns[:-1], student=False)
    assert fit is not None
    later = garch.refilter(fit.model, returns)
    e = float(returns[-1]) - fit.model.mu
    assert later.next_variance == pytest.approx(
        garch.next_variance(fit.model, fit.next_variance, e), rel=1e-6
    )
