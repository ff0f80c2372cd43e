"""The chain of forecasts: which method answers, why, and that it always answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.quant.garch_samples import simulated
from tradecli.quant import garch, garch_fit
from tradecli.quant.chain import forecast_vol
from tradecli.quant.garch import Garch

TRUE = Garch(0.0, 0.4, 0.09, 0.87, nu=6.0)


def test_enough_bars_give_a_t_garch_with_nothing_given_up() -> None:
    found = forecast_vol(simulated(900, TRUE) / 100)
    assert (found.method, found.quality, found.tried) == ("garch-t", "ok", ())
    assert found.fit is not None and found.vol is not None
    assert 0.3 < found.vol < 1.5


def test_a_bound_that_a_fit_ends_on_degrades_it_and_is_the_reason() -> None:
    found = forecast_vol(simulated(900, Garch(0.0, 0.4, 0.09, 0.87)) / 100)
    assert (found.method, found.quality, found.reason) == ("garch-t", "degraded", "nu on its bound")
    assert found.diagnosis is not None
    assert found.diagnosis.bounds_hit == ("nu",)


def test_an_absurd_day_is_kept_and_named_and_does_not_degrade_the_forecast() -> None:
    returns = simulated(900, TRUE) / 100
    returns[100] = -0.45
    found = forecast_vol(returns)
    assert (found.method, found.quality) == ("garch-t", "ok")
    assert "standard deviations" in found.reason


def test_between_250_and_500_bars_the_errors_are_taken_as_normal() -> None:
    assert forecast_vol(simulated(300, TRUE) / 100).method == "garch-normal"


def test_short_data_fall_back_to_ewma_and_say_how_many_bars_are_missing() -> None:
    found = forecast_vol(simulated(42, TRUE) / 100)
    assert (found.method, found.quality, found.reason) == ("ewma", "fallback", "garch: 42 of 250 bars")
    none = forecast_vol(simulated(12, TRUE) / 100)
    assert none.vol is None and none.quality == "unavailable"
    assert "12 of 20" in none.reason


def test_returns_that_never_move_have_no_forecast() -> None:
    found = forecast_vol(np.zeros(400))
    assert found.vol is None
    assert "do not move" in found.reason
    drifting = forecast_vol(np.full(400, 0.1))
    assert drifting.method == "ewma"
    assert "do not move" in drifting.reason


def test_a_persistence_at_the_boundary_is_flat_and_degraded() -> None:
    rng = np.random.default_rng(5)
    returns = np.concatenate([0.005 * rng.standard_normal(450), 0.02 * rng.standard_normal(450)])
    found = forecast_vol(returns)
    if found.fit is not None and found.fit.model.persistence >= garch.BOUNDARY:
        assert found.quality == "degraded"
        assert "persistence" in found.reason
    else:
        assert found.tried, "a structural break leaves no clean fit"


def test_a_forecast_that_realised_volatility_contradicts_is_not_believed() -> None:
    found = forecast_vol(simulated(600, TRUE) / 100, known=Garch(0.0, 8.0, 0.05, 0.90))
    assert "times the 90-day realised volatility" in found.tried[0]
    assert found.method == "garch-t", "the next of the chain is fitted and believed"


def test_a_model_fitted_earlier_today_is_carried_on_and_not_fitted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    returns = simulated(600, TRUE) / 100
    first = forecast_vol(returns)
    assert first.fit is not None
    monkeypatch.setattr(garch_fit, "fit", lambda *a, **k: pytest.fail("fitted again"))
    again = forecast_vol(returns, known=first.fit.model)
    assert again.vol == pytest.approx(first.vol)
    assert again.quality == "ok"


def test_the_estimator_of_record_gives_the_same_forecast_with_its_errors() -> None:
    returns = simulated(600, TRUE) / 100
    ours, theirs = forecast_vol(returns), forecast_vol(returns, with_arch=True)
    assert ours.vol == pytest.approx(theirs.vol, rel=5e-3)
    assert theirs.fit is not None and theirs.fit.std_errors is not None


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 700), st.integers(0, 100), st.sampled_from([0.0, 1e-9, 1e-4, 0.05, 3.0]), st.booleans())
def test_whatever_the_returns_it_answers_and_never_with_nan(
    n: int, seed: int, size: float, wild: bool
) -> None:
    rng = np.random.default_rng(seed)
    returns = size * (rng.standard_cauchy(n) if wild else rng.standard_normal(n))
    if n > 5:
        returns[3] = np.nan
    found = forecast_vol(returns)
    assert found.vol is None or (np.isfinite(found.vol) and found.vol > 0)
    assert (found.vol is None) == (found.quality == "unavailable")
