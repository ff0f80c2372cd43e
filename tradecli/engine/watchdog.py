"""A thread that watches the event loop from outside and speaks while it stands still (C06, M09).

It alarms once per stall, and past a second limit writes the kill flag itself: the loop that would write it is the
one that hangs. What the loop does once it wakes is ``stall``'s. It must not touch the engine: nothing here is on the
loop's thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel
from tradecli.engine import stall
from tradecli.errors import StoreFault
from tradecli.ports import Clock, KillFlag

log = logging.getLogger(__name__)
_LOOK_S = 0.25


class Watchdog:
    """Looks at ``beaten_at`` (monotonic ms) of one loop; ``trip_ms`` None alarms only, and latches nothing."""

    def __init__(
        self,
        beaten_at: Callable[[], int],
        clock: Clock,
        kill: KillFlag,
        *,
        trip_ms: int | None,
    ) -> None:
        self._beaten_at = beaten_at
        self._clock = clock
        self._kill = kill
        self._trip_ms = trip_ms
        self._alarm_ms = stall.STALL_MS
        self._alarmed: int | None = None
        self._tripped: int | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch until ``stop``; the thread never keeps the process alive."""
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; returns once it has ended."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            self.look()

    def look(self) -> None:
        """Alarm once for each beat that is overdue, and latch once when it is overdue for too long."""
        beat = self._beaten_at()
        late = self._clock.monotonic() - beat
        if late >= self._alarm_ms and self._alarmed != beat:
            self._alarmed = beat
            log.critical("the event loop has not beaten for %.1f s: nothing is sent or heard", late / 1000)
        if self._trip_ms is not None and late >= self._trip_ms and self._tripped != beat:
            self._trip(beat, late)

    def _trip(self, beat: int, late: int) -> None:
        reason = f"the event loop stood still for {late / 1000:.1f} s"
        latch = Latch(
            level=KillLevel.REDUCE, scope=Scope(), reason=reason, by="watchdog", at=self._clock.now()
        )
        try:
            self._kill.set(latch)
        except StoreFault as fault:  # tried again at the next look
            log.critical("%s, and %s", reason, fault.message)
            return
        self._tripped = beat
        log.critical("%s: %s is latched until tradecli kill release", reason, latch.level)
