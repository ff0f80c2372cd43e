"""The forecast of volatility with its named fallbacks (METHODS sections 3 and 13); it never raises.

t-GARCH → Gaussian GARCH from three starts → Gaussian with its long-run variance fixed → EWMA → mean square of 30 days.
Each step down names what it follows and why.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tradecli.quant import garch, garch_fit
from tradecli.quant.garch import BOUNDARY, SCALE, Fit, Garch
from tradecli.quant.garch_arch import fit_with_arch
from tradecli.quant.garch_check import Diagnosis, diagnose
from tradecli.quant.returns import Floats, annualised, moves
from tradecli.quant.volatility import EWMA_SEED, ewma_variance

LEAST_T, LEAST_EWMA = 500, 20
LONGEST_HALF_LIFE_DAYS = 365.0
STARTS = (garch_fit.START, (0.15, 0.60), (0.03, 0.95))
OMEGA_SHARE = (1e-6, 1.0)
"""Sound values of ω over the sample variance."""
BESIDE_REALISED = (0.3, 3.0)
"""A forecast outside these multiples of the 90-day realised volatility is not believed."""


@dataclass(frozen=True, slots=True)
class VolForecast:
    """An annualised volatility over the horizon; ``quality`` is a word of METHODS section 0.

    ``tried`` holds what was given up before ``method``, each with its reason; a fault in ``diagnosis`` degrades.
    """

    vol: float | None
    method: str
    quality: str
    n: int
    fit: Fit | None = None
    tried: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None

    @property
    def reason(self) -> str:
        notes = self.diagnosis.notes if self.diagnosis is not None else ()
        return "; ".join((*self.tried, *notes))


def forecast_vol(
    returns: Floats,
    *,
    ppy: float = 365.0,
    horizon: int = 30,
    least: int = 250,
    lam: float = 0.94,
    known: Garch | None = None,
    with_arch: bool = False,
) -> VolForecast:
    """Return the volatility of the next ``horizon`` periods from log returns, oldest first.

    ``known`` is a model fitted earlier: it is carried on to these returns instead of a new fit. ``with_arch`` asks
    the estimator of record instead of the kernel.
    """
    returns = returns[np.isfinite(returns)]
    n, tried = len(returns), []
    if n >= least and n > 2 and moves(returns):
        percent = returns * SCALE
        for name, quality, fitted in _candidates(percent, known, with_arch):
            wrong = _objection(fitted, percent, horizon)
            if wrong is not None or fitted is None:
                tried.append(f"{name}: {wrong}")
                continue
            vol = garch.horizon_vol(fitted.model, fitted.next_variance, horizon, ppy)
            if fitted.model.persistence >= BOUNDARY:
                tried.append(f"{name}: persistence {fitted.model.persistence:.4f}, flat forecast")
                quality = "degraded"
            diagnosis = diagnose(fitted.model, percent)
            if diagnosis.faults and quality == "ok":
                quality = "degraded"
            return VolForecast(vol, name, quality, n, fitted, tuple(tried), diagnosis)
    else:
        tried.append(f"garch: {n} of {least} bars" if n < least else "garch: returns do not move")
    return _without_model(returns, ppy, lam, tried)


def _candidates(
    percent: Floats, known: Garch | None, with_arch: bool
) -> Iterator[tuple[str, str, Fit | None]]:
    """Yield what may be believed, best first, each only fitted when its turn comes."""
    if known is not None:
        yield _name(known.nu is not None), "ok", garch.refilter(known, percent)
    if len(percent) >= LEAST_T:
        record = fit_with_arch(percent) if with_arch else None
        fitted = record or garch_fit.fit(percent)
        yield _name(True), "ok", fitted
        if fitted is not None and _is_slow(fitted):
            yield "garch-t targeted", "degraded", garch_fit.fit(percent, target=_trimmed_variance(percent))
    for index, start in enumerate(STARTS):
        record = fit_with_arch(percent, student=False) if with_arch and index == 0 else None
        yield _name(False), "ok", record or garch_fit.fit(percent, student=False, start=start)
    target = _trimmed_variance(percent)
    yield "garch-normal targeted", "fallback", garch_fit.fit(percent, student=False, target=target)


def _name(student: bool) -> str:
    return "garch-t" if student else "garch-normal"


def _is_slow(fitted: Fit) -> bool:
    half_life = fitted.model.half_life_days
    return half_life is not None and half_life > LONGEST_HALF_LIFE_DAYS


def _trimmed_variance(percent: Floats) -> float:
    """Return the mean square without the highest hundredth of the squares."""
    squares = np.sort((percent - np.mean(percent)) ** 2)
    return float(np.mean(squares[: max(1, math.ceil(0.99 * len(squares)))]))


def _objection(fitted: Fit | None, percent: Floats, horizon: int) -> str | None:
    """Say why a fit is not to be believed, or None."""
    if fitted is None:
        return "no fit"
    if not fitted.converged:
        return "did not converge"
    model = fitted.model
    if not fitted.next_variance > 0.0 or not math.isfinite(fitted.next_variance):
        return "no variance"
    share = model.omega / float(np.var(percent))
    boundary = model.persistence >= BOUNDARY
    if not boundary and not OMEGA_SHARE[0] <= share <= OMEGA_SHARE[1]:
        return f"omega is {share:.2g} of the variance"
    if _is_slow(fitted):
        return f"half-life {model.half_life_days:.0f} days"
    realised = float(np.mean(percent[-90:] ** 2))
    ahead = garch.summed_variance(model, fitted.next_variance, horizon) / horizon
    ratio = math.sqrt(ahead / realised) if realised > 0.0 else math.inf
    if not BESIDE_REALISED[0] <= ratio <= BESIDE_REALISED[1]:
        return f"forecast is {ratio:.2g} times the 90-day realised volatility"
    return None


def _without_model(returns: Floats, ppy: float, lam: float, tried: list[str]) -> VolForecast:
    n = len(returns)
    variance = ewma_variance(returns, lam, EWMA_SEED) if n >= LEAST_EWMA else None
    if variance is not None and variance > 0.0:
        return VolForecast(annualised(variance, ppy), "ewma", "fallback", n, None, tuple(tried))
    tried.append(f"ewma: {n} of {LEAST_EWMA} bars" if n < LEAST_EWMA else "ewma: no variance")
    recent = returns[-30:]
    if n >= LEAST_EWMA and float(np.mean(recent**2)) > 0.0:
        vol = annualised(float(np.mean(recent**2)), ppy)
        return VolForecast(vol, "realised 30", "fallback", n, None, tuple(tried))
    return VolForecast(None, "none", "unavailable", n, None, tuple(tried))
