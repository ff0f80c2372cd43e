"""What ``vol surface`` finds. Volatilities are annualised fractions, k = ln(K/F), variances are total."""

from __future__ import annotations

import msgspec

from tradecli.components.vol.smiles import Raw
from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId


class SurfaceExpiry(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry. ``kind`` is what its smile is: svi, svi with penalty, ssvi, flat; risk reversal by forward delta.

    ``svi`` are the parameters that stand, ``ssvi`` those of the shared surface at this expiry, both as raw SVI.
    ``fit_error`` is the weighted root mean square of volatility missed, ``g_min`` the least of Durrleman's condition;
    ``vols`` are on the report's grid, None outside the quotes.
    """

    expiry_ts: int
    days: float
    forward: float
    atm: float
    rr25: float | None
    bf25: float | None
    forward_vol: float | None
    kind: str
    svi: Raw
    ssvi: Raw | None
    fit_error: float | None
    ssvi_error: float | None
    n: int
    lowest_k: float
    highest_k: float
    g_min: float
    is_free_of_butterflies: bool
    vols: tuple[float | None, ...]
    reasons: tuple[str, ...] = ()


class CalendarViolation(msgspec.Struct, frozen=True, kw_only=True):
    """At ``k`` the later expiry has less total variance than the earlier, by ``variance``."""

    near_days: float
    far_days: float
    k: float
    variance: float


class SharedSmile(msgspec.Struct, frozen=True, kw_only=True):
    """SSVI over all expiries: φ(θ) = η θ^−γ (1 + θ)^(γ − 1); ``error`` in volatility."""

    rho: float
    eta: float
    gamma: float
    error: float
    n: int
    converged: bool


class SurfaceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The surface of one coin at ``at``; ``grid`` are the k of every row's ``vols``."""

    instrument: InstrumentId
    at: int
    coin: str
    as_of: int | None
    quality: Quality
    reason: str
    grid: tuple[float, ...]
    expiries: tuple[SurfaceExpiry, ...]
    calendar: tuple[CalendarViolation, ...]
    ssvi: SharedSmile | None
    notices: tuple[str, ...] = ()
