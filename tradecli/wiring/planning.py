"""A plan out of a topic's answer: its orders, the prices they stand on, and what they may come to with what is held."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.order import OrderRequest
from tradecli.domain.order_plan import Leg, OrderPlan, worst_sides
from tradecli.engine.state import State
from tradecli.errors import DeniedByRisk, NotEnoughData
from tradecli.store.plans import account_digest
from tradecli.wiring.oneshot import TopicAnswer


def plan_of(found: TopicAnswer, key: str, profile: str, ttl_ms: int, tolerance: float) -> OrderPlan:
    """Return the plan that an answer of the topic ``key`` amounts to; ``DeniedByRisk`` where it asks for no order."""
    topic, state = found.topic, found.state
    orders = (
        tuple(order for report in found.reports for order in topic.orders(report)) if topic.orders else ()
    )
    if not orders:
        told = "; ".join(dict.fromkeys(each.reason for each in found.reports if each.reason))
        raise DeniedByRisk(f"no order to plan: {told or 'nothing is wanted'}", number=124)
    names = sorted({order.instrument for order in orders})
    return OrderPlan(
        topic=key,
        profile=profile,
        account=account_digest(state.account.positions.values(), state.account.live.values()),
        made_at=found.at,
        expires_at=found.at + ttl_ms,
        tolerance=tolerance,
        legs=tuple(_leg(each, orders, state) for each in names),
        orders=orders,
    )


def _leg(instrument: InstrumentId, orders: Iterable[OrderRequest], state: State) -> Leg:
    known, mid = state.prices.get(instrument), state.mid(instrument)
    if known is None or mid is None:
        raise NotEnoughData(f"{instrument} has no price to plan on", number=132)
    spec, account = state.instruments[instrument], state.account
    own = [order for order in orders if order.instrument == instrument]
    working = [(order.request.side, order.remaining) for order in account.orders_on(instrument)]
    working += [(order.side, order.qty) for order in own]
    longest, shortest = worst_sides(account.position(instrument).qty, working, mid)
    notional = sum((order.qty * (order.price or mid) for order in own), ZERO)
    return Leg(
        instrument=instrument,
        mid=float(mid),
        mid_at=known[1],
        worst_long=longest,
        worst_short=shortest,
        fee=(notional * spec.maker_fee).quantize(Decimal("1e-8")),
    )
