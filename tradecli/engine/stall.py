"""Notices that the event loop stood still (C06): what was heard before is then old, whatever its queue says.

After a stall every venue's market data count as down until something newer than the wake-up arrives. It runs on the
loop it watches; the alarm during a stall is for a thread of its own (``watchdog``).
"""

from __future__ import annotations

from typing import Any

from tradecli.domain.enums import Severity
from tradecli.domain.events import LinkChanged
from tradecli.domain.instrument import venue_of
from tradecli.engine.spine import Spine

_BEAT_MS = 500
STALL_MS = 2_000
_TOLERANCE_MS = 1_000
"""How far a venue's clock may be behind ours for an event to count as newer than the wake-up."""


class Stall:
    """The heartbeat of one loop. ``beaten_at`` is on the monotonic clock."""

    def __init__(self, spine: Spine, venues: tuple[str, ...]) -> None:
        self._spine = spine
        self._venues = venues
        self._stale: dict[str, int] = {}
        self.beaten_at = spine.clock.monotonic()

    async def watch(self) -> None:
        """Beat for good; after a gap, close the market data of every venue."""
        clock = self._spine.clock
        self.beaten_at = clock.monotonic()
        while True:
            await clock.sleep_until(clock.now() + _BEAT_MS)
            gap = clock.monotonic() - self.beaten_at - _BEAT_MS
            self.beaten_at = clock.monotonic()
            if gap >= STALL_MS:
                self._woke(gap)

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
