"""Forecasts are compared with the loss and the test that the vector states."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant.evaluation import diebold_mariano, mincer_zarnowitz, qlike


def test_qlike_and_the_test_of_equal_loss_give_the_values_of_the_vector(
    vectors: Callable[[str], Vector],
) -> None:
    vector = vectors("qlike_dm_test")
    proxy, a, b = (np.array(vector.inputs[name]) for name in ("proxy", "forecast_a", "forecast_b"))
    loss_a, loss_b = qlike(proxy, a), qlike(proxy, b)
    found = diebold_mariano(loss_a, loss_b, vector.inputs["h"])
    assert found is not None
    vector.check(
        {
            "qlike_a": np.mean(loss_a),
            "qlike_b": np.mean(loss_b),
            "mean_diff": found.mean,
            "dm": found.plain,
            "dm_hln": found.statistic,
            "p_value": found.p,
            "a_better": found.mean < 0,
        }
    )


def test_the_loss_is_zero_for_a_perfect_forecast_and_unknown_without_variance() -> None:
    proxy = np.array([1e-4, 2e-4, 0.0, math.nan])
    loss = qlike(proxy, np.array([1e-4, 1e-4, 1e-4, 1e-4]))
    assert loss[0] == 0.0
    assert loss[1] == pytest.approx(2 - math.log(2) - 1)
    assert np.isnan(loss[2:]).all()
    assert np.isnan(qlike(proxy[:1], np.zeros(1))).all()


def test_forecasts_that_never_differ_are_not_tested_and_too_few_neither() -> None:
    loss = np.linspace(0.1, 0.2, 80)
    assert diebold_mariano(loss, loss) is None
    assert diebold_mariano(loss[:59], 2 * loss[:59]) is None
    assert diebold_mariano(loss, np.append(loss[1:], math.nan)) is None


def test_a_long_run_variance_below_zero_falls_back_to_bartlett_weights() -> None:
    difference = np.array([1.0, -1.0] * 30) + 0.01 * np.arange(60)
    found = diebold_mariano(difference, np.zeros(60), horizon=2)
    assert found is not None
    assert found.kernel == "bartlett"


def test_the_size_of_the_test_is_near_its_level() -> None:
    rng = np.random.default_rng(9)
    rejected = 0
    for _ in range(500):
        found = diebold_mariano(rng.exponential(size=80), rng.exponential(size=80))
        rejected += found is not None and found.p < 0.05
    assert 10 <= rejected <= 45


def test_a_forecast_that_is_half_of_what_comes_has_a_slope_of_two() -> None:
    rng = np.random.default_rng(4)
    forecast = rng.gamma(3.0, 1e-4, 500)
    found = mincer_zarnowitz(2 * forecast + rng.normal(0, 1e-5, 500), forecast)
    assert found is not None
    assert found.slope == pytest.approx(2.0, abs=4 * found.slope_error)
    assert abs(found.intercept) < 1e-5
    assert found.r2 > 0.95
    assert mincer_zarnowitz(forecast, np.full(500, 1e-4)) is None
