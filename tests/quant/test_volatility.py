"""Range estimators, EWMA and realised variance against published values and their own definitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import Vector
from tradecli.quant import volatility
from tradecli.quant.bars import previous_closes
from tradecli.quant.returns import annualised, consecutive_returns, log_returns, periods_per_year

DAY = 86_400_000


def test_the_estimators_give_the_values_of_the_twelve_bars(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("range_estimators_12")
    o, h, low, c = (np.array(vector.inputs[name]) for name in ("open", "high", "low", "close"))
    before = vector.inputs["prev_close"]
    returns = log_returns(np.concatenate(([before], c)))
    variance = {
        "parkinson": volatility.parkinson(h, low),
        "garman_klass": volatility.garman_klass(o, h, low, c),
        "rogers_satchell": volatility.rogers_satchell(o, h, low, c),
        "yang_zhang": volatility.yang_zhang(before, o, h, low, c),
        "close_close": volatility.close_close(returns),
        "close_close_zero_mean": volatility.close_close(returns, zero_mean=True),
    }
    ppy = vector.inputs["periods_per_year"]
    vols = {name: annualised(value or 0.0, ppy) for name, value in variance.items()}
    vector.check({"variance": variance, "annualised_vol": vols})


def test_ewma_after_the_last_return_is_the_forecast_of_the_next_day(vectors: Callable[[str], Vector]) -> None:
    vector = vectors("ewma_riskmetrics")
    variance = volatility.ewma_variance(
        np.array(vector.inputs["returns"]), vector.inputs["lam"], vector.inputs["seed_n"]
    )
    assert variance is not None
    vector.check({"variance": variance, "annualised_vol": annualised(variance, 365)})


def test_nothing_is_estimated_from_too_few_numbers() -> None:
    empty, one = np.empty(0), np.array([100.0])
    assert volatility.close_close(one) is None
    assert volatility.parkinson(empty, empty) is None
    assert volatility.garman_klass(empty, empty, empty, empty) is None
    assert volatility.rogers_satchell(empty, empty, empty, empty) is None
    assert volatility.yang_zhang(100.0, one, one, one, one) is None
    assert volatility.ewma_variance(np.zeros(10)) is None
    assert volatility.standard_error(0.5, 1) is None


def test_rogers_satchell_does_not_see_a_steady_drift() -> None:
    open_ = 100.0 * np.exp(0.01 * np.arange(50))
    close = open_ * math.exp(0.01)
    assert volatility.rogers_satchell(open_, close, open_, close) == pytest.approx(0.0, abs=1e-18)
    assert (volatility.parkinson(close, open_) or 0) > 1e-5


def test_a_day_with_a_tenth_of_its_bars_missing_is_scaled_and_one_with_more_missing_is_left_out() -> None:
    step = 5 * 60_000
    rng = np.random.default_rng(1)
    ts = np.arange(3 * 288) * step
    close = 100.0 * np.exp(np.cumsum(0.001 * rng.standard_normal(len(ts))))
    kept = np.ones(len(ts), dtype=bool)
    kept[300:310] = False  # ten bars of the second day
    kept[600:700] = False  # a hundred of the third
    days, variances = volatility.realised_days(ts[kept], close[kept], step)
    assert days.tolist() == [0, 1]
    whole, all_variances = volatility.realised_days(ts, close, step)
    assert whole.tolist() == [0, 1, 2]
    assert variances[0] == all_variances[0]
    returns = np.diff(np.log(close))
    in_day = (np.arange(1, len(ts)) // 288 == 1) & kept[1:] & kept[:-1]
    assert variances[1] == pytest.approx(np.sum(returns[in_day] ** 2) * 288 / in_day.sum())


def test_a_day_without_movement_has_no_realised_variance() -> None:
    days, _ = volatility.realised_days(np.arange(288) * 300_000, np.full(288, 100.0), 300_000)
    assert days.tolist() == []


def test_a_gap_between_bars_is_not_a_return() -> None:
    ts = np.array([0, DAY, 3 * DAY, 4 * DAY])
    assert len(consecutive_returns(ts, np.array([1.0, 2.0, 8.0, 16.0]), DAY)) == 2


def test_the_year_has_365_days() -> None:
    assert periods_per_year(DAY) == 365
    assert periods_per_year(60_000) == 525_600


def test_fat_tails_widen_the_standard_error() -> None:
    assert volatility.standard_error(0.6, 100) == pytest.approx(0.6 / math.sqrt(200))
    assert volatility.standard_error(0.6, 100, kurtosis=6.0) == pytest.approx(0.6 / math.sqrt(200) * 2)
    assert volatility.excess_kurtosis(np.array([0.0, 0.0, 0.0, 0.0, 5.0])) > 0


def random_bars(count: int, seed: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    logs = np.cumsum(rng.normal(0, 0.002, (count, 12)), axis=1)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, count))[:, None] + logs)
    return [prices[:, 0].copy(), prices.max(axis=1), prices.min(axis=1), prices[:, -1].copy()]


def of_bars(o: np.ndarray, h: np.ndarray, low: np.ndarray, c: np.ndarray) -> list[float | None]:
    return [
        volatility.parkinson(h, low),
        volatility.garman_klass(o, h, low, c),
        volatility.rogers_satchell(o, h, low, c),
        volatility.yang_zhang(float(o[0]), o, h, low, c),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0, "high under low"])
def test_a_bar_that_is_none_gives_no_estimate_and_never_nan(value: float | str) -> None:
    o, h, low, c = random_bars(20)
    assert None not in of_bars(o, h, low, c)
    h[3] = low[3] * 0.5 if isinstance(value, str) else value
    assert of_bars(o, h, low, c) == [None] * 4
    broken = np.append(np.full(30, 0.01), math.nan)
    assert volatility.close_close(broken) is None
    assert volatility.ewma_variance(broken) is None


def test_yang_zhang_leaves_out_the_bars_after_a_hole() -> None:
    o, h, low, c = random_bars(40)
    ts = np.delete(np.arange(41), 17)
    before = previous_closes(ts, c, 1)
    assert np.flatnonzero(np.isnan(before)).tolist() == [0, 17]
    keep = ~np.isnan(before)
    expected = volatility.yang_zhang(before[keep], o[keep], h[keep], low[keep], c[keep])
    assert volatility.yang_zhang(before, o, h, low, c) == expected
    across = volatility.yang_zhang(float(o[0]), o, h, low, c)
    assert across != expected


@given(st.floats(0.001, 1000.0), st.integers(0, 2**32 - 1))
def test_no_range_estimator_depends_on_the_unit_of_price(factor: float, seed: int) -> None:
    bars = random_bars(30, seed)
    assert of_bars(*(factor * each for each in bars)) == pytest.approx(of_bars(*bars), rel=1e-8)


def test_on_simulated_minutes_each_estimator_finds_the_volatility_that_made_them() -> None:
    rng = np.random.default_rng(8)
    days, steps, sigma = 400, 1440, 0.6
    moves = rng.normal(0, sigma * math.sqrt(1 / 365 / steps), (days, steps))
    prices = np.exp(np.concatenate([np.zeros((days, 1)), np.cumsum(moves, axis=1)], axis=1))
    o, h, low, c = prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1]
    found = [*of_bars(o, h, low, c)[:3], volatility.yang_zhang(o, o, h, low, c)]
    for variance in found:
        assert variance is not None
        assert annualised(variance, 365) == pytest.approx(sigma, rel=0.05)


def test_the_ewma_path_forecasts_before_it_sees_and_ends_where_ewma_ends() -> None:
    returns = np.random.default_rng(3).normal(0, 0.02, 60)
    path = volatility.ewma_path(returns)
    assert np.isnan(path[:10]).all()
    for t in (11, 30, 59):
        assert path[t] == pytest.approx(volatility.ewma_variance(returns[:t]), rel=1e-12)
    changed = np.concatenate([returns[:30], 5 * returns[30:]])
    np.testing.assert_array_equal(volatility.ewma_path(changed)[10:31], path[10:31])
    assert volatility.ewma_half_life() == pytest.approx(11.2, abs=0.01)
    assert np.isnan(volatility.ewma_path(np.append(returns, math.nan))).all()
