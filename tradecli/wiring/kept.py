"""A live market with a memory: what is recorded is not asked for again, and what is asked for is recorded."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Sequence

import numpy as np

from tradecli.domain.events import Event
from tradecli.domain.feed import CandleFeed, Feed, VolIndexFeed
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import Candle, MarketEvent
from tradecli.errors import VenueError
from tradecli.ports import MarketData
from tradecli.store.market import MarketStore

log = logging.getLogger(__name__)


class KeptMarket:
    """``MarketData`` over a live one and the market store. A venue that fails leaves what is recorded, and a note."""

    def __init__(self, market: MarketData, store: MarketStore) -> None:
        self.market = market
        self.store = store
        self.notes: list[str] = []
        self.missing: dict[str, VenueError] = {}
        """Venues whose listing could not be had: nothing of them is in any answer."""

    async def instruments(self) -> Sequence[Instrument]:
        found = await self.market.instruments()
        self.missing = dict(getattr(self.market, "missing", {}))
        self.notes += [f"{venue} cannot be asked: {error.message}" for venue, error in self.missing.items()]
        await self.store.keep_instruments(found)
        return found

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what ``feed`` declares: bars from the store as far as they reach, everything else from the venue.

        Numbers that no venue publishes are the store's alone.
        """
        if isinstance(feed, VolIndexFeed) and not feed.is_published:
            return [row async for row in self.store.read(feed, until - feed.window_ms, until + 1)]  # type: ignore[misc]
        try:
            if isinstance(feed, CandleFeed):
                return await self._bars(feed, until)
            found = await self.market.history(feed, until)
        except VenueError as error:
            note = f"{error.where}: {error.message}"
            if note not in self.notes:
                self.notes.append(note)
                log.warning("%s", note)
            return []
        await self.store.write(found)
        return found

    async def _bars(self, feed: CandleFeed, until: int) -> Sequence[MarketEvent]:
        """Return the newest ``count`` bars; the venue is asked from the first that is missing on."""
        end = until - until % feed.interval_ms
        first = end - feed.count * feed.interval_ms
        kept = await self._recorded(feed, first, until)
        missing = first_missing([bar.ts for bar in kept], first, end, feed.interval_ms)
        if missing is None:
            return kept
        ask = CandleFeed(feed.instrument, feed.interval_ms, (end - missing) // feed.interval_ms)
        found = await self.market.history(ask, until)
        await self.store.write(found)
        fresh = {bar.ts: bar for bar in (*kept, *found) if isinstance(bar, Candle)}
        return [fresh[ts] for ts in sorted(fresh)][-feed.count :]

    async def _recorded(self, feed: CandleFeed, first: int, until: int) -> list[Candle]:
        series = await self.store.candles(feed, first + feed.interval_ms, until + 1)
        columns = np.stack([series.open, series.high, series.low, series.close, series.volume])
        return [
            Candle(feed.instrument, ts, feed.interval_ms, *values)
            for ts, values in zip(series.ts.tolist(), columns.T.tolist(), strict=True)
        ]

    def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        return self.market.stream(feeds)


def first_missing(have: Sequence[int], first: int, end: int, step: int) -> int | None:
    """Return the first bar of [first, end) that is not there, or None."""
    known = set(have)
    return next((ts for ts in range(first, end, step) if ts not in known), None)
