"""What ``vol forecast`` reports. Volatilities are annualised fractions."""

from __future__ import annotations

import msgspec

from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId


class HorizonRow(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast over one horizon; between ``low`` and ``high`` lay four of five outcomes of such forecasts."""

    horizon: str
    hours: int
    vol: float | None
    low: float | None
    high: float | None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted parameter; ``std_error`` is robust and comes from arch, or from HAR's regression."""

    name: str
    value: float
    std_error: float | None


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model. ``method`` is what was really used; ``reason`` what it fell back from, or what is wrong with it."""

    model: str
    method: str
    quality: Quality
    reason: str
    hourly_reason: str
    n_obs: int
    converged: bool | None
    parameters: tuple[Parameter, ...]
    persistence: float | None
    half_life: float | None
    loglik: float | None
    ljung_box_p: float | None
    largest_z: float | None
    bounds_hit: tuple[str, ...]
    ahead: tuple[HorizonRow, ...]

    def over(self, horizon: str) -> HorizonRow | None:
        """Return the forecast over a horizon, or None where it was not asked for."""
        return next((each for each in self.ahead if each.horizon == horizon), None)


class JumpTest(msgspec.Struct, frozen=True, kw_only=True):
    """Realised and bipower volatility of the last 24 hours, and the share of variance that came in jumps."""

    realised: float
    bipower: float
    jump_share: float
    z: float
    p: float
    n_obs: int
    is_reliable: bool


class ForecastReport(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of one instrument by model and horizon. ``fresh`` is false while they are those of before."""

    instrument: InstrumentId
    at: int
    models: tuple[ModelRow, ...]
    horizons: tuple[str, ...]
    variance_source: str
    days: int
    days_as_of: int | None
    hours_as_of: int | None
    jump: JumpTest | None
    fresh: bool
    notices: tuple[str, ...] = ()

    def model(self, name: str) -> ModelRow | None:
        return next((each for each in self.models if each.model == name), None)
