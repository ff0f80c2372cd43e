"""Days in the market store of a test, and a ledger with the forecasts that a desk recorded of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.cli.recorded import DECISION
from tradecli.domain.commands import Record, Step
from tradecli.domain.decision import Input
from tradecli.domain.enums import Mode
from tradecli.domain.events import TimerFired
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.liquidity import series_of
from tradecli.domain.market import VolIndex
from tradecli.store.ledger import Ledger, Run
from tradecli.store.market import MarketStore

DAY, HOUR = 86_400_000, 3_600_000
DAYS = 130
NEWEST = 20_600 * DAY
FIRST = NEWEST - DAYS * DAY
BTC = InstrumentId("BTCUSDT@binance")
COINS = ("BTC", "ETH", "BNB")


def level() -> np.ndarray:
    """Return the volatility of each day, as it truly was."""
    return 0.5 * np.exp(0.4 * np.sin(np.arange(DAYS) / 25.0))


def files(folder: Path) -> list[tuple[Path, tuple[str, ...]]]:
    """Write hourly bars of three coins, DVOL of two and a licensed value; return each file with its import flags."""
    found: list[tuple[Path, tuple[str, ...]]] = []
    sigma = np.repeat(level(), 24) * np.sqrt(1 / 8760)
    for seed, coin in enumerate(COINS):
        noise = np.random.default_rng(seed).standard_normal(24 * DAYS)
        close = 100.0 * np.exp(np.cumsum((1.0 + 0.2 * seed) * sigma * noise))
        before = np.concatenate(([100.0], close[:-1]))
        table = {
            "ts": FIRST + HOUR * np.arange(24 * DAYS),
            "open": before,
            "high": np.maximum(before, close) * 1.001,
            "low": np.minimum(before, close) * 0.999,
            "close": close,
            "volume": np.full(24 * DAYS, 1_000.0 / 4.0**seed),
        }
        path = folder / f"binance_perp_{coin}USDT_1h.parquet"
        pq.write_table(pa.table(table), path)
        found.append((path, ("--venue", "binance")))
    for name, value, hours in (
        ("DVOL-BTC", 0.55, 2_200),
        ("DVOL-ETH", 0.65, 2_200),
        ("BITVOL-BTC", 0.551, 2),
    ):
        path = folder / f"{name}.csv"
        rows = "".join(f"{NEWEST - i * HOUR},{value}\n" for i in range(hours - 1, -1, -1))
        path.write_text(f"ts,value\n{rows}")
        found.append((path, ("--kind", "vol_index", "--symbol", name, "--time-unit", "ms")))
    return found


def write_hours(path: Path) -> None:
    """Write 1,500 hours of a book into a market store, the newest with the widest spread and the least depth."""
    names = series_of(BTC)
    rows = []
    for i in range(1_500):
        at, usual = NEWEST - (1_499 - i) * HOUR - HOUR, 1.0 + 0.1 * (i % 24)
        values = (usual, 5e6 / usual) if i < 1_499 else (4.0, 1e6)
        rows += [VolIndex(name, at, value) for name, value in zip(names, values, strict=True)]

    async def go() -> None:
        async with await MarketStore.open(path) as store:
            await store.write(rows)

    asyncio.run(go())


def write_ledger(path: Path) -> None:
    """Write a run whose decisions recorded two models' forecasts once a day: one right, one far too high."""
    steps = []
    for day, vol in enumerate(level()[:-8].tolist()):
        end = FIRST + (day + 1) * DAY
        inputs = tuple(
            Input(name=f"forecast {model} {days}d", value=factor * vol, as_of=end, source=model, scope=BTC)
            for model, factor in (("garch", 1.0), ("ewma", 1.6))
            for days in (1, 7)
        )
        decision = msgspec.structs.replace(DECISION, number=day + 1, at=end + 2_000, inputs=inputs, orders=())
        event = TimerFired(ts=end + 2_000)
        steps.append(Step(seq=day + 1, at=end + 2_000, event=event, commands=(Record(decision),)))

    async def go() -> None:
        ledger = await Ledger.open(path, mode=Mode.REPLAY, account="test")
        try:
            run = Run(
                run_id="d-1",
                mode=Mode.REPLAY,
                started=FIRST,
                seed=1,
                config_digest="c",
                config={},
                data={},
                code="0",
            )
            await ledger.begin_run(run)
            await ledger.commit(steps, await ledger.take_lease("test"))
            await ledger.finish_run(NEWEST, {})
        finally:
            await ledger.close()

    path.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(go())


def properties(schema: Any) -> set[str]:
    """Return every key that some record of a schema may have."""
    found: set[str] = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {}))
        for value in schema.values():
            found |= properties(value)
    elif isinstance(schema, list):
        for value in schema:
            found |= properties(value)
    return found
