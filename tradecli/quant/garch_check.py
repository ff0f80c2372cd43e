"""What to know of a GARCH fit before believing it: residuals, bounds, outliers (METHODS section 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tradecli.quant.garch import BOUNDARY, NU_HIGH, NU_LOW, Garch, backcast, variances
from tradecli.quant.returns import Floats, moves

LAGS = 10
LEAST_P = 0.01
OUTLIER_Z = 8.0
ZERO = 1e-5


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """``ljung_box_p`` tests ten lags of squared standardised residuals (None: they do not vary); ``largest_z`` is the
    largest of those residuals in absolute value; ``bounds_hit`` names parameters that ended on a bound.
    """

    ljung_box_p: float | None
    largest_z: float
    bounds_hit: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Say what degrades the fit; empty for a sound one."""
        found = [f"{name} on its bound" for name in self.bounds_hit if name != "persistence"]
        if self.ljung_box_p is not None and self.ljung_box_p <= LEAST_P:
            found.append(f"squared residuals are not independent (p {self.ljung_box_p:.2g})")
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say what a reader should know: the faults, and an outlier, which is kept and only named."""
        outlier = self.largest_z > OUTLIER_Z
        return (
            *self.faults,
            *([f"one return is {self.largest_z:.1f} standard deviations"] if outlier else []),
        )


def diagnose(model: Garch, returns: Floats, before: float | None = None) -> Diagnosis:
    """Return what the residuals and parameters of a model say about it; ``returns`` in percent."""
    h = variances(model, returns, backcast(returns) if before is None else before)[:-1]
    z = (returns - model.mu) / np.sqrt(h)
    return Diagnosis(ljung_box_p(z * z), float(np.max(np.abs(z))), bounds_hit(model))


def bounds_hit(model: Garch) -> tuple[str, ...]:
    """Return the names of the parameters on a bound; ``persistence`` from 0.9995 on."""
    hit = [name for name in ("alpha", "beta") if getattr(model, name) <= ZERO]
    if model.nu is not None and not NU_LOW + 0.005 < model.nu < NU_HIGH - 0.5:
        hit.append("nu")
    return (*hit, "persistence") if model.persistence >= BOUNDARY else tuple(hit)


def ljung_box_p(values: Floats, lags: int = LAGS) -> float | None:
    """Return the p-value of Q = n(n+2) Σ ρ_k²/(n−k) against χ² with an even number of degrees, ``lags``.

    Ljung & Box (1978). None for a series that is too short or does not vary.
    """
    if lags % 2:
        raise ValueError("the tail of χ² has its closed form for even degrees of freedom only")
    n = len(values)
    centred = values - np.mean(values) if n else values
    power = float(np.sum(centred**2))
    if n <= lags or not moves(values) or not power > 0.0:
        return None
    rho = [float(np.sum(centred[k:] * centred[:-k])) / power for k in range(1, lags + 1)]
    half = 0.5 * n * (n + 2.0) * math.fsum(r * r / (n - k) for k, r in enumerate(rho, start=1))
    term = total = 1.0
    for k in range(1, lags // 2):
        term *= half / k
        total += term
    return math.exp(-half) * total if half < 700.0 else 0.0
