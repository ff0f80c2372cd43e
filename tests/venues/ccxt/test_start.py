"""Reaching live prices costs no request beyond those of DEPENDENCIES 4.2: a canary for a library that asks for more."""

from __future__ import annotations

import asyncio

import pytest

from tests.venues.ccxt.conftest import VENUES, Make
from tradecli.domain import feed as f
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.market import Book, Quote
from tradecli.venues.ccxt.market import CcxtMarket
from tradecli.venues.ccxt.profile import kind_of
from tradecli.venues.loopback.server import Loopback

PATHS = {
    "binance": {
        "GET /fapi/v1/exchangeInfo": 1,
        "GET /fapi/v1/depth": 1,
        "WS /public/ws/0": 1,
    },
    "okx": {
        "GET /api/v5/public/instruments": 1,
        "WS /ws/v5/public": 1,
    },
    "bybit": {
        "GET /v5/market/instruments-info": 2,
        "WS /v5/public/linear": 1,
    },
    "deribit": {
        "GET /api/v2/public/get_currencies": 1,
        "GET /api/v2/public/get_instruments": 1,
        "WS /ws/api/v2": 1,
    },
}


OTHER_PATHS = {
    "BTCUSDT.spot@binance": {"GET /api/v3/exchangeInfo": 1, "GET /api/v3/depth": 1, "WS /ws/0": 1},
    "BTCUSDT.spot@okx": {"GET /api/v5/public/instruments": 1, "WS /ws/v5/public": 1},
    "BTCUSDT.spot@bybit": {"GET /v5/market/instruments-info": 1, "WS /v5/public/spot": 1},
    "BTCUSD.inverse@bybit": {"GET /v5/market/instruments-info": 1, "WS /v5/public/inverse": 1},
    "BTCUSD.inverse@binance": {"GET /dapi/v1/exchangeInfo": 1, "GET /dapi/v1/depth": 1, "WS /ws/0": 1},
}


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", VENUES)
async def test_live_prices_are_reached_with_exactly_the_listed_requests_and_none_is_signed(
    venue: str, server: Loopback, market: Make
) -> None:
    source = market(venue)
    first = sorted(each.id for each in await source.instruments() if each.kind in ("linear", "inverse"))[0]
    assert await requests(source, first, server) == PATHS[venue]
    assert server.signed_requests == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("name", OTHER_PATHS)
async def test_another_kind_of_market_is_reached_with_its_own_listing_and_no_other(
    name: str, server: Loopback, market: Make
) -> None:
    id = InstrumentId(name)
    source = market(venue_of(id))
    source.client.want([id])
    assert {each.kind for each in await source.instruments()} == {kind_of(id)}
    assert await requests(source, id, server) == OTHER_PATHS[name]
    assert server.signed_requests == 0


async def requests(source: CcxtMarket, id: InstrumentId, server: Loopback) -> dict[str, int]:
    """Listen until there are prices, and return what was asked for, each with how often."""
    feeds = [f.QuoteFeed(id), f.BookFeed(id), f.TradeFeed(id)]
    seen: set[type] = set()
    async with asyncio.timeout(10):
        async for event in source.stream(feeds):
            seen.add(type(event))
            if {Quote, Book} <= seen:
                break
    counted: dict[str, int] = {}
    for each in server.seen:
        counted[f"{each.method} {each.path}"] = counted.get(f"{each.method} {each.path}", 0) + 1
    return counted
