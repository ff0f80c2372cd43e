"""What recording costs: CPU per row from event to committed row, beside bare sqlite3 and awaited aiosqlite rows.

    python benchmarks/record.py [--rows N] [--rounds N]

Trades and 20x2 books through the ``Recorder`` into a ``MarketStore`` (goals: 3 and 8 µs), bare ``executemany`` of ready
tuples into the same tables at the same batch (goal: at least 0.8 times as fast), and ``await execute`` per row with a
commit each thousand (goal: at least 25 times as slow). Medians of the rounds, user plus system time of the process.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiosqlite

from tradecli.domain.enums import Side
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, Trade
from tradecli.ports import Recordable
from tradecli.store import schema
from tradecli.store.market import MarketStore
from tradecli.store.packing import pack
from tradecli.store.recorder import BATCH, Recorder

BTC = InstrumentId("BTCUSDT@binance")
T0 = 1_700_000_000_000
BOOK_SHARE = 10
"""A book weighs about ten trades: fewer of them, for rounds of like length."""


def trades(count: int) -> list[Recordable]:
    return [Trade(BTC, T0 + n, 60_000.0 + n % 500 / 10, 0.01, Side.BUY, str(n)) for n in range(count)]


def books(count: int) -> list[Recordable]:
    bids = tuple((600_000 - level, 1.5 + level) for level in range(20))
    asks = tuple((600_001 + level, 2.5 + level) for level in range(20))
    return [Book(BTC, T0 + n, 0.1, bids, asks, sequence=n + 1) for n in range(count)]


async def recorder(path: Path, events: list[Recordable]) -> float:
    store = await MarketStore.open(path)
    ours = Recorder(store, capacity=len(events) + 1)
    task = asyncio.create_task(ours.keep())
    cpu = time.process_time()
    for place, event in enumerate(events):
        ours.hear(event)
        if place % BATCH == BATCH - 1:
            await asyncio.sleep(0)
    ours.stop()
    await task
    cpu = time.process_time() - cpu
    written = ours.recorded.written
    await store.close()
    if written != len(events):
        raise SystemExit(f"{written} of {len(events)} rows were written")
    return cpu


def statement(rows: list[tuple[Any, ...]]) -> str:
    table = "blobs" if len(rows[0]) == 5 else "points"
    return f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})"


def bare(path: Path, rows: list[tuple[Any, ...]]) -> float:
    made(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = NORMAL")
    cpu = time.process_time()
    for first in range(0, len(rows), BATCH):
        db.execute("BEGIN IMMEDIATE")
        db.executemany(statement(rows), rows[first : first + BATCH])
        db.execute("COMMIT")
    cpu = time.process_time() - cpu
    db.close()
    return cpu


async def awaited(path: Path, rows: list[tuple[Any, ...]]) -> float:
    made(path)
    db = await aiosqlite.connect(path, isolation_level=None)
    await db.execute("PRAGMA synchronous = NORMAL")
    cpu = time.process_time()
    for first in range(0, len(rows), BATCH):
        await db.execute("BEGIN IMMEDIATE")
        for row in rows[first : first + BATCH]:
            await db.execute(statement(rows), row)
        await db.execute("COMMIT")
    cpu = time.process_time() - cpu
    await db.close()
    return cpu


def made(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    schema.prepare(db, str(path), schema.MARKET_ID, schema.MARKET)
    db.close()


def measure(name: str, events: list[Recordable], rounds: int, goal_us: float) -> None:
    rows = [(1, *pack(event)[1:]) for event in events]
    few = rows[: max(len(rows) // 10, BATCH)]
    times: dict[str, list[float]] = {"recorder": [], "bare": [], "awaited": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            times["recorder"].append(asyncio.run(recorder(Path(folder) / "a.db", events)) / len(events))
            times["bare"].append(bare(Path(folder) / "b.db", rows) / len(rows))
            times["awaited"].append(asyncio.run(awaited(Path(folder) / "c.db", few)) / len(few))
    us = {each: 1e6 * statistics.median(values) for each, values in times.items()}
    print(
        f"{name:7} recorder {us['recorder']:6.2f} µs CPU a row (goal {goal_us:g})   bare sqlite3 {us['bare']:6.2f}: "
        f"{us['bare'] / us['recorder']:.2f} times as fast (goal 0.8)   awaited rows {us['awaited']:6.1f}: "
        f"{us['awaited'] / us['recorder']:.1f} times slower (goal 25)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    measure("trades", trades(given.rows), given.rounds, 3)
    measure("books", books(given.rows // BOOK_SHARE), given.rounds, 8)


if __name__ == "__main__":
    sys.exit(main())
