"""What is checked at every request at the moment its bytes leave, and of every event where the venue makes it.

At a departure there is nothing to go by but the disk, the flag, the venue and our books; at the venue there is the
truth, before any fault of the way back.
"""

from __future__ import annotations

import math
from decimal import Decimal

from tests.simulation.books import ZERO
from tests.simulation.checks import Checks
from tradecli.domain import events as e
from tradecli.domain.control import STRICTNESS, Latch
from tradecli.domain.enums import KillLevel, OrderStatus
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Approved, OrderRequest
from tradecli.engine.core import Engine
from tradecli.store.killswitch import KillSwitch

S = OrderStatus
_FLATTEN = "flatten"


class Departures:
    """The checks of one seed at the venue's door."""

    def __init__(self, checks: Checks) -> None:
        self.checks = checks
        self.twin = checks.twin
        self.sent: set[str] = set()
        self._promised: dict[str, int] = {}
        """Orders that left because they can only reduce, with how often the position had been meddled with."""
        self._meddled: dict[InstrumentId, int] = {}
        self._flag = b""
        self._latches: tuple[Latch, ...] = ()

    def leaving(self, approved: Approved, at: int) -> None:
        """Look at a create request at the moment its bytes leave."""
        checks, name, request = self.checks, approved.client_id, approved.request
        engine = checks.engine
        assert engine is not None
        rows = checks.read(
            "SELECT status, at FROM orders WHERE run_id = 'sim' AND client_id = ?", (name,)
        ).fetchall()
        states = {status for status, _ in rows}
        ok = S.INTENT.value in states and S.SENDING.value in states
        checks.holds("INV-05", ok, lambda: f"{name} leaves, and the store has {states}")
        checks.holds("INV-06", name not in self.sent, lambda: f"{name} leaves a second time")
        self.sent.add(name)
        adds = _adds(engine, name, request)
        self._under_latches(name, request, adds)
        closed = engine.state.unreconciled(request.instrument)
        checks.holds("INV-13", closed is None, lambda: f"{name} leaves while {closed}")
        self._priced(engine, name, request, adds, at)
        (fence,) = checks.read("SELECT fence FROM lease").fetchone()
        checks.holds("INV-19", fence == checks.fence, lambda: f"{name} leaves under a lease that moved on")
        unknown = [
            each.client_id
            for each in engine.state.account.orders_on(request.instrument)
            if each.status is S.UNKNOWN
            and each.request.source == request.source
            and each.created_at < approved.at
        ]
        before = [each for each in unknown if self._unknown_since(each) < approved.at]
        checks.holds("INV-10", not (before and adds), lambda: f"{name} adds while {before} are unknown")

    def _under_latches(self, name: str, request: OrderRequest, adds: bool) -> None:
        holds = self.checks.holds
        binding = [each for each in self.latches() if each.scope.binds(request.instrument, request.source)]
        worst = max((STRICTNESS[each.level] for each in binding), default=0)
        holds("INV-13", worst < STRICTNESS[KillLevel.HALT], lambda: f"{name} leaves while HALTED")
        holds("INV-13", not (worst and adds), lambda: f"{name} adds risk under {binding}")
        if request.source == _FLATTEN:
            holds("INV-12", request.reduce_only, lambda: f"{name} closes, and may open the other side")
        if worst or request.reduce_only:
            self._promised[name] = self._meddled.get(request.instrument, 0)

    def latches(self) -> tuple[Latch, ...]:
        """Return what binds on disk right now; the file is read each time, and parsed when it is another."""
        try:
            raw = self.checks.flag.read_bytes()
        except FileNotFoundError:
            return ()
        if raw != self._flag:
            self._flag, self._latches = raw, KillSwitch(self.checks.flag).load()
        return self._latches

    def _priced(self, engine: Engine, name: str, request: OrderRequest, adds: bool, at: int) -> None:
        holds = self.checks.holds
        quote = engine.state.quotes.get(request.instrument)
        finite = quote is not None and math.isfinite(quote.bid) and 0 < quote.bid < quote.ask
        holds("INV-11", finite, lambda: f"{name} leaves on {quote}")
        assert quote is not None
        age = at - quote.ts
        fresh = age <= engine.desk.limits.max_quote_age_s * 1000 + 100
        holds("INV-11", fresh or not adds, lambda: f"{name} leaves on a quote {age} ms old")
        tick = self.twin.instruments[request.instrument].tick
        exact = isinstance(request.qty, Decimal) and request.qty.is_finite() and request.qty > 0
        on_tick = request.price is None or (isinstance(request.price, Decimal) and request.price % tick == 0)
        holds("INV-11", exact and on_tick, lambda: f"{name}: {request.qty!r} at {request.price!r}")

    def _unknown_since(self, name: str) -> int:
        query = "SELECT min(at) FROM orders WHERE run_id = 'sim' AND client_id = ? AND status = 'UNKNOWN'"
        row = self.checks.read(query, (name,)).fetchone()
        return int(row[0]) if row and row[0] is not None else 1 << 62

    def released(self) -> None:
        """Hear that a person released a level: what left under it may meet new orders now."""
        self._promised.clear()

    # -- at the venue ----------------------------------------------------------------------------------------------

    def at_venue(self, event: e.AccountEvent) -> None:
        """Look at what the venue makes of our orders, as it happens."""
        if isinstance(event, e.OrderAccepted):
            self._resting(event.client_id)
        elif isinstance(event, e.Fill):
            order = self.twin.orders[event.client_id][-1] if event.client_id else None
            if order is None or order.filled > order.request.qty:
                self._meddled[event.instrument] = self._meddled.get(event.instrument, 0) + 1
            elif event.client_id in self._promised:
                self._reduced(event)

    def _reduced(self, fill: e.Fill) -> None:
        """An order that left because it reduces must do that, whatever filled before it."""
        if self._promised[fill.client_id or ""] != self._meddled.get(fill.instrument, 0):
            return
        after = self.twin.holding(fill.instrument).qty
        before = after - fill.signed_qty
        ok = abs(after) <= abs(before) and after * before >= 0
        self.checks.holds(
            "INV-12", ok, lambda: f"{fill.client_id} took the position from {before} to {after}"
        )

    def _resting(self, name: str) -> None:
        """Own orders at the venue never meet."""
        mine = self.twin.orders[name][-1].request
        for order in self.twin.open.values():
            other = order.request
            if other.instrument != mine.instrument or other.side is mine.side:
                continue
            buy, sell = (mine, other) if mine.side.sign > 0 else (other, mine)
            apart = buy.price is not None and sell.price is not None and buy.price < sell.price
            self.checks.holds("INV-16", apart, lambda: f"{name} meets {order.client_id}")  # noqa: B023


def _adds(engine: Engine, name: str, request: OrderRequest) -> bool:
    """Say whether the order could add risk in some order of fills: with all that is on its side ahead of it."""
    account = engine.state.account
    held = account.position(request.instrument).qty * request.side.sign
    if held >= 0:
        return not request.reduce_only
    if request.reduce_only:
        return False
    ahead = sum(
        (
            each.request.qty - each.filled
            for each in account.orders_on(request.instrument)
            if each.request.side is request.side and each.client_id != name
        ),
        ZERO,
    )
    return ahead + request.qty > -held
