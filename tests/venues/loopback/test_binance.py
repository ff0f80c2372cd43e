"""Binance on loopback, through the real ccxt client."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.venues.loopback.conftest import Client, make_server
from tradecli.venues.loopback.faults import Fault, Kind
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.loopback.session import LoopbackSession

pytestmark = pytest.mark.asyncio(loop_scope="module")

SYMBOL = "BTC/USDT:USDT"


def futures(client: Client, **settings: Any) -> Any:
    return client("binanceusdm", options={"fetchCurrencies": False, "fetchMargins": False}, **settings)


async def again(times: int, call: Callable[[], Awaitable[Any]], timeout: float = 5.0) -> None:
    """Await ``call`` so many times, each for at most ``timeout`` seconds."""
    for _ in range(times):
        await asyncio.wait_for(call(), timeout)


async def test_the_real_client_reads_markets_bars_prints_funding_and_interest(
    loopback: Loopback, client: Client
) -> None:
    exchange = futures(client)
    markets = await exchange.load_markets()
    assert sorted(markets) == ["BNB/USDT:USDT", SYMBOL, "ETH/USDT:USDT"]
    assert markets[SYMBOL]["precision"]["price"] == 0.1 and markets[SYMBOL]["limits"]["cost"]["min"] == 100
    assert list(loopback.counts) == ["binance GET /fapi/v1/exchangeInfo"]

    bars = await exchange.fetch_ohlcv(SYMBOL, "1h", limit=30)
    assert len(bars) == 30 and all(b[0] - a[0] == 3_600_000 for a, b in itertools.pairwise(bars))
    assert all(row[3] <= min(row[1], row[4]) and row[2] >= max(row[1], row[4]) for row in bars)
    trades = await exchange.fetch_trades(SYMBOL)
    assert trades and all(each["price"] > 0 and each["side"] in ("buy", "sell") for each in trades)
    funding = await exchange.fetch_funding_rate(SYMBOL)
    assert funding["fundingTimestamp"] % 28_800_000 == 0 and abs(funding["fundingRate"]) < 0.01
    past = await exchange.fetch_funding_rate_history(SYMBOL, limit=5)
    assert [b["timestamp"] - a["timestamp"] for a, b in itertools.pairwise(past)] == [28_800_000] * 4
    interest = await exchange.fetch_open_interest(SYMBOL)
    assert interest["openInterestAmount"] > 1_000
    history = await exchange.fetch_open_interest_history(SYMBOL, "1h", limit=3)
    assert len(history) == 3 and history[0]["openInterestValue"] > 1e8
    ratios = await exchange.fetch_long_short_ratio_history(SYMBOL, "1h", limit=3)
    assert len(ratios) == 3 and all(0.5 < each["longShortRatio"] < 3 for each in ratios)
    assert loopback.signed_requests == 0


async def test_bars_of_all_intervals_agree_across_the_opening(client: Client) -> None:
    exchange = futures(client)
    await exchange.load_markets()
    minutes = await exchange.fetch_ohlcv(SYMBOL, "1m", limit=122)
    hour = (await exchange.fetch_ohlcv(SYMBOL, "1h", limit=2))[0]
    inside = [row for row in minutes if hour[0] <= row[0] < hour[0] + 3_600_000]
    assert len(inside) == 60
    assert (hour[1], hour[4]) == (inside[0][1], inside[-1][4])
    assert (hour[2], hour[3]) == (max(row[2] for row in inside), min(row[3] for row in inside))
    assert hour[5] == pytest.approx(sum(row[5] for row in inside))


async def test_the_followed_book_equals_the_servers_and_recovers_from_a_missing_sequence(
    loopback: Loopback, client: Client
) -> None:
    exchange = futures(client)
    display = loopback.venues["binance"].streams.futures["BTCUSDT"].display  # type: ignore[attr-defined]
    for _ in range(5):
        book = await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 5)
    loopback.switchboard.set(Fault(kind=Kind.DUPLICATE, venue="binance", where="btcusdt@depth@100ms"))
    await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 5)
    loopback.switchboard.set(Fault(kind=Kind.MISSING, venue="binance", where="btcusdt@depth@100ms"))
    import ccxt

    with pytest.raises(ccxt.ChecksumError):
        await again(10, lambda: exchange.watch_order_book(SYMBOL), 5)
    for _ in range(60):
        book = await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 5)
        bids, asks = display.snapshot(20)
        if book["nonce"] == display.last:
            break
    assert book["nonce"] == display.last
    spell = loopback.venues["binance"].streams.futures["BTCUSDT"].spell  # type: ignore[attr-defined]
    assert [row[0] for row in book["bids"][:20]] == [float(spell.px(ticks)) for ticks, _ in bids]
    assert [row[0] for row in book["asks"][:20]] == [float(spell.px(ticks)) for ticks, _ in asks]
    assert loopback.switchboard.struck == {"duplicate": 1, "missing": 1}


async def test_trades_best_prices_marks_and_day_figures_stream(loopback: Loopback, client: Client) -> None:
    exchange = futures(client)
    await exchange.load_markets()
    trades, best, mark, day, bars = await asyncio.wait_for(
        asyncio.gather(
            exchange.watch_trades(SYMBOL),
            exchange.watch_bids_asks([SYMBOL]),
            exchange.watch_mark_price(SYMBOL),
            exchange.watch_ticker(SYMBOL),
            exchange.watch_ohlcv(SYMBOL, "1m"),
        ),
        10,
    )
    bid, ask = best[SYMBOL]["bid"], best[SYMBOL]["ask"]
    assert 0 < ask - bid < 0.001 * bid
    for price in (trades[-1]["price"], mark["markPrice"], day["last"], bars[-1][4]):
        assert price == pytest.approx(bid, rel=0.005)
    assert mark["info"]["T"] % 28_800_000 == 0 and "r" in mark["info"]


async def test_spot_has_its_own_host_book_and_prints(loopback: Loopback, client: Client) -> None:
    exchange = client("binance", options={"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False})
    await exchange.load_markets()
    assert "BTC/USDT" in exchange.markets
    book, trades = await asyncio.wait_for(
        asyncio.gather(exchange.watch_order_book("BTC/USDT"), exchange.watch_trades("BTC/USDT")), 10
    )
    assert 0 < book["asks"][0][0] - book["bids"][0][0] < 50
    assert trades[-1]["price"] == pytest.approx(book["bids"][0][0], rel=0.002)
    assert len(await exchange.fetch_ohlcv("BTC/USDT", "1d", limit=30)) == 30
    assert loopback.signed_requests == 0


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.TOO_MANY, "DDoSProtection"),
        (Kind.BANNED, "DDoSProtection"),
        (Kind.UNAVAILABLE, "ExchangeNotAvailable"),
        (Kind.DROPPED, "ExchangeNotAvailable"),
        (Kind.HANG, "RequestTimeout"),
    ],
)
async def test_each_fault_of_a_request_reaches_the_client_as_on_the_real_venue(
    loopback: Loopback, client: Client, kind: Kind, error: str
) -> None:
    import ccxt

    exchange = futures(client)
    await exchange.load_markets()
    exchange.timeout = 200
    # a client re-sends a GET once by itself after a dropped connection
    times = 2 if kind is Kind.DROPPED else 1
    loopback.switchboard.set(
        Fault(kind=kind, venue="binance", where="/fapi/v1/klines", seconds=7, times=times)
    )
    with pytest.raises(getattr(ccxt, error)):
        await exchange.fetch_ohlcv(SYMBOL, "1h", limit=3)
    if kind in (Kind.TOO_MANY, Kind.BANNED):
        assert exchange.last_response_headers["Retry-After"] == "7"
    exchange.timeout = 5_000
    assert len(await exchange.fetch_ohlcv(SYMBOL, "1h", limit=3)) == 3


async def test_bodies_can_be_garbage_empty_short_or_half(loopback: Loopback, client: Client) -> None:
    exchange = futures(client)
    await exchange.load_markets()
    for kind in (Kind.EMPTY, Kind.PARTIAL):
        loopback.switchboard.set(Fault(kind=kind, venue="binance", where="/fapi/v1/klines"))
    assert await exchange.fetch_ohlcv(SYMBOL, "1h", limit=10) == []
    assert len(await exchange.fetch_ohlcv(SYMBOL, "1h", limit=10)) == 5
    query = {"symbol": "BTCUSDT", "interval": "1h", "limit": 10}
    for kind in (Kind.GARBAGE, Kind.TRUNCATED):
        loopback.switchboard.set(Fault(kind=kind, venue="binance", where="/fapi/v1/klines"))
        body = await exchange.fapiPublicGetKlines(query)
        assert not isinstance(body, list)  # ccxt hands out what is no JSON, and raises nothing
    assert len(await exchange.fapiPublicGetKlines(query)) == 10


async def test_a_closed_socket_is_opened_again_and_a_silent_one_says_nothing(
    loopback: Loopback, client: Client
) -> None:
    import ccxt

    exchange = futures(client)
    await asyncio.wait_for(exchange.watch_trades(SYMBOL), 5)
    loopback.switchboard.set(Fault(kind=Kind.CLOSE, venue="binance", where="btcusdt@trade"))
    with pytest.raises(ccxt.NetworkError):
        await again(50, lambda: exchange.watch_trades(SYMBOL), 5)
    await asyncio.wait_for(exchange.watch_trades(SYMBOL), 5)
    loopback.switchboard.set(Fault(kind=Kind.SILENT, venue="binance", where="btcusdt@trade"))
    with pytest.raises(asyncio.TimeoutError):
        await again(50, lambda: exchange.watch_trades(SYMBOL), 0.6)


async def test_skew_maintenance_and_halt_stand_until_cleared(loopback: Loopback, client: Client) -> None:
    import ccxt

    exchange = futures(client)
    board = loopback.switchboard
    board.set(Fault(kind=Kind.SKEW, venue="binance", skew_ms=45_000))
    assert await exchange.fetch_time() - loopback.floor.now() == pytest.approx(45_000, abs=1_000)
    board.clear("binance")
    board.set(Fault(kind=Kind.HALTED, venue="binance", where="ETHUSDT"))
    markets = await exchange.load_markets()
    assert markets["ETH/USDT:USDT"]["active"] is False and markets[SYMBOL]["active"] is True
    board.set(Fault(kind=Kind.MAINTENANCE, venue="binance"))
    with pytest.raises(ccxt.ExchangeError):
        await exchange.fetch_time()
    with pytest.raises(ccxt.BaseError):
        await asyncio.wait_for(exchange.watch_trades(SYMBOL), 5)
    board.clear()
    assert await exchange.fetch_time() - loopback.floor.now() == pytest.approx(0, abs=1_000)


async def test_wrong_parameters_are_refused_in_the_venues_words(client: Client, loopback: Loopback) -> None:
    import ccxt

    exchange = futures(client)
    await exchange.load_markets()
    cases = (
        ({"interval": "1h"}, "-1102"),
        ({"symbol": "NOPEUSDT", "interval": "1h"}, "-1121"),
        ({"symbol": "BTCUSDT", "interval": "7m"}, "-1120"),
        ({"symbol": "BTCUSDT", "interval": "1h", "limit": 0}, "-1130"),
        ({"symbol": "BTCUSDT", "interval": "1h", "startTime": "x"}, "-1100"),
    )
    for query, code in cases:
        with pytest.raises(ccxt.BaseError, match=code):
            await exchange.fapiPublicGetKlines(query)


async def test_v05_the_weight_of_a_minute_is_counted_and_then_refused() -> None:
    server = make_server()
    session = LoopbackSession(await server.start())
    url = "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    try:
        statuses = []
        for _ in range(125):
            async with session.get(url) as answer:
                statuses.append(answer.status)
                if answer.status == 429:
                    assert 0 < int(answer.headers["Retry-After"]) <= 60
                    break
                used = int(answer.headers["X-MBX-USED-WEIGHT-1M"])
        assert used == 2_400 and statuses == [200] * 120 + [429]
    finally:
        await session.close()
        await server.stop()


async def test_a_signed_request_is_counted_and_known_to_nobody(loopback: Loopback, client: Client) -> None:
    import ccxt

    exchange = futures(client, apiKey="k" * 8, secret="s" * 8)
    with pytest.raises(ccxt.BaseError):
        await exchange.fetch_balance()
    assert loopback.signed_requests == 1
