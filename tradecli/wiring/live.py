"""Live markets: real venues with paper execution, or the loopback server that stands in for them in a rehearsal.

The transport is all that differs between the two: ``network`` says which. No key is read here, so that nothing on this
path could sign a request. A session shows prices as soon as they come and reads the past meanwhile.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tradecli.config import folders
from tradecli.config.changes import ConfigWatch
from tradecli.config.loading import Config, load
from tradecli.domain.budget import Priority
from tradecli.domain.control import Scope
from tradecli.domain.enums import Mode
from tradecli.domain.events import Event, LinkChanged, TimerFired
from tradecli.domain.feed import (
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    FundingFeed,
    MarkFeed,
    QuoteFeed,
    TradeFeed,
)
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.domain.market import Book, Quote, Trade, VolIndex
from tradecli.engine.clock import SystemClock
from tradecli.engine.picture import Pictures
from tradecli.engine.session import EngineSession, Plan
from tradecli.engine.warmup import announced, warm_up
from tradecli.errors import NotFound, UsageError, VenueError
from tradecli.store.budget import SharedBudget
from tradecli.store.market import MarketStore
from tradecli.store.recorder import Recorder
from tradecli.venues.ccxt import PROFILES, profile_of
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.joined import INDEX_VENUE, JoinedMarket, place_of
from tradecli.venues.ccxt.market import CcxtMarket
from tradecli.venues.ccxt.profile import Listed
from tradecli.venues.ccxt.transport import connect
from tradecli.wiring.config_beat import with_config
from tradecli.wiring.desk import Listing, LiveDesk, list_desk, run_of
from tradecli.wiring.kept import KeptMarket
from tradecli.wiring.parts import stream_feeds
from tradecli.wiring.session_ledger import SessionLedger

LIVE_MODES = (Mode.PAPER, Mode.REHEARSAL)
LIVE_NOTE = "Live markets, paper fills."
LOOPBACK_NOTE = "Loopback venues: nothing leaves this machine."
PORT_FILE = "loopback.port"
"""In the folder of a rehearsal's profile: the port on which its loopback server listens."""
_AT_ONCE = (Quote, Trade, Book, LinkChanged, TimerFired)
"""What need not wait for the past."""


def budget_file(mode: Mode) -> Path:
    """Return the budget of real venues, which all profiles share, or that of rehearsals."""
    return folders.state_dir() / ("rehearsal-budget.db" if mode is Mode.REHEARSAL else "budget.db")


def network(mode: Mode, profile: str) -> Any:
    """Return the session that requests go through: None for the real network."""
    if mode is not Mode.REHEARSAL:
        return None
    from tradecli.venues.loopback.session import LoopbackSession

    path = folders.profile_dir(profile) / PORT_FILE
    try:
        port = int(path.read_text())
    except (OSError, ValueError) as error:
        hint = "tradecli rehearse"
        raise UsageError("no loopback server is running for this profile", number=132, hint=hint) from error
    return LoopbackSession(port)


class Reach:
    """Makes clients of venues on one loop, through one budget and one inbox, and closes them all."""

    def __init__(
        self, mode: Mode, profile: str, *, priority: Priority = Priority.LIVE, symbols: Iterable[str] = ()
    ) -> None:
        """``symbols`` are watched: what kinds of market they name is listed from the first."""
        self.clock = SystemClock()
        self.budget = SharedBudget(budget_file(mode))
        self.session = network(mode, profile)
        self.inbox = Inbox()
        self.recorder: Recorder | None = None
        self._priority = priority
        self._known: dict[str, Sequence[Listed]] = {}
        self._symbols = tuple(symbols)

    def knows(self, listings: Mapping[str, Sequence[Listed]]) -> None:
        """Take listings that were asked for before, so that they are not asked for again."""
        self._known = dict(listings)

    def client(self, venue: str) -> Client:
        if venue not in PROFILES:
            raise NotFound(
                f"there is no venue {venue[:30]!a}", number=132, hint=f"known: {', '.join(PROFILES)}"
            )
        client = Client(connect(profile_of(venue), session=self.session), self.budget, self.clock)
        client.transport.exchange.timeout_on_exit = (
            0  # it would sleep; what is closed after it is closed by us
        )
        for each in self._known.get(venue, ()):
            client.know(each)
        symbols = () if self._known.get(venue) else self._symbols
        client.want(InstrumentId(f"{symbol.partition('@')[0]}@{venue}") for symbol in symbols)
        return client

    def market(self, venue: str) -> CcxtMarket:
        return CcxtMarket(
            self.client(venue),
            jitter=random.SystemRandom().random,
            recorder=self.recorder.hear if self.recorder is not None else None,
            inbox=self.inbox,
            priority=self._priority,
        )

    async def close(self) -> None:
        self.budget.close()
        if self.session is not None:
            await self.session.close()


@asynccontextmanager
async def live_market(config: Config) -> AsyncIterator[KeptMarket]:
    """Give the market of a live profile, with the store as its memory, for one answer."""
    reach = Reach(config.mode, config.profile, symbols=config.run.symbols)
    joined = JoinedMarket(config.run.venues, reach.market, reach.inbox)
    try:
        async with await MarketStore.open(config.place.market) as store:
            yield KeptMarket(joined, store)
    finally:
        await joined.close()
        await reach.close()


def live_session(
    *,
    profile: str | None = None,
    config_path: str | None = None,
    db: str | None = None,
    for_ms: int | None = None,
    flags: Mapping[str, Any] | None = None,
) -> EngineSession:
    """Start an engine over live markets with paper execution, in a thread of its own; ``flags`` are what was typed."""
    config = load(profile, config_path, db, flags=flags)
    if config.mode not in LIVE_MODES:
        raise UsageError(f"profile {config.profile} has no live market", number=131)
    edits = ConfigWatch(config, lambda: load(profile, config_path, db, flags=flags))
    return _Live(config).session(for_ms, edits)


class _Live:
    """One live session: its venues, stores and lock. Listings are asked for first; all else on the engine's loop."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.ledger = SessionLedger(config.place, run_of(config), continues=True)
        self.listings: dict[str, Sequence[Listed]] = {}
        self.late: dict[str, VenueError] = {}
        """Venues that could not be reached at the start, and why: they are closed until they are."""
        self.arriving: dict[str, asyncio.Future[None]] = {}
        """Venues that were reached after the start and whose past is being read."""
        self.reach: Reach | None = None
        self.market: KeptMarket | None = None
        self._store: MarketStore | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.ledger.acquire()
        try:
            self.desk = LiveDesk(config, asyncio.run(self._list()), self.ledger, thinks_beside=True)
        except BaseException:
            self.ledger.lock.release()
            raise
        mode = config.mode
        note = LOOPBACK_NOTE if mode is Mode.REHEARSAL else LIVE_NOTE
        heard = self.desk.live.heard
        self.pictures = Pictures(
            self.desk.parts.engine, heard, mode, self.ledger.run_id, config.paper.seed, note
        )

    async def _list(self) -> Listing:
        """Ask every venue for its listing; what it answers need not be asked for again."""
        reach = Reach(self.config.mode, self.config.profile, symbols=self.config.run.symbols)
        joined = JoinedMarket(self.config.run.venues, reach.market, reach.inbox)
        try:
            found = await list_desk(self.config, joined)
            for venue, market in joined.markets.items():
                self.listings[venue] = tuple(market.client.by_id.values())
            self.late = dict(joined.missing)
        finally:
            await joined.close()
            await reach.close()
        return found

    def session(self, for_ms: int | None, edits: ConfigWatch) -> EngineSession:
        start = self.desk.clock.now()
        plan = Plan(
            source=self._source(),
            start=start,
            until=None if for_ms is None else start + for_ms,
            prepare=self._open,
            on_exit=self.config.run.on_exit,
        )
        return EngineSession(
            self.config.mode,
            self.desk.live,
            self.pictures,
            plan,
            release=self._release,
            close=self._close,
            fresh=self.desk.parts.assessor.fresh,
            beat=with_config(self.ledger.beat, edits, self.desk.live),
        ).start()

    def _release(self, scope: Scope, reason: str) -> None:
        self.desk.switch.release(scope)

    async def _open(self) -> None:
        await self.desk.take_up()
        self.pictures.taken_up(self.ledger.run_id)
        self._store = await MarketStore.open(self.config.place.market)
        symbols = self.config.run.symbols  # a venue that is reached later has no listing yet
        self.reach = Reach(self.config.mode, self.config.profile, priority=Priority.HISTORY, symbols=symbols)
        self.reach.knows(self.listings)
        self.reach.recorder = Recorder(self._store)
        self.desk.live.spine.keep_series = self.reach.recorder.hear
        self._keeping = asyncio.ensure_future(self.reach.recorder.keep())
        jitter = random.SystemRandom().random
        joined = JoinedMarket(self.config.run.venues, self.reach.market, self.reach.inbox, jitter=jitter)
        joined.late, joined.welcome = dict(self.late), self._welcome
        self.market = KeptMarket(joined, self._store)

    async def _welcome(self, venue: str, found: Sequence[Instrument]) -> Sequence[Feed]:
        """Take in a venue that is reached only now, and read its past behind its prices; return what to listen to."""
        assert self.market is not None  # noqa: S101 - its market is who asks
        assert self.reach is not None  # noqa: S101 - opened together
        for each in self.desk.admit(venue, found):
            now = self.desk.clock.now()
            reason = "its steps are not those of the last session: start again to trade it"
            self.reach.inbox.put(LinkChanged(venue=venue, feed=each.id, up=False, ts=now, reason=reason))
        known = self.desk.parts.engine.state.instruments
        await self.market.store.keep_instruments(each for each in found if each.id in known)
        own = [feed for feed in self.desk.parts.feeds if place_of(feed) == venue]
        self.arriving[venue] = asyncio.ensure_future(self._warm(self.market, own))
        return [feed for feed in self._listened() if place_of(feed) == venue]

    async def _source(self) -> AsyncIterator[Event]:
        """Yield prices and links at once; bars and rates once the past that they build on is in.

        Until then the engine decides nothing of itself. It hears of people, of its account and of the kill flag.
        """
        assert self.market is not None  # noqa: S101 - ``_open`` runs before the source is asked
        warming = asyncio.ensure_future(self._warm(self.market, self.desk.parts.feeds))
        stream = self._ahead_of(warming, self._behind_their_past(self.market.stream(self._listened())))
        begun = self.desk.clock.now()
        for venue, why in self.late.items():
            reason = f"not reached at the start, and asked again: {why.message}"
            yield LinkChanged(venue=venue, up=False, ts=begun, reason=reason)
        try:
            async for event in announced(stream, warming, begun, self.desk.clock.now):
                yield event
        finally:
            for reading in (warming, *self.arriving.values()):
                reading.cancel()

    async def _behind_their_past(self, stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """Yield prices at once, and of a venue that arrives all else, that it is up included, once its past is in.

        That something of it is down is told at once, and what was to say that it is up is then forgotten.
        """
        held: dict[str, list[Event]] = {}
        async for event in stream:
            for venue, reading in list(self.arriving.items()):
                if reading.done():
                    del self.arriving[venue]
                    reading.result()
                    for late in held.pop(venue, ()):
                        yield late
            venue = _told_by(event) if self.arriving else ""
            if venue in self.arriving and not isinstance(event, Quote | Trade | Book):
                waiting = held.setdefault(venue, [])
                if not isinstance(event, LinkChanged) or event.up:
                    waiting.append(event)
                    continue
                waiting[:] = [each for each in waiting if getattr(each, "feed", None) != event.feed]
            yield event

    async def _ahead_of(
        self, warming: asyncio.Future[None], stream: AsyncIterator[Event]
    ) -> AsyncIterator[Event]:
        engine, held = self.desk.parts.engine, list[Event]()
        async for event in stream:
            if engine.waits and warming.done():
                warming.result()
                for late in held:
                    yield late
                held.clear()
                engine.waits = False
            if not engine.waits or isinstance(event, _AT_ONCE):
                yield event
            else:
                held.append(event)

    def _listened(self) -> tuple[Feed, ...]:
        """Return what is listened to: what topics declare, and all that paper fills and the screens are made of."""
        own: list[Feed] = []
        for id in sorted({*self.desk.parts.watched, *self.desk.held()}):
            own += [QuoteFeed(id), BookFeed(id), TradeFeed(id), MarkFeed(id), FundingFeed(id)]
            own.append(CandleFeed(id, MINUTE_MS))
        return stream_feeds((*own, *self.desk.parts.feeds))

    async def _warm(self, market: KeptMarket, feeds: Sequence[Feed]) -> None:
        """Read the past behind the first prices, a slice at a time."""
        state, now = self.desk.parts.engine.state, SystemClock().now()
        await warm_up(state, market, feeds, now, roll=False, pause=_breathe)

    async def _close(self) -> None:
        if self.reach is not None:
            try:
                if self.market is not None:
                    await self.market.market.close()  # type: ignore[attr-defined]
            finally:  # until its sockets are closed a venue is heard, and what is heard is on the tape
                if self.reach.recorder is not None and self._keeping is not None:
                    self.reach.recorder.stop()
                    await self._keeping
            await self.reach.close()
        if self._store is not None:
            await self._store.close()
        await self.ledger.close()


def _told_by(event: Event) -> str:
    """Return the venue that an event of the market comes from, or no name."""
    instrument = getattr(event, "instrument", None)
    if instrument is not None:
        return venue_of(instrument)
    if isinstance(event, VolIndex):
        return INDEX_VENUE
    venue: str = getattr(event, "venue", "")
    return venue


async def _breathe() -> None:
    await asyncio.sleep(0)
