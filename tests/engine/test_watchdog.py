"""A loop that stands still: alarm and flag come meanwhile, and nothing leaves on old data (C06)."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.engine.test_live import House
from tests.fakes.desk import BTC, T0, request
from tradecli.domain.control import Latch
from tradecli.domain.enums import KillLevel, OrderStatus
from tradecli.domain.events import Event, OrderAsked
from tradecli.domain.market import Quote
from tradecli.engine import stall, watchdog
from tradecli.engine.clock import SystemClock
from tradecli.engine.watchdog import Watchdog
from tradecli.errors import StoreFault
from tradecli.store.killswitch import KillSwitch
from tradecli.store.reader import LedgerReader

_BLOCKED_S = 0.6


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test hear the package's log, whatever an earlier session of this process made of it."""
    for name in ("tradecli", "tradecli.engine", "tradecli.engine.watchdog"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)


class Told:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        return T0 + self.at

    def monotonic(self) -> int:
        return self.at

    async def sleep_until(self, ts: int) -> None:
        raise AssertionError("a watchdog waits on no loop")


def watch(folder: Path, trip_ms: int | None) -> tuple[Watchdog, Told, KillSwitch, list[int]]:
    clock, switch, beaten = Told(), KillSwitch(folder / "kill.json"), [0]
    return Watchdog(lambda: beaten[0], clock, switch, trip_ms=trip_ms), clock, switch, beaten


def test_it_alarms_once_a_stall_and_again_at_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dog, clock, switch, beaten = watch(tmp_path, None)
    for at in (1_999, 2_000, 3_000, 30_000):
        clock.at = at
        dog.look()
        assert len(caplog.records) == (at >= 2_000), at
    beaten[0] = 30_000
    dog.look()
    clock.at = 32_500
    dog.look()
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL] * 2
    assert switch.load() == ()


def test_past_its_limit_it_latches_once_and_stays_silent_when_a_person_has_released(tmp_path: Path) -> None:
    dog, clock, switch, _ = watch(tmp_path, 10_000)
    clock.at = 9_999
    dog.look()
    assert switch.load() == ()
    clock.at = 10_000
    dog.look()
    (latch,) = switch.load()
    assert (latch.level, latch.by, latch.at) == (KillLevel.REDUCE, "watchdog", T0 + 10_000)
    assert latch.reason == "the event loop stood still for 10.0 s"
    switch.release(latch.scope)
    clock.at = 12_000
    dog.look()
    assert switch.load() == ()


def test_one_that_never_began_ends_at_once_and_has_started_and_written_nothing(tmp_path: Path) -> None:
    dog, clock, switch, _ = watch(tmp_path, 10_000)
    clock.at = 60_000
    dog.stop()
    assert "watchdog" not in {each.name for each in threading.enumerate()}
    assert switch.load() == ()


def test_a_flag_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    dog, clock, switch, _ = watch(tmp_path, 10_000)
    tries: list[Latch] = []

    class Failing(KillSwitch):
        def set(self, latch: Latch) -> None:
            tries.append(latch)
            if len(tries) == 1:
                raise StoreFault("the disk is full", path="kill.json")
            super().set(latch)

    dog._kill = Failing(switch.path)
    clock.at = 10_000
    dog.look()
    dog.look()
    dog.look()
    assert len(tries) == 2 and len(switch.load()) == 1


class Desk:
    """A live desk on real time, ready to trade, whose quotes stop when they are told to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **limits: float) -> None:
        monkeypatch.setattr(stall, "STALL_MS", 300)
        monkeypatch.setattr(stall, "_BEAT_MS", 50)
        monkeypatch.setattr(stall, "_TOLERANCE_MS", 0)
        monkeypatch.setattr(watchdog, "_LOOK_S", 0.02)
        self.house = House(folder, SystemClock(), stale_clean_s=0.0, **limits)
        self.quoting = True

    async def quotes(self) -> AsyncIterator[Event]:
        while True:
            if self.quoting:
                yield Quote(BTC, self.house.clock.now(), 60_000.0, 1.0, 60_001.0, 1.0)
            await asyncio.sleep(0.02)

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not is_so():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)

    def ask(self, key: str) -> None:
        asked = request(source="manual", qty="0.01", price="59000")
        self.house.live.inbox.append(OrderAsked(request=asked, ts=self.house.clock.now(), key=key))  # type: ignore[union-attr]

    async def opened(self) -> asyncio.Task[None]:
        live = await self.house.open()
        running = asyncio.ensure_future(live.run(self.quotes(), live.clock.now(), None))
        state = self.house.engine.state
        await self.until(lambda: all(each.open for each in live.recoveries.values()) and BTC in state.quotes)
        return running

    async def end(self, running: asyncio.Task[None]) -> None:
        live = self.house.live
        assert live is not None
        live.stopping = True
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await live.close()

    def orders(self) -> list[tuple[OrderStatus, str]]:
        live = self.house.engine.state.account.live.values()
        return [(order.status, order.reason) for order in live if order.request.source == "manual"]

    def told(self) -> str:
        return " | ".join(note.text for _, note in self.house.live.heard.told)  # type: ignore[union-attr]


def test_c06_no_order_leaves_after_a_stall_before_fresh_data_have_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        desk = Desk(tmp_path, monkeypatch, max_stall_s=0.0, max_quote_age_s=0.5)
        running = await desk.opened()
        desk.ask("before")
        desk.house.live.spine.take(desk.house.live.inbox.popleft())  # type: ignore[union-attr]
        desk.quoting = False
        time.sleep(_BLOCKED_S)  # noqa: ASYNC251 - the loop is to be blocked while the order is on its road
        await desk.until(lambda: "stood still" in desk.told() and not desk.orders())
        desk.ask("after")
        await desk.until(lambda: not desk.house.live.inbox)  # type: ignore[union-attr]
        assert not desk.orders()
        desk.quoting = True
        await desk.until(lambda: "fresh after a stall" in desk.told())
        desk.ask("fresh")
        await desk.until(lambda: any(status is OrderStatus.OPEN for status, _ in desk.orders()))
        assert desk.house.switch.load() == ()
        await desk.end(running)

    asyncio.run(main())
    with LedgerReader(tmp_path / "l.db") as reader:
        fresh, after, before = (each for each in reader.orders("p") if each.request.source == "manual")
    assert before.status is OrderStatus.VOID and "stood still for" in before.reason
    assert after.status is OrderStatus.DENIED and "stood still for" in after.reason
    assert fresh.status is OrderStatus.OPEN


def test_c06_m09_the_flag_is_durable_while_the_loop_still_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        desk = Desk(tmp_path, monkeypatch, max_stall_s=0.35)
        running = await desk.opened()
        time.sleep(_BLOCKED_S)  # noqa: ASYNC251 - the loop is to be blocked
        woke = time.time()
        assert "has not beaten" in caplog.text and "is latched" in caplog.text
        assert os.stat(tmp_path / "kill.json").st_mtime < woke
        await desk.until(lambda: desk.house.engine.state.latches)
        (latch,) = desk.house.engine.state.latches
        assert (latch.level, latch.by) == (KillLevel.REDUCE, "watchdog")
        desk.ask("more risk")
        await asyncio.sleep(0.1)
        assert not desk.orders()
        await desk.end(running)

    asyncio.run(main())


def test_a_session_that_breaks_takes_its_watchdog_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        desk = Desk(tmp_path, monkeypatch, max_stall_s=0.35)
        live = await desk.house.open()

        async def breaks() -> None:
            raise StoreFault("the beat cannot be kept", path="l.db")

        live.on_breath = breaks
        with pytest.raises(StoreFault):
            await live.run(desk.quotes(), live.clock.now(), None)
        assert not [thread for thread in threading.enumerate() if thread.name == "watchdog"]
        await live.close()

    asyncio.run(main())
    assert KillSwitch(tmp_path / "kill.json").load() == ()
