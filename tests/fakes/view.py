"""A ``View`` in three lines: what a test gives is there, everything else is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, FundingRate, OptionChain, Quote
from tradecli.domain.order import Order
from tradecli.domain.position import Position
from tradecli.domain.series import CandleSeries, FundingSeries, TradeSeries, ValueSeries


@dataclass
class FakeView:
    """A ``components.base.View`` over plain mappings."""

    at: int
    focus: InstrumentId | None = None
    specs: Sequence[Instrument] = ()
    bars: Mapping[tuple[InstrumentId, int], CandleSeries] = field(default_factory=dict)
    quotes: Mapping[InstrumentId, Quote] = field(default_factory=dict)
    books: Mapping[InstrumentId, Book] = field(default_factory=dict)
    settled: Mapping[InstrumentId, FundingSeries] = field(default_factory=dict)
    predicted: Mapping[InstrumentId, FundingRate] = field(default_factory=dict)
    marks: Mapping[InstrumentId, tuple[float, int]] = field(default_factory=dict)
    indices: Mapping[str, ValueSeries] = field(default_factory=dict)
    held: Sequence[Position] = ()
    own: Mapping[str, Sequence[Position]] = field(default_factory=dict)
    working: Sequence[Order] = ()
    money: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    worth: Decimal | None = None
    curve: ValueSeries | None = None
    reports: Sequence[Any] = ()
    chains: Mapping[str, OptionChain] = field(default_factory=dict)

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        return tuple(sorted(each.id for each in self.specs))

    def instrument(self, instrument: InstrumentId) -> Instrument | None:
        return next((each for each in self.specs if each.id == instrument), None)

    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries:
        return self.bars.get((instrument, interval_ms)) or candles([], interval_ms)

    def quote(self, instrument: InstrumentId) -> Quote | None:
        return self.quotes.get(instrument)

    def book(self, instrument: InstrumentId) -> Book | None:
        return self.books.get(instrument)

    def trades(self, instrument: InstrumentId) -> TradeSeries:
        empty = np.empty(0)
        return TradeSeries(np.empty(0, dtype=np.int64), empty, empty, empty)

    def funding(self, instrument: InstrumentId) -> FundingSeries:
        return self.settled.get(instrument) or funding([])

    def predicted_funding(self, instrument: InstrumentId) -> FundingRate | None:
        return self.predicted.get(instrument)

    def mark(self, instrument: InstrumentId) -> tuple[float, int] | None:
        return self.marks.get(instrument)

    def open_interest(self, instrument: InstrumentId) -> ValueSeries:
        return values([])

    def vol_index(self, name: str) -> ValueSeries:
        return self.indices.get(name) or values([])

    def sentiment(self, name: str) -> ValueSeries:
        return values([])

    def options(self, venue: str, currency: str) -> OptionChain | None:
        return self.chains.get(currency)

    def position(self, instrument: InstrumentId, source: str | None = None) -> Position:
        among = self.held if source is None else self.own.get(source, ())
        return next(
            (each for each in among if each.instrument == instrument), Position(instrument=instrument)
        )

    def positions(self) -> tuple[Position, ...]:
        return tuple(self.held)

    def orders(self, source: str | None = None) -> tuple[Order, ...]:
        return tuple(each for each in self.working if source is None or each.request.source == source)

    def balances(self) -> Mapping[tuple[str, str], Decimal]:
        return self.money

    def equity(self) -> Decimal | None:
        return self.worth

    def equity_series(self) -> ValueSeries:
        return self.curve or values([])

    def report(self, type: type[Any], focus: InstrumentId | None = None) -> Any:
        wanted = focus if focus is not None else self.focus
        found = [each for each in self.reports if isinstance(each, type)]
        return next((each for each in found if getattr(each, "instrument", None) == wanted), None)


def candles(closes: Sequence[float], interval_ms: int, *, until: int = 0, width: float = 0.0) -> CandleSeries:
    """Return bars that end at ``until``: each opens where the last closed and reaches ``width`` (log) further."""
    close = np.array(closes, dtype=float)
    open_ = np.concatenate((close[:1], close[:-1]))
    ts = until - interval_ms * np.arange(len(close), 0, -1, dtype=np.int64)
    high, low = np.maximum(open_, close) * np.exp(width), np.minimum(open_, close) * np.exp(-width)
    return CandleSeries(interval_ms, ts, open_, high, low, close, np.ones(len(close)))


def walk(
    n: int, vol: float, interval_ms: int, *, until: int = 0, seed: int = 1, start: float = 60_000.0
) -> CandleSeries:
    """Return ``n`` bars of a random walk of annualised ``vol``, each drawn in 300 steps, so that ranges are real."""
    steps = 300
    sigma = vol * np.sqrt(interval_ms / (365 * 86_400_000) / steps)
    path = np.exp(np.cumsum(sigma * np.random.default_rng(seed).standard_normal(n * steps))).reshape(n, steps)
    close = start * path[:, -1]
    open_ = np.concatenate(([start], close[:-1]))[:n]
    inside = np.column_stack((open_, start * path))
    ts = until - interval_ms * np.arange(n, 0, -1, dtype=np.int64)
    return CandleSeries(interval_ms, ts, open_, inside.max(axis=1), inside.min(axis=1), close, np.ones(n))


def funding(rows: Sequence[tuple[int, float, float]]) -> FundingSeries:
    """Return settled rates from (time, rate, interval in hours; NaN: unknown)."""
    table = np.array(rows, dtype=float).reshape(-1, 3)
    return FundingSeries(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])


def values(rows: Sequence[tuple[int, float]]) -> ValueSeries:
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return ValueSeries(table[:, 0].astype(np.int64), table[:, 1])
