"""Everything of one seed that outlives a process: venue, market, disk, flag, checker; and the run through both phases.

Everything runs on one virtual loop: faults first, then rest. Each time an engine ends or is killed, the next one
starts from the file that it left.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tests.fakes.virtual import VirtualClock
from tests.fakevenue.core import Venue
from tests.simulation import desk, rest
from tests.simulation.acts import Acts
from tests.simulation.checks import Checks, Violation
from tests.simulation.departure import Departures
from tests.simulation.disk import Disk
from tests.simulation.market import Market
from tests.simulation.options import Options
from tests.simulation.process import Process
from tests.simulation.wire import Killed, Switchboard, Wire
from tradecli.domain.enums import Mode, StrategyState
from tradecli.domain.events import CancelAsked, StrategySet
from tradecli.errors import LockHeld, StoreFault
from tradecli.store.ledger import Run

D = Decimal
HEAL_MS = 120_000
_POLL_MS = 1_000


class World:
    """Everything of one seed that outlives a process."""

    def __init__(self, options: Options, folder: Path, clock: VirtualClock) -> None:
        self.options = options
        self.clock = clock
        self.path = folder / "ledger.db"
        self.flag = folder / "kill.json"
        self.rng = Random(f"world {options.seed}")
        self.faults = Switchboard(Random(f"faults {options.seed}"), options.rates)
        self.twin = Venue("twin", desk.INSTRUMENTS, Random(f"twin {options.seed}"), takers_whole=True)
        self.wire = Wire(self.twin, clock, self.faults)
        self.market = Market(self.twin, clock, self.faults, desk.STARTS)
        self.disk = Disk(self.path, Random(f"disk {options.seed}"))
        self.whims = desk.Whims()
        self.checks = Checks(self.twin, clock.now, self.path, self.flag)
        self.departures = Departures(self.checks)
        self.wire.at_venue = self.departures.at_venue
        self.market.at_book = self.checks.holds
        self.crashes = list(options.crashes)
        self.process: Process | None = None
        self.restarts = 0
        self.steals_at_mark = False
        self.acts = Acts(self)
        self.run = Run(
            run_id="sim", mode=Mode.PAPER, started=options.start, seed=options.seed, config_digest="sim",
            config={}, data={"source": "simulation"}, code="sim",
        )  # fmt: skip

    # -- what the engine's surroundings call -----------------------------------------------------------------------

    def leaving(self, approved: Any, at: int) -> None:
        self.departures.leaving(approved, at)

    def point(self, name: str) -> None:
        """Kill the process at a planned point; a dead process does not get this far."""
        if self.process is None or self.process.dead:
            raise Killed
        if name == "mark.durable" and self.steals_at_mark and self.faults.armed:
            self.steals_at_mark = False
            self.acts.steal_lease()
        if not self.crashes or not self.faults.armed or self.crashes[0][0] != name:
            return
        left = self.crashes[0][1] - 1
        self.crashes[0] = (name, left)
        if left <= 0:
            self.crashes.pop(0)
            self.faults.counts[name] += 1
            self.faults.counts["crash"] += 1
            self.process.dead = self.process.execution.dead = True
            if self.process.connection is not None:
                self.process.connection.dead = True
            raise Killed

    # -- a run -----------------------------------------------------------------------------------------------------

    async def live_through(self) -> tuple[str, int]:
        """Run both phases; return the audit head and how long healing took."""
        self.market.move()
        self.twin.deposit(D(100_000), self.clock.now())
        moving = asyncio.ensure_future(self.market.run())
        engine = asyncio.ensure_future(self._engines())
        acting = asyncio.ensure_future(self.acts.run())
        try:
            await self._until(self.options.start + self.options.fault_ms, engine)
            acting.cancel()
            self._heal()
            await self.acts.release_after(0)
            healed = await self._rest(engine)
        finally:
            for task in (acting, engine, moving):
                task.cancel()
            await asyncio.gather(acting, engine, moving, return_exceptions=True)
        return rest.verify(self), healed

    async def _until(self, ts: int, engine: asyncio.Future[None]) -> None:
        while self.clock.now() < ts:
            await self.clock.sleep_until(min(ts, self.clock.now() + _POLL_MS))
            if engine.done():
                engine.result()
            if self.checks.first:
                raise Violation(self.checks.first)

    async def _engines(self) -> None:
        """Start the engine again each time it ends."""
        while True:
            process = self.process = Process(self)
            killed = True
            try:
                await process.run(self.market.stream(), 1 << 62)
            except Killed:
                pass
            except (LockHeld, StoreFault):
                killed = False
            finally:
                process.dead = True
                await process.end(killed=killed)
                self.wire.held_back.clear()
            self.restarts += 1
            await self.clock.sleep_until(self.clock.now() + self.rng.randint(100, 2_000))

    def _heal(self) -> None:
        self.faults.armed = False
        self.faults.down_until = self.faults.silent_until = self.market.frozen_until = 0
        self.market.step_ms = 1_000
        self.disk.end()
        if self.market._link_down:
            self.market._link_down = True  # the next step brings it up

    async def _rest(self, engine: asyncio.Future[None]) -> int:
        """Let everything come to rest; return how long it took. What does not within the time is a violation."""
        begun = self.clock.now()
        last = "INV-25: the engine does not open again"
        while self.clock.now() - begun < HEAL_MS:
            await self._until(self.clock.now() + 2_000, engine)
            self._withdraw()
            await self._until(self.clock.now() + 1_500, engine)
            live = self.process.live if self.process is not None else None
            if live is None or not all(r.open for r in live.recoveries.values()) or live.keeper.waiting:
                continue
            last = rest.rested(self.checks)
            if not last:
                return self.clock.now() - begun
        raise Violation(last)

    def _withdraw(self) -> None:
        """Ask for rest: strategies off, everything cancelled."""
        live = self.process.live if self.process is not None else None
        if live is None or self.process is None or self.process.dead:
            return
        now = self.clock.now()
        for name in ("grid", "swing"):
            if live.engine.state.strategies[name] is not StrategyState.OFF:
                off = StrategySet(strategy=name, state=StrategyState.OFF, reason="rest", ts=now)
                live.inbox.append(off)
        if live.engine.state.account.live:
            live.inbox.append(CancelAsked(client_id=None, ts=now, reason="rest"))
