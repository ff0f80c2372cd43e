"""What Bybit says (v5): perpetuals, linear and coin-margined, and spot pairs; option messages are read too. Pure.

A ``tickers`` message after the first carries only what changed: each event is made of what is there, and nothing is
invented for the rest. The hours between settlements are the instrument's own ``fundingInterval``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tradecli.domain.enums import FundingKind, InstrumentKind, OptionType, Side
from tradecli.domain.instrument import Instrument, instrument_id
from tradecli.domain.market import (
    BookDelta,
    Candle,
    FundingRate,
    MarkPrice,
    OpenInterest,
    Quote,
    Sentiment,
    Trade,
)
from tradecli.venues.ccxt.profile import (
    Greeks,
    Heard,
    Kind,
    Listed,
    Names,
    Question,
    Said,
    ServerTime,
    Unpriced,
    delta_of,
    greeks_of,
    ratio_name,
)
from tradecli.venues.ccxt.reading import (
    Malformed,
    amount,
    decimal_text,
    field,
    maybe,
    number,
    positive,
    price_or_none,
    rows,
    stamp,
    strict,
    text,
    whole,
)
from tradecli.venues.known import fees_of
from tradecli.venues.rows import Depth, Pair

BARS = {60_000: "1", 300_000: "5", 900_000: "15", 3_600_000: "60", 14_400_000: "240", 86_400_000: "D"}
_LENGTHS = {name: length for length, name in BARS.items()}


# -- instruments -------------------------------------------------------------------------------------------------------


@strict
def listed(raw: Mapping[str, Any]) -> Listed | None:
    """Read one row of ``instruments-info``."""
    symbol, base, quote = text(raw, "symbol"), text(raw, "baseCoin"), text(raw, "quoteCoin")
    lots, contract = field(raw, "lotSizeFilter"), raw.get("contractType", "")
    kind = _kind(contract, "optionsType" in raw)
    inverse = contract.startswith("Inverse")
    step = lots.get("qtyStep") or field(lots, "basePrecision")
    name = (
        symbol
        if kind in (InstrumentKind.FUTURE, InstrumentKind.OPTION, InstrumentKind.LINEAR)
        else f"{symbol}.{kind}"
    )
    try:
        id = instrument_id(name, "bybit")
    except ValueError:
        return None
    maker, taker = fees_of("bybit", kind)
    minutes = maybe(raw.get("fundingInterval"), "fundingInterval")
    expiry = whole(raw.get("deliveryTime") or "0", "deliveryTime")
    notional = lots.get("minNotionalValue") or lots.get("minOrderAmt") or "0"
    unit = Decimal(1)
    instrument = Instrument(
        id=id,
        kind=kind,
        base=base,
        quote=quote,
        settle=raw.get("settleCoin") or quote,
        tick=Decimal(decimal_text(field(field(raw, "priceFilter"), "tickSize"), "tickSize")),
        lot=Decimal(decimal_text(step, "qtyStep")) * unit,
        min_qty=Decimal(decimal_text(field(lots, "minOrderQty"), "minOrderQty")),
        min_notional=Decimal(str(amount(notional, "minNotionalValue"))),
        max_qty=Decimal(decimal_text(lots["maxOrderQty"], "maxOrderQty"))
        if lots.get("maxOrderQty")
        else None,
        maker_fee=maker,
        taker_fee=taker,
        expiry_ts=expiry or None,
        option_type={"Call": OptionType.CALL, "Put": OptionType.PUT}.get(raw.get("optionsType", "")),
        strike=_strike(symbol) if kind is InstrumentKind.OPTION else None,
    )
    status = text(raw, "status")
    return Listed(
        id=id,
        symbol=symbol,
        tick=float(instrument.tick),
        inverse=inverse,
        interval_h=minutes / 60 if minutes else None,
        instrument=instrument,
        halted="" if status == "Trading" else status,
    )


def _kind(contract: str, option: bool) -> InstrumentKind:
    if option:
        return InstrumentKind.OPTION
    match contract:
        case "":
            return InstrumentKind.SPOT
        case "LinearPerpetual":
            return InstrumentKind.LINEAR
        case "InversePerpetual":
            return InstrumentKind.INVERSE
        case "LinearFutures" | "InverseFutures":
            return InstrumentKind.FUTURE
        case _:
            raise Malformed(f"contractType: {contract[:20]} is none we know")


def _strike(symbol: str) -> Decimal | None:
    parts = symbol.split("-")
    return Decimal(decimal_text(parts[2], "strike")) if len(parts) > 3 else None


# -- questions ---------------------------------------------------------------------------------------------------------


@strict
def answer(question: Question, body: Any, names: Names) -> list[Heard]:
    """Read what ``request`` of the same question brought back."""
    code = field(body, "retCode")
    if code != 0:
        raise Malformed(f"retCode {str(code)[:10]}: {str(body.get('retMsg'))[:80]}")
    result, asked = field(body, "result"), question.listed
    match question.kind:
        case Kind.TIME:
            return [ServerTime(whole(field(result, "timeNano"), "timeNano") // 1_000_000)]
        case Kind.BOOK:
            return [_book(result, _needed(asked), True, stamp(field(result, "ts"), "ts"))]
        case _:
            pass
    found = rows(field(result, "list"), "list")
    match question.kind:
        case Kind.INSTRUMENTS:
            return [each for each in map(listed, found) if each is not None]
        case Kind.CANDLES:
            return [_bar(row, _needed(asked), question.interval_ms) for row in reversed(found)]
        case Kind.TRADES:
            return [each for row in reversed(found) for each in _rest_print(row, asked, names)]
        case Kind.INTEREST_HISTORY:
            return [_interest(row, _needed(asked)) for row in reversed(found)]
        case Kind.FUNDING_HISTORY:
            return [each for row in reversed(found) for each in _settled(row, asked, names)]
        case Kind.RATIO:
            return [each for row in reversed(found) for each in _ratio(row, asked, names)]
        case _:
            ts = stamp(field(body, "time"), "time")
            return [each for row in found for each in _ticker(row, names, ts)]


def _needed(asked: Listed | None) -> Listed:
    if asked is None:
        raise Malformed("an answer about no instrument")
    return asked


def _of(row: Any, asked: Listed | None, names: Names) -> Listed | None:
    symbol = text(row, "symbol")
    return asked if asked is not None and asked.symbol == symbol else names(symbol)


def _bar(row: Any, of: Listed, interval_ms: int) -> Candle:
    if not isinstance(row, list) or len(row) < 5:
        raise Malformed("bar: fewer than five columns")
    prices = [positive(row[place], "price") for place in (1, 2, 3, 4)]
    volume = 0.0
    if len(row) > 5:
        coins = of.inverse and len(row) > 6  # its volume counts dollars, its turnover coins
        volume = amount(row[6], "turnover") if coins else of.base(amount(row[5], "volume"), prices[3])
    return of.candle(stamp(row[0], "start"), interval_ms, prices, volume)


def _book(body: Any, of: Listed, snapshot: bool, ts: int) -> BookDelta:
    bids, asks = of.levels(rows(field(body, "b"))), of.levels(rows(field(body, "a")))
    return BookDelta(of.id, ts, snapshot, None, whole(field(body, "u"), "u"), None, bids, asks)


def _rest_print(row: Any, asked: Listed | None, names: Names) -> list[Heard]:
    of = _of(row, asked, names)
    if of is None:
        return []
    price = positive(field(row, "price"), "price")
    qty = of.base(positive(field(row, "size"), "size"), price)
    return [
        Trade(of.id, stamp(field(row, "time"), "time"), price, qty, _side(row, "side"), text(row, "execId"))
    ]


def _side(row: Any, key: str) -> Side:
    value = field(row, key)
    if value not in ("Buy", "Sell"):
        raise Malformed("side: neither Buy nor Sell")
    return Side.BUY if value == "Buy" else Side.SELL


def _settled(row: Any, asked: Listed | None, names: Names) -> list[Heard]:
    of = _of(row, asked, names)
    rate, ts = (
        number(field(row, "fundingRate"), "fundingRate"),
        stamp(field(row, "fundingRateTimestamp"), "time"),
    )
    return [] if of is None else [FundingRate(of.id, ts, rate, of.interval_h, FundingKind.SETTLED)]


def _interest(row: Any, of: Listed) -> Heard:
    ts, qty = stamp(field(row, "timestamp"), "timestamp"), amount(field(row, "openInterest"), "openInterest")
    return OpenInterest(of.id, ts, qty) if of.inverse else Unpriced(of.id, ts, qty)


def _ratio(row: Any, asked: Listed | None, names: Names) -> list[Heard]:
    of = _of(row, asked, names)
    longs, shorts = (
        positive(field(row, "buyRatio"), "buyRatio"),
        positive(field(row, "sellRatio"), "sellRatio"),
    )
    ts = stamp(field(row, "timestamp"), "timestamp")
    return [] if of is None else [Sentiment(ratio_name(of.id), ts, longs / shorts, ts)]


def _ticker(row: Any, names: Names, ts: int) -> list[Heard]:
    """Read what a ticker says: each event is made only of fields that are there."""
    of = names(text(row, "symbol"))
    if of is None:
        return []
    heard: list[Heard] = []
    bid, ask = (price_or_none(row.get(side) or row.get(old), side) for side, old in _BEST)
    if bid is not None and ask is not None:
        sizes = [amount(row.get(new) or row.get(old), new) for new, old in _BEST_SIZES]
        heard.append(Quote(of.id, ts, bid, of.base(sizes[0], bid), ask, of.base(sizes[1], ask)))
    mark = price_or_none(row.get("markPrice"), "markPrice")
    if mark is not None:
        heard.append(MarkPrice(of.id, ts, mark, price_or_none(row.get("indexPrice"), "indexPrice")))
    rate = maybe(row.get("fundingRate"), "fundingRate")
    if rate is not None:
        due = whole(row.get("nextFundingTime") or 0, "nextFundingTime") or None
        hours = maybe(row.get("fundingIntervalHour"), "fundingIntervalHour") or of.interval_h
        heard.append(FundingRate(of.id, ts, rate, hours, FundingKind.PREDICTED, due, mark))
    value = maybe(row.get("openInterestValue"), "openInterestValue")
    if value is not None and not of.inverse:
        heard.append(OpenInterest(of.id, ts, value))
    elif of.inverse and row.get("openInterest"):
        heard.append(OpenInterest(of.id, ts, amount(row["openInterest"], "openInterest")))
    if "delta" in row:
        heard.append(_greeks(row, of, ts))
    return heard


_BEST = (("bid1Price", "bidPrice"), ("ask1Price", "askPrice"))
_BEST_SIZES = (("bid1Size", "bidSize"), ("ask1Size", "askSize"))


def _greeks(row: Any, of: Listed, ts: int) -> Greeks:
    values = [maybe(row.get(key), key) for key in ("delta", "gamma", "vega", "theta")]
    vols = [maybe(row.get(new) or row.get(old), new) for new, old in _VOLS]
    return greeks_of(of, ts, [*values, *vols, maybe(row.get("underlyingPrice"), "underlyingPrice")])


_VOLS = (("markIv", "markPriceIv"), ("bid1Iv", "bidIv"), ("ask1Iv", "askIv"))


# -- streams -----------------------------------------------------------------------------------------------------------


class _Rows(msgspec.Struct, gc=False):
    s: str
    b: list[Pair]
    a: list[Pair]
    u: int


class _Books(msgspec.Struct, gc=False):
    type: str
    ts: int
    data: _Rows
    cts: int = 0


_BOOKS = msgspec.json.Decoder(_Books, strict=False)
_ANY = msgspec.json.Decoder()
_BOOK_HEAD = '{"topic":"orderbook.50.'


def depth(data: str | bytes) -> Depth | None:
    """Read a depth message that came as text; None for any other, which ``decode`` reads."""
    if data[:23] != _BOOK_HEAD:
        return None
    found = _BOOKS.decode(data)
    row = found.data
    # u = 1: the venue restarted, and this is the whole book
    snapshot = found.type == "snapshot" or row.u == 1
    return Depth(row.s, found.cts or found.ts, snapshot, None, row.u, None, row.b, row.a)


@strict
def decode(data: str | bytes, names: Names) -> list[Heard]:
    """Read one message of the socket: ``Malformed`` when it is none that could be."""
    book = depth(data)
    return delta_of(book, names) if book is not None else read(_ANY.decode(data), names)


def read(message: Any, names: Names) -> list[Heard]:
    """Read one message that is decoded already."""
    if not isinstance(message, Mapping):
        raise Malformed("not an object")
    if "topic" not in message:
        if "success" in message or "op" in message or "retCode" in message:
            said = str(message.get("ret_msg") or message.get("retMsg") or "")
            ok = message.get("success", message.get("retCode", 0) == 0)
            return [Said(bool(ok), said[:200], str(message.get("req_id", "")))]
        raise Malformed("neither a topic nor an answer")
    topic, body = text(message, "topic"), field(message, "data")
    name = topic.removeprefix("<f'").partition(".")[0]
    match name:
        case "orderbook":
            of = names(text(body, "s"))
            kind, ts = text(message, "type"), stamp(message.get("cts") or field(message, "ts"), "ts")
            return [] if of is None else [_book(body, of, kind == "snapshot" or body.get("u") == 1, ts)]
        case "publicTrade":
            return [each for row in rows(body, "data") for each in _trade(row, names)]
        case "kline":
            return _bars(topic, rows(body, "data"), names)
        case "tickers":
            return _ticker(body, names, stamp(field(message, "ts") if "ts" in message else 1, "ts"))
        case _:
            return []


def _trade(row: Any, names: Names) -> list[Heard]:
    of = names(text(row, "s"))
    if of is None:
        return []
    price = positive(field(row, "p"), "p")
    qty = of.base(positive(field(row, "v"), "v"), price)
    return [Trade(of.id, stamp(field(row, "T"), "T"), price, qty, _side(row, "S"), text(row, "i"))]


def _bars(topic: str, found: Sequence[Any], names: Names) -> list[Heard]:
    """Read bars; one that is not confirmed is no bar."""
    of = names(topic.rpartition(".")[2])
    heard: list[Heard] = []
    for row in found:
        length = _LENGTHS.get(text(row, "interval"))
        prices = [positive(field(row, key), key) for key in ("open", "high", "low", "close")]
        own = "turnover" if of is not None and of.inverse else "volume"
        start, volume = stamp(field(row, "start"), "start"), amount(field(row, own), own)
        if of is not None and length is not None and field(row, "confirm") is True:
            heard.append(of.candle(start, length, prices, volume))
    return heard
