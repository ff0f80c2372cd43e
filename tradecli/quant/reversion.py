"""Whether returns revert, which a grid lives on and a random walk does not give it (METHODS section 5.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats, moves


@dataclass(frozen=True, slots=True)
class VarianceRatio:
    """Below 1 returns revert, above 1 they trend. ``p_reverting`` is one-sided, for a ratio below 1."""

    ratio: float
    z: float
    p_reverting: float
    p_two_sided: float
    n: int


def variance_ratio(returns: Floats, q: int) -> VarianceRatio | None:
    """Return VR(q) of overlapping q-period log returns with the z robust to changing variance.

    Lo & MacKinlay, RFS (1988). None below 4 q returns, for NaN, and for returns that do not move.
    """
    n = len(returns)
    if q < 2 or n < 4 * q or not np.all(np.isfinite(returns)) or not moves(returns):
        return None
    centred = returns - np.mean(returns)
    squares = centred**2
    total = float(np.sum(squares))
    sums = np.convolve(centred, np.ones(q), mode="valid")
    ratio = float(sums @ sums) / (q * (n - q + 1) * (1.0 - q / n)) / (total / (n - 1))
    theta = math.fsum(
        (2.0 * (q - j) / q) ** 2 * float(squares[j:] @ squares[:-j]) / total**2 for j in range(1, q)
    )
    if theta <= 0.0:
        return None
    z = (ratio - 1.0) / math.sqrt(theta)
    return VarianceRatio(
        ratio, z, 0.5 * math.erfc(-z / math.sqrt(2.0)), math.erfc(abs(z) / math.sqrt(2.0)), n
    )
