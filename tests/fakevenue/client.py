"""The ports over the fake venue's socket: ``SocketExecution`` and ``SocketMarket``.

One request, one line, sent once: the gate is asked when the connection is ready, right before the bytes. A definite
answer becomes an event of the stream; anything else raises, and what it means for the order is not decided here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import count

from tests.fakevenue.words import Answer, Ask, read_push
from tradecli import codec
from tradecli.domain.events import AccountEvent, Event, OrderAccepted, OrderRejected
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import MarketEvent
from tradecli.domain.order import Approved, Order
from tradecli.errors import BadPayload, RateLimited, Unavailable
from tradecli.ports import AccountSnapshot, Clock, Gate

VENUE = "binance"
DEFINITE = frozenset(
    ["tick", "lot", "min_notional", "post_only", "reduce_only", "bad_order", "no_instrument", "maintenance"]
)
"""Codes that say: this order does not exist here. Whatever is not in the table is ambiguous."""
_TIMEOUT_S = 1.0
_LONGEST_LINE = 1 << 24


class Connection:
    """Requests and their answers over one socket, opened when needed and again after it broke."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._numbers = count(1)
        self._reading: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    async def ready(self) -> asyncio.StreamWriter:
        """Return an open connection."""
        async with self._opening:
            if self._writer is None or self._writer.is_closing():
                try:
                    reader, self._writer = await asyncio.open_connection(
                        "127.0.0.1", self.port, limit=_LONGEST_LINE
                    )
                except OSError as error:
                    raise Unavailable(f"cannot connect: {error}", venue=VENUE) from error
                self._reading = asyncio.create_task(self._read(reader, self._writer))
            return self._writer

    async def ask(
        self,
        before: Callable[[], bool] | None = None,
        after: Callable[[], None] = lambda: None,
        **words: object,
    ) -> Answer | None:
        """Send one request and return its answer; None when ``before`` said no, and then nothing was sent.

        ``after`` is called once the bytes have left.
        """
        writer = await self.ready()
        ask = Ask(n=next(self._numbers), **words)  # type: ignore[arg-type]
        line = codec.encode(ask) + b"\n"
        if before is not None and not before():
            return None
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[ask.n] = answer
        try:
            writer.write(line)
            async with asyncio.timeout(_TIMEOUT_S):
                await writer.drain()
                after()
                return await answer
        except (TimeoutError, ConnectionError) as error:
            raise Unavailable(f"{ask.op}: {type(error).__name__}", venue=VENUE) from error
        finally:
            self._waiting.pop(ask.n, None)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reason: Exception = Unavailable("the connection broke", venue=VENUE)
        try:
            while line := await reader.readline():
                answer = codec.decode(line, Answer)
                waiting = self._waiting.get(answer.n)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except ValueError:
            reason = BadPayload("an answer cannot be read", venue=VENUE)
        except ConnectionError:
            pass
        finally:
            writer.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(reason)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._reading is not None:
            self._reading.cancel()


def _check(answer: Answer | None) -> Answer:
    assert answer is not None
    if answer.code == "busy":
        raise RateLimited(answer.reason, venue=VENUE, retry_after_s=0.2)
    if answer.code:
        raise Unavailable(f"{answer.code}: {answer.reason}", venue=VENUE)
    return answer


class SocketExecution:
    """The Execution port. ``point`` is called at named moments, ``clock`` stamps what it tells itself."""

    validity_ms = 1_000
    settle_ms = 1_000

    def __init__(self, port: int, clock: Clock, point: Callable[[str], None] = lambda name: None) -> None:
        self.connection = Connection(port)
        self.port = port
        self.clock = clock
        self.point = point
        self._told: asyncio.Queue[AccountEvent | None] = asyncio.Queue()

    async def submit(self, order: Approved, gate: Gate) -> None:
        name = order.client_id

        def may_go() -> bool:
            self.point("connected")
            return gate() is None

        answer = await self.connection.ask(may_go, lambda: self.point("left"), op="create", order=order)
        if answer is None:
            return
        self.point("replied")
        now = self.clock.now()
        if (
            not answer.code or answer.code == "duplicate"
        ):  # a duplicate id proves that the order is there (V02)
            self._told.put_nowait(OrderAccepted(client_id=name, ts=now, venue_id=answer.venue_id or None))
        elif answer.code in DEFINITE:
            self._told.put_nowait(
                OrderRejected(client_id=name, ts=now, code=answer.code, reason=answer.reason)
            )
        else:
            _check(answer)

    async def cancel(self, client_id: str) -> None:
        answer = await self.connection.ask(op="cancel", client_id=client_id)
        if answer is not None and answer.code != "not_found":  # which confirms nothing (N14)
            _check(answer)

    async def find(self, client_id: str) -> tuple[Order, ...]:
        return _check(await self.connection.ask(op="find", client_id=client_id)).orders

    async def account(self) -> AccountSnapshot:
        """Return the whole account: every page of the same moment, or nothing."""
        whole = _check(await self.connection.ask(op="account"))
        orders = [order for page in await self._pages("open", whole.version) for order in page.orders]
        fills = [fill for page in await self._pages("fills", whole.version) for fill in page.fills]
        income = {"income": whole.income} if "income" in AccountSnapshot.__struct_fields__ else {}
        return AccountSnapshot(
            venue=VENUE,
            ts=self.clock.now(),
            balances=whole.balances,
            positions=whole.positions,
            open_orders=tuple(orders),
            fills=tuple(fills),
            **income,  # type: ignore[arg-type]
        )

    async def _pages(self, op: str, version: int) -> list[Answer]:
        pages: list[Answer] = []
        while not pages or pages[-1].more:
            answer = await self.connection.ask(op=op, page=len(pages), version=version)
            pages.append(_check(answer))
        return pages

    async def stream(self) -> AsyncIterator[AccountEvent]:
        """Yield what the venue pushes and what answers said; raises when the connection ends."""
        reading = asyncio.create_task(self._hear())
        try:
            while (event := await self._told.get()) is not None:
                yield event
            raise Unavailable("the private stream broke", venue=VENUE)
        finally:
            reading.cancel()

    async def _hear(self) -> None:
        try:
            async for event in pushes(self.port, "stream"):
                self._told.put_nowait(event)  # type: ignore[arg-type]
        except (OSError, ValueError):
            pass
        self._told.put_nowait(None)


class SocketMarket:
    """The MarketData port: instruments and quotes; there is no past."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def instruments(self) -> Sequence[Instrument]:
        connection = Connection(self.port)
        try:
            return _check(await connection.ask(op="instruments")).instruments
        finally:
            await connection.close()

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        return ()

    async def stream(self, feeds: Iterable[Feed] = ()) -> AsyncIterator[Event]:
        while True:
            try:
                async for event in pushes(self.port, "market"):
                    yield event
            except OSError:
                pass
            await asyncio.sleep(0.1)


async def pushes(port: int, op: str) -> AsyncIterator[Event]:
    """Yield what one stream carries until its connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_LINE)
    try:
        writer.write(codec.encode(Ask(n=0, op=op)) + b"\n")
        while line := await reader.readline():
            yield read_push(line)
    finally:
        writer.close()
