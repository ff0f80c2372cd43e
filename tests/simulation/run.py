"""One seed: engines come and go over one store and one venue, first through faults, then to rest.

Everything runs on one virtual loop. A kill is a ``Killed`` at a named point: from there on the process does nothing
more, its connection to the store is dropped, and a new engine starts from the file.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from tests.fakes.virtual import VirtualClock, run_virtually
from tests.fakevenue.core import Venue
from tests.simulation import desk
from tests.simulation.checks import Checks, Violation
from tests.simulation.disk import Disk, DiskConnection
from tests.simulation.market import Market
from tests.simulation.options import Act, Options
from tests.simulation.wire import Killed, Switchboard, Wire, WiredExecution
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, OrderType, Side, StrategyState
from tradecli.domain.events import CancelAsked, OrderAsked, StrategySet
from tradecli.domain.order import OrderRequest
from tradecli.engine.live import Before, Live
from tradecli.engine.restore import restore_engine
from tradecli.errors import LockHeld, NotFound, StoreFault, TradecliError
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import FencedLease
from tradecli.store.reader import LedgerReader
from tradecli.wiring.restart import read_past

D = Decimal
HEAL_MS = 120_000
_POLL_MS = 1_000


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed came to."""

    seed: int
    violation: str
    events: int
    orders: int
    fills: int
    restarts: int
    faults: dict[str, int]
    looked: dict[str, int]
    head: str
    healed_ms: int


class Process:
    """One life of the engine, from its start to its end or its kill."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.execution = WiredExecution(world.wire, world)
        self.connection = DiskConnection(world.disk)
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
        self.connection.dead = killed
        if self.live is not None:
            tasks = list(self.live._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.world.wire.cut()
        self.connection.drop()
        if self.lease is not None:
            self.lease.close()


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
        self.crashes = list(options.crashes)
        self.process: Process | None = None
        self.restarts = 0
        self.operator_keys = 0
        self.run = Run(
            run_id="sim", mode=Mode.PAPER, started=options.start, seed=options.seed, config_digest="sim",
            config={}, data={"source": "simulation"}, code="sim",
        )  # fmt: skip

    # -- what the engine's surroundings call -----------------------------------------------------------------------

    def leaving(self, approved: Any, at: int) -> None:
        self.checks.leaving(approved, at)

    def point(self, name: str) -> None:
        """Kill the process at a planned point; a dead process does not get this far."""
        if self.process is None or self.process.dead:
            raise Killed
        if not self.crashes or not self.faults.armed or self.crashes[0][0] != name:
            return
        left = self.crashes[0][1] - 1
        self.crashes[0] = (name, left)
        if left <= 0:
            self.crashes.pop(0)
            self.faults.counts[name] += 1
            self.faults.counts["crash"] += 1
            self.process.dead = True
            self.process.execution.dead = self.process.connection.dead = True
            raise Killed

    # -- a run -----------------------------------------------------------------------------------------------------

    async def live_through(self) -> tuple[str, int]:
        """Run both phases; return the audit head and how long healing took."""
        self.market.move()
        self.twin.deposit(D(100_000), self.clock.now())
        moving = asyncio.ensure_future(self.market.run())
        engine = asyncio.ensure_future(self._engines())
        acting = asyncio.ensure_future(self._act())
        try:
            await self._until(self.options.start + self.options.fault_ms, engine)
            acting.cancel()
            self._heal()
            await self._release_after(0)
            healed = await self._rest(engine)
        finally:
            for task in (acting, engine, moving):
                task.cancel()
            await asyncio.gather(acting, engine, moving, return_exceptions=True)
        head = await self._verify()
        return head, healed

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
            last = self.checks.rested()
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

    async def _verify(self) -> str:
        """Hold the file against itself: the chain, and one record for each change."""
        self.checks.let_go()
        with LedgerReader(self.path) as reader:
            verdict = reader.verify("sim")
        self.checks.holds("INV-20", verdict.ok, verdict.reason)
        self._rebuild()
        return verdict.head

    def _rebuild(self) -> None:
        """Build the books again from the file alone: they equal those that lived through it all."""
        lived = self.checks.engine
        assert lived is not None
        rebuilt, _ = desk.build(desk.Whims())
        restore_engine(rebuilt, read_past(self.path, "sim", 0, self.clock.now()))
        ours, again = lived.state.account, rebuilt.state.account
        for what in ("positions", "balances", "live", "booked", "deposits", "fees", "funding"):
            equal = getattr(ours, what) == getattr(again, what)
            self.checks.holds("INV-20", equal, f"{what} rebuilt from the file differ")
        for name, order in ours.final.items():
            self.checks.holds("INV-20", again.final.get(name) in (order, None), f"{name} rebuilt differs")
        ids = rebuilt.decider.ids >= max((int(name[3:11]) for name in self.twin.orders), default=0)
        self.checks.holds("INV-20", ids, "an id could be given out again")

    # -- what others do --------------------------------------------------------------------------------------------

    async def _act(self) -> None:
        for act in self.options.acts:
            await self.clock.sleep_until(self.options.start + act.at)
            self.faults.counts[act.name] += 1
            await getattr(self, f"_{act.name}")(act)

    def _later(self, act: Act) -> int:
        return self.clock.now() + act.for_ms

    async def _disconnect(self, act: Act) -> None:
        self.wire.cut()

    async def _silence(self, act: Act) -> None:
        self.faults.silent_until = self._later(act) + 5_000

    async def _maintenance(self, act: Act) -> None:
        self.faults.down_until = self._later(act) + 2_000
        self.wire.cut()

    async def _venue_cancels(self, act: Act) -> None:
        self.twin.unsolicited_cancel(self.clock.now())

    async def _foreign_trade(self, act: Act) -> None:
        side = self.rng.choice((Side.BUY, Side.SELL))
        self.twin.foreign_trade(desk.A, side, D("0.011"), self.clock.now())

    async def _overfill(self, act: Act) -> None:
        for name in reversed(list(self.twin.orders)):
            if self.twin.overfill(name, self.clock.now()):
                break

    async def _funding(self, act: Act) -> None:
        self.twin.fund(desk.A, D("0.0001"), self.clock.now())

    async def _store_full(self, act: Act) -> None:
        await self._store(act, "full")

    async def _store_locked(self, act: Act) -> None:
        await self._store(act, "locked")

    async def _store_io(self, act: Act) -> None:
        await self._store(act, "io")

    async def _store(self, act: Act, fault: str) -> None:
        self.disk.begin(fault)
        await self.clock.sleep_until(self._later(act))
        self.disk.end()
        await self._release_after(500)

    async def _kill(self, act: Act) -> None:
        level = self.rng.choice((KillLevel.PAUSE, KillLevel.REDUCE, KillLevel.CANCEL, KillLevel.HALT))
        await self._set_level(act, level)

    async def _flatten(self, act: Act) -> None:
        await self._set_level(act, KillLevel.FLATTEN)

    async def _set_level(self, act: Act, level: KillLevel) -> None:
        """Set a level as ``tradecli kill`` does, from another process: the file alone."""
        latch = Latch(level=level, scope=Scope(), reason="drill", by="operator", at=self.clock.now())
        KillSwitch(self.flag).set(latch)
        await self._release_after(act.for_ms)

    async def _release_after(self, ms: int) -> None:
        await self.clock.sleep_until(self.clock.now() + ms)
        switch = KillSwitch(self.flag)
        for scope in {latch.scope for latch in switch.load()}:
            with contextlib.suppress(NotFound):
                self.checks.operator_released(switch.release(scope))

    async def _operator_order(self, act: Act) -> None:
        """Ask for an order twice with one key (O03)."""
        live = self.process.live if self.process is not None else None
        if live is None:
            return
        self.operator_keys += 1
        bid, ask = self.twin.quotes[desk.B]
        side = self.rng.choice((Side.BUY, Side.SELL))
        request = OrderRequest(
            instrument=desk.B, side=side, qty=D("0.010"), type=OrderType.LIMIT, source="manual",
            price=ask + 5 if side is Side.BUY else bid - 5,
        )  # fmt: skip
        for _ in range(2):
            live.inbox.append(OrderAsked(request=request, ts=self.clock.now(), key=f"k{self.operator_keys}"))

    async def _operator_cancel(self, act: Act) -> None:
        live = self.process.live if self.process is not None else None
        if live is not None:
            live.inbox.append(CancelAsked(client_id="no-such-order", ts=self.clock.now(), reason="wrong"))
            live.inbox.append(CancelAsked(client_id=None, ts=self.clock.now(), reason="all"))

    async def _cron(self, act: Act) -> None:
        """Read beside the engine as one-shot commands do (M05)."""
        try:
            with LedgerReader(self.path) as reader:
                if reader.runs():
                    reader.positions("sim")
                    reader.orders("sim", limit=50)
                    self.checks.holds("INV-20", reader.verify("sim").ok, "read beside the engine")
        except TradecliError as wrong:
            if self.disk.fault != "locked":
                raise Violation(f"M05: {wrong}") from wrong

    async def _second_writer(self, act: Act) -> None:
        """Take the lease as a second engine would: the first must find out before anything leaves (M04)."""
        other = DiskConnection(self.disk)
        try:
            other._db.execute("UPDATE lease SET fence = fence + 1, holder = 'other'")
        finally:
            other.drop()

    async def _stall(self, act: Act) -> None:
        asyncio.get_running_loop().move(4.0 + act.for_ms / 1000)  # type: ignore[attr-defined]

    async def _topic_breaks(self, act: Act) -> None:
        self.whims.breaks = True
        await self._release_after(act.for_ms)


def run_seed(options: Options, folder: Path) -> Result:
    """Run one seed to its verdict."""
    found: dict[str, Any] = {}

    async def main(clock: VirtualClock) -> tuple[str, int]:
        world = found["world"] = World(options, folder, clock)
        try:
            return await world.live_through()
        finally:
            world.checks.let_go()

    violation, head, healed = "", "", 0
    try:
        head, healed = run_virtually(main, options.start)
    except Violation as wrong:
        violation = str(wrong)
    world: World = found["world"]
    return Result(
        seed=options.seed,
        violation=violation,
        events=world.checks.events,
        orders=sum(each.kind == "create" for each in world.twin.log),
        fills=len(world.twin.fills),
        restarts=world.restarts,
        faults=dict(Counter({name: n for name, n in world.faults.counts.items() if n})),
        looked=dict(world.checks.looked),
        head=head,
        healed_ms=healed,
    )
