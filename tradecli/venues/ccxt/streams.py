"""Sockets of one venue kept fed: subscribed, watched for silence, reopened with jitter, and replaced by HTTP meanwhile.

Theory of operation. What is listened to is grouped by socket. Each socket has one task: it subscribes, then waits until
the connection is lost, the venue refuses, or a stream is silent beyond its deadline; then it says that the link is
down and why, waits a growing and jittered while, and opens it again. Nothing is believed up before data come. While a
socket is down its prices are asked for over HTTP, so that the screen is not blind; the link stays down all the same,
and no new risk is taken on such prices. After a reconnect the gap in prints and bars is asked for once.

What a venue does not stream is polled. Everything heard goes to ``hear`` (``ears``), which proves and hands it on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tradecli.domain.budget import Priority
from tradecli.domain.events import LinkChanged
from tradecli.domain.feed import MINUTE_MS
from tradecli.errors import VenueError
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.ears import Ears, Stream
from tradecli.venues.ccxt.profile import Kind, Listed, Question, Said
from tradecli.venues.ccxt.reading import UNREADABLE
from tradecli.venues.ccxt.room import give_back
from tradecli.venues.ccxt.transport import LARGEST_MESSAGE, plain

log = logging.getLogger(__name__)

CHANNELS_PER_SOCKET = 100
CLOSE_S = 0.5
FALLBACK = (Kind.QUOTE, Kind.BOOK, Kind.MARK, Kind.TRADES)


DEADLINES: Mapping[Kind, int] = {
    Kind.BOOK: 15_000,
    Kind.QUOTE: 15_000,
    Kind.MARK: 15_000,
    Kind.TRADES: 300_000,
    Kind.CANDLES: 150_000,
    Kind.FUNDING: 180_000,
    Kind.INTEREST: 180_000,
    Kind.VOL_INDEX: 120_000,
    Kind.GREEKS: 60_000,
}
"""How long a stream may be silent, in milliseconds; where one channel serves several kinds, the shortest holds."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How patient the supervisor is, all in milliseconds."""

    deadlines: Mapping[Kind, int] = msgspec.field(default_factory=lambda: DEADLINES)
    look_ms: int = 500
    first_wait_ms: int = 250
    longest_wait_ms: int = 30_000
    fallback_ms: int = 5_000
    poll_ms: int = MINUTE_MS
    listing_ms: int = 5 * MINUTE_MS
    bar_lag_ms: int = 1_500
    room_ms: int = MINUTE_MS


class Item(NamedTuple):
    """One thing listened to."""

    kind: Kind
    listed: Listed | None
    currency: str
    interval_ms: int

    @property
    def stream(self) -> Stream:
        return Stream(self.kind, str(self.listed.id) if self.listed is not None else self.currency)


class Socket:
    """One connection and what comes over it; its symbols are looked up among ``spelled``."""

    def __init__(self, url: str, number: int, spelled: Mapping[str, Listed]) -> None:
        self.url = url
        self.number = number
        self.spelled = spelled
        self.channels: dict[str, list[Item]] = {}
        self.attempt = 0
        self.up = False
        self.ever_up = False
        self.reason = ""
        self.refused = ""
        self.heard_at = -1

    @property
    def items(self) -> list[Item]:
        return [item for items in self.channels.values() for item in items]


class Streams:
    """Run with ``run``; it ends when it is cancelled. ``ears`` takes in what is heard."""

    def __init__(
        self, client: Client, items: Sequence[Item], ears: Ears, jitter: Callable[[], float], pace: Pace
    ) -> None:
        self.client = client
        self.ears = ears
        self.pace = pace
        self._jitter = jitter
        self.sockets: dict[str, Socket] = {}
        self.polled: list[Item] = []
        self.messages = 0
        """What the sockets brought so far."""
        self._read_depth = client.profile.depth
        self._steady = client.clock.monotonic
        self._filling: dict[str, asyncio.Task[None]] = {}
        self._ids = 0
        for item in dict.fromkeys(items):
            self._place(item)
        client.transport.exchange.tap = self.tap
        ears.resync = self._resync

    def _place(self, item: Item) -> None:
        """Put an item on its socket, or among the polled where there is no channel for it."""
        channel = self.client.profile.channel(item.kind, item.listed, item.currency, item.interval_ms)
        if channel is None:
            self.polled.append(item)
            return
        number = 0
        while True:
            url = _numbered(channel.url, number)
            socket = self.sockets.setdefault(url, Socket(url, number, self._spelled(item.listed)))
            if channel.name in socket.channels or len(socket.channels) < CHANNELS_PER_SOCKET:
                socket.channels.setdefault(channel.name, []).append(item)
                return
            number += 1

    def _spelled(self, listed: Listed | None) -> Mapping[str, Listed]:
        return self.client.spelled("" if listed is None else self.client.profile.product_of(listed.id))

    async def run(self) -> None:
        """Keep every socket and every poll going until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for socket in self.sockets.values():
                    tasks.create_task(self._keep(socket))
                for item in self.polled:
                    tasks.create_task(self._poll(item))
                tasks.create_task(self._watch_listing())
                tasks.create_task(self._keep_slim())
        finally:
            for filling in self._filling.values():
                filling.cancel()

    # -- sockets ---------------------------------------------------------------------------------------------------

    def tap(self, url: str, data: str | bytes) -> bool:
        """Hear a message of a socket; False lets ccxt have it, which needs its own pongs."""
        self.messages += 1
        if len(data) > LARGEST_MESSAGE:
            self.ears.refuse(f"a message of {len(data)} characters")
            return True
        socket = self.sockets.get(url)
        spelled = self.client.by_symbol if socket is None else socket.spelled
        try:
            depth = self._read_depth(data)
            heard = () if depth is not None else self.client.profile.decode(data, spelled.get)
        except UNREADABLE as error:
            self.ears.refuse(str(error)[:160])
            return True
        if depth is not None:
            now = self._steady()
            if socket is not None:
                socket.heard_at = now
            self.ears.hear_depth(depth, now, spelled)
            return True
        for each in heard:
            if not isinstance(each, Said):
                self.ears.hear(each)
            elif each.text == "pong":
                return False
            elif not each.ok and socket is not None:
                socket.refused = each.text
        if socket is not None and not (heard and isinstance(heard[0], Said)):
            socket.heard_at = self.client.clock.monotonic()
        return True

    async def _keep(self, socket: Socket) -> None:
        """Open a socket, watch it, and open it again when it is lost."""
        fallback: asyncio.Task[None] | None = None
        try:
            while True:
                lost = self._open(socket)
                reason = await self._watch(socket, lost)
                self._down(socket, reason)
                if fallback is None or fallback.done():
                    fallback = asyncio.ensure_future(self._stand_in(socket))
                await self._drop(socket)
                socket.attempt += 1
                await asyncio.sleep(self._wait_ms(socket.attempt) / 1000)
        finally:
            if fallback is not None:
                fallback.cancel()

    def _open(self, socket: Socket) -> Any:
        """Subscribe to everything of a socket over ccxt's connection; the future breaks when that is lost."""
        socket.refused = ""
        now = self.client.clock.monotonic()
        for item in socket.items:
            self.ears.heard_at[item.stream] = now
        self._ids += 1
        message = self.client.profile.subscribe(tuple(socket.channels), self._ids, True)
        exchange = self.client.transport.exchange
        return exchange.watch_multiple(socket.url, ["link"], message, [f"all-{self._ids}"], True)

    async def _watch(self, socket: Socket, lost: Any) -> str:
        """Return why a socket must be opened again, as soon as it must."""
        opened = self.client.clock.monotonic()
        while True:
            done, _ = await asyncio.wait({lost}, timeout=self.pace.look_ms / 1000)
            if done:
                error = lost.exception() if not lost.cancelled() else None
                return plain(error) if error is not None else "connection closed"
            if socket.refused:
                return f"refused: {socket.refused}"
            silent = self._silent(socket, opened)
            if silent:
                return silent

    def _silent(self, socket: Socket, opened: int) -> str:
        """Say which stream of a socket is silent beyond its deadline; note that a link is up once it has spoken."""
        now = self.client.clock.monotonic()
        for items in socket.channels.values():
            at = max(self.ears.heard_at.get(item.stream, opened) for item in items)
            if all(item.kind is Kind.CANDLES for item in items):
                at = max(at, socket.heard_at)  # bars that have not closed say nothing, but show that it lives
            if at > opened and not socket.up:
                self._up(socket)
            deadline = min(self._deadline(item) for item in items)
            if now - at > deadline:
                stream = items[0].stream
                return f"no {stream.kind} of {stream.subject} for {(now - at) / 1000:.0f} s"
        return ""

    def _deadline(self, item: Item) -> int:
        """Return how long a stream may be silent: the book of an option may stand still for minutes."""
        instrument = item.listed.instrument if item.listed is not None else None
        kind = Kind.TRADES if instrument is not None and instrument.strike is not None else item.kind
        return self.pace.deadlines.get(kind, MINUTE_MS)

    def _up(self, socket: Socket) -> None:
        again, socket.up, socket.ever_up = socket.ever_up, True, True
        socket.attempt, socket.reason = 0, ""
        self._tell()
        if again:
            self._filling[socket.url] = asyncio.ensure_future(self._fill(socket))

    def _down(self, socket: Socket, reason: str) -> None:
        socket.up, socket.reason = False, reason
        for item in socket.items:
            if item.kind is Kind.BOOK and item.listed is not None:
                self.ears.distrust(item.listed.id, reason)
        self._tell()

    def _tell(self) -> None:
        """Say whether the venue can be relied on: only while every socket of it is up."""
        down = [socket for socket in self.sockets.values() if not socket.up]
        known = [socket for socket in down if socket.reason]
        if not down or known:
            reason = f"{known[0].reason}; prices are asked for over HTTP" if known else ""
            venue, now = self.client.profile.name, self.client.clock.now()
            self.ears.say(LinkChanged(venue=venue, up=not down, ts=now, reason=reason))

    async def _drop(self, socket: Socket) -> None:
        """Forget a connection, so that the next subscription makes a new one."""
        client = self.client.transport.exchange.clients.pop(socket.url, None)
        if client is not None:
            try:
                # A dead peer does not answer a farewell; wait_for would lose a cancellation that comes with it (3.11).
                async with asyncio.timeout(CLOSE_S):
                    await client.close()
            except Exception as error:  # closing what is broken may break: it is gone either way
                log.info("%s: closing a socket: %s", self.client.profile.name, plain(error))

    def _wait_ms(self, attempt: int) -> float:
        """Return the wait before an attempt: doubled each time up to a limit, and half of it by chance (N06)."""
        longest = min(self.pace.first_wait_ms << min(attempt - 1, 10), self.pace.longest_wait_ms)
        return longest * (0.5 + 0.5 * self._jitter())

    # -- over HTTP -------------------------------------------------------------------------------------------------

    async def _stand_in(self, socket: Socket) -> None:
        """Ask for the prices of a socket while it is down."""
        while not socket.up:
            await asyncio.sleep(self.pace.fallback_ms / 1000)
            for item in socket.items:
                if item.kind in FALLBACK and not socket.up:
                    await self._ask(item)

    async def _poll(self, item: Item) -> None:
        """Ask again and again for what is not streamed: bars when they have closed, the rest each minute."""
        while True:
            await self._ask(item)
            if item.kind is Kind.CANDLES:
                now = self.client.clock.now()
                wait = item.interval_ms - now % item.interval_ms + self.pace.bar_lag_ms
            else:
                wait = self.pace.poll_ms
            await asyncio.sleep(wait / 1000)

    async def _watch_listing(self) -> None:
        """Look now and then whether the venue still trades what is listened to (D16)."""
        watched = {item.listed.id for socket in self.sockets.values() for item in socket.items if item.listed}
        while True:
            await asyncio.sleep(self.pace.listing_ms / 1000)
            try:
                await self.client.relist()
            except VenueError as error:
                log.info("%s: listing: %s", self.client.profile.name, error.message)
                continue
            for id in sorted(watched):
                self.ears.halt(self.client.listed(id))

    async def _keep_slim(self) -> None:
        """Let go each minute of the room that messages took in passing, of which the allocator keeps a little."""
        while True:
            await asyncio.sleep(self.pace.room_ms / 1000)
            give_back()

    async def _ask(self, item: Item) -> None:
        """Ask for one item and hear the answer; what fails is said once and tried again later."""
        now = self.client.clock.now()
        since = now - now % item.interval_ms - 3 * item.interval_ms if item.kind is Kind.CANDLES else None
        kind = item.kind
        question = Question(
            kind=kind,
            listed=item.listed,
            currency=item.currency,
            interval_ms=item.interval_ms,
            since=since,
            until=now if since is not None else None,
            limit=20 if kind in (Kind.BOOK, Kind.TRADES) else 0,
        )
        try:
            heard = await self.client.ask(question, Priority.LIVE)
        except VenueError as error:
            self.ears.fail(item.stream, error.message)
            return
        for each in heard:
            self.ears.hear(each, over_http=True)

    async def _fill(self, socket: Socket) -> None:
        """After a reconnect, ask once for the prints and bars that were missed."""
        for item in socket.items:
            if item.kind in (Kind.TRADES, Kind.CANDLES):
                await self._ask(item)

    async def _resync(self, listed: Listed) -> None:
        """Get a whole book again: over HTTP where snapshots come so, otherwise by subscribing anew."""
        if self.client.profile.rest_snapshots:
            heard = await self.client.ask(Question(kind=Kind.BOOK, listed=listed))
            for each in heard:
                self.ears.hear(each)
            return
        for socket in self.sockets.values():
            for name, items in socket.channels.items():
                if any(item.kind is Kind.BOOK and item.listed == listed for item in items):
                    await self._subscribe_anew(socket, name)

    async def _subscribe_anew(self, socket: Socket, name: str) -> None:
        connection = self.client.transport.exchange.clients.get(socket.url)
        if connection is None or connection.closed():
            return  # the socket's own task opens it again, and that brings a snapshot
        for on in (False, True):
            self._ids += 1
            await connection.send(self.client.profile.subscribe((name,), self._ids, on))


def _numbered(url: str, number: int) -> str:
    """Return the address of a venue's next socket: Binance counts them in the path, others tell them apart by us."""
    if number == 0:
        return url
    return f"{url.removesuffix('/0')}/{number}" if url.endswith("/0") else f"{url}?n={number}"
