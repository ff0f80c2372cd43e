"""Several venues as one market: each asked for what is its own, all heard through one inbox, none waiting for another.

A venue that cannot be reached keeps itself closed and no other: its link is said to be down, with the reason, and it is
tried again. Time is told ten times a second whether or not anything is heard, so that what is due happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from tradecli.domain import feed as f
from tradecli.domain.events import Event, LinkChanged
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, venue_of
from tradecli.domain.market import MarketEvent
from tradecli.errors import VenueError
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.market import CcxtMarket, drained

TICK_MS = 100
INDEX_VENUE = "deribit"
"""Where volatility indices come from."""
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)


class JoinedMarket:
    """``MarketData`` over ``venues``; ``reach`` makes the market of one more when a question needs it."""

    def __init__(self, venues: Sequence[str], reach: Callable[[str], CcxtMarket], inbox: Inbox) -> None:
        self.venues = tuple(venues)
        self.inbox = inbox
        self.missing: dict[str, VenueError] = {}
        self.markets: dict[str, CcxtMarket] = {}
        self._reach = reach

    def market(self, venue: str) -> CcxtMarket:
        """Return the market of a venue, made on first use; ``KeyError`` for a name without a profile."""
        if venue not in self.markets:
            self.markets[venue] = self._reach(venue)
        return self.markets[venue]

    async def instruments(self) -> Sequence[Instrument]:
        """Return the listings of all venues; raises only when none can be reached."""
        asked = [self.market(venue).instruments() for venue in self.venues]
        found: list[Instrument] = []
        for venue, answer in zip(
            self.venues, await asyncio.gather(*asked, return_exceptions=True), strict=True
        ):
            if isinstance(answer, VenueError):
                self.missing[venue] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += answer
        if not found and self.missing:
            raise next(iter(self.missing.values()))
        return found

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what the venue of ``feed`` knows of the past; nothing where no venue of ours does."""
        venue = place_of(feed)
        if venue is None:
            return []
        market = self.market(venue)
        await market.know([feed])
        return await market.history(feed, until) if market.offers(feed) else []

    def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        """Yield what every venue says, and the time."""
        wanted: dict[str, list[Feed]] = {venue: [] for venue in self.venues}
        for feed in feeds:
            venue = place_of(feed)
            if venue in wanted:
                wanted[venue].append(feed)
        return drained(
            self.inbox, [self._listen(venue, own) for venue, own in wanted.items() if own], TICK_MS
        )

    async def _listen(self, venue: str, feeds: Sequence[Feed]) -> None:
        """Listen to one venue, again and again while it cannot be reached."""
        market, attempt = self.market(venue), 0
        while True:
            try:
                await market.listen(feeds)
                return
            except VenueError as error:
                reason = error.message
            except ExceptionGroup as broken:
                found, rest = broken.split(VenueError)
                if found is None or rest is not None:
                    raise
                reason = "; ".join(str(each) for each in found.exceptions)
            self.inbox.put(LinkChanged(venue=venue, up=False, ts=market.client.clock.now(), reason=reason))
            await asyncio.sleep(AGAIN_S[min(attempt, len(AGAIN_S) - 1)])
            attempt += 1

    async def close(self) -> None:
        for market in list(self.markets.values()):  # a listener that is ending may still make one
            await market.close()


def place_of(feed: Feed) -> str | None:
    """Return the venue that can tell of a feed, or None where it is published by none of them."""
    match feed:
        case f.VolIndexFeed():
            return INDEX_VENUE
        case f.OptionsFeed():
            return feed.venue
        case f.SentimentFeed():
            return feed.name.rpartition("_")[2] if feed.name.startswith("long_short_") else None
        case _:
            return venue_of(feed.instrument)
