"""What can be traded or quoted: its identity, its steps, and the only rounding there is.

An ``InstrumentId`` is one string, ``SYMBOL@venue``, for example ``BTCUSDT@binance`` (linear perpetual),
``BTCUSDT.spot@binance``, ``BTCUSD.inverse@binance``, ``BTC-27MAR26-90000-C@deribit``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NewType

import msgspec

from tradecli.domain.enums import InstrumentKind, OptionType, Side
from tradecli.domain.number import ONE, ZERO, ceil_to, floor_to

InstrumentId = NewType("InstrumentId", str)

_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,47}(?:\.spot|\.inverse)?\Z")
_VENUE = re.compile(r"[a-z][a-z0-9]{1,19}\Z")


def instrument_id(symbol: str, venue: str) -> InstrumentId:
    """Join a symbol and a venue, refusing anything that could not be one (``ValueError``)."""
    if not _SYMBOL.match(symbol):
        raise ValueError(f"not a symbol: {symbol[:60]!r} (expected for example BTCUSDT, BTCUSDT.spot)")
    if not _VENUE.match(venue):
        raise ValueError(f"not a venue: {venue[:40]!r}")
    return InstrumentId(f"{symbol}@{venue}")


def venue_of(instrument: InstrumentId) -> str:
    return instrument.rpartition("@")[2]


def symbol_of(instrument: InstrumentId) -> str:
    return instrument.rpartition("@")[0]


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One tradable thing at one venue. Quantities are base units, prices quote units, fees plain fractions."""

    id: InstrumentId
    kind: InstrumentKind
    base: str
    quote: str
    settle: str
    tick: Decimal
    lot: Decimal
    min_qty: Decimal = ZERO
    min_notional: Decimal = ZERO
    max_qty: Decimal | None = None
    contract_size: Decimal = ONE
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    expiry_ts: int | None = None
    strike: Decimal | None = None
    option_type: OptionType | None = None

    @property
    def venue(self) -> str:
        return venue_of(self.id)

    @property
    def symbol(self) -> str:
        return symbol_of(self.id)

    def round_qty(self, qty: Decimal) -> Decimal:
        """Round a quantity toward zero to the lot (RELIABILITY section 2)."""
        floored = floor_to(abs(qty), self.lot)
        return floored if qty >= 0 else -floored

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """Round a limit price to the passive side: buys down, sells up."""
        return floor_to(price, self.tick) if side is Side.BUY else ceil_to(price, self.tick)

    def price_from_ticks(self, ticks: int) -> Decimal:
        return self.tick * ticks

    def ticks_from_price(self, price: float) -> int:
        """Snap a market price to the nearest integer tick."""
        return round(price / float(self.tick))

    def notional(self, qty: Decimal, price: Decimal) -> Decimal:
        """Return the absolute value of ``qty`` at ``price`` in quote currency."""
        return abs(qty) * price
