"""The kinds of recorded data by the words that people type, their row types and their feeds."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tradecli.domain import feed as f
from tradecli.domain import market as m
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of

INTERVALS_MS = {
    **f.INTERVALS_MS,
    "3m": 3 * f.MINUTE_MS,
    "30m": 30 * f.MINUTE_MS,
    "2h": 2 * f.HOUR_MS,
    "6h": 6 * f.HOUR_MS,
    "12h": 12 * f.HOUR_MS,
}
"""Bar lengths that a file may have, by name. All divide a day, so bars are aligned to midnight UTC."""


class Kind(StrEnum):
    """What rows are, by the word of ``--kind``."""

    CANDLES = "candles"
    MARK = "mark"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    VOL_INDEX = "vol_index"
    SENTIMENT = "sentiment"
    OPTIONS = "options"
    TRADES = "trades"
    QUOTES = "quotes"
    DEPTH = "depth"
    BOOKS = "books"


class Market(StrEnum):
    """Which of a venue's markets a symbol belongs to: it decides how the symbol is written."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


ROW_TYPES: dict[Kind, type[msgspec.Struct]] = {
    Kind.CANDLES: m.Candle,
    Kind.MARK: m.MarkPrice,
    Kind.FUNDING: m.FundingRate,
    Kind.OPEN_INTEREST: m.OpenInterest,
    Kind.VOL_INDEX: m.VolIndex,
    Kind.SENTIMENT: m.Sentiment,
    Kind.OPTIONS: m.OptionChain,
    Kind.TRADES: m.Trade,
    Kind.QUOTES: m.Quote,
    Kind.DEPTH: m.BookDelta,
    Kind.BOOKS: m.Book,
}
KIND_OF_ROW = {row.__name__: kind for kind, row in ROW_TYPES.items()}
"""Class name of a row -> kind."""

NAMED = frozenset([Kind.VOL_INDEX, Kind.SENTIMENT])
"""Kinds whose subject is a name such as DVOL-BTC, not an instrument."""


def feed_of(kind: Kind, subject: str, interval_ms: int | None = None) -> f.Feed:
    """Return the feed that reads one series back; candles need their interval (``ValueError``)."""
    instrument = InstrumentId(subject)
    match kind:
        case Kind.CANDLES:
            if interval_ms is None:
                raise ValueError("candles have an interval")
            return f.CandleFeed(instrument, interval_ms)
        case Kind.MARK:
            return f.MarkFeed(instrument)
        case Kind.FUNDING:
            return f.FundingFeed(instrument)
        case Kind.OPEN_INTEREST:
            return f.OpenInterestFeed(instrument)
        case Kind.VOL_INDEX:
            return f.VolIndexFeed(subject)
        case Kind.SENTIMENT:
            return f.SentimentFeed(subject)
        case Kind.OPTIONS:
            return f.OptionsFeed(venue_of(instrument), symbol_of(instrument))
        case Kind.TRADES:
            return f.TradeFeed(instrument)
        case Kind.QUOTES:
            return f.QuoteFeed(instrument)
        case Kind.DEPTH | Kind.BOOKS:
            return f.BookFeed(instrument)


def interval_name(interval_ms: int) -> str:
    """Return ``1h`` for 3,600,000; a length without a name in milliseconds."""
    return next((name for name, ms in INTERVALS_MS.items() if ms == interval_ms), f"{interval_ms}ms")
