"""A loopback server over a seeded market for one test, and real ccxt clients that talk to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio

from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession
from tradecli.venues.simulated.market import START_MS

SEED = 7
AHEAD_MS = 4_000
"""The market has run past its first midnight, funding and hour when a test begins."""

Client = Callable[..., Any]


@pytest_asyncio.fixture
async def loopback() -> AsyncIterator[Loopback]:
    """The four venues on a free port, their market in step with the clock from its usual start on."""
    begun = time.monotonic_ns()
    floor = Floor(SEED, lambda: START_MS + AHEAD_MS + (time.monotonic_ns() - begun) // 1_000_000)
    server = Loopback(floor)
    await server.start()
    yield server
    await server.stop()
    assert server.broken is None


@pytest_asyncio.fixture
async def session(loopback: Loopback) -> AsyncIterator[LoopbackSession]:
    session = LoopbackSession(loopback.port)
    yield session
    await session.close()


@pytest_asyncio.fixture
async def client(session: LoopbackSession) -> AsyncIterator[Client]:
    """Make an unmodified ccxt.pro client by its name; it is closed after the test."""
    made: list[Any] = []

    def make(name: str, **settings: Any) -> Any:
        import ccxt.pro

        exchange = getattr(ccxt.pro, name)({"session": session, "timeout": 5_000, **settings})
        made.append(exchange)
        return exchange

    yield make
    for exchange in made:
        await exchange.close()
