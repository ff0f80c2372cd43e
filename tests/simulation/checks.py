"""The invariants of RELIABILITY section 6 as the simulation checks them after every event.

The checker keeps its own books from what it sees and shares no arithmetic with the engine but ``Decimal``. Each check
counts how often it looked, so that none of them passes by never being asked. What is checked at every request is in
``departure``, what is checked at rest in ``rest``.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.fakevenue.core import Venue
from tests.simulation.books import ZERO, OwnBooks
from tradecli.domain import events as e
from tradecli.domain.control import Latch
from tradecli.domain.enums import OrderStatus, Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book
from tradecli.domain.order import TRANSITIONS, Order
from tradecli.engine.core import Engine
from tradecli.engine.live import Live

S = OrderStatus
D = Decimal
INVARIANTS = tuple(f"INV-{n:02}" for n in (*range(1, 14), *range(15, 21), 22, 24, 25))
_EVIDENCE: dict[OrderStatus, tuple[type, ...]] = {
    S.OPEN: (e.OrderAccepted, e.Fill, e.OrderAdopted),
    S.FILLED: (e.Fill,),
    S.CANCELED: (e.OrderCanceled,),
    S.EXPIRED: (e.OrderExpired,),
    S.REJECTED: (e.OrderRejected,),
    S.NOT_PLACED: (e.OrderAbsent,),
    S.UNKNOWN: (e.OrderAmbiguous,),
    S.VOID: (e.OrderVoided,),
    S.SENDING: (e.OrderSending,),
}
_AT_VENUE = (S.OPEN, S.FILLED, S.CANCELED, S.EXPIRED)
_ROUNDING = D("1.001")
"""Equity may be counted anew within the event that a limit was held against it."""
_DRIFT = D("1.02")
"""How far prices alone may carry what was inside a band."""


class Violation(BaseException):
    """An invariant does not hold. No supervisor of the program may catch it."""


class Checks:
    """One seed's checker; it outlives the engines, as the venue does."""

    def __init__(self, twin: Venue, now: Callable[[], int], ledger: Path, flag: Path) -> None:
        self.twin = twin
        self.now = now
        self.ledger = ledger
        self.flag = flag
        self.looked: Counter[str] = Counter()
        self.events = 0
        self.first = ""
        self.begun = False
        self.live: Live | None = None
        self.engine: Engine | None = None
        self.fence = 0
        self.books = OwnBooks()
        self.known: dict[str, tuple[OrderStatus, Decimal]] = {}
        self.latched: set[Latch] = set()
        self.flagged: set[str] = set()
        self.unasked = ZERO
        """Notional of fills that no limit could foresee: foreign ones, above an order's size, after its end."""
        self._db: sqlite3.Connection | None = None

    def holds(self, name: str, ok: bool, told: str | Callable[[], str] = "") -> None:
        """Count one look at an invariant; end the seed when it does not hold."""
        self.looked[name] += 1
        if not ok:
            text = f"{name}: {told if isinstance(told, str) else told()}"
            self.first = self.first or text
            raise Violation(text)

    # -- after every event -----------------------------------------------------------------------------------------

    def attach(self, live: Live, fence: int) -> None:
        """Watch one engine from its restored state on."""
        self.live, self.engine, self.fence = live, live.engine, fence
        self.begun = False
        account = live.engine.state.account
        self.known = {
            o.client_id: (o.status, o.filled) for o in (*account.live.values(), *account.final.values())
        }
        self.books.keep_only(account.booked)
        process = live.engine.process

        def checked(event: Any, at: int) -> Any:
            commands = process(event, at)
            self.after(event, at)
            return commands

        live.engine.process = checked  # type: ignore[method-assign]

    def after(self, event: Any, at: int) -> None:
        """Check everything that one event can have broken."""
        self.events += 1
        engine = self.engine
        assert engine is not None and self.live is not None
        changes = engine._changes
        if isinstance(event, Book):
            self._after_book(event)
        elif isinstance(event, e.Fill):
            self._after_fill(event, engine)
        elif isinstance(event, e.Transferred):
            self.books.take_paid(f"transfer:{event.venue}:{event.ref}", event.amount)
        elif isinstance(event, e.FundingPaid):
            self.books.take_paid(f"funding:{event.instrument}:{event.payment_id}", event.amount)
        elif isinstance(event, e.Noted) and event.topic.startswith("reconcile"):
            self.begun = True  # the kill state was taken up before
        touched = engine._orders if changes is None else (*changes.orders, *engine._orders)
        if touched:
            for name in dict.fromkeys(order.client_id for order in touched):
                order = engine.state.account.order(name)
                if order is not None:
                    self._after_order(order, event, changes, engine)
        if touched or (changes is not None and changes.entries):
            self._after_account(engine)
        if isinstance(event, e.LatchSet):
            self._after_latch(event, engine)
        if self.events % 50 == 0:
            self._now_and_then(engine, at)

    def _after_fill(self, fill: e.Fill, engine: Engine) -> None:
        name = fill.client_id or ""
        status, _ = self.known.get(name, (None, ZERO))
        is_new = self.books.take_fill(fill)
        booked = len(engine._changes.fills) if engine._changes is not None else 0
        self.holds(
            "INV-02",
            booked == int(is_new),
            lambda: f"{fill.instrument}:{fill.trade_id} booked {booked} times, new: {is_new}",
        )
        if is_new and status not in (S.SENDING, S.OPEN, S.UNKNOWN):
            self.unasked += fill.qty * fill.price
        net, equity = self.books.net(engine.state.price), engine.state.equity.value
        if net is not None and equity:
            band = equity * D(str(engine.desk.limits.max_net_pct)) / 100
            self.holds(
                "INV-15",
                abs(net) <= band * _DRIFT + self.unasked,
                lambda: f"net {net:.0f} after a fill, {band:.0f} allowed, {self.unasked:.0f} not asked for",
            )

    def _after_order(self, order: Order, event: Any, changes: Any, engine: Engine) -> None:
        name = order.client_id
        was = self.known.get(name)
        self.known[name] = (order.status, order.filled)
        corrected = changes is not None and any(each.client_id == name for each, _ in changes.corrections)
        if corrected:
            self.flagged.add(name)
        if was is None:
            fresh = order.status in (S.INTENT, S.DENIED, S.OPEN)
            self.holds("INV-08", fresh, lambda: f"{name} appears as {order.status}")
            if order.status is S.INTENT:
                self._at_intent(order, engine)
            return
        status, filled = was
        within = order.filled <= order.request.qty or name in self.flagged
        self.holds(
            "INV-04",
            order.filled >= filled and within,
            lambda: f"{name} filled {filled} -> {order.filled} of {order.request.qty}, flagged: {within}",
        )
        if status is order.status:
            return
        legal = order.status in TRANSITIONS[status] or corrected
        self.holds(
            "INV-08", legal, lambda: f"{name} went {status} -> {order.status} on {type(event).__name__}"
        )
        ok = isinstance(event, _EVIDENCE.get(order.status, ())) or (corrected and isinstance(event, e.Fill))
        self.holds("INV-08", ok, lambda: f"{name} is {order.status} on {type(event).__name__}: no evidence")
        there = name in self.twin.orders
        if order.status in _AT_VENUE:
            self.holds("INV-08", there, lambda: f"{name} is {order.status}, and the venue never had it")
        elif order.status in (S.NOT_PLACED, S.VOID, S.REJECTED):
            self.holds("INV-08", not there, lambda: f"{name} is {order.status}, and the venue has it")

    def _at_intent(self, order: Order, engine: Engine) -> None:
        """Count the worst side again, from the orders themselves, as it was when this one was allowed."""
        request, state = order.request, engine.state
        sign = request.side.sign
        before = [o for o in state.account.live.values() if o.client_id <= order.client_id]
        ahead: dict[InstrumentId, Decimal] = {}
        on_side = ZERO
        for each in before:
            other = each.request
            if other.side is not request.side:
                if other.instrument == request.instrument:
                    self._cross(order, each)
                continue
            left = other.qty - each.filled
            if other.instrument == request.instrument:
                on_side += left
            if not other.reduce_only:
                ahead[other.instrument] = ahead.get(other.instrument, ZERO) + left
        held = self.books.held(request.instrument) * sign
        if request.reduce_only or (held < 0 and on_side <= -held):
            self.looked["INV-10"] += 1
            return
        price = max(p for p in (state.price(request.instrument), request.price) if p is not None)
        equity = state.equity.value or ZERO
        worst = (held + ahead.get(request.instrument, ZERO)) * price
        most = equity * D(str(engine.desk.limits.max_symbol_pct)) / 100 * _ROUNDING
        self.holds("INV-10", worst <= most, lambda: f"{order.client_id}: worst {worst:.2f} over {most:.2f}")
        net = ZERO
        for instrument in {*ahead, *self.books.sums}:
            at = price if instrument == request.instrument else state.price(instrument) or ZERO
            net += (self.books.held(instrument) * sign + ahead.get(instrument, ZERO)) * at
        band = equity * D(str(engine.desk.limits.max_net_pct)) / 100 * _ROUNDING
        self.holds("INV-15", net <= band, lambda: f"{order.client_id}: net {net:.2f} over {band:.2f}")

    def _cross(self, one: Order, other: Order) -> None:
        buy, sell = (one, other) if one.request.side is Side.BUY else (other, one)
        low, high = buy.request.price, sell.request.price
        apart = low is not None and high is not None and low < high
        self.holds("INV-16", apart, lambda: f"{buy.client_id} {low} meets {sell.client_id} {high}")

    def _after_account(self, engine: Engine) -> None:
        state, books = engine.state, self.books
        account = state.account
        for instrument, position in account.positions.items():
            total = books.held(instrument)
            self.holds(
                "INV-01",
                position.qty == total,
                lambda: f"{instrument}: {position.qty}, fills say {total}",  # noqa: B023
            )
        net, equity = books.net(state.price), state.equity_now()
        if net is not None and equity is not None:
            told = books.cash + net
            self.holds("INV-03", equity == told, lambda: f"equity {equity}, money and fills say {told}")
        for order in account.live.values():
            if order.status is S.UNKNOWN:
                name = order.client_id
                self.holds(
                    "INV-09", order.next_check_at is not None, f"{name} is UNKNOWN without a next check"
                )

    def _after_latch(self, event: e.LatchSet, engine: Engine) -> None:
        self.latched.add(event.latch)
        if event.latch.by == "reconciliation":
            account = engine.state.account
            equal = account.balances.get((self.twin.name, "USDT"), ZERO) == self.twin.balance and all(
                account.position(each).qty == held.qty for each, held in self.twin.held.items()
            )
            self.holds("INV-07", not equal, "a difference is told, and there is none")

    def operator_released(self, latches: tuple[Latch, ...]) -> None:
        """Hear of a release by hand: what it named binds no longer. Of one level and scope the flag holds one."""
        lifted = {(latch.level, latch.scope) for latch in latches}
        self.latched = {each for each in self.latched if (each.level, each.scope) not in lifted}

    def _now_and_then(self, engine: Engine, at: int) -> None:
        assert self.live is not None
        kept = self.live.keeper.waiting
        tasks = len(self.live._tasks)
        bounded = kept < 5_000 and tasks < 500 and len(self.live.inbox) < 1_000
        self.holds("INV-22", bounded, lambda: f"{kept} steps unwritten, {tasks} tasks")
        in_force = {(each.level, each.scope) for each in engine.state.latches}
        for latch in sorted(self.latched, key=str) if self.begun else ():
            told = f"{latch.by} was lifted by nobody"
            self.holds("INV-17", (latch.level, latch.scope) in in_force, told)
        late = [
            order.client_id
            for order in engine.state.account.live.values()
            if order.status is S.UNKNOWN and (order.next_check_at or at) < at - 60_000
        ]
        self.holds("INV-09", not late, lambda: f"overdue look-ups: {late}")
        residual = engine.state.residual()
        self.holds("INV-03", residual in (None, ZERO), lambda: f"residual {residual}")

    def _after_book(self, book: Book) -> None:
        bids, asks = book.bids, book.asks
        ok = (
            all(bids[i][0] > bids[i + 1][0] for i in range(len(bids) - 1))
            and all(asks[i][0] < asks[i + 1][0] for i in range(len(asks) - 1))
            and all(size > 0 and math.isfinite(size) for _, size in (*bids, *asks))
            and bids[0][0] < asks[0][0]
        )
        self.holds("INV-18", ok, lambda: f"book of {book.instrument}: {bids[:2]} / {asks[:2]}")

    # -- the file --------------------------------------------------------------------------------------------------

    def read(self, query: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Ask the ledger's file, past everything of the engine."""
        if self._db is None:
            self._db = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, isolation_level=None)
        return self._db.execute(query, values)

    def let_go(self) -> None:
        """Close the reader, before the file is replaced or the run ends."""
        if self._db is not None:
            self._db.close()
            self._db = None
