"""The fake venue as its own process: JSON lines on a loopback socket, a request log on disk.

It survives when the engine is killed: ``python -m tests.fakevenue.server --log FILE [--port P] [--seed N] [--rough]``
prints its port and serves until its standard input ends. Every request is written to the log before it is answered,
with the machine's time; the log is the witness that an engine's ledger is compared with.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.fakevenue.core import Request, Resting, Venue
from tests.fakevenue.switchboard import CANCELS, CREATES, SOME, Fault, Switchboard
from tests.fakevenue.walk import STARTS, Walk, instruments
from tests.fakevenue.words import Answer, Ask, Logged, Push
from tradecli import codec
from tradecli.domain.enums import Side
from tradecli.domain.events import AccountEvent, Event, Fill, OrderCanceled
from tradecli.domain.number import plain
from tradecli.domain.order import Order

STEP_MS = 50
PAGE = 100
_MOMENTS = 16
DEPOSIT = Decimal(100_000)


class Server:
    """One venue, its market and everybody who is connected."""

    def __init__(self, log: Path, seed: int, rates: dict[Fault, float], step_ms: int = STEP_MS) -> None:
        self.faults = Switchboard(Random(seed), rates)
        self.venue = Venue("binance", instruments(), Random(seed + 1))
        self.walks = [
            Walk(spec, STARTS[name], Random(seed + 2)) for name, spec in self.venue.instruments.items()
        ]
        self.step_ms = step_ms
        self.version = 0
        self.streams: set[asyncio.StreamWriter] = set()
        self.watchers: set[asyncio.StreamWriter] = set()
        self._hidden: set[str] = set()
        self._lists: dict[int, tuple[tuple[Order, ...], tuple[Fill, ...]]] = {}
        self._held: list[AccountEvent] = []
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.venue.on_request = self._enter
        for walk in self.walks:
            self.venue.quote(walk.spec.id, *walk.move(), now())
        self.venue.deposit(DEPOSIT, now())
        self.venue.tell = self._tell

    # -- the log and the private stream ----------------------------------------------------------------------------

    def _enter(self, request: Request) -> None:
        asked = request.request
        line = Logged(
            ns=time.time_ns(),
            kind=request.kind,
            client_id=request.client_id,
            instrument=asked.instrument if asked else None,
            qty=asked.qty if asked else None,
            answer=request.answer,
        )
        os.write(self._log, codec.encode(line) + b"\n")

    def _tell(self, event: AccountEvent) -> None:
        self.version += 1
        if getattr(event, "client_id", None) in self._hidden or now() < self.faults.silent_until:
            return
        if self.faults.hits(Fault.SILENCE):
            self.faults.silent_until = now() + 1_500
            return
        if self.faults.hits(Fault.DISCONNECT):
            self._hang_up()
            return
        if self.faults.hits(Fault.REORDER) or (
            not isinstance(event, OrderCanceled) and self.faults.hits(Fault.LATE_FILL)
        ):
            self._held.append(event)
            return
        for each in (event, *self._held, *((event,) if self.faults.hits(Fault.DUPLICATE) else ())):
            self._push(self.streams, each)
        self._held.clear()

    def _push(self, to: set[asyncio.StreamWriter], event: Event) -> None:
        line = codec.encode(Push(event)) + b"\n"
        for writer in tuple(to):
            if writer.is_closing():
                to.discard(writer)
            else:
                writer.write(line)

    def _hang_up(self) -> None:
        for writer in self.streams:
            writer.close()
        self.streams.clear()

    # -- the market ------------------------------------------------------------------------------------------------

    async def run_market(self) -> None:
        """Move the market for good."""
        while True:
            await asyncio.sleep(self.step_ms / 1000)
            for walk in self.walks:
                self.venue.quote(walk.spec.id, *walk.move(), now())
                self._push(self.watchers, walk.quote(now()))

    # -- requests --------------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            while line := await reader.readline():
                ask = codec.decode(line, Ask)
                if ask.op in ("stream", "market"):
                    (self.streams if ask.op == "stream" else self.watchers).add(writer)
                    for walk in self.walks if ask.op == "market" else ():
                        self._push({writer}, walk.quote(now()))
                    continue
                answer = await self._answer(ask, writer)
                if answer is not None and not writer.is_closing():
                    writer.write(answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.streams.discard(writer)
            self.watchers.discard(writer)
            writer.close()

    async def _answer(self, ask: Ask, writer: asyncio.StreamWriter) -> bytes | None:
        if ask.op == "create":
            return await self._create(ask, writer)
        if ask.op == "cancel":
            return self._cancel(ask)
        return codec.encode(self._query(ask)) + b"\n"

    async def _create(self, ask: Ask, writer: asyncio.StreamWriter) -> bytes | None:
        assert ask.order is not None
        faults, name = self.faults, ask.order.client_id
        if faults.is_down(now()):
            return _line(Answer(n=ask.n, code="maintenance", reason="back later"))
        fault = faults.one_of(CREATES)
        if fault is Fault.LOST_REQUEST:
            return None
        if fault is Fault.DROPPED_BEFORE:
            writer.close()
            return None
        if fault is Fault.BUSY:
            return _line(Answer(n=ask.n, code="busy", reason="too many requests"))
        if fault is Fault.ERROR_503 and faults.rng.random() < 0.5:
            return _line(Answer(n=ask.n, code="unavailable", reason="503"))
        if fault in (Fault.TIMEOUT_AFTER_ACCEPT, Fault.DROPPED_AFTER):
            self._hidden.add(name)
        made = self.venue.create(ask.order, now())
        self._hidden.discard(name)
        if fault is Fault.DROPPED_AFTER:
            writer.close()
        if fault in (Fault.TIMEOUT_AFTER_ACCEPT, Fault.DROPPED_AFTER):
            return None
        if fault is Fault.ERROR_503:
            return _line(Answer(n=ask.n, code="unavailable", reason="503"))
        if fault is Fault.GARBAGE:
            return b'{"n": %d, "code"\n' % ask.n
        if fault is Fault.LATE_ANSWER:
            await asyncio.sleep(0.3)
        if isinstance(made, Resting):
            return _line(Answer(n=ask.n, venue_id=made.venue_id))
        return _line(Answer(n=ask.n, code=made[0], reason=made[1]))

    def _cancel(self, ask: Ask) -> bytes | None:
        fault = self.faults.one_of(CANCELS)
        if self.faults.is_down(now()):
            return _line(Answer(n=ask.n, code="maintenance", reason="back later"))
        if fault is Fault.CANCEL_LOST:
            return None
        if fault is Fault.CANCEL_NOT_FOUND:
            return _line(Answer(n=ask.n, code="not_found", reason="no open order of this id"))
        if fault is Fault.FILL_RACES_CANCEL:
            self._fill_now(ask.client_id)
        if fault is Fault.CANCEL_REPLY_LOST:
            self._hidden.add(ask.client_id)
        ended = self.venue.cancel(ask.client_id, now())
        self._hidden.discard(ask.client_id)
        if fault is Fault.CANCEL_REPLY_LOST:
            return None
        return _line(Answer(n=ask.n, code="" if ended else "not_found"))

    def _fill_now(self, client_id: str) -> None:
        for order in self.venue.orders.get(client_id, ()):
            price, name = order.request.price, order.request.instrument
            if order.venue_id in self.venue.open and price is not None:
                before, tick = self.venue.quotes[name], self.venue.instruments[name].tick
                buy = order.request.side is Side.BUY
                self.venue.quote(name, *((price - tick, price) if buy else (price, price + tick)), now())
                self.venue.quotes[name] = before
                return

    def _query(self, ask: Ask) -> Answer:
        venue, faults = self.venue, self.faults
        if ask.op == "faults":
            faults.armed = bool(ask.rates)
            faults.rates = {Fault(name): rate for name, rate in (ask.rates or {}).items()}
            if ask.forced:
                faults.force(Fault(ask.forced))
            return Answer(n=ask.n, counts=dict(faults.counts))
        if ask.op == "truth":
            every = tuple(order.as_order() for orders in venue.orders.values() for order in orders)
            return self._account(ask, every, tuple(venue.fills), more=False)
        if ask.op == "instruments":
            return Answer(n=ask.n, instruments=tuple(venue.instruments.values()))
        if faults.is_down(now()):
            return Answer(n=ask.n, code="maintenance", reason="back later")
        if ask.op == "find":
            return self._find(ask)
        if faults.hits(Fault.SNAPSHOT_FAILS) or (ask.page and faults.hits(Fault.PARTIAL_PAGE)):
            return Answer(n=ask.n, code="unavailable", reason="503")
        if ask.op == "account":
            self._lists[self.version] = (venue.snapshot(now()).open_orders, tuple(venue.fills))
            while len(self._lists) > _MOMENTS:
                del self._lists[next(iter(self._lists))]
            return self._account(ask, (), (), more=False)
        return self._page(ask)

    def _page(self, ask: Ask) -> Answer:
        """Return one page of a list as it stood when the account was asked for."""
        lists = self._lists.get(ask.version)
        if lists is None:
            return Answer(n=ask.n, code="expired", reason="that moment is too long ago")
        orders, fills = lists
        part = slice(ask.page * PAGE, (ask.page + 1) * PAGE)
        if ask.op == "open":
            page, more = orders[part], len(orders) > part.stop
            if page and self.faults.hits(Fault.FLICKERING_LIST):
                page = page[1:]
            return Answer(n=ask.n, orders=page, more=more, version=ask.version)
        return Answer(n=ask.n, fills=fills[part], more=len(fills) > part.stop, version=ask.version)

    def _find(self, ask: Ask) -> Answer:
        if self.faults.hits(Fault.LOOK_UP_FAILS):
            return Answer(n=ask.n, code="unavailable", reason="503")
        found = self.venue.find(ask.client_id)
        if found and now() - found[0].created_at < 500 and self.faults.hits(Fault.READ_LAG):
            found = ()
        return Answer(n=ask.n, orders=found)

    def _account(self, ask: Ask, orders: tuple, fills: tuple, *, more: bool) -> Answer:  # type: ignore[type-arg]
        return Answer(
            n=ask.n,
            orders=orders,
            fills=fills,
            income=tuple(self.venue.income),
            positions=self.venue.positions(),
            balances={"USDT": plain(self.venue.balance)},
            more=more,
            version=self.version,
            counts=self.faults.counts | {"streams": len(self.streams)},
        )


def now() -> int:
    return time.time_ns() // 1_000_000


def _line(answer: Answer) -> bytes:
    return codec.encode(answer) + b"\n"


def _end_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


async def _main(options: argparse.Namespace) -> None:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # clients that are killed are what this is for
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    server = Server(options.log, options.seed, dict(SOME) if options.rough else {}, options.step_ms)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", options.port, limit=1 << 24)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await server.run_market()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step-ms", type=int, default=STEP_MS)
    parser.add_argument("--rough", action="store_true")
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
