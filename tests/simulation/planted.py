"""Bugs planted on purpose, one at a time: a checker that does not see them proves nothing.

Each replaces one function of the program by a wrong one while seeds run, until an invariant is violated. Every
invariant has a bug that trips it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any
from unittest import mock

from tests.simulation import bugs, wire
from tests.simulation.campaign import examine
from tests.simulation.checks import Violation
from tradecli.engine import road
from tradecli.engine.account import Account
from tradecli.engine.decide import Decider
from tradecli.engine.freshness import Freshness
from tradecli.engine.keeping import Keeper
from tradecli.engine.live import Live
from tradecli.engine.lookup import LookUps
from tradecli.engine.spine import Spine
from tradecli.engine.state import State
from tradecli.store.lock import FencedLease
from tradecli.store.reader import LedgerReader
from tradecli.store.rows import Rows
from tradecli.venues.sequence import BookBuilder

SEEDS = 40
"""Seeds tried for each bug before it counts as not caught."""

Plant = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Bug:
    """One bug: ``plant`` makes the context in which it is there; ``trips`` is the invariant that must see it."""

    name: str
    trips: str
    plant: Plant
    first: int = 0
    """A seed from which on it is known to be seen soon."""


@dataclass(frozen=True)
class Caught:
    """Where a bug was seen, and by what."""

    seed: int
    told: str

    @property
    def by(self) -> str:
        """Return the invariant that was violated, or what the program died of."""
        found = re.match(r"INV-\d\d", self.told)
        return found.group() if found else self.told.split(":")[0]


def hunt(bug: Bug, seeds: int = SEEDS) -> Caught | None:
    """Run seeds with the bug in place until the invariant that it must trip is violated; else the first other one."""
    other: Caught | None = None
    with bug.plant():
        for seed in range(bug.first, bug.first + seeds):
            try:
                told = examine(seed).result.violation
            except Violation as broken:
                told = str(broken)
            caught = Caught(seed, told)
            if told and caught.by == bug.trips:
                return caught
            other = other or (caught if told else None)
    return other


def hunt_all(jobs: int) -> Iterator[tuple[Bug, Caught | None]]:
    """Hunt every bug, shared by ``jobs`` processes, in their order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=logging.disable) as pool:
        yield from zip(BUGS, pool.map(_hunt_one, range(len(BUGS))), strict=True)


def _hunt_one(index: int) -> Caught | None:
    return hunt(BUGS[index])


def _patch(target: Any, name: str, wrong: Any) -> Plant:
    return lambda: mock.patch.object(target, name, wrong)


def _applied(wrong: Any) -> Plant:
    return lambda: mock.patch("tradecli.engine.account.apply", wrong)


BUGS: tuple[Bug, ...] = (
    Bug("lose a stranger's trade", "INV-01", _patch(Account, "_book_position", bugs.no_stranger)),
    Bug("count a fill twice", "INV-02", _patch(Account, "_apply_fill", bugs.told_again)),
    Bug("drop a late fill", "INV-02", _patch(Account, "_apply_fill", bugs.drop_late)),
    Bug("forget a maker's fee", "INV-03", _patch(Account, "_book_money", bugs.no_maker_fee)),
    Bug("take a canceled order for an empty one", "INV-04", _applied(bugs.canceled_is_empty)),
    Bug("skip the durable write", "INV-05", _patch(Keeper, "flush", bugs.never_written)),
    Bug("go on when the store fails", "INV-05", _patch(Spine, "durable", bugs.swallow)),
    Bug("re-send on timeout", "INV-06", _patch(road.Road, "_submit", bugs.send_again)),
    Bug("use an id again after a restart", "INV-08", _patch(Decider, "reserve_ids", bugs.any_id)),
    Bug("take silence for an accepted order", "INV-08", _patch(road.Road, "_unclear", bugs.silence_is_yes)),
    Bug("take a failed cancel for a done one", "INV-08", _applied(bugs.failed_is_canceled)),
    Bug("forget when to ask again", "INV-09", _applied(bugs.no_next_look)),
    Bug("lose the reservation", "INV-15", _patch(Account, "_count", bugs.no_reservation)),
    Bug("forget an unresolved order", "INV-10", _patch(Account, "_count", bugs.unknown_forgotten)),
    Bug("no limit of a symbol", "INV-10", lambda: bugs.without_check("symbol")),
    Bug("add while an order is unknown", "INV-10", lambda: bugs.without_check("unknown")),
    Bug("trade on old data", "INV-11", _patch(Freshness, "why_closed", bugs.always_fresh)),
    Bug("a float in a price", "INV-11", _patch(road.Road, "send", bugs.float_at_send)),
    Bug(
        "close with plain orders",
        "INV-12",
        lambda: mock.patch("tradecli.engine.core.closing_parents", bugs.closes_too_much),
    ),
    Bug("overlook what is ahead of a closing order", "INV-10", bugs.reducing_alone),
    Bug("ignore the kill flag", "INV-13", bugs.ignore_kill),
    Bug("no limit of the net", "INV-15", lambda: bugs.without_check("net")),
    Bug("trade with itself", "INV-16", lambda: bugs.without_check("self_cross")),
    Bug("resume by itself", "INV-17", _patch(State, "apply", bugs.resumes)),
    Bug("accept a crossed book", "INV-18", _patch(BookBuilder, "_merge", bugs.crossed_accepted)),
    Bug("believe in a lease for ever", "INV-19", _patch(FencedLease, "held", bugs.held_for_ever), first=10),
    Bug("break the audit link", "INV-20", _patch(Rows, "_link", bugs.break_link)),
    Bug("write another row than was recorded", "INV-20", _patch(Rows, "add", bugs.another_row)),
    Bug("leave tasks behind", "INV-22", _patch(Live, "_spawn", bugs.leaves_tasks)),
    Bug("leave files open", "INV-22", _patch(LedgerReader, "__init__", bugs.leaves_files)),
    Bug("decide by the wall clock", "INV-24", _patch(Decider, "_record", bugs.by_the_wall)),
    Bug(
        "treat a partial page as empty",
        "INV-07",
        _patch(wire.WiredExecution, "account", bugs.partial_is_empty),
        first=6,
    ),
    Bug(
        "reconcile without looking",
        "INV-25",
        lambda: mock.patch("tradecli.engine.recovery.reconcile", bugs.nothing_missed),
    ),
    Bug("never ask about the unknown", "INV-09", _patch(LookUps, "ask", bugs.nobody_asks)),
)
"""Every bug that issue and catalogue name, and at least one for each invariant.

A gap in a book that is overlooked is not among them: in this market it makes the book cross, or leaves it right.
"""
