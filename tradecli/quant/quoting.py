"""Where a market maker quotes around an inventory: Avellaneda-Stoikov, and Guéant-Lehalle-Fernandez-Tapia.

METHODS section 5.4. Volatility here is in price units per square root of the time unit of A and T, not annual.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Quotes:
    """Distances below and above the mid, in price units; negative ones cross it."""

    bid_offset: float
    ask_offset: float


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
