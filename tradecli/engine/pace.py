"""Our own rate budget for orders and cancels of each venue (V05, M12): a bucket of requests that refills with time.

Cancels may use all of it, orders leave a reserve for them. A venue that asks for silence is left alone until the time
it named. It waits on the clock it was handed, by monotonic time (C02), and never sends anything.
"""

from __future__ import annotations

from tradecli.errors import RateLimited
from tradecli.ports import Clock

_SILENCE_S = 5.0
"""How long a venue is left alone that asked for silence without saying how long."""


class Pace:
    """At most ``per_s`` requests a second at each venue, bursts of the same size, ``reserve`` of them for cancels."""

    def __init__(self, clock: Clock, per_s: int = 50, reserve: int = 10) -> None:
        self._clock = clock
        self._per_s = per_s
        self._reserve = reserve
        self._left: dict[str, tuple[float, int]] = {}
        self._silent_until: dict[str, int] = {}

    async def wait(self, venue: str, *, cancel: bool) -> None:
        """Return when one request may leave for ``venue``."""
        while True:
            now = self._clock.monotonic()
            silent = self._silent_until.get(venue, now)
            if now < silent:
                await self._pause(silent - now)
                continue
            left, since = self._left.get(venue, (float(self._per_s), now))
            left = min(float(self._per_s), left + (now - since) * self._per_s / 1000)
            floor = 0 if cancel else self._reserve
            if left >= floor + 1:
                self._left[venue] = (left - 1, now)
                return
            self._left[venue] = (left, now)
            await self._pause(max(1, int(1000 * (floor + 1 - left) / self._per_s) + 1))

    async def _pause(self, ms: int) -> None:
        await self._clock.sleep_until(self._clock.now() + ms)

    def heard(self, venue: str, broken: Exception) -> None:
        """Obey a venue that asked for silence."""
        if isinstance(broken, RateLimited):
            wait_s = broken.retry_after_s if broken.retry_after_s is not None else _SILENCE_S
            until = self._clock.monotonic() + int(1000 * wait_s)
            self._silent_until[venue] = max(self._silent_until.get(venue, until), until)
