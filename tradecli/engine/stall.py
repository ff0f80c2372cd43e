"""Notices that the event loop stood still (C06): what was heard before is then old, whatever its queue says.

After a stall every venue's market data count as down until something newer than the wake-up arrives. It runs on the
loop it watches; the alarm during a stall is for a thread of its own (``watchdog``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tradecli.domain.enums import Severity
from tradecli.domain.events import LinkChanged
from tradecli.domain.instrument import venue_of
from tradecli.engine.clock import SystemClock
from tradecli.engine.spine import Spine

_BEAT_MS = 500
STALL_MS = 2_000
_TOLERANCE_MS = 1_000
"""How far a venue's clock may be behind ours for an event to count as newer than the wake-up."""


class Stall:
    """The heartbeat of one loop. ``beaten_at`` is on the monotonic clock."""

    def __init__(self, spine: Spine, venues: Collection[str]) -> None:
        self._spine = spine
        self._venues = venues
        self._stale: dict[str, int] = {}
        self._set_back_ms = 0
        self.beaten_at = spine.clock.monotonic()

    def beat(self) -> None:
        self.beaten_at = self._spine.clock.monotonic()

    async def watch(self) -> None:
        """Beat for good; after a gap, close the market data of every venue."""
        clock = self._spine.clock
        self.beat()
        while True:
            await clock.sleep_until(clock.now() + _BEAT_MS)
            gap = clock.monotonic() - self.beaten_at - _BEAT_MS
            self.beat()
            if gap >= STALL_MS:
                self._woke(gap)
            if isinstance(clock, SystemClock):
                self._look_at_clock(clock.set_back_ms)

    def _look_at_clock(self, set_back_ms: int) -> None:
        """Say once that the machine's clock went back; our time goes on, and data seem old until it is caught up."""
        if set_back_ms >= _TOLERANCE_MS > self._set_back_ms:
            text = f"the clock was set back by {set_back_ms / 1000:.0f} s: times go on from before until a restart"
            self._spine.note(Severity.ALERT, "clock", text)
        self._set_back_ms = set_back_ms

    def _woke(self, gap: int) -> None:
        now = self._spine.clock.now()
        text = f"the loop stood still for {gap / 1000:.1f} s"
        self._spine.note(Severity.CRITICAL, "stall", f"{text}: no order before fresh data")
        for venue in self._venues:
            self._stale[venue] = now
            self._spine.take(LinkChanged(venue=venue, up=False, ts=now, reason=text))

    def refreshed(self, event: Any) -> None:
        """Open a venue again with the first market event that is newer than the wake-up."""
        if not self._stale:
            return
        instrument = getattr(event, "instrument", None)
        venue = venue_of(instrument) if instrument is not None else ""
        woke = self._stale.get(venue)
        if woke is not None and event.ts >= woke - _TOLERANCE_MS:
            del self._stale[venue]
            up = LinkChanged(venue=venue, up=True, ts=self._spine.clock.now(), reason="fresh after a stall")
            self._spine.take(up)
