"""The soak: four venues over real ccxt clients on loopback, twelve instruments, 2,000 messages a second, recorder on.

    python -m benchmarks.soak [--minutes 30 | --seconds 60] [--beat-ms N]

The server runs in a process of its own and publishes books of 20 levels a side at every beat, every size changed.
Printed
at the end: messages a second and how many of them are depth with 20 levels or more; growth of this process's memory
over the last two thirds of the run (goal: at most 2 MiB over the last 20 minutes of 30); lag of the event loop, p99
(goal: at most 50 ms); this process's share of one core (goal: at most 70 %); books that were not whole; rows recorded
and lost; signed requests (0). Exits 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tradecli.domain.budget import OwnBudget
from tradecli.domain.events import LinkChanged
from tradecli.domain.feed import BookFeed, Feed, MarkFeed, QuoteFeed, TradeFeed
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.market import BookDelta
from tradecli.engine.clock import SystemClock
from tradecli.ports import Recordable
from tradecli.store.market import MarketStore
from tradecli.store.recorder import Recorder
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.client import Client
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.market import CcxtMarket, drained
from tradecli.venues.ccxt.transport import connect
from tradecli.venues.loopback.process import LoopbackProcess
from tradecli.venues.loopback.session import LoopbackSession

INSTRUMENTS = tuple(
    InstrumentId(name)
    for name in (
        *(f"{coin}USDT@{venue}" for venue in ("binance", "okx", "bybit") for coin in ("BTC", "ETH", "BNB")),
        "BTC-PERPETUAL@deribit",
        "ETH-PERPETUAL@deribit",
    )
)
DEPTH_LEVELS = 20
GROWTH_MIB, LAG_MS, CPU_SHARE, RATE, DEPTH_SHARE = 2.0, 50.0, 0.70, 2_000.0, 0.70
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LAG_EVERY_S = 0.01


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20


class Tally:
    """What was heard, before conflation: the recorder's ear."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.rows: Counter[str] = Counter()
        self.deep = 0

    def hear(self, row: Recordable) -> None:
        self.rows[type(row).__name__] += 1
        if isinstance(row, BookDelta) and len(row.bids) + len(row.asks) >= DEPTH_LEVELS:
            self.deep += 1
        self._recorder.hear(row)


async def lag(out: list[float]) -> None:
    """Note how late the loop comes back from each short sleep, in milliseconds."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_LAG_EVERY_S)
        out.append(1_000 * (time.monotonic() - before - _LAG_EVERY_S))


async def memory(out: list[tuple[float, float]]) -> None:
    while True:
        out.append((time.monotonic(), resident_mib()))
        await asyncio.sleep(1)


async def feeds_of(market: CcxtMarket) -> list[Feed]:
    """Return what is listened to at one venue; at Deribit the nearest option is the twelfth instrument."""
    own = [each for each in INSTRUMENTS if venue_of(each) == market.name]
    feeds: list[Feed] = []
    for each in own:
        feeds += [BookFeed(each, DEPTH_LEVELS), TradeFeed(each), MarkFeed(each)]
        # At the other two a restless book makes as many quotes as books, which is no such load as is meant.
        feeds += [QuoteFeed(each)] if market.name in ("binance", "bybit") else []
    options = [each for each in await market.instruments() if each.strike is not None]
    if options:
        feeds.append(BookFeed(min(options, key=lambda each: each.expiry_ts or 0).id, DEPTH_LEVELS))
    return feeds


async def run(seconds: float, port: int, path: Path) -> dict[str, Any]:
    """Listen for ``seconds`` and return the figures."""
    session, inbox, clock = LoopbackSession(port), Inbox(), SystemClock()
    store = await MarketStore.open(path)
    recorder = Recorder(store)
    tally = Tally(recorder)
    keeping = asyncio.create_task(recorder.keep())
    markets = []
    for venue in ("binance", "okx", "bybit", "deribit"):
        client = Client(connect(profile_of(venue), session=session), OwnBudget(), clock)
        jitter = random.Random(1).random
        markets.append(CcxtMarket(client, jitter=jitter, recorder=tally.hear, inbox=inbox))
    lags: list[float] = []
    sizes: list[tuple[float, float]] = []
    watching = [asyncio.create_task(lag(lags)), asyncio.create_task(memory(sizes))]
    broken, seen = 0, 0
    begun, cpu, counted = time.monotonic(), time.process_time(), 0
    warm: float | None = None
    writers = [market.listen(await feeds_of(market)) for market in markets]
    async for event in drained(inbox, writers, 100):
        seen += 1
        now = time.monotonic()
        broken += isinstance(event, LinkChanged) and not event.up
        if warm is None and now - begun > min(5.0, seconds / 3):
            warm, cpu, counted = now, time.process_time(), sum(tally.rows.values())
            tally.deep = 0
            lags.clear()
            before = dict(tally.rows)
        if now - begun > seconds:
            break
    took = time.monotonic() - (warm or begun)
    share = (time.process_time() - cpu) / took
    for task in watching:
        task.cancel()
    rows = {name: count - before.get(name, 0) for name, count in tally.rows.items()}
    recorder.stop()
    await keeping
    for market in markets:
        await market.close()
    await session.close()
    await store.close()
    return figures(
        took, sum(tally.rows.values()) - counted, tally, rows, share, lags, sizes, broken, recorder
    )


def figures(
    took: float,
    messages: int,
    tally: Tally,
    rows: dict[str, int],
    share: float,
    lags: list[float],
    sizes: list[tuple[float, float]],
    broken: int,
    recorder: Recorder,
) -> dict[str, Any]:
    last = [size for at, size in sizes if at >= sizes[0][0] + (sizes[-1][0] - sizes[0][0]) / 3]
    tenth = max(len(last) // 10, 1)
    return {
        "seconds": round(took, 1),
        "messages_s": messages / took,
        "deep_share": tally.deep / max(messages, 1),
        "rows": rows,
        "growth_mib": float(np.median(last[-tenth:]) - np.median(last[:tenth])),
        "resident_mib": sizes[-1][1],
        "lag_p99_ms": float(np.percentile(lags, 99)),
        "cpu_share": share,
        "links_down": broken,
        "recorded": recorder.recorded.written,
        "lost": recorder.recorded.lost,
    }


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--beat-ms", type=int, default=4)
    given = parser.parse_args(words)
    seconds = given.seconds or 60 * (given.minutes or 30)
    server = LoopbackProcess.start("--restless", "--beat-ms", str(given.beat_ms))
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(run(seconds, server.port, Path(folder) / "market.db"))
        found["signed_requests"] = server.status()["signed_requests"]
    finally:
        server.stop()
    misses = [
        name
        for name, missed in (
            ("messages_s", found["messages_s"] < RATE),
            ("deep_share", found["deep_share"] < DEPTH_SHARE),
            ("growth_mib", found["growth_mib"] > GROWTH_MIB),
            ("lag_p99_ms", found["lag_p99_ms"] > LAG_MS),
            ("cpu_share", found["cpu_share"] > CPU_SHARE),
            ("lost", found["lost"] > 0),
            ("signed_requests", found["signed_requests"] > 0),
        )
        if missed
    ]
    for name, value in found.items():
        shown = f"{value:,.3f}" if isinstance(value, float) else value
        print(f"{name:16} {shown}{'   GOAL MISSED' if name in misses else ''}")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
