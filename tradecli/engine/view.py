"""What an assessment may look at: the engine's state, read-only, at one moment.

What it hands out never changes afterwards. Assessments that run in line read the state as it stands; nothing else
runs meanwhile. Those that run in a thread read each part of it whole, under the state's guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, FundingRate, OptionChain, Quote
from tradecli.domain.order import Order
from tradecli.domain.position import Position
from tradecli.domain.series import CandleSeries, FundingSeries, TradeSeries, ValueSeries
from tradecli.engine.state import State
from tradecli.engine.window import value_series

R = TypeVar("R")


class StateView:
    """A ``components.base.View`` over the state."""

    __slots__ = ("_state", "at", "focus", "instruments")

    def __init__(
        self, state: State, at: int, focus: InstrumentId | None, instruments: tuple[InstrumentId, ...]
    ) -> None:
        self._state = state
        self.at = at
        self.focus = focus
        self.instruments = instruments

    def instrument(self, instrument: InstrumentId) -> Instrument | None:
        return self._state.instruments.get(instrument)

    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries:
        with self._state.guard:
            return self._state.window(instrument).candle_series(interval_ms)

    def quote(self, instrument: InstrumentId) -> Quote | None:
        return self._state.quotes.get(instrument)

    def book(self, instrument: InstrumentId) -> Book | None:
        return self._state.books.get(instrument)

    def trades(self, instrument: InstrumentId) -> TradeSeries:
        with self._state.guard:
            return self._state.window(instrument).trade_series()

    def funding(self, instrument: InstrumentId) -> FundingSeries:
        with self._state.guard:
            return self._state.window(instrument).funding_series()

    def predicted_funding(self, instrument: InstrumentId) -> FundingRate | None:
        return self._state.predicted.get(instrument)

    def mark(self, instrument: InstrumentId) -> tuple[float, int] | None:
        mark = self._state.marks.get(instrument)
        return (mark.mark, mark.ts) if mark is not None else self._state.prices.get(instrument)

    def open_interest(self, instrument: InstrumentId) -> ValueSeries:
        with self._state.guard:
            return value_series(self._state.window(instrument).open_interest)

    def vol_index(self, name: str) -> ValueSeries:
        with self._state.guard:
            return value_series(self._state.vol_indices.get(name))

    def sentiment(self, name: str) -> ValueSeries:
        with self._state.guard:
            return value_series(self._state.sentiments.get(name))

    def options(self, venue: str, currency: str) -> OptionChain | None:
        return self._state.chains.get((venue, currency))

    def position(self, instrument: InstrumentId, source: str | None = None) -> Position:
        account = self._state.account
        return account.position(instrument) if source is None else account.book(instrument, source)

    def positions(self) -> tuple[Position, ...]:
        with self._state.guard:
            return tuple(position for _, position in sorted(self._state.account.positions.items()))

    def orders(self, source: str | None = None) -> tuple[Order, ...]:
        with self._state.guard:
            live = tuple(self._state.account.live.values())
        return tuple(order for order in live if source is None or order.request.source == source)

    def balances(self) -> Mapping[tuple[str, str], Decimal]:
        with self._state.guard:
            return MappingProxyType(dict(self._state.account.balances))

    def equity(self) -> Decimal | None:
        return self._state.equity.value

    def equity_series(self) -> ValueSeries:
        with self._state.guard:
            return value_series(self._state.equity.points)

    def report(self, type: type[R], focus: InstrumentId | None = None) -> R | None:
        found = self._state.reports_by_type.get((type, focus if focus is not None else self.focus))
        return found if isinstance(found, type) else None
