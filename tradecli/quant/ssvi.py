"""SSVI: one skew and one curvature rule for all expiries (METHODS section 7; Gatheral & Jacquier 2014).

    w(k, θ) = θ/2 (1 + ρ φ k + √((φ k + ρ)² + 1 − ρ²)),  φ(θ) = η θ^−γ (1 + θ)^(γ − 1)

θ is the total variance at the money of an expiry. A slice of it is a raw SVI slice, and is handed out as one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant.returns import Floats
from tradecli.quant.svi import RawSvi

STEPS = 40
SETTLED = 1e-3
"""A step that gains less than this share of the squares is the last."""
HOPELESS = 1e6
"""Damping from which no smaller step helps: this is the bottom."""
FEWEST = 5
ROOM = 0.999
"""How near to its limits a fit may come."""


@dataclass(frozen=True, slots=True)
class Ssvi:
    """The three parameters that all expiries share."""

    rho: float
    eta: float
    gamma: float

    def phi(self, theta: float) -> float:
        return float(self.eta * theta**-self.gamma * (1.0 + theta) ** (self.gamma - 1.0))

    def is_free_of_butterflies(self, theta: float) -> bool:
        """Say whether θ φ (1 + |ρ|) < 4 and θ φ² (1 + |ρ|) ≤ 4."""
        phi, lean = self.phi(theta), 1.0 + abs(self.rho)
        return theta * phi * lean < 4.0 and theta * phi * phi * lean <= 4.0

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


def fit(k: Floats, vol: Floats, years: Floats, theta: Floats, weight: Floats) -> SsviFit | None:
    """Fit the shared parameters to the volatilities of all expiries; None with fewer than five points.

    All arrays have one entry a quote. Damped Gauss–Newton steps on (atanh ρ, ln η, logit γ), halved η until no expiry
    has butterflies.
    """
    if len(k) < FEWEST:
        return None
    share = np.sqrt(weight / np.sum(weight))
    x = np.array([-0.2, 0.0, 0.0])
    missed = _missed(x, k, vol, years, theta, share)
    damping, converged = 1e-3, False
    slopes = _slopes(x, missed, k, vol, years, theta, share)
    for _ in range(STEPS):
        square, lean = slopes.T @ slopes, slopes.T @ missed
        step = -np.linalg.solve(square + damping * (np.diag(np.diag(square)) + 1e-12 * np.eye(3)), lean)
        there = x + np.clip(step, -1.0, 1.0)
        then = _missed(there, k, vol, years, theta, share)
        before, after = float(missed @ missed), float(then @ then)
        if after < before:
            x, missed, damping = there, then, damping / 5.0
            converged = before - after <= SETTLED * before + 1e-18
            if converged:
                break
            slopes = _slopes(x, missed, k, vol, years, theta, share)
        else:
            damping *= 10.0
            converged = damping > HOPELESS
            if converged:
                break
    model = _model(x)
    while not all(model.is_free_of_butterflies(each) for each in np.unique(theta).tolist()):
        model = Ssvi(model.rho, model.eta * 0.95, model.gamma)
        missed = share * (np.sqrt(model.total_variance(k, theta) / years) - vol)
    return SsviFit(model, math.sqrt(float(missed @ missed)), len(k), converged)


def _slopes(
    x: Floats, missed: Floats, k: Floats, vol: Floats, years: Floats, theta: Floats, share: Floats
) -> Floats:
    slopes = np.empty((len(k), 3))
    for place in range(3):
        moved = x.copy()
        moved[place] += 1e-6
        slopes[:, place] = (_missed(moved, k, vol, years, theta, share) - missed) / 1e-6
    return slopes


def _model(x: Floats) -> Ssvi:
    rho, eta, gamma = x.tolist()
    return Ssvi(
        ROOM * math.tanh(rho),
        math.exp(min(max(eta, -8.0), 8.0)),
        1.0 / (1.0 + math.exp(-min(max(gamma, -8.0), 8.0))),
    )


def _missed(x: Floats, k: Floats, vol: Floats, years: Floats, theta: Floats, share: Floats) -> Floats:
    found: Floats = share * (np.sqrt(np.maximum(_model(x).total_variance(k, theta), 0.0) / years) - vol)
    return found
