"""Coin-margined perpetuals of Binance and Bybit: the simulated market has none, and each follows the linear one.

It is simulated that both trade at the same prices, on the same tick, with the same rates and the same worth of orders.
Sizes are whole contracts of some dollars here; bars keep the base units of the linear one, of which volumes in coins
are spelled exactly and volumes in contracts at the price of the bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import InstrumentId, instrument_id
from tradecli.domain.market import Book, Candle, FundingRate, Level, MarkPrice, OpenInterest, Quote, Trade
from tradecli.venues.loopback.spelling import Spelling
from tradecli.venues.loopback.stand import Bar, Day, Recall, Stand
from tradecli.venues.simulated.listing import LINES, Line

CONTRACTS = {
    ("binance", "BTC"): 100,
    ("binance", "ETH"): 10,
    ("binance", "BNB"): 10,
    ("bybit", "BTC"): 1,
    ("bybit", "ETH"): 1,
}
"""(venue, coin) -> what one contract is worth in USD."""
_LARGEST = Decimal(1_000_000)

OfLine: TypeAlias = Trade | Quote | Book | MarkPrice | FundingRate | OpenInterest | Candle


def coin_line(line: Line) -> Line:
    """Return the coin-margined perpetual that follows a linear one, sized in contracts."""
    linear = line.instrument
    instrument = msgspec.structs.replace(
        linear,
        id=instrument_id(f"{linear.base}USD.inverse", linear.venue),
        kind=InstrumentKind.INVERSE,
        quote="USD",
        settle=linear.base,
        lot=Decimal(1),
        min_qty=Decimal(1),
        max_qty=_LARGEST,
        min_notional=Decimal(0),
        contract_size=Decimal(CONTRACTS[linear.venue, linear.base]),
    )
    return line._replace(instrument=instrument, per_coin=1)


FOLLOWED = {line.id: coin_line(line) for line in LINES if line.perp and (line.venue, line.base) in CONTRACTS}
"""Linear perpetual -> the coin-margined one that follows it."""
SOURCES = {line.id: source for source, line in FOLLOWED.items()}


class CoinStand(Stand):
    """What is known of a coin-margined perpetual: prints and levels in contracts, bars those of the linear one."""

    def __init__(self, line: Line, source: Stand, recall: Recall) -> None:
        super().__init__(line, recall)
        self.source = source
        self.contract = float(line.instrument.contract_size)
        self.minutes = source.minutes
        self._deep_lots = line.touch_usd / self.contract

    def contracts(self, qty: float, price: float) -> int:
        """Return base units as whole contracts, at least one."""
        return max(round(qty * price / self.contract), 1)

    def coined(self, event: OfLine) -> OfLine:
        """Return an event of the linear perpetual as one of this: sizes in contracts."""
        id: InstrumentId = self.line.id
        match event:
            case Trade():
                return msgspec.structs.replace(
                    event, instrument=id, qty=float(self.contracts(event.qty, event.price))
                )
            case Quote():
                bid_qty, ask_qty = (
                    float(self.contracts(event.bid_qty, event.bid)),
                    float(self.contracts(event.ask_qty, event.ask)),
                )
                return msgspec.structs.replace(event, instrument=id, bid_qty=bid_qty, ask_qty=ask_qty)
            case Book():
                sides = {
                    "bids": self._sized(event.bids, event.tick),
                    "asks": self._sized(event.asks, event.tick),
                }
                return msgspec.structs.replace(event, instrument=id, **sides)
            case _:
                return msgspec.structs.replace(event, instrument=id)

    def _sized(self, levels: Sequence[Level], tick: float) -> tuple[Level, ...]:
        return tuple((ticks, float(self.contracts(size, ticks * tick))) for ticks, size in levels)

    def _closed(self, candle: Candle) -> None:
        """Keep nothing: the bars are the other's."""

    def bars(self, interval_ms: int, now: int, *, forming: bool = True) -> list[Bar]:
        return self.source.bars(interval_ms, now, forming=forming)

    def day(self, now: int) -> Day:
        return self.source.day(now)


class CoinSpelling(Spelling):
    """How a coin-margined perpetual is written: sizes are contracts, the other volume is in coins."""

    def __init__(self, stand: CoinStand, *, price_places: int | None = None) -> None:
        super().__init__(stand.line.instrument, price_places=price_places, size_places=0)
        self._stand = stand
        self._coins = float(stand.source.line.instrument.lot)

    def volume(self, ticks: int, lots: int) -> str:
        return f"{lots * self._coins * ticks * self._tick / self._stand.contract:.0f}"

    def turnover(self, ticks: int, lots: int, digits: int = 8) -> str:
        return f"{lots * self._coins:.{max(digits, 8)}f}"

    def quote(self, ticks: int, lots: int, digits: int = 8) -> str:
        """Return what contracts are worth in coins."""
        return f"{lots * self._stand.contract / (ticks * self._tick):.{max(digits, 8)}f}"
