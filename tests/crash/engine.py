"""One engine process of a crash run: the real store, lock, kill flag and shell over the fake venue's socket.

It is started by a fork of a process that has everything imported, so that a run costs what the engine costs. It kills
itself at the point it was told, without a word to anybody: ``SIGKILL``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
import traceback
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec

from tests.crash.desk import PREFIX, Trader, build
from tests.fakevenue.client import SocketExecution, SocketMarket
from tradecli.domain.enums import Mode, OrderStatus
from tradecli.domain.events import CancelAsked
from tradecli.engine.clock import SystemClock
from tradecli.engine.live import Before, Live
from tradecli.engine.pace import Pace
from tradecli.engine.restore import restore_engine
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import HeldLease, ProcessLock
from tradecli.wiring.restart import read_past

ACCOUNT = "crash"
VENUE = "binance"


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine process is to do. ``settle``: trade nothing, bring everything to rest and end in order."""

    folder: Path
    port: int
    point: str = ""
    count: int = 1
    seed: int = 1
    per_s: float = 60.0
    for_s: float = 60.0
    settle: bool = False
    resting: bool = False
    prefix: str = PREFIX
    pace_per_s: int = 200
    hang_s: float = 0.0
    """Block the event loop for so long at each SIGUSR1."""


class Points:
    """The named moments; the process is killed when it comes to its own."""

    def __init__(self, point: str, count: int) -> None:
        self.point = point
        self.left = count

    def __call__(self, name: str) -> None:
        if name == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class KilledStore(aiosqlite.Connection):
    """The ledger's connection with moments inside its transactions (P07)."""

    points: Points

    def execute(self, sql: str, parameters: Any = None) -> Any:
        if sql == "COMMIT":
            self.points("store.inside")
        return super().execute(sql, parameters)


def connect(points: Points) -> Any:
    """Return what opens the ledger's connection."""

    async def opened(path: Path, **more: Any) -> aiosqlite.Connection:
        connection = KilledStore(lambda: sqlite3.connect(path, **more), 64)
        connection.points = points
        return await connection

    return opened


async def opened_ledger(orders: Orders, points: Points) -> tuple[Ledger, str, int]:
    """Open the ledger of a run; return it with the run's id and the number of its newest step."""
    path = orders.folder / "ledger.db"
    ledger = await Ledger.open(path, mode=Mode.PAPER, account=ACCOUNT, connect=connect(points))
    run = Run(
        run_id="crash", mode=Mode.PAPER, started=SystemClock().now(), seed=None, config_digest="crash", config={},
        data={"source": "fake venue"}, code="crash",
    )  # fmt: skip
    return ledger, *await ledger.continue_run(run)


async def _main(orders: Orders) -> None:
    points = Points(orders.point, orders.count)
    lock = ProcessLock(orders.folder / "ledger.lock")
    lock.acquire()
    path, clock = orders.folder / "ledger.db", SystemClock()
    ledger, run_id, seq = await opened_ledger(orders, points)
    lease = HeldLease(await ledger.take_lease(str(os.getpid())), lock)
    market = SocketMarket(orders.port)
    engine, assessor = build(await market.instruments(), prefix=orders.prefix)
    past = read_past(path, run_id, seq, clock.now())
    restore_engine(engine, past)
    execution = SocketExecution(orders.port, clock, points)
    live = Live(
        engine,
        assessor,
        {VENUE: execution},
        clock,
        ledger,
        lease,
        KillSwitch(orders.folder / "kill.json"),
        before=Before(latches=past.latches, crashes=past.crashes),
        pace=Pace(clock, orders.pace_per_s),
        point=points,
    )
    trader = Trader(live, orders.seed, orders.per_s, resting=orders.resting)
    side = asyncio.create_task(_settle(live) if orders.settle else trader.trade())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, time.sleep, orders.hang_s)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, _end, live)
    await live.run(market.stream(()), clock.now(), clock.now() + int(1000 * orders.for_s))
    side.cancel()
    if not orders.settle:
        await live.cancel_all("signal", 8_000)
    await live.close()
    await ledger.close()
    lock.release()
    if orders.settle and not _at_rest(live):
        left = [f"{o.client_id} {o.status} {o.reason}" for o in engine.state.account.live.values()]
        raise RuntimeError(f"not at rest: open {[r.open for r in live.recoveries.values()]}, {left}")


def _end(live: Live) -> None:
    live.stopping = True


async def _settle(live: Live) -> None:
    """Cancel what works until nothing is left and the books are reconciled."""
    while True:
        await asyncio.sleep(0.1)
        if not all(recovery.open for recovery in live.recoveries.values()):
            continue
        working = list(live.engine.state.account.live.values())
        if not working and not live.keeper.waiting:
            await live.recoveries[VENUE].light_pass()
            if _at_rest(live):
                live.stopping = True
                return
        for order in working:
            if order.status is OrderStatus.OPEN and not order.cancel_pending:
                ask = CancelAsked(client_id=order.client_id, ts=live.clock.now(), reason="settle")
                live.inbox.append(ask)


def _at_rest(live: Live) -> bool:
    opened = all(recovery.open for recovery in live.recoveries.values())
    return opened and not live.engine.state.account.live and not live.keeper.waiting


def run(orders: Orders) -> None:
    """Run an engine in this process until it ends."""
    asyncio.run(_main(orders))


def start(orders: Orders) -> int:
    """Fork an engine; return its process id. What it says goes to ``engine.err`` of its folder."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        told = os.open(orders.folder / "engine.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(told, 1)
        os.dup2(told, 2)
        run(orders)
        code = 0
    except BaseException as error:
        traceback.print_exc()
        code = getattr(error, "exit_code", 1)
    finally:
        os._exit(code)


def wait(child: int, timeout_s: float) -> int | None:
    """Wait for a child; return its exit code (negative: the signal that ended it), None when it was too slow."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return None


def kill(child: int) -> None:
    """End a child at once, and reap it."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
