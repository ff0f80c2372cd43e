"""One life of an engine in the simulation: from its start out of the store to its end or its kill.

A kill is a ``Killed`` at a named point: from there on the process does nothing more, its connection to the store is
dropped, and what was not committed never happened.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulation import desk
from tests.simulation.disk import DiskConnection
from tests.simulation.wire import Killed, WiredExecution
from tradecli.domain.enums import Mode
from tradecli.engine.live import Before, Live
from tradecli.engine.restore import restore_engine
from tradecli.errors import StoreFault
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger
from tradecli.store.lock import FencedLease
from tradecli.store.reader import LedgerReader
from tradecli.wiring.restart import read_past

if TYPE_CHECKING:
    from tests.simulation.world import World


class Process:
    """One life of the engine over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.execution = WiredExecution(world.wire, world)
        self.connection: DiskConnection | None = None
        self.live: Live | None = None
        self.ledger: Ledger | None = None
        self.switch = KillSwitch(world.flag)
        self.lease: FencedLease | None = None
        self.dead = False

    async def _connect(self, path: Path, **_: object) -> Any:
        self.connection = DiskConnection(self.world.disk)
        return self.connection

    async def _open(self) -> Ledger:
        return await Ledger.open(self.world.path, mode=Mode.PAPER, account="sim", connect=self._connect)

    async def run(self, source: Any, until: int) -> None:
        """Start from the store and run; raises ``Killed`` or whatever ends an engine."""
        world = self.world
        self.ledger = await self._open()
        run_id, seq = await self.ledger.continue_run(world.run)
        fence = await self.ledger.take_lease("engine")
        self.lease = FencedLease(fence, world.path)
        engine, assessor = desk.build(world.whims)
        past = read_past(world.path, run_id, seq, world.clock.now())
        restore_engine(engine, past)
        self.live = Live(
            engine,
            assessor,
            {"twin": self.execution},
            world.clock,
            self.ledger,
            self.lease,
            self.switch,
            before=Before(latches=past.latches, crashes=past.crashes),
            point=world.point,
            kill_poll_ms=50,
            reopen=self._reopen,
        )
        world.checks.attach(self.live, fence)
        await self.live.run(source, world.clock.now(), until)

    async def _reopen(self) -> tuple[Any, int]:
        assert self.ledger is not None
        with contextlib.suppress(StoreFault, Killed):
            await self.ledger.close()
        self.ledger = await self._open()
        run_id, seq = await self.ledger.continue_run(self.world.run)
        with LedgerReader(self.world.path) as reader:
            if not reader.verify(run_id).ok:
                raise StoreFault("the audit chain does not hold", path=str(self.world.path), number=146)
        return self.ledger, seq

    async def end(self, *, killed: bool) -> None:
        """Let nothing of this process run on."""
        self.execution.dead = killed
        if self.connection is not None:
            self.connection.dead = killed
        if self.live is not None:
            tasks = list(self.live._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.world.wire.cut()
        if self.connection is not None:
            self.connection.drop()
        if self.lease is not None:
            self.lease.close()
