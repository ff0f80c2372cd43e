"""The recorder: everything a live session hears, into the market store, without the session ever waiting for a disk.

``hear`` only packs a row and appends it to a ring: packed it takes a tenth of the room, so that a slow disk does not
swell the process. One task drains the ring in batches, because a transaction costs what a hundred rows cost.
A store that fails is tried again with the same rows; a ring that is full counts what it could not keep, and says so:
recorded data can be pulled again, and an order must not wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import msgspec

from tradecli.errors import StoreFault
from tradecli.ports import Recordable
from tradecli.store.packing import Row, pack

BATCH = 1_000
EVERY_MS = 50
CAPACITY = 200_000
_RETRY_MS = 1_000


class Sink(Protocol):
    """Where rows go: a market store."""

    async def write_packed(self, rows: Sequence[Row]) -> int: ...


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a recorder did so far: rows written, rows that a full ring could not take, rows that wait, and what is wrong
    now.
    """

    written: int
    lost: int
    waiting: int
    trouble: str | None


class Recorder:
    """Run ``keep`` as one task; ``hear`` from the same loop; ``stop`` ends it after the last row is written."""

    def __init__(
        self, sink: Sink, *, batch: int = BATCH, every_ms: int = EVERY_MS, capacity: int = CAPACITY
    ) -> None:
        self._sink = sink
        self._batch = batch
        self._every_s = every_ms / 1_000
        self._capacity = capacity
        self._ring: deque[Row] = deque()
        self._full = asyncio.Event()
        self._stopping = False
        self._written = 0
        self._lost = 0
        self._trouble: str | None = None

    def hear(self, row: Recordable) -> None:
        """Take in one row; never waits. A full ring keeps what it has and counts this one as lost."""
        ring = self._ring
        if len(ring) >= self._capacity:
            self._lost += 1
            return
        ring.append(pack(row))
        if len(ring) == self._batch:
            self._full.set()

    @property
    def recorded(self) -> Recorded:
        return Recorded(
            written=self._written, lost=self._lost, waiting=len(self._ring), trouble=self._trouble
        )

    async def keep(self) -> None:
        """Write what is heard, at most ``every_ms`` after it came, until ``stop``; then the rest, once."""
        while not self._stopping:
            await self._wait(self._every_s)
            await self._drain()
            if self._trouble is not None:
                await self._wait(_RETRY_MS / 1_000)
        await self._drain()

    def stop(self) -> None:
        """Ask ``keep`` to write the rest and return."""
        self._stopping = True
        self._full.set()

    async def _wait(self, seconds: float) -> None:
        """Wait for a full batch, or for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._full.wait()
        if not self._stopping:
            self._full.clear()

    async def _drain(self) -> None:
        ring = self._ring
        while ring:
            rows = [ring[place] for place in range(min(len(ring), self._batch))]
            try:
                await self._sink.write_packed(rows)
            except StoreFault as fault:
                self._trouble = fault.line()
                return
            for _ in rows:
                ring.popleft()
            self._written += len(rows)
            self._trouble = None
