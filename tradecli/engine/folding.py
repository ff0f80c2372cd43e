"""Positions as the fold of their fills in the venue's order, whatever the order in which the fills become known.

What a fill realises depends on those before it. The venue booked them as they happened; a stream that delivers one
late, or a look-up that finds one later, must not leave our realised profit, and with it our balance, another one. So
the newest fills of each instrument are remembered, and one that comes late is put in its place and the fold made again.
Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import msgspec

from tradecli.domain.events import Fill
from tradecli.domain.position import Position

_KEPT = 256
Place = tuple[int, int, str]
"""A fill's place in the venue's order: its time, then its trade id, shorter numbers first."""


class Fold:
    """One instrument's newest fills, each with the position before it."""

    __slots__ = ("_befores", "_fills", "_places")

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._fills: list[Fill] = []
        self._befores: list[Position] = []

    def take(self, position: Position, fill: Fill, after: Callable[[Position, Fill], Position]) -> Position:
        """Return the position once ``fill`` has its place; ``after`` applies one fill to a position."""
        place = (fill.ts, len(fill.trade_id), fill.trade_id)
        at = bisect_right(self._places, place)
        self._places.insert(at, place)
        self._fills.insert(at, fill)
        if at == len(self._befores):
            self._befores.append(position)
            folded = after(position, fill)
        else:
            folded = self._befores[at]
            del self._befores[at:]
            for each in self._fills[at:]:
                self._befores.append(folded)
                folded = after(folded, each)
            folded = msgspec.structs.replace(folded, funding=position.funding)
        if len(self._places) > 2 * _KEPT:
            del self._places[:_KEPT], self._fills[:_KEPT], self._befores[:_KEPT]
        return folded
