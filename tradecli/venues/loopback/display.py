"""A book as a venue displays it: changes at a beat, each with its sequence numbers, and a snapshot that fits them.

It owns the published state, which lags the floor by up to a beat, as a venue's does. Snapshot plus the changes after
it is the published book at every moment; ``bids`` and ``asks`` are public so that a test can compare.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Rows = list[tuple[int, int]]
"""(ticks, lots); a size of 0 removes the level."""
Levels = Callable[[], tuple[Rows, Rows]]

RESTLESS = 20
"""Levels a side of a restless book."""


class Change(NamedTuple):
    """What changed in one beat; ids ``first`` to ``last`` follow ``prev``."""

    ts: int
    first: int
    last: int
    prev: int
    bids: Rows
    asks: Rows


class Display:
    """The published book of one instrument. ``first_id`` is where its update ids begin.

    ``restless`` shows RESTLESS levels a side and changes every size at every beat, so that each message is as large as
    the book: for load.
    """

    def __init__(self, levels: Levels, first_id: int, *, restless: bool = False) -> None:
        self._levels = levels
        self._restless = restless
        self._beats = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.last = first_id
        self.ts = 0
        self.published = 0

    def beat(self, ts: int) -> Change | None:
        """Publish the levels as they stand now; return what changed, or None."""
        bids, asks = self._levels()
        if not bids or not asks:
            return None
        self._beats += 1
        if self._restless:
            shift = self._beats % 5
            bids = [(ticks, lots + (ticks + shift) % 5) for ticks, lots in bids[:RESTLESS]]
            asks = [(ticks, lots + (ticks + shift) % 5) for ticks, lots in asks[:RESTLESS]]
        new_bids, new_asks = dict(bids), dict(asks)
        bid_rows, ask_rows = _changes(self.bids, new_bids), _changes(self.asks, new_asks)
        count = len(bid_rows) + len(ask_rows)
        if not count:
            return None
        prev = self.last
        self.bids, self.asks, self.ts = new_bids, new_asks, ts
        self.last = prev + count
        self.published += 1
        return Change(ts, prev + 1, self.last, prev, bid_rows, ask_rows)

    def snapshot(self, depth: int) -> tuple[Rows, Rows]:
        """Return the published book, best first, at most ``depth`` levels a side."""
        return (
            sorted(self.bids.items(), reverse=True)[:depth],
            sorted(self.asks.items())[:depth],
        )


def _changes(old: dict[int, int], new: dict[int, int]) -> Rows:
    rows = [(ticks, lots) for ticks, lots in new.items() if old.get(ticks) != lots]
    rows += [(ticks, 0) for ticks in old if ticks not in new]
    return rows
