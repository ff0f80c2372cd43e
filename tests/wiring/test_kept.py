"""A live market with a memory: what no venue publishes is read from the store, and never asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tradecli.domain.feed import HOUR_MS, Feed, VolIndexFeed
from tradecli.domain.market import MarketEvent, VolIndex
from tradecli.store.market import MarketStore
from tradecli.wiring.kept import KeptMarket

T0 = 480_000 * HOUR_MS
DVOL = VolIndex("DVOL-BTC", T0, 0.5)


class Venue:
    """A market that answers with one reading and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Feed] = []

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        self.asked.append(feed)
        return [DVOL]


def test_numbers_that_a_desk_kept_come_from_the_store_and_indices_from_their_venue(tmp_path: Path) -> None:
    async def main() -> None:
        venue = Venue()
        names = ("TERM-BTC", "RR25-BTC", "SPREAD-BTCUSDT@binance", "BITVOL-BTC")
        rows = [VolIndex(name, T0 + i * HOUR_MS, 0.01 * i) for name in names for i in range(5)]
        async with await MarketStore.open(tmp_path / "m.db") as store:
            market = KeptMarket(venue, store)  # type: ignore[arg-type]
            await store.write(rows)
            for name in names:
                found = await market.history(VolIndexFeed(name, 2 * HOUR_MS), T0 + 3 * HOUR_MS)
                assert found == [each for each in rows if each.name == name][1:4], (
                    "the window, and nothing later"
                )
            assert venue.asked == []
            assert await market.history(VolIndexFeed("DVOL-BTC", HOUR_MS), T0) == [DVOL]

    asyncio.run(main())
