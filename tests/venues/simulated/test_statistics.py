"""The market resembles the recorded one: each figure lies in a band around what ``calibration`` says was measured."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.venues.simulated.scene import PLAIN, listen, of, sized
from tradecli.domain.feed import DAY_MS, MINUTE_MS, CandleFeed, QuoteFeed, TradeFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Quote, Trade
from tradecli.quant import volatility
from tradecli.venues.simulated import START_MS, SimulatedMarket
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.listing import LINES
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.process import CELL_MS, LAG, Coins
from tradecli.venues.simulated.tapes import Script

Floats = NDArray[np.float64]
BTC, SPOT = InstrumentId("BTCUSDT@binance"), InstrumentId("BTCUSDT.spot@binance")
ETH, OKX = InstrumentId("ETHUSDT@binance"), InstrumentId("BTCUSDT@okx")
MINUTES = sized(20, 60)
SEEDS = tuple(range(1, sized(4, 13)))


def correlation(x: Floats, y: Floats) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def persistence(x: Floats, lag: int) -> float:
    return correlation(x[:-lag], x[lag:])


def kurtosis(x: Floats) -> float:
    return float((x**4).mean() / (x**2).mean() ** 2)


@cache
def past(seed: int) -> Past:
    return Past(seed, START_MS // MINUTE_MS * MINUTE_MS, Script(PLAIN, START_MS), LINES)


@cache
def hourly_returns(seed: int) -> Floats:
    """Returns of the three coins in every hour of the coarse history."""
    close = past(seed).coarse.close[:, 11::12]
    return np.diff(np.log(close), axis=1)


@cache
def half_an_hour() -> dict[str, tuple[Floats, Floats]]:
    """(quotes, prints) as rows of numbers, for four instruments."""
    feeds = [feed(name) for name in (BTC, SPOT, ETH, OKX) for feed in (QuoteFeed, TradeFeed)]
    events = listen(11, PLAIN, 60 * MINUTES, feeds)
    rows: dict[tuple[type, str], list[tuple[float, ...]]] = defaultdict(list)
    for quote in of(Quote, events):
        rows[Quote, quote.instrument].append((quote.ts, quote.bid, quote.bid_qty, quote.ask, quote.ask_qty))
    for trade in of(Trade, events):
        rows[Trade, trade.instrument].append(
            (trade.ts, trade.price, trade.qty, 1 if trade.side == "buy" else -1)
        )
    return {
        name: (np.array(rows[Quote, name]), np.array(rows[Trade, name])) for name in (BTC, SPOT, ETH, OKX)
    }


def log_mids(name: str, step_ms: int = CELL_MS) -> Floats:
    quotes = half_an_hour()[name][0]
    grid = np.arange(START_MS + 1_000, START_MS + 60_000 * MINUTES, step_ms)
    at = np.searchsorted(quotes[:, 0], grid, "right") - 1
    return np.log((quotes[at, 1] + quotes[at, 3]) / 2)


# --- the long run ------------------------------------------------------------------------------------------------


def test_volatility_over_years_is_at_the_recorded_level() -> None:
    for coin, name in enumerate(cal.COINS):
        daily = np.concatenate(
            [
                0.5 * np.log((hourly_returns(seed)[coin][: 500 * 24].reshape(-1, 24) ** 2).sum(axis=1) * 365)
                for seed in SEEDS
            ]
        )
        assert np.exp(daily.mean()) == pytest.approx(cal.FIGURES[name].median_vol, rel=0.15)
        assert 0.40 < daily.std() < 0.65  # recorded .54 to .56


def test_volatility_clusters_over_days_and_weeks() -> None:
    for seed in SEEDS:
        daily = 0.5 * np.log((hourly_returns(seed)[0][: 500 * 24].reshape(-1, 24) ** 2).sum(axis=1))
        assert 0.35 < persistence(daily, 1) < 0.80  # recorded .44 to .60
        assert persistence(daily, 1) > persistence(daily, 20) > -0.05  # recorded .22 to .32


def test_coins_move_together_as_recorded() -> None:
    for (one, other), recorded in zip(((0, 1), (0, 2), (1, 2)), cal.CORRELATIONS, strict=True):
        found = np.mean(
            [correlation(hourly_returns(seed)[one], hourly_returns(seed)[other]) for seed in SEEDS]
        )
        assert found == pytest.approx(recorded, abs=0.03)


def test_the_path_has_no_drift() -> None:
    ends = [float(hourly_returns(seed)[0].sum()) for seed in range(1, sized(5, 41))]
    spread = 0.5 * np.sqrt(520 / 365)
    assert abs(np.mean(ends)) < 3 * spread / np.sqrt(len(ends))


def test_volatility_rises_more_often_when_prices_fall() -> None:
    found = []
    for seed in SEEDS:
        hours = hourly_returns(seed)[0][: 12_000 // 24 * 24]
        change = np.diff(past(seed).factors[0].sum(axis=0))[1 : len(hours) + 1]  # the hour's own
        found.append(correlation(hours, change))
    assert -0.20 < np.mean(found) < -0.06  # recorded -.06 to -.16


@pytest.mark.asyncio
async def test_range_estimators_agree_with_closes_on_minutes() -> None:
    bars = await SimulatedMarket(3, PLAIN).history(CandleFeed(BTC, MINUTE_MS, 10_000), START_MS)
    columns = [np.array([getattr(bar, name) for bar in bars]) for name in ("open", "high", "low", "close")]
    closes = volatility.close_close(np.diff(np.log(columns[3])))
    ranges = volatility.rogers_satchell(*columns)
    assert closes is not None and ranges is not None
    assert ranges == pytest.approx(closes, rel=0.15)  # jumps count in closes, not in this estimator


@pytest.mark.asyncio
async def test_the_volatility_index_hovers_where_it_did() -> None:
    values = np.concatenate([np.log(past(seed).index("BTC")) for seed in (1, 2, 3)])
    assert np.exp(values.mean()) == pytest.approx(cal.INDEX_LEVEL, rel=0.08)
    assert 0.10 < values.std() < 0.28  # recorded .18
    one_day = np.concatenate(
        [np.log(past(seed).index("BTC"))[24:] - np.log(past(seed).index("BTC"))[:-24] for seed in (1, 2)]
    )
    assert one_day.std() == pytest.approx(0.042, abs=0.015)


# --- a day, by the process alone ---------------------------------------------------------------------------------


HOURS = sized(6, 24)


@cache
def a_day(seed: int) -> Floats:
    """Prices of the coins at each second of a day, or of its first hours."""
    coins = Coins(seed, START_MS // MINUTE_MS * MINUTE_MS, Script(PLAIN, START_MS))
    parts = [coins.advance(600).price[:, LAG + 9 :: 10] for _ in range(60 * HOURS)]
    return np.concatenate(parts, axis=1)


def test_a_live_day_has_volatility_and_correlations_of_the_history() -> None:
    returns = np.diff(np.log(a_day(5)[:, ::60]), axis=1)
    for coin, name in enumerate(cal.COINS):
        annual = float(np.sqrt((returns[coin] ** 2).mean() * 525_600))
        assert 0.5 * cal.FIGURES[name].median_vol < annual < 2.2 * cal.FIGURES[name].median_vol
    assert correlation(returns[0], returns[1]) == pytest.approx(cal.CORRELATIONS[0], abs=0.12)


def test_absolute_returns_of_a_live_day_stay_correlated_and_have_fat_tails() -> None:
    minutes = np.diff(np.log(a_day(5)[0, ::60]))
    assert persistence(np.abs(minutes), 1) > 0.04  # recorded .27 to .35 over weeks
    assert np.mean([persistence(np.abs(minutes), lag) for lag in range(2, 30)]) > 0.02
    seconds = np.diff(np.log(a_day(5)[0]))
    assert 9 < kurtosis(seconds) < 200  # recorded 24
    assert kurtosis(minutes) > 3.5  # recorded 11


# --- inside half an hour, as shown -------------------------------------------------------------------------------


def test_most_of_the_time_the_spread_is_one_tick() -> None:
    for name, tick in ((BTC, 0.1), (SPOT, 0.01)):
        quotes = half_an_hour()[name][0]
        held = np.diff(quotes[:, 0])
        wide = np.rint((quotes[:, 3] - quotes[:, 1]) / tick)[:-1]
        assert held[wide == 1].sum() / held.sum() == pytest.approx(0.99, abs=0.01)
        assert wide.max() > 5


def test_prices_move_in_about_a_tenth_of_the_moments() -> None:
    moved = np.mean(np.diff(log_mids(BTC)) != 0)
    assert moved == pytest.approx(cal.ACTIVE_CELLS, abs=0.04)


def test_volatility_is_the_same_at_a_tenth_of_a_second_and_at_thirty() -> None:
    fine, coarse = np.diff(log_mids(BTC)), np.diff(log_mids(BTC, 30_000))
    ratio = np.sqrt((fine**2).mean() * 300 / (coarse**2).mean())
    assert ratio == pytest.approx(1.0, abs=0.3)


def test_prints_come_in_bursts_of_the_recorded_rate_and_lean_to_the_move() -> None:
    trades = half_an_hour()[BTC][1]
    second = ((trades[:, 0] - START_MS - 1_000) // 1_000).astype(int)
    inside = (second >= 0) & (second < 60 * MINUTES - 2)
    count = np.bincount(second[inside], minlength=60 * MINUTES - 2).astype(float)
    assert count.mean() == pytest.approx(13.6, rel=0.3)  # 15.8 in the recorded minutes, at twice the volume
    assert count.var() > 3 * count.mean()  # recorded 25 times
    flow = np.bincount(second[inside], (trades[:, 2] * trades[:, 3])[inside], minlength=60 * MINUTES - 2)
    moved = np.diff(log_mids(BTC, 1_000))
    assert 0.2 < correlation(flow[: len(moved)], moved) < 0.8  # recorded .40 (spot) to .72
    assert 0.1 < persistence(trades[:, 3], 1) < 0.5  # recorded .20 to .36
    assert abs(np.mean(trades[:, 3])) < 0.1


def test_imbalance_stays_for_a_while_and_says_a_little_of_the_next_second() -> None:
    quotes = half_an_hour()[BTC][0]
    grid = np.arange(START_MS + 1_000, START_MS + 60_000 * MINUTES, CELL_MS)
    at = np.searchsorted(quotes[:, 0], grid, "right") - 1
    lean = (quotes[at, 2] - quotes[at, 4]) / (quotes[at, 2] + quotes[at, 4])
    mids = log_mids(BTC)
    assert lean.std() == pytest.approx(0.71, abs=0.1)
    assert persistence(lean, 1) == pytest.approx(0.84, abs=0.1)
    assert 0.05 < correlation(lean[:-10], mids[10:] - mids[:-10]) < 0.3  # recorded .20


def test_sizes_and_turnover_are_of_the_recorded_order() -> None:
    quotes, trades = half_an_hour()[BTC]
    touch = float((quotes[:, 2] * quotes[:, 1]).mean())
    assert touch == pytest.approx(172_000, rel=0.3)  # 222,000 USD at twice the volume
    a_minute = float((trades[:, 1] * trades[:, 2]).sum() / MINUTES)
    assert 2e6 < a_minute < 13e6  # recorded median 6.9 million, mean 12.9
    sizes = np.sort(trades[:, 2])
    assert sizes[int(0.99 * len(sizes))] > 50 * np.median(sizes)  # recorded 237 times


def test_venues_and_kinds_follow_one_price() -> None:
    minute = {name: np.diff(log_mids(name, MINUTE_MS)) for name in (BTC, SPOT, OKX)}
    assert correlation(minute[BTC], minute[SPOT]) > 0.95
    assert correlation(minute[BTC], minute[OKX]) > 0.95
    gap = 1e4 * (log_mids(OKX, 1_000) - log_mids(BTC, 1_000))
    assert 0.2 < gap.std() < 2.5


def test_hours_of_the_day_differ_as_recorded() -> None:
    bars = past(1).coarse
    hour = bars.ts // 3_600_000 % 24
    by_hour = np.array([bars.volume[0][hour == each].mean() for each in range(24)])
    assert correlation(by_hour, np.array(cal.HOUR_VOLUME)) > 0.9
    assert DAY_MS == 24 * 3_600_000
