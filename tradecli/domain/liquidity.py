"""How liquid a book was, hour by hour: two series a desk keeps of each book it follows.

A sample is taken of a proven book about once a minute; an hour is the mean of its samples and stands at its end. It
holds no book and reads no clock; ranking the hours is the stress score's.
"""

from __future__ import annotations

from typing import NamedTuple

from tradecli.domain.feed import HOUR_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex

SPREAD, DEPTH = "SPREAD", "DEPTH10"
NEAR_BPS = 10.0
"""How far from the mid the depth reaches."""
EVERY_MS = MINUTE_MS
FEWEST = 30
"""Samples below which an hour is not kept: half of its minutes."""


def series_of(instrument: InstrumentId) -> tuple[str, str]:
    """Return the names of an instrument's two series: spread in basis points, depth in quote currency."""
    return f"{SPREAD}-{instrument}", f"{DEPTH}-{instrument}"


class Sample(NamedTuple):
    """Spread in basis points of the mid; notional of both sides near it, None where the book ends before."""

    spread_bps: float
    depth: float | None


class Hour(NamedTuple):
    """One hour of a book, ``at`` its end, UTC ms: means over ``samples``; ``depth`` over those that reached."""

    at: int
    spread_bps: float
    depth: float | None
    samples: int

    @property
    def is_kept(self) -> bool:
        return self.samples >= FEWEST

    def rows(self, instrument: InstrumentId) -> tuple[VolIndex, ...]:
        """Return the hour as rows of the kept series; none of an hour that was hardly seen."""
        if not self.is_kept:
            return ()
        spread, depth = series_of(instrument)
        first = VolIndex(spread, self.at, self.spread_bps)
        return (first,) if self.depth is None else (first, VolIndex(depth, self.at, self.depth))


class Gauge:
    """Sums the samples of one book; ``add`` gives the hour before back when a sample of the next one comes."""

    __slots__ = ("_deep", "_depth", "_end", "_samples", "_spread", "due")

    def __init__(self) -> None:
        self.due = 0
        """When the next sample is wanted; whoever asks keeps to one clock."""
        self._end = 0
        self._forget()

    def _forget(self) -> None:
        self._samples = self._deep = 0
        self._spread = self._depth = 0.0

    def add(self, at: int, sample: Sample) -> Hour | None:
        """Take in a sample of the moment ``at``; return the hour that it ends, if it is the first of a new one."""
        ended = None
        if at >= self._end:
            ended = self.close()
            self._end = at - at % HOUR_MS + HOUR_MS
        self._samples += 1
        self._spread += sample.spread_bps
        if sample.depth is not None:
            self._deep += 1
            self._depth += sample.depth
        return ended

    def close(self) -> Hour | None:
        """Return the hour as far as it was seen, and begin anew; None where nothing was."""
        if not self._samples:
            return None
        n, deep = self._samples, self._deep
        # depth that most samples did not reach would be the mean of the thin moments only
        depth = self._depth / deep if 2 * deep >= n else None
        found = Hour(self._end, self._spread / n, depth, n)
        self._forget()
        return found
