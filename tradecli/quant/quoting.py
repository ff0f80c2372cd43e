"""Where a market maker quotes around an inventory: Avellaneda-Stoikov, and Guéant-Lehalle-Fernandez-Tapia.

METHODS section 5.4. Volatility here is in price units per square root of the time unit of A and T, not annual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINTS = 8
"""Distances at which a fill rate is measured before a line is laid through its logarithm."""
FARTHEST = 0.95
"""Quantile of the distances reached that is the farthest one measured."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """Distances below and above the mid, in price units; negative ones cross it."""

    bid_offset: float
    ask_offset: float


@dataclass(frozen=True, slots=True)
class FillRate:
    """Orders at distance d fill at A exp(−k d) a time unit, as fitted on ``reached`` of ``slices`` waits."""

    A: float
    k: float
    reached: int
    """Waits in which the nearest measured distance was reached: the fills that an order there would have had."""
    slices: int


def fit_fill_rate(excursions: NDArray[np.float64], wait: float) -> FillRate | None:
    """Return A and k by the line through ln λ(d), d in the unit of ``excursions``, λ per unit of ``wait``.

    ``excursions`` is how far prints went beyond the price at the start of each wait. An order at d was reached in a
    share P(d) of them, which for a Poisson process means λ = −ln(1 − P)/wait. None where no falling line can be laid.
    """
    known = excursions[np.isfinite(excursions)]
    if not len(known):
        return None
    farthest = float(np.quantile(known, FARTHEST))
    if farthest <= 0.0:
        return None
    distances = np.linspace(farthest / POINTS, farthest, POINTS)
    reached = len(known) - np.searchsorted(np.sort(known), distances, side="left")
    share = reached / len(known)
    usable = (share > 0.0) & (share < 1.0)
    if np.count_nonzero(usable) < 3:
        return None
    x, y = distances[usable], np.log(-np.log1p(-share[usable]) / wait)
    x_off = x - x.mean()
    slope = float(x_off @ (y - y.mean()) / (x_off @ x_off))
    if slope >= 0.0:
        return None
    rate = math.exp(float(y.mean() - slope * x.mean()))
    return FillRate(A=rate, k=-slope, reached=int(reached[0]), slices=len(known))


def reservation_price(
    mid: float, inventory: float, volatility: float, gamma: float, time_left: float
) -> float:
    """Return s - q gamma v² (T - t); Avellaneda & Stoikov (2008)."""
    return mid - inventory * gamma * volatility**2 * time_left


def optimal_spread(volatility: float, gamma: float, k: float, time_left: float) -> float:
    """Return the total spread gamma v² (T - t) + (2/gamma) ln(1 + gamma/k); Avellaneda & Stoikov (2008)."""
    return gamma * volatility**2 * time_left + 2.0 * _half_spread(gamma, k)


def glft_quotes(inventory: float, volatility: float, A: float, k: float, gamma: float) -> Quotes:
    """Return the stationary closed-form offsets; ``inventory`` in units of one order, fill rate A exp(-k d).

    Guéant, Lehalle & Fernandez-Tapia (2013). The caller clips them to the maker's cost and one tick.
    """
    growth = math.e if gamma == 0 else (1.0 + gamma / k) ** (1.0 + k / gamma)
    skew = math.sqrt(volatility**2 * gamma / (2.0 * k * A) * growth)
    base = _half_spread(gamma, k)
    return Quotes(base + (2.0 * inventory + 1.0) / 2.0 * skew, base + (1.0 - 2.0 * inventory) / 2.0 * skew)


def glft_spectral_quotes(
    inventory: int, volatility: float, A: float, k: float, gamma: float, limit: int
) -> Quotes | None:
    """Return the exact stationary offsets for |q| <= ``limit`` from the lowest eigenvector of the ODE's matrix.

    Guéant, Lehalle & Fernandez-Tapia (2013), section 4. None at or beyond the limit, where one side is not quoted.
    """
    if abs(inventory) >= limit:
        return None
    levels = np.arange(-limit, limit + 1, dtype=np.float64)
    eta = A * (1.0 + gamma / k) ** -(1.0 + k / gamma)
    matrix = np.diag(0.5 * k * gamma * volatility**2 * levels**2)
    matrix -= eta * (np.eye(len(levels), k=1) + np.eye(len(levels), k=-1))
    lowest = np.abs(np.linalg.eigh(matrix)[1][:, 0])
    here = inventory + limit
    base = _half_spread(gamma, k)
    return Quotes(
        math.log(float(lowest[here] / lowest[here + 1])) / k + base,
        math.log(float(lowest[here] / lowest[here - 1])) / k + base,
    )


def _half_spread(gamma: float, k: float) -> float:
    return 1.0 / k if gamma == 0 else math.log1p(gamma / k) / gamma
