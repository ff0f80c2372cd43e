"""Market events to rows and back. Pure. Numbers go into columns; books and chains into one body each.

A row is ``(series key, known, ts, tag, ...)``. Together series, known and tag say which event it is, so that
writing it again changes nothing: the tag is the venue's own id where it has one, and the values where it has none.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tradecli.domain import feed as f
from tradecli.domain import market as m
from tradecli.domain.enums import FundingKind, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.ports import Recordable

_encode = msgspec.msgpack.Encoder().encode
_book = msgspec.msgpack.Decoder(m.Book)
_delta = msgspec.msgpack.Decoder(m.BookDelta)
_chain = msgspec.msgpack.Decoder(m.OptionChain)
_ZLIB = b"\x78"
"""How a compressed body begins; no Struct does."""


class Key(NamedTuple):
    """One series: class name of its rows, instrument or name, interval (0 where there is none)."""

    kind: str
    subject: str
    interval_ms: int = 0


Row = tuple[Any, ...]
"""``(series key, known, ts, tag, five numbers or None)``, or ``(series key, known, ts, tag, body)``. Plain tuples, keys
among them: they are made by the hundred thousand, and a tuple finds what a ``Key`` has put into a mapping."""

BLOBS = frozenset(("Book", "BookDelta", "OptionChain"))
"""Series whose rows are one body each."""


def pack(event: Recordable) -> Row:
    """Return the row of ``event``."""
    return _PACK[type(event)](event)


def _candle(e: m.Candle) -> Row:
    key = ("Candle", e.instrument, e.interval_ms)
    return key, e.ts + e.interval_ms, e.ts, "", e.open, e.high, e.low, e.close, e.volume


def _quote(e: m.Quote) -> Row:
    tag = str(e.sequence) if e.sequence else f"{e.bid}:{e.bid_qty}:{e.ask}:{e.ask_qty}"
    key = ("Quote", e.instrument, 0)
    return key, e.ts, e.ts, tag, e.bid, e.bid_qty, e.ask, e.ask_qty, float(e.sequence)


def _trade(e: m.Trade) -> Row:
    sign = 1.0 if e.side is Side.BUY else -1.0
    return ("Trade", e.instrument, 0), e.ts, e.ts, e.trade_id, e.price, e.qty, sign, None, None


def _funding(e: m.FundingRate) -> Row:
    next_ts = None if e.next_ts is None else float(e.next_ts)
    key = ("FundingRate", e.instrument, 0)
    return key, e.ts, e.ts, e.kind.value, e.rate, e.interval_h, next_ts, e.mark, None


def _mark(e: m.MarkPrice) -> Row:
    return ("MarkPrice", e.instrument, 0), e.ts, e.ts, "", e.mark, e.index, None, None, None


def _open_interest(e: m.OpenInterest) -> Row:
    return ("OpenInterest", e.instrument, 0), e.ts, e.ts, "", e.value_usd, None, None, None, None


def _vol_index(e: m.VolIndex) -> Row:
    return ("VolIndex", e.name, 0), e.ts, e.ts, "", e.value, None, None, None, None


def _sentiment(e: m.Sentiment) -> Row:
    return ("Sentiment", e.name, 0), e.published_at, e.ts, "", e.value, None, None, None, None


def _book_row(e: m.Book) -> Row:
    return ("Book", e.instrument, 0), e.ts, e.ts, str(e.sequence), _encode(e)


def _delta_row(e: m.BookDelta) -> Row:
    tag = f"{'S' if e.is_snapshot else 'D'}{e.first_id}-{e.last_id}"
    return ("BookDelta", e.instrument, 0), e.ts, e.ts, tag, _encode(e)


def _chain_row(e: m.OptionChain) -> Row:
    # A chain shrinks to a sixth. A book would only to three quarters, at twenty times the cost of writing it.
    return ("OptionChain", f"{e.currency}@{e.venue}", 0), e.ts, e.ts, "", zlib.compress(_encode(e), 1)


_PACK: dict[type, Callable[[Any], Row]] = {
    m.Trade: _trade,
    m.Quote: _quote,
    m.Book: _book_row,
    m.BookDelta: _delta_row,
    m.Candle: _candle,
    m.MarkPrice: _mark,
    m.FundingRate: _funding,
    m.OpenInterest: _open_interest,
    m.VolIndex: _vol_index,
    m.Sentiment: _sentiment,
    m.OptionChain: _chain_row,
}


def keys(feed: f.Feed) -> tuple[Key, ...]:
    """Return the series a feed asks for."""
    match feed:
        case f.CandleFeed():
            return (Key("Candle", feed.instrument, feed.interval_ms),)
        case f.QuoteFeed():
            return (Key("Quote", feed.instrument),)
        case f.BookFeed():
            return (Key("Book", feed.instrument), Key("BookDelta", feed.instrument))
        case f.TradeFeed():
            return (Key("Trade", feed.instrument),)
        case f.FundingFeed():
            return (Key("FundingRate", feed.instrument),)
        case f.MarkFeed():
            return (Key("MarkPrice", feed.instrument),)
        case f.OpenInterestFeed():
            return (Key("OpenInterest", feed.instrument),)
        case f.VolIndexFeed():
            return (Key("VolIndex", feed.name),)
        case f.SentimentFeed():
            return (Key("Sentiment", feed.name),)
        case f.OptionsFeed():
            return (Key("OptionChain", f"{feed.currency}@{feed.venue}"),)


def unpack_point(key: Key, known: int, ts: int, tag: str, values: tuple[float | None, ...]) -> Recordable:
    """Return the event of a row of numbers."""
    subject = InstrumentId(key.subject)
    a, b, c, d, e = values
    match key.kind:
        case "Candle":
            return m.Candle(
                subject, ts, key.interval_ms, _known(a), _known(b), _known(c), _known(d), _known(e)
            )
        case "Quote":
            return m.Quote(subject, ts, _known(a), _known(b), _known(c), _known(d), int(_known(e)))
        case "Trade":
            side = Side.BUY if _known(c) > 0 else Side.SELL
            return m.Trade(subject, ts, _known(a), _known(b), side, tag)
        case "FundingRate":
            next_ts = None if c is None else int(c)
            return m.FundingRate(subject, ts, _known(a), b, FundingKind(tag), next_ts, d)
        case "MarkPrice":
            return m.MarkPrice(subject, ts, _known(a), b)
        case "OpenInterest":
            return m.OpenInterest(subject, ts, _known(a))
        case "VolIndex":
            return m.VolIndex(key.subject, ts, _known(a))
        case _:
            return m.Sentiment(key.subject, ts, _known(a), known)


def unpack_blob(key: Key, body: bytes) -> Recordable:
    """Return the event of a blob."""
    raw = zlib.decompress(body) if body[:1] == _ZLIB else body
    if key.kind == "Book":
        return _book.decode(raw)
    if key.kind == "BookDelta":
        return _delta.decode(raw)
    return _chain.decode(raw)


def is_blob(key: Key) -> bool:
    return key.kind in BLOBS


def _known(value: float | None) -> float:
    return math.nan if value is None else value
