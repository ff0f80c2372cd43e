"""``CcxtMarket``: the port ``MarketData`` over one real venue, or over the loopback server that stands in for it.

It translates feeds into questions and streams and owns nothing else: ``client`` asks, ``past`` pages, ``streams`` keeps
sockets alive, ``ears`` proves what they say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from tradecli.domain import feed as f
from tradecli.domain.budget import Priority
from tradecli.domain.events import Event, TimerFired
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import (
    MARKET_TYPES,
    BookDelta,
    FundingRate,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
)
from tradecli.errors import Unsupported
from tradecli.ports import Recordable
from tradecli.venues.ccxt import past
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.ears import Ears, Stream
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.profile import (
    IndexPrice,
    Kind,
    Listed,
    Question,
    Unpriced,
    ratio_name,
    ratio_of,
    with_index,
)
from tradecli.venues.ccxt.streams import Item, Pace, Streams
from tradecli.venues.sequence import BookBuilder

_BREATHE = 64
_NAMES = {
    f.QuoteFeed: Kind.QUOTE,
    f.BookFeed: Kind.BOOK,
    f.TradeFeed: Kind.TRADES,
    f.FundingFeed: Kind.FUNDING,
    f.MarkFeed: Kind.MARK,
    f.OpenInterestFeed: Kind.INTEREST,
}


class CcxtMarket:
    """One venue. ``jitter`` gives numbers in [0, 1) for the waits between attempts; ``inbox`` may be shared.

    ``priority`` is that of the past: what is asked of now always comes before it.
    """

    def __init__(
        self,
        client: Client,
        *,
        jitter: Callable[[], float],
        pace: Pace | None = None,
        recorder: Callable[[Recordable], None] | None = None,
        inbox: Inbox | None = None,
        priority: Priority = Priority.LIVE,
    ) -> None:
        self.client = client
        self.priority = priority
        self.pace = pace or Pace()
        self.recorder = recorder
        self.inbox = inbox if inbox is not None else Inbox()  # an empty one is false
        self.ears: Ears | None = None
        self.streams: Streams | None = None
        self._jitter = jitter

    @property
    def name(self) -> str:
        return self.client.profile.name

    async def instruments(self) -> Sequence[Instrument]:
        return await self.client.load()

    async def close(self) -> None:
        await self.client.close()

    # -- the past --------------------------------------------------------------------------------------------------

    async def history(self, feed: Feed, until: int) -> list[MarketEvent]:
        """Return what ``feed`` declares of the past, oldest first; nothing where the venue does not offer it."""
        await self.know([feed])
        try:
            return await self._history(feed, until)
        except Unsupported:
            return []

    async def know(self, feeds: Sequence[Feed]) -> None:
        """Make known what the venue lists of the kinds of market that feeds are about."""
        self.client.want(named for named in map(_instrument_of, feeds) if named is not None)
        await self.client.load()

    async def _history(self, feed: Feed, until: int) -> list[MarketEvent]:
        match feed:
            case f.CandleFeed():
                since = until - (feed.count + 1) * feed.interval_ms
                bars = await self._pages(Kind.CANDLES, feed.instrument, since, until, feed.interval_ms)
                return bars[-feed.count :] if feed.count else []
            case f.FundingFeed():
                await self.client.learn_intervals(self.client.profile.product_of(feed.instrument))
                found = await self._now(Kind.FUNDING, feed.instrument, FundingRate)
                if feed.window_ms:
                    kind = Kind.FUNDING_HISTORY
                    found = await self._pages(kind, feed.instrument, until - feed.window_ms, until) + found
                return found
            case f.OpenInterestFeed():
                if feed.window_ms and self._offered(Kind.INTEREST_HISTORY, feed.instrument):
                    kind = Kind.INTEREST_HISTORY
                    return await self._pages(kind, feed.instrument, until - feed.window_ms, until)
                return await self._interest(feed.instrument)
            case f.VolIndexFeed():
                if not feed.is_published:
                    return []
                since = until - max(feed.window_ms, 2 * f.HOUR_MS)
                return await self._pages(
                    Kind.VOL_INDEX, None, since, until, f.HOUR_MS, feed.name.rpartition("-")[2]
                )
            case f.OptionsFeed():
                heard = await self.client.ask(Question(kind=Kind.CHAIN, currency=feed.currency))
                return [each for each in heard if isinstance(each, MARKET_TYPES)]
            case f.SentimentFeed():
                return await self._ratios(feed, until)
            case f.BookFeed():
                return await self._book(feed)
            case f.MarkFeed():
                return await self._marks(feed.instrument)
            case f.QuoteFeed():
                return await self._now(Kind.QUOTE, feed.instrument, Quote)
            case f.TradeFeed():
                return await self._now(Kind.TRADES, feed.instrument, Trade)

    async def _pages(
        self,
        kind: Kind,
        instrument: InstrumentId | None,
        since: int,
        until: int,
        interval_ms: int = 0,
        currency: str = "",
    ) -> list[MarketEvent]:
        listed = self.client.listed(instrument) if instrument is not None else None
        found: list[MarketEvent] = []
        pages = past.rows(
            self.client,
            kind,
            listed,
            since,
            until,
            interval_ms=interval_ms,
            currency=currency,
            priority=self.priority,
        )
        async for _, rows in pages:
            found += rows
        return found

    async def _now(self, kind: Kind, instrument: InstrumentId, wanted: Any) -> list[MarketEvent]:
        """Return what the venue says of an instrument at this moment, of the wanted types."""
        heard = await self.client.ask(Question(kind=kind, listed=self.client.listed(instrument)))
        now = self.client.clock.now()
        return [_dated(each, now) for each in heard if isinstance(each, wanted)]

    async def _marks(self, instrument: InstrumentId) -> list[MarketEvent]:
        """Return the mark of now, with the index that it follows."""
        marks = await self._now(Kind.MARK, instrument, MarkPrice)
        whole = all(isinstance(each, MarkPrice) and each.index is not None for each in marks)
        if whole or not self._offered(Kind.INDEX, instrument):
            return marks
        told: list[Any] = list(await self._now(Kind.INDEX, instrument, IndexPrice))
        index = told[-1] if told else None
        return [with_index(each, index) for each in marks if isinstance(each, MarkPrice)]

    async def _interest(self, instrument: InstrumentId) -> list[MarketEvent]:
        """Return the open interest of now, valued at the mark where the venue does not value it."""
        heard = await self.client.ask(Question(kind=Kind.INTEREST, listed=self.client.listed(instrument)))
        found: list[MarketEvent] = [each for each in heard if isinstance(each, OpenInterest)]
        for each in heard:
            if isinstance(each, Unpriced):
                marks = await self._now(Kind.MARK, instrument, MarkPrice)
                found += [
                    OpenInterest(each.instrument, each.ts, each.qty * mark.mark)
                    for mark in marks
                    if isinstance(mark, MarkPrice)
                ]
        return found

    async def _book(self, feed: f.BookFeed) -> list[MarketEvent]:
        """Return the book of now: one whole answer, which nothing follows."""
        listed = self.client.listed(feed.instrument)
        found: list[MarketEvent] = []
        for each in await self.client.ask(Question(kind=Kind.BOOK, listed=listed, limit=max(feed.depth, 50))):
            if isinstance(each, BookDelta):
                builder = BookBuilder(listed.id, listed.tick, self.client.profile.rule_of(listed.id))
                builder.apply(_dated(each, self.client.clock.now()))
                book = builder.book(feed.depth)
                found += [book] if book is not None else []
        return found

    async def _ratios(self, feed: f.SentimentFeed, until: int) -> list[MarketEvent]:
        for id in self.client.by_id:
            if ratio_name(id) == feed.name:
                since = until - max(feed.window_ms, f.HOUR_MS)
                return await self._pages(Kind.RATIO, id, since, until, past.INTEREST_STEP_MS)
        return []

    # -- the present -----------------------------------------------------------------------------------------------

    def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        """Yield what is heard, newest values of what is conflated, until the reader stops."""
        return drained(self.inbox, [self.listen(feeds)])

    async def listen(self, feeds: Iterable[Feed]) -> None:
        """Put what is heard into the inbox until cancelled."""
        feeds = tuple(feeds)
        await self.know(feeds)
        items, books, depth = self._items(feed for feed in feeds if self.offers(feed))
        paying = {item.listed.id for item in items if item.kind is Kind.FUNDING and item.listed is not None}
        for product in sorted({self.client.profile.product_of(id) for id in paying}):
            await self.client.learn_intervals(product)
        self.ears = Ears(
            self.client,
            self.inbox,
            depth=depth,
            recorder=self.recorder,
            quotes_from_books=books,
            wanted=frozenset(item.stream for item in items),
        )
        for listed in sorted({item.listed for item in items if item.listed is not None}):
            self.ears.halt(listed)
        self.streams = Streams(self.client, items, self.ears, self._jitter, self.pace)
        try:
            await self.streams.run()
        finally:
            self.ears.close()

    def offers(self, feed: Feed) -> bool:
        """Say whether the venue can tell of a feed: it lists the instrument, or publishes the index or the chain."""
        match feed:
            case f.VolIndexFeed():
                return feed.is_published and Kind.VOL_INDEX not in self.client.profile.absent
            case f.OptionsFeed():
                return feed.venue == self.name and Kind.CHAIN not in self.client.profile.absent
            case f.SentimentFeed():
                return feed.name.endswith(f"_{self.name}")
            case _:
                return feed.instrument in self.client.by_id

    def _items(self, feeds: Iterable[Feed]) -> tuple[list[Item], frozenset[InstrumentId], int]:
        """Return what to listen to, whose best prices come from books, and the deepest book wanted."""
        items: dict[Item, None] = {}
        from_books: set[InstrumentId] = set()
        depth = 20
        for feed in feeds:
            match feed:
                case f.CandleFeed():
                    items[Item(Kind.CANDLES, self.client.listed(feed.instrument), "", feed.interval_ms)] = (
                        None
                    )
                case f.VolIndexFeed():
                    items[Item(Kind.VOL_INDEX, None, feed.name.rpartition("-")[2], 0)] = None
                case f.OptionsFeed():
                    items[Item(Kind.CHAIN, None, feed.currency, 0)] = None
                case f.SentimentFeed():
                    continue
                case _:
                    listed = self.client.listed(feed.instrument)
                    kinds = [_NAMES[type(feed)]]
                    if isinstance(feed, f.QuoteFeed) and self._quotes_by_book(listed):
                        kinds = [Kind.BOOK]
                        from_books.add(listed.id)
                    elif isinstance(feed, f.OpenInterestFeed):
                        kinds.append(Kind.MARK)
                    elif isinstance(feed, f.MarkFeed):
                        kinds.append(Kind.INDEX)
                    elif isinstance(feed, f.BookFeed):
                        depth = max(depth, feed.depth)
                    offered = [kind for kind in kinds if self._offered(kind, listed.id)]
                    items |= {Item(kind, listed, "", 0): None for kind in offered}
        return list(items), frozenset(from_books), depth

    def _offered(self, kind: Kind, instrument: InstrumentId) -> bool:
        """Say whether the venue tells of a kind for an instrument of this kind of market."""
        profile = self.client.profile
        return profile.why_absent(kind, profile.product_of(instrument)) is None

    def _quotes_by_book(self, listed: Listed) -> bool:
        return self.client.profile.channel(Kind.QUOTE, listed, "", 0) is None

    def streams_of(self) -> dict[Stream, int]:
        """Return when each stream was last heard, on our monotonic clock."""
        return dict(self.ears.heard_at) if self.ears is not None else {}


def _instrument_of(feed: Feed) -> InstrumentId | None:
    match feed:
        case f.VolIndexFeed() | f.OptionsFeed():
            return None
        case f.SentimentFeed():
            return ratio_of(feed.name)
        case _:
            return feed.instrument


T = TypeVar("T", Quote, Trade, FundingRate, MarkPrice, OpenInterest, IndexPrice, BookDelta)


def _dated(each: T, now: int) -> T:
    """Return what a venue said with a time: that of the answer, where it says none."""
    return each if each.ts else msgspec.structs.replace(each, ts=now)


async def drained(
    inbox: Inbox, writers: Iterable[Coroutine[Any, Any, None]], every_ms: int | None = None
) -> AsyncGenerator[Event, None]:
    """Run ``writers`` and yield what they put into ``inbox`` until the reader stops or one of them breaks.

    With ``every_ms`` a TimerFired of time 0 comes at least that often: time passes although nothing is heard.
    """
    tasks = [asyncio.ensure_future(writer) for writer in writers]
    for task in tasks:
        task.add_done_callback(lambda _: inbox.wake())
    loop, every_s = asyncio.get_running_loop(), None if every_ms is None else every_ms / 1000
    ticked, taken = loop.time(), 0
    try:
        while True:
            if every_s is not None and loop.time() - ticked >= every_s:
                ticked = loop.time()
                yield TimerFired(ts=0)
            event = inbox.take()
            if event is not None:
                yield event
                taken += 1
                if taken % _BREATHE == 0:
                    await asyncio.sleep(0)  # a full inbox must not keep the sockets from being read
                continue
            for task in tasks:
                if task.done():
                    task.result()
            if all(task.done() for task in tasks):
                return
            with suppress(TimeoutError):  # wait_for would lose a cancellation that comes with an event (3.11)
                async with asyncio.timeout(every_s):
                    await inbox.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
