"""The last look, right before the bytes leave (RELIABILITY section 2, step 4). No reason: go; a reason: void.

What was allowed when the order was approved may no longer be: a kill may have landed, the lease may be gone, the
order may have waited too long or the market may have moved. Nothing here blocks or asks anybody.
"""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.control import Latch
from tradecli.domain.order import Approved
from tradecli.engine.freshness import AHEAD_MS, Freshness
from tradecli.engine.latching import refusal
from tradecli.engine.risk import HUNDRED, is_reducing
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State


def last_look(
    approved: Approved,
    *,
    state: State,
    freshness: Freshness,
    limits: RiskSettings,
    latches: tuple[Latch, ...],
    lease_held: bool,
    at: int,
    closing: bool = False,
) -> str | None:
    """Return why this order must not be sent any more, or None.

    ``latches`` are those on disk right now, not those the state has heard of: a kill from another process binds here.
    The order itself already counts among the unresolved ones, so reducing is judged without it.
    """
    request = approved.request
    reducing = request.reduce_only or is_reducing(state, request, besides=approved.client_id)
    told = state.unreconciled(request.instrument) or refusal(
        latches, request.instrument, request.source, reducing=reducing, closing=closing
    )
    if told is not None:
        return told
    if not lease_held:
        return "the lease is lost: another process may send for this account"
    age = at - approved.at
    if age > limits.max_order_age_s * 1000:
        return f"the intent is {age / 1000:.1f} s old, over {limits.max_order_age_s:g} s"
    if age < -AHEAD_MS:
        return f"the intent is {-age / 1000:.1f} s ahead of our clock, which went back"
    stale = freshness.why_closed(state, request.instrument, at)
    if stale is not None and not reducing:
        return stale
    market = state.mid(request.instrument)
    if market is not None and request.price is not None:
        away = (request.price - market) / market * HUNDRED * request.side.sign
        if away > Decimal(str(limits.price_collar_pct)):
            return f"the price is {away:.2f}% through the market, over {limits.price_collar_pct:g}%"
    return None
