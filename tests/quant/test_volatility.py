"""Range estimators, EWMA and realised variance against published values and their own definitions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.vectors import Vector
from tradecli.quant import volatility
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
