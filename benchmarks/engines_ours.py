"""tradecli's side of ``benchmarks.engines``: the EMA cross as a topic, through the whole live path."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.engines import bars
from tradecli.components.base import Topic
from tradecli.domain.enums import InstrumentKind, Mode, StrategyState
from tradecli.domain.events import Event
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.intent import Intent, Target
from tradecli.domain.market import Candle
from tradecli.engine.assess import Assessor, Running, duties
from tradecli.engine.clock import SimulatedClock
from tradecli.engine.core import Desk, Engine
from tradecli.engine.plan import Strategy
from tradecli.engine.runner import Runner
from tradecli.engine.settings import PaperSettings, RiskSettings
from tradecli.errors import NotEnoughData
from tradecli.store.killswitch import NoKill
from tradecli.store.ledger import Ledger, Run
from tradecli.store.lock import HeldLease
from tradecli.venues.paper.venue import PaperVenue

BTC = InstrumentId("BTCUSDT@binance")
INSTRUMENT = Instrument(
    id=BTC,
    kind=InstrumentKind.LINEAR,
    base="BTC",
    quote="USDT",
    settle="USDT",
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    min_notional=Decimal(5),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
)
LIMITS = RiskSettings(
    max_order_notional_usd=Decimal(50_000),
    max_symbol_pct=50,
    max_venue_pct=100,
    max_gross_pct=200,
    max_net_pct=100,
    max_open_orders=100,
    max_orders_per_min=500,
    max_drawdown_pct=90,
    reduce_drawdown_pct=89,
    max_daily_loss_pct=90,
)


class Cross(msgspec.Struct, frozen=True):
    """Both averages and how many bars they have seen."""

    fast: float
    slow: float
    seen: int


def assess(view: Any, settings: None, query: object) -> Cross:
    series = view.candles(BTC, MINUTE_MS)
    if not len(series):
        raise NotEnoughData("no bar yet", need=1, have=0)
    close = float(series.close[-1])
    before = view.report(Cross)
    if before is None:
        return Cross(close, close, 1)
    fast = before.fast + (close - before.fast) * 2 / 11
    slow = before.slow + (close - before.slow) * 2 / 31
    return Cross(fast, slow, before.seen + 1)


def propose(report: Cross, view: Any, settings: None) -> tuple[Intent, ...]:
    if report.seen < 30:
        return ()
    qty = Decimal("0.1") if report.fast > report.slow else Decimal("-0.1")
    return (Target(instrument=BTC, source="cross", qty=qty, reason="averages crossed"),)


def _shown(report: Any) -> Any:
    raise AssertionError("not shown here")


TOPIC = Topic(
    name="cross",
    summary="EMA 10/30 cross",
    report=Cross,
    assess=assess,
    present=_shown,
    propose=propose,
    strategy="cross",
    every_ms=MINUTE_MS,
)


async def _source(count: int) -> AsyncIterator[Event]:
    for ts, opened, high, low, close, volume in bars(count):
        yield Candle(BTC, ts, MINUTE_MS, opened, high, low, close, volume)


async def _run(count: int, folder: Path) -> dict[str, float]:
    running = (Running("bench.cross", TOPIC, None),)
    desk = Desk(
        limits=LIMITS,
        strategies=(Strategy(name="cross", priority=0, budget_pct=50),),
        standing={"cross": StrategyState.ACTIVE},
        duties=duties(running, (BTC,), (BTC,), frozenset({"cross"})),
        traded=(BTC,),
        id_prefix="b",
    )
    engine = Engine(desk, [INSTRUMENT])
    venue = PaperVenue({BTC: INSTRUMENT}, PaperSettings(), 1)
    ledger = await Ledger.open(folder / "bench.db", mode=Mode.REPLAY, account="bench")
    start = bars(1)[0][0]
    run = Run(
        run_id="b", mode=Mode.REPLAY, started=start, seed=1, config_digest="", config={}, data={}, code=""
    )
    await ledger.begin_run(run)
    lease = HeldLease(await ledger.take_lease("bench"))
    runner = Runner(
        engine,
        Assessor(running, engine.state, (BTC,)),
        venue,
        SimulatedClock(start),
        ledger,
        lease,
        NoKill(),
        durable=False,
        keep_reports=False,
    )
    cpu = time.process_time()
    await runner.run(_source(count), start, None)
    cpu = time.process_time() - cpu
    await ledger.close()
    if engine.state.residual() != 0:
        raise SystemExit("the residual is not zero")
    return {"bars": count, "orders": engine.state.account.order_count, "cpu_s": cpu}


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("TRADECLI_BENCH")) as folder:
        print(json.dumps(asyncio.run(_run(count, Path(folder)))))
