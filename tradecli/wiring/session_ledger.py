"""The ledger of a session in a thread of its own: locked before the thread starts, opened on the engine's loop.

The lock is what keeps a second engine out; the fence that is taken with the lease goes with every commit. A session
that runs beside it hands its steps in as to any store.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Sequence

from tradecli import codec
from tradecli.config.place import Place
from tradecli.domain.commands import Step
from tradecli.domain.decision import Decision
from tradecli.engine.snapshot import Snapshot
from tradecli.engine.summary import desk_status
from tradecli.errors import StoreFault
from tradecli.ports import Store
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import HeldLease, ProcessLock
from tradecli.wiring.parts import ACCOUNT


class SessionLedger:
    """``acquire`` first, ``open`` and ``close`` on the engine's loop.

    ``continues``: the account lives on, so the newest run of the file is gone on with, and ``run`` is begun only where
    there is none. ``run_id`` and ``newest``, the number of its newest step, are known once it is open.
    """

    def __init__(self, place: Place, run: Run, *, continues: bool = False) -> None:
        self.path = place.ledger
        self.run = run
        self.run_id = run.run_id
        self.newest = 0
        self._continues = continues
        self.lock = ProcessLock(place.ledger.with_suffix(".lock"))
        self.lease = HeldLease(0, self.lock)
        self._ledger: Ledger | None = None
        self._fence = 0

    def acquire(self) -> None:
        """Keep every other engine out, or raise ``LockHeld``."""
        self.lock.acquire()

    async def open(self) -> None:
        """Open the file, enter or go on with the run, and take the lease."""
        self._ledger = await Ledger.open(self.path, mode=self.run.mode, account=ACCOUNT)
        if self._continues:
            self.run_id, self.newest = await self._ledger.continue_run(self.run)
        else:
            await self._ledger.begin_run(self.run)
        self._fence = await self._ledger.take_lease(str(os.getpid()))

    async def reopen(self) -> tuple[Store, int]:
        """Open the file again after a fault of the disk; return what to write to, and its newest step (S03)."""
        if self._ledger is not None:
            await self._ledger.close()
            self._ledger = None
        await self.open()
        return self, self.newest

    def steps(self, run_id: str) -> AsyncIterator[Step]:
        """Return the kept steps of a run, as the file has them."""
        return self._opened().steps(run_id)

    async def decisions(
        self, run_id: str, *, limit: int = 100, until: int | None = None
    ) -> Sequence[Decision]:
        """Return the newest decisions of a run, newest first."""
        return await self._opened().decisions(run_id, limit=limit, until=until)

    def _opened(self) -> Ledger:
        if self._ledger is None:
            raise StoreFault("the ledger is not open yet", path=str(self.path), number=132)
        return self._ledger

    async def commit(self, steps: Sequence[Step], fence: int) -> None:
        """Hand steps to the ledger under the fence that was taken on this loop."""
        await self._opened().commit(steps, self._fence)

    async def beat(self, snapshot: Snapshot) -> None:
        """Leave a sign of life for commands that look from outside."""
        if self._ledger is not None:
            body = codec.encode(desk_status(snapshot))
            await self._ledger.beat(snapshot.at, time.time_ns() // 1_000_000, body)

    async def close(self) -> None:
        """Close the file and let the next engine in."""
        if self._ledger is not None:
            await self._ledger.close()
        self.lock.release()
