"""The clocks: the machine's own, and a simulated one that moves only when told. Nothing else reads time."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Real time."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> int:
        return time.monotonic_ns() // 1_000_000

    async def sleep_until(self, ts: int) -> None:
        await asyncio.sleep(max(0, ts - self.now()) / 1000)


class SimulatedClock:
    """Time that is told. ``speed`` paces it for people to watch, in multiples of real time; None runs unpaced.

    A paced clock falls behind rather than skip, and forgets the debt once it is over a second, so that a pause of
    the machine does not turn into a burst.
    """

    _DEBT_MS = 1_000

    def __init__(self, start: int, speed: float | None = None) -> None:
        self._now = start
        self.speed = speed
        self._real = SystemClock()
        self._anchor = (start, self._real.monotonic())

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._now

    def set_speed(self, speed: float | None) -> None:
        """Change the pace from this moment on."""
        self.speed = speed
        self._anchor = (self._now, self._real.monotonic())

    def tell(self, ts: int) -> None:
        """Move to ``ts``; time never goes back."""
        self._now = max(self._now, ts)

    def ahead_ms(self, ts: int) -> float:
        """Return how many real milliseconds ``ts`` is still away at the present pace."""
        if self.speed is None:
            return 0.0
        told, real = self._anchor
        wait = (ts - told) / self.speed - (self._real.monotonic() - real)
        if wait < -self._DEBT_MS:
            self._anchor = (ts, self._real.monotonic())
            return 0.0
        return max(wait, 0.0)

    async def sleep_until(self, ts: int) -> None:
        wait = self.ahead_ms(ts)
        if wait > 0:
            await asyncio.sleep(wait / 1000)
        self.tell(ts)
