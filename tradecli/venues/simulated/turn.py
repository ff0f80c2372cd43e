"""A turn of the trend: the last hour of the past bent so that two moving averages stand just before they cross.

It owns the shape of that hour. Prices fall to a low and recover; by how much is solved for, coin by coin, so that
the fast exponential average of the minutes ends a hair below the slow one and the price well above both. The minute
that is open at the start then closes the gap with an ordinary move, whatever the seed brought before.
"""

from __future__ import annotations

import numpy as np

from tradecli.venues.simulated.draws import Floats
from tradecli.venues.simulated.tapes import Turn

_REACH = 600
"""Minutes after which the slower average has forgotten a price."""


def weights(bars: int) -> Floats:
    """Return what each of the last minutes counts in an exponential average of ``bars``, the newest last."""
    alpha = 2.0 / (bars + 1.0)
    fading: Floats = np.cumprod(np.full(_REACH, 1.0 - alpha))[::-1] * (alpha / (1.0 - alpha))
    return fading


def bend(close: Floats, at_s: Floats, turn: Turn, beta: float) -> Floats:
    """Return the factor on each minute's close: 1 on the last one, and the same for all before the turn.

    ``at_s`` are the closes' seconds after the start of the run.
    """
    end_s = float(at_s[-1])
    fall = np.clip((turn.low_s - at_s) / (turn.low_s - turn.start_s), 0.0, 1.0)
    rise = np.clip((end_s - at_s) / (end_s - turn.low_s), 0.0, 1.0)
    fast, slow = weights(turn.fast), weights(turn.slow)
    last = float(close[-1])
    rows = []
    for weight, wanted in (
        (fast - slow, -turn.gap_bp * beta * 1e-4 * last),
        (fast, (1.0 - turn.above_bp * beta * 1e-4) * last),
    ):
        rows.append([_sum(weight, close * shape) for shape in (fall, rise)] + [wanted - _sum(weight, close)])
    (a, b, e), (c, d, f) = rows
    whole = a * d - b * c
    factor: Floats = 1.0 + round((e * d - b * f) / whole, 9) * fall + round((a * f - e * c) / whole, 9) * rise
    return factor


def _sum(weight: Floats, values: Floats) -> float:
    """Return a weighted sum in one fixed order of additions, the same on every machine."""
    return float(np.cumsum(weight * values[-_REACH:])[-1])
