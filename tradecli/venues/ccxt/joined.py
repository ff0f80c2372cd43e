"""Several venues as one market: each asked for what is its own, all heard through one inbox, none waiting for another.

A venue that cannot be reached keeps itself closed and no other: its link is said to be down, with the reason, and it is
tried again. Time is told ten times a second whether or not anything is heard, so that what is due happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from tradecli.domain import feed as f
from tradecli.domain.events import Event, LinkChanged
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, venue_of
from tradecli.domain.market import MarketEvent
from tradecli.errors import RateLimited, VenueError
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.market import CcxtMarket, drained

TICK_MS = 100
INDEX_VENUE = "deribit"
"""Where volatility indices come from."""
AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits between two tries to reach a venue, less up to half of each by chance."""

Welcome: TypeAlias = Callable[[str, Sequence[Instrument]], Awaitable[Sequence[Feed]]]
"""Hears that a venue was reached at last, and what it lists; returns what to listen to there."""


class JoinedMarket:
    """``MarketData`` over ``venues``; ``reach`` makes the market of one more when a question needs it.

    ``jitter`` gives numbers in [0, 1) for the waits between tries.
    """

    def __init__(
        self,
        venues: Sequence[str],
        reach: Callable[[str], CcxtMarket],
        inbox: Inbox,
        *,
        jitter: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.venues = tuple(venues)
        self.inbox = inbox
        self.missing: dict[str, VenueError] = {}
        self.late: dict[str, VenueError] = {}
        """Venues that were not reached yet: nothing is asked of them but, again and again, their listing."""
        self.welcome: Welcome | None = None
        self.markets: dict[str, CcxtMarket] = {}
        self._reach = reach
        self._jitter = jitter

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
        if venue in self.late:
            raise self.late[venue]
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
        listened = [venue for venue, own in wanted.items() if own or venue in self.late]
        return drained(self.inbox, [self._listen(venue, wanted[venue]) for venue in listened], TICK_MS)

    async def _listen(self, venue: str, feeds: Sequence[Feed]) -> None:
        """Listen to one venue, again and again while it cannot be reached."""
        market, attempt = self.market(venue), 0
        clock = market.client.clock
        while True:
            least = 0.0
            try:
                if venue in self.late:
                    feeds = await self._arrive(venue, market, feeds)
                await market.listen(feeds)
                return
            except VenueError as error:
                reason = error.message
                least = (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
            except ExceptionGroup as broken:
                found, rest = broken.split(VenueError)
                if found is None or rest is not None:
                    raise
                reason = "; ".join(str(each) for each in found.exceptions)
            self.inbox.put(LinkChanged(venue=venue, up=False, ts=clock.now(), reason=reason))
            wait = AGAIN_S[min(attempt, len(AGAIN_S) - 1)] * (0.5 + 0.5 * self._jitter())
            await clock.sleep_until(clock.now() + round(1000 * max(wait, least)))
            attempt += 1

    async def _arrive(self, venue: str, market: CcxtMarket, feeds: Sequence[Feed]) -> Sequence[Feed]:
        """Ask a venue that was not reached yet for its listing; return what to listen to once its past is in."""
        found = await market.instruments()
        del self.late[venue]
        reason = "reached; its past is being read"
        self.inbox.put(LinkChanged(venue=venue, up=False, ts=market.client.clock.now(), reason=reason))
        return feeds if self.welcome is None else await self.welcome(venue, found)

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
