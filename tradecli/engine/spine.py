"""The one way into a live engine: an event is processed, kept and carried out, whole, before the next one.

``take`` awaits nothing, so that no two events ever mix. What takes time (sending, cancelling, and thinking where a
shell wants it beside the loop) is handed to the callbacks that the shell sets, which start tasks; durability is
awaited where something is about to leave. A store that fails closes every venue to new orders, and stays heard of
until it writes again (S01, S02); a broken one halts the desk (S03). Latches are written to the flag file before they
act; one that cannot be written binds all the same and is tried again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from tradecli.domain.commands import Assess, CancelOrder, Notify, Record, SetLatch, SubmitOrder
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Severity
from tradecli.domain.events import Assessed, Event, LatchReleased, LatchSet, LinkChanged, Noted
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.domain.order import Approved
from tradecli.engine.assess import Assessor
from tradecli.engine.core import Engine
from tradecli.engine.keeping import Keeper, without_secrets
from tradecli.engine.state import ACCOUNT_FEED
from tradecli.errors import LockHeld, StoreFault
from tradecli.ports import Clock, KillFlag, Store
from tradecli.redaction import redacted

STORE = "store"
_PASSING = (141, 142)
"""Store faults that may pass: locked, disk full. Any other halts."""
_MOST_UNWRITTEN = 20_000


class Spine:
    """Engine, keeper and kill flag of one live desk, on one event loop."""

    def __init__(
        self, engine: Engine, assessor: Assessor, clock: Clock, keeper: Keeper, kill: KillFlag
    ) -> None:
        self.engine = engine
        self.assessor = assessor
        self.clock = clock
        self.keeper = keeper
        self.kill = kill
        self.on_disk: tuple[Latch, ...] = ()
        self.lost: LockHeld | None = None
        self.store_fault: StoreFault | None = None
        self.unwritten = asyncio.Event()
        self.submit: Callable[[Approved], None] = _nowhere
        self.cancel: Callable[[CancelOrder], None] = _nowhere
        self.think: Callable[[Assess], None] | None = None
        self.keep_series: Callable[[VolIndex], None] = _untold
        self.reopen: Callable[[], Awaitable[tuple[Store, int]]] | None = None
        self._told: tuple[Latch, ...] | None = None
        self._unflagged: list[Latch] = []

    def take(self, event: Event) -> None:
        """Process an event and all that follows from it at the same moment."""
        at = self.clock.now()
        follow: deque[Event] = deque((without_secrets(event),))
        while follow:
            event = follow.popleft()
            with self.engine.state.guard:
                commands = self.engine.process(event, at)
            self.keeper.keep(event, at, commands)
            if isinstance(event, Assessed):
                for row in self.assessor.kept(event):
                    self.keep_series(row)
                    follow.append(row)
            for command in commands:
                match command:
                    case Assess():
                        if self.think is None:
                            follow.append(self.assessor.answer(command, at))
                        else:
                            self.think(command)
                    case SubmitOrder(approved=approved):
                        self.submit(approved)
                    case CancelOrder():
                        self.cancel(command)
                    case SetLatch(latch=latch):
                        self._write_flag(latch)
                        follow.append(LatchSet(latch=latch, ts=at))
                    case Record() | Notify():
                        pass
        if self.keeper.waiting:
            self.unwritten.set()

    def note(self, severity: Severity, topic: str, text: str, instrument: InstrumentId | None = None) -> None:
        """Tell the people who watch, and keep it."""
        self.take(
            Noted(
                topic=topic,
                severity=severity,
                text=redacted(text),
                ts=self.clock.now(),
                instrument=instrument,
            )
        )

    def latch(self, level: KillLevel, reason: str, by: str, scope: Scope | None = None) -> None:
        """Put a kill level in force, on disk first."""
        at = self.clock.now()
        wanted = scope or Scope()
        if any(each.level is level and each.scope == wanted for each in self.engine.state.latches):
            return
        latch = Latch(level=level, scope=wanted, reason=reason, by=by, at=at)
        self._write_flag(latch)
        self.take(LatchSet(latch=latch, ts=at))

    # -- durability ------------------------------------------------------------------------------------------------

    async def durable(self) -> bool:
        """Make everything kept so far durable; False when the store would not, and then nothing may leave."""
        try:
            await self.keeper.flush()
        except LockHeld as lost:
            self.lost = lost
            raise
        except StoreFault as fault:
            self._on_store_fault(fault)
            return False
        if self.store_fault is not None:
            self.store_fault = None
            told = "the store writes again: nothing kept in memory was lost"
            self.take(self._store_link(up=True, reason=told))
        return True

    async def mend_store(self) -> None:
        """Reopen a store that broke, verified, and go on where it ends; what halted the desk stays (S03)."""
        fault = self.store_fault
        if fault is None or fault.number in _PASSING or self.reopen is None:
            return
        try:
            store, newest = await self.reopen()
        except StoreFault as again:
            self.store_fault = again
            return
        self.keeper.go_on_with(store, newest)

    def _on_store_fault(self, fault: StoreFault) -> None:
        first = self.store_fault is None
        self.store_fault = fault
        if first:
            self.take(self._store_link(up=False, reason=fault.message))
            self.note(Severity.CRITICAL, "store", f"{fault.message}: kept in memory, no new orders")
        if fault.number not in _PASSING:
            self.latch(KillLevel.HALT, f"the store is broken: {fault.message}", "store")
        elif self.keeper.waiting > _MOST_UNWRITTEN:
            self.latch(KillLevel.HALT, f"{self.keeper.waiting} steps are not written", "store")

    def on_undurable_intent(self) -> None:
        """An order was denied because its intent could not be written: add no risk until a person says so (S01)."""
        self.latch(KillLevel.REDUCE, "an intent could not be made durable", "store")

    def _store_link(self, *, up: bool, reason: str) -> LinkChanged:
        return LinkChanged(venue=STORE, feed=ACCOUNT_FEED, up=up, ts=self.clock.now(), reason=reason)

    # -- kill flag -------------------------------------------------------------------------------------------------

    def look_at_flag(self) -> tuple[Latch, ...]:
        """Return the latches on disk right now, with those that could not be written yet."""
        if self.kill.changed():
            self.on_disk = self.kill.load()
        return (*self.on_disk, *self._unflagged) if self._unflagged else self.on_disk

    def hear_flag(self) -> None:
        """Take in latches that another process set or released; try again what could not be written."""
        for latch in tuple(self._unflagged):
            self._unflagged.remove(latch)
            self._write_flag(latch)
        if self.kill.changed():
            self.on_disk = self.kill.load()
        if self.on_disk is not self._told:  # a gate may have seen the change first
            self._told = self.on_disk
            self.tell_latches()

    def tell_latches(self) -> None:
        """Bring the engine's latches up to those that bind."""
        at = self.clock.now()
        binding = (*self.on_disk, *self._unflagged)
        for latch in binding:
            if latch not in self.engine.state.latches:
                self.take(LatchSet(latch=latch, ts=at))
        kept = {(latch.scope, latch.level) for latch in binding}
        gone = {(latch.scope, latch.level) for latch in self.engine.state.latches} - kept
        for scope, level in sorted(gone, key=str):
            told = "released by another process"
            self.take(LatchReleased(scope=scope, level=level, reason=told, ts=at))

    def load_flag(self, stored: tuple[Latch, ...]) -> None:
        """Read the flag at a start; a latch of the store that the flag neither holds nor lifted is written back."""
        self.on_disk = self.kill.load()
        for latch in stored:
            if latch not in self.on_disk and latch not in self.kill.lifted():
                self._write_flag(latch)
        self.tell_latches()

    def _write_flag(self, latch: Latch) -> None:
        try:
            self.kill.set(latch)
            self.on_disk = self.kill.load()
        except StoreFault:
            self._unflagged.append(latch)  # binds in this process; hear_flag tries again


def _untold(_: VolIndex) -> None:
    """Keep a number nowhere: a desk without a market store."""


def _nowhere(_: object) -> None:
    raise RuntimeError("a live desk has no road yet")
