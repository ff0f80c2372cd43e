"""Fills a state with the past that its topics declared, before the first event of a run.

Longer bars that nobody recorded are built from shorter ones, under the rule of completeness that the rolling
windows keep.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tradecli.domain.feed import HOUR_MS, MINUTE_MS, BookFeed, CandleFeed, Feed, QuoteFeed, TradeFeed
from tradecli.domain.market import MARKET_TYPES, Candle, MarketEvent, available_at
from tradecli.engine.state import State
from tradecli.ports import MarketData

_COMPLETE = 0.95
_SHORTER = (HOUR_MS, MINUTE_MS)
_LIVE_ONLY = (QuoteFeed, BookFeed, TradeFeed)


async def warm_up(
    state: State,
    market: MarketData,
    feeds: Sequence[Feed],
    until: int,
    *,
    live: bool = False,
    roll: bool = True,
) -> int:
    """Apply what ``feeds`` declare of the past before ``until``, oldest first; return how many events that was.

    ``live`` also fetches the last quote, book and trades, for answers that no stream follows. ``roll`` builds longer
    bars from shorter ones where too few are kept; a market that sums its own bars has nothing to gain by it.
    """
    state.declare(feeds)
    past: list[MarketEvent] = []
    for feed in _longest(feeds):
        if isinstance(feed, _LIVE_ONLY) and not live:
            continue
        past.extend(await _history(market, feed, until, roll))
    past.sort(key=available_at)
    for event in past:
        if isinstance(event, MARKET_TYPES):
            state.apply(event, available_at(event))
    state.events = 0
    return len(past)


def _longest(feeds: Sequence[Feed]) -> list[Feed]:
    """Return the feeds with only the longest of each instrument's candles of one interval: it holds the others."""
    counts: dict[tuple[str, int], int] = {}
    for feed in feeds:
        if isinstance(feed, CandleFeed):
            key = (feed.instrument, feed.interval_ms)
            counts[key] = max(counts.get(key, 0), feed.count)
    kept = dict.fromkeys(
        feed
        for feed in feeds
        if not isinstance(feed, CandleFeed) or feed.count == counts[(feed.instrument, feed.interval_ms)]
    )
    return list(kept)


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
