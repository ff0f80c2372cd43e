"""Bugs, each a wrong function in the place of a right one of the program: what the checks of the simulation must see.

Each says in its docstring what it gets wrong. None of them is in force unless ``planted`` puts it there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any
from unittest import mock

import msgspec

from tests.simulation import wire
from tradecli.domain import events as e
from tradecli.domain.decision import Check
from tradecli.domain.enums import OrderStatus, Verdict
from tradecli.domain.order import UNRESOLVED, Applied, Order, OrderRequest, apply
from tradecli.engine import flatten, risk, road
from tradecli.engine.account import Account
from tradecli.engine.decide import Decider
from tradecli.engine.keeping import Keeper
from tradecli.engine.live import Live
from tradecli.engine.reconcile import Reconciled
from tradecli.engine.spine import Spine
from tradecli.engine.state import State
from tradecli.store.reader import LedgerReader
from tradecli.store.rows import Place, Rows
from tradecli.venues.sequence import BookBuilder, Status

# -- the road of an order --------------------------------------------------------------------------------------------


async def never_written(self: Keeper) -> None:
    """Skip the durable write before a send: it is left to the writer, later."""
    if self.waiting > 40:
        await _FLUSH(self)


_FLUSH = Keeper.flush
_SUBMIT = road.Road._submit


async def send_again(self: road.Road, approved: Any) -> None:
    """Re-send on a timeout or an unclear answer."""
    await _SUBMIT(self, approved)
    order = self.spine.engine.state.account.order(approved.client_id)
    if order is not None and order.status is OrderStatus.UNKNOWN:
        await _SUBMIT(self, approved)


_APPLY_FILL = Account._apply_fill


def drop_late(self: Account, fill: e.Fill, at: int, changes: Any) -> None:
    """Drop a fill that comes after its order ended."""
    order = self.order(fill.client_id) if fill.client_id else None
    if order is not None and order.status not in UNRESOLVED:
        return
    _APPLY_FILL(self, fill, at, changes)


def told_again(self: Account, fill: e.Fill, at: int, changes: Any) -> None:
    """Count a fill twice when it is told again."""
    self.booked.discard(f"{fill.instrument}:{fill.trade_id}")
    _APPLY_FILL(self, fill, at, changes)


def no_reservation(self: Account, order: Any, sign: int) -> None:
    """Lose the reservation: what is on its way does not count."""


_COUNT = Account._count


def unknown_forgotten(self: Account, order: Any, sign: int) -> None:
    """Forget an order of unknown outcome in the limit."""
    if order.status is not OrderStatus.UNKNOWN:
        _COUNT(self, order, sign)


def deaf(self: Spine) -> tuple[Any, ...]:
    """Ignore the kill flag at the gate."""
    return ()


def not_heard(self: Spine) -> None:
    """Ignore the kill flag altogether."""


@contextmanager
def ignore_kill() -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(Spine, "look_at_flag", deaf))
        stack.enter_context(mock.patch.object(Spine, "hear_flag", not_heard))
        yield


_SEND = road.Road.send


async def float_at_send(self: road.Road, approved: Any) -> None:
    """Let a price go through a float on its way."""
    request = approved.request
    if request.price is not None:
        wrong = msgspec.structs.replace(request, price=Decimal(float(request.price) * 1.1 / 1.1))
        approved = msgspec.structs.replace(approved, request=wrong)
    await _SEND(self, approved)


_MERGE = BookBuilder._merge


def crossed_accepted(self: BookBuilder, delta: Any) -> Status:
    """Accept a crossed book."""
    if _MERGE(self, delta) is Status.CROSSED:
        self.status = Status.OK
    return self.status


_LINK = Rows._link


def break_link(self: Rows, step: Any, kind: str, ref: str, raw: bytes) -> Place:
    """Break the audit link: now and then a change leaves no record."""
    if kind == "order" and self.count % 50 == 49:
        self.count += 1
        return Place(self.run_id, self.scope, step.seq, step.at, self.count)
    return _LINK(self, step, kind, ref, raw)


_ADD = Rows.add


def another_row(self: Rows, step: Any) -> None:
    """Now and then write a row that is not the one that was recorded."""
    _ADD(self, step)
    if step.orders and self.count % 10 == 0:
        row = self.orders[-1]
        self.orders[-1] = (*row[:6], "nobody", *row[7:])


_APPLY = State.apply


def resumes(self: State, event: Any, at: int) -> Any:
    """Resume by itself: latches wear off."""
    self.latches = tuple(latch for latch in self.latches if at - latch.at < 500)
    return _APPLY(self, event, at)


_ACCOUNT = wire.WiredExecution.account


async def partial_is_empty(self: wire.WiredExecution) -> Any:
    """Treat a partial page as empty, at a venue that gives no other while faults are on."""
    whole = await _ACCOUNT(self)
    if not self.wire.faults.armed:
        return whole
    return msgspec.structs.replace(whole, open_orders=(), fills=(), positions=())


_DONE = Spine.durable


async def swallow(self: Spine) -> bool:
    """Go on when the store did not write."""
    await _DONE(self)
    return True


def any_id(self: Any, client_ids: Any) -> None:
    """Forget after a restart which ids were used."""


def silence_is_yes(self: road.Road, approved: Any, gate: road.Gate, reason: str) -> None:
    """Take an unclear answer for an accepted order."""
    accepted = e.OrderAccepted(client_id=approved.client_id, ts=self.spine.clock.now(), venue_id="V0")
    self.spine.take(accepted)


def held_for_ever(self: Any) -> bool:
    """Believe in a lease that was taken at the start."""
    return True


async def nobody_asks(self: Any) -> None:
    """Never ask about an order of unknown outcome."""
    await self.recovery.pause(1 << 40)


# -- orders and money ------------------------------------------------------------------------------------------------

_BOOK_POSITION = Account._book_position
_BOOK_MONEY = Account._book_money


def no_stranger(self: Account, fill: e.Fill, source: str) -> None:
    """Leave out of the position what another program traded on the account."""
    if fill.client_id is not None:
        _BOOK_POSITION(self, fill, source)


def no_maker_fee(self: Account, fill: e.Fill, changes: Any) -> None:
    """Forget the fee of a maker."""
    _BOOK_MONEY(
        self, fill if fill.liquidity == "taker" else msgspec.structs.replace(fill, fee=Decimal(0)), changes
    )


def canceled_is_empty(order: Order, event: Any, at: int) -> Applied:
    """Take a canceled order for one that never filled."""
    applied = apply(order, event, at)
    if isinstance(event, e.OrderCanceled):
        return Applied(msgspec.structs.replace(applied.order, filled=Decimal(0)), applied.correction)
    return applied


def failed_is_canceled(order: Order, event: Any, at: int) -> Applied:
    """Take a cancel that nobody answered for a canceled order."""
    applied = apply(order, event, at)
    if isinstance(event, e.CancelFailed) and order.is_live:
        return Applied(msgspec.structs.replace(applied.order, status=OrderStatus.CANCELED))
    return applied


def no_next_look(order: Order, event: Any, at: int) -> Applied:
    """Forget when to ask about an unknown order again."""
    applied = apply(order, event, at)
    if isinstance(event, e.OrderAmbiguous):
        return Applied(msgspec.structs.replace(applied.order, next_check_at=None))
    return applied


def nothing_missed(*args: Any, **kwargs: Any) -> Reconciled:
    """Reconcile without looking: nothing was missed, nothing differs."""
    return Reconciled((), (), ())


# -- limits ----------------------------------------------------------------------------------------------------------


def without_check(name: str) -> Any:
    """Return the limits with one that lets everything pass."""

    def passes(q: risk.Question) -> Check:
        return Check(name=name, value="", threshold="", verdict=Verdict.PASS, scope=q.spec.id)

    wrong = tuple((n, passes if each.__name__ == f"check_{name}" else each) for n, each in risk.CHECKS)
    assert wrong != risk.CHECKS, name
    return mock.patch.object(risk, "CHECKS", wrong)


def always_fresh(self: Any, state: State, instrument: Any, at: int) -> str | None:
    """Trade on whatever was heard last, however old."""
    return None


def _alone(state: State, request: OrderRequest, besides: str = "") -> bool:
    """Call an order reducing without looking at what is ahead of it on its side."""
    qty = state.account.position(request.instrument).qty
    return qty * request.side.sign < 0 and request.qty <= abs(qty)


@contextmanager
def reducing_alone() -> Iterator[None]:
    """Put ``_alone`` where the limits and the gate ask, and lose the limits that would stop it all the same."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch("tradecli.engine.risk.is_reducing", _alone))
        stack.enter_context(mock.patch("tradecli.engine.gate.is_reducing", _alone))
        yield


_CLOSING = flatten.closing_parents


def closes_too_much(state: State, latch: Any, parents: Any, at: int) -> Any:
    """Close positions with plain orders."""
    made = _CLOSING(state, latch, parents, at)
    return {key: msgspec.structs.replace(parent, reduce_only=False) for key, parent in made.items()}


# -- the rest --------------------------------------------------------------------------------------------------------

_SPAWN = Live._spawn


def leaves_tasks(self: Live, work: Any, name: str) -> None:
    """Leave a task behind with every order."""
    _SPAWN(self, work, name)
    if name.startswith("order"):
        _SPAWN(self, asyncio.sleep(1 << 30), name)


_OPEN_READER = LedgerReader.__init__
_LEFT_OPEN: list[Any] = []


def leaves_files(self: LedgerReader, path: Any) -> None:
    """Leave a file open with every command that reads beside the engine."""
    _OPEN_READER(self, path)
    _LEFT_OPEN.append(path.open("rb"))


_RECORD: Any = Decider._record


def by_the_wall(self: Decider, *args: Any) -> None:
    """Let a decision depend on the real time."""
    _RECORD(self, *args[:-2], (str(time.perf_counter_ns()),), args[-1])
