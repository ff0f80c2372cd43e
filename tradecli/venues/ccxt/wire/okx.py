"""What OKX says: swaps, spot pairs, and its options' sensitivities; ``okx_listing`` reads its instruments. Pure.

Quantities of swaps and options are contracts: ``ctVal`` of base coin each, or of quote currency where a contract is
inverse. ``funding-rate`` gives the rate that is being accrued; the two times that come with it say the interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tradecli.domain.enums import FundingKind, InstrumentKind, Side
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
    Kind,
    Listed,
    Names,
    Question,
    Said,
    ServerTime,
    Unpriced,
    delta_of,
    greeks_of,
    kind_of,
    ratio_name,
    spaced,
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
from tradecli.venues.ccxt.wire.okx_listing import listed
from tradecli.venues.rows import Depth, Pair

HOUR_MS = 3_600_000
BARS = {60_000: "1m", 300_000: "5m", 900_000: "15m", HOUR_MS: "1H", 4 * HOUR_MS: "4H", 24 * HOUR_MS: "1Dutc"}
_LENGTHS = {name: length for length, name in BARS.items()} | {"1D": 24 * HOUR_MS}
_SWAP = "-SWAP"
_PUBLIC, _BUSINESS = "wss://ws.okx.com:443/ws/v5/public", "wss://ws.okx.com:443/ws/v5/business"


# -- questions ---------------------------------------------------------------------------------------------------------


@strict
def answer(question: Question, body: Any, names: Names) -> list[Heard]:
    """Read what ``request`` of the same question brought back."""
    code = field(body, "code")
    if code != "0":
        raise Malformed(f"code {str(code)[:10]}: {str(body.get('msg'))[:80]}")
    found = rows(field(body, "data"), "data")
    asked = question.listed
    match question.kind:
        case Kind.TIME:
            return [ServerTime(stamp(field(row, "ts"), "ts")) for row in found[:1]]
        case Kind.INSTRUMENTS:
            return [each for each in map(listed, found) if each is not None]
        case Kind.CANDLES:
            bars = [_bar(row, _needed(asked), question.interval_ms) for row in reversed(found)]
            return [bar for bar in bars if bar is not None]
        case Kind.BOOK:
            return [_book(row, _needed(asked), True) for row in found]
        case Kind.INTEREST_HISTORY:
            return [_interest_row(row, _needed(asked)) for row in reversed(found)]
        case Kind.RATIO:
            return [_ratio_row(row, _needed(asked)) for row in reversed(found)]
        case Kind.FUNDING_HISTORY:
            return spaced(_each(_settled, found, names, asked))
        case Kind.INDEX:
            return [each for row in found for each in _index(row, names)]
        case Kind.GREEKS:
            return [each for row in found for each in _greeks(row, names)]
        case _:
            return _each(_ROWS[question.kind], found, names, asked)


def _each(reader: Any, found: Sequence[Any], names: Names, asked: Listed | None = None) -> list[Heard]:
    heard: list[Heard] = []
    for row in found:
        symbol = text(row, "instId")
        of = asked if asked is not None and asked.symbol == symbol else names(symbol)
        if of is not None:
            heard += reader(row, of)
    return heard


def _needed(asked: Listed | None) -> Listed:
    if asked is None:
        raise Malformed("an answer about no instrument")
    return asked


def _bar(row: Any, of: Listed, interval_ms: int) -> Candle | None:
    """Read a bar; one that is not confirmed is no bar. Index and mark bars have no volume: their sixth says so."""
    if not isinstance(row, list) or len(row) < 6:
        raise Malformed("bar: fewer than six columns")
    start, prices = stamp(row[0], "ts"), [positive(row[place], "price") for place in (1, 2, 3, 4)]
    confirmed = row[8] if len(row) > 8 else row[5] if len(row) == 6 else "1"
    volume = 0.0
    if len(row) > 6:
        spot = kind_of(of.id) is InstrumentKind.SPOT  # its volCcy is in quote currency, and vol in base
        volume = amount(row[5], "vol") if spot else amount(row[6], "volCcy")
    if confirmed != "1":
        return None
    return of.candle(start, interval_ms, prices, volume)


def _book(row: Any, of: Listed, snapshot: bool) -> BookDelta:
    bids, asks = of.levels(rows(field(row, "bids"))), of.levels(rows(field(row, "asks")))
    last = whole(row["seqId"], "seqId") if "seqId" in row else None
    before = whole(row["prevSeqId"], "prevSeqId") if "prevSeqId" in row else None
    return BookDelta(of.id, stamp(field(row, "ts"), "ts"), snapshot, None, last, before, bids, asks)


def _interest_row(row: Any, of: Listed) -> OpenInterest:
    if not isinstance(row, list) or len(row) < 4:
        raise Malformed("open interest: fewer than four columns")
    return OpenInterest(of.id, stamp(row[0], "ts"), amount(row[3], "oiUsd"))


def _ratio_row(row: Any, of: Listed) -> Sentiment:
    if not isinstance(row, list) or len(row) < 2:
        raise Malformed("ratio: fewer than two columns")
    ts = stamp(row[0], "ts")
    return Sentiment(ratio_name(of.id), ts, positive(row[1], "ratio"), ts)


def _print(row: Any, of: Listed) -> list[Heard]:
    price = positive(field(row, "px"), "px")
    qty = of.base(positive(field(row, "sz"), "sz"), price)
    side = _side(field(row, "side"))
    return [Trade(of.id, stamp(field(row, "ts"), "ts"), price, qty, side, text(row, "tradeId"))]


def _side(value: Any) -> Side:
    if value not in ("buy", "sell"):
        raise Malformed("side: neither buy nor sell")
    return Side(value)


def _ticker(row: Any, of: Listed) -> list[Heard]:
    """Read the best bid and ask; an option without one of them has no quote."""
    bid, ask = price_or_none(field(row, "bidPx"), "bidPx"), price_or_none(field(row, "askPx"), "askPx")
    ts = stamp(field(row, "ts"), "ts")
    if bid is None or ask is None:
        return []
    sizes = (
        of.base(amount(field(row, "bidSz"), "bidSz"), bid),
        of.base(amount(field(row, "askSz"), "askSz"), ask),
    )
    return [Quote(of.id, ts, bid, sizes[0], ask, sizes[1])]


def _funding(row: Any, of: Listed) -> list[Heard]:
    rate, due = (
        number(field(row, "fundingRate"), "fundingRate"),
        stamp(field(row, "fundingTime"), "fundingTime"),
    )
    after = row.get("nextFundingTime")
    hours = (stamp(after, "nextFundingTime") - due) / HOUR_MS if after not in (None, "") else None
    hours = hours if hours is not None and 0 < hours <= 24 else of.interval_h
    ts = stamp(row["ts"], "ts") if row.get("ts") else 0
    return [FundingRate(of.id, ts, rate, hours, FundingKind.PREDICTED, due)]


def _settled(row: Any, of: Listed) -> list[Heard]:
    rate = maybe(row.get("realizedRate"), "realizedRate")
    rate = number(field(row, "fundingRate"), "fundingRate") if rate is None else rate
    ts = stamp(field(row, "fundingTime"), "fundingTime")
    return [FundingRate(of.id, ts, rate, of.interval_h, FundingKind.SETTLED)]


def _interest(row: Any, of: Listed) -> list[Heard]:
    ts, coins = stamp(field(row, "ts"), "ts"), amount(field(row, "oiCcy"), "oiCcy")
    usd = maybe(row.get("oiUsd"), "oiUsd")
    return [OpenInterest(of.id, ts, usd) if usd is not None else Unpriced(of.id, ts, coins)]


def _mark(row: Any, of: Listed) -> list[Heard]:
    return [MarkPrice(of.id, stamp(field(row, "ts"), "ts"), positive(field(row, "markPx"), "markPx"))]


def index_of(symbol: str) -> str:
    """Return the name of the index that a swap follows."""
    return symbol.removesuffix(_SWAP)


def _index(row: Any, names: Names) -> list[Heard]:
    of = names(text(row, "instId") + _SWAP)
    if of is None:
        return []
    return [IndexPrice(of.id, stamp(field(row, "ts"), "ts"), positive(field(row, "idxPx"), "idxPx"))]


def _greeks(row: Any, names: Names) -> list[Heard]:
    of = names(text(row, "instId"))
    ts = stamp(field(row, "ts"), "ts")
    if of is None:
        return []
    keys = ("deltaBS", "gammaBS", "vegaBS", "thetaBS", "markVol", "bidVol", "askVol", "fwdPx")
    return [greeks_of(of, ts, [maybe(row.get(key), key) for key in keys])]


_ROWS = {
    Kind.TRADES: _print,
    Kind.QUOTE: _ticker,
    Kind.FUNDING: _funding,
    Kind.FUNDING_HISTORY: _settled,
    Kind.INTEREST: _interest,
    Kind.MARK: _mark,
}


# -- streams -----------------------------------------------------------------------------------------------------------


class _Arg(msgspec.Struct, gc=False):
    channel: str
    symbol: str = msgspec.field(default="", name="instId")


class _Rows(msgspec.Struct, gc=False):
    ts: int
    bids: list[Pair]
    asks: list[Pair]
    last: int | None = msgspec.field(default=None, name="seqId")
    before: int | None = msgspec.field(default=None, name="prevSeqId")


class _Books(msgspec.Struct, gc=False):
    arg: _Arg
    data: list[_Rows]
    action: str = "snapshot"


_BOOKS = msgspec.json.Decoder(_Books, strict=False)
_ANY = msgspec.json.Decoder()
_BOOK_HEAD = '{"arg":{"channel":"books"'


def depth(data: str | bytes) -> Depth | None:
    """Read a depth message that came as text; None for any other, which ``decode`` reads."""
    if data[:25] != _BOOK_HEAD:
        return None
    found = _BOOKS.decode(data)
    if len(found.data) != 1:
        return None
    row = found.data[0]
    snapshot = found.action == "snapshot"
    before = None if snapshot else row.before
    return Depth(found.arg.symbol, row.ts, snapshot, None, row.last, before, row.bids, row.asks)


@strict
def decode(data: str | bytes, names: Names) -> list[Heard]:
    """Read one message of the socket: ``Malformed`` when it is none that could be."""
    if data in ("pong", b"pong"):
        return [Said(True, "pong")]
    book = depth(data)
    return delta_of(book, names) if book is not None else read(_ANY.decode(data), names)


def read(message: Any, names: Names) -> list[Heard]:
    """Read one message that is decoded already."""
    if not isinstance(message, Mapping):
        raise Malformed("not an object")
    if "event" in message:
        said = f"{message.get('code', '')} {message.get('msg', '')}".strip()
        return [Said(message["event"] != "error", said[:200], str(message.get("id", "")))]
    arg = field(message, "arg")
    name, found = text(arg, "channel"), rows(field(message, "data"), "data")
    if name.startswith("books") or name == "bbo-tbt":
        return _depth(name, arg, message, found, names)
    if name.startswith("candle"):
        of = names(text(arg, "instId"))
        length = _LENGTHS.get(name.removeprefix("candle"))
        bars = [_bar(row, of, length or 0) for row in found] if of is not None else []
        return [bar for bar in bars if bar is not None and length is not None]
    if name == "instruments":
        return [each for each in map(listed, found) if each is not None]
    if name == "index-tickers":
        return [each for row in found for each in _index(row, names)]
    if name == "opt-summary":
        return [each for row in found for each in _greeks(row, names)]
    reader = _READERS.get(name)
    return _each(reader, found, names) if reader is not None else []


_READERS = {
    "trades": _print,
    "trades-all": _print,
    "tickers": _ticker,
    "funding-rate": _funding,
    "open-interest": _interest,
    "mark-price": _mark,
}


def _depth(name: str, arg: Any, message: Any, found: Sequence[Any], names: Names) -> list[Heard]:
    of = names(text(arg, "instId"))
    if of is None:
        return []
    if name == "bbo-tbt":
        return [each for row in found for each in _best(row, of)]
    return [_book(row, of, message.get("action", "snapshot") == "snapshot") for row in found]


def _best(row: Any, of: Listed) -> list[Heard]:
    bids, asks = rows(field(row, "bids")), rows(field(row, "asks"))
    ts = stamp(field(row, "ts"), "ts")
    if not bids or not asks:
        return []
    bid, ask = positive(bids[0][0], "bid"), positive(asks[0][0], "ask")
    sizes = of.base(amount(bids[0][1], "size"), bid), of.base(amount(asks[0][1], "size"), ask)
    return [Quote(of.id, ts, bid, sizes[0], ask, sizes[1], max(whole(row.get("seqId", 0), "seqId"), 0))]
