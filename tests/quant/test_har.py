"""HAR-RV: the vector, statsmodels, and what is too short or broken to regress."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant.har import fit_har


def series(days: int, seed: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    logs = [-7.0]
    for shock in rng.normal(0, 0.4, days - 1).tolist():
        logs.append(-7.0 + 0.8 * (logs[-1] + 7.0) + shock)
    return np.exp(np.array(logs))


def test_the_regression_of_the_vector_is_reproduced(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("har_rv_log")
    i = vector.inputs
    found = fit_har(np.array(i["rv"]), windows=tuple(i["windows"]))
    assert found is not None
    vector.check(
        {
            "n_obs": found.n,
            "coef_const_d_w_m": found.coefficients,
            "resid_var": found.residual_variance,
            "r2": found.r2,
            "forecast_rv": found.forecast,
            "forecast_annualised_vol": found.volatility(i["periods_per_year"]),
        }
    )


@pytest.mark.parametrize("horizon", [1, 10])
def test_coefficients_and_robust_errors_agree_with_statsmodels(horizon: int) -> None:
    import statsmodels.api as sm

    rv = series(400)
    found = fit_har(rv, horizon=horizon)
    assert found is not None
    logs = np.log(rv)
    rows, y = [], []
    for t in range(29, len(rv) - horizon):
        rows.append([1.0, logs[t], logs[t - 6 : t + 1].mean(), logs[t - 29 : t + 1].mean()])
        y.append(logs[t + 1 : t + 1 + horizon].mean())
    lags = max(7, horizon - 1)
    theirs = sm.OLS(np.array(y), np.array(rows)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
    )
    assert found.n == len(rows)
    np.testing.assert_allclose(found.coefficients, theirs.params, rtol=1e-8)
    np.testing.assert_allclose(found.std_errors, theirs.bse, rtol=1e-8)


def test_the_forecast_knows_nothing_of_what_comes_after() -> None:
    rv = series(300)
    one = fit_har(rv[:250], horizon=5)
    changed = np.concatenate([rv[:250], 100 * rv[250:]])
    assert one == fit_har(changed[:250], horizon=5)


def test_too_few_rows_broken_variances_and_constant_ones_have_no_regression() -> None:
    assert fit_har(series(119)) is None
    assert fit_har(series(120)) is not None
    assert fit_har(np.append(series(200), math.nan)) is None
    assert fit_har(np.append(series(200), -1.0)) is None
    assert fit_har(np.full(200, 1e-4)) is None
    assert fit_har(np.empty(0)) is None


def test_a_day_of_zero_variance_is_floored_before_its_logarithm() -> None:
    rv = series(200)
    rv[50] = 0.0
    found = fit_har(rv)
    assert found is not None
    assert math.isfinite(found.forecast)
