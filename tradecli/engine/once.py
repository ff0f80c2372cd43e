"""One order and no more: what a one-shot command does with a live engine of its own.

It holds the lock of the ledger for as long as it runs, so that commands at once come one after the other, and each
counts what those before it left unresolved (M07). It takes the same road as every order: reconcile, limits, intent,
mark, gate. It waits until what became of the order is known, and no longer than it was given; what is not known then
is UNKNOWN, and the next run goes on asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import Event, OrderAsked
from tradecli.domain.order import FINAL, Order, OrderRequest
from tradecli.engine.live import Live
from tradecli.errors import (
    DeniedByRisk,
    NotEnoughData,
    OutcomeUnknown,
    ReconciliationMismatch,
    TradecliError,
    Unavailable,
)

_LOOK_MS = 20
_SEEN = FINAL | {OrderStatus.OPEN}


async def place_once(
    live: Live, source: AsyncIterator[Event], request: OrderRequest, *, key: str = "", within_ms: int = 15_000
) -> Order:
    """Send one order and return it as it stands once its outcome is known.

    Raises what ends a run, ``NotEnoughData`` without a price and ``ReconciliationMismatch`` while the books differ;
    nothing was sent then. With a ``key`` that was used before nothing new is sent: ``DeniedByRisk``.
    """
    clock = live.clock
    until = clock.now() + within_ms
    running = asyncio.ensure_future(live.run(source, clock.now(), None))
    try:
        await _ready(live, running, request, until)
        before = _names(live)
        live.inbox.append(OrderAsked(request=request, ts=clock.now(), key=key))
        return await _outcome(live, running, before, until)
    finally:
        live.stopping = True
        await asyncio.wait([running])
        await live.close()


def raise_unless_placed(order: Order) -> None:
    """Raise the error that tells what became of an order which is not at the venue, or may be."""
    name, why = order.client_id, order.reason
    match order.status:
        case OrderStatus.DENIED:
            raise DeniedByRisk(f"denied: {why}", number=102)
        case OrderStatus.VOID | OrderStatus.NOT_PLACED:
            raise DeniedByRisk(f"not sent: {why}", number=103)
        case OrderStatus.REJECTED:
            venue = order.request.instrument.rpartition("@")[2]
            raise Unavailable(f"{name} was rejected: {why}", venue=venue, number=112)
        case OrderStatus.INTENT | OrderStatus.SENDING | OrderStatus.UNKNOWN:
            hint = "an order may be live: the next run asks the venue again"
            raise OutcomeUnknown(f"what became of {name} is not known: {why}", number=101, hint=hint)
        case _:
            pass


async def _ready(live: Live, running: asyncio.Future[None], request: OrderRequest, until: int) -> None:
    """Wait until the books equal the venue's and the instrument has a price."""
    while True:
        if running.done():
            running.result()
            raise NotEnoughData("the engine ended before anything was sent", number=130)
        recoveries = live.recoveries.values()
        reconciled = all(recovery.open for recovery in recoveries)
        if reconciled and any(recovery.mismatches for recovery in recoveries):
            raise ReconciliationMismatch("our books differ from the venue's: nothing was sent", number=111)
        if reconciled and live.engine.state.mid(request.instrument) is not None:
            return
        if live.clock.now() >= until:
            told = "no price" if reconciled else "the books are not reconciled"
            raise NotEnoughData(f"{told} in time: nothing was sent", number=131)
        await live.clock.sleep_until(live.clock.now() + _LOOK_MS)


async def _outcome(live: Live, running: asyncio.Future[None], before: frozenset[str], until: int) -> Order:
    account = live.engine.state.account
    while True:
        new = sorted(_names(live) - before)
        order = account.order(new[0]) if new else None
        if order is not None and (order.status in _SEEN or live.clock.now() >= until):
            return order
        if order is None and live.clock.now() >= until:
            raise DeniedByRisk("nothing new was sent: this request was made before", number=104)
        if running.done():
            broken = running.exception()
            if isinstance(broken, TradecliError) and order is None:
                raise broken
            if order is not None:
                return order
            raise NotEnoughData("the engine ended before anything was sent", number=130) from broken
        await live.clock.sleep_until(live.clock.now() + _LOOK_MS)


def _names(live: Live) -> frozenset[str]:
    account = live.engine.state.account
    return frozenset((*account.live, *account.final))
