"""Recorded books in the market store of a test: one hour of every minute, and ten minutes of the next."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta
from tradecli.store.market import MarketStore

T0 = 480_000 * HOUR_MS
BTC = InstrumentId("BTCUSDT@binance")


def write(path: Path) -> None:
    """Write a whole book of 1,000 each minute: a spread of 0.1, then of 0.3 with half as much at each price."""
    rows = []
    for minute in range(70):
        at, id, wide = T0 + minute * MINUTE_MS, 100 + minute, minute >= 60
        size = 0.5 if wide else 1.0
        bids = tuple((10_000 - i, size) for i in range(30))
        asks = tuple((10_001 + 2 * wide + i, size) for i in range(30))
        rows.append(BookDelta(BTC, at, True, None, id, None, bids, asks, 0.1))
        rows.append(BookDelta(BTC, at + 1, False, id, id, id, (), (), 0.1))

    async def go() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        async with await MarketStore.open(path) as store:
            await store.write(rows)

    asyncio.run(go())
