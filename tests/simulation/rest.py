"""What is checked at rest: our books and the venue's are equal, and the file alone gives the same books again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import desk
from tests.simulation.books import ZERO
from tests.simulation.checks import Checks, Violation
from tradecli.domain.enums import OrderStatus
from tradecli.engine.restore import restore_engine
from tradecli.store.reader import LedgerReader
from tradecli.wiring.restart import read_past

if TYPE_CHECKING:
    from tests.simulation.world import World

S = OrderStatus
_LATEST = "SELECT client_id, status FROM (SELECT client_id, status, max(seq) FROM orders GROUP BY client_id)"
_PLACED = ("OPEN", "FILLED", "CANCELED", "EXPIRED")


def rested(checks: Checks) -> str:
    """Say what keeps our books and the venue's from being equal and at rest, or nothing."""
    before = checks.first
    try:
        _at_rest(checks)
    except Violation as violation:
        checks.first = before
        return str(violation)
    return ""


def _at_rest(checks: Checks) -> None:
    """After healing: the venue and our books agree on everything, and nothing is left unknown in silence."""
    engine, twin, holds = checks.engine, checks.twin, checks.holds
    assert engine is not None and checks.live is not None
    account = engine.state.account
    live = list(account.live.values())
    unknown = [o.client_id for o in live if o.status is S.UNKNOWN]
    holds("INV-25", not unknown, f"still unknown: {unknown}")
    stuck = [o.client_id for o in live if o.status in (S.INTENT, S.SENDING)]
    holds("INV-25", not stuck, f"still on their way: {stuck}")
    for instrument, held in twin.held.items():
        ours = account.position(instrument).qty
        holds("INV-25", ours == held.qty, f"{instrument}: {ours} here, {held.qty} there")
    balance = account.balances.get((twin.name, "USDT"), ZERO)
    holds("INV-25", balance == twin.balance, f"{balance} here, {twin.balance} there")
    listed = {order.client_id for order in twin.open.values() if order.client_id.startswith(desk.PREFIX)}
    ours_open = {o.client_id for o in live if o.status is S.OPEN}
    holds("INV-25", listed == ours_open, f"open: {listed ^ ours_open}")
    _compare_orders(checks)
    booked = [row[0] for row in checks.read("SELECT trade_id FROM fills")]
    real = {fill.trade_id for fill in twin.fills}
    holds("INV-02", len(booked) == len(set(booked)), "a trade is stored twice")
    holds("INV-25", set(booked) == real, f"fills differ: {set(booked) ^ real}")
    holds("INV-22", len(checks.live._tasks) < 60, f"{len(checks.live._tasks)} tasks at rest")
    creates = [each.client_id for each in twin.log if each.kind == "create"]
    holds("INV-06", len(creates) == len(set(creates)), "an id was created twice")


def _compare_orders(checks: Checks) -> None:
    """Every order of the venue is in the file with its end, and the reverse."""
    stored = {row[0]: row[1] for row in checks.read(_LATEST)}
    for name, (there, *_) in checks.twin.orders.items():
        checks.holds("INV-07", name in stored, f"{name} is at the venue and not in the store")
        ended = there.status not in (S.OPEN, S.REJECTED)
        same = not ended or stored[name] == there.status.value
        checks.holds("INV-25", same, f"{name}: {stored[name]} here, {there.status} there")
    placed = {name for name, status in stored.items() if status in _PLACED}
    only_here = placed - checks.twin.orders.keys()
    checks.holds("INV-07", not only_here, f"only here: {only_here}")


def verify(world: World) -> str:
    """Hold the file against itself: the chain, one record for each change, the books; return the chain's head."""
    checks = world.checks
    checks.let_go()
    with LedgerReader(world.path) as reader:
        verdict = reader.verify("sim")
    checks.holds("INV-20", verdict.ok, verdict.reason)
    _rebuild(world)
    return verdict.head


def _rebuild(world: World) -> None:
    """Build the books again from the file alone: they equal those that lived through it all."""
    checks, lived = world.checks, world.checks.engine
    assert lived is not None
    rebuilt, _ = desk.build(desk.Whims())
    restore_engine(rebuilt, read_past(world.path, "sim", 0, world.clock.now()))
    ours, again = lived.state.account, rebuilt.state.account
    for what in ("positions", "balances", "live", "booked", "deposits", "fees", "funding"):
        equal = getattr(ours, what) == getattr(again, what)
        checks.holds("INV-20", equal, f"{what} rebuilt from the file differ")
    for name, order in ours.final.items():
        checks.holds("INV-20", again.final.get(name) in (order, None), f"{name} rebuilt differs")
    ids = rebuilt.decider.ids >= max((int(name[3:11]) for name in world.twin.orders), default=0)
    checks.holds("INV-20", ids, "an id could be given out again")
