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
COIN_MARGINED = InstrumentId("BTCUSD.inverse@binance")


def write(path: Path) -> None:
    """Write a whole book of 1,000 each minute: a spread of 0.1, then of 0.3 with half as much at each price."""
    rows: list[BookDelta] = []
    for minute in range(70):
        at, id, wide = T0 + minute * MINUTE_MS, 100 + minute, minute >= 60
        size = 0.5 if wide else 1.0
        bids = tuple((10_000 - i, size) for i in range(30))
        asks = tuple((10_001 + 2 * wide + i, size) for i in range(30))
        rows.append(BookDelta(BTC, at, True, None, id, None, bids, asks, 0.1))
        rows.append(BookDelta(BTC, at + 1, False, id, id, id, (), (), 0.1))

    _keep(path, rows)


def write_coin_margined(path: Path, contracts: float, *, coins: bool) -> None:
    """Write books of an hour with so many contracts of 100 USD at each price, told in coins or in contracts."""
    rows = []
    for minute in range(60):
        bids, asks = (
            tuple((t, contracts * 100.0 / (0.1 * t) if coins else contracts) for t in ticks)
            for ticks in (range(10_000, 9_970, -1), range(10_001, 10_031))
        )
        at = T0 + minute * MINUTE_MS
        rows.append(BookDelta(COIN_MARGINED, at, True, None, 100 + minute, None, bids, asks, 0.1))
        rows.append(
            BookDelta(COIN_MARGINED, at + 1, False, 100 + minute, 100 + minute, 100 + minute, (), (), 0.1)
        )
    _keep(path, rows)


def _keep(path: Path, rows: list[BookDelta]) -> None:
    async def go() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        async with await MarketStore.open(path) as store:
            await store.write(rows)

    asyncio.run(go())
