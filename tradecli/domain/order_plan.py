"""A plan: orders that a person may send within a few minutes, and what must still be true when they are sent.

It never changes once it is made. It says which orders, on what prices, over which account; ``broken_by`` says why it
may no longer be applied. Sending is the engine's, by the road of every order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from tradecli.domain.enums import Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.order import OrderRequest

TTL_MS = 5 * 60_000
TOLERANCE = 0.005


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a plan: its mid (quote currency) when the plan was made, and the exposure it may come to.

    ``worst_long`` and ``worst_short`` are notionals in quote currency if every buy, or every sell, fills: the position
    and what rests already are in them. ``fee`` is what all orders of the plan cost at the maker's rate.
    """

    instrument: InstrumentId
    mid: float
    mid_at: int
    worst_long: Decimal
    worst_short: Decimal
    fee: Decimal


class OrderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Orders to be sent by ``expires_at`` at the latest, while every mid is within ``tolerance`` (a fraction)."""

    topic: str
    profile: str
    account: str
    """Digest of the positions and working orders it was made over."""
    made_at: int
    expires_at: int
    tolerance: float
    legs: tuple[Leg, ...]
    orders: tuple[OrderRequest, ...]


def worst_sides(
    position: Decimal, working: Iterable[tuple[Side, Decimal]], mid: Decimal
) -> tuple[Decimal, Decimal]:
    """Return (long, short) notional in quote currency if every buy, or every sell, of ``working`` fills."""
    bought = sold = ZERO
    for side, qty in working:
        if side is Side.BUY:
            bought += qty
        else:
            sold += qty
    return max(position + bought, ZERO) * mid, max(sold - position, ZERO) * mid


def broken_by(plan: OrderPlan, at: int, mids: Mapping[InstrumentId, float], account: str) -> str | None:
    """Say why the plan may not be applied at ``at`` with these mids over this account, or None."""
    if at >= plan.expires_at:
        return f"it expired {(at - plan.expires_at) / 1000:.0f} s ago"
    if at < plan.made_at:
        return "it was made later than our clock says it is"
    for leg in plan.legs:
        mid = mids.get(leg.instrument)
        if mid is None:
            return f"{leg.instrument} has no price"
        moved = mid / leg.mid - 1.0
        if not abs(moved) <= plan.tolerance:
            return f"{leg.instrument} moved by {moved:+.2%}, more than {plan.tolerance:.2%}"
    return "the account changed: its positions or orders are others" if account != plan.account else None
