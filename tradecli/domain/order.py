"""An order's life: what was asked for, the one transition table, and ``apply``.

Theory of operation. An order is created as INTENT once a limit check approved it, and it becomes visible to a venue
only after that intent and its send mark are durable (RELIABILITY section 2). From SENDING on, the truth lies at the
venue: a timeout moves the order to UNKNOWN, never to a final state, and only venue evidence ends that. A cancel is a
mark on a live order, not a state, because until it is confirmed the order can fill. Fills are facts of their own and
are accepted in every state; one that arrives after a final state, or that overfills, is a correction: it is applied,
and the caller is told, so that the strategy halts on that instrument. Anything else that is not in TRANSITIONS is a
bug.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

import msgspec

from tradecli.domain.enums import OrderStatus, OrderType, Side, TimeInForce
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO

if TYPE_CHECKING:
    from tradecli.domain.events import OrderEvent

S = OrderStatus

TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    S.INTENT: frozenset({S.SENDING, S.VOID}),
    S.SENDING: frozenset({S.OPEN, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.UNKNOWN, S.VOID}),
    S.UNKNOWN: frozenset({S.OPEN, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.NOT_PLACED}),
    S.OPEN: frozenset({S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.UNKNOWN}),
    S.DENIED: frozenset(),
    S.VOID: frozenset(),
    S.FILLED: frozenset(),
    S.CANCELED: frozenset(),
    S.EXPIRED: frozenset(),
    S.REJECTED: frozenset(),
    S.NOT_PLACED: frozenset(),
}
"""The table of RELIABILITY section 3. Corrections of final states are not transitions: see ``apply``."""

UNRESOLVED = frozenset({S.INTENT, S.SENDING, S.UNKNOWN, S.OPEN})
"""States whose remainder counts as exposure."""

FINAL = frozenset({S.DENIED, S.VOID, S.FILLED, S.CANCELED, S.EXPIRED, S.REJECTED, S.NOT_PLACED})


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants sent: already in base units and rounded to the venue's steps."""

    instrument: InstrumentId
    side: Side
    qty: Decimal
    type: OrderType
    source: str
    price: Decimal | None = None
    trigger: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    protective: bool = False
    group: str | None = None
    reason: str = ""


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A request that every limit allowed. Only ``engine.risk`` makes one, so an unchecked order does not type-check."""

    client_id: str
    request: OrderRequest
    reserved: Decimal
    """Worst-case notional in quote currency that the limits hold for it."""
    at: int


class Denied(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a limit refused: never sent. ``check`` names the limit, ``number`` is that of ``E-RISK-…``."""

    client_id: str
    request: OrderRequest
    check: str
    reason: str
    number: int
    at: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order and all that is known about it."""

    client_id: str
    request: OrderRequest
    status: OrderStatus
    created_at: int
    updated_at: int
    reserved: Decimal = ZERO
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    """Sum of quantity times price over the fills."""
    venue_id: str | None = None
    cancel_pending: bool = False
    final_filled: Decimal | None = None
    """The venue's own cumulative figure at the end, where it gave one: fills up to it are not corrections."""
    reason: str = ""
    next_check_at: int | None = None

    @property
    def remaining(self) -> Decimal:
        """Quantity that may still fill: zero once the order is final."""
        if self.status not in UNRESOLVED:
            return ZERO
        return max(self.request.qty - self.filled, ZERO)

    @property
    def average_price(self) -> Decimal | None:
        return self.cost / self.filled if self.filled else None

    @property
    def is_live(self) -> bool:
        return self.status in UNRESOLVED


class IllegalTransition(Exception):
    """An event asked for a move that is not in TRANSITIONS: a bug on one side of the wire."""

    def __init__(self, order: Order, to: OrderStatus, event: str) -> None:
        super().__init__(f"order {order.client_id}: {order.status} -> {to} on {event} is not allowed")
        self.order = order
        self.to = to


class Applied(msgspec.Struct, frozen=True):
    """The order after an event, and the correction to raise an alarm about, if it was one."""

    order: Order
    correction: str | None = None


UNKNOWN_CHECK_MS = 2_000
"""First look-up by client id after an outcome became unknown."""


def apply(order: Order, event: OrderEvent, at: int) -> Applied:
    """Return the order after ``event``. Repeated and late confirmations change nothing; a wrong one raises."""
    from tradecli.domain import events as e

    match event:
        case e.OrderSending():
            return Applied(_move(order, S.SENDING, at, event))
        case e.OrderAccepted():
            if order.status in (S.SENDING, S.UNKNOWN):
                return Applied(_move(order, S.OPEN, at, event, venue_id=event.venue_id, next_check_at=None))
            if order.status in (S.VOID, S.NOT_PLACED, S.INTENT):
                adopted = _revive(order, at, event.venue_id)
                return Applied(adopted, f"accepted by the venue after {order.status}")
            return Applied(msgspec.structs.replace(order, venue_id=order.venue_id or event.venue_id))
        case e.OrderRejected():
            return Applied(_finish(order, S.REJECTED, at, event, f"{event.code}: {event.reason}"))
        case e.OrderVoided():
            return Applied(_finish(order, S.VOID, at, event, event.reason))
        case e.OrderAmbiguous():
            if order.status in FINAL:
                return Applied(order)
            check_at = event.check_at if event.check_at is not None else at + UNKNOWN_CHECK_MS
            if order.status is S.UNKNOWN:
                return Applied(
                    msgspec.structs.replace(order, updated_at=at, reason=event.reason, next_check_at=check_at)
                )
            return Applied(_move(order, S.UNKNOWN, at, event, reason=event.reason, next_check_at=check_at))
        case e.OrderCanceled() | e.OrderExpired():
            final = S.CANCELED if isinstance(event, e.OrderCanceled) else S.EXPIRED
            done = _finish(order, final, at, event, event.reason)
            told = event.cum_filled if event.cum_filled is not None else order.final_filled
            return Applied(msgspec.structs.replace(done, final_filled=told))
        case e.OrderAbsent():
            return Applied(_finish(order, S.NOT_PLACED, at, event, event.evidence))
        case e.CancelRequested():
            return Applied(msgspec.structs.replace(order, cancel_pending=order.is_live, updated_at=at))
        case e.CancelFailed():
            return Applied(
                msgspec.structs.replace(order, cancel_pending=False, updated_at=at, reason=event.reason)
            )
        case e.Fill():
            return _fill(order, event.qty, event.price, at)
        case _:
            assert_never(event)


def _move(order: Order, to: OrderStatus, at: int, event: object, **changes: object) -> Order:
    if order.status is to:
        return order
    if to not in TRANSITIONS[order.status]:
        raise IllegalTransition(order, to, type(event).__name__)
    return msgspec.structs.replace(order, status=to, updated_at=at, **changes)


def _finish(order: Order, to: OrderStatus, at: int, event: object, reason: str) -> Order:
    """Move to a final state; a confirmation that comes after another final state is late, not wrong."""
    if order.status in FINAL:
        return order
    return _move(order, to, at, event, reason=reason, cancel_pending=False, next_check_at=None)


def _revive(order: Order, at: int, venue_id: str | None) -> Order:
    return msgspec.structs.replace(order, status=S.OPEN, updated_at=at, venue_id=venue_id, next_check_at=None)


def _fill(order: Order, qty: Decimal, price: Decimal, at: int) -> Applied:
    filled = order.filled + qty
    complete = filled >= order.request.qty
    status, correction = order.status, None
    if order.status in (S.SENDING, S.UNKNOWN, S.OPEN):
        status = S.FILLED if complete else S.OPEN
    elif order.status is S.INTENT:
        status, correction = (S.FILLED if complete else S.OPEN), "filled before it was marked as sent"
    else:
        expected = order.final_filled is not None and filled <= order.final_filled
        if not expected:
            correction = f"filled after {order.status}"
        status = S.FILLED if complete else order.status
    if filled > order.request.qty:
        correction = f"filled {filled} of {order.request.qty}"
    return Applied(
        msgspec.structs.replace(
            order,
            filled=filled,
            cost=order.cost + qty * price,
            status=status,
            updated_at=at,
            cancel_pending=order.cancel_pending and status is S.OPEN,
            next_check_at=None if status is not S.UNKNOWN else order.next_check_at,
        ),
        correction,
    )
