"""What the market tells of the time before the run, and that it joins what it tells afterwards."""

from __future__ import annotations

import math
import time
from itertools import islice

import numpy as np
import pytest

from tests.venues.simulated.scene import PLAIN, everything, known_at, of, sized
from tradecli.domain.feed import (
    DAY_MS,
    HOUR_MS,
    INTERVALS_MS,
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    FundingFeed,
    MarkFeed,
    OpenInterestFeed,
    OptionsFeed,
    QuoteFeed,
    SentimentFeed,
    TradeFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import (
    Candle,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Quote,
    Sentiment,
    available_at,
)
from tradecli.venues.simulated import START_MS, TAPES, SimulatedMarket, Tape
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.listing import LINES

BTC, SPOT = InstrumentId("BTCUSDT@binance"), InstrumentId("BTCUSDT.spot@okx")
pytestmark = pytest.mark.asyncio
MINUTE_MOVE = 4.5 * math.sqrt(1 / (365 * 24 * 60))
"""Four and a half usual minutes, times a year's volatility: 23 bp for BTC. Recorded minutes exceed it every day."""


async def candles(
    interval: int, count: int, name: InstrumentId = BTC, until: int = START_MS, seed: int = 42
) -> list[Candle]:
    return of(Candle, await SimulatedMarket(seed, PLAIN).history(CandleFeed(name, interval, count), until))


@pytest.mark.parametrize(("name", "interval"), sorted(INTERVALS_MS.items()))
async def test_five_hundred_bars_of_every_interval_end_just_before_the_start(
    name: str, interval: int
) -> None:
    bars = await candles(interval, 500)
    assert len(bars) == 500
    assert [bar.ts for bar in bars] == [bars[0].ts + place * interval for place in range(500)]
    assert START_MS - interval < bars[-1].close_ts <= START_MS
    for bar in bars:
        assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0


async def test_more_than_a_year_of_days_is_there_for_every_instrument() -> None:
    market = SimulatedMarket(1, PLAIN)
    for line in LINES:
        assert len(await market.history(CandleFeed(line.id, DAY_MS, 400), START_MS)) == 400


async def test_longer_bars_are_sums_of_shorter_ones() -> None:
    days, hours, minutes = (
        await candles(DAY_MS, 6),
        await candles(HOUR_MS, 200),
        await candles(MINUTE_MS, 12_000),
    )
    for longer, shorter in ((days, hours), (hours[-100:], minutes)):
        for bar in longer:
            parts = [each for each in shorter if bar.ts <= each.ts < bar.close_ts]
            if len(parts) * shorter[0].interval_ms == bar.interval_ms:
                assert (bar.open, bar.close) == (parts[0].open, parts[-1].close)
                assert (bar.high, bar.low) == (max(p.high for p in parts), min(p.low for p in parts))
                assert bar.volume == pytest.approx(sum(p.volume for p in parts))


async def test_bars_of_every_length_stay_sums_where_the_resolution_changes() -> None:
    hours, days = await candles(HOUR_MS, 24 * 40), await candles(DAY_MS, 39)
    for bar in days:
        parts = [each for each in hours if bar.ts <= each.ts < bar.close_ts]
        assert len(parts) == 24
        assert (bar.open, bar.high, bar.close) == (parts[0].open, max(p.high for p in parts), parts[-1].close)


@pytest.mark.parametrize("tape", TAPES, ids=lambda tape: tape.name)
async def test_on_every_tape_the_last_bar_of_the_past_ends_where_the_run_begins(tape: Tape) -> None:
    for seed in (42, *range(sized(3, 60))):
        market = SimulatedMarket(seed, tape)
        first: dict[InstrumentId, float] = {}
        for quote in of(Quote, islice(market.events([QuoteFeed(line.id) for line in LINES]), 300)):
            first.setdefault(quote.instrument, quote.mid)
        for line in LINES:
            bars = of(Candle, await market.history(CandleFeed(line.id, MINUTE_MS, 60), START_MS))
            assert bars[-1].close_ts == START_MS // MINUTE_MS * MINUTE_MS
            move = abs(math.log(first[line.id] / bars[-1].close))
            assert move < MINUTE_MOVE * cal.FIGURES[line.base].median_vol
            steps = np.diff(np.log([bar.close for bar in bars]))
            assert move < 3.5 * float(np.abs(steps).max())


async def test_history_runs_into_the_live_market_without_a_jump() -> None:
    bars = await candles(MINUTE_MS, 5)
    opening = next(bar for bar in of(Candle, everything()) if bar.instrument == BTC)
    assert opening.ts == bars[-1].close_ts
    assert opening.open == pytest.approx(bars[-1].close, rel=0.001)


async def test_asked_later_it_also_tells_what_was_streamed_meanwhile() -> None:
    until = START_MS + 65_000
    bars = await candles(MINUTE_MS, 10, until=until)
    streamed = [
        bar for bar in of(Candle, everything()) if bar.instrument == BTC and available_at(bar) < until
    ]
    assert bars[-2:] == streamed
    assert [bar.ts for bar in bars] == [bars[0].ts + place * MINUTE_MS for place in range(10)]


@pytest.mark.parametrize("until", [START_MS, START_MS + 4_321])
async def test_nothing_is_told_before_it_could_be_known(until: int) -> None:
    market = SimulatedMarket(42, PLAIN)
    feeds: list[Feed] = [
        CandleFeed(BTC, MINUTE_MS, 3), TradeFeed(BTC, 60_000), QuoteFeed(BTC), BookFeed(SPOT),
        MarkFeed(BTC, HOUR_MS), OpenInterestFeed(BTC, DAY_MS), OptionsFeed("deribit", "ETH"),
        VolIndexFeed("DVOL-ETH", DAY_MS), SentimentFeed("fear_greed", 5 * DAY_MS),
    ]  # fmt: skip
    for feed in feeds:
        found = await market.history(feed, until)
        assert found, feed
        times = [known_at(event) for event in found]
        assert times == sorted(times)
        assert times[-1] < until


async def test_the_newest_quote_book_and_chain_are_those_of_the_same_market() -> None:
    market = SimulatedMarket(42, PLAIN)
    until = START_MS + 20_000
    for feed in (QuoteFeed(BTC), BookFeed(BTC), OptionsFeed("deribit", "BTC")):
        (newest,) = await market.history(feed, until)
        streamed: list[MarketEvent] = [
            event for event in of(type(newest), everything())
            if known_at(event) < until and getattr(event, "instrument", BTC) == BTC
            and getattr(event, "currency", "BTC") == "BTC"
        ]  # fmt: skip
        assert newest == streamed[-1]


async def test_trades_before_the_start_are_those_of_the_minute_that_is_open() -> None:
    trades = await SimulatedMarket(42, PLAIN).history(TradeFeed(BTC, HOUR_MS), START_MS)
    assert len(trades) > 100
    assert all(START_MS - 57_000 <= known_at(trade) < START_MS for trade in trades)


async def test_open_interest_marks_and_mood_reach_back() -> None:
    market = SimulatedMarket(42, PLAIN)
    interest = of(OpenInterest, await market.history(OpenInterestFeed(BTC, 30 * DAY_MS), START_MS))
    assert len(interest) == pytest.approx(720, abs=2)
    daily = np.diff(np.log([each.value_usd for each in interest][::24]))
    assert 0.005 < daily.std() < 0.06  # recorded .025
    marks = of(MarkPrice, await market.history(MarkFeed(BTC, 10 * DAY_MS), START_MS))
    assert len(marks) > 240
    moods = of(Sentiment, await market.history(SentimentFeed("fear_greed", 400 * DAY_MS), START_MS))
    assert len(moods) == 400
    assert all(0 <= mood.value <= 100 for mood in moods)
    assert 5 < np.std([mood.value for mood in moods]) < 30


async def test_a_spot_pair_has_no_funding_marks_or_open_interest() -> None:
    market = SimulatedMarket(42, PLAIN)
    assert await market.history(MarkFeed(SPOT, DAY_MS), START_MS) == []
    assert await market.history(OpenInterestFeed(SPOT, DAY_MS), START_MS) == []
    assert await market.history(OptionsFeed("deribit", "BNB"), START_MS) == []


async def test_the_whole_past_of_a_desk_takes_less_than_half_a_second() -> None:
    market = SimulatedMarket(1234, PLAIN)
    began = time.process_time()
    for name in ("BTCUSDT@binance", "ETHUSDT@binance", "BNBUSDT@binance"):
        for interval in INTERVALS_MS.values():
            await market.history(CandleFeed(InstrumentId(name), interval, 500), START_MS)
    assert time.process_time() - began < 1.0  # half a second, on a machine that does nothing else


@pytest.mark.parametrize("into_the_day", ["00:00:18", "08:00:12", "16:00:18", "12:00:18", "23:59:57"])
async def test_c04_a_run_may_start_in_the_minute_in_which_a_day_or_a_funding_interval_begins(
    into_the_day: str,
) -> None:
    hours, minutes, seconds = (int(part) for part in into_the_day.split(":"))
    midnight = START_MS // DAY_MS * DAY_MS
    start = midnight + 1_000 * (seconds + 60 * (minutes + 60 * hours))
    market = SimulatedMarket(7, start=start)
    first = next(iter(market.events(market.all_feeds())))
    assert first.ts >= start
    for feed in (CandleFeed(BTC, HOUR_MS, 30), FundingFeed(BTC, 2 * DAY_MS), MarkFeed(BTC, HOUR_MS)):
        found = market.recall(feed, start)
        assert found and all(available_at(event) < start for event in found)
