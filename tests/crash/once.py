"""A one-shot order as a process of its own, over the fake venue: it waits for the lock, sends one order and ends."""

from __future__ import annotations

import asyncio
import os
import traceback
from decimal import Decimal
from pathlib import Path

from tests.crash.desk import build
from tests.crash.engine import Orders, Points, opened_ledger
from tests.fakevenue.client import SocketExecution, SocketMarket
from tests.fakevenue.walk import BTC
from tradecli.domain.enums import OrderType, Side
from tradecli.domain.order import OrderRequest
from tradecli.engine.clock import SystemClock
from tradecli.engine.live import Before, Live
from tradecli.engine.once import place_once, raise_unless_placed
from tradecli.engine.restore import restore_engine
from tradecli.store.killswitch import KillSwitch
from tradecli.store.lock import HeldLease, ProcessLock
from tradecli.wiring.restart import read_past

LIMIT_PCT = 25.0
"""Of 100,000 and at 60,000: room for four orders of 0.1."""
_WAIT_MS = 50_000


async def _main(folder: Path, port: int, qty: Decimal, point: str, wait_ms: int) -> None:
    clock, points = SystemClock(), Points(point, 1)
    lock = ProcessLock(folder / "ledger.lock")
    await lock.acquire_within(wait_ms, clock)
    ledger, run_id, seq = await opened_ledger(Orders(folder=folder, port=port), points)
    try:
        fence = await ledger.take_lease(str(os.getpid()))
        market = SocketMarket(port)
        engine, assessor = build(await market.instruments(), max_symbol_pct=LIMIT_PCT)
        past = read_past(folder / "ledger.db", run_id, seq, clock.now())
        restore_engine(engine, past)
        live = Live(
            engine,
            assessor,
            {"binance": SocketExecution(port, clock, points)},
            clock,
            ledger,
            HeldLease(fence, lock),
            KillSwitch(folder / "kill.json"),
            before=Before(latches=past.latches, crashes=past.crashes),
            point=points,
        )
        request = OrderRequest(
            instrument=BTC,
            side=Side.BUY,
            qty=qty,
            type=OrderType.LIMIT,
            price=Decimal(59_000),
            source="operator",
        )
        order = await place_once(live, market.stream(()), request)
    finally:
        await ledger.close()
        lock.release()
    raise_unless_placed(order)


def start(folder: Path, port: int, qty: Decimal, point: str, wait_ms: int = _WAIT_MS) -> int:
    """Fork a one-shot; return its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        told = os.open(folder / "engine.err", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(told, 1)
        os.dup2(told, 2)
        asyncio.run(_main(folder, port, qty, point, wait_ms))
        code = 0
    except BaseException as error:
        traceback.print_exc()
        code = getattr(error, "exit_code", 1)
    finally:
        os._exit(code)
