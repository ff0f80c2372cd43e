"""The dynamic grid of METHODS section 5.4: spacing, reach, levels, and what a diffusion does to them.

For a log price that diffuses, the expected time to move by ±g is g²/σ². Nothing here claims a profit: for a
martingale price the expected result of a grid before costs is zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tradecli.quant.returns import HOURS_PER_YEAR

REGIME_FACTORS = {"calm": 0.9, "normal": 1.0, "elevated": 1.2, "high": 1.5}
"""Multiplier of the spacing by volatility regime; a regime that is not here pauses the grid."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Log distances: what volatility asks for, the least that costs allow, and the larger of them."""

    raw: float
    floor: float
    value: float

    @property
    def is_floored(self) -> bool:
        return self.raw < self.floor


def sigma_over(vol: float, hours: float) -> float:
    """Return the standard deviation of the log price over ``hours`` of a yearly ``vol``."""
    return vol * math.sqrt(hours / HOURS_PER_YEAR)


def spacing(
    vol: float,
    tau_hours: float,
    fee: float,
    spread: float,
    *,
    factor: float = 1.0,
    kappa: float = 2.0,
    tick: float = 0.0,
) -> Spacing:
    """Return g = max(m σ √(τ/8760), κ (2 fee + spread), two ticks); ``spread`` and ``tick`` as fractions of price."""
    raw = factor * sigma_over(vol, tau_hours)
    floor = max(kappa * (2.0 * fee + spread), 2.0 * tick)
    return Spacing(raw, floor, max(raw, floor))


def fixed_spacing(
    value: float, fee: float, spread: float, *, kappa: float = 2.0, tick: float = 0.0
) -> Spacing:
    """Return a spacing that somebody chose, beside the floor that costs would ask for."""
    return Spacing(value, max(kappa * (2.0 * fee + spread), 2.0 * tick), value)


def round_trip_cost(fee: float, spread: float) -> float:
    """Return what one level's round trip costs, as a fraction: a spacing below it loses with every trip."""
    return 2.0 * fee + spread


def reservation_shift(share: float, vol: float, horizon_hours: float, aversion: float) -> float:
    """Return the log distance to set a grid's centre from the price: −q γ σ² τ, q in shares of its limit.

    Avellaneda & Stoikov (2008), with the inventory in units of the limit and the horizon for the time left.
    """
    return -share * aversion * vol**2 * horizon_hours / HOURS_PER_YEAR


def half_range(vol: float, horizon_hours: float, z: float = 2.0) -> float:
    """Return R = z σ √(H/8760), a log distance."""
    return z * sigma_over(vol, horizon_hours)


def levels_per_side(half_range: float, spacing: float, most: int | None = None) -> int:
    """Return floor(R/g), at most ``most``."""
    levels = math.floor(half_range / spacing + 1e-12)
    return levels if most is None else min(levels, most)


def touch_probability(distance: float, vol: float, hours: float) -> float:
    """Return the probability that a level at log ``distance`` is reached within ``hours``: 2 Φ(−x/(σ√t))."""
    sigma = sigma_over(vol, hours)
    if sigma <= 0.0:
        return 0.0 if distance > 0 else 1.0
    return math.erfc(abs(distance) / sigma / math.sqrt(2.0))


def hours_between_steps(vol: float, spacing: float) -> float:
    """Return the expected hours until the price has moved by one spacing either way: g²/σ²."""
    return HOURS_PER_YEAR * (spacing / vol) ** 2


def steps_per_day(vol: float, spacing: float) -> float:
    """Return how many moves of one spacing a day of diffusion makes; about half of them are reversals."""
    return 24.0 / hours_between_steps(vol, spacing)


@dataclass(frozen=True, slots=True)
class Edge:
    """The grid after a straight run to the far edge of one side: what is held, and what it has lost there."""

    qty: float
    price: float
    loss: float


def worst_case(price: float, spacing: float, levels: int, qty: float, *, held: float = 0.0) -> Edge:
    """Return the worse of the two edges, one spacing beyond the last level, every level of that side filled.

    ``held`` is the signed quantity already there, marked at ``price``. Losses are positive, in quote currency.
    """
    edges = []
    for side in (1, -1):
        entries = [price * math.exp(-side * step * spacing) for step in range(1, levels + 1)]
        edge = price * math.exp(-side * (levels + 1) * spacing)
        loss = math.fsum(side * qty * (entry - edge) for entry in entries) + held * (price - edge)
        edges.append(Edge(held + side * qty * levels, edge, loss))
    return max(edges, key=lambda each: each.loss)
