"""The venue of the simulation: orders, fills, positions and money as the venue has them, and a log of every request.

Pure bookkeeping over told time; it outlives the engines that trade on it. It uses nothing of the engine: its books
are a second opinion. What is lost, repeated or late on the way to and from it is the business of ``wire``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from tradecli.domain import events as e
from tradecli.domain.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import plain
from tradecli.domain.order import Approved, Order, OrderRequest
from tradecli.domain.position import Position, after_trade
from tradecli.ports import AccountSnapshot

D = Decimal
ZERO = D(0)
S = OrderStatus


@dataclass
class Request:
    """One request as it arrived: ``create`` or ``cancel``."""

    at: int
    kind: str
    client_id: str
    request: OrderRequest | None = None


@dataclass
class Resting:
    """One order at the venue."""

    client_id: str
    request: OrderRequest
    venue_id: str
    at: int
    status: OrderStatus = S.OPEN
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    updated_at: int = 0
    reason: str = ""

    @property
    def left(self) -> Decimal:
        return self.request.qty - self.filled


@dataclass
class Twin:
    """One venue with one account. ``tell`` is called with each event of the private stream."""

    name: str
    instruments: dict[InstrumentId, Instrument]
    rng: Random
    tell: Callable[[e.AccountEvent], None] = lambda event: None
    quotes: dict[InstrumentId, tuple[Decimal, Decimal]] = field(default_factory=dict)
    orders: dict[str, list[Resting]] = field(default_factory=dict)
    open: dict[str, Resting] = field(default_factory=dict)
    fills: list[e.Fill] = field(default_factory=list)
    income: list[Any] = field(default_factory=list)
    positions: dict[InstrumentId, Position] = field(default_factory=dict)
    balance: Decimal = ZERO
    log: list[Request] = field(default_factory=list)
    foreign: list[Order] = field(default_factory=list)
    trades: int = 0
    numbered: int = 0

    def deposit(self, amount: Decimal, at: int) -> None:
        moved = e.Transferred(venue=self.name, coin="USDT", amount=amount, ts=at, ref=f"in{len(self.income)}")
        self.balance += amount
        self.income.append(moved)
        self.tell(moved)

    # -- requests --------------------------------------------------------------------------------------------------

    def create(self, approved: Approved, at: int) -> None:
        """Take a create request, whatever comes of it."""
        request, name = approved.request, approved.client_id
        self.log.append(Request(at, "create", name, request))
        why = self._refusal(name, request)
        if why is not None:
            self.tell(e.OrderRejected(client_id=name, ts=at, code=why[0], reason=why[1]))
            return
        self.numbered += 1
        order = Resting(name, request, f"V{self.numbered}", at, updated_at=at)
        self.orders.setdefault(name, []).append(order)
        self.open[order.venue_id] = order
        self.tell(e.OrderAccepted(client_id=name, ts=at, venue_id=order.venue_id))
        self._meet(order, at, Liquidity.TAKER)
        if order.status is S.OPEN and request.tif is not TimeInForce.GTC:
            self._end(order, S.EXPIRED, "immediate or cancel", at)

    def _refusal(self, name: str, request: OrderRequest) -> tuple[str, str] | None:
        if name in self.orders:
            return "duplicate", "this client id was used before"
        bid, ask = self.quotes[request.instrument]
        if request.post_only and request.price is not None:
            takes = request.price >= ask if request.side is Side.BUY else request.price <= bid
            if takes:
                return "post_only", "it would take liquidity"
        if request.reduce_only and self._closable(request) <= 0:
            return "reduce_only", "there is nothing to reduce"
        return None

    def _closable(self, request: OrderRequest) -> Decimal:
        qty = self.position(request.instrument).qty
        return max(-qty * request.side.sign, ZERO)

    def cancel(self, client_id: str, at: int) -> None:
        """Take a cancel request: end what is open under this id, or say that there is nothing."""
        self.log.append(Request(at, "cancel", client_id))
        found = [order for order in self.orders.get(client_id, ()) if order.status is S.OPEN]
        if not found:
            self.tell(e.CancelFailed(client_id=client_id, ts=at, reason="no open order of this id"))
        for order in found:
            self._end(order, S.CANCELED, "on request", at)

    def find(self, client_id: str) -> tuple[Order, ...]:
        return tuple(self._as_order(order) for order in self.orders.get(client_id, ()))

    def snapshot(self, at: int) -> AccountSnapshot:
        return AccountSnapshot(
            venue=self.name,
            ts=at,
            balances={"USDT": plain(self.balance)},
            positions=tuple(p for _, p in sorted(self.positions.items()) if p.qty),
            open_orders=(*(self._as_order(order) for order in self.open.values()), *self.foreign),
            fills=tuple(self.fills),
            income=tuple(self.income),
        )

    def position(self, instrument: InstrumentId) -> Position:
        return self.positions.get(instrument) or Position(instrument=instrument)

    # -- the market ------------------------------------------------------------------------------------------------

    def quote(self, instrument: InstrumentId, bid: Decimal, ask: Decimal, at: int) -> None:
        """Move the market; resting orders that it reaches fill, in part or whole."""
        self.quotes[instrument] = (bid, ask)
        for order in list(self.open.values()):
            if order.request.instrument == instrument:
                self._meet(order, at, Liquidity.MAKER)

    def fund(self, instrument: InstrumentId, rate: Decimal, at: int) -> None:
        """Settle funding on the open position, once."""
        position = self.position(instrument)
        if not position.qty:
            return
        mark = self.quotes[instrument][0]
        paid = e.FundingPaid(
            instrument=instrument,
            payment_id=str(at),
            ts=at,
            rate=rate,
            position=position.qty,
            mark=mark,
            amount=-position.qty * mark * rate,
            coin="USDT",
        )
        self.balance += paid.amount
        self.income.append(paid)
        self.tell(paid)

    def unsolicited_cancel(self, at: int) -> bool:
        """End one open order without being asked (V14)."""
        for order in self.open.values():
            self._end(order, S.CANCELED, "by the venue", at)
            return True
        return False

    def foreign_trade(self, instrument: InstrumentId, side: Side, qty: Decimal, at: int) -> None:
        """Trade on the account as another program would: no client id of ours."""
        price = self.quotes[instrument][1 if side is Side.BUY else 0]
        self._book(instrument, None, side, qty, price, Liquidity.TAKER, at)

    def overfill(self, client_id: str, at: int) -> bool:
        """Fill an order that has ended once more (V11, V12)."""
        for order in self.orders.get(client_id, ()):
            request = order.request
            if order.status in (S.FILLED, S.CANCELED) and request.price is not None:
                lot = self.instruments[request.instrument].lot
                order.filled += lot
                order.cost += lot * request.price
                self._book(
                    request.instrument, client_id, request.side, lot, request.price, Liquidity.MAKER, at
                )
                return True
        return False

    def _meet(self, order: Resting, at: int, liquidity: Liquidity) -> None:
        bid, ask = self.quotes[order.request.instrument]
        buy = order.request.side is Side.BUY
        best, limit = (ask if buy else bid), order.request.price
        if order.request.type is OrderType.STOP or order.status is not S.OPEN:
            return
        if limit is not None and (best > limit if buy else best < limit):
            return
        price = best if liquidity is Liquidity.TAKER or limit is None else limit
        qty = order.left
        if order.request.reduce_only:
            qty = min(qty, self._closable(order.request))
        lot = self.instruments[order.request.instrument].lot
        if liquidity is Liquidity.MAKER and qty > lot and self.rng.random() < 0.4:
            qty = max(lot, (qty * D(self.rng.randint(20, 80)) / 100) // lot * lot)
        if qty <= 0:
            self._end(order, S.CANCELED, "reduce-only: the position is closed", at)
            return
        order.filled += qty
        order.cost += qty * price
        order.updated_at = at
        done = order.left <= 0
        if done:
            order.status = S.FILLED
            self.open.pop(order.venue_id, None)
        self._book(order.request.instrument, order.client_id, order.request.side, qty, price, liquidity, at)

    def _book(
        self,
        instrument: InstrumentId,
        client_id: str | None,
        side: Side,
        qty: Decimal,
        price: Decimal,
        liquidity: Liquidity,
        at: int,
    ) -> None:
        spec = self.instruments[instrument]
        fee = qty * price * (spec.maker_fee if liquidity is Liquidity.MAKER else spec.taker_fee)
        before = self.position(instrument)
        after = after_trade(before, qty * side.sign, price)
        self.positions[instrument] = after
        self.balance += after.realised - before.realised - fee
        self.trades += 1
        fill = e.Fill(
            instrument=instrument,
            trade_id=str(self.trades),
            client_id=client_id,
            side=side,
            qty=qty,
            price=price,
            fee=fee,
            fee_coin="USDT",
            liquidity=liquidity,
            ts=at,
            cause="" if client_id else "foreign",
        )
        self.fills.append(fill)
        self.tell(fill)

    def _end(self, order: Resting, status: OrderStatus, reason: str, at: int) -> None:
        order.status, order.reason, order.updated_at = status, reason, at
        self.open.pop(order.venue_id, None)
        kind = e.OrderCanceled if status is S.CANCELED else e.OrderExpired
        self.tell(kind(client_id=order.client_id, ts=at, reason=reason, cum_filled=order.filled))

    def _as_order(self, order: Resting) -> Order:
        return Order(
            client_id=order.client_id,
            request=order.request,
            status=order.status,
            created_at=order.at,
            updated_at=order.updated_at,
            filled=order.filled,
            cost=order.cost,
            venue_id=order.venue_id,
            reason=order.reason,
        )


def trimmed(snapshot: AccountSnapshot, gone: str) -> AccountSnapshot:
    """Return a snapshot whose list of open orders lacks one: what a flickering list shows (V04)."""
    kept = tuple(order for order in snapshot.open_orders if order.client_id != gone)
    return msgspec.structs.replace(snapshot, open_orders=kept)
