"""The invariants of RELIABILITY section 6 as the simulation checks them: after every event, at every request, at rest.

The checker keeps its own books from what it sees and shares no arithmetic with the engine but ``Decimal``. Each check
counts how often it looked, so that none of them passes by never being asked.
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
from tradecli.domain import events as e
from tradecli.domain.control import STRICTNESS, Latch
from tradecli.domain.enums import KillLevel, OrderStatus, Side
from tradecli.domain.market import Book
from tradecli.domain.order import TRANSITIONS, Approved, Order
from tradecli.engine.core import Engine
from tradecli.engine.live import Live
from tradecli.store.killswitch import KillSwitch

S = OrderStatus
D = Decimal
ZERO = D(0)
INVARIANTS = (*(f"INV-{n:02}" for n in (*range(1, 14), *range(15, 21), 22, 24, 25)),)

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
        self.known: dict[str, tuple[OrderStatus, Decimal]] = {}
        self.fills: dict[str, e.Fill] = {}
        self.sums: dict[str, Decimal] = {}
        self.latched: set[Latch] = set()
        self.flagged: set[str] = set()
        self._db: sqlite3.Connection | None = None
        self._sent: set[str] = set()

    def holds(self, name: str, ok: bool, told: object = "") -> None:
        self.looked[name] += 1
        if not ok:
            self.first = self.first or f"{name}: {told}"
            raise Violation(f"{name}: {told}")

    # -- after every event -----------------------------------------------------------------------------------------

    def attach(self, live: Live, fence: int) -> None:
        """Watch one engine from its restored state on."""
        self.live, self.engine, self.fence = live, live.engine, fence
        self.begun = False
        account = live.engine.state.account
        self.known = {
            o.client_id: (o.status, o.filled) for o in (*account.live.values(), *account.final.values())
        }
        self.fills = {key: fill for key, fill in self.fills.items() if key in account.booked}
        self.sums = {}
        for fill in self.fills.values():
            self.sums[fill.instrument] = self.sums.get(fill.instrument, ZERO) + fill.signed_qty
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
        account = engine.state.account
        changes = engine._changes
        if isinstance(event, Book):
            self._after_book(event)
        elif isinstance(event, e.Fill):
            self._after_fill(event, account, changes)
        touched = {order.client_id: order for order in (changes.orders if changes else ())}
        touched |= {order.client_id: order for order in engine._orders}
        for name in touched:
            order = account.order(name)
            if order is not None:
                self._after_order(order, event, changes, at)
        if changes is not None and (changes.entries or touched):
            self._after_account(engine, account, at)
        if isinstance(event, e.Noted) and event.topic.startswith("reconcile"):
            self.begun = True  # the kill state was taken up before
        if isinstance(event, e.LatchSet | e.LatchReleased):
            self._after_latch(event, engine)
        if self.events % 50 == 0:
            self._now_and_then(engine, at)

    def _after_fill(self, fill: e.Fill, account: Any, changes: Any) -> None:
        key = f"{fill.instrument}:{fill.trade_id}"
        is_new = key not in self.fills
        self.fills.setdefault(key, fill)
        if is_new:
            self.sums[fill.instrument] = self.sums.get(fill.instrument, ZERO) + fill.signed_qty
        booked = len(changes.fills) if changes is not None else 0
        self.holds("INV-02", booked == int(is_new), f"{key} booked {booked} times, new: {is_new}")
        order = account.order(fill.client_id) if fill.client_id else None
        if order is not None and order.request.reduce_only and is_new:
            before = account.position(fill.instrument).qty - fill.signed_qty
            after = account.position(fill.instrument).qty
            ok = abs(after) <= abs(before) and after * before >= 0
            self.holds("INV-12", ok, f"{order.client_id} took the position from {before} to {after}")

    def _after_order(self, order: Order, event: Any, changes: Any, at: int) -> None:
        name = order.client_id
        was = self.known.get(name)
        self.known[name] = (order.status, order.filled)
        corrected = changes is not None and any(each.client_id == name for each, _ in changes.corrections)
        if corrected:
            self.flagged.add(name)
        if was is None:
            fresh = order.status in (S.INTENT, S.DENIED, S.OPEN)
            self.holds("INV-08", fresh, f"{name} appears as {order.status}")
            if order.status is S.INTENT:
                self._at_intent(order)
            return
        status, filled = was
        self.holds("INV-04", order.filled >= filled, f"{name} filled {filled} -> {order.filled}")
        within = order.filled <= order.request.qty or name in self.flagged
        self.holds("INV-04", within, f"{name} filled {order.filled} of {order.request.qty}, not flagged")
        if status is not order.status:
            legal = order.status in TRANSITIONS[status] or corrected
            self.holds("INV-08", legal, f"{name} went {status} -> {order.status} on {type(event).__name__}")
            kinds = _EVIDENCE.get(order.status, ())
            ok = isinstance(event, kinds) or (corrected and isinstance(event, e.Fill))
            self.holds("INV-08", ok, f"{name} is {order.status} on {type(event).__name__}: no evidence")
        if order.status is S.NOT_PLACED and status is not S.NOT_PLACED:
            there = self.twin.orders.get(name, [])
            self.holds("INV-08", not there, f"{name} is NOT_PLACED, and the venue has it")

    def _at_intent(self, order: Order) -> None:
        """Count the worst side again, from the orders themselves."""
        engine = self.engine
        assert engine is not None
        request, state = order.request, engine.state
        account = state.account
        held = account.position(request.instrument).qty
        same = [o for o in account.live.values() if o.request.instrument == request.instrument]
        side = [o for o in same if o.request.side is request.side and not o.request.reduce_only]
        pending = sum((o.request.qty - o.filled for o in side), ZERO) * request.side.sign
        worst = (held + pending) * request.side.sign
        price = max(p for p in (state.price(request.instrument), request.price) if p is not None)
        equity = state.equity.value or ZERO
        limit = equity * D(str(engine.desk.limits.max_symbol_pct)) / 100
        reducing = worst <= max(held * request.side.sign, ZERO) or request.reduce_only
        closes = held * request.side.sign < 0 and abs(pending) <= abs(held)
        ok = reducing or closes or worst * price <= limit * D("1.000001")
        self.holds("INV-10", ok, f"{order.client_id}: worst {worst} at {price} over {limit}")
        for other in same:
            if other.request.side is not request.side and other.client_id != order.client_id:
                self._cross(order, other)

    def _cross(self, one: Order, other: Order) -> None:
        buy, sell = (one, other) if one.request.side is Side.BUY else (other, one)
        if buy.request.price is None or sell.request.price is None:
            return
        apart = buy.request.price < sell.request.price
        self.holds("INV-16", apart, f"{buy.client_id} {buy.request.price} meets {sell.client_id}")

    def _after_account(self, engine: Engine, account: Any, at: int) -> None:
        for instrument, position in account.positions.items():
            total = self.sums.get(instrument, ZERO)
            self.holds("INV-01", position.qty == total, f"{instrument}: {position.qty}, fills say {total}")
        residual = engine.state.residual()
        self.holds("INV-03", residual in (None, ZERO), f"residual {residual}")
        for order in account.live.values():
            if order.status is S.UNKNOWN:
                due = order.next_check_at
                self.holds("INV-09", due is not None, f"{order.client_id} is UNKNOWN without a next check")

    def _after_latch(self, event: Any, engine: Engine) -> None:
        if isinstance(event, e.LatchSet):
            self.latched.add(event.latch)
            if event.latch.by == "reconciliation":
                account = engine.state.account
                equal = account.balances.get((self.twin.name, "USDT"), ZERO) == self.twin.balance and all(
                    account.position(each).qty == held.qty for each, held in self.twin.held.items()
                )
                self.holds("INV-07", not equal, "a difference is told, and there is none")

    def operator_released(self, latches: tuple[Latch, ...]) -> None:
        """Hear of a release by hand: what it named binds no longer."""
        lifted = {
            (latch.level, latch.scope) for latch in latches
        }  # of one level and scope the flag holds one
        self.latched = {each for each in self.latched if (each.level, each.scope) not in lifted}

    def _now_and_then(self, engine: Engine, at: int) -> None:
        assert self.live is not None
        kept = self.live.keeper.waiting
        tasks = len(self.live._tasks)
        bounded = kept < 5_000 and tasks < 500 and len(self.live.inbox) < 1_000
        self.holds("INV-22", bounded, f"{kept} steps unwritten, {tasks} tasks")
        for latch in sorted(self.latched, key=str) if self.begun else ():
            standing = any(
                each.level is latch.level and each.scope == latch.scope for each in engine.state.latches
            )
            self.holds("INV-17", standing, f"{latch.by} was lifted by nobody")
        late = [
            order.client_id
            for order in engine.state.account.live.values()
            if order.status is S.UNKNOWN and (order.next_check_at or at) < at - 60_000
        ]
        self.holds("INV-09", not late, f"overdue look-ups: {late}")
        self._net_band(engine)

    def _after_book(self, book: Book) -> None:
        bids, asks = book.bids, book.asks
        ok = (
            all(bids[i][0] > bids[i + 1][0] for i in range(len(bids) - 1))
            and all(asks[i][0] < asks[i + 1][0] for i in range(len(asks) - 1))
            and all(size > 0 and math.isfinite(size) for _, size in (*bids, *asks))
            and bids[0][0] < asks[0][0]
        )
        self.holds("INV-18", ok, f"book of {book.instrument}: {bids[:2]} / {asks[:2]}")

    def _net_band(self, engine: Engine) -> None:
        """Net exposure within its limit, or nothing that adds to it may be sent."""
        net = ZERO
        for instrument, position in engine.state.account.positions.items():
            net += position.qty * (engine.state.price(instrument) or ZERO)
        equity = engine.state.equity.value
        if equity:
            limit = equity * D(str(engine.desk.limits.max_net_pct)) / 100
            self.holds("INV-15", abs(net) <= limit * D("1.05"), f"net {net:.0f} over {limit:.0f}")

    # -- at every request ------------------------------------------------------------------------------------------

    def leaving(self, approved: Approved, at: int) -> None:
        """Look at a create request at the moment its bytes leave, with nothing but the disk and the venue to go by."""
        name, request = approved.client_id, approved.request
        states = self._durable(name)
        ok = S.INTENT.value in states and S.SENDING.value in states
        self.holds("INV-05", ok, f"{name} leaves, and the store has {states}")
        self.holds("INV-06", name not in self._sent, f"{name} leaves a second time")
        self._sent.add(name)
        latches = KillSwitch(self.flag).load()
        engine = self.engine
        assert engine is not None
        held = self.engine_position(request)
        adds = not (held and (held > 0) != (request.side is Side.BUY)) or request.qty > abs(held)
        binding = [each for each in latches if each.scope.binds(request.instrument, request.source)]
        worst = max((STRICTNESS[each.level] for each in binding), default=0)
        self.holds("INV-13", worst < STRICTNESS[KillLevel.HALT], f"{name} leaves while HALTED")
        if request.source != "flatten":
            self.holds("INV-13", worst == 0 or not adds, f"{name} adds risk under {binding}")
        closed = engine.state.unreconciled(request.instrument)
        self.holds("INV-13", closed is None, f"{name} leaves while {closed}")
        quote = engine.state.quotes.get(request.instrument)
        finite = quote is not None and math.isfinite(quote.bid) and 0 < quote.bid < quote.ask
        self.holds("INV-11", finite, f"{name} leaves on {quote}")
        assert quote is not None
        age = at - quote.ts
        fresh = age <= engine.desk.limits.max_quote_age_s * 1000 + 100
        self.holds("INV-11", fresh or not adds, f"{name} leaves on a quote {age} ms old")
        exact = isinstance(request.price, Decimal | None) and isinstance(request.qty, Decimal)
        tick = self.twin.instruments[request.instrument].tick
        on_tick = request.price is None or (exact and request.price % tick == 0)
        self.holds("INV-11", exact and on_tick, f"{name}: {request.qty!r} at {request.price!r}")
        self.holds("INV-19", self._fence() == self.fence, f"{name} leaves under a lease that moved on")
        unknown = [
            o.client_id
            for o in engine.state.account.orders_on(request.instrument)
            if o.status is S.UNKNOWN and o.request.source == request.source and o.created_at < approved.at
        ]
        asked_before = [o for o in unknown if self._unknown_since(o) < approved.at]
        self.holds("INV-10", not asked_before or not adds, f"{name} adds while {asked_before} are unknown")

    def _unknown_since(self, name: str) -> int:
        row = self._read(
            "SELECT min(at) FROM orders WHERE client_id = ? AND status = 'UNKNOWN'", (name,)
        ).fetchone()
        return int(row[0]) if row and row[0] is not None else 1 << 62

    def engine_position(self, request: Any) -> Decimal:
        assert self.engine is not None
        return self.engine.state.account.position(request.instrument).qty

    def _durable(self, name: str) -> set[str]:
        return {row[0] for row in self._read("SELECT status FROM orders WHERE client_id = ?", (name,))}

    def _fence(self) -> int:
        return int(self._read("SELECT fence FROM lease", ()).fetchone()[0])

    def _read(self, query: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        if self._db is None:
            self._db = sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True, isolation_level=None)
        return self._db.execute(query, values)

    def let_go(self) -> None:
        """Close the reader, before the file is replaced or the run ends."""
        if self._db is not None:
            self._db.close()
            self._db = None

    # -- at rest ---------------------------------------------------------------------------------------------------

    def rested(self) -> str:
        """Say what keeps our books and the venue's from being equal and at rest, or nothing."""
        before = self.first
        try:
            self.at_rest()
        except Violation as violation:
            self.first = before
            return str(violation)
        return ""

    def at_rest(self) -> None:
        """After healing: the venue and our books agree on everything, and nothing is left unknown in silence."""
        engine = self.engine
        assert engine is not None and self.live is not None
        account = engine.state.account
        theirs = self.twin.snapshot(self.now())
        unknown = [o.client_id for o in account.live.values() if o.status is S.UNKNOWN]
        self.holds("INV-25", not unknown, f"still unknown: {unknown}")
        stuck = [o.client_id for o in account.live.values() if o.status in (S.INTENT, S.SENDING)]
        self.holds("INV-25", not stuck, f"still on their way: {stuck}")
        for instrument, held in self.twin.held.items():
            ours = account.position(instrument).qty
            self.holds("INV-25", ours == held.qty, f"{instrument}: {ours} here, {held.qty} there")
        balance = account.balances.get((self.twin.name, "USDT"), ZERO)
        self.holds("INV-25", balance == self.twin.balance, f"{balance} here, {self.twin.balance} there")
        listed = {order.client_id for order in theirs.open_orders if order.client_id.startswith("sim")}
        ours_open = {o.client_id for o in account.live.values() if o.status is S.OPEN}
        self.holds("INV-25", listed == ours_open, f"open: {listed ^ ours_open}")
        stored = {row[0]: row[1] for row in self._read(_LATEST, ())}
        for name, there in self.twin.orders.items():
            self.holds("INV-07", name in stored, f"{name} is at the venue and not in the store")
            ended = there[0].status not in (S.OPEN, S.REJECTED)
            same = not ended or stored[name] == there[0].status.value
            self.holds("INV-25", same, f"{name}: {stored[name]} here, {there[0].status} there")
        placed = {
            name for name, status in stored.items() if status in ("OPEN", "FILLED", "CANCELED", "EXPIRED")
        }
        self.holds(
            "INV-07", placed <= self.twin.orders.keys(), f"only here: {placed - self.twin.orders.keys()}"
        )
        booked = [row[0] for row in self._read("SELECT trade_id FROM fills", ())]
        real = {fill.trade_id for fill in self.twin.fills}
        self.holds("INV-02", len(booked) == len(set(booked)), "a trade is stored twice")
        self.holds("INV-25", set(booked) == real, f"fills differ: {set(booked) ^ real}")
        self.holds("INV-22", len(self.live._tasks) < 60, f"{len(self.live._tasks)} tasks at rest")
        self.holds("INV-06", len(self._creates()) == len(set(self._creates())), "an id was created twice")

    def _creates(self) -> list[str]:
        return [each.client_id for each in self.twin.log if each.kind == "create"]


_LATEST = "SELECT client_id, status FROM (SELECT client_id, status, max(seq) FROM orders GROUP BY client_id)"

__all__ = ["INVARIANTS", "Checks", "Violation"]
