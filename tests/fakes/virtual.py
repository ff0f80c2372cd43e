"""An event loop on virtual time: when nothing is ready, the next timer is now. Same program, same order of events."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingLeft(RuntimeError):
    """Every task waits for something that no timer will bring: a deadlock."""


class _NoWaiting(selectors.SelectSelector):
    """A selector that never waits and hears of no socket; instead of waiting it moves time on."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingLeft("nothing is ready and no timer is set")
        if timeout > 0:
            self.loop.move(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time starts at zero and moves only between events."""

    def __init__(self) -> None:
        selector = _NoWaiting()
        super().__init__(selector)
        selector.loop = self
        self._virtual = 0.0

    def time(self) -> float:
        return self._virtual

    def move(self, seconds: float) -> None:
        self._virtual += seconds


class VirtualClock:
    """The Clock of a virtual loop, from ``start`` (UTC ms) on."""

    def __init__(self, loop: VirtualLoop, start: int) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> int:
        return self._start + round(self._loop.time() * 1000)

    def monotonic(self) -> int:
        return round(self._loop.time() * 1000)

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - self.now()) / 1000)


def run_virtually(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], start: int) -> T:
    """Run ``main`` to its end on a loop of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(VirtualClock(loop, start)))
    finally:
        loop.close()
