"""Contract sizes and coin-margined contracts become base units at the border: by the venue's listing and messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.venues import wire_fixtures as wire
from tests.venues.ccxt.conftest import Make
from tradecli.domain.enums import InstrumentKind
from tradecli.domain.feed import MarkFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Candle, MarkPrice, OpenInterest, Quote, Trade
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.profile import IndexPrice, Kind, Listed, Question, Unpriced, is_missing, with_index
from tradecli.venues.ccxt.transport import plain
from tradecli.venues.loopback.server import Loopback

TS = "1700000000000"
COIN_SWAP = {
    "instId": "BTC-USD-SWAP", "instType": "SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1",
    "ctValCcy": "USD", "uly": "BTC-USD", "settleCcy": "BTC", "tickSz": "0.1", "lotSz": "1", "minSz": "1",
    "state": "live",
}  # fmt: skip
LINEAR = COIN_SWAP | {"instId": "BTC-USDT-SWAP", "ctType": "linear", "ctVal": "0.01", "uly": "BTC-USDT"}


def _listed(row: dict[str, str]) -> Listed:
    found = profile_of("okx").listed(row)
    assert found is not None
    return found


def _said(channel: str, row: Any, of: Listed, **more: Any) -> list[Any]:
    body = {"arg": {"channel": channel, "instId": of.symbol}, "data": [row], **more}
    return list(profile_of("okx").decode(msgspec.json.encode(body), {of.symbol: of}.get))


def test_a_coin_margined_swap_of_okx_is_listed_with_its_own_name_kind_and_worth() -> None:
    coin, linear = _listed(COIN_SWAP), _listed(LINEAR)
    assert (coin.id, coin.size, coin.inverse) == ("BTCUSD.inverse@okx", 100.0, True)
    assert (linear.id, linear.size, linear.inverse) == ("BTCUSDT@okx", 0.01, False)
    assert coin.instrument is not None and coin.instrument.kind is InstrumentKind.INVERSE
    assert (coin.instrument.base, coin.instrument.settle) == ("BTC", "BTC")


@pytest.mark.parametrize(
    ("row", "base"), [(COIN_SWAP, 10 * 100 / 50_000), (LINEAR, 10 * 0.01)], ids=["coin", "linear"]
)
def test_books_quotes_and_prints_of_okx_are_in_base_units_whatever_a_contract_is_worth(
    row: dict[str, str], base: float
) -> None:
    of = _listed(row)
    levels = {
        "bids": [["50000", "10", "0", "1"]],
        "asks": [["50000.1", "10", "0", "1"]],
        "ts": TS,
        "seqId": 7,
    }
    (book,) = _said("books", levels | {"prevSeqId": -1}, of, action="snapshot")
    (quote,) = _said("bbo-tbt", levels, of)
    (trade,) = _said(
        "trades",
        {"instId": of.symbol, "tradeId": "1", "px": "50000", "sz": "10", "side": "buy", "ts": TS},
        of,
    )
    assert isinstance(book, BookDelta) and isinstance(quote, Quote) and isinstance(trade, Trade)
    assert book.bids == ((500_000, pytest.approx(base)),)
    assert (quote.bid_qty, trade.qty) == (pytest.approx(base), pytest.approx(base))


def test_volume_and_open_interest_of_a_coin_margined_swap_are_those_in_coins() -> None:
    of = _listed(COIN_SWAP)
    (bar,) = _said("candle1m", [TS, "50000", "50010", "49990", "50005", "1000", "2", "100000", "1"], of)
    assert isinstance(bar, Candle) and bar.volume == 2.0
    (interest,) = _said("open-interest", {"instId": of.symbol, "oi": "1000", "oiCcy": "2", "ts": TS}, of)
    assert isinstance(interest, OpenInterest | Unpriced)
    assert interest.qty == 2.0 if isinstance(interest, Unpriced) else interest.value_usd > 0


COIN_PERP: dict[str, Any] = {
    "symbol": "BTCUSD_PERP", "pair": "BTCUSD", "contractType": "PERPETUAL", "contractStatus": "TRADING",
    "contractSize": 100, "baseAsset": "BTC", "quoteAsset": "USD", "marginAsset": "BTC",
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "100000", "stepSize": "1"},
    ],
}  # fmt: skip


def test_a_coin_margined_perpetual_of_binance_counts_contracts_of_dollars_and_is_told_in_coins() -> None:
    of = profile_of("binance").listed(COIN_PERP)
    assert of is not None and (of.id, of.size, of.inverse) == ("BTCUSD.inverse@binance", 100.0, True)
    names, profile = {of.symbol: of}.get, profile_of("binance")
    depth = profile.depth(
        '{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1,"u":2,"pu":0,'
        '"b":[["50000.0","10"]],"a":[]}'
    )
    assert depth is not None and of.scale.delta(depth).bids == ((500_000, pytest.approx(10 * 100 / 50_000)),)
    row = [
        1_700_000_000_000,
        "50000",
        "50010",
        "49990",
        "50005",
        "1000",
        1_700_000_059_999,
        "2",
        5,
        "1",
        "1",
        "0",
    ]
    (bar,) = profile.answer(Question(kind=Kind.CANDLES, listed=of, interval_ms=60_000), [row], names)
    assert isinstance(bar, Candle) and bar.volume == 2.0
    past = {"pair": "BTCUSD", "sumOpenInterest": "1000", "sumOpenInterestValue": "2", "timestamp": int(TS)}
    (held,) = profile.answer(Question(kind=Kind.INTEREST_HISTORY, listed=of), [past], names)
    assert isinstance(held, OpenInterest) and held.value_usd == 100_000
    index = msgspec.json.encode({"e": "indexPriceUpdate", "E": int(TS), "i": "BTCUSD", "p": "50000.5"})
    assert profile.decode(index, names) == [IndexPrice(of.id, int(TS), 50_000.5)]


def test_bars_of_a_coin_margined_perpetual_of_bybit_take_the_turnover_which_is_in_coins() -> None:
    of = Listed(InstrumentId("BTCUSD.inverse@bybit"), "BTCUSD", 0.5, inverse=True)
    profile, names = profile_of("bybit"), {of.symbol: of}.get
    body = {"retCode": 0, "result": {"list": [[TS, "50000", "50010", "49990", "50005", "100000", "2"]]}}
    (asked,) = profile.answer(Question(kind=Kind.CANDLES, listed=of, interval_ms=60_000), body, names)
    row = {
        "start": int(TS),
        "interval": "1",
        "open": "50000",
        "high": "50010",
        "low": "49990",
        "close": "50005",
    }
    row |= {"volume": "100000", "turnover": "2", "confirm": True}
    (heard,) = profile.decode(msgspec.json.encode({"topic": "kline.1.BTCUSD", "data": [row]}), names)
    assert asked == heard and isinstance(asked, Candle) and asked.volume == 2.0


def test_bars_of_a_spot_pair_of_okx_take_the_volume_in_base_and_not_the_one_in_quote() -> None:
    pair = COIN_SWAP | {"instId": "BTC-USDT", "instType": "SPOT", "ctType": "", "ctVal": "", "ctMult": ""}
    pair |= {"baseCcy": "BTC", "quoteCcy": "USDT", "uly": "", "instFamily": "", "settleCcy": ""}
    of = _listed(pair)
    assert (of.id, of.size, of.inverse) == ("BTCUSDT.spot@okx", 1.0, False)
    (bar,) = _said("candle1m", [TS, "50000", "50010", "49990", "50005", "2", "100000", "100000", "1"], of)
    assert isinstance(bar, Candle) and bar.volume == 2.0


def test_the_same_symbol_of_two_kinds_of_market_is_told_apart_by_where_it_came_from() -> None:
    for venue in ("binance", "bybit"):
        profile = profile_of(venue)
        linear, pair = (InstrumentId(f"{name}@{venue}") for name in ("BTCUSDT", "BTCUSDT.spot"))
        assert profile.spelling(profile.product_of(linear)) != profile.spelling(profile.product_of(pair))
        urls = {
            channel.url
            for id in (linear, pair)
            if (channel := profile.channel(Kind.BOOK, Listed(id, "BTCUSDT", 0.1), "", 0)) is not None
        }
        assert len(urls) == 2


def test_recorded_messages_about_coin_margined_swaps_of_okx_convert_level_by_level(shared: Path) -> None:
    compared = 0
    for fixture in wire.fixtures(shared / "data" / "wire"):
        symbol = wire._symbol_in(fixture.body) or ""
        if (
            fixture.venue != "okx"
            or not symbol.endswith("-USD-SWAP")
            or wire.unused(fixture)
            or not fixture.streamed
        ):
            continue
        raw = wire.anything(symbol)
        coin = raw._replace(size=100.0, inverse=True)
        text = msgspec.json.encode(fixture.body)
        profile = profile_of("okx")
        for as_sent, ours in zip(
            profile.decode(text, lambda _, of=raw: of),
            profile.decode(text, lambda _, of=coin: of),
            strict=True,
        ):  # type: ignore[misc]
            if isinstance(as_sent, BookDelta) and isinstance(ours, BookDelta):
                pairs = zip((*as_sent.bids, *as_sent.asks), (*ours.bids, *ours.asks), strict=True)
                for (ticks, contracts), (same, qty) in pairs:
                    assert same == ticks and qty == pytest.approx(contracts * 100 / (ticks * raw.tick))
                    compared += 1
            elif isinstance(as_sent, Trade) and isinstance(ours, Trade):
                assert ours.qty == pytest.approx(as_sent.qty * 100 / as_sent.price)
                compared += 1
    assert compared >= 10


def test_a_market_that_is_not_connected_is_refused_with_the_reason() -> None:
    told = is_missing(profile_of("deribit"), InstrumentId("BTCUSDT.spot@deribit"))
    assert told.startswith("BTCUSDT.spot@deribit is not listed: ") and "no spot pairs" in told
    for venue in ("binance", "okx", "bybit"):
        pair = InstrumentId(f"NOPEUSDT.spot@{venue}")
        assert is_missing(profile_of(venue), pair) == f"{pair} is not listed"
    assert is_missing(profile_of("okx"), InstrumentId("NOPEUSDT@okx")) == "NOPEUSDT@okx is not listed"


def test_a_mark_takes_the_index_of_its_own_time_and_never_an_old_one() -> None:
    id = InstrumentId("BTCUSDT@okx")
    mark = MarkPrice(id, 100_000, 50_001.0)
    assert with_index(mark, IndexPrice(id, 70_000, 50_000.0)).index == 50_000.0
    assert with_index(mark, IndexPrice(id, 39_999, 50_000.0)).index is None
    own = MarkPrice(id, 100_000, 50_001.0, 49_999.0)
    assert with_index(own, IndexPrice(id, 100_000, 50_000.0)) is own and with_index(mark, None) is mark


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", ["binance", "okx", "bybit"])
async def test_a_mark_that_is_asked_for_comes_with_its_index(
    venue: str, server: Loopback, market: Make
) -> None:
    (mark,) = await market(venue).history(MarkFeed(InstrumentId(f"BTCUSDT@{venue}")), server.floor.now())
    assert isinstance(mark, MarkPrice)
    assert mark.index == pytest.approx(mark.mark, rel=0.01)


@pytest.mark.asyncio
async def test_the_sensitivities_of_an_option_are_asked_of_deribit(market: Make, server: Loopback) -> None:
    source = market("deribit")
    options = [
        each
        for each in await source.instruments()
        if each.kind is InstrumentKind.OPTION and each.base == "BTC"
    ]
    money = {each.id: each for each in options}
    (chain,) = await source.client.ask(Question(kind=Kind.CHAIN, currency="BTC"))
    near: Any = min(chain.quotes, key=lambda each: abs(each.strike - each.underlying))  # type: ignore[union-attr]
    assert near.instrument in money
    heard: list[Any] = await source.client.ask(
        Question(kind=Kind.GREEKS, listed=source.client.listed(near.instrument))
    )
    found = next(each for each in heard if type(each).__name__ == "Greeks")
    assert 0.3 < abs(found.delta) < 0.7 and found.gamma > 0 and found.vega > 0 and found.theta < 0
    assert 0.05 < found.mark_iv < 3.0 and found.underlying == pytest.approx(near.underlying, rel=0.02)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('binanceusdm {"code":-1121,"msg":"Invalid symbol."}', "binanceusdm -1121, Invalid symbol."),
        ('okx {"code":"51001","data":[],"msg":"No such instrument"}', "okx 51001, No such instrument"),
        ('bybit {"retCode":10001,"retMsg":"params error","result":{}}', "bybit 10001, params error"),
        (
            (
                'deribit {"error":{"message":"Invalid params","data":{"reason":"wrong format","param":"currency"},'
                '"code":-32602},"usIn":17}'
            ),
            "deribit Invalid params, wrong format, currency, -32602",
        ),
        ('okx {"cut', 'okx {"cut'),
        ('okx {"data":[{"msg":1}]}', 'okx {"data":[{"msg":1}]}'),
    ],
)
def test_of_a_refusal_in_json_only_the_venues_own_words_are_said(said: str, words: str) -> None:
    assert plain(RuntimeError(said)) == words


def test_what_a_library_says_of_a_refused_socket_or_a_page_for_browsers_becomes_a_plain_reason() -> None:
    socket = "503, message='Invalid response status', url='wss://ws.okx.com:8443/ws/v5/public?x=1'"
    assert plain(RuntimeError(socket)) == "503 Invalid response status"
    page = "okx GET https://www.okx.com/api 503 Service Unavailable <html>\n<head><title>503</title></head>"
    assert plain(RuntimeError(page)) == "okx GET https://www.okx.com/api 503 Service Unavailable"
