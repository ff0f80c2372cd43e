"""One order or cancel from the shell: a live desk of its own over the paper account of the profile, for a moment.

It holds the ledger's lock meanwhile, so that commands at once come one after the other and each counts what those
before it left (M07). An engine that runs keeps it: then nothing is done, and the process is named (M06). The road is
that of every order: reconcile, limits, intent on disk, send mark on disk, gate. No strategy decides anything here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from tradecli.config.loading import Config
from tradecli.domain.budget import Priority
from tradecli.domain.enums import OrderStatus, OrderType, Side, TimeInForce
from tradecli.domain.events import Event
from tradecli.domain.feed import BookFeed, Feed, QuoteFeed
from tradecli.domain.instrument import Instrument, InstrumentId, symbol_of
from tradecli.domain.order import Order, OrderRequest
from tradecli.domain.order_plan import OrderPlan, broken_by
from tradecli.engine.once import cancel_once, place_all_once, place_once
from tradecli.errors import (
    DeniedByRisk,
    LockHeld,
    NotEnoughData,
    NotFound,
    OutcomeUnknown,
    PlanExpired,
    StoreFault,
    TimedOut,
    UsageError,
)
from tradecli.store.heartbeat import is_alive
from tradecli.store.lock import AGAIN_MS
from tradecli.store.plans import account_digest, plan_id
from tradecli.store.reader import LedgerReader
from tradecli.venues.ccxt.joined import JoinedMarket
from tradecli.wiring.desk import LiveDesk, list_desk, run_of, without_strategies
from tradecli.wiring.live import Reach
from tradecli.wiring.session_ledger import SessionLedger

T = TypeVar("T")
OPERATOR = "manual"
"""Whose orders these are: a person's, as those of the ticket."""
_WAIT_MS = 90_000
"""How long a command waits for others that send one order; the engine is not waited for."""
_AGAIN_MS = 60_000
"""An identical order within this time needs to be meant (O03)."""

_ASK_AGAIN = "tradecli orders list tells; the next run asks the venue"
NEVER_SENT = (OrderStatus.DENIED, OrderStatus.VOID, OrderStatus.REJECTED, OrderStatus.NOT_PLACED)


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed: quantities in base units, prices in quote units, not rounded yet."""

    symbol: str
    venue: str | None
    side: Side
    qty: Decimal
    type: OrderType
    price: Decimal | None = None
    trigger: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    key: str = ""
    again: bool = False
    """An order like one of the last minute is meant."""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands, and what the venue's steps made of what was typed."""

    order: Order
    rounded: tuple[str, ...]


def place(config: Config, ticket: Ticket, within_ms: int) -> Placed:
    """Send one order and return it with its outcome; whatever stops it before the venue is raised."""
    if ticket.venue is not None and ticket.venue not in config.run.venues:
        raise UsageError(
            f"{ticket.venue} is not among run.venues of profile {config.profile}",
            number=133,
            hint=f"this account is at {', '.join(config.run.venues)}",
        )
    venues = [ticket.venue] if ticket.venue is not None else config.run.venues
    places = [InstrumentId(f"{ticket.symbol}@{venue}") for venue in venues]
    asked: list[OrderRequest] = []

    async def work(desk: LiveDesk, source: AsyncIterator[Event]) -> Placed:
        spec = _found(desk, places, ticket)
        request, rounded = _rounded(ticket, spec)
        if not ticket.again:
            _refuse_twin(desk, request)
        asked.append(request)
        order = await place_once(desk.live, source, request, key=ticket.key, within_ms=within_ms)
        return Placed(order=order, rounded=rounded)

    try:
        return _at_the_desk(config, work, places)
    except TimedOut as late:
        if asked:
            raise OutcomeUnknown(
                "the time was up while an order was made", number=106, hint=_ASK_AGAIN
            ) from late
        raise


def place_plan(
    config: Config, plan: OrderPlan, take: Callable[[OrderPlan], None], within_ms: int
) -> tuple[Order, ...]:
    """Send the orders of a plan that still holds and return them; ``PlanExpired`` where it does not, nothing sent.

    ``take`` marks it as applied, for good, right before its first order.
    """
    taken: list[OrderPlan] = []
    name = plan_id(plan)

    async def work(desk: LiveDesk, source: AsyncIterator[Event]) -> tuple[Order, ...]:
        state = desk.live.engine.state

        def still_holds() -> None:
            mids = {leg.instrument: float(mid) for leg in plan.legs if (mid := state.mid(leg.instrument))}
            account = account_digest(state.account.positions.values(), state.account.live.values())
            why = broken_by(plan, desk.clock.now(), mids, account)
            if why is not None:
                raise PlanExpired(f"plan {name} was not applied: {why}", number=101, hint="plan again")
            take(plan)
            taken.append(plan)

        asked = [(order, f"{name}-{number}") for number, order in enumerate(plan.orders)]
        return await place_all_once(desk.live, source, asked, before=still_holds, within_ms=within_ms)

    try:
        return _at_the_desk(config, work, [leg.instrument for leg in plan.legs])
    except TimedOut as late:
        if taken:
            raise OutcomeUnknown(
                f"the time was up while plan {name} was applied", number=106, hint=_ASK_AGAIN
            ) from late
        raise


def cancel(config: Config, client_id: str | None, reason: str, within_ms: int) -> tuple[Order, ...]:
    """Cancel one working order of the account, or all, and return them as they ended."""

    async def work(desk: LiveDesk, source: AsyncIterator[Event]) -> tuple[Order, ...]:
        return await cancel_once(desk.live, source, client_id, reason, within_ms=within_ms)

    return _at_the_desk(config, work, [])


def reset(config: Config) -> str:
    """Begin a new account in the profile's ledger and return its run; what was before stays there, as it ended."""
    ledger = SessionLedger(config.place, run_of(config))

    async def main() -> None:
        try:
            await ledger.open()
        finally:
            await ledger.close()

    ledger.acquire()
    asyncio.run(main())
    return ledger.run_id


def _at_the_desk(
    config: Config,
    work: Callable[[LiveDesk, AsyncIterator[Event]], Awaitable[T]],
    more: list[InstrumentId],
) -> T:
    ledger = SessionLedger(config.place, run_of(config), continues=True)

    async def main() -> T:
        await _alone(ledger)
        reach = Reach(
            config.mode,
            config.profile,
            priority=Priority.LIVE,
            symbols=(*config.run.symbols, *map(symbol_of, more)),
        )
        joined = JoinedMarket(config.run.venues, reach.market, reach.inbox)
        try:
            listing = await list_desk(config, joined, more)
            desk = LiveDesk(without_strategies(config), listing, ledger, among=())
            desk.live.on_breath = _breathe
            await desk.take_up()
            feeds: list[Feed] = []
            for each in sorted({*desk.held(), *(name for name in more if _knows(desk, name))}):
                feeds += [QuoteFeed(each), BookFeed(each)]
            return await work(desk, _heard(joined, feeds))
        finally:
            await joined.close()
            await reach.close()
            await ledger.close()

    return asyncio.run(main())


async def _heard(joined: JoinedMarket, feeds: list[Feed]) -> AsyncIterator[Event]:
    """Listen once somebody asks for the first event."""
    async for event in joined.stream(feeds):
        yield event


async def _alone(ledger: SessionLedger) -> None:
    """Take the lock, after other commands that hold it for a moment, and not while an engine does."""
    waited = 0
    while True:
        try:
            ledger.acquire()
            return
        except LockHeld as held:
            if waited >= _WAIT_MS:
                raise
            if _engine_runs(ledger):
                hint = "use its console, or stop it: an account has one hand at a time"
                raise LockHeld(held.message, number=103, where=held.where, hint=hint) from held
        await asyncio.sleep(AGAIN_MS / 1_000)
        waited += AGAIN_MS


def _engine_runs(ledger: SessionLedger) -> bool:
    """Say whether an engine, which leaves signs of life, holds the ledger, and not a command as short as this one."""
    try:
        with LedgerReader(ledger.path) as reader:
            return is_alive(reader.beat())
    except (NotEnoughData, StoreFault):
        return False


def _knows(desk: LiveDesk, instrument: InstrumentId) -> bool:
    return instrument in desk.parts.engine.state.instruments


def _found(desk: LiveDesk, places: list[InstrumentId], ticket: Ticket) -> Instrument:
    known = desk.parts.engine.state.instruments
    for each in places:
        if each in known:
            return known[each]
    where = ", ".join(each.rpartition("@")[2] for each in places)
    raise NotFound(f"{ticket.symbol} is not listed at {where}", number=134)


def _rounded(ticket: Ticket, spec: Instrument) -> tuple[OrderRequest, tuple[str, ...]]:
    """Return the request in the venue's steps: quantity toward zero, price to the passive side (RELIABILITY 2.1)."""
    qty = spec.round_qty(ticket.qty)
    price = spec.round_price(ticket.price, ticket.side) if ticket.price is not None else None
    trigger = spec.round_price(ticket.trigger, ticket.side) if ticket.trigger is not None else None
    pairs = (
        ("quantity", ticket.qty, qty),
        ("price", ticket.price, price),
        ("trigger", ticket.trigger, trigger),
    )
    rounded = tuple(f"{name} {typed} is rounded to {made}" for name, typed, made in pairs if typed != made)
    request = OrderRequest(
        instrument=spec.id,
        side=ticket.side,
        qty=qty,
        type=ticket.type,
        source=OPERATOR,
        price=price,
        trigger=trigger,
        tif=ticket.tif,
        post_only=ticket.post_only,
        reduce_only=ticket.reduce_only,
        reason="asked from the shell",
    )
    return request, rounded


def _refuse_twin(desk: LiveDesk, request: OrderRequest) -> None:
    """Refuse what was asked in the same words a moment ago (O03); what was never sent does not count."""
    account, now = desk.parts.engine.state.account, desk.clock.now()
    for order in (*account.live.values(), *account.final.values()):
        if order.request == request and now - order.created_at < _AGAIN_MS and order.status not in NEVER_SENT:
            ago = (now - order.created_at) // 1_000
            hint = "--again if it is meant, or an --idempotency-key"
            raise DeniedByRisk(f"{order.client_id} of {ago} s ago is the same order", number=123, hint=hint)


async def _breathe() -> None:
    """Let the shell look often whether it is to end."""
