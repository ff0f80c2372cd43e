"""The shell around the engine on real time: paper, rehearsal and live, and the fault simulation on a virtual clock.

It owns the tasks: market data, one private stream a venue, reconciliation, look-ups, timers, thinking, the kill flag,
the writer, requests of the faces. All of them end in ``Spine.take``. Every task is supervised: one that breaks halts
the desk, says so and starts again, so that cancels and reconciliation go on (P13). It must not decide what to trade,
and nothing leaves but by ``Road``.

Always durable: intent on disk, send mark on disk, then the gate and the bytes. A venue is closed until its books are
reconciled, and so is everything while the store does not write.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from tradecli.domain.commands import Assess, CancelOrder
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, OrderStatus, Severity, StrategyState
from tradecli.domain.events import CancelAsked, Event, LinkChanged, StrategySet, TimerFired
from tradecli.domain.instrument import venue_of
from tradecli.domain.market import MARKET_TYPES
from tradecli.domain.order import Approved
from tradecli.engine.assess import Assessor
from tradecli.engine.clock import SystemClock
from tradecli.engine.core import Engine
from tradecli.engine.execute import closing_orders
from tradecli.engine.keeping import Heard, Keeper
from tradecli.engine.lookup import LookUps
from tradecli.engine.pace import Pace
from tradecli.engine.reconcile import restarted
from tradecli.engine.recovery import Recovery
from tradecli.engine.road import Point, Road
from tradecli.engine.spine import Spine
from tradecli.engine.stall import Stall
from tradecli.engine.watchdog import Watchdog
from tradecli.errors import LockHeld, ReconciliationMismatch
from tradecli.ports import Clock, Execution, KillFlag, Lease, Store

KILL_POLL_MS = 25
_TIMER_MS = 1_000
_RETRY_WRITE_MS = 1_000
_RESTART_MS = 1_000
_AGAIN_S = 1.0
_BREATH_MS = 40
_YIELD_EVERY = 64
_CRASHES = 5
_CRASH_WINDOW_MS = 600_000
_FATAL = (LockHeld, ReconciliationMismatch)
"""What ends the run: another process has the lease, or somebody else trades on the account."""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart finds: latches of the store, and how often the engine started of late without an orderly end."""

    latches: tuple[Latch, ...] = ()
    crashes: tuple[int, ...] = ()


def no_point(_: str) -> None:
    """Do nothing at a named moment: what a real run does."""


class Inbox(deque[Event]):
    """Requests of the faces, put in from any thread; ``wake`` is called after each."""

    def __init__(self) -> None:
        super().__init__()
        self.wake: Callable[[], None] = lambda: None

    def append(self, event: Event, /) -> None:
        super().append(event)
        self.wake()


class Live:
    """Runs one engine over market data and one execution a venue until it is asked to stop or ``until``."""

    def __init__(
        self,
        engine: Engine,
        assessor: Assessor,
        executions: Mapping[str, Execution],
        clock: Clock,
        store: Store,
        lease: Lease,
        kill: KillFlag,
        *,
        keep_reports: bool = False,
        before: Before | None = None,
        pace: Pace | None = None,
        point: Point = no_point,
        own_prefix: str | None = None,
        foreign_ok: bool = False,
        kill_poll_ms: int = KILL_POLL_MS,
        on_market: Callable[[Event], None] | None = None,
        reopen: Callable[[], Awaitable[tuple[Store, int]]] | None = None,
        thinks_beside: bool = False,
    ) -> None:
        """``thinks_beside``: topics run in a thread, one at a time, while prices move on; otherwise in line."""
        keeper = Keeper(engine, store, lease, keep_reports=keep_reports)
        self.engine = engine
        self.clock = clock
        self.kill = kill
        self.lease = lease
        self.keeper = keeper
        self.inbox = Inbox()
        self.stopping = False
        self.market_events = 0
        self.on_breath: Callable[[], Awaitable[None]] | None = None
        self.spine = Spine(engine, assessor, clock, keeper, kill)
        self.spine.reopen = reopen
        self.spine.submit, self.spine.cancel = self._submit, self._cancel
        self._pace, self._point = pace or Pace(clock), point
        self._own_prefix, self._foreign_ok = own_prefix or engine.desk.id_prefix, foreign_ok
        self.roads = {venue: self._road(venue, each) for venue, each in sorted(executions.items())}
        self.recoveries = {venue: self._recovery(road) for venue, road in self.roads.items()}
        self.before = before or Before()
        self._questions: deque[Assess] = deque()
        self._asked = asyncio.Event()
        if thinks_beside:
            engine.state.guard = threading.Lock()
            self.spine.think = self._ask
        self._kill_poll_ms = kill_poll_ms
        self._on_market = on_market
        self._stall = Stall(self.spine, self.roads.keys())
        self.watchdog = self._watchdog() if isinstance(clock, SystemClock) else None
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._ended = asyncio.Event()
        self._fatal: BaseException | None = None

    @property
    def heard(self) -> Heard:
        return self.keeper.heard

    # -- a run -----------------------------------------------------------------------------------------------------

    async def run(self, source: AsyncIterator[Event], start: int, until: int | None) -> None:
        """Run until stopped, ``until`` or something fatal; ``close`` ends the tasks that are left running."""
        loop = asyncio.get_running_loop()
        requested = asyncio.Event()
        self.inbox.wake = lambda: _wake(loop, requested)
        self._begin()
        await self.spine.durable()
        self._point("kill.heard")
        for recovery in self.recoveries.values():
            self._follow(recovery)
        self._supervise("market data", lambda: self._hear_market(source), again=False)
        self._supervise("timers", self._tick)
        if self.spine.think is not None:
            self._supervise("thinking", self._think)
        self._supervise("kill flag", self._watch_kill)
        self._supervise("writer", self._write)
        self._supervise("requests", lambda: self._hear_requests(requested))
        self._supervise("loop watch", self._stall.watch)
        if self.watchdog is not None:
            self._stall.beat()
            self.watchdog.start()
        try:
            await self._until_ended(until)
        except BaseException:
            self._unwatch()  # nobody may come to close it, and a loop that ends is no loop that hangs
            raise
        if self._fatal is not None:
            await self.close()
            raise self._fatal

    def join(self, venue: str, execution: Execution) -> None:
        """Trade at one more venue from now on; like every other it is closed until its books are reconciled."""
        self.roads[venue] = self._road(venue, execution)
        recovery = self._recovery(self.roads[venue])
        self.recoveries = {**self.recoveries, venue: recovery}
        recovery.close("reconciling: the venue was reached")
        self._follow(recovery)

    def _road(self, venue: str, execution: Execution) -> Road:
        return Road(self.spine, execution, self.lease, self._pace, self._point, venue)

    def _recovery(self, road: Road) -> Recovery:
        return Recovery(
            self.spine, road, self._point, own_prefix=self._own_prefix, foreign_ok=self._foreign_ok
        )

    def _follow(self, recovery: Recovery) -> None:
        venue = recovery.venue
        self._supervise(f"stream of {venue}", recovery.listen)
        self._supervise(f"reconciliation of {venue}", recovery.keep_equal)
        self._supervise(f"look-ups at {venue}", LookUps(recovery).ask)

    async def _until_ended(self, until: int | None) -> None:
        while not self.stopping and not self._ended.is_set():
            if until is not None and self.clock.now() >= until:
                break
            await self._breathe()

    def _unwatch(self) -> None:
        if self.watchdog is not None:
            self.watchdog.stop()

    def _watchdog(self) -> Watchdog:
        """Return the thread that watches a loop on real time; told time stands still without anything being wrong."""
        limit_s = self.engine.desk.limits.max_stall_s
        trip_ms = round(1000 * limit_s) if limit_s else None
        return Watchdog(lambda: self._stall.beaten_at, self.clock, self.kill, trip_ms=trip_ms)

    def _begin(self) -> None:
        """Take up the books as the store left them: nothing may leave before they are reconciled."""
        now = self.clock.now()
        for recovery in self.recoveries.values():
            recovery.close("reconciling: start")
        self.spine.note(
            Severity.NOTE, "start", f"engine starts after {len(self.before.crashes)} cut-off runs"
        )
        self.spine.load_flag(self.before.latches)
        recent = [at for at in self.before.crashes if at > now - _CRASH_WINDOW_MS]
        if len(recent) > _CRASHES:
            self.spine.latch(KillLevel.HALT, f"{len(recent)} crashes within 10 minutes", "crash budget")
        for event in restarted(self.engine.state.account, now):
            self.spine.take(event)

    async def _breathe(self) -> None:
        if self.on_breath is not None:
            await self.on_breath()
        beat = _BREATH_MS if self.on_breath is not None else _TIMER_MS
        await self.clock.sleep_until(self.clock.now() + beat)

    async def cancel_all(self, reason: str, within_ms: int) -> None:
        """Switch the strategies off, cancel what rests and wait for the answers: an orderly end.

        A start after it finds the strategies as they were before.
        """
        now = self.clock.now()
        self.spine.note(Severity.NOTE, "stopping", reason)
        for strategy in sorted(self.engine.state.strategies):
            self.spine.take(StrategySet(strategy=strategy, state=StrategyState.OFF, reason=reason, ts=now))
        self.spine.take(CancelAsked(client_id=None, ts=now, reason=reason))
        until = self.clock.monotonic() + within_ms
        while self.engine.state.account.live and self.clock.monotonic() < until:
            await self.clock.sleep_until(self.clock.now() + _BREATH_MS)
            for order in list(self.engine.state.account.live.values()):
                if (
                    order.status is OrderStatus.OPEN and not order.cancel_pending
                ):  # was on its way, or not found
                    self.spine.take(
                        CancelAsked(client_id=order.client_id, ts=self.clock.now(), reason=reason)
                    )
        left = len(self.engine.state.account.live)
        if left:
            self.spine.note(Severity.ALERT, "order", f"{left} orders are not confirmed as ended at the stop")

    def mismatch(self, scope: Scope) -> str | None:
        """Say what differs at a venue that ``scope`` touches, or None; may be asked from any thread."""
        for venue, recovery in self.recoveries.items():
            if recovery.mismatches and scope.touches(venue):
                return recovery.mismatches[0].told(venue)
        return None

    async def close_positions(self, reason: str, within_ms: int) -> None:
        """Ask for the opposite of every perpetual position, and wait for the answers."""
        now = self.clock.now()
        for asked in closing_orders(self.engine.state, now, reason):
            self.spine.take(asked)
        until = self.clock.monotonic() + within_ms
        while self.engine.state.account.live and self.clock.monotonic() < until:
            await self.clock.sleep_until(self.clock.now() + _BREATH_MS)

    async def close(self) -> None:
        """End every task, leave the mark of an orderly end, and write what is kept."""
        self._unwatch()
        while left := [task for task in self._tasks if not task.done()]:
            for task in left:  # a library may lose a cancellation: it is told again until it ends
                task.cancel()
            await asyncio.wait(left, timeout=_AGAIN_S)
        if self.spine.lost is None:
            self.spine.note(Severity.NOTE, "stop", "engine stops in order")
            await self.spine.durable()

    # -- tasks -----------------------------------------------------------------------------------------------------

    def _supervise(self, name: str, work: Callable[[], Awaitable[None]], *, again: bool = True) -> None:
        self._spawn(self._supervised(name, work, again), name)

    def _spawn(self, work: Awaitable[None], name: str) -> None:
        task = asyncio.ensure_future(work)
        self._tasks[task] = name
        task.add_done_callback(self._task_ended)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (broken := task.exception()) is not None:
            self._end(broken)

    def _end(self, broken: BaseException) -> None:
        self._fatal = self._fatal or broken
        self._ended.set()

    async def _supervised(self, name: str, work: Callable[[], Awaitable[None]], again: bool) -> None:
        while True:
            try:
                await work()
                return
            except _FATAL:
                raise
            except Exception as broken:  # the supervisor: halts, says so, and lets cancels go on
                text = f"{name} broke: {type(broken).__name__}: {broken}"
                self.spine.note(Severity.CRITICAL, "supervisor", text)
                self.spine.latch(KillLevel.HALT, text, "supervisor")
            if not again:
                return
            await self.clock.sleep_until(self.clock.now() + _RESTART_MS)

    def _submit(self, approved: Approved) -> None:
        road = self.roads[venue_of(approved.request.instrument)]
        self._supervise(f"order {approved.client_id}", lambda: road.send(approved), again=False)

    def _cancel(self, command: CancelOrder) -> None:
        road = self.roads[venue_of(command.instrument)]
        self._supervise(f"cancel {command.client_id}", lambda: road.cancel(command), again=False)

    async def _hear_market(self, source: AsyncIterator[Event]) -> None:
        async for event in source:
            if isinstance(event, MARKET_TYPES):
                self._stall.refreshed(event)
                if self._on_market is not None:
                    self._on_market(event)
            elif not isinstance(event, LinkChanged):
                continue
            self.spine.take(event)
            self.market_events += 1
            if self.market_events % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        self.spine.note(Severity.ALERT, "feed", "the market data ended")

    async def _tick(self) -> None:
        while True:
            now = self.clock.now()
            await self.clock.sleep_until(min(max(self.engine.next_due(), now + 1), now + _TIMER_MS))
            self.spine.take(TimerFired(ts=self.clock.now()))

    def _ask(self, command: Assess) -> None:
        self._questions.append(command)
        self._asked.set()

    async def _think(self) -> None:
        """Answer one question after the other as asked: later topics read the reports of earlier ones."""
        while True:
            while self._questions:
                command = self._questions.popleft()
                answer = await asyncio.to_thread(self.spine.assessor.answer, command, self.clock.now())
                self.spine.take(answer)
            await self._asked.wait()
            self._asked.clear()

    async def _watch_kill(self) -> None:
        while True:
            self.spine.hear_flag()
            await self.clock.sleep_until(self.clock.now() + self._kill_poll_ms)

    async def _write(self) -> None:
        """Write what the tasks leave behind: answers, fills, decisions. A store that fails is tried again."""
        while True:
            await self.spine.unwritten.wait()
            self.spine.unwritten.clear()
            if not await self.spine.durable():
                self.spine.unwritten.set()
                await self.spine.mend_store()
                await self.clock.sleep_until(self.clock.now() + _RETRY_WRITE_MS)

    async def _hear_requests(self, requested: asyncio.Event) -> None:
        while True:
            while self.inbox:
                self.spine.take(self.inbox.popleft())
            await requested.wait()
            requested.clear()


def _wake(loop: asyncio.AbstractEventLoop, requested: asyncio.Event) -> None:
    loop.call_soon_threadsafe(requested.set)
