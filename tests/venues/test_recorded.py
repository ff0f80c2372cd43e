"""What was recorded comes back in the order it became known."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.history import MemoryHistory
from tradecli.domain import feed as f
from tradecli.domain.enums import Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import (
    Book,
    BookDelta,
    Candle,
    FundingRate,
    MarkPrice,
    Quote,
    Sentiment,
    Trade,
    available_at,
)
from tradecli.domain.series import CandleSeries
from tradecli.venues import VENUES, factory
from tradecli.venues.known import STEPS, inferred, known
from tradecli.venues.recorded import Recorded

BTC, ETH = InstrumentId("BTCUSDT@binance"), InstrumentId("ETHUSDT@binance")
MINUTE, HOUR = f.MINUTE_MS, f.HOUR_MS
T0 = 1_700_000_040_000


def candle(
    minute: int, instrument: InstrumentId = BTC, interval: int = MINUTE, close: float = 100.0
) -> Candle:
    return Candle(instrument, T0 + minute * MINUTE, interval, close, close, close, close, 1.0)


def recorded(history: Any, since: int = T0, until: int = T0 + 10 * HOUR) -> Recorded:
    instruments = [instrument for instrument in (known(BTC), known(ETH)) if instrument]
    return Recorded(history, instruments, since, until)


async def collect(stream: AsyncIterator[Any]) -> list[Any]:
    return [event async for event in stream]


@pytest.mark.asyncio
async def test_a_bar_comes_at_its_close_and_a_sentiment_when_it_was_published() -> None:
    events = [
        candle(0, interval=HOUR),
        Trade(BTC, T0 + 30 * MINUTE, 100.0, 1.0, Side.BUY, "1"),
        Trade(BTC, T0 + 61 * MINUTE, 100.0, 1.0, Side.BUY, "2"),
        Sentiment("fear-greed", T0, 50.0, T0 + 2 * HOUR),
    ]
    feeds = [f.SentimentFeed("fear-greed"), f.CandleFeed(BTC, HOUR), f.TradeFeed(BTC)]
    got = await collect(recorded(MemoryHistory(events)).stream(feeds))
    assert got == [events[1], events[0], events[2], events[3]]


@pytest.mark.asyncio
async def test_events_of_one_millisecond_come_by_kind_then_instrument_then_length_of_bar() -> None:
    at = T0 + HOUR
    expected = [
        Trade(BTC, at, 100.0, 1.0, Side.BUY, "7"),
        Trade(BTC, at, 99.0, 1.0, Side.SELL, "8"),
        Trade(ETH, at, 100.0, 1.0, Side.BUY, "1"),
        Quote(BTC, at, 99.0, 1.0, 100.0, 1.0),
        candle(59),
        candle(0, interval=HOUR),
        candle(59, ETH),
        MarkPrice(BTC, at, 100.0),
        FundingRate(BTC, at, 0.0001, 8.0),
        FundingRate(ETH, at, 0.0001, 8.0),
    ]
    feeds: list[f.Feed] = [
        f.FundingFeed(ETH), f.FundingFeed(BTC), f.MarkFeed(BTC), f.CandleFeed(ETH, MINUTE), f.CandleFeed(BTC, HOUR),
        f.CandleFeed(BTC, MINUTE), f.QuoteFeed(BTC), f.TradeFeed(ETH), f.TradeFeed(BTC),
    ]  # fmt: skip
    shuffled = [event for event in expected if event is not expected[1]]
    random.Random(1).shuffle(shuffled)
    shuffled.insert(
        shuffled.index(expected[0]) + 1, expected[1]
    )  # prints of one feed keep their recorded order
    for order in (feeds, feeds[::-1]):
        assert await collect(recorded(MemoryHistory(shuffled)).stream(order)) == expected


@pytest.mark.asyncio
async def test_the_stream_is_what_one_sort_of_everything_would_give_whatever_the_spans_it_reads() -> None:
    draw = random.Random(3)
    events: list[Any] = [candle(minute, instrument) for minute in range(500) for instrument in (BTC, ETH)]
    events += [Trade(BTC, T0 + draw.randrange(8 * HOUR), 1.0, 1.0, Side.BUY, str(n)) for n in range(400)]
    events += [FundingRate(BTC, T0 + 8 * HOUR * n, 0.0001, 8.0) for n in range(2)]
    feeds: list[f.Feed] = [
        f.CandleFeed(BTC, MINUTE),
        f.CandleFeed(ETH, MINUTE),
        f.TradeFeed(BTC),
        f.FundingFeed(BTC),
    ]
    got = await collect(recorded(MemoryHistory(events)).stream(feeds))
    kinds = [Trade, Candle, FundingRate]
    expected = sorted(events, key=lambda e: (available_at(e), kinds.index(type(e)), e.instrument))
    assert got == [event for event in expected if available_at(event) < T0 + 10 * HOUR]


@pytest.mark.asyncio
async def test_only_what_became_known_inside_the_range_is_streamed() -> None:
    history = MemoryHistory([candle(minute) for minute in range(-3, 10)])
    got = await collect(recorded(history, T0, T0 + 3 * MINUTE).stream([f.CandleFeed(BTC, MINUTE)]))
    assert [event.close_ts for event in got] == [T0, T0 + MINUTE, T0 + 2 * MINUTE]
    assert await collect(recorded(history).stream([])) == []


@pytest.mark.asyncio
async def test_a_long_silence_is_crossed_in_few_reads_and_a_feed_asked_twice_is_given_once() -> None:
    history = MemoryHistory([candle(0), candle(400 * 24 * 60)])
    source = recorded(history, T0, T0 + 500 * f.DAY_MS)
    got = await collect(source.stream([f.CandleFeed(BTC, MINUTE), f.CandleFeed(BTC, MINUTE)]))
    assert len(got) == 2 and history.reads < 40


# -- back-fill --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_back_fill_gives_the_newest_bars_known_before_the_moment_and_looks_past_a_gap() -> None:
    history = MemoryHistory([candle(minute) for minute in range(100) if not 80 <= minute < 90])
    source = recorded(history)
    bars = await source.history(f.CandleFeed(BTC, MINUTE, 20), T0 + 100 * MINUTE)
    assert [bar.close_ts for bar in bars] == [
        T0 + (m + 1) * MINUTE for m in range(69, 99) if not 80 <= m < 90
    ]
    assert await source.history(f.CandleFeed(BTC, MINUTE, 5), T0) == []
    assert await source.history(f.CandleFeed(BTC, MINUTE, 0), T0 + HOUR) == []
    assert len(await source.history(f.CandleFeed(BTC, MINUTE, 500), T0 + 100 * MINUTE)) == 89


@pytest.mark.asyncio
async def test_a_window_gives_the_window_and_a_feed_without_one_its_last_value() -> None:
    rates = [FundingRate(BTC, T0 + 8 * HOUR * n, 0.0001 * n, 8.0) for n in range(-9, 1)]
    quotes = [Quote(BTC, T0 + minute * MINUTE, 1.0, 1.0, 2.0, 1.0) for minute in (0, 1, 2)]
    source = recorded(MemoryHistory([*rates, *quotes]))
    assert await source.history(f.FundingFeed(BTC, f.DAY_MS), T0 + 1) == rates[-3:]
    assert await source.history(f.QuoteFeed(BTC), T0 + 9 * HOUR) == quotes[-1:]
    assert await source.history(f.MarkFeed(BTC), T0 + 9 * HOUR) == []


# -- books and bulk ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_recorded_differences_come_out_as_books_while_they_are_valid_and_not_after_a_gap() -> None:
    deltas = [
        BookDelta(BTC, T0 + 1, True, None, 10, None, ((1000, 1.0),), ((1001, 1.0),)),
        BookDelta(BTC, T0 + 2, False, 9, 11, 8, ((1000, 2.0),), ()),
        BookDelta(BTC, T0 + 3, False, 13, 14, 12, ((1000, 9.0),), ()),
        BookDelta(BTC, T0 + 4, True, None, 20, None, ((990, 1.0),), ((991, 1.0),), 0.1),
    ]
    books = await collect(recorded(MemoryHistory(deltas)).stream([f.BookFeed(BTC, 5)]))
    assert all(isinstance(book, Book) for book in books)
    assert [(book.ts - T0, book.bids[0]) for book in books] == [
        (1, (1000, 1.0)),
        (2, (1000, 2.0)),
        (4, (990, 1.0)),
    ]


@pytest.mark.asyncio
async def test_books_and_book_messages_of_one_feed_come_in_one_order() -> None:
    whole = Book(BTC, T0 + 2, 0.1, ((1000, 5.0),), ((1001, 1.0),), 11)
    deltas = [
        BookDelta(BTC, T0 + 1, True, None, 10, None, ((1000, 1.0),), ((1001, 1.0),)),
        BookDelta(BTC, T0 + 3, False, 9, 11, 8, ((1000, 2.0),), ()),
    ]

    class ByKind(MemoryHistory):
        async def read(self, feed: f.Feed, since: int, until: int) -> AsyncIterator[Any]:
            for kind in (Book, BookDelta):
                async for event in MemoryHistory.read(self, feed, since, until):
                    if isinstance(event, kind):
                        yield event

    books = await collect(recorded(ByKind([whole, *deltas])).stream([f.BookFeed(BTC, 5)]))
    assert [book.ts - T0 for book in books] == [1, 2, 3]


class ArrayHistory(MemoryHistory):
    """Gives bars as arrays too."""

    def __init__(self, instrument: InstrumentId, bars: int) -> None:
        super().__init__()
        self.instrument = instrument
        self.ts = T0 + np.arange(bars, dtype=np.int64) * MINUTE
        self.price = np.linspace(100.0, 200.0, bars)
        self.calls = 0

    async def candles(self, feed: f.CandleFeed, since: int, until: int) -> CandleSeries:
        self.calls += 1
        closes = self.ts + feed.interval_ms
        part = slice(*np.searchsorted(closes, (since, until)))
        price = self.price[part]
        return CandleSeries(feed.interval_ms, self.ts[part], price, price + 1, price - 1, price, price * 2)


@pytest.mark.asyncio
async def test_a_history_that_gives_arrays_is_read_in_bulk_with_the_same_result() -> None:
    history = ArrayHistory(BTC, 3_000)
    until = T0 + 4_000 * MINUTE
    got = await collect(recorded(history, T0, until).stream([f.CandleFeed(BTC, MINUTE), f.FundingFeed(BTC)]))
    rows = zip(history.ts.tolist(), history.price.tolist(), strict=True)
    expected = [Candle(BTC, ts, MINUTE, p, p + 1, p - 1, p, p * 2) for ts, p in rows]
    assert got == expected
    assert all(type(got[0].open) is float and type(got[0].ts) is int for _ in (0,))
    assert (
        await collect(recorded(MemoryHistory(expected), T0, until).stream([f.CandleFeed(BTC, MINUTE)])) == got
    )


# -- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in VENUES if name != "simulated"])
def test_every_venue_name_leads_to_a_factory(name: str) -> None:
    assert callable(factory(name))


def test_known_instruments_have_the_steps_and_fees_of_their_venue() -> None:
    perp, spot = known(BTC), known(InstrumentId("BTCUSDT.spot@binance"))
    assert perp is not None and spot is not None
    assert (perp.tick, perp.lot, perp.maker_fee, perp.taker_fee, perp.settle) == (
        *map(Decimal, ("0.1", "0.001", "0.0002", "0.0005")),
        "USDT",
    )
    assert (spot.base, spot.quote, spot.maker_fee, spot.taker_fee) == (
        "BTC",
        "USDT",
        Decimal("0.001"),
        Decimal("0.001"),
    )
    inverse = known(InstrumentId("BTCUSD.inverse@binance"))
    assert inverse is not None and (inverse.quote, inverse.settle) == ("USD", "BTC")
    assert known(InstrumentId("NOSUCHUSDT@binance")) is None
    assert all(known(InstrumentId(id)) is not None for id in STEPS)


def test_steps_of_an_unknown_symbol_are_inferred_from_its_prices() -> None:
    instrument = inferred(InstrumentId("WIFUSDT@bybit"), [2.5, 2.5071, 2.51, float("nan"), -1.0])
    assert (instrument.tick, instrument.lot, instrument.taker_fee) == (
        *map(Decimal, ("0.0001", "0.1", "0.00055")),
    )
    assert inferred(InstrumentId("PEPEUSDT@elsewhere"), [0.0000125]).lot == 1
    with pytest.raises(ValueError, match="no price"):
        inferred(InstrumentId("WIFUSDT@bybit"), [float("nan")])


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT", "XRPUSDT"])
def test_the_ticks_of_the_table_are_those_of_the_recorded_minutes(shared: Path, symbol: str) -> None:
    import pyarrow.parquet as pq

    instrument = known(InstrumentId(f"{symbol}@binance"))
    assert instrument is not None
    table = pq.read_table(shared / "data" / "ohlcv" / f"binance_perp_{symbol}_1m.parquet")
    prices = np.concatenate([table[name].to_numpy() for name in ("open", "high", "low", "close")])
    ticks = prices / float(instrument.tick)
    assert np.abs(ticks - np.round(ticks)).max() < 1e-4
    assert np.gcd.reduce(np.unique(np.round(ticks).astype(np.int64))) == 1, "a coarser tick would do"
