"""The volatility regime with hysteresis (METHODS section 5.2)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LABELS = ("calm", "normal", "elevated", "high", "extreme")
EDGES = (0.30, 0.50, 0.80, 1.10)
BAND = 0.05
DWELL = 2


@dataclass(frozen=True, slots=True)
class RegimeState:
    """Where the regime stands: its index in LABELS, and the moves asked for in one direction so far."""

    index: int
    direction: int = 0
    asked: int = 0

    @property
    def label(self) -> str:
        return LABELS[self.index]


def bucket(vol: float, edges: Sequence[float] = EDGES) -> int:
    """Return the raw state: how many edges ``vol`` has reached."""
    return sum(vol >= edge for edge in edges)


def step(
    state: RegimeState | None,
    vol: float,
    *,
    edges: Sequence[float] = EDGES,
    band: float = BAND,
    dwell: int = DWELL,
) -> RegimeState:
    """Return the state after one more bar.

    A boundary counts as crossed only with the band beyond it; ``dwell`` bars in a row must ask for the same
    direction, and the last target is taken. The highest state is entered at once. The first bar takes its bucket.
    A volatility that is not finite keeps the state and breaks the row; ValueError when there is no state yet.
    """
    if not math.isfinite(vol):
        if state is None:
            raise ValueError("a regime cannot begin with an unknown volatility")
        return RegimeState(state.index)
    if state is None:
        return RegimeState(bucket(vol, edges))
    up = max((i + 1 for i, edge in enumerate(edges) if vol >= edge * (1 + band)), default=0)
    down = min((i for i, edge in enumerate(edges) if vol < edge * (1 - band)), default=len(edges))
    target = up if up > state.index else down if down < state.index else state.index
    if target == state.index:
        return RegimeState(state.index)
    if target == len(edges):
        return RegimeState(target)
    direction = 1 if target > state.index else -1
    asked = state.asked + 1 if direction == state.direction else 1
    return RegimeState(target) if asked >= dwell else RegimeState(state.index, direction, asked)


def path(vols: Iterable[float], *, edges: Sequence[float] = EDGES) -> list[int]:
    """Return the state after each of ``vols``."""
    state: RegimeState | None = None
    found = []
    for vol in vols:
        state = step(state, vol, edges=edges)
        found.append(state.index)
    return found
