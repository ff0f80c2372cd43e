"""What Deribit says: perpetuals, option chains, their sensitivities and DVOL. Pure.

Amounts of perpetuals and futures are USD and become base units by their price; those of options are coins. Volatility
comes in percent and leaves as a fraction. ``funding_8h`` is what the last eight hours paid.
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
    FundingRate,
    MarkPrice,
    OpenInterest,
    OptionChain,
    OptionQuote,
    Quote,
    Trade,
    VolIndex,
)
from tradecli.venues.ccxt.profile import (
    Heard,
    Kind,
    Listed,
    Names,
    Question,
    Said,
    ServerTime,
    delta_of,
    greeks_of,
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
from tradecli.venues.rows import NamedDepth

FUNDING_H = 8.0
_HOUR_MS = 3_600_000


# -- instruments -------------------------------------------------------------------------------------------------------


@strict
def listed(raw: Mapping[str, Any]) -> Listed | None:
    """Read one row of ``get_instruments``; None for combinations, which are several instruments at once."""
    symbol, kind_name = text(raw, "instrument_name"), text(raw, "kind")
    if kind_name.endswith("_combo"):
        return None
    kind, inverse = _kind(raw, symbol, kind_name)
    quote = text(raw, "quote_currency")
    base = raw.get("base_currency") or symbol.partition("-")[0].partition("_")[0]
    try:
        id = instrument_id(symbol, "deribit")
    except ValueError:
        return None
    size = positive(field(raw, "contract_size"), "contract_size")
    least = Decimal(decimal_text(field(raw, "min_trade_amount"), "min_trade_amount"))
    expiry = stamp(raw["expiration_timestamp"], "expiration") if kind_name == "option" else None
    option = raw.get("option_type")
    instrument = Instrument(
        id=id,
        kind=kind,
        base=base,
        quote="USD" if kind is InstrumentKind.OPTION and quote == base else quote,
        settle=raw.get("settlement_currency") or quote,
        tick=Decimal(decimal_text(field(raw, "tick_size"), "tick_size")),
        lot=least,
        min_qty=least,
        contract_size=Decimal(repr(size)),
        maker_fee=max(Decimal(str(number(field(raw, "maker_commission"), "maker"))), Decimal(0)),
        taker_fee=Decimal(str(amount(field(raw, "taker_commission"), "taker"))),
        expiry_ts=expiry,
        strike=Decimal(decimal_text(field(raw, "strike"), "strike")) if kind_name == "option" else None,
        option_type=OptionType(option) if option in ("call", "put") else None,
    )
    return Listed(
        id=id,
        symbol=symbol,
        tick=float(instrument.tick),
        inverse=inverse,
        interval_h=FUNDING_H if symbol.endswith("PERPETUAL") else None,
        instrument=instrument,
        halted=""
        if raw.get("is_active", True) and raw.get("state", "open") == "open"
        else str(raw.get("state", "inactive")),
    )


def _kind(raw: Mapping[str, Any], symbol: str, name: str) -> tuple[InstrumentKind, bool]:
    reversed_ = raw.get("instrument_type", "reversed" if "USDC" not in symbol else "linear") == "reversed"
    match name:
        case "option":
            return InstrumentKind.OPTION, False
        case "spot":
            return InstrumentKind.SPOT, False
        case "future" if symbol.endswith("PERPETUAL"):
            return (InstrumentKind.INVERSE if reversed_ else InstrumentKind.LINEAR), reversed_
        case "future":
            return InstrumentKind.FUTURE, reversed_
        case _:
            raise Malformed(f"kind: {name[:20]} is none we know")


# -- questions ---------------------------------------------------------------------------------------------------------


@strict
def answer(question: Question, body: Any, names: Names) -> list[Heard]:
    """Read what ``request`` of the same question brought back."""
    if isinstance(body, Mapping) and "error" in body:
        raise Malformed(f"error {str(body['error'])[:100]}")
    result, asked = field(body, "result"), question.listed
    match question.kind:
        case Kind.TIME:
            return [ServerTime(stamp(result, "result"))]
        case Kind.INSTRUMENTS:
            found = [result] if isinstance(result, Mapping) else rows(result)
            return [each for each in map(listed, found) if each is not None]
        case Kind.CANDLES:
            return _bars(result, _needed(asked), question.interval_ms)
        case Kind.TRADES:
            return [each for row in rows(field(result, "trades")) for each in _print(row, names, asked)]
        case Kind.BOOK:
            of = _needed(asked)
            bids, asks = of.levels(rows(field(result, "bids"))), of.levels(rows(field(result, "asks")))
            last = whole(field(result, "change_id"), "change_id") if "change_id" in result else None
            return [
                BookDelta(of.id, stamp(field(result, "timestamp"), "ts"), True, None, last, None, bids, asks)
            ]
        case Kind.FUNDING_HISTORY:
            return [_settled(row, _needed(asked)) for row in rows(result)]
        case Kind.CHAIN:
            return [_chain(rows(result), question.currency, names)]
        case Kind.VOL_INDEX:
            found = rows(field(result, "data"))
            return [_index(row, question.currency, question.interval_ms or _HOUR_MS) for row in found]
        case _:
            summaries = rows(result) if isinstance(result, list) else [result]
            return [each for row in summaries for each in _ticker(row, names)]


def _needed(asked: Listed | None) -> Listed:
    if asked is None:
        raise Malformed("an answer about no instrument")
    return asked


def _bars(result: Any, of: Listed, interval_ms: int) -> list[Heard]:
    columns = [rows(field(result, key), key) for key in ("ticks", "open", "high", "low", "close", "volume")]
    if len({len(column) for column in columns}) > 1:
        raise Malformed("bars: columns of different lengths")
    heard: list[Heard] = []
    for ts, *prices, volume in zip(*columns, strict=True):
        values = [positive(price, "price") for price in prices]
        heard.append(of.candle(stamp(ts, "ticks"), interval_ms, values, amount(volume, "volume")))
    return heard


def _print(row: Any, names: Names, asked: Listed | None = None) -> list[Heard]:
    symbol = text(row, "instrument_name")
    of = asked if asked is not None and asked.symbol == symbol else names(symbol)
    price = number(field(row, "price"), "price")
    side, qty = _side(field(row, "direction")), positive(field(row, "amount"), "amount")
    ts, id = stamp(field(row, "timestamp"), "timestamp"), text(row, "trade_id")
    if of is None or price <= 0:
        return []  # a combination may trade below zero, and is no instrument here
    return [Trade(of.id, ts, price, of.base(qty, price), side, id)]


def _side(value: Any) -> Side:
    if value not in ("buy", "sell"):
        raise Malformed("direction: neither buy nor sell")
    return Side(value)


def _settled(row: Any, of: Listed) -> FundingRate:
    """Read an hour of funding: Deribit pays continuously, and ``interest_1h`` is what that hour paid."""
    ts, rate = stamp(field(row, "timestamp"), "timestamp"), number(field(row, "interest_1h"), "interest_1h")
    return FundingRate(of.id, ts, rate, 1.0, FundingKind.SETTLED, None, None)


def _index(row: Any, currency: str, interval_ms: int) -> VolIndex:
    if not isinstance(row, list) or len(row) < 5:
        raise Malformed("index: fewer than five columns")
    return VolIndex(f"DVOL-{currency}", stamp(row[0], "ts") + interval_ms, positive(row[4], "close") / 100)


def _chain(found: Sequence[Any], currency: str, names: Names) -> OptionChain:
    """Read the summaries of one coin's options: volatility from ``mark_iv``, which is percent."""
    quotes, newest, index = [], 0, 0.0
    for row in found:
        of = names(text(row, "instrument_name"))
        spec = of.instrument if of is not None else None
        if (
            of is None
            or spec is None
            or spec.expiry_ts is None
            or spec.strike is None
            or spec.option_type is None
        ):
            continue
        if spec.settle != currency:
            continue  # options settled in USDC are another book than the inverse ones
        newest = max(newest, stamp(field(row, "creation_timestamp"), "time"))
        index = price_or_none(row.get("estimated_delivery_price"), "index") or index
        quotes.append(
            OptionQuote(
                instrument=of.id,
                expiry_ts=spec.expiry_ts,
                strike=float(spec.strike),
                option_type=spec.option_type,
                bid=price_or_none(row.get("bid_price"), "bid_price"),
                ask=price_or_none(row.get("ask_price"), "ask_price"),
                mark=price_or_none(row.get("mark_price"), "mark_price"),
                mark_iv=_percent(row.get("mark_iv"), "mark_iv"),
                delta=None,
                underlying=positive(field(row, "underlying_price"), "underlying_price"),
                open_interest=maybe(row.get("open_interest"), "open_interest"),
            )
        )
    if not quotes:
        raise Malformed(f"no option of {currency} is listed")
    return OptionChain("deribit", currency, newest, index or quotes[0].underlying, True, tuple(quotes))


def _percent(value: Any, name: str) -> float | None:
    found = maybe(value, name)
    return found / 100 if found is not None and found > 0 else None


def _ticker(row: Any, names: Names) -> list[Heard]:
    """Read a ticker or a summary: of what it says, what is there."""
    of = names(text(row, "instrument_name"))
    if of is None:
        return []
    ts = stamp(row["timestamp"] if "timestamp" in row else field(row, "creation_timestamp"), "timestamp")
    heard: list[Heard] = _best(row, of, ts)
    mark = price_or_none(field(row, "mark_price"), "mark_price")
    if mark is not None:
        index = row.get("index_price", row.get("estimated_delivery_price"))
        heard.append(MarkPrice(of.id, ts, mark, price_or_none(index, "index_price")))
    rate = maybe(row.get("funding_8h"), "funding_8h")
    if rate is not None:
        heard.append(FundingRate(of.id, ts, rate, FUNDING_H, FundingKind.PREDICTED, None, mark))
    interest = maybe(row.get("open_interest"), "open_interest")
    if interest is not None and of.inverse:
        heard.append(OpenInterest(of.id, ts, interest))
    if "greeks" in row:
        values = [maybe(row["greeks"].get(key), key) for key in ("delta", "gamma", "vega", "theta")]
        vols = [_percent(row.get(key), key) for key in ("mark_iv", "bid_iv", "ask_iv")]
        heard.append(greeks_of(of, ts, [*values, *vols, maybe(row.get("underlying_price"), "underlying")]))
    return heard


def _best(row: Any, of: Listed, ts: int) -> list[Heard]:
    bid, ask = (
        price_or_none(row.get("best_bid_price"), "bid"),
        price_or_none(row.get("best_ask_price"), "ask"),
    )
    if bid is None or ask is None:
        return []
    sizes = amount(field(row, "best_bid_amount"), "bid"), amount(field(row, "best_ask_amount"), "ask")
    return [Quote(of.id, ts, bid, of.base(sizes[0], bid), ask, of.base(sizes[1], ask))]


# -- streams -----------------------------------------------------------------------------------------------------------


class _Params(msgspec.Struct, gc=False):
    data: NamedDepth


class _Books(msgspec.Struct, gc=False):
    params: _Params


_BOOKS = msgspec.json.Decoder(_Books)
_ANY = msgspec.json.Decoder()
_BOOK_HEAD = '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.'


def depth(data: str | bytes) -> NamedDepth | None:
    """Read a depth message that came as text; None for any other. A book that is grouped is for ``decode``."""
    if data[:67] != _BOOK_HEAD:
        return None
    return _BOOKS.decode(data).params.data


@strict
def decode(data: str | bytes, names: Names) -> list[Heard]:
    """Read one message of the socket: ``Malformed`` when it is none that could be."""
    book = depth(data) if isinstance(data, str) and ".none." not in data[:120] else None
    return delta_of(book, names) if book is not None else read(_ANY.decode(data), names)


def read(message: Any, names: Names) -> list[Heard]:
    """Read one message that is decoded already."""
    if not isinstance(message, Mapping):
        raise Malformed("not an object")
    if message.get("method") != "subscription":
        if "error" in message:
            return [Said(False, str(message["error"])[:200], str(message.get("id", "")))]
        if "result" in message or message.get("method") == "heartbeat":
            return [Said(True, id=str(message.get("id", "")))]
        raise Malformed("neither data nor an answer")
    params = field(message, "params")
    name, body = text(params, "channel"), field(params, "data")
    parts = name.split(".")
    match parts[0]:
        case "book":
            return _depth(body, names)
        case "trades":
            return [each for row in rows(body, "data") for each in _print(row, names)]
        case "ticker":
            return _ticker(body, names)
        case "quote":
            of = names(text(body, "instrument_name"))
            return [] if of is None else _best(body, of, stamp(field(body, "timestamp"), "timestamp"))
        case "deribit_volatility_index":
            coin = text(body, "index_name").partition("_")[0].upper()
            value = positive(field(body, "volatility"), "volatility") / 100
            return [VolIndex(f"DVOL-{coin}", stamp(field(body, "timestamp"), "timestamp"), value)]
        case _:
            return []


def _depth(body: Any, names: Names) -> list[Heard]:
    of = names(text(body, "instrument_name"))
    if of is None:
        return []
    before = body.get("prev_change_id")
    snapshot = body.get("type", "snapshot") == "snapshot"
    sides = [_changes(rows(field(body, side)), of) for side in ("bids", "asks")]
    last = whole(field(body, "change_id"), "change_id")
    link = None if snapshot or before is None else whole(before, "prev_change_id")
    return [
        BookDelta(
            of.id, stamp(field(body, "timestamp"), "ts"), snapshot, None, last, link, sides[0], sides[1]
        )
    ]


def _changes(found: Sequence[Any], of: Listed) -> Any:
    """Read levels as (action, price, size) or, in grouped books, as (price, size)."""
    pairs = [row[1:] if isinstance(row, list) and len(row) == 3 else row for row in found]
    return of.levels(pairs)
