"""Market events to rows and back. Pure. Numbers go into columns; books and chains into one compressed blob each.

A row is ``(series key, known, ts, tag, ...)``. Together series, known and tag say which event it is, so that
writing it again changes nothing: the tag is the venue's own id where it has one, and the values where it has none.
"""

from __future__ import annotations

import math
import zlib
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


class Key(NamedTuple):
    """One series: class name of its rows, instrument or name, interval (0 where there is none)."""

    kind: str
    subject: str
    interval_ms: int = 0


class Point(NamedTuple):
    key: Key
    known: int
    ts: int
    tag: str
    values: tuple[float | None, ...]
    """Up to five numbers."""


class Blob(NamedTuple):
    key: Key
    known: int
    ts: int
    tag: str
    body: bytes


def pack(event: Recordable) -> Point | Blob:
    """Return the row of ``event``."""
    values: tuple[float | None, ...]
    match event:
        case m.Candle():
            key = Key("Candle", event.instrument, event.interval_ms)
            values = (event.open, event.high, event.low, event.close, event.volume)
            return Point(key, event.close_ts, event.ts, "", values)
        case m.Quote():
            values = (event.bid, event.bid_qty, event.ask, event.ask_qty, float(event.sequence))
            tag = (
                str(event.sequence)
                if event.sequence
                else f"{event.bid}:{event.bid_qty}:{event.ask}:{event.ask_qty}"
            )
            return Point(Key("Quote", event.instrument), event.ts, event.ts, tag, values)
        case m.Trade():
            values = (event.price, event.qty, float(event.side.sign))
            return Point(Key("Trade", event.instrument), event.ts, event.ts, event.trade_id, values)
        case m.FundingRate():
            interval = event.interval_h
            values = (
                event.rate,
                interval,
                None if event.next_ts is None else float(event.next_ts),
                event.mark,
            )
            return Point(Key("FundingRate", event.instrument), event.ts, event.ts, event.kind.value, values)
        case m.MarkPrice():
            values = (event.mark, event.index)
            return Point(Key("MarkPrice", event.instrument), event.ts, event.ts, "", values)
        case m.OpenInterest():
            return Point(Key("OpenInterest", event.instrument), event.ts, event.ts, "", (event.value_usd,))
        case m.VolIndex():
            return Point(Key("VolIndex", event.name), event.ts, event.ts, "", (event.value,))
        case m.Sentiment():
            return Point(Key("Sentiment", event.name), event.published_at, event.ts, "", (event.value,))
        case m.Book():
            return _blob(Key("Book", event.instrument), event.ts, str(event.sequence), event)
        case m.BookDelta():
            tag = f"{'S' if event.is_snapshot else 'D'}{event.first_id}-{event.last_id}"
            return _blob(Key("BookDelta", event.instrument), event.ts, tag, event)
        case m.OptionChain():
            return _blob(Key("OptionChain", f"{event.currency}@{event.venue}"), event.ts, "", event)


def _blob(key: Key, ts: int, tag: str, event: Any) -> Blob:
    return Blob(key, ts, ts, tag, zlib.compress(_encode(event), 1))


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
    raw = zlib.decompress(body)
    if key.kind == "Book":
        return _book.decode(raw)
    if key.kind == "BookDelta":
        return _delta.decode(raw)
    return _chain.decode(raw)


def is_blob(key: Key) -> bool:
    return key.kind in ("Book", "BookDelta", "OptionChain")


def _known(value: float | None) -> float:
    return math.nan if value is None else value
