"""The clocks: the machine's own, and a simulated one that moves only when told. Nothing else reads time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_FRESH_MS = 1_000
_JITTER_MS = 50
"""By how much two readings of the two clocks may disagree without anybody having set one."""


class SystemClock:
    """Real time: ``now`` is the wall's and never goes back, every duration is the monotonic clock's (C02).

    A wall clock that is set back is not followed: time goes on from where it was, ``set_back_ms`` ahead of the
    wall, until the wall has caught up.
    One that is set forward is, because it looks the same after the machine slept: what was heard before is then old.
    """

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._told = (self._wall_ns() // 1_000_000, self.monotonic())
        self.set_back_ms = 0

    def now(self) -> int:
        wall, steady = self._wall_ns() // 1_000_000, self.monotonic()
        told, read = self._told
        going_on = told + steady - read
        if self.set_back_ms or wall < going_on - _JITTER_MS:
            self.set_back_ms = max(0, going_on - wall)
        now = max(told, wall + self.set_back_ms)
        self._told = (now, steady)
        return now

    def monotonic(self) -> int:
        return self._monotonic_ns() // 1_000_000

    async def sleep_until(self, ts: int) -> None:
        """Sleep as long as ``ts`` was away when ``now`` was last read: a step since then changes nothing."""
        await asyncio.sleep(self.away_ms(ts) / 1000)

    def away_ms(self, ts: int) -> int:
        """Return how long it is to ``ts``, 0 when it is over."""
        told, read = self._told
        passed = self.monotonic() - read
        if passed > _FRESH_MS:
            told, passed = self.now(), 0
        return max(0, ts - told - passed)


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
