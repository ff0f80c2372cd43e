"""A loopback server over a seeded market for one test, and real ccxt clients that talk to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tradecli.venues.loopback.floor import Floor, opening
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession

SEED = 7
AHEAD_MS = 4_000
"""The market has run for a while when a test begins, so that there are prints."""

Client = Callable[..., Any]


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


def make_server() -> Loopback:
    """Return the four venues, not started, at the time it is: clients ask for spans that end now by their clock."""
    return Loopback(Floor(SEED, wall_clock, start=opening(wall_clock() - AHEAD_MS)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _server() -> AsyncIterator[Loopback]:
    server = make_server()
    await server.start()
    yield server
    await server.stop()
    assert server.broken is None


@pytest.fixture
def loopback(_server: Loopback) -> Loopback:
    """The venues of this module's tests, without faults and with nothing counted yet."""
    _server.switchboard.clear()
    _server.switchboard.struck.clear()
    _server.counts.clear()
    _server.seen.clear()
    _server.signed_requests = 0
    return _server


@pytest_asyncio.fixture(loop_scope="module")
async def session(loopback: Loopback) -> AsyncIterator[LoopbackSession]:
    session = LoopbackSession(loopback.port)
    yield session
    await session.close()


@pytest_asyncio.fixture(loop_scope="module")
async def client(session: LoopbackSession) -> AsyncIterator[Client]:
    """Make an unmodified ccxt.pro client by its name; it is closed after the test."""
    made: list[Any] = []

    def make(name: str, **settings: Any) -> Any:
        import ccxt.pro

        exchange = getattr(ccxt.pro, name)({"session": session, "timeout": 5_000, **settings})
        made.append(exchange)
        return exchange

    yield make
    await asyncio.gather(*(exchange.close() for exchange in made))
