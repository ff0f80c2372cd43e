"""``PaperExecution``: the Execution port over a ``PaperVenue`` of one venue, on a real clock.

It owns the waiting: outcomes are handed out when the clock reaches their time. It must not decide anything about an
order, and it makes no signed request, because it makes no request (INV-19).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from tradecli.domain.events import AccountEvent, OrderVoided
from tradecli.domain.market import MarketEvent
from tradecli.domain.order import Approved, Order
from tradecli.ports import AccountSnapshot, Clock, Gate
from tradecli.venues.paper.venue import PaperVenue


class PaperExecution:
    """Orders of one venue, filled on paper. ``on_market`` feeds it the venue's market events."""

    validity_ms = 5_000
    settle_ms = 1_000

    def __init__(self, paper: PaperVenue, venue: str, clock: Clock) -> None:
        if paper.venues != (venue,):
            raise ValueError(f"a paper execution is for one venue: {venue}, not {', '.join(paper.venues)}")
        self._paper = paper
        self._venue = venue
        self._clock = clock
        self._ready: deque[AccountEvent] = deque()
        self._changed = asyncio.Event()
        self._awaited: int | None = None

    def restore(self, snapshot: AccountSnapshot) -> None:
        """Take up the account where an earlier process left it, before the stream is asked for."""
        self._paper.restore(snapshot)

    async def submit(self, order: Approved, gate: Gate) -> None:
        """Take the last look and send; a gate that says no makes the order void, and nothing is sent."""
        now = self._clock.now()
        reason = gate()
        if reason is None:
            self._paper.submit(order, now)
        else:
            self._ready.append(OrderVoided(client_id=order.client_id, ts=now, reason=reason))
        self._changed.set()

    async def cancel(self, client_id: str) -> None:
        self._paper.cancel(client_id, self._clock.now())
        self._changed.set()

    async def find(self, client_id: str) -> tuple[Order, ...]:
        """Return the working or finished order of this id; orders that were refused are not kept."""
        return self._paper.find(self._venue, client_id, self._clock.now())

    async def account(self) -> AccountSnapshot:
        return self._paper.snapshot(self._venue, self._clock.now())

    def on_market(self, event: MarketEvent) -> None:
        """Match our orders against a market event that is known now."""
        self._paper.on_market(event, self._clock.now())
        if self._paper.next_at() != self._awaited:
            self._changed.set()

    async def stream(self) -> AsyncIterator[AccountEvent]:
        """Yield outcomes when their time has come; it ends only by cancellation."""
        self._ready.extend(self._paper.deposits(self._clock.now()))
        while True:
            self._changed.clear()
            self._ready.extend(self._paper.due(self._clock.now()))
            while self._ready:
                yield self._ready.popleft()
            if not self._changed.is_set():
                self._awaited = self._paper.next_at()
                await self._wait(self._awaited)

    async def _wait(self, until: int | None) -> None:
        """Wait for the next outcome's time, or for something that may bring it forward."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._changed.wait())]
        if until is not None:
            waits.append(asyncio.create_task(self._sleep(until)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _sleep(self, until: int) -> None:
        await self._clock.sleep_until(until)
