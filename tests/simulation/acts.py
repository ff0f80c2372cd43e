"""What people, programs and the surroundings do to a running engine, at the moments that the seed names.

Each act of ``options.ACTS`` is a method of its name; it acts as what it stands for would, from outside the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulation import desk
from tests.simulation.checks import Violation
from tests.simulation.disk import DiskConnection
from tests.simulation.options import Act
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, OrderType, Side
from tradecli.domain.events import CancelAsked, OrderAsked
from tradecli.domain.order import OrderRequest
from tradecli.errors import NotFound, TradecliError
from tradecli.store.killswitch import KillSwitch
from tradecli.store.reader import LedgerReader

if TYPE_CHECKING:
    from tests.simulation.world import World

D = Decimal


class Acts:
    """The acts of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operator_keys = 0

    async def run(self) -> None:
        """Do every act when its time has come."""
        for act in self.world.options.acts:
            await self.world.clock.sleep_until(self.world.options.start + act.at)
            if await getattr(self, act.name)(act) is not False:
                self.world.faults.counts[act.name] += 1

    def _later(self, act: Act) -> int:
        return self.world.clock.now() + act.for_ms

    async def disconnect(self, act: Act) -> bool:
        was_up = self.world.wire.line is not None
        self.world.wire.cut()
        return was_up

    async def silence(self, act: Act) -> None:
        self.world.faults.silent_until = self._later(act) + 5_000

    async def maintenance(self, act: Act) -> None:
        self.world.faults.down_until = self._later(act) + 2_000
        self.world.wire.cut()

    async def venue_cancels(self, act: Act) -> bool:
        return self.world.twin.unsolicited_cancel(self.world.clock.now())

    async def foreign_trade(self, act: Act) -> None:
        side = self.world.rng.choice((Side.BUY, Side.SELL))
        self.world.twin.foreign_trade(desk.A, side, D("0.011"), self.world.clock.now())

    async def overfill(self, act: Act) -> bool:
        now, twin = self.world.clock.now(), self.world.twin
        return any(twin.overfill(name, now) for name in reversed(list(twin.orders)))

    async def funding(self, act: Act) -> bool:
        before = len(self.world.twin.income)
        self.world.twin.fund(desk.A, D("0.0001"), self.world.clock.now())
        return len(self.world.twin.income) > before

    async def store_full(self, act: Act) -> bool:
        return await self._store(act, "full")

    async def store_locked(self, act: Act) -> bool:
        return await self._store(act, "locked")

    async def store_io(self, act: Act) -> bool:
        return await self._store(act, "io")

    async def _store(self, act: Act, fault: str) -> bool:
        before = self.world.disk.hits
        self.world.disk.begin(fault)
        await self.world.clock.sleep_until(self._later(act))
        self.world.disk.end()
        await self.release_after(500)
        return self.world.disk.hits > before

    async def kill(self, act: Act) -> None:
        level = self.world.rng.choice((KillLevel.PAUSE, KillLevel.REDUCE, KillLevel.CANCEL, KillLevel.HALT))
        await self._set_level(act, level)

    async def flatten(self, act: Act) -> None:
        await self._set_level(act, KillLevel.FLATTEN)

    async def _set_level(self, act: Act, level: KillLevel) -> None:
        """Set a level as ``tradecli kill`` does, from another process: the file alone."""
        latch = Latch(level=level, scope=Scope(), reason="drill", by="operator", at=self.world.clock.now())
        KillSwitch(self.world.flag).set(latch)
        await self.release_after(act.for_ms)

    async def release_after(self, ms: int) -> None:
        """Release by hand whatever is latched, after a while."""
        await self.world.clock.sleep_until(self.world.clock.now() + ms)
        switch = KillSwitch(self.world.flag)
        for scope in {latch.scope for latch in switch.load()}:
            with contextlib.suppress(NotFound):
                self.world.checks.operator_released(switch.release(scope))
        self.world.departures.released()

    async def operator_order(self, act: Act) -> bool:
        """Ask for an order twice with one key (O03)."""
        live = self.world.process.live if self.world.process is not None else None
        if live is None:
            return False
        self.operator_keys += 1
        bid, ask = self.world.twin.quotes[desk.B]
        side = self.world.rng.choice((Side.BUY, Side.SELL))
        request = OrderRequest(
            instrument=desk.B, side=side, qty=D("0.010"), type=OrderType.LIMIT, source="manual",
            price=ask + 5 if side is Side.BUY else bid - 5,
        )  # fmt: skip
        for _ in range(2):
            live.inbox.append(
                OrderAsked(request=request, ts=self.world.clock.now(), key=f"k{self.operator_keys}")
            )
        return True

    async def operator_cancel(self, act: Act) -> bool:
        live = self.world.process.live if self.world.process is not None else None
        if live is not None:
            live.inbox.append(
                CancelAsked(client_id="no-such-order", ts=self.world.clock.now(), reason="wrong")
            )
            live.inbox.append(CancelAsked(client_id=None, ts=self.world.clock.now(), reason="all"))
        return live is not None

    async def cron(self, act: Act) -> None:
        """Read beside the engine as one-shot commands do (M05)."""
        try:
            with LedgerReader(self.world.path) as reader:
                if reader.runs():
                    reader.positions("sim")
                    reader.orders("sim", limit=50)
                    self.world.checks.holds("INV-20", reader.verify("sim").ok, "read beside the engine")
        except TradecliError as wrong:
            if self.world.disk.fault != "locked":
                raise Violation(f"M05: {wrong}") from wrong

    async def second_writer(self, act: Act) -> None:
        """Take the lease as a second engine would: the first must find out before anything leaves (M04)."""
        if self.world.rng.random() < 0.5:
            self.world.steals_at_mark = True  # between the send mark and the bytes: only the gate can see it
        else:
            self.steal_lease()

    def steal_lease(self) -> None:
        """Write to the ledger what another engine writes first."""
        other = DiskConnection(self.world.disk)
        try:
            other._db.execute("UPDATE lease SET fence = fence + 1, holder = 'other'")
        finally:
            other.drop()

    async def stall(self, act: Act) -> None:
        asyncio.get_running_loop().move(4.0 + act.for_ms / 1000)  # type: ignore[attr-defined]

    async def topic_breaks(self, act: Act) -> None:
        self.world.whims.breaks = True
        await self.release_after(act.for_ms)
