"""A live session that runs on holds no more tasks, handles or objects than after its warm-up (P16), in short.

The long form, over hours and with real sockets, is ``python -m benchmarks.soak``.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from tests.engine.test_live import House
from tests.fakes.desk import BTC, T0
from tests.fakes.virtual import VirtualClock, run_virtually
from tradecli.domain.events import Event
from tradecli.domain.market import Quote

MINUTE = 60_000


class Held(NamedTuple):
    tasks: int
    handles: int
    objects: int
    orders: int
    fills: int


def held(house: House) -> Held:
    heard = house.live.heard  # type: ignore[union-attr]
    assert all(part.maxlen == 500 for part in (heard.told, heard.decisions, heard.fills))
    for part in (heard.told, heard.decisions, heard.fills):  # bounded, and not full yet
        part.clear()
    gc.collect()
    account = house.engine.state.account
    return Held(
        tasks=len(asyncio.all_tasks()),
        handles=len(os.listdir("/proc/self/fd")),
        objects=len(gc.get_objects()),
        orders=account.order_count,
        fills=account.fill_count,
    )


async def quotes(house: House, moving: list[bool]) -> AsyncIterator[Event]:
    async for quote in house.quotes():
        if isinstance(quote, Quote):
            mid = (quote.bid + quote.ask) / 2 if moving[0] else 60_180.0
            yield Quote(BTC, quote.ts, mid - 0.1, 1.0, mid + 0.1, 1.0)


def test_p16_tasks_handles_and_objects_stay_flat_after_the_warm_up(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> list[Held]:
        house, moving = House(tmp_path, clock), [True]
        live = await house.open()
        running = asyncio.ensure_future(live.run(quotes(house, moving), T0, None))
        found = []
        for part in range(4):
            moving[0] = part == 0
            await clock.sleep_until(clock.now() + (2 if part == 0 else 1) * MINUTE)
            found.append(held(house))
        live.stopping = True
        await running
        await live.close()
        return found

    _, first, _, last = run_virtually(main, T0)
    assert last.fills > 0 and last.orders == first.orders, "the warm-up trades, what follows is quiet"
    assert last.handles == first.handles and abs(last.tasks - first.tasks) <= 1
    assert last.objects - first.objects <= 200, (first, last)
