"""The numbered checks of market data. Each takes what was seen and the market, and fails by an assertion.

They hold a market to the ports, not to a venue: another source of market data passes the same list. Numbers are
stable; a new check takes the next one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.conformance.subject import HOUR_MS, MINUTE_MS, PERPETUAL_ONLY, Seen
from tradecli.domain.enums import FundingKind, Side
from tradecli.domain.feed import (
    DAY_MS,
    BookFeed,
    CandleFeed,
    FundingFeed,
    MarkFeed,
    OpenInterestFeed,
    OptionsFeed,
    QuoteFeed,
    SentimentFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.market import (
    Book,
    Candle,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OptionChain,
    Quote,
    Sentiment,
    Trade,
    VolIndex,
    available_at,
)
from tradecli.errors import TradecliError

_BARS = 90


class Check(NamedTuple):
    number: int
    title: str
    run: Callable[[Seen], Awaitable[None]]


CHECKS: list[Check] = []


def check(title: str) -> Callable[[Callable[[Seen], Awaitable[None]]], Callable[[Seen], Awaitable[None]]]:
    def add(run: Callable[[Seen], Awaitable[None]]) -> Callable[[Seen], Awaitable[None]]:
        CHECKS.append(Check(len(CHECKS) + 1, title, run))
        return run

    return add


@check("instruments have unique ids, positive steps and minima on them")
async def instruments(seen: Seen) -> None:
    found = await seen.market.instruments()
    assert len({each.id for each in found}) == len(found) > 0
    for each in found:
        assert each.tick > 0 and each.lot > 0 and each.min_qty >= 0
        assert each.round_qty(each.min_qty) == each.min_qty
    perp = next(each for each in found if each.id == seen.subject.perp)
    assert perp.base == seen.subject.coin and perp.venue == venue_of(seen.subject.perp)


@check("bars of the past are consecutive, coherent, and known before the moment asked for")
async def bars(seen: Seen) -> None:
    now = seen.subject.now()
    found: list[Any] = list(await seen.market.history(CandleFeed(seen.subject.perp, MINUTE_MS, _BARS), now))
    assert len(found) == _BARS
    assert all(isinstance(bar, Candle) and bar.instrument == seen.subject.perp for bar in found)
    assert all(later.ts - bar.ts == MINUTE_MS for bar, later in itertools.pairwise(found))
    assert all(bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close) for bar in found)
    assert all(bar.low > 0 and bar.volume >= 0 for bar in found)
    assert now - 3 * MINUTE_MS < available_at(found[-1]) <= now


@check("an hour is its minutes: first open, last close, extremes, volume")
async def sums(seen: Seen) -> None:
    now = seen.subject.now()
    ends = now // HOUR_MS * HOUR_MS
    hour: Any = (await seen.market.history(CandleFeed(seen.subject.perp, HOUR_MS, 1), now))[-1]
    feed = CandleFeed(seen.subject.perp, MINUTE_MS, 150)
    found: list[Any] = list(await seen.market.history(feed, now))
    minutes = [bar for bar in found if hour.ts <= bar.ts < hour.ts + HOUR_MS]
    assert hour.ts == ends - HOUR_MS and len(minutes) == 60
    assert (hour.open, hour.close) == pytest.approx((minutes[0].open, minutes[-1].close), rel=1e-9)
    assert (hour.high, hour.low) == pytest.approx(
        (max(bar.high for bar in minutes), min(bar.low for bar in minutes)), rel=1e-9
    )
    assert hour.volume == pytest.approx(sum(bar.volume for bar in minutes), rel=1e-6)


@check("the past does not change when it is asked for twice, and never shows what came later")
async def repeatable(seen: Seen) -> None:
    until = seen.subject.now() - 5 * MINUTE_MS
    feed = CandleFeed(seen.subject.perp, MINUTE_MS, 30)
    first = await seen.market.history(feed, until)
    assert list(first) == list(await seen.market.history(feed, until)) and len(first) == 30
    assert max(available_at(bar) for bar in first) <= until


@check("settled funding is in order and plausible")
async def funding(seen: Seen) -> None:
    now = seen.subject.now()
    found = await seen.market.history(FundingFeed(seen.subject.perp, 5 * DAY_MS), now)
    settled: list[Any] = [each for each in found if each.kind is FundingKind.SETTLED]  # type: ignore[union-attr]
    assert len(settled) >= 10
    assert [each.ts for each in settled] == sorted({each.ts for each in settled})
    assert all(abs(each.rate) < 0.01 for each in settled)
    assert all(now - 5 * DAY_MS - HOUR_MS <= each.ts <= now for each in settled)


@check("funding that will be paid is said with the time of the next settlement")
async def predicted(seen: Seen) -> None:
    found = [each for each in seen.of(FundingRate) if each.kind is not FundingKind.SETTLED]
    assert found and all(abs(each.rate) < 0.01 and each.interval_h for each in found)
    newest = found[-1]
    assert newest.next_ts is not None and 0 < newest.next_ts - newest.ts <= 8 * HOUR_MS + 60_000


@check("open interest is a positive amount of USD")
async def interest(seen: Seen) -> None:
    found: list[Any] = list(
        await seen.market.history(OpenInterestFeed(seen.subject.perp), seen.subject.now())
    )
    assert found and all(isinstance(each, OpenInterest) and each.value_usd > 1e6 for each in found)


@check("open interest of the past is in order")
async def interest_past(seen: Seen) -> None:
    feed = OpenInterestFeed(seen.subject.perp, 6 * HOUR_MS)
    found: list[Any] = list(await seen.market.history(feed, seen.subject.now()))
    assert len(found) >= 5 and [each.ts for each in found] == sorted({each.ts for each in found})


@check("marks, and the index where it comes with them, stay near the best prices")
async def marks(seen: Seen) -> None:
    mids = [quote.mid for quote in seen.of(Quote)]
    for mark in seen.of(MarkPrice):
        assert mark.mark == pytest.approx(mids[-1], rel=0.01)
        assert mark.index is None or mark.index == pytest.approx(mids[-1], rel=0.01)


@check("quotes are uncrossed, positive and in order of time")
async def quotes(seen: Seen) -> None:
    found = seen.of(Quote)
    assert len(found) >= 8 and all(0 < each.bid < each.ask for each in found)
    assert all(each.bid_qty > 0 and each.ask_qty > 0 for each in found)
    assert [each.ts for each in found] == sorted(each.ts for each in found)
    assert all(each.ask - each.bid < 0.002 * each.bid for each in found)


@check("prints come once, have a side, and happen at the market")
async def prints(seen: Seen) -> None:
    found, mid = seen.of(Trade), seen.of(Quote)[-1].mid
    assert len(found) >= 5 and len({each.trade_id for each in found}) == len(found)
    assert all(each.side in (Side.BUY, Side.SELL) and each.qty > 0 for each in found)
    assert all(each.price == pytest.approx(mid, rel=0.01) for each in found)


@check("books are sorted, uncrossed, on the tick and deep enough")
async def books(seen: Seen) -> None:
    found = seen.of(Book)
    ticks = {each.id: float(each.tick) for each in await seen.market.instruments()}
    for book in found:
        bids, asks = [row[0] for row in book.bids], [row[0] for row in book.asks]
        assert bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks)) and bids[0] < asks[0]
        assert min(len(bids), len(asks)) >= seen.subject.depth
        assert all(size > 0 for _, size in (*book.bids, *book.asks))
        assert book.tick == pytest.approx(ticks[book.instrument])
    assert len(found) >= 5


@check("sizes are base units: a book's depth is worth no more than a real one's")
async def units(seen: Seen) -> None:
    book = seen.of(Book)[-1]
    worth = sum(size * ticks * book.tick for ticks, size in (*book.bids, *book.asks))
    assert 10_000 < worth < 5e8
    assert all(each.qty * each.price < 5e7 for each in seen.of(Trade))


@check("a bar that closes is told once it is over, and is the history's")
async def closing(seen: Seen) -> None:
    bar = seen.of(Candle)[0]
    now = seen.subject.now()
    assert bar.interval_ms == MINUTE_MS and available_at(bar) <= now + 1_000
    found: list[Any] = list(await seen.market.history(CandleFeed(bar.instrument, MINUTE_MS, 5), now))
    same = next(each for each in found if each.ts == bar.ts)
    assert (same.open, same.high, same.low, same.close) == pytest.approx(
        (bar.open, bar.high, bar.low, bar.close), rel=1e-9
    )


@check(
    "a book and a quote of this moment can be asked for without a stream, and nothing else comes with them"
)
async def snapshots(seen: Seen) -> None:
    now = seen.subject.now()
    perp = seen.subject.perp
    asked: list[tuple[Any, type]] = [
        (BookFeed(perp), Book),
        (QuoteFeed(perp), Quote),
    ]
    asked += [] if seen.subject.is_spot else [(MarkFeed(perp), MarkPrice)]
    found: list[Any] = []
    for feed, kind in asked:
        told = await seen.market.history(feed, now)
        assert {type(each) for each in told} == {kind}, feed
        found += told[-1:]
    book, quote, *marks = found
    assert book.best_bid < book.best_ask and quote.bid < quote.ask
    assert book.best_bid == pytest.approx(quote.bid, rel=0.005)
    assert all(mark.mark == pytest.approx(quote.bid, rel=0.01) for mark in marks)
    assert all(abs(each.ts - now) < HOUR_MS for each in found)


@check("a chain has bids under asks, volatilities as fractions, and deltas of the right sign where known")
async def chain(seen: Seen) -> None:
    subject = seen.subject
    found: Any = await seen.market.history(OptionsFeed(subject.option_venue, subject.coin), subject.now())
    newest = [each for each in found if isinstance(each, OptionChain)][-1]
    assert newest.inverse and len(newest.quotes) > 100
    for each in newest.quotes:
        assert each.bid is None or each.ask is None or each.bid <= each.ask
        assert each.mark_iv is None or 0.05 < each.mark_iv < 5.0
        if each.delta is not None:
            assert 0 <= each.delta <= 1 if each.option_type == "call" else -1 <= each.delta <= 0
        assert each.underlying == pytest.approx(newest.index, rel=0.2)


@check("a volatility index is an annual fraction, in order")
async def volatility(seen: Seen) -> None:
    feed = VolIndexFeed(f"DVOL-{seen.subject.coin}", 3 * DAY_MS)
    found: list[Any] = list(await seen.market.history(feed, seen.subject.now()))
    assert len(found) >= 48 and all(isinstance(each, VolIndex) and 0.05 < each.value < 3 for each in found)
    assert [each.ts for each in found] == sorted({each.ts for each in found})


@check("an instrument that is not listed is refused, not answered with nothing")
async def unknown(seen: Seen) -> None:
    nowhere = InstrumentId(f"NOPEUSDT@{venue_of(seen.subject.perp)}")
    with pytest.raises(TradecliError):
        await seen.market.history(CandleFeed(nowhere, MINUTE_MS, 5), seen.subject.now())


@check("every number is finite, every time is this century's, in milliseconds")
async def finite(seen: Seen) -> None:
    now = seen.subject.now()
    for event in seen.events:
        assert abs(event.ts - now) < 2 * DAY_MS
        for name in event.__struct_fields__:
            value = getattr(event, name)
            assert not isinstance(value, float) or math.isfinite(value), (event, name)


@check("the index that a mark follows is told")
async def index(seen: Seen) -> None:
    assert any(mark.index is not None for mark in seen.of(MarkPrice))


@check("the ratio of long to short accounts is positive, in order and of the time asked for")
async def ratio(seen: Seen) -> None:
    symbol, _, venue = seen.subject.perp.lower().partition("@")
    now = seen.subject.now()
    feed = SentimentFeed(f"long_short_{symbol}_{venue}", DAY_MS)
    found: list[Any] = list(await seen.market.history(feed, now))
    assert len(found) >= 12 and all(isinstance(each, Sentiment) and 0 < each.value < 100 for each in found)
    assert [each.ts for each in found] == sorted({each.ts for each in found})
    assert all(now - DAY_MS - HOUR_MS <= each.ts <= now for each in found)


@check("a spot pair has no funding, mark or open interest: nothing is told of them, and nothing is made up")
async def lacking(seen: Seen) -> None:
    now, pair = seen.subject.now(), seen.subject.perp
    feeds = (
        FundingFeed(pair, DAY_MS),
        MarkFeed(pair),
        OpenInterestFeed(pair),
        OpenInterestFeed(pair, DAY_MS),
    )
    assert [list(await seen.market.history(feed, now)) for feed in feeds] == [[], [], [], []]
    assert not [event for event in seen.events if isinstance(event, PERPETUAL_ONLY)]
