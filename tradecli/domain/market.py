"""What the market shows. Numbers are ``float`` for speed; book levels are integer ticks; ``ts`` is venue time, UTC ms.

Every class is a frozen Struct without garbage-collector tracking: they are made by the hundred thousand and never hold
a reference cycle. ``available_at`` says when a value could first be known, which is what replay orders by.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tradecli.domain.enums import FundingKind, OptionType, Side
from tradecli.domain.instrument import InstrumentId

Level: TypeAlias = tuple[int, float]
"""One book level: price in ticks, size in base units."""


class Quote(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Best bid and ask. ``sequence`` is the venue's update id of the book it was the top of, 0 where it has none."""

    instrument: InstrumentId
    ts: int
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float
    sequence: int = 0

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2


class Trade(msgspec.Struct, frozen=True, gc=False, tag=True):
    """One public print; ``side`` is the aggressor's."""

    instrument: InstrumentId
    ts: int
    price: float
    qty: float
    side: Side
    trade_id: str


class Candle(msgspec.Struct, frozen=True, gc=False, tag=True):
    """One bar, named by its open time; known only once ``ts + interval_ms`` has passed."""

    instrument: InstrumentId
    ts: int
    interval_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def close_ts(self) -> int:
        return self.ts + self.interval_ms


class Book(msgspec.Struct, frozen=True, tag=True):
    """A complete, checked order book: best level first on both sides. ``tick`` is the price of one tick."""

    instrument: InstrumentId
    ts: int
    tick: float
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    sequence: int = 0

    @property
    def best_bid(self) -> float:
        return self.bids[0][0] * self.tick

    @property
    def best_ask(self) -> float:
        return self.asks[0][0] * self.tick


class BookDelta(msgspec.Struct, frozen=True, tag=True):
    """A snapshot or a difference as the venue sent it; a size of 0 removes the level.

    ``first_id``/``last_id``/``prev_id`` are the venue's sequence numbers (Binance U/u/pu), None where it has none.
    ``tick`` is the price of one tick where the message came with prices and no instrument, as recorded ones do; None
    means the tick of the instrument.
    """

    instrument: InstrumentId
    ts: int
    is_snapshot: bool
    first_id: int | None
    last_id: int | None
    prev_id: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    tick: float | None = None


class FundingRate(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A rate for one interval as a plain fraction; positive means longs pay shorts.

    ``ts`` is the settlement time for a settled rate and the time of observation otherwise.
    """

    instrument: InstrumentId
    ts: int
    rate: float
    interval_h: float | None
    kind: FundingKind = FundingKind.SETTLED
    next_ts: int | None = None
    mark: float | None = None


class MarkPrice(msgspec.Struct, frozen=True, gc=False, tag=True):
    """The venue's fair price of a derivative, and the index it follows."""

    instrument: InstrumentId
    ts: int
    mark: float
    index: float | None = None


class OpenInterest(msgspec.Struct, frozen=True, gc=False, tag=True):
    instrument: InstrumentId
    ts: int
    value_usd: float


class VolIndex(msgspec.Struct, frozen=True, gc=False, tag=True):
    """An implied-volatility index such as DVOL-BTC, as an annualised fraction, or a number that a desk keeps beside it:
    TERM-BTC and RR25-BTC in the same unit, and what ``domain.liquidity`` names.
    """

    name: str
    ts: int
    value: float


class Sentiment(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A published index without an instrument (Fear & Greed, on-chain); ``published_at`` is when it was known."""

    name: str
    ts: int
    value: float
    published_at: int


class OptionQuote(msgspec.Struct, frozen=True, gc=False):
    """One option of a chain. Prices are in the settlement coin (inverse) or quote currency (linear); None: no quote."""

    instrument: InstrumentId
    expiry_ts: int
    strike: float
    option_type: OptionType
    bid: float | None
    ask: float | None
    mark: float | None
    mark_iv: float | None
    delta: float | None
    underlying: float
    open_interest: float | None = None


class OptionChain(msgspec.Struct, frozen=True, tag=True):
    """Every listed option of one coin at one venue at one moment. ``currency`` is ``BTC``."""

    venue: str
    currency: str
    ts: int
    index: float
    inverse: bool
    quotes: tuple[OptionQuote, ...]


MarketEvent: TypeAlias = (
    Quote
    | Trade
    | Candle
    | Book
    | FundingRate
    | MarkPrice
    | OpenInterest
    | VolIndex
    | Sentiment
    | OptionChain
)

MARKET_TYPES = (
    Quote,
    Trade,
    Book,
    Candle,
    MarkPrice,
    FundingRate,
    OpenInterest,
    VolIndex,
    Sentiment,
    OptionChain,
)
"""The members of MarketEvent, for ``isinstance``; the most frequent first."""


def available_at(event: MarketEvent | BookDelta) -> int:
    """Return the first moment, UTC ms, at which ``event`` could be known."""
    if isinstance(event, Candle):
        return event.ts + event.interval_ms
    if isinstance(event, Sentiment):
        return event.published_at
    return event.ts
