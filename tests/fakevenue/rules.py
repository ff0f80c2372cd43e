"""What the fake venue refuses before it looks at its book: steps, minima, repeated ids, impossible orders. Pure.

The codes are the venue's own words; the client's table says which of them are definite.
"""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.enums import OrderType, Side, TimeInForce
from tradecli.domain.instrument import Instrument
from tradecli.domain.order import OrderRequest

ZERO = Decimal(0)
Refusal = tuple[str, str]
"""A code and a sentence."""


def refused_by_filter(request: OrderRequest, spec: Instrument, bid: Decimal, ask: Decimal) -> Refusal | None:
    """Return why the instrument's filters refuse the order, or None."""
    price = request.price
    if request.type is OrderType.LIMIT and price is None:
        return "bad_order", "a limit order needs a price"
    if request.type is OrderType.MARKET and price is not None:
        return "bad_order", "a market order has no price"
    if price is not None and (price <= ZERO or price % spec.tick != ZERO):
        return "tick", f"{price} is not a positive multiple of {spec.tick}"
    if request.qty <= ZERO or request.qty % spec.lot != ZERO:
        return "lot", f"{request.qty} is not a positive multiple of {spec.lot}"
    if request.qty < spec.min_qty or (spec.max_qty is not None and request.qty > spec.max_qty):
        return "lot", f"{request.qty} is outside {spec.min_qty} to {spec.max_qty}"
    worth = request.qty * (price or (ask if request.side is Side.BUY else bid))
    if worth < spec.min_notional and not request.reduce_only:
        return "min_notional", f"{worth} is under {spec.min_notional}"
    if request.post_only and request.tif is not TimeInForce.GTC:
        return "bad_order", "post-only orders rest"
    if request.post_only and price is not None and _takes(request.side, price, bid, ask):
        return "post_only", "it would take liquidity"
    return None


def _takes(side: Side, price: Decimal, bid: Decimal, ask: Decimal) -> bool:
    return price >= ask if side is Side.BUY else price <= bid
