"""Fills a state with the past that its topics declared, before the first event of a run or behind its first prices.

Longer bars that nobody recorded are built from shorter ones, under the rule of completeness that the rolling
windows keep.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from tradecli.domain.events import Event
from tradecli.domain.feed import (
    HOUR_MS,
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    QuoteFeed,
    SentimentFeed,
    TradeFeed,
    VolIndexFeed,
)
from tradecli.domain.market import MARKET_TYPES, Book, Candle, MarketEvent, Quote, Trade, available_at
from tradecli.engine.freshness import past_link
from tradecli.engine.state import State
from tradecli.ports import MarketData

_COMPLETE = 0.95
_SLICE = 1_000
_SHORTER = (HOUR_MS, MINUTE_MS)
_PRICES = (Quote, Trade, Book)
_LIVE_ONLY = (QuoteFeed, BookFeed, TradeFeed)


async def warm_up(
    state: State,
    market: MarketData,
    feeds: Sequence[Feed],
    until: int,
    *,
    live: bool = False,
    roll: bool = True,
    pause: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Apply what ``feeds`` declare of the past before ``until``, oldest first; return how many events that was.

    ``live`` also fetches the last quote, book and trades, for answers that no stream follows. ``roll`` builds longer
    bars from shorter ones where too few are kept; a market that sums its own bars has nothing to gain by it.
    ``pause`` is awaited after every slice of the work, so that prices may run meanwhile; nothing but prices may.
    """
    state.declare(feeds)
    past: list[MarketEvent] = []
    for feed in _longest(feeds):
        if isinstance(feed, _LIVE_ONLY) and not live:
            continue
        past.extend(await _history(market, feed, until, roll))
        if pause is not None:
            await pause()
    past.sort(key=available_at)
    for first in range(0, len(past), _SLICE):
        _apply(state, past[first : first + _SLICE])
        if pause is not None:
            await pause()
    return len(past)


async def prices_first(
    source: AsyncIterator[Event], warm: asyncio.Future[None], patience_until: int
) -> AsyncIterator[Event]:
    """Yield prices at once, and everything else once the past it builds on is in.

    A bar or a funding rate that came before its past would shut that past out of the windows, which take events in
    order. At ``patience_until`` everything waits for ``warm``: before it nothing must be decided.
    """
    held: list[Event] = []
    async for event in source:
        if not warm.done():
            if isinstance(event, _PRICES) and available_at(event) < patience_until:
                yield event
                continue
            if not isinstance(event, MARKET_TYPES) or available_at(event) < patience_until:
                held.append(event)
                continue
        await warm
        for late in held:
            yield late
        held.clear()
        yield event


async def announced(
    source: AsyncIterator[Event], warm: asyncio.Future[None], begun: int, now: Callable[[], int]
) -> AsyncIterator[Event]:
    """Yield what ``source`` yields, and before and after the past is read that it is: meanwhile nothing adds risk."""
    yield past_link(up=False, ts=begun)
    is_told = False
    async for event in source:
        if warm.done() and not is_told:
            is_told = True
            yield past_link(up=True, ts=now())
        yield event


def _apply(state: State, past: Sequence[MarketEvent]) -> None:
    """Take in events of the past without moving the state's own time or its count of what it was told."""
    with state.guard:
        at, events = state.at, state.events
        for event in past:
            state.apply(event, available_at(event))
        state.at, state.events = at, events


def _longest(feeds: Sequence[Feed]) -> list[Feed]:
    """Return the feeds with only the longest of each series: it holds the others, and no event comes in twice."""
    longest: dict[tuple[object, ...], Feed] = {}
    for feed in feeds:
        key, length = _series(feed)
        known = longest.get(key)
        if known is None or length > _series(known)[1]:
            longest[key] = feed
    return list(longest.values())


def _series(feed: Feed) -> tuple[tuple[object, ...], int]:
    """Return which series a feed asks for, and how much of it."""
    if isinstance(feed, CandleFeed):
        return (CandleFeed, feed.instrument, feed.interval_ms), feed.count
    window = getattr(feed, "window_ms", 0)
    subject = (
        feed.name if isinstance(feed, VolIndexFeed | SentimentFeed) else getattr(feed, "instrument", feed)
    )
    return (type(feed), subject), window


async def _history(market: MarketData, feed: Feed, until: int, roll: bool) -> Sequence[MarketEvent]:
    found = await market.history(feed, until)
    if not isinstance(feed, CandleFeed) or len(found) >= feed.count or not roll:
        return found
    for shorter in _SHORTER:
        if feed.interval_ms > shorter:
            count = feed.count * feed.interval_ms // shorter + feed.interval_ms // shorter
            bars = await market.history(CandleFeed(feed.instrument, shorter, count), until)
            built = roll_up((bar for bar in bars if isinstance(bar, Candle)), feed.interval_ms)
            if len(built) > len(found):
                return built[-feed.count :]
    return found


def roll_up(bars: Iterable[Candle], interval_ms: int) -> list[Candle]:
    """Build bars of ``interval_ms`` from shorter ones, oldest first; a bucket with under 95 % of them is left out."""
    built: list[Candle] = []
    bucket: list[Candle] = []
    for bar in bars:
        if bucket and bar.ts - bar.ts % interval_ms != bucket[0].ts - bucket[0].ts % interval_ms:
            _close(bucket, interval_ms, built)
            bucket = []
        bucket.append(bar)
    if bucket and bucket[-1].close_ts % interval_ms == 0:
        _close(bucket, interval_ms, built)
    return built


def _close(bucket: Sequence[Candle], interval_ms: int, built: list[Candle]) -> None:
    first, last = bucket[0], bucket[-1]
    if len(bucket) < _COMPLETE * (interval_ms // first.interval_ms):
        return
    built.append(
        Candle(
            first.instrument,
            first.ts - first.ts % interval_ms,
            interval_ms,
            first.open,
            max(bar.high for bar in bucket),
            min(bar.low for bar in bucket),
            last.close,
            sum(bar.volume for bar in bucket),
        )
    )
