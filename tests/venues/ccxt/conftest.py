"""Real ccxt clients over the loopback server: one venue in each test, its market in step with the clock."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio

from tradecli.domain.budget import OwnBudget
from tradecli.engine.clock import SystemClock
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.market import CcxtMarket
from tradecli.venues.ccxt.streams import Pace
from tradecli.venues.ccxt.transport import connect
from tradecli.venues.loopback.floor import Floor, opening
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession

VENUES = ("binance", "okx", "bybit", "deribit")
QUICK = Pace(look_ms=20, first_wait_ms=20, longest_wait_ms=100, fallback_ms=50)
"""A supervisor for tests: it looks often and waits briefly."""

Make = Callable[..., CcxtMarket]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Loopback]:
    """The venues on a free port."""
    now = SystemClock().now
    server = Loopback(Floor(7, now, start=opening(now())))
    await server.start()
    yield server
    await server.stop()
    assert server.broken is None


@pytest_asyncio.fixture
async def market(server: Loopback) -> AsyncIterator[Make]:
    """Make a market of a venue; its client and its session are closed after the test."""
    session = LoopbackSession(server.port)
    made: list[CcxtMarket] = []

    def make(venue: str, **settings: Any) -> CcxtMarket:
        client = Client(connect(profile_of(venue), session=session), OwnBudget(), SystemClock())
        client.transport.exchange.timeout_on_exit = 0
        settings.setdefault("pace", QUICK)
        found = CcxtMarket(client, jitter=random.Random(1).random, **settings)
        made.append(found)
        return found

    yield make
    for each in made:
        await each.close()
    await session.close()


Closer = Callable[[], Awaitable[None]]
