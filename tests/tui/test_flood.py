"""U03, P15: a flood of updates costs frames and not keys; a screen that breaks takes nobody with it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.fakes.session import FakeSession
from tests.tui.conftest import opened, text_of
from tradecli.domain.enums import Mode
from tradecli.errors import BrokenInvariant
from tradecli.tui import app as console
from tradecli.tui.keys import SCREENS


class Flooded(FakeSession):
    """A session that changes ten thousand times a second and counts how often it is looked at."""

    def __init__(self) -> None:
        super().__init__(Mode.DEMO)
        self.looks = 0
        self.updates = 0
        self.over = threading.Event()
        self.flood = threading.Thread(target=self._flood, daemon=True)

    def _flood(self) -> None:
        begun = time.monotonic()
        while not self.over.is_set():
            due = int((time.monotonic() - begun) * 10_000)
            while self.updates < due:
                self.updates += 1
                self.beat = self.updates
            time.sleep(0.002)

    def snapshot(self) -> Any:
        self.looks += 1
        return super().snapshot()


@pytest.mark.asyncio
async def test_u03_ten_thousand_updates_a_second_are_coalesced_and_a_key_is_answered_at_once() -> None:
    session = Flooded()
    async with opened(session) as pilot:
        session.flood.start()
        looks, begun, waits = session.looks, time.monotonic(), []
        for screen, (name, _) in list(SCREENS.items())[:6]:
            pressed = time.thread_time()  # of the screen alone, whoever else is busy here
            await pilot.press(screen)
            await pilot.pause()
            waits.append(time.thread_time() - pressed)
            assert f"{screen} {name}" in text_of(pilot.app).splitlines()[0]
        took = time.monotonic() - begun
        session.over.set()
        session.flood.join()
        assert session.updates > 2_000 * took
        assert session.looks - looks <= 20 * took + 20
        assert min(waits) < 0.1, waits


@pytest.mark.parametrize("after", [1, 6])
def test_p15_a_screen_that_breaks_is_an_error_and_the_session_is_ended_by_its_policy(
    monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    stopped: list[Any] = []

    class Breaking(FakeSession):
        looks = 0

        def snapshot(self) -> Any:
            self.looks += 1
            if self.looks > after:
                raise ZeroDivisionError("in the middle of a frame")
            self.beat += 1
            return super().snapshot()

        def stop(self, on_exit: str | None = None) -> None:
            stopped.append(on_exit)

    class Headless(console.Console):
        def run(self, **_: Any) -> None:
            super().run(headless=True, size=(100, 30))

    monkeypatch.setattr(console, "Console", Headless)
    with pytest.raises((BrokenInvariant, ZeroDivisionError)):
        console.run_console(Breaking)
    assert stopped == [None]
