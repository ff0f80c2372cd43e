"""``vol forecast``: every model and horizon, what stands in where one cannot be believed, and what is kept of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.components.vol.test_show import AT, BNB, view
from tests.fakes.desk import BTC, linear
from tests.fakes.view import FakeView, candles
from tradecli import codec
from tradecli.components.vol.forecast import FORECAST, HORIZONS, ForecastQuery
from tradecli.components.vol.forecast_report import ForecastReport
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS
from tradecli.errors import UsageError
from tradecli.quant.forecast import NO_VARIANCE


def assess(seen: FakeView, **query: object) -> ForecastReport:
    found = FORECAST.assess(seen, VolSettings(), ForecastQuery(**query))  # type: ignore[arg-type]
    assert isinstance(found, ForecastReport)
    return found


@pytest.fixture(scope="module")
def report() -> ForecastReport:
    return assess(view(days=700, hours=800))


def test_every_model_forecasts_the_volatility_of_the_walk_over_every_horizon(report: ForecastReport) -> None:
    for row in report.models:
        for each in row.ahead:
            if row.model == "har" and each.horizon == "1h":
                assert each.vol is None and row.hourly_reason == "har looks at days"
                continue
            assert each.vol == pytest.approx(0.6, abs=0.2), (row.model, each)
            assert each.low is not None and each.high is not None and each.low < each.high
    assert [each.horizon for each in report.models[0].ahead] == ["1h", "1d", "7d", "30d"]


def test_models_and_horizons_are_those_asked_for_and_unknown_ones_are_a_usage_error() -> None:
    found = assess(view(), model="ewma,har", horizon="7d")
    assert [row.model for row in found.models] == ["ewma", "har"]
    assert [each.horizon for each in found.models[0].ahead] == ["7d"]
    for query in ({"model": "arima"}, {"horizon": "2w"}, {"model": ","}):
        with pytest.raises(UsageError):
            assess(view(), **query)
    assert set(HORIZONS) >= {"1h", "1d", "7d", "30d"}


def test_a_constant_price_says_fallback_ewma_no_variance() -> None:
    seen = FakeView(AT, BTC, (linear(),))
    seen.bars = {(BTC, DAY_MS): candles([100.0] * 400, DAY_MS, until=AT // DAY_MS * DAY_MS)}
    for row in assess(seen, horizon="1d,30d").models:
        assert row.reason == NO_VARIANCE == "fallback: EWMA, no variance"
        assert row.quality is Quality.UNAVAILABLE and all(each.vol is None for each in row.ahead)


HOSTILE = {
    "no bars": [],
    "one bar": [100.0],
    "a hole of prices": [100.0, float("nan"), 101.0] * 200,
    "zero": [100.0, 0.0, 101.0] * 100,
    "negative": [100.0, -5.0, 101.0] * 100,
    "one tick in a year": [100.0] * 399 + [100.1],
    "a hundredfold": [100.0] * 200 + [10_000.0] * 200,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_the_bars_are_there_is_a_number_or_a_reason(name: str) -> None:
    seen = FakeView(AT, BTC, (linear(),))
    seen.bars = {(BTC, DAY_MS): candles(HOSTILE[name], DAY_MS, until=AT // DAY_MS * DAY_MS)}
    with np.errstate(all="ignore"):
        found = assess(seen)
    for row in found.models:
        for each in row.ahead:
            assert each.vol is not None or row.reason or row.hourly_reason
            assert each.vol is None or (np.isfinite(each.vol) and each.vol > 0)
    assert codec.decode(codec.encode(found), ForecastReport) == found
    assert FORECAST.present(found).title == "Forecast BTCUSDT@binance"


def test_a_running_desk_records_a_forecast_once_for_each_new_day(report: ForecastReport) -> None:
    kept = FORECAST.inputs(report)
    assert len(kept) == 5 * 3 and {each.name for each in kept} >= {"forecast garch 30d", "forecast har 1d"}
    assert all(each.as_of == report.days_as_of for each in kept)
    standing = FORECAST.assess(view(), VolSettings(), FORECAST.standing)
    seen = view(at=AT + MINUTE_MS)
    seen.reports = (standing,)
    again = FORECAST.assess(seen, VolSettings(), FORECAST.standing)
    assert not again.fresh and again.models == standing.models and again.at == AT + MINUTE_MS
    assert FORECAST.inputs(again) == () and len(FORECAST.inputs(standing)) == 4 * 3


def test_old_bars_are_not_forecast_from() -> None:
    found = assess(view(at=AT + 10 * DAY_MS))
    assert "intervals old" in found.notices[0]
    assert all(each.vol is None for row in found.models for each in row.ahead)


def test_a_jump_within_the_day_is_found_and_its_share_said() -> None:
    seen = view()
    calm = seen.bars[(BTC, MINUTE_MS)].close.copy()
    calm[700:] *= 1.05
    seen.bars = {**seen.bars, (BTC, MINUTE_MS): candles(calm.tolist(), MINUTE_MS, until=AT - 2_000)}
    jump = assess(seen, model="ewma", horizon="1d").jump
    assert jump is not None and jump.p < 0.001 and jump.jump_share > 0.3
    quiet = assess(view(), model="ewma", horizon="1d").jump
    assert quiet is not None and quiet.jump_share == 0.0


def test_four_hundred_days_of_hours_are_asked_for_by_one_answer_only() -> None:
    running = {feed.interval_ms: feed.count for feed in FORECAST.feeds(BNB, VolSettings())}  # type: ignore[union-attr]
    once = {feed.interval_ms: feed.count for feed in FORECAST.asked_feeds(BNB, VolSettings())}  # type: ignore[union-attr]
    assert running[HOUR_MS] == 720 and once[HOUR_MS] == 9_600
