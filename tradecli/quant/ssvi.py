"""SSVI: one skew and one curvature rule for all expiries (METHODS section 7; Gatheral & Jacquier 2014).

    w(k, θ) = θ/2 (1 + ρ φ k + √((φ k + ρ)² + 1 − ρ²)),  φ(θ) = η θ^−γ (1 + θ)^(γ − 1)

θ is the total variance at the money of an expiry. A slice of it is a raw SVI slice, and is handed out as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradecli.quant import ssvi_kernel as kernel
from tradecli.quant.kernels import compiled as machine_code
from tradecli.quant.kernels import over_lists
from tradecli.quant.returns import Floats
from tradecli.quant.svi import RawSvi

FEWEST = 5


@dataclass(frozen=True, slots=True)
class Ssvi:
    """The three parameters that all expiries share."""

    rho: float
    eta: float
    gamma: float

    def phi(self, theta: float) -> float:
        return kernel.ssvi_phi(self.eta, self.gamma, theta)

    def is_free_of_butterflies(self, theta: float) -> bool:
        """Say whether θ φ (1 + |ρ|) < 4 and θ φ² (1 + |ρ|) ≤ 4."""
        return kernel.ssvi_is_free(self.rho, self.eta, self.gamma, theta)

    def slice(self, theta: float) -> RawSvi:
        """Return the slice of an expiry as raw SVI; ``theta`` positive."""
        phi = self.phi(theta)
        rest = 1.0 - self.rho**2
        return RawSvi(0.5 * theta * rest, 0.5 * theta * phi, self.rho, -self.rho / phi, math.sqrt(rest) / phi)

    def total_variance(self, k: Floats, theta: Floats) -> Floats:
        phi = self.eta * theta**-self.gamma * (1.0 + theta) ** (self.gamma - 1.0)
        y = phi * k
        found: Floats = 0.5 * theta * (1.0 + self.rho * y + np.sqrt((y + self.rho) ** 2 + 1.0 - self.rho**2))
        return found


@dataclass(frozen=True, slots=True)
class SsviFit:
    """A fitted surface. ``error`` is the weighted root mean square of volatility missed."""

    model: Ssvi
    error: float
    n: int
    converged: bool


def fit(
    k: Floats, vol: Floats, years: Floats, theta: Floats, weight: Floats, *, compiled: bool = False
) -> SsviFit | None:
    """Fit the shared parameters to the volatilities of all expiries; None with fewer than five points.

    All arrays have one entry a quote, expiry by expiry. η is lowered until no expiry has butterflies; ``compiled`` is
    for live work.
    """
    if len(k) < FEWEST:
        return None
    share = weight / np.sum(weight)
    columns: tuple[Any, ...] = k, vol, years, theta, share
    calibrate, room = kernel.ssvi_calibrate, [0.0] * 9
    if compiled:
        found = machine_code(calibrate, *kernel.CALIBRATE)(*columns, np.empty(9), np.empty(9))
    else:
        found = over_lists(calibrate)(*columns, room, room.copy())
    rho, eta, gamma, error, converged = found
    return SsviFit(Ssvi(rho, eta, gamma), error, len(k), bool(converged))
