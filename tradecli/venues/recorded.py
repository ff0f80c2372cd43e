"""``Recorded``: MarketData over the History port: everything that was recorded, in the order it became known.

It merges feeds by the time at which each event could first be known (a bar at its close, funding at settlement). Events
known at the same millisecond come in a fixed order: by kind as in ``ORDER``, then by instrument or name, then a shorter
bar before a longer one, then as recorded. The order of kinds is that of cause and effect: prints, then the book and
quote they leave behind, then the bar they close, then the mark, and funding last of the prices, so that a position
filled inside a bar is the one that pays at the bar's end.

It must not read a clock or decide what is stale, and it never invents an event for a gap. Differences of a book are
joined by ``sequence``; a book is yielded only while it is valid.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import repeat
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tradecli.domain import feed as f
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import BookDelta, Candle, MarketEvent, available_at
from tradecli.domain.series import CandleSeries
from tradecli.ports import History
from tradecli.venues.sequence import BookBuilder, rule_of

ORDER: dict[type, int] = {
    f.TradeFeed: 0,
    f.BookFeed: 1,
    f.QuoteFeed: 2,
    f.CandleFeed: 3,
    f.MarkFeed: 4,
    f.FundingFeed: 5,
    f.OpenInterestFeed: 6,
    f.VolIndexFeed: 7,
    f.SentimentFeed: 8,
    f.OptionsFeed: 9,
}
"""Which kind comes first among events known at the same millisecond."""

SHORTEST_MS = f.MINUTE_MS
LONGEST_MS = 30 * f.DAY_MS
CHUNK_EVENTS = 16_384
"""The span read at once adapts to about this many events."""

LOOK_BACK_MS = (f.MINUTE_MS, f.HOUR_MS, f.DAY_MS, 30 * f.DAY_MS)
"""How far back the last known value of a feed without a window is searched."""

FURTHER = 4
"""A back-fill of bars looks this many times its own length back before it accepts fewer."""

Chunk: TypeAlias = tuple[NDArray[np.int64], list[Any]]
"""Times of availability and their events, in order."""


@runtime_checkable
class BulkHistory(Protocol):
    """A History that also gives bars as arrays, which is ten times as fast as one by one."""

    async def candles(self, feed: f.CandleFeed, since: int, until: int) -> CandleSeries:
        """Return the bars known in [since, until), oldest first."""
        ...


class Recorded:
    """Stored history of ``instruments``; the stream runs over what became known in [since, until)."""

    def __init__(self, history: History, instruments: Sequence[Instrument], since: int, until: int) -> None:
        self._history = history
        self._instruments = tuple(instruments)
        self._ticks = {instrument.id: float(instrument.tick) for instrument in instruments}
        self._since = since
        self._until = until

    async def instruments(self) -> Sequence[Instrument]:
        return self._instruments

    async def history(self, feed: Feed, until: int) -> list[MarketEvent]:
        """Return what ``feed`` declares of the past, oldest first, all known before ``until``.

        Bars: the newest ``count``. Windows: the whole window. Otherwise the last known value, as far back as 30 days.
        """
        builders: dict[InstrumentId, BookBuilder] = {}
        if isinstance(feed, f.CandleFeed):
            span = feed.count * feed.interval_ms
            for times in range(1, FURTHER + 1):
                bars = (await self._read(feed, until - times * span, until, builders))[1] if span else []
                if len(bars) >= feed.count:
                    break
            return bars[-feed.count :] if feed.count else []
        window = getattr(feed, "window_ms", 0)
        if window:
            return (await self._read(feed, until - window, until, builders))[1]
        for back in LOOK_BACK_MS:
            events = (await self._read(feed, until - back, until, builders))[1]
            if events:
                return events[-1:]
        return []

    async def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[MarketEvent]:
        """Yield every event of ``feeds`` in the order it became known."""
        wanted = sorted(set(feeds), key=rank)
        builders: dict[InstrumentId, BookBuilder] = {}
        at, span = self._since, f.HOUR_MS
        while at < self._until and wanted:
            to = min(at + span, self._until)
            events = merge([await self._read(feed, at, to, builders) for feed in wanted])
            for event in events:
                yield event
            at = to
            wish = span * CHUNK_EVENTS // max(len(events), 1)
            span = max(min(wish, span * 8, LONGEST_MS), SHORTEST_MS)

    async def _read(
        self, feed: Feed, since: int, until: int, builders: dict[InstrumentId, BookBuilder]
    ) -> Chunk:
        if isinstance(feed, f.CandleFeed) and isinstance(self._history, BulkHistory):
            return bars_of(feed, await self._history.candles(feed, since, until))
        events: list[Any] = []
        async for event in self._history.read(feed, since, until):
            if isinstance(event, BookDelta):
                book = self._joined(event, feed, builders)
                if book is not None:
                    events.append(book)
            else:
                events.append(event)
        times = np.fromiter((available_at(event) for event in events), np.int64, len(events))
        if np.all(times[1:] >= times[:-1]):
            return times, events
        order = np.argsort(times, kind="stable")  # a feed of two kinds of rows comes one kind after the other
        return times[order], [events[place] for place in order.tolist()]

    def _joined(self, delta: BookDelta, feed: Feed, builders: dict[InstrumentId, BookBuilder]) -> Any:
        """Return the valid book after a difference, or None."""
        builder = builders.get(delta.instrument)
        if builder is None:
            tick = delta.tick or self._ticks[delta.instrument]
            builder = builders[delta.instrument] = BookBuilder(
                delta.instrument, tick, rule_of(delta.instrument)
            )
        builder.apply(delta)
        return builder.book(feed.depth if isinstance(feed, f.BookFeed) else 20)


def rank(feed: Feed) -> tuple[int, str, int]:
    """Return the place of a feed's events among those known at the same millisecond."""
    match feed:
        case f.CandleFeed():
            name, length = str(feed.instrument), feed.interval_ms
        case f.VolIndexFeed() | f.SentimentFeed():
            name, length = feed.name, 0
        case f.OptionsFeed():
            name, length = f"{feed.venue} {feed.currency}", 0
        case _:
            name, length = str(feed.instrument), 0
    return ORDER[type(feed)], name, length


def merge(chunks: list[Chunk]) -> list[Any]:
    """Return the events of all chunks by time, ties in the order of the chunks."""
    full = [chunk for chunk in chunks if chunk[1]]
    if len(full) < 2:
        return full[0][1] if full else []
    order = np.argsort(np.concatenate([times for times, _ in full]), kind="stable")
    events: list[Any] = []
    for _, part in full:
        events += part
    return [events[place] for place in order.tolist()]


def bars_of(feed: f.CandleFeed, series: CandleSeries) -> Chunk:
    """Return a series as candles with their times of availability."""
    columns = (series.open, series.high, series.low, series.close, series.volume)
    bars = list(
        map(
            Candle,
            repeat(feed.instrument),
            series.ts.tolist(),
            repeat(feed.interval_ms),
            *(column.tolist() for column in columns),
        )
    )
    return series.ts + feed.interval_ms, bars
