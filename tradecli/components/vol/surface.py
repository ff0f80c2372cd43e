"""``vol surface``: a smile for each expiry with its fit, its arbitrage checks and the grid of volatilities (METHODS 7).

A smile whose own fit has butterflies is replaced by what the report names; a density is never shown of one that has.
"""

from __future__ import annotations

from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.vol import smiles
from tradecli.components.vol.settings import VolSettings
from tradecli.components.vol.smiles import Raw
from tradecli.components.vol.surface_panel import present
from tradecli.components.vol.surface_report import (
    CalendarViolation,
    SharedSmile,
    SurfaceExpiry,
    SurfaceReport,
)
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import MINUTE_MS
from tradecli.quant.smile import skew
from tradecli.quant.surface import Smile, forward_vols
from tradecli.quant.svi import TOLERATED

GRID = (-0.30, -0.20, -0.10, -0.05, 0.0, 0.05, 0.10, 0.20, 0.30)
"""ln(K/F) of the columns of the heat map."""


def assess(view: View, settings: VolSettings, query: NoQuery) -> SurfaceReport:
    """Return the surface now, or why there is none."""
    found = smiles.fitted(view, settings)
    rows = found.surface.smiles
    shared = found.surface.shared
    return SurfaceReport(
        instrument=focus_of(view),
        at=view.at,
        coin=found.coin,
        as_of=found.as_of,
        quality=found.quality,
        reason=found.reason,
        grid=GRID,
        expiries=tuple(
            _row(found, each, forward) for each, forward in zip(rows, forward_vols(rows), strict=True)
        ),
        calendar=tuple(
            CalendarViolation(
                near_days=each.near * 365.0, far_days=each.far * 365.0, k=each.k, variance=each.variance
            )
            for each in found.surface.crossings
        ),
        ssvi=None
        if shared is None
        else SharedSmile(
            rho=shared.model.rho,
            eta=shared.model.eta,
            gamma=shared.model.gamma,
            error=shared.error,
            n=shared.n,
            converged=shared.converged,
        ),
        notices=found.notices,
    )


def _row(found: smiles.Fitted, smile: Smile, forward_vol: float | None) -> SurfaceExpiry:
    one = skew(smile.model, smile.years)
    own = smile.ssvi
    return SurfaceExpiry(
        expiry_ts=smiles.expiry_of(found, smile),
        days=smile.years * 365.0,
        forward=smile.forward,
        atm=smile.atm,
        rr25=one.rr if one else None,
        bf25=one.bf if one else None,
        forward_vol=forward_vol,
        kind=smile.kind,
        svi=smiles.raw(smile),
        ssvi=None if own is None else Raw(a=own.a, b=own.b, rho=own.rho, m=own.m, s=own.s),
        fit_error=smile.error,
        ssvi_error=smile.ssvi_error,
        n=smile.n,
        lowest_k=smile.low,
        highest_k=smile.high,
        g_min=smile.g_min,
        is_free_of_butterflies=smile.g_min >= TOLERATED,
        vols=tuple(smile.vol(k) if smile.low <= k <= smile.high else None for k in GRID),
        reasons=smile.reasons,
    )


def inputs(report: SurfaceReport) -> tuple[Input, ...]:
    """Return the volatility at the money and the 25-delta risk reversal of each expiry: term structure and skew."""
    return tuple(
        Input(
            name=f"{name} {each.days:.0f} d",
            value=value,
            as_of=report.as_of,
            source=f"{report.coin} options, {each.kind}",
            quality=_quality(value, each.kind),
            reason="; ".join(each.reasons) or ("" if value is not None else "the wings are not quoted"),
        )
        for each in report.expiries
        for name, value in (("smile", each.atm), ("smile RR25", each.rr25))
    )


def _quality(value: float | None, kind: str) -> Quality:
    if value is None:
        return Quality.UNAVAILABLE
    return Quality.OK if kind.startswith("svi") else Quality.DEGRADED


_FRACTIONS = ("atm", "rr25", "bf25", "forward_vol", "fit_error", "ssvi_error", "vols")
SURFACE = Topic(
    name="surface",
    summary="Smiles by expiry: SVI and SSVI, arbitrage checks, fit error",
    report=SurfaceReport,
    assess=assess,
    present=present,
    feeds=smiles.feeds,
    inputs=inputs,
    needs=(),
    every_ms=15 * MINUTE_MS,
    units={f"expiries.{name}": "fraction/year" for name in _FRACTIONS} | {"grid": "ln(K/F)"},
)
