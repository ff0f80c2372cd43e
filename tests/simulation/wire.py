"""The way to the twin and back: an Execution whose every call and every event goes through a fault switchboard.

What a fault does is decided by the seed; ``Switchboard.armed`` is False in the healing phase, and then everything
arrives, once, in order.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

import msgspec

from tests.fakes.virtual import VirtualClock
from tests.fakevenue.core import Venue, nobody
from tradecli.domain.events import AccountEvent, OrderCanceled, OrderVoided
from tradecli.domain.order import Approved, Order
from tradecli.errors import BadPayload, RateLimited, Unavailable
from tradecli.ports import AccountSnapshot, Gate

CREATE = ("timeout_after_accept", "lost_request", "busy_429", "error_503", "garbage_body", "late_answer")


class Killed(BaseException):
    """The process of this engine was killed here: nothing of it runs on."""


class Switchboard:
    """Which faults happen, by chance and by rate; ``counts`` says how often each did."""

    def __init__(self, rng: Random, rates: dict[str, float]) -> None:
        self.rng = rng
        self.rates = rates
        self.armed = True
        self.counts: Counter[str] = Counter()
        self.down_until = 0
        self.silent_until = 0

    def hits(self, name: str) -> bool:
        if not self.armed or self.rng.random() >= self.rates.get(name, 0.0):
            return False
        self.counts[name] += 1
        return True

    def one_of(self, names: tuple[str, ...]) -> str | None:
        return next((name for name in names if self.hits(name)), None)


class Line:
    """One engine's private stream: events with the time at which they arrive."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.waiting: list[tuple[int, int, AccountEvent]] = []
        self.changed = asyncio.Event()
        self.cut = False
        self.number = 0

    def put(self, event: AccountEvent, at: int) -> None:
        self.number += 1
        heappush(self.waiting, (at, self.number, event))
        self.changed.set()


class Wire:
    """Everything between engines and one twin."""

    def __init__(self, twin: Venue, clock: VirtualClock, faults: Switchboard) -> None:
        self.twin = twin
        self.clock = clock
        self.faults = faults
        self.line: Line | None = None
        self.held_back: list[AccountEvent] = []
        self.last_at = 0
        self.at_venue: Callable[[AccountEvent], None] = nobody
        twin.tell = self.tell

    def tell(self, event: AccountEvent) -> None:
        """Send an event down the private stream, as far as there is one."""
        self.at_venue(event)
        line, faults, now = self.line, self.faults, self.clock.now()
        if line is None or line.cut:
            return
        at = max(now + faults.rng.randint(1, 40), self.last_at)
        if now < faults.silent_until:
            at = max(at, faults.silent_until)
        if faults.hits("reorder"):
            at += faults.rng.randint(50, 800)
        else:
            self.last_at = at
        if isinstance(event, OrderCanceled) and faults.hits("late_fill_after_cancel"):
            at = now  # the cancel overtakes the fills before it
        line.put(event, at)
        if faults.hits("duplicate"):
            line.put(event, at + faults.rng.randint(0, 500))

    def cut(self) -> None:
        """Break the private stream; what was on its way is gone."""
        if self.line is not None:
            self.line.cut = True
            self.line.changed.set()
            self.line = None


class WiredExecution:
    """The Execution port of one engine process; ``dead`` once that process was killed."""

    validity_ms = 2_000
    settle_ms = 8_000

    def __init__(self, wire: Wire, watch: Any) -> None:
        self.wire = wire
        self.twin = wire.twin
        self.watch = watch
        self.dead = False

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    async def _travel(self, least: int = 5, most: int = 60) -> None:
        clock = self.wire.clock
        await clock.sleep_until(clock.now() + self.wire.faults.rng.randint(least, most))
        self._alive()

    def _down(self) -> None:
        if self.wire.clock.now() < self.wire.faults.down_until:
            self.wire.faults.counts["maintenance"] += 1
            raise Unavailable("maintenance", venue=self.twin.name)

    async def submit(self, order: Approved, gate: Gate) -> None:
        self._alive()
        faults, name = self.wire.faults, self.twin.name
        await self._travel(1, 20)
        reason = gate()
        if reason is not None:
            self.wire.tell(OrderVoided(client_id=order.client_id, ts=self.wire.clock.now(), reason=reason))
            return
        self.watch.leaving(order, self.wire.clock.now())
        self.watch.point("bytes.left")
        self._down()
        fault = faults.one_of(CREATE)
        if fault == "lost_request":
            raise Unavailable("the connection broke", venue=name)
        if fault == "busy_429":
            raise RateLimited("too many requests", venue=name, retry_after_s=1.0)
        if fault == "error_503" and faults.rng.random() < 0.5:
            raise Unavailable("503", venue=name)
        if fault == "timeout_after_accept":
            line, self.wire.line = self.wire.line, None
            self.twin.create(order, self.wire.clock.now())
            self.wire.line = line
            await self._travel(11_000, 12_000)
            return
        self.twin.create(order, self.wire.clock.now())
        if fault == "error_503":
            raise Unavailable("503", venue=name)
        if fault == "garbage_body":
            raise BadPayload("not JSON", venue=name)
        self.watch.point("venue.took")
        await self._travel(*((1_000, 4_000) if fault == "late_answer" else (5, 40)))

    async def cancel(self, client_id: str) -> None:
        self._alive()
        await self._travel()
        self._down()
        faults = self.wire.faults
        if faults.hits("cancel_lost"):
            raise Unavailable("the connection broke", venue=self.twin.name)
        if faults.hits("fill_races_cancel"):
            for order in self.twin.orders.get(client_id, ()):
                if order.venue_id in self.twin.open and order.request.price is not None:
                    price, spec = order.request.price, self.twin.instruments[order.request.instrument]
                    before = self.twin.quotes[order.request.instrument]
                    buy = order.request.side.sign > 0
                    reach = (price - spec.tick, price) if buy else (price, price + spec.tick)
                    self.twin.quote(order.request.instrument, *reach, self.wire.clock.now())
                    self.twin.quotes[order.request.instrument] = before
                    break
        lost = faults.hits("cancel_reply_lost")
        if client_id.startswith("no-such") or not lost:
            self.twin.cancel(client_id, self.wire.clock.now())
        else:
            line, self.wire.line = self.wire.line, None
            self.twin.cancel(client_id, self.wire.clock.now())
            self.wire.line = line
        await self._travel()

    async def find(self, client_id: str) -> tuple[Order, ...]:
        self._alive()
        await self._travel()
        self._down()
        faults, now = self.wire.faults, self.wire.clock.now()
        if faults.hits("look_up_fails"):
            raise Unavailable("503", venue=self.twin.name)
        found = self.twin.find(client_id)
        if found and now - found[0].created_at < self.settle_ms and faults.hits("read_lag"):
            return ()
        return found

    async def account(self) -> AccountSnapshot:
        self._alive()
        await self._travel()
        self._down()
        faults = self.wire.faults
        if faults.hits("partial_page"):
            raise BadPayload("the second page did not come", venue=self.twin.name)
        if faults.hits("snapshot_fails"):
            raise Unavailable("503", venue=self.twin.name)
        snapshot = self.twin.snapshot(self.wire.clock.now())
        if snapshot.open_orders and faults.hits("flickering_list"):
            return trimmed(snapshot, faults.rng.choice(snapshot.open_orders).client_id)
        return snapshot

    async def stream(self) -> AsyncIterator[AccountEvent]:
        self._alive()
        self._down()
        line = self.wire.line = Line(self.wire)
        clock = self.wire.clock
        while True:
            while line.waiting and line.waiting[0][0] <= clock.now():
                self._alive()
                yield heappop(line.waiting)[2]
            if line.cut:
                raise Unavailable("the private stream broke", venue=self.twin.name)
            line.changed.clear()
            if line.waiting:
                wait = (line.waiting[0][0] - clock.now()) / 1000
                try:
                    async with asyncio.timeout(wait):
                        await line.changed.wait()
                except TimeoutError:
                    pass
            else:
                await line.changed.wait()
            self._alive()


def trimmed(snapshot: AccountSnapshot, gone: str) -> AccountSnapshot:
    """Return a snapshot whose list of open orders lacks one: what a flickering list shows (V04)."""
    kept = tuple(order for order in snapshot.open_orders if order.client_id != gone)
    return msgspec.structs.replace(snapshot, open_orders=kept)
