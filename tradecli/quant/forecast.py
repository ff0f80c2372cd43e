"""One forecast by name: garch, gjr, egarch, ewma or har, with its interval and what it fell back from.

METHODS sections 3, 4 and 13. It never raises: a model that cannot be believed says why, and EWMA stands in under
its own name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradecli.quant import chain, garch_fit
from tradecli.quant.ahead import Ewma, Fitted, forecast_path, interval, log_errors, what_followed
from tradecli.quant.garch import BOUNDARY, SCALE, Garch
from tradecli.quant.garch_arch import egarch_with_arch, fit_with_arch
from tradecli.quant.garch_asymmetric import Egarch, fit_egarch, fit_gjr
from tradecli.quant.garch_check import Diagnosis, diagnose
from tradecli.quant.har import LEAST_ROWS, Har, fit_har
from tradecli.quant.returns import Floats, moves
from tradecli.quant.volatility import ewma_half_life

NO_VARIANCE = "fallback: EWMA, no variance"
LEAST_EWMA = 20
LEAST_GJR = 500
BESIDE_RECENT = chain.BESIDE_REALISED


@dataclass(frozen=True, slots=True)
class Ahead:
    """Annualised volatility over ``horizon`` periods; ``low`` and ``high`` hold four of five past outcomes."""

    horizon: int
    vol: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ModelForecast:
    """What a model says. ``method`` is what was really used; ``reason`` says what it fell back from, or its faults.

    ``parameters`` and their robust ``errors`` (arch only, else empty) are in percent terms for the GARCH family.
    """

    model: str
    method: str
    quality: str
    n: int
    ahead: tuple[Ahead, ...]
    reason: str = ""
    converged: bool | None = None
    parameters: tuple[tuple[str, float], ...] = ()
    errors: tuple[float, ...] = ()
    persistence: float | None = None
    half_life: float | None = None
    loglik: float | None = None
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    fitted: Fitted
    converged: bool = True
    loglik: float | None = None
    errors: tuple[float, ...] = ()


def forecast(
    model: str,
    returns: Floats,
    rv: Floats,
    horizons: Sequence[int],
    *,
    ppy: float = 365.0,
    least: int = 250,
    lam: float = 0.94,
    with_arch: bool = False,
) -> ModelForecast:
    """Return one model's forecast from log ``returns`` and realised variances ``rv`` per period, both oldest first.

    The two need not be equally long; both end now. ``ValueError`` for a model that is not one of five.
    """
    returns, rv = returns[np.isfinite(returns)], rv[np.isfinite(rv) & (rv > 0.0)]
    n = len(rv) if model == "har" else len(returns)
    if len(returns) >= LEAST_EWMA and not np.any(returns[10:]):
        return _nothing(model, "ewma", len(returns), horizons, NO_VARIANCE)
    if len(returns) >= LEAST_EWMA and not moves(returns):
        return _nothing(model, "ewma", len(returns), horizons, NO_VARIANCE)
    if model == "har":
        return _har(returns, rv, horizons, ppy, lam)
    if model == "ewma":
        return _ewma(model, "ok", "", returns, rv, horizons, ppy, lam)
    needed = max(least, LEAST_GJR) if model == "gjr" else least
    if n < needed:
        return _ewma(model, "fallback", f"{model}: {n} of {needed} bars", returns, rv, horizons, ppy, lam)
    found = _fit(model, returns * SCALE, with_arch)
    wrong = "no fit" if found is None else None if found.converged else "did not converge"
    if found is not None and wrong is None:
        made = _made(model, found, returns, rv, horizons, ppy)
        wrong = _objection(made, returns, ppy)
        if wrong is None:
            return made
    return _ewma(model, "fallback", f"{model}: {wrong}", returns, rv, horizons, ppy, lam)


def fit_model(
    model: str, percent: Floats, *, known: Fitted | None = None, compiled: bool = False
) -> Fitted | None:
    """Return a model of the GARCH family fitted by our kernel to returns in percent; None where it did not converge."""
    if model == "egarch":
        own = fit_egarch(percent, compiled=compiled)
        return own.model if own is not None and own.converged else None
    warm = known if isinstance(known, Garch) else None
    fitted = (
        fit_gjr(percent, known=warm)
        if model == "gjr"
        else garch_fit.fit(percent, known=warm, compiled=compiled, student=len(percent) >= chain.LEAST_T)
    )
    return fitted.model if fitted is not None and fitted.converged else None


def _fit(model: str, percent: Floats, with_arch: bool) -> _Found | None:
    if model == "egarch":
        own = egarch_with_arch(percent) if with_arch else fit_egarch(percent)
        return None if own is None else _Found(own.model, own.converged, own.loglik)
    if model not in ("garch", "gjr"):
        raise ValueError(f"{model} is not a model: garch, gjr, egarch, ewma or har")
    student = len(percent) >= chain.LEAST_T
    if with_arch:
        fitted = fit_with_arch(percent, student=student, asymmetric=model == "gjr")
    elif model == "gjr":
        fitted = fit_gjr(percent)
    else:
        fitted = garch_fit.fit(percent, student=student)
    if fitted is None:
        return None
    return _Found(fitted.model, fitted.converged, fitted.loglik, fitted.std_errors or ())


def _made(
    model: str, found: _Found, returns: Floats, rv: Floats, horizons: Sequence[int], ppy: float
) -> ModelForecast:
    fitted = found.fitted
    quality, notes = "ok", []
    diagnosis = None
    if isinstance(fitted, Garch):
        diagnosis = diagnose(fitted, returns * SCALE)
        if fitted.persistence >= BOUNDARY:
            notes.append(f"persistence {fitted.persistence:.4f}, flat forecast")
        notes += diagnosis.notes
        quality = "degraded" if fitted.persistence >= BOUNDARY or diagnosis.faults else "ok"
    return ModelForecast(
        model=model,
        method=_method(fitted),
        quality=quality,
        n=len(returns),
        ahead=_ahead(fitted, returns, rv, horizons, ppy),
        reason="; ".join(notes),
        converged=found.converged,
        parameters=_parameters(fitted),
        errors=found.errors,
        persistence=fitted.persistence if isinstance(fitted, Garch | Egarch) else None,
        half_life=fitted.half_life_days if isinstance(fitted, Garch | Egarch) else None,
        loglik=found.loglik,
        diagnosis=diagnosis,
    )


def _ahead(
    fitted: Fitted, returns: Floats, rv: Floats, horizons: Sequence[int], ppy: float
) -> tuple[Ahead, ...]:
    """Return the last forecast over each horizon, and an interval from the errors of those before it."""
    size = min(len(returns), len(rv))
    known = rv[len(rv) - size :] if size >= len(returns) // 2 else returns**2
    rows = []
    for horizon in horizons:
        path = forecast_path(fitted, returns, rv, horizon)
        variance = float(path[-1]) if len(path) else math.nan
        if not math.isfinite(variance) or variance <= 0.0:
            rows.append(Ahead(horizon, None))
            continue
        vol = math.sqrt(variance * ppy)
        shared = min(len(path), len(known))
        errors = log_errors(path[len(path) - shared :], what_followed(known[len(known) - shared :], horizon))
        factors = interval(errors)
        ends = (None, None) if factors is None else (vol * math.sqrt(factors[0]), vol * math.sqrt(factors[1]))
        rows.append(Ahead(horizon, vol, *ends))
    return tuple(rows)


def _har(returns: Floats, rv: Floats, horizons: Sequence[int], ppy: float, lam: float) -> ModelForecast:
    """Return the direct regressions, one for each horizon; EWMA where there are too few rows for any."""
    fits = [fit_har(rv, horizon=horizon) for horizon in horizons]
    first = next((each for each in fits if each is not None), None)
    if first is None:
        have = max(0, len(rv) - 30 - min(horizons, default=1) + 1)
        why = f"har: {have} of {LEAST_ROWS} rows"
        return _ewma("har", "fallback", why, returns, rv, horizons, ppy, lam)
    rows = []
    for horizon, fitted in zip(horizons, fits, strict=True):
        rows += (
            [Ahead(horizon, None)] if fitted is None else list(_ahead(fitted, returns, rv, [horizon], ppy))
        )
    short = [str(horizon) for horizon, fitted in zip(horizons, fits, strict=True) if fitted is None]
    return ModelForecast(
        model="har",
        method="har-log",
        quality="ok" if not short else "degraded",
        n=first.n,
        ahead=tuple(rows),
        reason=f"too few rows for {', '.join(short)} periods" if short else "",
        converged=True,
        parameters=_parameters(first),
        errors=first.std_errors,
    )


def _ewma(
    model: str,
    quality: str,
    why: str,
    returns: Floats,
    rv: Floats,
    horizons: Sequence[int],
    ppy: float,
    lam: float,
) -> ModelForecast:
    if len(returns) < LEAST_EWMA:
        reasons = [why] if why else []
        reasons.append(f"ewma: {len(returns)} of {LEAST_EWMA} bars")
        return _nothing(model, "none", len(returns), horizons, "; ".join(reasons))
    fitted = Ewma(lam)
    return ModelForecast(
        model=model,
        method="ewma",
        quality=quality,
        n=len(returns),
        ahead=_ahead(fitted, returns, rv, horizons, ppy),
        reason=f"fallback: EWMA, {why}" if why else "",
        parameters=(("lambda", lam),),
        persistence=1.0,
        half_life=ewma_half_life(lam),
    )


def _nothing(model: str, method: str, n: int, horizons: Sequence[int], reason: str) -> ModelForecast:
    return ModelForecast(
        model, method, "unavailable", n, tuple(Ahead(each, None) for each in horizons), reason
    )


def _objection(made: ModelForecast, returns: Floats, ppy: float) -> str | None:
    """Say why a fit is not believed: a forecast far from what the last 90 periods were (METHODS section 3)."""
    recent = float(np.mean(returns[-90:] ** 2))
    for each in made.ahead:
        if each.vol is None:
            return "no variance"
        ratio = each.vol / math.sqrt(recent * ppy) if recent > 0.0 else math.inf
        if not BESIDE_RECENT[0] <= ratio <= BESIDE_RECENT[1]:
            return f"forecast is {ratio:.2g} times the realised volatility of 90 bars"
    return None


def _method(fitted: Fitted) -> str:
    if isinstance(fitted, Egarch):
        return "egarch-normal"
    if isinstance(fitted, Garch):
        return f"{'gjr' if fitted.gamma else 'garch'}-{'t' if fitted.nu is not None else 'normal'}"
    return "har-log" if isinstance(fitted, Har) else "ewma"


def _parameters(fitted: Fitted) -> tuple[tuple[str, float], ...]:
    if isinstance(fitted, Har):
        return tuple(zip(("const", "day", "week", "month"), fitted.coefficients, strict=True))
    if isinstance(fitted, Egarch):
        return tuple((name, getattr(fitted, name)) for name in ("mu", "omega", "alpha", "gamma", "beta"))
    if isinstance(fitted, Garch):
        names = ("mu", "omega", "alpha", "beta", "nu", "gamma")
        found = ((name, getattr(fitted, name)) for name in names)
        return tuple(
            (name, value) for name, value in found if value is not None and (name != "gamma" or value)
        )
    return (("lambda", fitted.lam),)
