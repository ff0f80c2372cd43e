"""The limits of METHODS section 12.2 as plain comparisons. A number that is not known counts as over its limit.

Knows no latch, no time and no account: the engine's breakers own those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

HALT_DRAWDOWN = 0.15
LADDER = ((HALT_DRAWDOWN, "flatten"), (0.10, "reduce"), (0.08, "halve"), (0.05, "warn"))
SYMBOL_SHARE, VOLATILITY, CORRELATION = 0.10, 1.00, 0.90


@dataclass(frozen=True, slots=True)
class Standing:
    """What the limits forbid now: everything, adds to some symbols, full size in some, adds to correlated pairs."""

    halt: bool
    block_adds: tuple[str, ...]
    halve: tuple[str, ...]
    crowded: bool


def is_over(value: float, limit: float, *, inclusive: bool = False) -> bool:
    """Whether a value is beyond its limit; NaN is."""
    return math.isnan(value) or value > limit or (inclusive and value == limit)


def drawdown_step(drawdown: float) -> str | None:
    """Return what a drawdown (positive fraction) asks for, the limits included: warn, halve, reduce or flatten."""
    return next((step for limit, step in LADDER if is_over(drawdown, limit, inclusive=True)), None)


def standing(
    drawdown: float, shares: Mapping[str, float], volatilities: Mapping[str, float], correlation: float
) -> Standing:
    """Return what the specified limits say of a book.

    ``drawdown`` from the high-water mark, ``shares`` of equity in each symbol (either sign), annual ``volatilities``,
    and the highest pair ``correlation``.
    """
    return Standing(
        is_over(drawdown, HALT_DRAWDOWN, inclusive=True),
        tuple(sorted(name for name, share in shares.items() if is_over(abs(share), SYMBOL_SHARE))),
        tuple(sorted(name for name, vol in volatilities.items() if is_over(vol, VOLATILITY))),
        is_over(correlation, CORRELATION),
    )
