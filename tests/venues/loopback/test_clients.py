"""The four venues through the real ccxt clients: the same questions to each, and what is each one's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.venues.loopback.conftest import Client
from tradecli.venues.loopback.faults import Fault, Kind
from tradecli.venues.loopback.server import Loopback

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Place(NamedTuple):
    """A venue, its client, one symbol there, and what its faults must become."""

    venue: str
    client: str
    symbol: str
    options: dict[str, Any]
    markets: tuple[str, ...]
    book_topic: str
    limited: str
    banned: str
    maintained: str


PLACES = (
    Place(
        "okx", "okx", "BTC/USDT:USDT", {"fetchMarkets": {"types": ["swap"]}},
        ("GET /api/v5/public/instruments",), "books:BTC-USDT-SWAP",
        "RateLimitExceeded", "ExchangeNotAvailable", "ExchangeNotAvailable",
    ),
    Place(
        "bybit", "bybit", "BTC/USDT:USDT", {"fetchMarkets": {"types": ["linear"]}},
        ("GET /v5/market/instruments-info",), "orderbook.*.BTCUSDT",
        "RateLimitExceeded", "RateLimitExceeded", "ExchangeError",
    ),
    Place(
        "deribit", "deribit", "BTC/USD:BTC", {},
        ("GET /api/v2/public/get_currencies", "GET /api/v2/public/get_instruments"), "book.BTC-PERPETUAL.100ms",
        "DDoSProtection", "ExchangeNotAvailable", "ExchangeNotAvailable",
    ),
)  # fmt: skip
each_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.venue)


async def again(times: int, call: Callable[[], Awaitable[Any]], timeout: float = 5.0) -> None:
    for _ in range(times):
        await asyncio.wait_for(call(), timeout)


@each_place
async def test_the_real_client_reads_and_follows_the_market(
    loopback: Loopback, client: Client, place: Place
) -> None:
    exchange, symbol = client(place.client, options=place.options), place.symbol
    markets = await exchange.load_markets()
    assert markets[symbol]["active"] is True and markets[symbol]["swap"] is True
    assert tuple(path.removeprefix(f"{place.venue} ") for path in loopback.counts) == place.markets

    bars = await exchange.fetch_ohlcv(symbol, "1h", limit=30)
    assert len(bars) == 30 and all(b[0] - a[0] == 3_600_000 for a, b in itertools.pairwise(bars))
    trades = await exchange.fetch_trades(symbol)
    book = await exchange.fetch_order_book(symbol)
    assert 0 < book["asks"][0][0] - book["bids"][0][0] < 100 and len(book["bids"]) >= 15
    assert trades[-1]["price"] == pytest.approx(book["bids"][0][0], rel=0.002)
    funding = await exchange.fetch_funding_rate(symbol)
    assert abs(funding["fundingRate"]) < 0.01
    past = await exchange.fetch_funding_rate_history(symbol, limit=5)
    assert past[0]["timestamp"] % 3_600_000 == 0
    interest = await exchange.fetch_open_interest(symbol)
    assert (interest["openInterestAmount"] or interest["openInterestValue"]) > 1_000

    followed, printed, day, streamed = await asyncio.wait_for(
        asyncio.gather(
            exchange.watch_order_book(symbol),
            exchange.watch_trades(symbol),
            exchange.watch_ticker(symbol),
            exchange.watch_ohlcv(symbol, "1m"),
        ),
        10,
    )
    middle = (followed["asks"][0][0] + followed["bids"][0][0]) / 2
    for price in (printed[-1]["price"], day["last"], streamed[-1][4], bars[-1][4]):
        assert price == pytest.approx(middle, rel=0.005)
    assert loopback.signed_requests == 0


@each_place
async def test_each_fault_becomes_the_error_of_the_real_venue(
    loopback: Loopback, client: Client, place: Place
) -> None:
    import ccxt

    exchange = client(place.client, options=place.options)
    await exchange.load_markets()
    board = loopback.switchboard
    for kind, error in (
        (Kind.TOO_MANY, place.limited),
        (Kind.UNAVAILABLE, "ExchangeNotAvailable"),
        (Kind.BANNED, place.banned),
    ):
        board.set(Fault(kind=kind, venue=place.venue))
        with pytest.raises(getattr(ccxt, error)):
            await exchange.fetch_ohlcv(place.symbol, "1h", limit=3)
    board.set(Fault(kind=Kind.MAINTENANCE, venue=place.venue))
    with pytest.raises(getattr(ccxt, place.maintained)):
        await exchange.fetch_ohlcv(place.symbol, "1h", limit=3)
    board.clear()
    board.set(Fault(kind=Kind.SKEW, venue=place.venue, skew_ms=-30_000))
    assert await exchange.fetch_time() - loopback.floor.now() == pytest.approx(-30_000, abs=1_000)
    board.clear()
    board.set(Fault(kind=Kind.PARTIAL, venue=place.venue))
    if place.venue != "deribit":  # its bars are columns, so a part of them is shorter columns
        assert len(await exchange.fetch_ohlcv(place.symbol, "1h", limit=10)) == 5
    board.clear()
    board.set(Fault(kind=Kind.HALTED, venue=place.venue, where="BTC*"))
    markets = await exchange.load_markets(True)
    assert markets[place.symbol]["active"] is False


@each_place
async def test_a_missing_message_is_what_the_library_alone_sees_on_okx_only(
    loopback: Loopback, client: Client, place: Place
) -> None:
    import ccxt

    exchange = client(place.client, options=place.options)
    await again(3, lambda: exchange.watch_order_book(place.symbol))
    loopback.switchboard.set(Fault(kind=Kind.MISSING, venue=place.venue, where=place.book_topic))
    if place.venue == "okx":
        with pytest.raises(ccxt.InvalidNonce):
            await again(10, lambda: exchange.watch_order_book(place.symbol))
        await again(1, lambda: exchange.watch_order_book(place.symbol))
    else:
        await again(10, lambda: exchange.watch_order_book(place.symbol))
    assert loopback.switchboard.struck == {"missing": 1}


async def test_deribit_has_chains_greeks_and_a_volatility_index_in_pages(
    loopback: Loopback, client: Client
) -> None:
    exchange = client("deribit")
    chain = await exchange.fetch_option_chain("BTC")
    assert len(chain) > 300
    rows = [each["info"] for each in chain.values()]
    assert all(5 < row["mark_iv"] < 300 and row["underlying_price"] > 0 for row in rows)
    name = min(
        rows, key=lambda row: abs(float(row["instrument_name"].split("-")[2]) - row["underlying_price"])
    )
    ticker = (await exchange.public_get_ticker({"instrument_name": name["instrument_name"]}))["result"]
    assert 0.3 < abs(ticker["greeks"]["delta"]) < 0.7 and ticker["greeks"]["vega"] > 0
    now = loopback.floor.now()
    query = {
        "currency": "BTC",
        "resolution": "3600",
        "start_timestamp": now - 90 * 86_400_000,
        "end_timestamp": now,
    }
    page = (await exchange.public_get_get_volatility_index_data(query))["result"]
    assert len(page["data"]) == 1_000 and page["continuation"] < page["data"][0][0]
    older = await exchange.public_get_get_volatility_index_data(
        query | {"end_timestamp": page["continuation"]}
    )
    assert older["result"]["data"][-1][0] == page["data"][0][0] - 3_600_000
    assert all(
        low <= min(first, last) <= max(first, last) <= high for _, first, high, low, last in page["data"]
    )


async def test_deribit_gives_raw_channels_to_nobody_unknown(session: Any, loopback: Loopback) -> None:
    async with session.ws_connect("wss://www.deribit.com/ws/api/v2") as socket:
        channels = {"channels": ["book.BTC-PERPETUAL.raw"]}
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "public/subscribe", "params": channels})
        answer = await socket.receive_json(timeout=5)
        assert answer["error"]["code"] == 13778 and answer["id"] == 1


async def test_a_channel_on_the_wrong_path_and_an_unknown_topic_are_refused(
    session: Any, loopback: Loopback
) -> None:
    async with session.ws_connect("wss://ws.okx.com:443/ws/v5/public") as socket:
        args = [{"channel": "candle1m", "instId": "BTC-USDT-SWAP"}]
        await socket.send_json({"op": "subscribe", "args": args})
        assert (await socket.receive_json(timeout=5))["code"] == "60018"
        await socket.send_str("ping")
        assert await socket.receive_str(timeout=5) == "pong"
    async with session.ws_connect("wss://stream.bybit.com/v5/public/linear") as socket:
        await socket.send_json({"op": "subscribe", "args": ["orderbook.7.BTCUSDT"], "req_id": "9"})
        answer = await socket.receive_json(timeout=5)
        assert answer["success"] is False and answer["req_id"] == "9"
        await socket.send_json({"op": "ping", "req_id": "10"})
        assert (await socket.receive_json(timeout=5))["ret_msg"] == "pong"
