"""What the venue refuses before it looks at the market: steps, minima, impossible combinations. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from tradecli.domain.enums import InstrumentKind, OrderType, TimeInForce
from tradecli.domain.instrument import Instrument
from tradecli.domain.number import plain
from tradecli.domain.order import OrderRequest

CONTRACTS = frozenset({InstrumentKind.LINEAR, InstrumentKind.FUTURE})


class Refusal(NamedTuple):
    """The venue's own code and its sentence."""

    code: str
    reason: str


def refusal(
    instrument: Instrument | None, request: OrderRequest, at: int, reference: Decimal | None
) -> Refusal | None:
    """Return why ``request`` cannot be taken, or None. ``reference`` is the price that values an order without one."""
    if instrument is None:
        return Refusal("unknown-instrument", f"{request.instrument} is not traded here")
    if instrument.kind is InstrumentKind.INVERSE or (
        instrument.kind in CONTRACTS and instrument.settle != instrument.quote
    ):
        return Refusal("unsupported", "the paper venue does not trade contracts settled in their base coin")
    if instrument.expiry_ts is not None and instrument.expiry_ts <= at:
        return Refusal("expired", f"{request.instrument} has expired")
    return (
        _shape(request)
        or _price(instrument, "price", request.price)
        or _price(instrument, "trigger", request.trigger)
        or _size(instrument, request, reference)
    )


def _shape(request: OrderRequest) -> Refusal | None:
    if request.type is OrderType.LIMIT and request.price is None:
        return Refusal("bad-request", "a limit order needs a price")
    if request.type is OrderType.MARKET and request.price is not None:
        return Refusal("bad-request", "a market order has no price")
    if (request.type is OrderType.STOP) != (request.trigger is not None):
        return Refusal("bad-request", "a stop order has a trigger, and no other order has")
    if request.post_only and (request.type is not OrderType.LIMIT or request.tif is not TimeInForce.GTC):
        return Refusal("bad-request", "post-only goes with a resting limit order")
    return None


def _price(instrument: Instrument, name: str, price: Decimal | None) -> Refusal | None:
    if price is None:
        return None
    if not price.is_finite() or price <= 0:
        return Refusal("price", f"{name} {price} is not a positive number")
    if price % instrument.tick:
        return Refusal(
            "tick", f"{name} {plain(price)} is not a multiple of the tick {plain(instrument.tick)}"
        )
    return None


def _size(instrument: Instrument, request: OrderRequest, reference: Decimal | None) -> Refusal | None:
    qty = request.qty
    if not qty.is_finite() or qty <= 0:
        return Refusal("qty", f"quantity {qty} is not a positive number")
    if qty % instrument.lot:
        return Refusal("lot", f"quantity {plain(qty)} is not a multiple of the lot {plain(instrument.lot)}")
    if qty < instrument.min_qty:
        return Refusal("min-qty", f"quantity {plain(qty)} is below the smallest, {plain(instrument.min_qty)}")
    if instrument.max_qty is not None and qty > instrument.max_qty:
        return Refusal("max-qty", f"quantity {plain(qty)} is above the largest, {plain(instrument.max_qty)}")
    price = request.price or request.trigger or reference
    if price is not None and not request.reduce_only and qty * price < instrument.min_notional:
        return Refusal(
            "min-notional",
            f"notional {plain(qty * price)} is below the smallest, {plain(instrument.min_notional)}",
        )
    return None
