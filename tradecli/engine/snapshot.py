"""What a face of the console sees of a running session: one frozen value per look, and the façade's Protocol.

Faces never reach into the engine. They pull ``Session.snapshot()`` a few times a second and send requests through
the same object; every request is an event in the engine's inbox, so nothing here trades by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from tradecli.domain.control import Latch, Scope
from tradecli.domain.decision import Check, Decision
from tradecli.domain.enums import KillLevel, Mode, Severity, StrategyState, TradingState
from tradecli.domain.events import Fill
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, Quote
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.position import Position
from tradecli.domain.series import CandleSeries, TradeSeries


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the event list."""

    at: int
    severity: Severity
    topic: str
    text: str
    instrument: InstrumentId | None = None


class FeedState(msgspec.Struct, frozen=True, kw_only=True):
    """One feed of one venue: up or down, and how old its newest value is (None: never seen).

    ``limit_ms``: when it is stale. ``has_prices``: what is traded or watched is priced from it.
    """

    venue: str
    feed: str
    up: bool
    age_ms: int | None
    reason: str = ""
    limit_ms: int = 5_000
    has_prices: bool = True

    @property
    def is_stale(self) -> bool:
        return self.age_ms is None or self.age_ms > self.limit_ms

    @property
    def is_fine(self) -> bool:
        return self.up and not self.is_stale


class StrategyView(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy: state, share of equity it holds (percent), profit today (quote), last decision in words."""

    name: str
    state: StrategyState
    share_pct: float | None
    pnl_day: Decimal
    last: str


class Reported(msgspec.Struct, frozen=True):
    """A topic's newest report and when it was made."""

    report: Any
    at: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the screens draw, as of ``at`` (engine time, UTC ms). Money in quote currency (USDT)."""

    at: int
    mode: Mode
    run_id: str
    seed: int | None
    note: str
    """Where the data come from, in words: ``simulated market, seed 42``."""
    running: bool
    events: int
    events_per_s: float | None
    cycle: int
    state: TradingState
    latches: tuple[Latch, ...]
    equity: Decimal | None
    start_equity: Decimal | None
    pnl_day: Decimal | None
    drawdown_pct: float | None
    max_drawdown_pct: float | None
    drawdown_limit_pct: float
    gross_pct: float | None
    net_pct: float | None
    instruments: tuple[InstrumentId, ...]
    quotes: Mapping[InstrumentId, Quote]
    change_24h: Mapping[InstrumentId, float | None]
    closes: Mapping[InstrumentId, tuple[float, ...]]
    """Recent 1-minute closes, oldest first, for sparklines."""
    equity_curve: tuple[float, ...]
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    """Unresolved first, then the newest final ones."""
    fills: tuple[Fill, ...]
    """Newest first, bounded."""
    decisions: tuple[Decision, ...]
    """Newest first, bounded."""
    told: tuple[Told, ...]
    """Newest first, bounded."""
    strategies: tuple[StrategyView, ...]
    feeds: tuple[FeedState, ...]
    reports: Mapping[tuple[str, InstrumentId | None], Reported]
    """By (topic key such as ``vol.show``, focus)."""
    price_limit_ms: int = 5_000
    """A price that is older closes its symbol, and is shown as unknown."""

    def price_age(self, instrument: InstrumentId) -> int | None:
        """Return how old the newest price of an instrument is, in ms; None where there is none."""
        quote = self.quotes.get(instrument)
        return None if quote is None else self.at - quote.ts

    def is_old(self, instrument: InstrumentId) -> bool:
        """Say whether the newest price of an instrument is past its limit."""
        age = self.price_age(instrument)
        return age is not None and age > self.price_limit_ms

    def held_age(self) -> int | None:
        """Return the age of the oldest price of what is held where one is past its limit: our values rest on it."""
        held = [each.instrument for each in self.positions if each.qty and self.is_old(each.instrument)]
        return max((self.price_age(each) or 0 for each in held), default=None)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an order would meet if it were sent now: executable size, checks in order, cost. Nothing is sent."""

    request: OrderRequest
    executable: Decimal
    notional: Decimal | None
    fee: Decimal | None
    largest_allowed: Decimal | None
    checks: tuple[Check, ...]
    refused: str | None
    number: int | None = None


class Session(Protocol):
    """The façade both front ends hold. Methods are thread-safe and return at once."""

    @property
    def mode(self) -> Mode: ...
    def snapshot(self) -> Snapshot: ...
    def instrument(self, instrument: InstrumentId) -> Instrument | None: ...
    def book(self, instrument: InstrumentId) -> Book | None: ...
    def candles(self, instrument: InstrumentId, interval_ms: int) -> CandleSeries: ...
    def trades(self, instrument: InstrumentId) -> TradeSeries: ...
    def report(self, topic: str, focus: InstrumentId | None) -> Reported | None:
        """Return the newest report of a topic: of one that is live, as of the newest picture or the one before."""
        ...

    def preview(self, request: OrderRequest) -> Preview: ...
    def submit(self, request: OrderRequest, key: str = "") -> None: ...
    def cancel(self, client_id: str | None, reason: str) -> None:
        """Ask to cancel one order, or every working order when ``client_id`` is None."""
        ...

    def kill(self, level: KillLevel, scope: Scope, reason: str) -> None: ...
    def release(self, scope: Scope, reason: str) -> None: ...
    def set_strategy(self, strategy: str, state: StrategyState, reason: str) -> None: ...
    @property
    def speed(self) -> float | None:
        """How many times real time the session runs at; None where time is real."""
        ...

    def set_speed(self, speed: float) -> None: ...
    def stop(self, on_exit: str | None = None) -> None:
        """Ask the session to end: ``leave``, ``cancel`` or ``flatten``."""
        ...
