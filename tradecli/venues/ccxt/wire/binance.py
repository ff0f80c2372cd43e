"""What Binance says: USD-margined futures, and coin-margined ones and spot, which are spelled much the same.

Pure. Funding: ``premiumIndex`` and the mark-price stream give the rate that is being accrued and when it settles; the
hours between settlements are 8 where ``fundingInfo`` names no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tradecli.domain.enums import FundingKind, Side
from tradecli.domain.feed import INTERVALS_MS
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
    Heard,
    IndexPrice,
    Intervals,
    Kind,
    Listed,
    Names,
    Question,
    Said,
    ServerTime,
    Unpriced,
    delta_of,
    ratio_name,
)
from tradecli.venues.ccxt.reading import (
    Malformed,
    amount,
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
from tradecli.venues.ccxt.wire.binance_listing import listed
from tradecli.venues.rows import Depth, Pair

INTERVALS = dict(zip(INTERVALS_MS.values(), INTERVALS_MS, strict=True))
_LENGTHS = INTERVALS_MS
PERPETUAL = "_PERP"
"""How the symbol of a coin-margined perpetual ends; what is before it is its pair, and the name of its index."""


# -- questions ---------------------------------------------------------------------------------------------------------


@strict
def answer(question: Question, body: Any, names: Names) -> list[Heard]:
    """Read what ``request`` of the same question brought back."""
    if isinstance(body, Mapping) and "result" in body and "status" in body:
        body = body["result"]  # the same answer over the venue's request socket
    asked = question.listed
    match question.kind:
        case Kind.TIME:
            return [ServerTime(stamp(field(body, "serverTime"), "serverTime"))]
        case Kind.INSTRUMENTS:
            return [each for each in map(listed, rows(field(body, "symbols"))) if each is not None]
        case Kind.CANDLES:
            return [_bar(row, _needed(asked), question.interval_ms) for row in rows(body)]
        case Kind.TRADES:
            return [_print(row, _needed(asked)) for row in rows(body)]
        case Kind.BOOK:
            return [_snapshot(body, _needed(asked))]
        case Kind.FUNDING_INTERVALS:
            return [
                Intervals(
                    {
                        text(row, "symbol"): number(field(row, "fundingIntervalHours"), "hours")
                        for row in rows(body)
                    }
                )
            ]
        case _:
            reader = _ROWS[question.kind]
            found: list[Heard] = []
            for row in [body] if isinstance(body, Mapping) else rows(body):
                each = asked or names(_symbol(row))
                if each is not None:
                    found += reader(row, each)
            return found


def _needed(asked: Listed | None) -> Listed:
    if asked is None:
        raise Malformed("an answer about no instrument")
    return asked


def _symbol(row: Any) -> str:
    return text(row, "symbol") if isinstance(row, Mapping) and "symbol" in row else text(row, "pair")


def _bar(row: Any, of: Listed, interval_ms: int) -> Candle:
    if not isinstance(row, list) or len(row) < 6:
        raise Malformed("bar: fewer than six columns")
    close = positive(row[4], "close")
    own = of.inverse and len(row) > 7
    volume = amount(row[7], "volume") if own else of.base(amount(row[5], "volume"), close)
    prices = [positive(row[place], "price") for place in (1, 2, 3)]
    return of.candle(stamp(row[0], "open time"), interval_ms, [*prices, close], volume)


def _print(row: Any, of: Listed) -> Trade:
    if "a" in row:
        id, price, qty, ts, maker = (
            row["a"],
            field(row, "p"),
            field(row, "q"),
            field(row, "T"),
            field(row, "m"),
        )
    else:
        id, price, qty, ts, maker = (
            field(row, key) for key in ("id", "price", "qty", "time", "isBuyerMaker")
        )
    cost = positive(price, "price")
    side = Side.SELL if _flag(maker, "maker") else Side.BUY
    return Trade(
        of.id, stamp(ts, "time"), cost, of.base(positive(qty, "qty"), cost), side, str(whole(id, "id"))
    )


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed(f"{name}: neither true nor false")
    return value


def _snapshot(body: Any, of: Listed) -> BookDelta:
    last = whole(field(body, "lastUpdateId"), "lastUpdateId")
    ts = stamp(body["T"], "T") if "T" in body else 0
    bids, asks = of.levels(rows(field(body, "bids"))), of.levels(rows(field(body, "asks")))
    return BookDelta(of.id, ts, True, None, last, None, bids, asks)


def _quotes(row: Any, of: Listed) -> list[Heard]:
    if "bidPrice" not in row:
        raise Malformed("bidPrice is missing")
    bid, ask = positive(row["bidPrice"], "bid"), positive(field(row, "askPrice"), "ask")
    sizes = (
        of.base(amount(field(row, "bidQty"), "bidQty"), bid),
        of.base(amount(field(row, "askQty"), "askQty"), ask),
    )
    ts = stamp(row["time"], "time") if "time" in row else 0
    update = whole(row["lastUpdateId"], "id") if "lastUpdateId" in row else 0
    return [Quote(of.id, ts, bid, sizes[0], ask, sizes[1], update)]


def _premium(row: Any, of: Listed) -> list[Heard]:
    ts, mark = stamp(field(row, "time"), "time"), positive(field(row, "markPrice"), "markPrice")
    found: list[Heard] = [MarkPrice(of.id, ts, mark, price_or_none(row.get("indexPrice"), "indexPrice"))]
    rate, due = maybe(row.get("lastFundingRate"), "rate"), whole(row.get("nextFundingTime", 0), "next")
    if rate is not None and due > 0:
        found.append(FundingRate(of.id, ts, rate, of.interval_h, FundingKind.PREDICTED, due, mark))
    return found


def _settled(row: Any, of: Listed) -> list[Heard]:
    rate = number(field(row, "fundingRate"), "fundingRate")
    mark = price_or_none(row.get("markPrice"), "markPrice")
    ts = stamp(field(row, "fundingTime"), "fundingTime")
    return [FundingRate(of.id, ts, rate, of.interval_h, FundingKind.SETTLED, None, mark)]


def _interest(row: Any, of: Listed) -> list[Heard]:
    """Read open interest: in USD where the venue says so; otherwise in base units, which the caller values."""
    if of.inverse and "sumOpenInterest" in row:
        contracts = amount(row["sumOpenInterest"], "contracts")
        return [OpenInterest(of.id, stamp(field(row, "timestamp"), "timestamp"), contracts * of.size)]
    if "sumOpenInterestValue" in row:
        value = amount(row["sumOpenInterestValue"], "value")
        return [OpenInterest(of.id, stamp(field(row, "timestamp"), "timestamp"), value)]
    qty = amount(field(row, "openInterest"), "openInterest")
    ts = stamp(field(row, "time"), "time")
    return [OpenInterest(of.id, ts, qty * of.size) if of.inverse else Unpriced(of.id, ts, qty)]


def _ratio(row: Any, of: Listed) -> list[Heard]:
    ts = stamp(field(row, "timestamp"), "timestamp")
    return [Sentiment(ratio_name(of.id), ts, positive(field(row, "longShortRatio"), "ratio"), ts)]


_ROWS = {
    Kind.QUOTE: _quotes,
    Kind.FUNDING: _premium,
    Kind.MARK: _premium,
    Kind.FUNDING_HISTORY: _settled,
    Kind.INTEREST: _interest,
    Kind.INTEREST_HISTORY: _interest,
    Kind.RATIO: _ratio,
}


# -- streams -----------------------------------------------------------------------------------------------------------


class _Depth(msgspec.Struct, gc=False):
    s: str
    U: int
    u: int
    b: list[Pair]
    a: list[Pair]
    T: int = 0
    E: int = 0
    pu: int | None = None


class _Print(msgspec.Struct, gc=False):
    s: str
    t: int
    p: float
    q: float
    T: int
    m: bool


_DEPTH = msgspec.json.Decoder(_Depth, strict=False)
_PRINT = msgspec.json.Decoder(_Print, strict=False)
_ANY = msgspec.json.Decoder()
_DEPTH_HEAD, _PRINT_HEAD = '{"e":"depthUpdate"', '{"e":"trade"'


def depth(data: str | bytes) -> Depth | None:
    """Read a depth message that came as text; None for any other, which ``decode`` reads."""
    if data[:18] != _DEPTH_HEAD:
        return None
    found = _DEPTH.decode(data)
    return Depth(found.s, found.T or found.E, False, found.U, found.u, found.pu, found.b, found.a)


@strict
def decode(data: str | bytes, names: Names) -> list[Heard]:
    """Read one message of the socket: ``Malformed`` when it is none that could be."""
    book = depth(data)
    if book is not None:
        return delta_of(book, names)
    if data[:12] == _PRINT_HEAD:
        return _trade(_PRINT.decode(data), names)
    return read(_ANY.decode(data), names)


def read(message: Any, names: Names) -> list[Heard]:
    """Read one message that is decoded already: with or without the envelope of combined streams."""
    if isinstance(message, list):
        return [each for part in message for each in read(part, names)]
    if not isinstance(message, Mapping):
        raise Malformed("not an object")
    if "data" in message and "stream" in message:
        return _wrapped(message["data"], text(message, "stream"), names)
    if "result" in message and "id" in message:
        return [Said(True, id=str(message["id"]))]
    if "error" in message or "code" in message:
        error = message.get("error", message)
        return [Said(False, f"{error.get('code')}: {error.get('msg')}"[:200], str(message.get("id", "")))]
    if message.get("e") == "indexPriceUpdate":
        return _read_index(message, names)
    event = message.get("e", "bookTicker" if {"u", "s", "b", "B", "a", "A"} <= message.keys() else None)
    reader = _EVENTS.get(event or "")
    if reader is None:
        return []
    symbol = message.get("s") or message.get("ps") or field(message, "s")
    of = names(symbol)
    return [] if of is None else reader(message, of)


def _wrapped(data: Any, stream: str, names: Names) -> list[Heard]:
    if isinstance(data, Mapping) and "lastUpdateId" in data:
        of = names(stream.partition("@")[0].upper())
        return [] if of is None else [_snapshot(data, of)]
    return read(data, names)


def _trade(message: _Print, names: Names) -> list[Heard]:
    of = names(message.s)
    if of is None or not message.p > 0 or not message.q > 0:
        return []  # the venue also reports executions at no price: insurance fund and such
    side = Side.SELL if message.m else Side.BUY
    return [Trade(of.id, message.T, message.p, of.base(message.q, message.p), side, str(message.t))]


def _read_depth(message: Mapping[str, Any], of: Listed) -> list[Heard]:
    bids, asks = of.levels(rows(field(message, "b"))), of.levels(rows(field(message, "a")))
    first, last = whole(field(message, "U"), "U"), whole(field(message, "u"), "u")
    before = whole(message["pu"], "pu") if "pu" in message else None
    ts = stamp(message.get("T") or field(message, "E"), "T")
    return [BookDelta(of.id, ts, False, first, last, before, bids, asks)]


def _read_trade(message: Mapping[str, Any], of: Listed) -> list[Heard]:
    price = positive(field(message, "p"), "p")
    id = message["t"] if message.get("e") == "trade" else field(message, "a")
    side = Side.SELL if _flag(field(message, "m"), "m") else Side.BUY
    qty = of.base(positive(field(message, "q"), "q"), price)
    return [Trade(of.id, stamp(field(message, "T"), "T"), price, qty, side, str(whole(id, "id")))]


def _read_best(message: Mapping[str, Any], of: Listed) -> list[Heard]:
    bid, ask = positive(field(message, "b"), "b"), positive(field(message, "a"), "a")
    sizes = of.base(amount(field(message, "B"), "B"), bid), of.base(amount(field(message, "A"), "A"), ask)
    ts = stamp(message["T"], "T") if "T" in message else 0
    update = whole(message["u"], "u") if "u" in message else 0
    return [Quote(of.id, ts, bid, sizes[0], ask, sizes[1], update)]


def _read_mark(message: Mapping[str, Any], of: Listed) -> list[Heard]:
    ts, mark = stamp(field(message, "E"), "E"), positive(field(message, "p"), "p")
    found: list[Heard] = [MarkPrice(of.id, ts, mark, price_or_none(message.get("i"), "i"))]
    rate, due = maybe(message.get("r"), "r"), whole(message.get("T", 0), "T")
    if rate is not None and due > 0:
        found.append(FundingRate(of.id, ts, rate, of.interval_h, FundingKind.PREDICTED, due, mark))
    return found


def _read_index(message: Mapping[str, Any], names: Names) -> list[Heard]:
    """Read the index of a pair, which coin-margined perpetuals follow; their marks come without it."""
    of = names(text(message, "i") + PERPETUAL)
    ts, price = stamp(field(message, "E"), "E"), positive(field(message, "p"), "p")
    return [] if of is None else [IndexPrice(of.id, ts, price)]


def _read_bar(message: Mapping[str, Any], of: Listed) -> list[Heard]:
    """Read a bar; one that is not closed yet is no bar."""
    bar = field(message, "k")
    start, length = stamp(field(bar, "t"), "t"), _LENGTHS.get(text(bar, "i"))
    prices = [positive(field(bar, key), key) for key in ("o", "h", "l", "c")]
    volume = amount(field(bar, "q" if of.inverse else "v"), "v")
    if not _flag(field(bar, "x"), "x") or length is None:
        return []
    return [of.candle(start, length, prices, volume)]


_EVENTS = {
    "depthUpdate": _read_depth,
    "trade": _read_trade,
    "aggTrade": _read_trade,
    "bookTicker": _read_best,
    "markPriceUpdate": _read_mark,
    "kline": _read_bar,
    "continuous_kline": _read_bar,
}
