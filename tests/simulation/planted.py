"""Bugs planted on purpose, one at a time: a checker that does not see them proves nothing.

Each bug replaces one function of the program by a wrong one while seeds run, until an invariant is violated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unittest import mock

import msgspec

from tests.simulation import wire
from tests.simulation.campaign import run_one
from tests.simulation.checks import Violation
from tests.simulation.options import expand
from tradecli.domain import events as e
from tradecli.domain.enums import OrderStatus
from tradecli.domain.order import UNRESOLVED
from tradecli.engine import road
from tradecli.engine.account import Account
from tradecli.engine.decide import Decider
from tradecli.engine.keeping import Keeper
from tradecli.engine.spine import Spine
from tradecli.engine.state import State
from tradecli.store.rows import Place, Rows
from tradecli.venues.sequence import BookBuilder, Status

SEEDS = 40
"""Seeds tried for each bug before it counts as not caught."""

Plant = Callable[[], Any]


@dataclass(frozen=True)
class Bug:
    """One bug: ``plant`` makes the context in which it is there; ``first`` a seed that is known to show it."""

    name: str
    plant: Plant
    first: int = 0


def hunt(bug: Bug, seeds: int = SEEDS) -> str | None:
    """Run seeds with the bug in place; return the first violation with its seed, or None."""
    with bug.plant():
        for seed in range(bug.first, bug.first + seeds):
            try:
                result = run_one(expand(seed))
            except (Exception, Violation) as broken:  # the bug may break more than an invariant
                return f"seed {seed}: {type(broken).__name__}: {broken}"
            if result.violation:
                return f"seed {seed}: {result.violation}"
    return None


def _patch(target: Any, name: str, wrong: Any) -> Plant:
    return lambda: mock.patch.object(target, name, wrong)


async def _never_written(self: Keeper) -> None:
    """Skip the durable write before a send: it is left to the writer, later."""
    if self.waiting > 40:
        await _FLUSH(self)


_FLUSH = Keeper.flush
_SUBMIT = road.Road._submit


async def _send_again(self: road.Road, approved: Any) -> None:
    """Re-send on a timeout or an unclear answer."""
    await _SUBMIT(self, approved)
    order = self.spine.engine.state.account.order(approved.client_id)
    if order is not None and order.status is OrderStatus.UNKNOWN:
        await _SUBMIT(self, approved)


_APPLY_FILL = Account._apply_fill


def _drop_late(self: Account, fill: e.Fill, at: int, changes: Any) -> None:
    """Drop a fill that comes after its order ended."""
    order = self.order(fill.client_id) if fill.client_id else None
    if order is not None and order.status not in UNRESOLVED:
        return
    _APPLY_FILL(self, fill, at, changes)


def _told_again(self: Account, fill: e.Fill, at: int, changes: Any) -> None:
    """Count a fill twice when it is told again."""
    self.booked.discard(f"{fill.instrument}:{fill.trade_id}")
    _APPLY_FILL(self, fill, at, changes)


def _no_reservation(self: Account, order: Any, sign: int) -> None:
    """Lose the reservation: what is on its way does not count."""


_COUNT = Account._count


def _unknown_forgotten(self: Account, order: Any, sign: int) -> None:
    """Forget an order of unknown outcome in the limit."""
    if order.status is not OrderStatus.UNKNOWN:
        _COUNT(self, order, sign)


def _deaf(self: Spine) -> tuple[Any, ...]:
    """Ignore the kill flag at the gate."""
    return ()


def _not_heard(self: Spine) -> None:
    """Ignore the kill flag altogether."""


@contextmanager
def _ignore_kill() -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(Spine, "look_at_flag", _deaf))
        stack.enter_context(mock.patch.object(Spine, "hear_flag", _not_heard))
        yield


_SEND = road.Road.send


async def _float_at_send(self: road.Road, approved: Any) -> None:
    """Let a price go through a float on its way."""
    request = approved.request
    if request.price is not None:
        wrong = msgspec.structs.replace(request, price=Decimal(float(request.price) * 1.1 / 1.1))
        approved = msgspec.structs.replace(approved, request=wrong)
    await _SEND(self, approved)


_MERGE = BookBuilder._merge


def _crossed_accepted(self: BookBuilder, delta: Any) -> Status:
    """Accept a crossed book."""
    if _MERGE(self, delta) is Status.CROSSED:
        self.status = Status.OK
    return self.status


_LINK = Rows._link


def _break_link(self: Rows, step: Any, kind: str, ref: str, raw: bytes) -> Place:
    """Break the audit link: now and then a change leaves no record."""
    if kind == "order" and self.count % 50 == 49:
        self.count += 1
        return Place(self.run_id, self.scope, step.seq, step.at, self.count)
    return _LINK(self, step, kind, ref, raw)


_ADD = Rows.add


def _another_row(self: Rows, step: Any) -> None:
    """Now and then write a row that is not the one that was recorded."""
    _ADD(self, step)
    if step.orders and self.count % 10 == 0:
        row = self.orders[-1]
        self.orders[-1] = (*row[:6], "nobody", *row[7:])


_APPLY = State.apply


def _resumes(self: State, event: Any, at: int) -> Any:
    """Resume by itself: latches wear off."""
    self.latches = tuple(latch for latch in self.latches if at - latch.at < 500)
    return _APPLY(self, event, at)


_ACCOUNT = wire.WiredExecution.account


async def _partial_is_empty(self: wire.WiredExecution) -> Any:
    """Treat a partial page as empty, at a venue that gives no other while faults are on."""
    whole = await _ACCOUNT(self)
    if not self.wire.faults.armed:
        return whole
    return msgspec.structs.replace(whole, open_orders=(), fills=(), positions=())


_DONE = Spine.durable


async def _swallow(self: Spine) -> bool:
    """Go on when the store did not write."""
    await _DONE(self)
    return True


def _any_id(self: Any, client_ids: Any) -> None:
    """Forget after a restart which ids were used."""


BUGS: tuple[Bug, ...] = (
    Bug("skip the durable write", _patch(Keeper, "flush", _never_written)),
    Bug("go on when the store fails", _patch(Spine, "durable", _swallow)),
    Bug("re-send on timeout", _patch(road.Road, "_submit", _send_again)),
    Bug("drop a late fill", _patch(Account, "_apply_fill", _drop_late)),
    Bug("count a fill twice", _patch(Account, "_apply_fill", _told_again)),
    Bug("lose the reservation", _patch(Account, "_count", _no_reservation)),
    Bug("forget an unresolved order", _patch(Account, "_count", _unknown_forgotten)),
    Bug("ignore the kill flag", _ignore_kill),
    Bug("a float in a price", _patch(road.Road, "send", _float_at_send)),
    Bug("accept a crossed book", _patch(BookBuilder, "_merge", _crossed_accepted)),
    Bug("break the audit link", _patch(Rows, "_link", _break_link)),
    Bug("write another row than was recorded", _patch(Rows, "add", _another_row)),
    Bug("resume by itself", _patch(State, "apply", _resumes)),
    Bug("treat a partial page as empty", _patch(wire.WiredExecution, "account", _partial_is_empty)),
    Bug("use an id again after a restart", _patch(Decider, "reserve_ids", _any_id)),
)
"""Every bug asked for, and three more."""
