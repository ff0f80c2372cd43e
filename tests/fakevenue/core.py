"""The fake venue: orders, fills, positions and money as the venue has them, and a log of every request that reached it.

Pure bookkeeping over told time and one seed; it outlives the engines that trade on it. It uses nothing of the engine
and adds up its own money: its books are a second opinion. What is lost, repeated or late on the way to and from it is
not its business. ``tell`` is called with each event of the private stream, in the order in which things happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import msgspec

from tests.fakevenue.rules import Refusal, refused_by_filter
from tradecli.domain import events as e
from tradecli.domain.enums import Liquidity, OrderStatus, OrderType, Side, TimeInForce
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import plain
from tradecli.domain.order import Approved, Order, OrderRequest
from tradecli.domain.position import Position
from tradecli.ports import AccountSnapshot

D = Decimal
ZERO = D(0)
S = OrderStatus
_RELEASED = D("1e-12")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived: ``create`` or ``cancel``, and what came of it."""

    at: int
    kind: str
    client_id: str
    request: OrderRequest | None = None
    answer: str = "ok"


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

    def as_order(self) -> Order:
        ended = self.status is not S.OPEN
        return Order(
            client_id=self.client_id,
            request=self.request,
            status=self.status,
            created_at=self.at,
            updated_at=self.updated_at,
            filled=self.filled,
            cost=self.cost,
            venue_id=self.venue_id,
            final_filled=self.filled if ended else None,
            reason=self.reason,
        )


@dataclass
class Held:
    """What the account holds of one instrument, with the signed cost of what is open."""

    qty: Decimal = ZERO
    cost: Decimal = ZERO

    def trade(self, signed: Decimal, price: Decimal) -> Decimal:
        """Take a trade in; return what it realised. The released cost is rounded once, to 1e-12."""
        realised = ZERO
        if self.qty * signed < 0:
            closing = min(abs(signed), abs(self.qty)) * (1 if self.qty > 0 else -1)
            released = (
                self.cost if closing == self.qty else (self.cost * closing / self.qty).quantize(_RELEASED)
            )
            realised = closing * price - released
            self.cost -= released
            self.qty -= closing
            signed += closing
        self.qty += signed
        self.cost += signed * price
        return realised


def nobody(event: e.AccountEvent) -> None:
    """Hear an event of the private stream that nobody listens to."""


@dataclass
class Venue:
    """One venue with one account; prices and sizes exact, ids unique for ever unless ``ids_unique`` is off."""

    name: str
    instruments: dict[InstrumentId, Instrument]
    rng: Random
    tell: Callable[[e.AccountEvent], None] = nobody
    on_request: Callable[[Request], None] = lambda request: None
    ids_unique: bool = True
    partial: float = 0.4
    """Share of the fills that take a part only."""
    takers_whole: bool = False
    """Orders that meet a standing price when they come are filled whole."""
    quotes: dict[InstrumentId, tuple[Decimal, Decimal]] = field(default_factory=dict)
    orders: dict[str, list[Resting]] = field(default_factory=dict)
    open: dict[str, Resting] = field(default_factory=dict)
    fills: list[e.Fill] = field(default_factory=list)
    income: list[e.FundingPaid | e.Transferred] = field(default_factory=list)
    held: dict[InstrumentId, Held] = field(default_factory=dict)
    balance: Decimal = ZERO
    log: list[Request] = field(default_factory=list)
    foreign: list[Order] = field(default_factory=list)
    trades: int = 0
    numbered: int = 0

    def deposit(self, amount: Decimal, at: int) -> None:
        """Credit the account from outside."""
        ref = f"in{len(self.income)}"
        moved = e.Transferred(venue=self.name, coin="USDT", amount=amount, ts=at, ref=ref)
        self.balance += amount
        self.income.append(moved)
        self.tell(moved)

    # -- requests --------------------------------------------------------------------------------------------------

    def create(self, approved: Approved, at: int) -> Resting | Refusal:
        """Take a create request: the order, or the code and reason of the refusal."""
        request, name = approved.request, approved.client_id
        why = self._refusal(name, request)
        answer = why[0] if why is not None else "ok"
        self._enter(Request(at=at, kind="create", client_id=name, request=request, answer=answer))
        if why is not None:
            if why[0] != "duplicate":
                self.tell(e.OrderRejected(client_id=name, ts=at, code=why[0], reason=why[1]))
            return why
        self.numbered += 1
        order = Resting(name, request, f"V{self.numbered}", at, updated_at=at)
        self.orders.setdefault(name, []).append(order)
        self.open[order.venue_id] = order
        self.tell(e.OrderAccepted(client_id=name, ts=at, venue_id=order.venue_id))
        self._meet(order, at, Liquidity.TAKER)
        if order.status is S.OPEN and (
            request.tif is not TimeInForce.GTC or request.type is OrderType.MARKET
        ):
            self._end(order, S.EXPIRED, "not filled at once", at)
        return order

    def _refusal(self, name: str, request: OrderRequest) -> Refusal | None:
        if name in self.orders and self.ids_unique:
            return "duplicate", "this client id was used before"
        if not name.isascii() or not name.isalnum() or len(name) > 32:
            return "bad_order", "a client id is at most 32 letters and digits"
        spec = self.instruments.get(request.instrument)
        if spec is None or request.instrument not in self.quotes:
            return "no_instrument", "no such instrument"
        why = refused_by_filter(request, spec, *self.quotes[request.instrument])
        if why is None and request.reduce_only and self._closable(request) <= 0:
            return "reduce_only", "there is nothing to reduce"
        return why

    def _closable(self, request: OrderRequest) -> Decimal:
        return max(-self.holding(request.instrument).qty * request.side.sign, ZERO)

    def cancel(self, client_id: str, at: int) -> bool:
        """Take a cancel request: end what is open under this id, or say that there is nothing (False)."""
        found = [order for order in self.orders.get(client_id, ()) if order.status is S.OPEN]
        answer = "ok" if found else "not_found"
        self._enter(Request(at=at, kind="cancel", client_id=client_id, answer=answer))
        if not found:
            self.tell(e.CancelFailed(client_id=client_id, ts=at, reason="no open order of this id"))
        for order in found:
            self._end(order, S.CANCELED, "on request", at)
        return bool(found)

    def _enter(self, request: Request) -> None:
        self.log.append(request)
        self.on_request(request)

    # -- queries ---------------------------------------------------------------------------------------------------

    def find(self, client_id: str) -> tuple[Order, ...]:
        """Return every order of this client id, oldest first; refused ones are not kept."""
        return tuple(order.as_order() for order in self.orders.get(client_id, ()))

    def snapshot(self, at: int) -> AccountSnapshot:
        return AccountSnapshot(
            venue=self.name,
            ts=at,
            balances={"USDT": plain(self.balance)},
            positions=self.positions(),
            open_orders=(*(order.as_order() for order in self.open.values()), *self.foreign),
            fills=tuple(self.fills),
            income=tuple(self.income),
        )

    def positions(self) -> tuple[Position, ...]:
        return tuple(
            Position(instrument=name, qty=held.qty, open_cost=held.cost)
            for name, held in sorted(self.held.items())
            if held.qty
        )

    def holding(self, instrument: InstrumentId) -> Held:
        return self.held.get(instrument) or Held()

    # -- the market ------------------------------------------------------------------------------------------------

    def quote(self, instrument: InstrumentId, bid: Decimal, ask: Decimal, at: int) -> None:
        """Move the market; resting orders that it reaches fill, in part or whole."""
        self.quotes[instrument] = (bid, ask)
        for order in list(self.open.values()):
            if order.request.instrument == instrument:
                self._meet(order, at, Liquidity.MAKER)

    def fund(self, instrument: InstrumentId, rate: Decimal, at: int) -> None:
        """Settle funding on the open position, once."""
        held = self.holding(instrument)
        if not held.qty:
            return
        mark = self.quotes[instrument][0]
        paid = e.FundingPaid(
            instrument=instrument,
            payment_id=str(at),
            ts=at,
            rate=rate,
            position=held.qty,
            mark=mark,
            amount=-held.qty * mark * rate,
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
        self._book(instrument, None, side, qty, price, Liquidity.TAKER, at, cause="foreign")

    def overfill(self, client_id: str, at: int) -> bool:
        """Fill an order that has ended once more, by one lot (V11, V12)."""
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
        request = order.request
        bid, ask = self.quotes[request.instrument]
        buy = request.side is Side.BUY
        best, limit = (ask if buy else bid), request.price
        if request.type is OrderType.STOP or order.status is not S.OPEN:
            return
        if limit is not None and (best > limit if buy else best < limit):
            return
        price = best if liquidity is Liquidity.TAKER or limit is None else limit
        qty = min(order.left, self._closable(request)) if request.reduce_only else order.left
        lot = self.instruments[request.instrument].lot
        in_parts = request.tif is not TimeInForce.FOK and not (
            self.takers_whole and liquidity is Liquidity.TAKER
        )
        if qty > lot and in_parts and self.rng.random() < self.partial:
            qty = max(lot, (qty * D(self.rng.randint(20, 80)) / 100) // lot * lot)
        if qty <= 0:
            self._end(order, S.CANCELED, "reduce-only: the position is closed", at)
            return
        order.filled += qty
        order.cost += qty * price
        order.updated_at = at
        if order.left <= 0:
            order.status = S.FILLED
            self.open.pop(order.venue_id, None)
        self._book(request.instrument, order.client_id, request.side, qty, price, liquidity, at)

    def _book(
        self,
        instrument: InstrumentId,
        client_id: str | None,
        side: Side,
        qty: Decimal,
        price: Decimal,
        liquidity: Liquidity,
        at: int,
        cause: str = "",
    ) -> None:
        spec = self.instruments[instrument]
        fee = qty * price * (spec.maker_fee if liquidity is Liquidity.MAKER else spec.taker_fee)
        held = self.held.setdefault(instrument, Held())
        self.balance += held.trade(qty * side.sign, price) - fee
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
            cause=cause,
        )
        self.fills.append(fill)
        self.tell(fill)

    def _end(self, order: Resting, status: OrderStatus, reason: str, at: int) -> None:
        order.status, order.reason, order.updated_at = status, reason, at
        self.open.pop(order.venue_id, None)
        kind = e.OrderCanceled if status is S.CANCELED else e.OrderExpired
        self.tell(kind(client_id=order.client_id, ts=at, reason=reason, cum_filled=order.filled))
