"""The soak: four venues over real ccxt clients on loopback, twelve instruments, 2,000 messages a second, recorder on.

    python -m benchmarks.soak [--minutes 30 | --seconds 60] [--beat-ms N] [--listing-s 300]

The server runs in a process of its own and publishes books of 20 levels a side at every beat, every size changed. A
line a minute goes to stderr; printed at the end: messages of the sockets a second and how many of them are depth with
20 levels or more; growth of this process's memory over the last two thirds of the run (goal: at most 2 MiB over the
last 20 minutes of 30) and its slope as MiB per 20 minutes; lag of the event loop, p99 (goal: at most 50 ms); this
process's share of one core (goal: at most 70 %); links and books that broke; rows recorded and lost; signed requests
(0). ``--listing-s`` is how often each listing is looked at again: seldom things that cost memory show sooner when they
are done more often. Exits 1 when a goal is missed. Thirty minutes write about 3 GiB to the temporary folder, and take
them back.
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
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

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
from tradecli.venues.ccxt.streams import Pace
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
LAG_BUCKETS = 100_000
"""Tenths of a millisecond: ten seconds."""
WARM_S, LINE_S = 5.0, 60.0


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


class Watch:
    """Lag and memory, kept in room that is taken before the run: what watches memory must not grow itself."""

    def __init__(self, seconds: float) -> None:
        self.lags = np.zeros(LAG_BUCKETS, np.int64)
        self.sizes = np.zeros((int(seconds) + 120, 2))
        self.count = 0

    async def lag(self) -> None:
        """Count how late the loop comes back from each short sleep, in tenths of a millisecond."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(_LAG_EVERY_S)
            late = int(10_000 * (time.monotonic() - before - _LAG_EVERY_S))
            self.lags[min(max(late, 0), LAG_BUCKETS - 1)] += 1

    async def memory(self) -> None:
        """Note the resident size once a second."""
        while self.count < len(self.sizes):
            self.sizes[self.count] = time.monotonic(), resident_mib()
            self.count += 1
            await asyncio.sleep(1)

    def lag_p99_ms(self) -> float:
        total = np.cumsum(self.lags)
        return float(np.searchsorted(total, 0.99 * total[-1])) / 10 if total[-1] else 0.0

    def growth(self) -> tuple[float, float]:
        """Return MiB grown over the last two thirds, and the slope there as MiB per 20 minutes."""
        at, size = self.sizes[: self.count].T
        last = at >= at[0] + (at[-1] - at[0]) / 3
        at, size = at[last], size[last]
        tenth = max(len(size) // 10, 1)
        slope = float(np.polyfit(at - at[0], size, 1)[0]) if len(size) > 2 else 0.0
        return float(np.median(size[-tenth:]) - np.median(size[:tenth])), 1_200 * slope


async def feeds_of(market: CcxtMarket) -> list[Feed]:
    """Return what is listened to at one venue; at Deribit an option near the money is the twelfth instrument."""
    own = [each for each in INSTRUMENTS if venue_of(each) == market.name]
    feeds: list[Feed] = []
    for each in own:
        feeds += [BookFeed(each, DEPTH_LEVELS), TradeFeed(each), MarkFeed(each)]
        # At the other two a restless book makes as many quotes as books, which is no such load as is meant.
        feeds += [QuoteFeed(each)] if market.name in ("binance", "bybit") else []
    options = [each for each in await market.instruments() if each.strike is not None and each.base == "BTC"]
    if options:
        last = max(each.expiry_ts or 0 for each in options)
        chain = sorted((each.strike or 0, each.id) for each in options if each.expiry_ts == last)
        feeds.append(BookFeed(chain[len(chain) // 2][1], DEPTH_LEVELS))
    return feeds


class Mark(NamedTuple):
    """Where the counting stands: at the end of the warm-up, and at each line."""

    at: float
    cpu: float
    messages: int
    deep: int


async def run(seconds: float, port: int, path: Path, pace: Pace | None = None) -> dict[str, Any]:
    """Listen for ``seconds`` and return the figures."""
    session, inbox, clock = LoopbackSession(port), Inbox(), SystemClock()
    store = await MarketStore.open(path)
    recorder = Recorder(store)
    tally, watch = Tally(recorder), Watch(seconds)
    keeping = asyncio.create_task(recorder.keep())
    markets = []
    for venue in ("binance", "okx", "bybit", "deribit"):
        client = Client(connect(profile_of(venue), session=session), OwnBudget(), clock)
        jitter = random.Random(1).random
        markets.append(CcxtMarket(client, jitter=jitter, recorder=tally.hear, inbox=inbox, pace=pace))

    def mark() -> Mark:
        messages = sum(market.streams.messages for market in markets if market.streams is not None)
        return Mark(time.monotonic(), time.process_time(), messages, tally.deep)

    watching = [asyncio.create_task(watch.lag()), asyncio.create_task(watch.memory())]
    broken: Counter[str] = Counter()
    begun = told = end = mark()
    warm: Mark | None = None
    unproven: list[InstrumentId] = []
    rows: Counter[str] = Counter()
    writers = [market.listen(await feeds_of(market)) for market in markets]
    async with aclosing(drained(inbox, writers, 100)) as events:
        async for event in events:
            now = time.monotonic()
            if warm is None:
                if now - begun.at > min(WARM_S, seconds / 3):
                    warm, rows = mark(), Counter(tally.rows)
                    watch.lags[:] = 0
                continue
            if isinstance(event, LinkChanged) and not event.up:
                broken[f"{event.venue} {event.feed}: {event.reason}"] += 1
            if now - told.at >= LINE_S:
                before, told = told, mark()
                print(line(now - begun.at, before, told, watch, recorder, path), file=sys.stderr, flush=True)
            if now - begun.at > seconds:
                end, unproven = (
                    mark(),
                    [id for market in markets if market.ears for id in market.ears.unproven()],
                )
                break
    for task in watching:
        task.cancel()
    for market in markets:
        await market.close()  # until then its sockets are heard
    await session.close()
    recorder.stop()
    await keeping
    await store.close()
    found = figures(warm or begun, end, Counter(tally.rows) - rows, watch, broken, recorder)
    return found | {"not_whole": len(unproven), "heard": sum(tally.rows.values())}


def line(ran: float, before: Mark, now: Mark, watch: Watch, recorder: Recorder, path: Path) -> str:
    """Return how the soak stands: rate and share since the last line, lag since the warm-up."""
    took, kept = now.at - before.at, recorder.recorded
    size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*")) / 2**20
    return (
        f"{ran:6.0f} s  {resident_mib():7.2f} MiB  {(now.messages - before.messages) / took:7,.0f} messages/s"
        f"  lag p99 {watch.lag_p99_ms():5.1f} ms  {(now.cpu - before.cpu) / took:5.1%} of a core"
        f"  recorded {kept.written:,} lost {kept.lost} waiting {kept.waiting}  store {size:,.0f} MiB"
    )


def figures(
    warm: Mark,
    end: Mark,
    rows: Counter[str],
    watch: Watch,
    broken: Counter[str],
    recorder: Recorder,
) -> dict[str, Any]:
    took, messages = end.at - warm.at, end.messages - warm.messages
    growth, slope = watch.growth()
    return {
        "seconds": round(took, 1),
        "messages_s": messages / took,
        "deep_share": (end.deep - warm.deep) / max(messages, 1),
        "rows": dict(rows),
        "growth_mib": growth,
        "slope_mib_20min": slope,
        "resident_mib": float(watch.sizes[watch.count - 1][1]),
        "lag_p99_ms": watch.lag_p99_ms(),
        "cpu_share": (end.cpu - warm.cpu) / took,
        "broken": sum(broken.values()),
        "why_broken": dict(broken),
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
    parser.add_argument("--listing-s", type=float, default=Pace().listing_ms / 1000)
    given = parser.parse_args(words)
    seconds = given.seconds or 60 * (given.minutes or 30)
    server = LoopbackProcess.start("--restless", "--beat-ms", str(given.beat_ms))
    try:
        with tempfile.TemporaryDirectory() as folder:
            pace = Pace(listing_ms=round(1000 * given.listing_s))
            found = asyncio.run(run(seconds, server.port, Path(folder) / "market.db", pace))
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
            ("broken", found["broken"] > 0),
            ("not_whole", found["not_whole"] > 0),
            ("lost", found["lost"] > 0 or found["recorded"] != found["heard"]),
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
