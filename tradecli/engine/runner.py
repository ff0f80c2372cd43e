"""The shell around the engine on told time: demo, replay and backtests.

It merges three streams in the order of time (what the market shows, what the paper venue answers, what is due by
the clock), feeds each event to ``Engine.process`` and carries out what comes back. At equal times the venue's
answers come first, then the market, then the timers.

An order is carried like this: the step with its intent is kept, the send mark is kept, the gate looks once more,
and only then does the venue get it. With ``durable`` every one of these is on disk before the next; without it, for
unpaced runs that are a function of their seed and can be repeated, they are written in batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from tradecli.domain.commands import Assess, CancelOrder, Command, Notify, Record, SetLatch, SubmitOrder
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import StrategyState
from tradecli.domain.events import (
    AccountEvent,
    Assessed,
    CancelAsked,
    Event,
    LatchReleased,
    LatchSet,
    LinkChanged,
    OrderSending,
    OrderVoided,
    StrategySet,
    TimerFired,
    Transferred,
)
from tradecli.domain.market import MARKET_TYPES, MarketEvent, available_at
from tradecli.domain.order import Approved
from tradecli.engine.assess import Assessor
from tradecli.engine.clock import SimulatedClock
from tradecli.engine.core import Engine
from tradecli.engine.execute import closing_orders
from tradecli.engine.gate import last_look
from tradecli.engine.keeping import Keeper, without_secrets
from tradecli.ports import Clock, KillFlag, Lease, Store

_BATCH = 1_000
_BREATHE = 2_000


class ToldVenue(Protocol):
    """A paper venue that is told the time."""

    def deposits(self, ts: int) -> tuple[Transferred, ...]: ...
    def submit(self, approved: Approved, at: int) -> None: ...
    def cancel(self, client_id: str, at: int) -> None: ...
    def on_market(self, event: MarketEvent, at: int) -> None: ...
    def next_at(self) -> int | None: ...
    def due(self, until: int) -> list[AccountEvent]: ...


class Runner:
    """Runs one engine on told time until its source ends, ``until`` is reached or it is asked to stop."""

    def __init__(
        self,
        engine: Engine,
        assessor: Assessor,
        venue: ToldVenue,
        clock: SimulatedClock,
        store: Store,
        lease: Lease,
        kill: KillFlag,
        *,
        durable: bool,
        keep_reports: bool,
        real: Clock | None = None,
    ) -> None:
        """``real`` is the clock of a live market: events are known when they are heard, whatever their venue says."""
        self.engine = engine
        self.assessor = assessor
        self.venue = venue
        self.clock = clock
        self.keeper = Keeper(engine, store, lease, keep_reports=keep_reports)
        self.heard = self.keeper.heard
        self.lease = lease
        self.kill = kill
        self.durable = durable
        self.real = real
        self.inbox: deque[Event] = deque()
        self.market_events = 0
        self.stopping = False
        self._follow: deque[Event] = deque()
        self._on_disk: tuple[Latch, ...] = ()
        self.on_breath: Callable[[], Awaitable[None]] | None = None

    def mismatch(self, scope: Scope) -> str | None:
        """Return None: on told time the venue is ours, and its books are what ours are made of."""
        return None

    async def run(self, source: AsyncIterator[Event], start: int, until: int | None) -> None:
        """Run from ``start``; ``source`` yields market and link events in the order they became known."""
        self.clock.tell(start)
        await self._load_kill(start)
        for deposit in self.venue.deposits(start):
            await self._take(deposit, start)
        async for event in source:
            known_at = available_at(event) if isinstance(event, MARKET_TYPES) else self.clock.now()
            if isinstance(event, LinkChanged):
                known_at = event.ts
            if self.real is not None:
                known_at = self.real.now()
            at = max(known_at, self.clock.now())
            if self.stopping or (until is not None and at >= until):
                break
            answer_at = self.venue.next_at()
            waits = answer_at is not None and answer_at <= at
            if waits or self.inbox or self.engine.next_due() < at:
                await self._advance(at)
            if self.clock.speed is not None and self.clock.ahead_ms(at) > 0:
                await self._pause(at)
            self.clock.tell(at)
            await self._take(event, at)
            self.market_events += 1
            if self.market_events % _BREATHE == 0 or isinstance(event, TimerFired):
                await self._breathe()
        end = until if until is not None and not self.stopping else self.clock.now()
        await self._advance(end)
        self.clock.tell(end)
        await self.flush()

    async def cancel_all(self, reason: str, within_ms: int) -> None:
        """Switch the strategies off, cancel what rests and take in the answers: an orderly end."""
        now = self.clock.now()
        for strategy in sorted(self.engine.state.strategies):
            off = StrategySet(strategy=strategy, state=StrategyState.OFF, reason=reason, ts=now)
            await self._take(off, now)
        await self._take(CancelAsked(client_id=None, ts=now, reason=reason), now)
        await self._advance(now + within_ms, timers=False)
        await self.flush()

    async def close_positions(self, reason: str, within_ms: int) -> None:
        """Ask for the opposite of every perpetual position, reduce-only and at once, and take in the answers."""
        now = self.clock.now()
        for asked in closing_orders(self.engine.state, now, reason):
            await self._take(asked, now)
        await self._advance(now + within_ms, timers=False)
        await self.flush()

    async def close(self) -> None:
        """Write what is left: nothing else of this shell runs on."""
        await self.flush()

    async def flush(self) -> None:
        """Write what is kept and not yet written."""
        if self.keeper.waiting:
            await self.keeper.flush()

    # -- time ------------------------------------------------------------------------------------------------------

    async def _advance(self, to: int, *, timers: bool = True) -> None:
        """Deliver the venue's answers up to ``to`` and the timers before it."""
        while True:
            await self._drain_inbox()
            answer_at = self.venue.next_at()
            due_at = max(self.engine.next_due(), self.clock.now())
            first = min(due_at, to) if timers else to
            if answer_at is not None and answer_at <= first:
                self.clock.tell(answer_at)
                for answer in self.venue.due(answer_at):
                    await self._take(answer, self.clock.now())
            elif timers and due_at < to:
                self.clock.tell(due_at)
                await self._take(TimerFired(ts=due_at), due_at)
            else:
                return

    async def _pause(self, until: int) -> None:
        """Let real time catch up, hearing requests meanwhile."""
        while not self.stopping and self.clock.ahead_ms(until) > 0:
            await asyncio.sleep(min(self.clock.ahead_ms(until), 20.0) / 1000)
            await self._breathe()

    async def _breathe(self) -> None:
        """Hear requests and kill flags, and let whoever watches take a look."""
        await self._drain_inbox()
        await self._poll_kill(self.clock.now())
        if self.on_breath is not None:
            await self.on_breath()
        await asyncio.sleep(0)

    async def _drain_inbox(self) -> None:
        while self.inbox:
            await self._take(self.inbox.popleft(), self.clock.now())

    # -- events and commands ---------------------------------------------------------------------------------------

    async def _take(self, event: Event, at: int) -> None:
        """Process one event and everything that follows from it at the same moment."""
        if isinstance(event, MARKET_TYPES):
            self.venue.on_market(event, at)
        else:
            event = without_secrets(event)
        follow = self._follow
        commands = self.engine.process(event, at)
        if commands or self.engine.touched or isinstance(event, LinkChanged):
            self.keeper.keep(event, at, commands)
        if commands:
            await self._carry_out(commands, at)
        while follow:
            event = follow.popleft()
            commands = self.engine.process(event, at)
            self.keeper.keep(event, at, commands)
            if commands:
                await self._carry_out(commands, at)
        if self.keeper.waiting >= _BATCH:
            await self.flush()

    async def _carry_out(self, commands: Sequence[Command], at: int) -> None:
        for command in commands:
            match command:
                case Assess():
                    self._follow.append(await self._answer(command, at))
                case SubmitOrder(approved=approved):
                    await self._submit(approved, at)
                case CancelOrder(client_id=client_id):
                    if self.durable:
                        await self.flush()
                    self.venue.cancel(client_id, at)
                case SetLatch(latch=latch):
                    self.kill.set(latch)
                    self._on_disk = self.kill.load()
                    self._follow.append(LatchSet(latch=latch, ts=at))
                case Record() | Notify():
                    pass

    async def _answer(self, command: Assess, at: int) -> Assessed:
        """Let a topic think: beside the loop while sockets are read on it, in line otherwise."""
        if self.real is None:
            return self.assessor.answer(command, at)
        return await asyncio.to_thread(self.assessor.answer, command, at)

    async def _submit(self, approved: Approved, at: int) -> None:
        """Keep the intent, keep the send mark, look once more, send. In that order, always."""
        if self.durable:
            await self.flush()
        mark = OrderSending(client_id=approved.client_id, ts=at)
        commands = self.engine.process(mark, at)
        self.keeper.keep(mark, at, commands)
        if self.durable:
            await self.flush()
        void = self._last_look(approved, at)
        if void is None:
            self.venue.submit(approved, at)
        else:
            self._follow.append(OrderVoided(client_id=approved.client_id, ts=at, reason=void))
        if commands:
            await self._carry_out(commands, at)

    def _last_look(self, approved: Approved, at: int) -> str | None:
        if self.kill.changed():
            self._on_disk = self.kill.load()
        return last_look(
            approved,
            state=self.engine.state,
            freshness=self.engine.breakers.freshness,
            limits=self.engine.desk.limits,
            latches=self._on_disk,
            lease_held=self.lease.held(),
            at=at,
            closing=approved.request.source == "flatten",
        )

    # -- kill flag -------------------------------------------------------------------------------------------------

    async def _load_kill(self, at: int) -> None:
        self._on_disk = self.kill.load()
        await self._tell_latches(at)

    async def _poll_kill(self, at: int) -> None:
        """Hear of latches that another process set or released."""
        if self.kill.changed():
            self._on_disk = self.kill.load()
            await self._tell_latches(at)

    async def _tell_latches(self, at: int) -> None:
        known = set(self.engine.state.latches)
        for latch in self._on_disk:
            if latch not in known:
                await self._take(LatchSet(latch=latch, ts=at), at)
        kept = {latch.scope for latch in self._on_disk}
        for scope in sorted({latch.scope for latch in known} - kept, key=str):
            await self._take(LatchReleased(scope=scope, reason="released by another process", ts=at), at)
