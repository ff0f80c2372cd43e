"""Recorded forecasts are scored on what came after them, and walked ones over the candles that are kept."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from tests.fakes.desk import BTC, ETH
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, CandleFeed
from tradecli.domain.market import Candle, VolIndex
from tradecli.errors import NotEnoughData
from tradecli.quant.returns import consecutive_returns
from tradecli.research import scorecard, scoring
from tradecli.research.gridstudy import fold
from tradecli.research.scorecard import Track

DAYS = 460


class Kept:
    """A history of hourly candles whose volatility slowly moves, and of an index beside it."""

    def __init__(self, days: int = DAYS) -> None:
        rng = np.random.default_rng(7)
        level = 0.5 * np.exp(0.4 * np.sin(np.arange(days) / 25.0))
        sigma = np.repeat(level, 24) * math.sqrt(1 / 8760)
        close = 100.0 * np.exp(np.cumsum(sigma * rng.standard_normal(24 * days)))
        self.candles = [
            Candle(BTC, i * HOUR_MS, HOUR_MS, c, c, c, c, 1.0) for i, c in enumerate(close.tolist())
        ]
        self.level = level

    async def read(self, feed: Any, since: int, until: int) -> AsyncIterator[Any]:
        if isinstance(feed, CandleFeed):
            for candle in self.candles if feed.instrument == BTC else []:
                if candle.ts + HOUR_MS < until:
                    yield candle
            return
        for day, level in enumerate(self.level.tolist()):
            yield VolIndex("DVOL-BTC", (day + 1) * DAY_MS, level)


def kept_forecasts(history: Kept) -> list[Input]:
    rows = []
    for day in range(1, DAYS - 1):
        for model, factor in (("garch", 1.0), ("ewma", 1.6)):
            rows.append(
                Input(
                    name=f"forecast {model} 1d",
                    value=factor * float(history.level[day]),
                    as_of=(day + 1) * DAY_MS,
                    source=model,
                    quality=Quality.OK,
                    scope=BTC,
                )
            )
    return rows


def test_recorded_forecasts_are_scored_on_the_days_after_them_and_the_better_one_ranks_first() -> None:
    history: Any = Kept()
    card = asyncio.run(scoring.recorded(history, BTC, kept_forecasts(history), 2**53))
    assert [(row.model, row.rank, row.horizon) for row in card.rows] == [("garch", 1, 1), ("ewma", 2, 1)]
    best = card.rows[0]
    assert best.dm_p is not None and best.dm_p < 0.01 and (best.dm_statistic or 0) < 0
    assert best.coverage == pytest.approx(0.8, abs=0.1)
    twice = [*kept_forecasts(history), *kept_forecasts(history)]
    assert asyncio.run(scoring.recorded(history, BTC, twice, 2**53)).rows == card.rows


def test_a_forecast_whose_horizon_has_not_passed_is_not_scored() -> None:
    history: Any = Kept()
    last = DAYS * DAY_MS
    newest = [Input(name="forecast garch 1d", value=0.5, as_of=last, source="garch", scope=BTC)]
    with pytest.raises(NotEnoughData, match="horizon has passed"):
        asyncio.run(scoring.recorded(history, BTC, newest, 2**53))


def test_what_is_not_a_forecast_of_a_day_is_left_out() -> None:
    track = Track("x", np.arange(1, 5), np.zeros(4), np.ones(4))
    odd = [
        Input(name="forecast garch 1h", value=0.5, as_of=2 * DAY_MS, source="x"),
        Input(name="forecast garch 1d", value=None, as_of=2 * DAY_MS, source="x"),
        Input(name="forecast garch 1d", value=0.5, as_of=None, source="x"),
        Input(name="forecast garch 1d", value=0.5, as_of=2 * DAY_MS + 1, source="x"),
    ]
    assert scoring.of_inputs(odd, track) == {}


def test_candles_are_walked_forward_and_too_few_are_said() -> None:
    history: Any = Kept()
    card = asyncio.run(scoring.walked(history, BTC, BTC, 2**53, refit=90))
    assert {row.horizon for row in card.rows} == {1, 7, 30}
    assert {row.model for row in card.rows} == {"garch", "gjr", "egarch", "ewma", "har"} or len(
        card.rows
    ) >= 9
    assert all(1 <= row.rank <= 5 and row.qlike > 0 for row in card.rows)
    with pytest.raises(NotEnoughData, match="420 are needed"):
        asyncio.run(scoring.walked(history, ETH, BTC, 2**53, refit=90))


def test_a_series_is_cut_at_long_holes_and_the_longest_run_is_kept() -> None:
    history = Kept(days=60)
    ts = np.array([each.ts for each in history.candles], dtype=np.int64)
    close = np.array([each.close for each in history.candles])
    hole = (ts >= 20 * DAY_MS) & (ts < 30 * DAY_MS)
    track = scorecard.hourly_track("x", ts[~hole], close[~hole])
    assert len(track.days) == 29 and int(track.days[0]) == 31
    days = consecutive_returns(ts[23::24], close[23::24], DAY_MS)
    assert track.returns[-1] == pytest.approx(days[-1])


def test_fills_alone_say_what_a_grid_came_to() -> None:
    from tests.fakes.desk import fill
    from tradecli.domain.enums import Side

    ts = np.arange(4, dtype=np.int64) * 60_000
    close = np.array([100.0, 90.0, 95.0, 110.0])
    fills = [
        fill("a", Side.BUY, "2", "100", fee="0.1", ts=60_000),
        fill("b", Side.SELL, "1", "95", "2", fee="0.1", ts=180_000),
    ]
    found = fold(fills, [(120_000, -1.0)], ts, close)
    assert found["realised"] == pytest.approx(-5.0) and found["unrealised"] == pytest.approx(10.0)
    assert found["total"] == pytest.approx(-5.0 + 10.0 - 0.2 - 1.0)
    assert found["turnover"] == pytest.approx(295.0) and found["in_market"] == 1.0
    assert found["worst_inventory"] == pytest.approx(200.0)
    assert found["deepest"] == pytest.approx(-20.0 - 0.1 - 1.0)
