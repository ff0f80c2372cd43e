"""The recorder: it loses nothing that fits, waits for nobody, and says what it could not keep."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tests.fakes.desk import BTC, T0
from tradecli.domain.enums import Side
from tradecli.domain.feed import TradeFeed
from tradecli.domain.market import Trade
from tradecli.errors import StoreFault
from tradecli.store.market import MarketStore
from tradecli.store.packing import Row, pack
from tradecli.store.recorder import Recorder


def trade(number: int) -> Trade:
    return Trade(BTC, T0 + number, 100.0 + number, 1.0, Side.BUY, str(number))


class Sink:
    """Remembers the batches; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.batches: list[list[Row]] = []
        self.asked = asyncio.Event()

    async def write_packed(self, rows: Sequence[Row]) -> int:
        self.asked.set()
        if self.failures:
            self.failures -= 1
            raise StoreFault("the disk is full", path="market.db", number=142)
        self.batches.append(list(rows))
        return len(rows)


def test_rows_are_written_in_order_in_batches_and_the_rest_when_it_is_stopped(tmp_path: Path) -> None:
    async def run() -> tuple[list[str], Recorder]:
        store = await MarketStore.open(tmp_path / "market.db")
        recorder = Recorder(store, batch=100, every_ms=10_000)
        task = asyncio.create_task(recorder.keep())
        for number in range(250):
            recorder.hear(trade(number))
            await asyncio.sleep(0)
        recorder.stop()
        await task
        kept = [row async for row in store.read(TradeFeed(BTC, 1_000), T0, T0 + 1_000)]
        await store.close()
        return [row.trade_id for row in kept if isinstance(row, Trade)], recorder

    kept, recorder = asyncio.run(run())
    assert kept == [str(number) for number in range(250)]
    assert (recorder.recorded.written, recorder.recorded.lost, recorder.recorded.waiting) == (250, 0, 0)


def test_a_few_rows_are_written_without_waiting_for_a_full_batch() -> None:
    async def run() -> list[list[Row]]:
        sink = Sink()
        recorder = Recorder(sink, batch=1_000, every_ms=1)
        task = asyncio.create_task(recorder.keep())
        recorder.hear(trade(1))
        await sink.asked.wait()
        batches = list(sink.batches)
        recorder.stop()
        await task
        return batches

    assert asyncio.run(run()) == [[pack(trade(1))]]


def test_a_store_that_fails_keeps_the_rows_and_says_what_is_wrong_until_it_is_well_again() -> None:
    async def run() -> tuple[str | None, int, Recorder, Sink]:
        sink = Sink(failures=1)
        recorder = Recorder(sink, batch=10, every_ms=1)
        for number in range(25):
            recorder.hear(trade(number))
        task = asyncio.create_task(recorder.keep())
        await sink.asked.wait()
        await asyncio.sleep(0)
        trouble, waiting = recorder.recorded.trouble, recorder.recorded.waiting
        recorder.stop()
        await task
        return trouble, waiting, recorder, sink

    trouble, waiting, recorder, sink = asyncio.run(run())
    assert trouble is not None and "the disk is full" in trouble and waiting == 25
    assert recorder.recorded.trouble is None and recorder.recorded.written == 25
    assert [row for batch in sink.batches for row in batch] == [pack(trade(number)) for number in range(25)]


def test_a_full_ring_keeps_what_it_has_and_counts_what_it_could_not_take() -> None:
    recorder = Recorder(Sink(), capacity=3)
    for number in range(5):
        recorder.hear(trade(number))
    assert (recorder.recorded.waiting, recorder.recorded.lost) == (3, 2)


def test_n16_a_writer_that_is_cancelled_at_any_point_leaves_the_store_to_the_next_one(tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with await MarketStore.open(tmp_path / "market.db") as store:
            for steps in range(12):
                task = asyncio.create_task(store.write([trade(1_000 + steps)]))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await store.write([trade(steps)])
            kept = [row async for row in store.read(TradeFeed(BTC, 1_000), T0, T0 + 1_000)]
            return [row.trade_id for row in kept if isinstance(row, Trade)]

    assert asyncio.run(run()) == [str(number) for number in range(12)]
