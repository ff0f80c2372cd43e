"""The surface of one chain: a smile for each expiry, checked for arbitrage, and what lies between them (METHODS 7).

Each expiry is fitted by raw SVI; where that has butterflies it is fitted again under a penalty, then taken from the
SSVI of the whole surface, and last held flat at the money. The word says which, and no step is silent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tradecli.quant import ssvi, svi
from tradecli.quant import surface_kernel as kernel
from tradecli.quant.kernels import compiled as machine_code
from tradecli.quant.kernels import over_lists
from tradecli.quant.returns import Floats
from tradecli.quant.slices import Slice
from tradecli.quant.svi import RawSvi, SviFit

YEAR_DAYS = 365.0
NARROWEST = 0.002
"""Spread in volatility below which a quote weighs no more."""
CALENDAR_STEP = 0.01
CALENDAR_TOLERATED = 1e-6
TENORS = (7, 14, 30, 60, 90, 180)
INVERTED = 1.05
"""Seven-day over thirty-day volatility from which the term structure is inverted."""


class Points(NamedTuple):
    """The out-of-the-money quotes of one expiry: ln(K/F), volatility of the mid, and weight 1/(spread in it)²."""

    k: Floats
    vol: Floats
    weight: Floats


@dataclass(frozen=True, slots=True)
class Smile:
    """One expiry of a surface. ``kind``: svi, svi with penalty, ssvi or flat; ``low`` and ``high`` span its quotes.

    ``error`` is the weighted root mean square of volatility missed; ``g_min`` the least of Durrleman's condition.
    """

    years: float
    forward: float
    model: RawSvi
    kind: str
    error: float | None
    n: int
    g_min: float
    low: float
    high: float
    ssvi: RawSvi | None = None
    ssvi_error: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def atm(self) -> float:
        return math.sqrt(self.model.at(0.0) / self.years)

    def vol(self, k: float) -> float:
        return math.sqrt(max(self.model.at(k), 0.0) / self.years)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Calendar arbitrage: at ``k`` the later expiry has less total variance, by ``variance``."""

    near: float
    far: float
    k: float
    variance: float


@dataclass(frozen=True, slots=True)
class Surface:
    """Smiles by time to expiry, the SSVI they share, and every calendar violation between neighbours."""

    smiles: tuple[Smile, ...]
    shared: ssvi.SsviFit | None
    crossings: tuple[Crossing, ...]
    reasons: tuple[str, ...] = ()


def points_of(one: Slice, *, compiled: bool = False) -> Points:
    """Return the out-of-the-money quotes of one expiry in volatility."""
    rest = one.forward, one.factor, one.years, NARROWEST
    strikes = len(one.quotes.strike)
    if compiled:
        room = np.empty((3, strikes))
        n = machine_code(kernel.otm_points, *kernel.POINTS)(*one.quotes.columns, *rest, room)
    else:
        lists = [[0.0] * strikes for _ in range(3)]
        n = over_lists(kernel.otm_points)(*one.quotes.columns, *rest, lists)
        room = np.array(lists)
    return Points(*room[:, :n])


def fit(
    slices: Sequence[Slice], *, compiled: bool = False, known: Mapping[float, RawSvi] | None = None
) -> Surface:
    """Fit every expiry that has quotes on both sides of its forward.

    ``known`` gives slices of a moment ago by their years, to begin from; ``compiled`` is for live work.
    """
    usable, dropped = [], []
    for one in slices:
        quoted = points_of(one, compiled=compiled)
        if len(quoted.k) and quoted.k[0] < 0.0 <= quoted.k[-1]:
            usable.append((one, quoted))
        else:
            dropped.append(f"{one.years * YEAR_DAYS:.1f} d: no quotes on both sides of the forward")
    thetas = [_theta(one.years, quoted) for one, quoted in usable]
    shared = _shared(usable, thetas, compiled)
    smiles = tuple(
        _smile(one, quoted, theta, shared, compiled, (known or {}).get(one.years))
        for (one, quoted), theta in zip(usable, thetas, strict=True)
    )
    return Surface(smiles, shared, _crossings(smiles, compiled), tuple(dropped))


def _theta(years: float, quoted: Points) -> float:
    """Return the total variance at the money on the line between the quotes beside it, of which there are some."""
    after = int(quoted.k.searchsorted(0.0))
    k0, k1 = quoted.k[after - 1 : after + 1].tolist()
    w0, w1 = (vol * vol * years for vol in quoted.vol[after - 1 : after + 1].tolist())
    return float(w0 + (w1 - w0) * -k0 / (k1 - k0))


def _shared(
    usable: Sequence[tuple[Slice, Points]], thetas: Sequence[float], compiled: bool
) -> ssvi.SsviFit | None:
    if not usable:
        return None
    counts = [len(quoted.k) for _, quoted in usable]
    years = np.repeat([one.years for one, _ in usable], counts)
    k, vol, weight = (np.concatenate(parts) for parts in zip(*(quoted for _, quoted in usable), strict=True))
    return ssvi.fit(k, vol, years, np.repeat(thetas, counts), weight, compiled=compiled)


def _smile(
    one: Slice,
    quoted: Points,
    theta: float,
    shared: ssvi.SsviFit | None,
    compiled: bool,
    known: RawSvi | None,
) -> Smile:
    reasons: list[str] = []
    found = svi.fit_vols(*quoted, one.years, compiled=compiled, known=known)
    kind = "svi"
    if found is None:
        reasons.append(f"{len(quoted.k)} of {svi.FEWEST} strikes")
    elif not found.is_free_of_butterflies:
        reasons.append(f"butterflies: g {found.g_min:.3f} at k {found.k_at_g_min:+.2f}")
        found = svi.fit_vols(*quoted, one.years, penalised=True, compiled=compiled, known=found.model)
        kind = "svi with penalty"
        if found is not None and not found.is_free_of_butterflies:
            reasons.append(f"under penalty: g {found.g_min:.3f} at k {found.k_at_g_min:+.2f}")
            found = None
    if found is not None:
        if not found.converged:
            reasons.append("the search did not converge")
        reasons += [f"at its bound: {name}" for name in found.bounds]
    beside = shared.model.slice(theta) if shared is not None else None
    beside_error = svi.error_of(beside, *quoted, one.years, compiled=compiled) if beside is not None else None
    model, error, g_min, kind = _chosen(found, kind, beside, beside_error, theta, quoted, one.years)
    return Smile(
        years=one.years,
        forward=one.forward,
        model=model,
        kind=kind,
        error=error,
        n=len(quoted.k),
        g_min=g_min,
        low=float(quoted.k[0]),
        high=float(quoted.k[-1]),
        ssvi=beside,
        ssvi_error=beside_error,
        reasons=tuple(reasons),
    )


def _chosen(
    found: SviFit | None,
    kind: str,
    beside: RawSvi | None,
    beside_error: float | None,
    theta: float,
    quoted: Points,
    years: float,
) -> tuple[RawSvi, float | None, float, str]:
    """Return the model that stands, its error, its least g and what it is."""
    if found is not None:
        return found.model, found.error, found.g_min, kind
    if beside is not None:
        g_min, _ = beside.butterfly()
        if g_min >= svi.TOLERATED:
            return beside, beside_error, g_min, "ssvi"
    flat = RawSvi(theta, 0.0, 0.0, 0.0, 1.0)
    return flat, svi.error_of(flat, *quoted, years), flat.butterfly()[0], "flat"


def _crossings(smiles: Sequence[Smile], compiled: bool) -> tuple[Crossing, ...]:
    """Return the worst violation between each two neighbours, where both are quoted."""
    search = machine_code(kernel.least_rise) if compiled else kernel.least_rise
    found = []
    for near, far in pairwise(smiles):
        low, high = max(near.low, far.low), min(near.high, far.high)
        if low <= high:
            k, rise = search(near.model.terms, far.model.terms, low, high, CALENDAR_STEP)
            if rise < -CALENDAR_TOLERATED:
                found.append(Crossing(near.years, far.years, k, -rise))
    return tuple(found)


def variance_at(smiles: Sequence[Smile], years: float, k: float = 0.0) -> tuple[float, bool] | None:
    """Return total variance at (``years``, k) and whether it lies between two expiries; None without any.

    Linear in total variance between expiries; before the first its volatility is kept, after the last the forward
    variance of the last two.
    """
    if not smiles or not years > 0.0:
        return None
    first, last = smiles[0], smiles[-1]
    if years <= first.years:
        return first.model.at(k) * years / first.years, years == first.years
    for near, far in pairwise(smiles):
        if years <= far.years:
            share = (years - near.years) / (far.years - near.years)
            return (1.0 - share) * near.model.at(k) + share * far.model.at(k), True
    rate = last.model.at(k) / last.years
    if len(smiles) > 1:
        before = smiles[-2]
        rate = max((last.model.at(k) - before.model.at(k)) / (last.years - before.years), 0.0)
    return last.model.at(k) + rate * (years - last.years), False


@dataclass(frozen=True, slots=True)
class Tenor:
    """At-the-money volatility at a number of days; ``inside`` false where it lies beyond the listed expiries."""

    days: int
    vol: float | None
    inside: bool


def term(smiles: Sequence[Smile], tenors: Sequence[int] = TENORS) -> tuple[Tenor, ...]:
    """Return at-the-money-forward volatility at fixed tenors."""
    found = []
    for days in tenors:
        at = variance_at(smiles, days / YEAR_DAYS)
        vol = None if at is None or not at[0] > 0.0 else math.sqrt(at[0] / (days / YEAR_DAYS))
        found.append(Tenor(days, vol, at is not None and at[1]))
    return tuple(found)


def forward_vols(smiles: Sequence[Smile]) -> tuple[float | None, ...]:
    """Return the volatility from each expiry's predecessor to it, at the money; None where variance falls.

    The first runs from now.
    """
    found: list[float | None] = []
    years, w = 0.0, 0.0
    for each in smiles:
        rise = (each.model.at(0.0) - w) / (each.years - years)
        found.append(math.sqrt(rise) if rise > 0.0 else None)
        years, w = each.years, each.model.at(0.0)
    return tuple(found)
