"""``PaperVenue``: every simulated account of a run, in one synchronous object that is told the time.

It owns the road of an order through the venue: arrival, refusal, the first meeting with the market, rest, and what each
market event sets in motion. It must not read a clock, draw from a shared generator, or answer a call directly: outcomes
come from ``due``. What fills is decided in ``matching`` and ``bars``; what is booked, in ``clearing``.

Theory of operation. ``submit`` at time t reaches the venue at t + out, where it is validated and meets the market as
it is then; everything that follows for this order is reported ``back`` later (``latency``). Arrivals up to the time of
a market event are taken before it. An instrument is matched on books, quotes and trades as far as there are any; a
bar is matched only when none of them was seen inside it, so a venue that shows bars only is matched on bars only. A
fill inside a bar carries the bar's last millisecond, because that is all a bar tells; it precedes a settlement at the
bar's end. Margin and liquidation are not simulated: sizes are the business of the risk limits, except that spot never
sells what it does not hold and never buys what it cannot pay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import inf, isfinite
from typing import Any, Protocol

from tradecli.domain import events as e
from tradecli.domain.enums import FundingKind, InstrumentKind, OrderType, Side, TimeInForce
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Book, Candle, FundingRate, MarketEvent, MarkPrice, Quote, Trade
from tradecli.domain.order import Approved, Order
from tradecli.errors import BrokenInvariant
from tradecli.ports import AccountSnapshot
from tradecli.venues.paper import bars, matching
from tradecli.venues.paper.clearing import REDUCED, Clearing
from tradecli.venues.paper.pit import Match, Pit, Shown, Working, displayed, visible
from tradecli.venues.paper.rules import Refusal, refusal
from tradecli.venues.paper.wire import Arrival, Wire

BARS_MISSED = 2
"""With bars only, a market order is refused once the newest bar ended more than this many bars ago."""

DEPOSIT_COIN = "USDT"

SELF_TRADE = "self-trade prevention: it would meet an own resting order"


class PaperTerms(Protocol):
    """The settings that matter here; the ``[paper]`` section of the configuration has them."""

    @property
    def latency_ms(self) -> int: ...
    @property
    def latency_sigma(self) -> float: ...
    @property
    def max_volume_pct(self) -> float: ...
    @property
    def initial_balance(self) -> Decimal: ...


class PaperVenue:
    """Simulated accounts at every venue of ``instruments``."""

    def __init__(
        self, instruments: Mapping[InstrumentId, Instrument], settings: PaperTerms, seed: int
    ) -> None:
        self._settings = settings
        self._share = settings.max_volume_pct / 100.0
        self._wire = Wire(seed, settings.latency_ms, settings.latency_sigma)
        self._clearing = Clearing(instruments, self._wire)
        self._pits = self._clearing.pits
        self._seen: set[str] = set()
        self._funded = False
        self._takes: dict[type, Callable[[Any, int], None]] = {
            Candle: self._on_candle,
            Quote: self._on_quote,
            Book: self._on_book,
            Trade: self._on_trade,
            FundingRate: self._on_funding,
            MarkPrice: self._on_mark,
        }

    @property
    def venues(self) -> tuple[str, ...]:
        """The simulated venues, sorted."""
        return tuple(self._clearing.accounts)

    def restore(self, snapshot: AccountSnapshot) -> None:
        """Take up an account where an earlier session left it, before anything is submitted.

        Working orders rest again with an unknown queue, and fill only on what comes from now on; trade ids go on after
        the newest fill of each instrument, and funding that ``income`` names is not paid again.
        """
        self._funded = True
        self._seen.update(order.client_id for order in snapshot.open_orders)
        for order in self._clearing.restore(snapshot):
            pit = self._clearing.pit_of(order)
            if order.trigger is not None:
                pit.arm(order)
            elif order.ticks is None or order.immediate:
                pit.wait(order)
            else:
                pit.rest(order)

    def deposits(self, ts: int) -> tuple[e.Transferred, ...]:
        """Credit the initial balance, split evenly over the accounts, and report it; a second call gives nothing."""
        if self._funded:
            return ()
        self._funded = True
        accounts = self._clearing.accounts
        parts = split(self._settings.initial_balance, len(accounts))
        for account, amount in zip(accounts.values(), parts, strict=True):
            account.credit(DEPOSIT_COIN, amount)
        return tuple(
            e.Transferred(
                venue=v, coin=DEPOSIT_COIN, amount=amount, ts=ts, ref=f"deposit-{v}", kind="deposit"
            )
            for v, amount in zip(accounts, parts, strict=True)
        )

    def submit(self, approved: Approved, at: int) -> None:
        """Send an order on its way. A client id that was used before is a bug (INV-06, ``BrokenInvariant``)."""
        if approved.client_id in self._seen:
            raise BrokenInvariant(f"client id {approved.client_id} was submitted twice", number=306)
        self._seen.add(approved.client_id)
        self._wire.send(approved.client_id, approved, at)

    def cancel(self, client_id: str, at: int) -> None:
        """Send a cancel on its way; it never overtakes its order, and a fill that happens meanwhile wins."""
        self._wire.send(client_id, None, at)

    def on_market(self, event: MarketEvent, at: int) -> None:
        """Take a market event: first what arrived until ``at``, then the matching it causes."""
        if self._wire.first_arrival <= at:
            self._arrive(at)
        take = self._takes.get(type(event))
        if take is not None:
            take(event, at)

    def next_at(self) -> int | None:
        """Return the time of the earliest outcome that is scheduled, or None."""
        return self._wire.next_at()

    def due(self, until: int) -> list[e.AccountEvent]:
        """Return, once, the outcomes of time <= ``until`` in order. Market events before then must have been given."""
        if self._wire.first_arrival <= until:
            self._arrive(until)
        return self._wire.outcomes(until)

    def snapshot(self, venue: str, at: int) -> AccountSnapshot:
        """Return the whole account as the venue has it at ``at``; ``KeyError`` for a venue that is not simulated."""
        if self._wire.first_arrival <= at:
            self._arrive(at)
        return self._clearing.snapshot(venue, at)

    def find(self, venue: str, client_id: str, at: int) -> tuple[Order, ...]:
        """Return the order that ``venue`` knows by this id at ``at``: working, or one of the newest that ended."""
        if self._wire.first_arrival <= at:
            self._arrive(at)
        return self._clearing.find(venue, client_id, at)

    # -- arrival ------------------------------------------------------------------------------------------------

    def _arrive(self, until: int) -> None:
        for arrival in self._wire.arrivals(until):
            if arrival.approved is not None:
                self._take_order(arrival.approved, arrival.at, arrival.back)
            else:
                self._take_cancel(arrival)

    def _take_cancel(self, arrival: Arrival) -> None:
        order = self._clearing.working.get(arrival.client_id)
        if order is None:
            reason = "the venue has no working order of this id"
            failed = e.CancelFailed(client_id=arrival.client_id, ts=arrival.at, reason=reason)
            self._wire.tell(failed, arrival.at + arrival.back)
            return
        order.back = max(order.back, arrival.back)
        self._clearing.cancel(order, "canceled on request", arrival.at)

    def _take_order(self, approved: Approved, at: int, back: int) -> None:
        request = approved.request
        pit = self._pits.get(request.instrument)
        reference = None if pit is None else self._reference(pit, request.side, at)
        refused = refusal(None if pit is None else pit.instrument, request, at, reference)
        if pit is not None and refused is None:
            refused = self._market_refusal(pit, approved, at, reference)
        if pit is None or refused is not None:
            code, reason = refused or Refusal("unknown-instrument", "not traded here")
            self._clearing.refuse(approved, code, reason, at, back)
            return
        order = self._clearing.admit(pit, approved, at, back)
        if order.trigger is None:
            self._go_live(pit, order, at)
            return
        pit.arm(order)
        if pit.last is not None and order in matching.triggered(pit, pit.last):
            self._set_off(pit, order, at)

    def _market_refusal(
        self, pit: Pit, approved: Approved, at: int, reference: Decimal | None
    ) -> Refusal | None:
        """Return why the market or the account refuses an order that is well formed."""
        request, instrument = approved.request, pit.instrument
        closable = self._clearing.account_of(pit).closable(instrument.id, request.side)
        if request.reduce_only and closable < instrument.lot:
            return Refusal("reduce-only", "there is no position that it would reduce")
        if request.type is OrderType.STOP:
            return None
        buy = request.side is Side.BUY
        levels = visible(pit, buy, at)
        at_once = request.price is None or request.tif is not TimeInForce.GTC
        if at_once and levels is None and not self._bars_only(pit, at):
            return Refusal("no-market", "there is no valid and fresh price to trade against")
        if request.post_only and request.price is not None:
            limit = int(request.price / instrument.tick)
            if levels is not None:
                takes = limit >= levels[0].ticks if buy else limit <= levels[0].ticks
            else:
                last = pit.last_ticks()
                takes = last is not None and (limit > last if buy else limit < last)
            if takes:
                return Refusal("post-only", "it would take liquidity at once")
        price = request.price or reference
        if instrument.kind is not InstrumentKind.SPOT or price is None:
            return None
        if self._clearing.spot_room(pit, buy, price, None) < request.qty:
            return Refusal("insufficient-balance", "the free balance does not cover it")
        return None

    def _reference(self, pit: Pit, side: Side, at: int) -> Decimal | None:
        """Return the price that values an order without one: the side's best level, else the last price."""
        levels = visible(pit, side is Side.BUY, at)
        ticks = levels[0].ticks if levels else pit.last_ticks()
        return None if ticks is None else pit.instrument.tick * ticks

    def _bars_only(self, pit: Pit, at: int) -> bool:
        candle = pit.candle
        if candle is None or pit.tick_ts >= candle.ts:
            return False
        return at - candle.close_ts <= BARS_MISSED * candle.interval_ms

    # -- an order meets the market ------------------------------------------------------------------------------

    def _go_live(self, pit: Pit, order: Working, at: int) -> None:
        """Let an accepted order meet the market, then rest, wait or end."""
        levels = visible(pit, order.buy, at)
        if levels is None:
            self._go_live_unseen(pit, order, at)
            return
        own = pit.own_best(order.buy)
        self._take(pit, order, levels, own, at)
        if order.done:
            return
        if self._clearing.has_nothing_to_reduce(order):
            self._clearing.cancel(order, REDUCED, at)
        elif matching.reaches(order, own):
            self._clearing.cancel(order, SELF_TRADE, at)
        elif order.immediate or order.ticks is None:
            self._clearing.expire(order, "nothing more at once within its limit", at)
        else:
            order.ahead = displayed(pit, order.buy, order.ticks)
            order.shown = order.ahead or 0.0
            pit.rest(order)

    def _take(self, pit: Pit, order: Working, levels: list[Shown], own: int | None, at: int) -> None:
        """Fill what a taker can have now: inside its limit and before our own best order on the other side."""
        fills = matching.walk(order, levels, order.left, own)
        if order.all_or_none and not self._fills_whole(order, fills):
            return
        for fill in fills:
            taken = 0 if order.done else self._clearing.fill(fill, at, at)
            if taken:
                key = (order.buy, fill.ticks)
                pit.used[key] = pit.used.get(key, 0) + taken

    def _fills_whole(self, order: Working, fills: list[Match]) -> bool:
        lots = sum(fill.lots for fill in fills)
        return bool(fills) and min(lots, self._clearing.room(order, fills[-1].ticks)) == order.left

    def _go_live_unseen(self, pit: Pit, order: Working, at: int) -> None:
        """Place an order while no book or quote can be used: bars decide, or it rests with an unknown queue."""
        if order.ticks is None or order.immediate:
            pit.wait(order)
        elif matching.reaches(order, pit.own_best(order.buy)):
            self._clearing.cancel(order, SELF_TRADE, at)
        else:
            last = pit.last_ticks()
            if last is not None and self._bars_only(pit, at):
                order.crossing = order.ticks > last if order.buy else order.ticks < last
            pit.rest(order)

    def _set_off(self, pit: Pit, order: Working, at: int) -> None:
        """Make a triggered stop live; with bars only, it takes part from the next bar on."""
        pit.remove(order)
        order.trigger = None
        order.arrived = at
        self._go_live(pit, order, at)

    # -- the market moves ---------------------------------------------------------------------------------------

    def _on_quote(self, quote: Quote, at: int) -> None:
        pit = self._pits.get(quote.instrument)
        if pit is None or (pit.quote is not None and quote.ts < pit.quote.ts):
            return
        pit.quote = quote
        if quote.ts > pit.tick_ts:
            pit.tick_ts = quote.ts
        if pit.used:
            pit.used.clear()
        if pit.count:
            matching.advance_by_quote(pit, quote)
            self._after_shown(pit, at)

    def _on_book(self, book: Book, at: int) -> None:
        pit = self._pits.get(book.instrument)
        if pit is None or (pit.book is not None and book.ts < pit.book.ts):
            return
        pit.book = book
        if book.ts > pit.tick_ts:
            pit.tick_ts = book.ts
        if pit.used:
            pit.used.clear()
        if pit.count:
            matching.advance_by_book(pit, book)
            self._after_shown(pit, at)

    def _after_shown(self, pit: Pit, at: int) -> None:
        self._clearing.fill_all(matching.through_the_book(pit, at), at)
        for order in list(pit.takers):
            if not order.done and visible(pit, order.buy, at) is not None:
                pit.remove(order)
                self._go_live(pit, order, at)

    def _on_trade(self, trade: Trade, at: int) -> None:
        pit = self._pits.get(trade.instrument)
        if pit is None or not 0 < trade.price < inf:
            return
        pit.last = trade.price
        if trade.ts > pit.tick_ts:
            pit.tick_ts = trade.ts
        if pit.count:
            self._clearing.fill_all(matching.through_a_trade(pit, trade), at)
            self._trigger(pit, trade.price, at)

    def _on_mark(self, mark: MarkPrice, at: int) -> None:
        pit = self._pits.get(mark.instrument)
        if pit is None or not 0 < mark.mark < inf:
            return
        pit.mark = mark.mark
        self._trigger(pit, mark.mark, at)

    def _trigger(self, pit: Pit, price: float, at: int) -> None:
        if pit.stops:
            for order in matching.triggered(pit, price):
                if not order.done:
                    self._set_off(pit, order, at)

    def _on_candle(self, candle: Candle, at: int) -> None:
        pit = self._pits.get(candle.instrument)
        if pit is None or not pit.is_next(candle):
            return
        pit.candle = candle
        if pit.tick_ts >= candle.ts:
            return
        if pit.count and not bars.touches_nothing(pit, candle):
            bar = bars.read_bar(pit, candle, self._share)
            if bar is not None:
                self._match_bar(pit, bar, at)
        if 0 < candle.close < inf:
            pit.last = candle.close

    def _match_bar(self, pit: Pit, bar: bars.Bar, at: int) -> None:
        clearing = self._clearing
        for step in bars.match_bar(pit, bar, clearing.room):
            order = step.order
            if isinstance(step, Match):
                clearing.fill(step, bar.end - 1, at)
            elif isinstance(step, bars.Drop):
                (clearing.expire if step.expired else clearing.cancel)(order, step.reason, at)
            else:
                pit.remove(order)
                order.trigger, order.arrived = None, bar.end
                self._go_live_unseen(pit, order, at)
                order.crossing = order.ticks is not None

    def _on_funding(self, rate: FundingRate, at: int) -> None:
        if rate.kind is FundingKind.SETTLED and rate.instrument in self._pits and isfinite(rate.rate):
            self._clearing.fund(rate, at)


def split(total: Decimal, parts: int) -> list[Decimal]:
    """Split an amount into equal parts of whole cents; the first takes what is left over."""
    each = (total / parts).quantize(Decimal("0.01"), "ROUND_DOWN")
    return [total - each * (parts - 1), *[each] * (parts - 1)]
