"""How much may be asked of a venue, and who comes first: windows of weight, a share for each priority, and stops. Pure.

A venue takes so much weight in a window that starts at a round time. Each priority may fill the window only up to its
share of it, so that what is left is there for those above: history never eats what live data need, and nobody eats the
reserve of cancels (RELIABILITY section 2, V05). A stop is a time before which the venue is not asked at all: it said so
with 429 or 418, and every process obeys (V06).
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec


class Priority(IntEnum):
    """Who asks; the first comes first."""

    CANCEL = 0
    ORDER = 1
    LIVE = 2
    HISTORY = 3


SHARE = {Priority.CANCEL: 1.0, Priority.ORDER: 0.9, Priority.LIVE: 0.75, Priority.HISTORY: 0.5}
"""How much of a window may be full when a request of that priority is let through."""


class Allowance(NamedTuple):
    """How much weight a venue takes in a window."""

    weight: int
    window_ms: int


class Stop(msgspec.Struct, frozen=True):
    """Until when a venue is not asked, and what it said."""

    until: int
    reason: str


class Window(msgspec.Struct, frozen=True):
    """What was used since ``start``."""

    start: int
    used: int


def take(
    window: Window | None, allowance: Allowance, weight: int, priority: Priority, now: int
) -> tuple[Window, int]:
    """Return the window after a request, and 0; or the window as it is, and the milliseconds to wait.

    A request that is heavier than its whole share is let through an empty window: it could never go otherwise.
    """
    start = now - now % allowance.window_ms
    if window is None or window.start < start:
        window = Window(start, 0)
    most = allowance.weight * SHARE[priority]
    if window.used and window.used + weight > most:
        return window, window.start + allowance.window_ms - now
    return Window(window.start, window.used + weight), 0


class OwnBudget:
    """A budget of this process alone."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._stops: dict[str, Stop] = {}

    def take(self, account: str, allowance: Allowance, weight: int, priority: Priority, now: int) -> int:
        self._windows[account], wait = take(self._windows.get(account), allowance, weight, priority, now)
        return wait

    def observe(self, account: str, allowance: Allowance, used: int, now: int) -> None:
        self._windows[account] = seen(self._windows.get(account), allowance, used, now)

    def stop(self, venue: str, until: int, reason: str) -> None:
        self._stops[venue] = later(self._stops.get(venue), Stop(until, reason))

    def stopped(self, venue: str, now: int) -> Stop | None:
        found = self._stops.get(venue)
        return found if found is not None and now < found.until else None

    def used(self, account: str, allowance: Allowance, now: int) -> int:
        return seen(self._windows.get(account), allowance, 0, now).used


def seen(window: Window | None, allowance: Allowance, used: int, now: int) -> Window:
    """Return the window with at least ``used`` in it."""
    start = now - now % allowance.window_ms
    own = window.used if window is not None and window.start == start else 0
    return Window(start, max(own, used))


def later(known: Stop | None, new: Stop) -> Stop:
    """Return the stop that lasts longer."""
    return known if known is not None and known.until >= new.until else new
