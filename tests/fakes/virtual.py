"""An event loop on virtual time: when nothing is ready, the next timer is now. Same program, same order of events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NothingLeft(RuntimeError):
    """Every task waits for something that no timer will bring: a deadlock."""


class _Due(asyncio.TimerHandle):
    """A callback that is ready, or will be. It does without the questions about debugging that asyncio's asks."""

    def __init__(
        self, when: float, callback: Callable[..., object], args: Any, loop: Any, context: Context | None
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop, self._callback, self._args = loop, callback, args
        self._cancelled, self._repr, self._source_traceback = False, None, None
        self._when, self._scheduled = when, False

    def cancel(self) -> None:
        self._cancelled, self._args = True, ()


class VirtualLoop(asyncio.BaseEventLoop):
    """Time starts at zero and moves only between events. It hears of no socket and of no other thread.

    What is ready runs in the order in which it became so; timers of one moment run in the order in which they were set.
    """

    _stopping: bool

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        self._ready: deque[_Due] = deque()
        self._timers: list[tuple[float, int, _Due]] = []
        self._numbered = 0

    def time(self) -> float:
        return self._virtual

    def move(self, seconds: float) -> None:
        self._virtual += seconds

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = _Due(self._virtual, callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _Due(when, callback, args, self, context)
        self._numbered += 1
        heappush(self._timers, (when, self._numbered, timer))
        return timer

    def _run_once(self) -> None:
        """Run what is ready now; where nothing is, go to the moment of the next timer first."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise NothingLeft("nothing is ready and no timer is set")
            self._virtual = max(self._virtual, timers[0][0])
        while timers and timers[0][0] <= self._virtual:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()


class VirtualClock:
    """The Clock of a virtual loop, from ``start`` (UTC ms) on."""

    def __init__(self, loop: VirtualLoop, start: int) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> int:
        return self._start + round(self._loop._virtual * 1000)

    def monotonic(self) -> int:
        return round(self._loop._virtual * 1000)

    async def sleep_until(self, ts: int) -> None:
        loop = self._loop
        future = loop.create_future()
        timer = loop.call_at((ts - self._start) / 1000, _wake, future)
        try:
            await future
        finally:
            timer.cancel()


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def run_virtually(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], start: int) -> T:
    """Run ``main`` to its end on a loop of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(VirtualClock(loop, start)))
    finally:
        loop.close()
