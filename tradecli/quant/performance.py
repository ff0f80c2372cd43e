"""Drawdown of an equity path (METHODS sections 11 and 12.2). Losses are positive fractions of the highest equity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradecli.quant.returns import Floats


@dataclass(frozen=True, slots=True)
class Drawdown:
    """How far below its high the path stands and stood: now, at worst, where, and for how many points so far."""

    now: float
    largest: float
    largest_index: int
    under_water: int


def drawdown_path(equity: Floats) -> Floats:
    """Return 1 − E/cummax(E) for each point."""
    return np.asarray(1.0 - equity / np.maximum.accumulate(equity))


def drawdown(equity: Floats) -> Drawdown | None:
    """Return the drawdown of a path of positive equity, oldest first; None for an empty path or one below zero."""
    if not len(equity) or float(np.min(equity)) <= 0.0:
        return None
    path = drawdown_path(equity)
    worst = int(np.argmax(path))
    at_high = np.flatnonzero(path == 0.0)
    return Drawdown(float(path[-1]), float(path[worst]), worst, len(path) - 1 - int(at_high[-1]))


def latched(path: Floats, limit: float) -> NDArray[np.bool_]:
    """Return, for each point, whether a limit that trips at ``limit`` (inclusive) has tripped by then."""
    return np.logical_or.accumulate(path >= limit)
