"""Raw SVI slices: total variance, Durrleman's condition, and the fit to the quotes of one expiry (METHODS section 7).

    w(k) = a + b (ρ (k − m) + √((k − m)² + s²)),  k = ln(K/F),  w = σ² T

Gatheral (2004), Gatheral & Jacquier (2014), Zeliade (2009); wings by Lee (2004). It fits and judges; what a violating
slice is replaced by is decided in ``surface``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tradecli.quant import svi_kernel as kernel
from tradecli.quant.kernels import compiled as machine_code
from tradecli.quant.kernels import over_lists
from tradecli.quant.returns import Floats

FEWEST = 5
"""Distinct strikes a slice needs."""
GRID_REACH, GRID_STEP = kernel.GRID_REACH, 0.001
TOLERATED = -1e-9
STEEPEST = 2.0


@dataclass(frozen=True, slots=True)
class RawSvi:
    """One slice; ``w`` is variance times years."""

    a: float
    b: float
    rho: float
    m: float
    s: float

    @property
    def terms(self) -> tuple[float, float, float, float, float]:
        return self.a, self.b, self.rho, self.m, self.s

    @property
    def linear(self) -> tuple[float, float, float, float, float]:
        """Return (a, d, c, m, s) of w = a + d y + c √(y² + 1), y = (k − m)/s."""
        return self.a, self.b * self.rho * self.s, self.b * self.s, self.m, self.s

    def total_variance(self, k: ArrayLike) -> Floats:
        at = np.asarray(k, dtype=np.float64) - self.m
        return np.asarray(self.a + self.b * (self.rho * at + np.sqrt(at * at + self.s**2)))

    def at(self, k: float) -> float:
        """Return the total variance at one k."""
        x = k - self.m
        return self.a + self.b * (self.rho * x + math.sqrt(x * x + self.s**2))

    def slope(self, k: float) -> float:
        """Return dw/dk."""
        x = k - self.m
        return self.b * (self.rho + x / math.sqrt(x * x + self.s**2))

    def durrleman(self, k: ArrayLike) -> Floats:
        """Return g(k): where it is negative, butterflies have negative prices."""
        k = np.asarray(k, dtype=np.float64)
        x = k - self.m
        root = np.sqrt(x * x + self.s**2)
        w = self.a + self.b * (self.rho * x + root)
        first = self.b * (self.rho + x / root)
        second = self.b * self.s**2 / root**3
        with np.errstate(divide="ignore", invalid="ignore"):
            g = (1.0 - 0.5 * k * first / w) ** 2 - 0.25 * first**2 * (1.0 / w + 0.25) + 0.5 * second
        return np.where(w > 0.0, g, -1.0)

    def butterfly(self, step: float = GRID_STEP, *, compiled: bool = False) -> tuple[float, float]:
        """Return the least g on the grid of METHODS section 7, and the k it is at."""
        reach = max(GRID_REACH, kernel.ATM_REACH * math.sqrt(max(self.at(0.0), 0.0)))
        if compiled:
            find = machine_code(kernel.svi_lowest, kernel.svi_durrleman)
            g_min, at = find(*self.linear, round(reach / step), step)
            return float(g_min), float(at)
        grid = np.arange(-round(reach / step), round(reach / step) + 1) * step
        g = self.durrleman(grid)
        lowest = int(np.argmin(g))
        return float(g[lowest]), float(grid[lowest])

    def steepest_wing(self) -> float:
        """Return b (1 + |ρ|), at most 2 for prices that exist (Lee 2004)."""
        return self.b * (1.0 + abs(self.rho))

    def jump_wings(self, years: float) -> dict[str, float]:
        """Return the SVI-JW parameters: v, psi, p, c and v_min (Gatheral & Jacquier 2014, equation 3.5)."""
        w = self.at(0.0)
        root = math.sqrt(self.m**2 + self.s**2)
        return {
            "v": w / years,
            "psi": 0.5 * self.b / math.sqrt(w) * (self.rho - self.m / root),
            "p": self.b * (1.0 - self.rho) / math.sqrt(w),
            "c": self.b * (1.0 + self.rho) / math.sqrt(w),
            "v_min": (self.a + self.b * self.s * math.sqrt(1.0 - self.rho**2)) / years,
        }


@dataclass(frozen=True, slots=True)
class SviFit:
    """A fitted slice. ``error`` is the weighted root mean square of volatility missed; ``bounds`` names limits hit."""

    model: RawSvi
    error: float
    n: int
    converged: bool
    loss: float
    g_min: float
    k_at_g_min: float
    bounds: tuple[str, ...] = ()

    @property
    def is_free_of_butterflies(self) -> bool:
        return self.g_min >= TOLERATED and self.model.steepest_wing() <= STEEPEST * (1.0 + 1e-9)


def fit(
    k: Floats,
    w: Floats,
    years: float,
    weight: Floats | None = None,
    *,
    penalised: bool = False,
    compiled: bool = False,
    known: RawSvi | None = None,
) -> SviFit | None:
    """Fit one slice to total variances ``w`` at ``k``; None with fewer than five distinct strikes.

    ``weight`` is that of the squared volatility missed, 1/(spread in volatility)²; outliers count by Huber's rule.
    ``penalised`` adds the penalty on negative g; ``known`` begins at the slice of a moment ago alone; ``compiled`` runs
    the search as machine code, worth its import for live work only.
    """
    sound = np.isfinite(k) & np.isfinite(w) & (w > 0.0)
    if weight is not None:
        sound &= np.isfinite(weight) & (weight > 0.0)
    given = np.ones(len(k)) if weight is None else weight
    vol = np.sqrt(w[sound] / years)
    return fit_vols(k[sound], vol, given[sound], years, penalised=penalised, compiled=compiled, known=known)


def fit_vols(
    k: Floats,
    vol: Floats,
    weight: Floats,
    years: float,
    *,
    penalised: bool = False,
    compiled: bool = False,
    known: RawSvi | None = None,
) -> SviFit | None:
    """Fit one slice to volatilities at ascending ``k``, all of them sound; otherwise as ``fit``."""
    n = len(k)
    if n < FEWEST or int(np.count_nonzero(k[1:] != k[:-1])) + 1 < FEWEST:
        return None
    m, log_s = (known.m, math.log(max(known.s, 1e-5))) if known is not None else (0.0, 0.0)
    rest = years, known is not None, m, log_s, penalised
    if compiled:
        answer = _machine_code()(k, vol, weight, *rest, np.empty((4, n)))
    else:
        lists = [[0.0] * n for _ in range(4)]
        answer = over_lists(kernel.svi_calibrate)(k, vol, weight, *rest, lists)
    a, d, c, m, s, loss, converged, error = answer
    model = RawSvi(a, c / s, d / c if c > 0.0 else 0.0, m, s)
    g_min, at = model.butterfly(compiled=compiled)
    return SviFit(model, error, n, bool(converged), loss, g_min, at, _bounds(model))


def _machine_code() -> Callable[..., Any]:
    return machine_code(kernel.svi_calibrate, *kernel.CALIBRATE, reordered=True)


def error_of(
    model: RawSvi, k: Floats, vol: Floats, weight: Floats, years: float, *, compiled: bool = False
) -> float:
    """Return the weighted root mean square of the volatility that a slice misses."""
    if compiled:
        find = machine_code(kernel.svi_error, kernel.svi_missed, kernel.svi_mean_error)
        return float(find(k, vol, weight, years, *model.linear))
    missed = np.sqrt(np.maximum(model.total_variance(k), 0.0) / years) - vol
    return math.sqrt(float(np.sum(weight * missed**2) / np.sum(weight)))


def _bounds(model: RawSvi) -> tuple[str, ...]:
    hit = []
    if abs(model.rho) > 1.0 - 1e-6:
        hit.append("rho")
    if model.steepest_wing() > STEEPEST * (1.0 - 1e-6):
        hit.append("wing slope")
    if model.b < 1e-9:
        hit.append("b")
    if model.s < 1e-4 or model.s > 1e3:
        hit.append("s")
    return tuple(hit)
