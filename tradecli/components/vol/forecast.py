"""``vol forecast``: what five models say of the next hour, day, week and month (METHODS sections 3 and 4).

It fits on daily bars, and for horizons below a day on hourly ones with the rhythm of the week divided out. Every
number has an interval from how wrong its model was before; a model that cannot be believed names what stands in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from tradecli.components.bars import usable
from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import forecast_panel
from tradecli.components.vol.daily import daily
from tradecli.components.vol.forecast_report import (
    ForecastReport,
    HorizonRow,
    JumpTest,
    ModelRow,
    Parameter,
)
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, CandleFeed, Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.errors import UsageError
from tradecli.quant import ahead
from tradecli.quant.diurnal import diurnal_factors, hour_of_week
from tradecli.quant.forecast import Ahead, ModelForecast, forecast
from tradecli.quant.realised import jumps
from tradecli.quant.returns import annualised, consecutive_returns, periods_per_year

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries

MODELS = ahead.MODELS
HORIZONS = {"1h": 1, "4h": 4, "1d": 24, "7d": 168, "14d": 336, "30d": 720}
"""Horizons by name, in hours."""
HOURLY_BARS, ASKED_DAYS = 1_000, 400
EVERY_MS = 15 * MINUTE_MS
STANDING_MODELS, STANDING_HORIZONS = "garch,gjr,ewma,har", "1d,7d,30d"
"""What a running desk keeps: EGARCH takes ten times as long, and hours go by faster than anybody looks."""


class ForecastQuery(msgspec.Struct, frozen=True):
    """Which models and horizons."""

    model: Annotated[
        str, msgspec.Meta(description="Models, comma-separated: garch, gjr, egarch, ewma, har")
    ] = "garch,gjr,egarch,ewma,har"
    horizon: Annotated[
        str, msgspec.Meta(description="Horizons, comma-separated: 1h, 4h, 1d, 7d, 14d, 30d")
    ] = "1h,1d,7d,30d"
    arch: Annotated[
        bool, msgspec.Meta(description="Fit through arch, the estimator of record, with standard errors")
    ] = False


STANDING = ForecastQuery(model=STANDING_MODELS, horizon=STANDING_HORIZONS)


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (
        CandleFeed(instrument, DAY_MS, settings.garch_bars + 1),
        CandleFeed(instrument, HOUR_MS, settings.window_days * 24),
        CandleFeed(instrument, MINUTE_MS, 1_440),
    )


def asked_feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (CandleFeed(instrument, HOUR_MS, ASKED_DAYS * 24),)


def assess(view: View, settings: VolSettings, query: ForecastQuery) -> ForecastReport:
    """Forecast with every model asked for; one taken over from the report before, while no newer bar has closed."""
    instrument = focus_of(view)
    models = _named(query.model, MODELS, "--model")
    horizons = _named(query.horizon, tuple(HORIZONS), "--horizon")
    found = daily(view, instrument, settings.garch_bars)
    before = view.report(ForecastReport)
    hours = usable(view.candles(instrument, HOUR_MS), view.at, HOURLY_BARS)
    if before is not None and before.days_as_of == found.as_of is not None and query == STANDING:
        return msgspec.structs.replace(before, at=view.at, fresh=False)
    wrong = found.wrong
    long = [name for name in horizons if HORIZONS[name] >= 24]
    short = [name for name in horizons if HORIZONS[name] < 24]
    empty = np.empty(0)
    rows = []
    for model in models:
        by_day = forecast(
            model,
            empty if wrong else found.returns,
            empty if wrong else found.variances,
            [HORIZONS[name] // 24 for name in long],
            least=settings.garch_min_bars,
            lam=settings.ewma_lambda,
            with_arch=query.arch,
        )
        ends = dict(zip(long, by_day.ahead, strict=True))
        reason = "; ".join(each for each in (wrong, by_day.reason) if each)
        hourly, why = (
            _hourly(view, model, hours, [HORIZONS[name] for name in short], settings) if short else ([], "")
        )
        ends |= dict(zip(short, hourly, strict=True))
        rows.append(_row(by_day, [(name, ends[name]) for name in horizons], reason, why))
    return ForecastReport(
        instrument=instrument,
        at=view.at,
        models=tuple(rows),
        horizons=tuple(horizons),
        variance_source=found.source,
        days=len(found.variances),
        days_as_of=found.as_of,
        hours_as_of=hours.as_of,
        jump=_jump(view, instrument),
        fresh=True,
        notices=() if wrong is None else (wrong,),
    )


def _named(text: str, known: tuple[str, ...], flag: str) -> list[str]:
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        what = ", ".join(unknown) or "nothing"
        raise UsageError(f"{flag}: {what} is not one of {', '.join(known)}", number=148)
    return names


def _hourly(
    view: View, model: str, hours: CandleSeries, horizons: list[int], settings: VolSettings
) -> tuple[list[Ahead], str]:
    """Return forecasts over hours: of returns without the rhythm of the week, times that of the hours ahead."""
    none = [Ahead(each, None) for each in horizons]
    if model == "har":
        return none, "har looks at days"
    returns = consecutive_returns(hours.ts, hours.close, HOUR_MS)
    adjacent = hours.ts[1:][np.diff(hours.ts) == HOUR_MS] if len(hours) > 1 else hours.ts
    if len(returns) < settings.garch_min_bars or hours.as_of is None:
        return none, f"{len(returns)} of {settings.garch_min_bars} hourly bars"
    if view.at - hours.as_of > 2 * HOUR_MS:
        return none, f"newest hourly bar is {(view.at - hours.as_of) / HOUR_MS:.1f} h old"
    factors = diurnal_factors(adjacent, returns)
    flat = returns if factors is None else returns / factors[hour_of_week(adjacent)]
    found = forecast(
        model,
        flat,
        flat**2,
        horizons,
        ppy=periods_per_year(HOUR_MS),
        least=settings.garch_min_bars,
        lam=settings.ewma_lambda,
    )
    why = found.reason if factors is not None else "no rhythm of the week in under four weeks"
    if factors is None:
        return list(found.ahead), why
    next_hour = hours.ts[-1] + HOUR_MS * np.arange(1, max(horizons) + 1)
    shape = factors[hour_of_week(next_hour)] ** 2
    return [_times(each, float(np.sqrt(np.mean(shape[: each.horizon])))) for each in found.ahead], why


def _times(found: Ahead, factor: float) -> Ahead:
    low, high = (None if each is None else each * factor for each in (found.low, found.high))
    return Ahead(found.horizon, None if found.vol is None else found.vol * factor, low, high)


def _row(found: ModelForecast, ends: list[tuple[str, Ahead]], reason: str, hourly_reason: str) -> ModelRow:
    errors = {name: error for (name, _), error in zip(found.parameters, found.errors, strict=False)}
    return ModelRow(
        model=found.model,
        method=found.method,
        quality=Quality(found.quality),
        reason=reason,
        hourly_reason=hourly_reason,
        n_obs=found.n,
        converged=found.converged,
        parameters=tuple(
            Parameter(name=name, value=value, std_error=_finite(errors.get(name)))
            for name, value in found.parameters
        ),
        persistence=found.persistence,
        half_life=found.half_life,
        loglik=found.loglik,
        ljung_box_p=found.diagnosis.ljung_box_p if found.diagnosis is not None else None,
        largest_z=found.diagnosis.largest_z if found.diagnosis is not None else None,
        bounds_hit=found.diagnosis.bounds_hit if found.diagnosis is not None else (),
        ahead=tuple(
            HorizonRow(horizon=name, hours=HORIZONS[name], vol=each.vol, low=each.low, high=each.high)
            for name, each in ends
        ),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _jump(view: View, instrument: InstrumentId) -> JumpTest | None:
    """Return the jump test of the last 24 hours of minutes, or None where they are not there."""
    minutes = usable(view.candles(instrument, MINUTE_MS), view.at, 1_440)
    closes = minutes.close[::-5][::-1]
    ts = minutes.ts[::-5][::-1]
    returns = consecutive_returns(ts, closes, 5 * MINUTE_MS)
    found = jumps(returns) if len(returns) >= 100 else None
    if found is None:
        return None
    return JumpTest(
        realised=annualised(found.rv * 288 / len(returns), 365.0),
        bipower=annualised(found.bv * 288 / len(returns), 365.0),
        jump_share=found.jump / found.rv,
        z=found.z,
        p=found.p,
        n_obs=len(returns),
        is_reliable=found.is_reliable,
    )


def inputs(report: ForecastReport) -> tuple[Input, ...]:
    """Return every forecast with its horizon, once for each new bar: that is how they are kept to be scored."""
    if not report.fresh:
        return ()
    return tuple(
        Input(
            name=f"forecast {row.model} {each.horizon}",
            value=each.vol,
            as_of=report.days_as_of if each.hours >= 24 else report.hours_as_of,
            source=row.method,
            quality=row.quality if each.vol is not None else Quality.UNAVAILABLE,
            reason=row.reason or ("" if each.vol is not None else row.hourly_reason or "no forecast"),
        )
        for row in report.models
        for each in row.ahead
        if each.hours >= 24
    )


def _is_recorded(settings: VolSettings | None) -> bool:
    return settings is not None and settings.record_forecasts


FORECAST = Topic(
    name="forecast",
    summary="What five models forecast, with intervals and diagnostics",
    needs=(),
    standing=STANDING,
    report=ForecastReport,
    query=ForecastQuery,
    assess=assess,
    present=forecast_panel.present,
    feeds=feeds,
    asked_feeds=asked_feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    recorded=_is_recorded,
    units={
        "models.ahead.vol": "fraction/year",
        "models.ahead.low": "fraction/year",
        "models.ahead.high": "fraction/year",
        "models.half_life": "days",
        "models.parameters": "percent returns",
        "jump.realised": "fraction/year",
        "jump.bipower": "fraction/year",
    },
)
