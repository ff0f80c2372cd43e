"""What the engine knows: market, account, links, latches, strategies, reports. Changed by ``apply`` and nothing
else.

``apply`` takes any event at our time ``at`` and returns what changed. It decides nothing: breakers, plans and
checks read this state and live elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, assert_never

from tradecli.domain.control import Latch
from tradecli.domain.enums import FundingKind, InstrumentKind, StrategyState, TradingState
from tradecli.domain.events import (
    Assessed,
    CancelAsked,
    CancelFailed,
    CancelRequested,
    Event,
    Fill,
    FundingPaid,
    LatchReleased,
    LatchSet,
    LimitsTightened,
    LinkChanged,
    Noted,
    OrderAbsent,
    OrderAccepted,
    OrderAdopted,
    OrderAmbiguous,
    OrderAsked,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderSending,
    OrderVoided,
    StrategySet,
    TimerFired,
    Transferred,
)
from tradecli.domain.feed import (
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    QuoteFeed,
    TradeFeed,
)
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.domain.intent import Caution
from tradecli.domain.market import (
    Book,
    Candle,
    FundingRate,
    MarkPrice,
    OpenInterest,
    OptionChain,
    Quote,
    Sentiment,
    Trade,
    VolIndex,
)
from tradecli.domain.number import ZERO
from tradecli.engine.account import Account, Changes
from tradecli.engine.equity import EquityCurve
from tradecli.engine.window import InstrumentWindow, Ring

ACCOUNT_FEED = "account"
"""The feed name of a venue's private stream: down until our books of that venue are reconciled."""
_TRADES_KEPT = 4_000
_ORDER_EVENTS = (
    Fill,
    OrderAccepted,
    OrderSending,
    OrderCanceled,
    OrderRejected,
    OrderVoided,
    OrderAmbiguous,
    OrderExpired,
    OrderAbsent,
    CancelRequested,
    CancelFailed,
)


class State:
    """One desk. ``order_times`` holds the moments of recent submissions, for the rate limit."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        strategies: Mapping[str, StrategyState],
        base_ms: int = MINUTE_MS,
    ) -> None:
        self.at = 0
        self.guard: AbstractContextManager[Any] = nullcontext()
        """Held by whoever changes the state, and by a view that reads it from another thread."""
        self.base_ms = base_ms
        self.instruments = {each.id: each for each in sorted(instruments, key=lambda each: each.id)}
        self.account = Account(self.instruments)
        self.equity = EquityCurve()
        self.windows: dict[InstrumentId, InstrumentWindow] = {}
        self.quotes: dict[InstrumentId, Quote] = {}
        self.books: dict[InstrumentId, Book] = {}
        self.prices: dict[InstrumentId, tuple[float, int]] = {}
        self.marks: dict[InstrumentId, MarkPrice] = {}
        self.bar_ages: dict[InstrumentId, tuple[int, int]] = {}
        self.trade_times: dict[InstrumentId, int] = {}
        self.predicted: dict[InstrumentId, FundingRate] = {}
        self.vol_indices: dict[str, Ring] = {}
        self.sentiments: dict[str, Ring] = {}
        self.chains: dict[tuple[str, str], OptionChain] = {}
        self.links: dict[tuple[str, str], LinkChanged] = {}
        self.latches: tuple[Latch, ...] = ()
        self.strategies = dict(strategies)
        self.cautions: dict[InstrumentId, Caution] = {}
        self.reports: dict[tuple[str, InstrumentId | None], tuple[Any, int]] = {}
        self.reports_by_type: dict[tuple[type, InstrumentId | None], Any] = {}
        self.order_times: deque[int] = deque()
        self.events = 0

    def declare(self, feeds: Sequence[Feed]) -> None:
        """Keep as much of the past as ``feeds`` ask for."""
        for feed in feeds:
            match feed:
                case CandleFeed():
                    self.window(feed.instrument).declare_candles(feed.interval_ms, feed.count)
                case TradeFeed():
                    self.window(feed.instrument).declare_trades(_TRADES_KEPT)
                case QuoteFeed() | BookFeed():
                    self.window(feed.instrument)
                case _:
                    pass

    def know(self, instruments: Sequence[Instrument]) -> None:
        """Know more instruments; one that is known already keeps the rules it has."""
        for each in sorted(instruments, key=lambda each: each.id):
            self.instruments.setdefault(each.id, each)

    def window(self, instrument: InstrumentId) -> InstrumentWindow:
        window = self.windows.get(instrument)
        if window is None:
            window = self.windows[instrument] = InstrumentWindow(self.base_ms)
        return window

    def apply(self, event: Event, at: int) -> Changes | None:
        """Take in one event. Market data change nothing of ours and return None."""
        self.at = at
        self.events += 1
        match event:
            case Quote():
                if 0.0 < event.bid < event.ask:
                    self.quotes[event.instrument] = event
                    self.prices[event.instrument] = ((event.bid + event.ask) / 2, at)
            case Trade():
                self.window(event.instrument).add_trade(event)
                self.trade_times[event.instrument] = at
            case Book():
                self.books[event.instrument] = event
            case Candle():
                self._apply_candle(event, at)
            case MarkPrice():
                self.marks[event.instrument] = event
                self.window(event.instrument).marks.append((event.ts, event.mark))
            case FundingRate():
                if event.kind is FundingKind.SETTLED:
                    self.window(event.instrument).add_funding(event)
                else:
                    self.predicted[event.instrument] = event
            case OpenInterest():
                self.window(event.instrument).open_interest.append((event.ts, event.value_usd))
            case VolIndex():
                self.vol_indices.setdefault(event.name, Ring(2, 12_000)).append((event.ts, event.value))
            case Sentiment():
                self.sentiments.setdefault(event.name, Ring(2, 800)).append((event.published_at, event.value))
            case OptionChain():
                self.chains[(event.venue, event.currency)] = event
            case TimerFired():
                pass
            case _:
                return self._apply_ours(event, at)
        return None

    def _apply_candle(self, candle: Candle, at: int) -> None:
        self.window(candle.instrument).add_candle(candle)
        if candle.interval_ms != self.base_ms:
            return
        self.bar_ages[candle.instrument] = (at, candle.interval_ms)
        if candle.instrument not in self.quotes:
            self.prices[candle.instrument] = (candle.close, at)

    def _apply_ours(self, event: Any, at: int) -> Changes | None:
        changes = Changes()
        if isinstance(event, _ORDER_EVENTS):
            self.account.apply_order(event, at, changes)
            if isinstance(event, OrderSending):
                self.order_times.append(at)
            return changes
        match event:
            case FundingPaid():
                self.account.apply_funding(event, changes)
            case Transferred():
                self.account.apply_transfer(event, changes)
                if changes.entries:  # told again, it moves nothing
                    self.equity.move_capital(event.amount)
            case LinkChanged():
                self.links[(event.venue, event.feed)] = event
                kind, _, subject = event.feed.partition(" ")
                if kind == "book" and not event.up:
                    self.books.pop(InstrumentId(subject), None)  # a book that is not proven is no book (D01)
            case Assessed():
                if event.report is not None:
                    self.reports[(event.topic, event.focus)] = (event.report, at)
                    self.reports_by_type[(type(event.report), event.focus)] = event.report
            case LatchSet():
                if event.latch not in self.latches:
                    self.latches = (*self.latches, event.latch)
            case LatchReleased():
                self.latches = tuple(
                    latch
                    for latch in self.latches
                    if latch.scope != event.scope or event.level not in (None, latch.level)
                )
            case StrategySet():
                self.strategies[event.strategy] = event.state
            case OrderAdopted():
                self.account.adopt(event.order)
                changes.orders.append(event.order)
            case OrderAsked() | CancelAsked() | LimitsTightened() | Noted():
                pass
            case _:
                assert_never(event)
        return changes

    def price(self, instrument: InstrumentId) -> Decimal | None:
        """Return the mark, else the mid, else the last close, snapped to the tick; None when nothing is known."""
        mark = self.marks.get(instrument)
        known = self.prices.get(instrument)
        value = mark.mark if mark is not None else known[0] if known is not None else None
        if value is None or not value > 0:
            return None
        return self._snap(instrument, value)

    def mid(self, instrument: InstrumentId) -> Decimal | None:
        """Return the mid, else the last close, snapped to the tick: what orders are priced from."""
        known = self.prices.get(instrument)
        return self._snap(instrument, known[0]) if known is not None and known[0] > 0 else None

    def _snap(self, instrument: InstrumentId, value: float) -> Decimal:
        spec = self.instruments[instrument]
        return spec.price_from_ticks(spec.ticks_from_price(value))

    def coin_price(self, venue: str, coin: str) -> Decimal | None:
        """Return the price of one coin in USDT at a venue; 1 for USDT itself."""
        if coin == "USDT":
            return Decimal(1)
        for instrument in self.instruments.values():
            if (
                instrument.kind is InstrumentKind.SPOT
                and instrument.base == coin
                and instrument.venue == venue
            ):
                return self.price(instrument.id)
        return None

    def equity_now(self) -> Decimal | None:
        """Return balances plus open profit, in USDT; None when a held coin or position has no price."""
        total = ZERO
        for (venue, coin), amount in self.account.balances.items():
            price = self.coin_price(venue, coin) if amount else ZERO
            if price is None:
                return None
            total += amount * price
        for position in self.account.positions.values():
            if position.qty and self.instruments[position.instrument].kind is not InstrumentKind.SPOT:
                mark = self.price(position.instrument)
                if mark is None:
                    return None
                total += position.unrealised(mark)
        return total

    def residual(self) -> Decimal | None:
        """Return equity less what deposits, profit, fees and funding explain (INV-03): exactly zero, or a bug."""
        equity = self.equity_now()
        if equity is None:
            return None
        explained = self.account.deposits
        for position in self.account.positions.values():
            mark = self.price(position.instrument) or ZERO
            explained += position.realised + position.unrealised(mark) - position.fees + position.funding
        return equity - explained

    def trading_state(self, venue: str | None = None) -> TradingState:
        """Return the strictest state that the latches put the whole desk, or one venue, in.

        What is not reconciled is RECONCILING unless it is HALTED.
        """
        from tradecli.engine.latching import desk_state

        latched = desk_state(self.latches, venue)
        if latched is TradingState.HALTED:
            return latched
        for (of, feed), link in self.links.items():
            if feed == ACCOUNT_FEED and not link.up and (venue in (None, of) or of == "store"):
                return TradingState.RECONCILING
        return latched

    def unreconciled(self, instrument: InstrumentId) -> str | None:
        """Say why only cancels may go to the instrument's venue, or None.

        Our books of it are not reconciled, or the store does not write.
        """
        link = self.links.get((venue_of(instrument), ACCOUNT_FEED))
        return (
            None if link is None or link.up else f"reconciling: {link.reason or 'the private stream is down'}"
        )

    def broken_link(self, instrument: InstrumentId) -> LinkChanged | None:
        """Return what is down: the instrument's whole venue, or the instrument itself, which its venue has halted."""
        venue = venue_of(instrument)
        for feed in ("", instrument):
            link = self.links.get((venue, feed))
            if link is not None and not link.up:
                return link
        return None
