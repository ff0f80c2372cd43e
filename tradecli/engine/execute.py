"""Parent orders: a quantity worked over time as ordinary child orders. Pure functions over one frozen value.

A parent is READY, RUNNING, PAUSED, DONE, CANCELED or FAILED with a reason. Its children carry its id as their
group and take the one road of every order; what they fill comes back through ``after_fill``. Slices are equal parts
of what is left, so that a child that misses is made up for by the ones after it, and the last one carries the rest:
never more than the quantity asked for.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from tradecli.domain.enums import InstrumentKind, OrderType, Side, TimeInForce
from tradecli.domain.events import OrderAsked
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.order import OrderRequest
from tradecli.engine.state import State

BPS = Decimal(10_000)
_PATIENCE = 20
"""Slices that may come to nothing, beyond those planned, before the parent gives up."""


class ParentStatus(StrEnum):
    READY = "READY"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    DONE = "DONE"
    CANCELED = "CANCELED"
    FAILED = "FAILED"


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """``qty`` base units on ``side``, in ``slices`` children ``every_ms`` apart, each at most ``slippage_bps``
    away.
    """

    id: str
    instrument: InstrumentId
    side: Side
    qty: Decimal
    source: str
    slices: int
    every_ms: int
    slippage_bps: Decimal
    next_at: int
    reduce_only: bool = False
    filled: Decimal = ZERO
    sent: int = 0
    status: ParentStatus = ParentStatus.READY
    reason: str = ""

    @property
    def remaining(self) -> Decimal:
        return max(self.qty - self.filled, ZERO)

    @property
    def is_working(self) -> bool:
        return self.status in (ParentStatus.READY, ParentStatus.RUNNING)


def next_child(
    parent: Parent, spec: Instrument, mid: Decimal | None, at: int
) -> tuple[Parent, OrderRequest | None]:
    """Return the parent after its slot at ``at``, and the child to send, if one is due and possible."""
    if not parent.is_working or at < parent.next_at:
        return parent, None
    later = msgspec.structs.replace(
        parent, next_at=at + parent.every_ms, sent=parent.sent + 1, status=ParentStatus.RUNNING
    )
    if parent.sent >= parent.slices + _PATIENCE:
        reason = f"{parent.remaining} left after {parent.sent} slices"
        return msgspec.structs.replace(parent, status=ParentStatus.FAILED, reason=reason), None
    if mid is None:
        return later, None
    left = max(parent.slices - parent.sent, 1)
    qty = min(max(spec.round_qty(parent.remaining / left), spec.min_qty, spec.lot), parent.remaining)
    limit = spec.round_price(mid * (1 + parent.slippage_bps / BPS * parent.side.sign), parent.side)
    request = OrderRequest(
        instrument=parent.instrument,
        side=parent.side,
        qty=qty,
        type=OrderType.LIMIT,
        price=limit,
        tif=TimeInForce.IOC,
        reduce_only=parent.reduce_only,
        source=parent.source,
        group=parent.id,
        reason=f"slice {parent.sent + 1} of {parent.slices}",
    )
    return later, request


def after_fill(parent: Parent, qty: Decimal) -> Parent:
    """Return the parent after one of its children filled ``qty``."""
    filled = parent.filled + qty
    status = ParentStatus.DONE if filled >= parent.qty else parent.status
    return msgspec.structs.replace(parent, filled=filled, status=status)


def canceled(parent: Parent, reason: str) -> Parent:
    """Stop a working parent; its children are cancelled as any other order."""
    if not parent.is_working and parent.status is not ParentStatus.PAUSED:
        return parent
    return msgspec.structs.replace(parent, status=ParentStatus.CANCELED, reason=reason)


def closing_orders(state: State, at: int, reason: str) -> list[OrderAsked]:
    """Return the opposite of every perpetual position, reduce-only and at once, as an operator's requests."""
    asked = []
    for instrument, position in sorted(state.account.positions.items()):
        if not position.qty or state.instruments[instrument].kind is InstrumentKind.SPOT:
            continue
        request = OrderRequest(
            instrument=instrument,
            side=Side.SELL if position.qty > 0 else Side.BUY,
            qty=abs(position.qty),
            type=OrderType.MARKET,
            tif=TimeInForce.IOC,
            reduce_only=True,
            source="operator",
            reason=reason,
        )
        asked.append(OrderAsked(request=request, ts=at, key=f"close {instrument} {at}"))
    return asked
