"""Forecasts by name: what each says on its own data, what it falls back to, and that no input makes it raise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.quant.garch_samples import TRUE, simulated
from tradecli.quant import garch
from tradecli.quant.ahead import MODELS, Ewma, forecast_path, interval, log_errors, what_followed
from tradecli.quant.diurnal import diurnal_factors, hour_of_week
from tradecli.quant.forecast import NO_VARIANCE, forecast
from tradecli.quant.garch import Garch

RETURNS = simulated(1_200, Garch(0.0, 0.4, 0.09, 0.87, nu=6.0)) / 100
_TRUE_VARIANCE = garch.variances(Garch(0.0, 0.4, 0.09, 0.87, nu=6.0), RETURNS * 100, 10.0)[:-1] / 1e4
RV = _TRUE_VARIANCE * np.exp(0.3 * np.random.default_rng(9).standard_normal(len(RETURNS)))
HORIZONS = (1, 7, 30)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_says_a_volatility_with_an_interval_over_every_horizon(model: str) -> None:
    found = forecast(model, RETURNS, RV, HORIZONS)
    assert found.model == model and found.quality in ("ok", "degraded")
    assert found.method.split("-")[0] == model
    for each in found.ahead:
        assert each.vol is not None and 0.1 < each.vol < 2.0
        assert each.low is not None and each.high is not None and each.low < each.high
        assert each.low < each.vol


def test_the_plain_model_says_what_the_closed_form_says() -> None:
    found = forecast("garch", RETURNS, RV, HORIZONS)
    named = dict(found.parameters)
    model = Garch(named["mu"], named["omega"], named["alpha"], named["beta"], named["nu"])
    state = garch.refilter(model, RETURNS * 100)
    for each in found.ahead:
        assert each.vol == pytest.approx(garch.horizon_vol(model, state.next_variance, each.horizon, 365.0))
    assert found.half_life == pytest.approx(math.log(0.5) / math.log(model.persistence))


def test_our_kernel_and_arch_agree_on_the_volatility_that_is_shown() -> None:
    for model in ("garch", "gjr", "egarch"):
        ours, record = (forecast(model, RETURNS, RV, HORIZONS, with_arch=flag) for flag in (False, True))
        for a, b in zip(ours.ahead, record.ahead, strict=True):
            assert a.vol == pytest.approx(b.vol, rel=0.02), model
    assert len(forecast("garch", RETURNS, RV, (1,), with_arch=True).errors) == 5


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("level", [0.0, 0.01])
def test_a_constant_series_has_no_variance_and_the_fallback_is_named(model: str, level: float) -> None:
    found = forecast(model, np.full(600, level), np.zeros(600), HORIZONS)
    assert found.reason == NO_VARIANCE == "fallback: EWMA, no variance"
    assert all(each.vol is None for each in found.ahead)
    assert found.quality == "unavailable"


def test_too_few_bars_fall_back_to_ewma_with_the_count() -> None:
    for model, words in (("garch", "100 of 250"), ("gjr", "100 of 500"), ("har", "of 90 rows")):
        found = forecast(model, RETURNS[:100], RV[:100] + 1e-9, HORIZONS)
        assert (found.method, found.quality) == ("ewma", "fallback")
        assert words in found.reason and found.reason.startswith("fallback: EWMA, ")
    assert forecast("garch", RETURNS[:5], RV[:5], HORIZONS).quality == "unavailable"


HOSTILE = {
    "empty": np.empty(0),
    "one": np.array([0.01]),
    "all missing": np.full(400, np.nan),
    "holes": np.where(np.arange(300) % 3 == 0, np.nan, RETURNS[:300]),
    "infinite": np.where(np.arange(300) == 200, np.inf, RETURNS[:300]),
    "one jump": np.where(np.arange(300) == 299, 3.0, RETURNS[:300]),
    "halted": np.concatenate((RETURNS[:200], np.zeros(100))),
    "tiny": RETURNS[:300] * 1e-9,
    "huge": RETURNS[:300] * 1e6,
    "alternating": np.where(np.arange(300) % 2 == 0, 0.01, -0.01),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("model", MODELS)
def test_whatever_comes_in_a_number_or_a_reason_comes_out(model: str, name: str) -> None:
    returns = HOSTILE[name]
    with np.errstate(all="ignore"):
        found = forecast(model, returns, returns**2, HORIZONS)
    for each in found.ahead:
        assert each.vol is None or (math.isfinite(each.vol) and each.vol > 0.0)
    if any(each.vol is None for each in found.ahead):
        assert found.reason


def test_a_name_that_is_no_model_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a model"):
        forecast("arima", RETURNS, RV, HORIZONS)


def test_what_followed_is_the_mean_of_the_next_periods_only() -> None:
    found = what_followed(np.array([1.0, 2.0, 3.0, 4.0]), 2)
    assert found[:2].tolist() == [2.5, 3.5] and np.all(np.isnan(found[2:]))


def test_no_forecast_uses_what_came_after_it() -> None:
    changed = RETURNS.copy()
    changed[800:] *= 5.0
    for fitted in (TRUE, Ewma(0.94)):
        a, b = (forecast_path(fitted, each, each**2, 7) for each in (RETURNS, changed))
        np.testing.assert_array_equal(a[:800], b[:800])
        assert not np.array_equal(a[800:], b[800:])


def test_an_interval_needs_sixty_errors_and_holds_four_fifths_of_them() -> None:
    errors = np.random.default_rng(1).standard_normal(5_000)
    found = interval(errors)
    assert found is not None
    inside = (errors > math.log(found[0])) & (errors < math.log(found[1]))
    assert float(np.mean(inside)) == pytest.approx(0.8, abs=0.01)
    assert interval(errors[:59]) is None
    assert np.isnan(log_errors(np.array([0.0]), np.array([1.0])))[0]


def test_the_diurnal_factor_finds_the_busy_hours_and_leaves_the_level_alone() -> None:
    hours = 168 * 60
    ts = np.arange(hours, dtype=np.int64) * 3_600_000
    rng = np.random.default_rng(2)
    busy = np.where(hour_of_week(ts) % 24 == 15, 2.0, 1.0)
    factors = diurnal_factors(ts, 0.005 * busy * rng.standard_normal(hours))
    assert factors is not None
    assert float(np.mean(factors**2)) == pytest.approx(1.0)
    ratio = float(np.mean(factors[15::24])) / float(np.mean(factors[14::24]))
    assert ratio == pytest.approx(2.0, rel=0.1)
    assert int(hour_of_week(np.array([4 * 86_400_000]))[0]) == 0, "1970-01-05 was a Monday"
    assert diurnal_factors(ts[:400], np.ones(400)) is None
