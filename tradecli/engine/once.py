"""A few orders or a cancel and no more: what a one-shot command does with a live engine of its own.

It holds the lock of the ledger for as long as it runs, so that commands at once come one after the other, and each
counts what those before it left unresolved (M07). It takes the same road as every order: reconcile, limits, intent,
mark, gate. It waits until what became of the order is known, and no longer than it was given; what is not known then
is UNKNOWN, and the next run goes on asking.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from tradecli.domain.enums import OrderStatus, OrderType, TimeInForce
from tradecli.domain.events import CancelAsked, Event, OrderAsked
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import FINAL, Order, OrderRequest
from tradecli.engine.live import Live
from tradecli.errors import (
    DeniedByRisk,
    Halted,
    NotEnoughData,
    NotFound,
    OutcomeUnknown,
    ReconciliationMismatch,
    TradecliError,
    Unavailable,
)

_LOOK_MS = 20
_DENIED = re.compile(r"E-RISK-([0-9]{3}) (.*)", re.DOTALL)
_LATCH = 101
_RESTS: frozenset[OrderStatus] = FINAL | {OrderStatus.OPEN}


async def place_once(
    live: Live, source: AsyncIterator[Event], request: OrderRequest, *, key: str = "", within_ms: int = 15_000
) -> Order:
    """Send one order and return it as it stands once its outcome is known.

    Raises what ends a run, ``NotEnoughData`` without a price and ``ReconciliationMismatch`` while the books differ;
    nothing was sent then. With a ``key`` that was used before nothing new is sent: ``DeniedByRisk``.
    """
    (order,) = await place_all_once(live, source, [(request, key)], within_ms=within_ms)
    return order


async def place_all_once(
    live: Live,
    source: AsyncIterator[Event],
    asked: Sequence[tuple[OrderRequest, str]],
    *,
    before: Callable[[], None] = lambda: None,
    within_ms: int = 15_000,
) -> tuple[Order, ...]:
    """Send orders with their keys, one after the other, and return them as they stand.

    ``before`` is called once the books are equal and every instrument has a price; what it raises stops all. After an
    order whose outcome is not known, or once the run has ended, none of the others is sent: fewer come back.
    """
    clock = live.clock
    until = clock.now() + within_ms
    for _, key in asked:
        if key and key in live.engine.keys:
            raise DeniedByRisk(f"nothing new was sent: key {key} was used before", number=122)
    running = asyncio.ensure_future(live.run(source, clock.now(), None))
    made: list[Order] = []
    try:
        await _ready(live, running, until)
        for instrument in dict.fromkeys(request.instrument for request, _ in asked):
            await _priced(live, running, instrument, until)
        before()
        for request, key in asked:
            known = _names(live)
            live.inbox.append(OrderAsked(request=request, ts=clock.now(), key=key))
            made.append(await _outcome(live, running, known, until))
            if made[-1].status not in _RESTS:
                break
    except TradecliError:
        if not made:
            raise
    finally:
        await _end(live, running)
    return tuple(made)


async def cancel_once(
    live: Live, source: AsyncIterator[Event], client_id: str | None, reason: str, *, within_ms: int = 15_000
) -> tuple[Order, ...]:
    """Cancel one working order, or all of them, and return them as they stand once the venue has answered.

    An order that has ended before is returned as it ended. Raises ``NotFound`` for an id that is not ours, and
    ``OutcomeUnknown`` when an order may still be live.
    """
    account = live.engine.state.account
    if client_id is not None and account.order(client_id) is None:
        raise NotFound(
            f"no order {client_id[:40]!a} in this account", number=140, hint="tradecli orders list"
        )
    until = live.clock.now() + within_ms
    running = asyncio.ensure_future(live.run(source, live.clock.now(), None))
    try:
        await _ready(live, running, until)
        names = (client_id,) if client_id is not None else tuple(account.live)
        live.inbox.append(CancelAsked(client_id=client_id, ts=live.clock.now(), reason=reason))
        while any(name in account.live for name in names) and live.clock.now() < until:
            if running.done():
                break
            await live.clock.sleep_until(live.clock.now() + _LOOK_MS)
    finally:
        await _end(live, running)
    orders = tuple(order for name in names if (order := account.order(name)) is not None)
    left = [order.client_id for order in orders if order.is_live]
    if left:
        hint = "it may still fill: the next run asks the venue again"
        raise OutcomeUnknown(f"the cancel of {', '.join(left[:3])} is not confirmed", number=105, hint=hint)
    return orders


async def _end(live: Live, running: asyncio.Future[None]) -> None:
    live.stopping = True
    await asyncio.wait([running])
    await live.close()


def raise_unless_placed(order: Order) -> None:
    """Raise the error that tells what became of an order which is not at the venue, or may be."""
    name, why = order.client_id, order.reason
    match order.status:
        case OrderStatus.DENIED:
            number, told = _check_of(why)
            if number == _LATCH:
                raise Halted(told, number=110, hint="tradecli kill status")
            raise DeniedByRisk(told, number=number)
        case OrderStatus.VOID | OrderStatus.NOT_PLACED:
            raise DeniedByRisk(f"not sent: {why}", number=121)
        case OrderStatus.REJECTED:
            venue = order.request.instrument.rpartition("@")[2]
            raise Unavailable(f"{name} was rejected: {why}", venue=venue, number=112)
        case OrderStatus.INTENT | OrderStatus.SENDING | OrderStatus.UNKNOWN:
            hint = "an order may be live: the next run asks the venue again"
            raise OutcomeUnknown(f"what became of {name} is not known: {why}", number=101, hint=hint)
        case _:
            pass


async def _ready(live: Live, running: asyncio.Future[None], until: int) -> None:
    """Wait until the books equal the venue's."""
    while True:
        if running.done():
            running.result()
            raise NotEnoughData("the engine ended before anything was sent", number=130)
        recoveries = live.recoveries.values()
        reconciled = all(recovery.open for recovery in recoveries)
        if reconciled and any(recovery.mismatches for recovery in recoveries):
            raise ReconciliationMismatch("our books differ from the venue's: nothing was sent", number=111)
        if reconciled:
            return
        if live.clock.now() >= until:
            raise NotEnoughData("the books are not reconciled in time: nothing was sent", number=131)
        await live.clock.sleep_until(live.clock.now() + _LOOK_MS)


async def _priced(live: Live, running: asyncio.Future[None], instrument: InstrumentId, until: int) -> None:
    """Wait until the instrument has a price, and, for half the time, until the whole account has been valued with it.

    What a venue that is silent holds stays without a price: the limits then allow what reduces, and nothing else.
    """
    state, clock = live.engine.state, live.clock
    patience = clock.now() + (until - clock.now()) // 2
    priced_at: int | None = None
    while True:
        if running.done():
            running.result()
            raise NotEnoughData("the engine ended before anything was sent", number=130)
        now = clock.now()
        has_price = state.mid(instrument) is not None
        if has_price and priced_at is None and state.equity_now() is not None:
            priced_at = now
        valued = priced_at is not None and live.engine.looked_at > priced_at
        if has_price and (valued or now >= patience):
            return
        if now >= until:
            raise NotEnoughData(f"{instrument} has no price: nothing was sent", number=132)
        await clock.sleep_until(now + _LOOK_MS)


async def _outcome(live: Live, running: asyncio.Future[None], before: frozenset[str], until: int) -> Order:
    account = live.engine.state.account
    while True:
        new = sorted(_names(live) - before)
        order = account.order(new[0]) if new else None
        if order is not None and (order.status in _seen(order.request) or live.clock.now() >= until):
            return order
        if order is None and live.clock.now() >= until:
            raise DeniedByRisk("nothing new was sent: this request was made before", number=122)
        if running.done():
            broken = running.exception()
            if isinstance(broken, TradecliError) and order is None:
                raise broken
            if order is not None:
                return order
            raise NotEnoughData("the engine ended before anything was sent", number=130) from broken
        await live.clock.sleep_until(live.clock.now() + _LOOK_MS)


def _seen(request: OrderRequest) -> frozenset[OrderStatus]:
    """Return the states in which the outcome is known: an order that cannot rest has none before its end."""
    rests = request.type is not OrderType.MARKET and request.tif is TimeInForce.GTC
    return _RESTS if rests else FINAL


def _check_of(reason: str) -> tuple[int, str]:
    """Return the number of the check that denied an order, and what it found."""
    found = _DENIED.fullmatch(reason)
    return (int(found[1]), found[2]) if found else (120, reason)


def _names(live: Live) -> frozenset[str]:
    account = live.engine.state.account
    return frozenset((*account.live, *account.final))
