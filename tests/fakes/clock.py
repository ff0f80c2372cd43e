"""A clock that moves only when a test moves it; sleepers wake when their time is reached."""

from __future__ import annotations

import asyncio


class StepClock:
    def __init__(self, start: int) -> None:
        self._now = start
        self._moved = asyncio.Event()

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._now

    async def sleep_until(self, ts: int) -> None:
        while self._now < ts:
            await self._moved.wait()

    async def move(self, ts: int) -> None:
        """Move to ``ts`` and let everything that waited for it run."""
        self._now = max(self._now, ts)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        for _ in range(10):
            await asyncio.sleep(0)
