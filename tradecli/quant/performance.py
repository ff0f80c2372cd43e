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


def expected_drawdown(deviation: float, periods: int) -> float:
    """Return the largest drawdown to expect of a book without edge: σ√(πT/2); Magdon-Ismail & Atiya (2004).

    ``deviation`` is per period. A reference to print beside the drawdown there was.
    """
    return float(deviation * np.sqrt(np.pi * periods / 2.0))


def sortino(returns: Floats, periods: int = 365) -> float | None:
    """Return the annual mean over downside deviation, target 0, over the full sample; None without a loss."""
    if len(returns) < 2 or not np.all(np.isfinite(returns)):
        return None
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    return float(np.mean(returns)) / downside * float(np.sqrt(periods)) if downside > 0.0 else None


def growth_rate(equity: Floats, years: float) -> float | None:
    """Return the compound growth a year of an equity path; None for no time or a ruined path."""
    if len(equity) < 2 or years <= 0.0 or float(np.min(equity)) <= 0.0:
        return None
    return float((equity[-1] / equity[0]) ** (1.0 / years) - 1.0)


def calmar(equity: Floats, years: float) -> float | None:
    """Return growth a year over the largest drawdown; None for less than a year, as it means little before."""
    rate, fall = growth_rate(equity, years), drawdown(equity)
    if rate is None or fall is None or years < 1.0 or fall.largest <= 0.0:
        return None
    return rate / fall.largest


def unitised(equity: Floats, flows: Floats) -> Floats:
    """Return the value of one unit of a book, 1 at the start, so that deposits and withdrawals are no performance.

    ``flows`` are those that came in just before each point of ``equity``, in the same currency; the first is ignored.
    """
    growth = np.ones(len(equity))
    growth[1:] = (equity[1:] - flows[1:]) / equity[:-1]
    return np.asarray(np.cumprod(growth))
