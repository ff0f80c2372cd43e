"""One numbered suite for every source of market data: recorded, simulated, the four venues through real ccxt clients on
loopback, each kind of market that lists by itself as a source of its own; and a toy fifth venue, which is one file.

``python -m pytest tests/conformance -s`` prints the matrix: check by source. No cell is empty without its reason.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.conformance.checks import CHECKS
from tests.conformance.subject import Seen, Subject
from tests.conformance.toy import PERP, Toy
from tradecli.domain.budget import OwnBudget
from tradecli.domain.feed import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    CandleFeed,
    FundingFeed,
    OpenInterestFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import MARKET_TYPES, Candle, MarketEvent
from tradecli.engine.clock import SystemClock
from tradecli.ports import MarketData
from tradecli.store.market import MarketStore
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.market import CcxtMarket
from tradecli.venues.ccxt.streams import Pace
from tradecli.venues.ccxt.transport import connect
from tradecli.venues.loopback.floor import Floor, opening
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession
from tradecli.venues.recorded import Recorded
from tradecli.venues.simulated import SimulatedMarket
from tradecli.venues.simulated.market import START_MS as OPENED

pytestmark = pytest.mark.asyncio

SEED = 11
QUICK = Pace(look_ms=20, first_wait_ms=20, longest_wait_ms=100, fallback_ms=50)
BTC = InstrumentId("BTCUSDT@binance")
RUN_MS = 65_000
NO_OPTIONS = "no options are read from this venue; they come from Deribit"
NO_INDEX = "only Deribit publishes one"
SPOT_LACKS = {
    **dict.fromkeys((5, 6), "a spot pair pays no funding"),
    **dict.fromkeys((7, 8), "a spot pair has no open interest"),
    **dict.fromkeys((9, 20), "a spot pair has no mark and follows no index"),
    16: NO_OPTIONS,
    17: NO_INDEX,
    21: "a spot pair has no long and short accounts",
}
_BEFORE_MINUTE_MS = 11_000
_WIDTH = 14


def minute_soon() -> Callable[[], int]:
    """Return a clock a little ahead of the wall's, so that a minute ends soon: once every source listens."""
    wall = time.time_ns() // 1_000_000
    ahead = MINUTE_MS - wall % MINUTE_MS - _BEFORE_MINUTE_MS
    return lambda: time.time_ns() // 1_000_000 + ahead


@asynccontextmanager
async def over_ccxt(server: Loopback, venue: str, *watched: InstrumentId) -> AsyncIterator[MarketData]:
    session = LoopbackSession(server.port)
    client = Client(connect(profile_of(venue), session=session), OwnBudget(), SystemClock())
    client.transport.exchange.timeout_on_exit = 0
    client.want(watched)
    market = CcxtMarket(client, jitter=random.Random(1).random, pace=QUICK)
    try:
        yield market
    finally:
        await market.close()
        await session.close()


@asynccontextmanager
async def simulated() -> AsyncIterator[MarketData]:
    yield SimulatedMarket(SEED)


@asynccontextmanager
async def recorded(path: Path) -> AsyncIterator[MarketData]:
    """Record a minute of the simulated market and its past, and give it back from the store."""
    market = SimulatedMarket(SEED)
    feeds = Subject("", simulated, BTC, lambda: 0, option_venue="deribit").feeds
    rows: list[MarketEvent] = []
    for past in (
        CandleFeed(BTC, MINUTE_MS, 200),
        CandleFeed(BTC, HOUR_MS, 5),
        FundingFeed(BTC, 6 * DAY_MS),
        OpenInterestFeed(BTC, DAY_MS),
        VolIndexFeed("DVOL-BTC", 4 * DAY_MS),
    ):
        rows += await market.history(past, OPENED)
    hour = [
        each
        for each in market.recall(CandleFeed(BTC, HOUR_MS, 1), OPENED + RUN_MS)
        if isinstance(each, Candle)
    ]
    for event in market.events(feeds):
        if isinstance(event, MARKET_TYPES):
            if event.ts > OPENED + RUN_MS:
                break
            rows.append(event)
    async with await MarketStore.open(path / "market.db") as store:
        await store.write([*rows, *hour])
        listed = [each for each in await market.instruments() if each.id == BTC]
        yield Recorded(store, listed, OPENED, OPENED + RUN_MS)


@asynccontextmanager
async def toy(market: Toy) -> AsyncIterator[MarketData]:
    yield market


def offline_subjects(path: Path) -> list[Subject]:
    own = Toy()
    return [
        Subject(
            "recorded", partial(recorded, path), BTC, lambda: OPENED + RUN_MS, option_venue="deribit",
            absent={
                18: "a store cannot tell what is not listed from what is not recorded",
                21: "what was recorded here is the simulated market, which has no accounts",
            },
        ),
        Subject(
            "simulated", simulated, BTC, lambda: OPENED + RUN_MS, {21: "the simulated market has no accounts"},
            option_venue="deribit",
        ),
        Subject(
            "toy", partial(toy, own), PERP, own.now,
            {16: "it has no options", 17: "it has no index", 21: "it has no accounts"},
        ),
    ]  # fmt: skip


def live_subjects(server: Loopback) -> list[Subject]:
    now, without = server.floor.now, {16: NO_OPTIONS, 17: NO_INDEX}
    return [
        Subject("binance", partial(over_ccxt, server, "binance"), BTC, now, without),
        _pair(server, "binance"),
        _coin(server, "binance"),
        Subject(
            "okx", partial(over_ccxt, server, "okx"), InstrumentId("BTCUSDT@okx"), now, without,
        ),
        _pair(server, "okx"),
        Subject("bybit", partial(over_ccxt, server, "bybit"), InstrumentId("BTCUSDT@bybit"), now, without),
        _pair(server, "bybit"),
        _coin(server, "bybit"),
        Subject(
            "deribit", partial(over_ccxt, server, "deribit"), InstrumentId("BTC-PERPETUAL@deribit"), now,
            {
                6: "its funding is paid at every moment: there is no next settlement",
                8: "the venue keeps no past open interest",
                21: "the venue publishes no such ratio",
            },
            option_venue="deribit",
        ),
    ]  # fmt: skip


def _pair(server: Loopback, venue: str) -> Subject:
    id, now = InstrumentId(f"BTCUSDT.spot@{venue}"), server.floor.now
    return Subject(f"{venue} spot", partial(over_ccxt, server, venue, id), id, now, SPOT_LACKS)


def _coin(server: Loopback, venue: str) -> Subject:
    id, now = InstrumentId(f"BTCUSD.inverse@{venue}"), server.floor.now
    without = {16: NO_OPTIONS, 17: NO_INDEX}
    return Subject(f"{venue} coin", partial(over_ccxt, server, venue, id), id, now, without)


@asynccontextmanager
async def listened(path: Path) -> AsyncIterator[dict[str, Seen]]:
    """Listen to all sources at once, so that one end of a minute serves them all; their markets stay open."""
    import ccxt.pro  # noqa: F401 - now, because it takes longer than what is left of the minute

    found: dict[str, Seen] = {}
    async with AsyncExitStack() as stack:
        for subject in offline_subjects(path):
            found[subject.name] = Seen(subject, await stack.enter_async_context(subject.open()))
        now = minute_soon()
        server = Loopback(Floor(SEED, now, start=opening(now() - 5_000)))
        await server.start()
        stack.push_async_callback(server.stop)
        for subject in live_subjects(server):
            found[subject.name] = Seen(subject, await stack.enter_async_context(subject.open()))
        await asyncio.gather(*(seen.listen() for seen in found.values()))
        yield found
        assert server.signed_requests == 0
        assert server.broken is None


async def failures_of(seen: Seen, row: dict[int, str]) -> list[str]:
    """Run every check that applies, note each in ``row``, and return what failed."""
    name = seen.subject.name
    failures = [f"{name} did not show enough: {seen.missing}"] if seen.missing else []
    for check in CHECKS:
        if check.number in seen.subject.without:
            row[check.number] = "-"
            continue
        try:
            await check.run(seen)
            row[check.number] = "ok"
        except (AssertionError, Exception) as failure:
            row[check.number] = "FAIL"
            place = failure.__traceback__.tb_next if failure.__traceback__ is not None else None
            line = place.tb_lineno if place is not None else 0
            what = f"{type(failure).__name__} {failure}"[:300]
            failures.append(f"{name} {check.number} {check.title} (checks.py:{line}): {what}")
    return failures


def printed(matrix: dict[str, dict[int, str]], sources: dict[str, Seen]) -> str:
    lines = [" " * 4 + "".join(f"{name:>{_WIDTH}}" for name in matrix)]
    for check in CHECKS:
        cells = "".join(f"{row.get(check.number, ''):>{_WIDTH}}" for row in matrix.values())
        lines.append(f"{check.number:3} {cells}  {check.title}")
    for name, seen in sources.items():
        lines += [f"  - {name} {number}: {reason}" for number, reason in seen.subject.without.items()]
    return "\n".join(lines)


async def test_every_source_of_market_data_holds_to_the_numbered_checks(tmp_path: Path) -> None:
    async with listened(tmp_path) as sources:
        matrix: dict[str, dict[int, str]] = {name: {} for name in sources}
        failures = []
        for name, seen in sources.items():
            failures += await failures_of(seen, matrix[name])
    print("\n" + printed(matrix, sources))
    assert set(matrix) == {
        "recorded", "simulated", "toy", "binance", "binance spot", "binance coin", "okx", "okx spot", "bybit",
        "bybit spot", "bybit coin", "deribit",
    }  # fmt: skip
    assert not failures, "\n".join(failures)
    assert all(row.get(check.number) in ("ok", "-") for row in matrix.values() for check in CHECKS)
    assert all(reason for seen in sources.values() for reason in seen.subject.without.values())
