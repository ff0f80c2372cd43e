"""What is heard of one venue, proven and handed on: books by their numbers, times by our clock, prints once.

It is told everything (``hear``) and puts what may be believed into an ``Inbox``; a recorder, where there is one, gets
each event and each difference of a book before anything is conflated. A book that breaks is asked for again, at most
once at a time, with growing pauses; until it is whole nothing of it is handed on, and its loss is said.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from tradecli.domain.events import LinkChanged
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.liquidity import EVERY_MS, NEAR_BPS, Gauge
from tradecli.domain.market import (
    Book,
    BookDelta,
    Candle,
    FundingRate,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    OptionChain,
    Quote,
    Sentiment,
    Trade,
    VolIndex,
)
from tradecli.errors import VenueError
from tradecli.ports import Recordable
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.profile import (
    Greeks,
    Heard,
    IndexPrice,
    Intervals,
    Kind,
    Listed,
    ServerTime,
    Unpriced,
    with_index,
)
from tradecli.venues.rows import AnyDepth
from tradecli.venues.sequence import BookBuilder, Status

OLDEST_MS, NEWEST_MS = 3_600_000, 120_000
"""How far in the past or the future a live event may be dated (D08)."""
BOOK_EVERY_MS = 100
RESYNC_MS = (200, 1_000, 2_000, 5_000, 10_000)
_REMEMBERED = 500
"""Prints of one instrument by which a repeated one is known: an answer over HTTP brings twenty."""
_OK = Status.OK


class Stream(NamedTuple):
    """One kind of one instrument, or of one coin."""

    kind: Kind
    subject: str


class Followed:
    """One book that is followed, and when it was last offered to who looks, on our monotonic clock."""

    __slots__ = ("builder", "gauge", "shown_at", "stream")

    def __init__(self, builder: BookBuilder) -> None:
        self.builder = builder
        self.stream = Stream(Kind.BOOK, builder.instrument)
        self.shown_at = -BOOK_EVERY_MS
        self.gauge = Gauge()


OfInstrument: TypeAlias = Trade | Quote | MarkPrice | FundingRate | OpenInterest | Candle

_KIND_OF = {
    Trade: Kind.TRADES,
    Quote: Kind.QUOTE,
    MarkPrice: Kind.MARK,
    FundingRate: Kind.FUNDING,
    OpenInterest: Kind.INTEREST,
    Candle: Kind.CANDLES,
    Greeks: Kind.GREEKS,
}


class Ears:
    """``depth`` levels of each book are handed on. ``quotes_from_books``: best prices are those of the book."""

    def __init__(
        self,
        client: Client,
        inbox: Inbox,
        *,
        depth: int = 20,
        recorder: Callable[[Recordable], None] | None = None,
        quotes_from_books: frozenset[InstrumentId] = frozenset(),
        wanted: frozenset[Stream] | None = None,
    ) -> None:
        self.client = client
        self.inbox = inbox
        self.depth = depth
        self.recorder = recorder
        self.quotes_from_books = quotes_from_books
        self.wanted = wanted
        self.resync: Callable[[Listed], Awaitable[None]] | None = None
        self.heard_at: dict[Stream, int] = {}
        self._followed: dict[InstrumentId, Followed] = {}
        self.refused: dict[str, int] = {}
        self.failures: dict[Stream, str] = {}
        self.messages = 0
        self.late = 0
        self._marks: dict[InstrumentId, float] = {}
        self._unpriced: dict[InstrumentId, Unpriced] = {}
        self._halted: dict[InstrumentId, str] = {}
        self._trades: dict[InstrumentId, tuple[set[str], deque[str]]] = {}
        self._bars: dict[tuple[InstrumentId, int], int] = {}
        self._asking: dict[InstrumentId, asyncio.Task[None]] = {}
        self._distrusted: dict[InstrumentId, str] = {}
        self._indices: dict[InstrumentId, IndexPrice] = {}
        self._greeks: dict[InstrumentId, Greeks] = {}

    # -- hearing ---------------------------------------------------------------------------------------------------

    def hear(self, each: Heard, *, over_http: bool = False) -> None:
        """Take in one thing that the venue said."""
        self.messages += 1
        now = self.client.clock.monotonic()
        match each:
            case BookDelta():
                if over_http:
                    self._show_snapshot(each)
                    return
                self._book(each, self.followed(each.instrument), now)
            case Unpriced():
                self._unpriced[each.instrument] = each
                self._value(each.instrument, now, over_http)
            case Greeks():
                self._greeks[each.instrument] = each
                self.heard_at[Stream(Kind.GREEKS, each.instrument)] = now
            case IndexPrice():
                self._indices[each.instrument] = each
                self.heard_at[Stream(Kind.INDEX, each.instrument)] = now
            case Listed():
                self.client.know(each)
                self.halt(each)
            case Intervals() | ServerTime():
                pass
            case OptionChain():
                self.heard_at[Stream(Kind.CHAIN, each.currency)] = now
                self._hand_on(each)
            case VolIndex():
                self.heard_at[Stream(Kind.VOL_INDEX, each.name.rpartition("-")[2])] = now
                self._hand_on(each)
            case Trade() | Quote() | MarkPrice() | FundingRate() | OpenInterest() | Candle():
                self._take(each, now, over_http)
            case Sentiment() | Book():
                self._hand_on(each)
            case _:
                pass

    def _take(self, each: OfInstrument, now: int, over_http: bool) -> None:
        """Take in an event of an instrument, if it is new and dated within reason."""
        if isinstance(each, MarkPrice):
            self._marks[each.instrument] = each.mark
            each = with_index(each, self._indices.get(each.instrument))
            self._value(each.instrument, now, over_http)
        stream = Stream(_KIND_OF[type(each)], each.instrument)
        if self.wanted is not None and stream not in self.wanted:
            return
        at = self.client.clock.now()
        if each.ts == 0:
            each = _dated(each, at)
        if not isinstance(each, Candle) and not at - OLDEST_MS <= each.ts <= at + NEWEST_MS:
            self.refuse("a time that cannot be")
            return
        if not over_http:
            self.heard_at[stream] = now
        self.failures.pop(stream, None)
        match each:
            case Trade():
                if not self._is_new(each):
                    return
            case Candle():
                if each.close_ts > at + NEWEST_MS or each.ts <= self._bars.get(
                    (each.instrument, each.interval_ms), 0
                ):
                    return
                if each.close_ts > at and over_http:
                    return
                self._bars[each.instrument, each.interval_ms] = each.ts
            case _:
                pass
        self._hand_on(each)

    def _value(self, id: InstrumentId, now: int, over_http: bool) -> None:
        """Hand on open interest that its venue does not value, as soon as there is a mark to value it at."""
        mark, bare = self._marks.get(id), self._unpriced.get(id)
        if mark is not None and bare is not None:
            del self._unpriced[id]
            self._take(OpenInterest(id, bare.ts, bare.qty * mark), now, over_http)

    def _hand_on(self, event: MarketEvent) -> None:
        if self.recorder is not None:
            self.recorder(event)
        self.inbox.put(event)

    def _is_new(self, trade: Trade) -> bool:
        """Say whether a print was not heard before (D11)."""
        ids, order = self._trades.setdefault(trade.instrument, (set(), deque()))
        if trade.trade_id in ids:
            self.late += 1
            return False
        ids.add(trade.trade_id)
        order.append(trade.trade_id)
        if len(order) > _REMEMBERED:
            ids.discard(order.popleft())
        return True

    # -- books -----------------------------------------------------------------------------------------------------

    def hear_depth(self, depth: AnyDepth, now: int, spelled: Mapping[str, Listed]) -> None:
        """Take in a difference or a snapshot of a book whose rows are as the venue wrote them."""
        listed = spelled.get(depth.symbol)
        if listed is None:
            return
        followed = self._followed.get(listed.id)
        if followed is None:
            followed = self.followed(listed.id)
        self.messages += 1
        if self.recorder is None:
            self._judge(followed, followed.builder.take(depth), now)
        else:
            status, delta = followed.builder.take_kept(depth)
            self.recorder(delta)
            self._judge(followed, status, now)

    def followed(self, id: InstrumentId) -> Followed:
        """Return the book of an instrument as it is followed: begun, where nothing was heard of it yet."""
        found = self._followed.get(id)
        if found is None:
            listed = self.client.listed(id)
            builder = BookBuilder(id, listed.tick, self.client.profile.rule_of(id), listed.scale)
            found = self._followed[id] = Followed(builder)
        return found

    def unproven(self) -> list[InstrumentId]:
        """Return the instruments whose books are followed and not whole now."""
        books = (each.builder for each in self._followed.values())
        return [book.instrument for book in books if book.status is not _OK or book.joining]

    def _book(self, delta: BookDelta, followed: Followed, now: int) -> None:
        """Apply a difference or a snapshot, which a recorder hears before it is believed."""
        if self.recorder is not None:
            self.recorder(delta)
        self._judge(followed, followed.builder.apply(delta), now)

    def _judge(self, followed: Followed, status: Status, now: int) -> None:
        """Hand a book on while it is proven, ask for it anew when it is not."""
        self.heard_at[followed.stream] = now
        builder = followed.builder
        id = builder.instrument
        if status is not _OK:
            if status is not Status.WAITING:
                self.distrust(id, f"book {status.value}")
            self._ask_anew(id)
            return
        if builder.joining:
            return
        if id in self._distrusted:
            del self._distrusted[id]
            self.say(self._book_link(id, True, "whole again"))
        if id in self.quotes_from_books:
            self.inbox.put_as((Quote, id), lambda: self._quote(builder))
        if now - followed.shown_at >= BOOK_EVERY_MS:
            followed.shown_at = now
            self.inbox.put_as((Book, id), lambda: builder.book(self.depth))
            if now >= followed.gauge.due:
                self._gauge(followed, now)

    def _gauge(self, followed: Followed, now: int) -> None:
        """Sample how liquid a book is, from all its levels, and hand on the hour that has ended."""
        followed.gauge.due = now + EVERY_MS
        sample, id = followed.builder.near(NEAR_BPS), followed.builder.instrument
        if sample is None:
            return
        ended = followed.gauge.add(self.client.clock.now(), sample)
        for row in ended.rows(id) if ended is not None else ():
            self._hand_on(row)

    def _quote(self, builder: BookBuilder) -> Quote | None:
        """Return the best prices of a book as it is when it is looked at."""
        best = builder.best()
        if best is None:
            return None
        (bid, bid_qty), (ask, ask_qty) = best
        tick, ts = builder.tick, builder.ts or self.client.clock.now()
        return Quote(
            builder.instrument, ts, bid * tick, bid_qty, ask * tick, ask_qty, max(builder.last_id, 0)
        )

    def _show_snapshot(self, snapshot: BookDelta) -> None:
        """Hand on a book that came over HTTP while the socket is down: whole by itself, proven by nothing else."""
        listed = self.client.listed(snapshot.instrument)
        builder = BookBuilder(listed.id, listed.tick, self.client.profile.rule_of(listed.id))
        at = self.client.clock.now()
        builder.apply(snapshot if snapshot.ts else msgspec.structs.replace(snapshot, ts=at))
        found = builder.book(self.depth)
        if found is not None:
            self.inbox.put_as((Book, snapshot.instrument), lambda: found)

    def distrust(self, id: InstrumentId, reason: str) -> None:
        """Say that a book is not to be used: once for each time that it breaks."""
        if id in self._distrusted:
            return
        self._distrusted[id] = reason
        self.say(self._book_link(id, False, reason))

    def _book_link(self, id: InstrumentId, up: bool, reason: str) -> LinkChanged:
        venue, now = self.client.profile.name, self.client.clock.now()
        return LinkChanged(venue=venue, up=up, ts=now, feed=f"book {id}", reason=reason)

    def _ask_anew(self, id: InstrumentId) -> None:
        """Ask for a whole book, unless that is under way."""
        task = self._asking.get(id)
        if self.resync is None or (task is not None and not task.done()):
            return
        self._asking[id] = asyncio.ensure_future(self._make_whole(self.client.listed(id)))

    async def _make_whole(self, listed: Listed) -> None:
        """Ask until the book is whole, with growing pauses; one that came waits for the difference that joins it."""
        asked, builder = 0, self.followed(listed.id).builder
        while builder.status is not Status.OK or builder.joining:
            if builder.status is Status.OK:
                await asyncio.sleep(RESYNC_MS[0] / 1000)
                continue
            if self.resync is not None:
                try:
                    await self.resync(listed)
                except (VenueError, ConnectionError) as error:
                    self.fail(Stream(Kind.BOOK, listed.id), str(error))
            await asyncio.sleep(RESYNC_MS[min(asked, len(RESYNC_MS) - 1)] / 1000)
            asked += 1

    # -- saying ----------------------------------------------------------------------------------------------------

    def halt(self, listed: Listed) -> None:
        """Say that an instrument stopped or resumed trading at its venue (D16)."""
        was = self._halted.get(listed.id, "")
        if listed.halted == was:
            return
        self._halted[listed.id] = listed.halted
        venue, now = self.client.profile.name, self.client.clock.now()
        reason = f"the venue does not trade it: {listed.halted}" if listed.halted else "trading again"
        self.say(LinkChanged(venue=venue, up=not listed.halted, ts=now, feed=str(listed.id), reason=reason))

    def say(self, change: LinkChanged) -> None:
        self.inbox.put(change)

    def refuse(self, reason: str) -> None:
        """Count a message that could not be believed; the stream goes on."""
        kept = reason if reason in self.refused or len(self.refused) < 50 else "other"
        self.refused[kept] = self.refused.get(kept, 0) + 1

    def fail(self, stream: Stream, reason: str) -> None:
        self.failures[stream] = reason

    def greeks(self, id: InstrumentId) -> Greeks | None:
        """Return the newest sensitivities of an option that is listened to."""
        return self._greeks.get(id)

    def close(self) -> None:
        for task in self._asking.values():
            task.cancel()


def _dated(each: OfInstrument, at: int) -> OfInstrument:
    return msgspec.structs.replace(each, ts=at)
