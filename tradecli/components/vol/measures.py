"""Volatility from bars: what ``vol show`` weighs as realised, the estimators beside it, the ranges it falls back on.

A measure whose bars are too few or too old is missing with its reason; nothing is stretched over a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradecli.components.bars import Measure, interval_name, missing, staleness, usable
from tradecli.components.base import View
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, INTERVALS_MS, MINUTE_MS
from tradecli.domain.instrument import InstrumentId
from tradecli.quant import volatility
from tradecli.quant.bars import previous_closes
from tradecli.quant.returns import annualised, consecutive_returns, periods_per_year
from tradecli.quant.reversion import variance_ratio

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries
    from tradecli.quant.returns import Floats

FEWEST_RANGE, FEWEST_MINUTES = 10, 30
FEWEST_CLOSE = 20
RATIO_PERIODS = 4
FIVE_MIN_MS = 5 * MINUTE_MS
EFFICIENCY = {"parkinson": 5.0, "garman-klass": 8.0, "rogers-satchell": 6.0, "yang-zhang": 7.5}
"""Variance of close-to-close over that of the estimator, for the same number of bars (METHODS section 4)."""


def realised(view: View, instrument: InstrumentId, settings: VolSettings) -> Measure:
    """Return realised volatility: 5-minute variance where bars are that short, else Rogers–Satchell, else minutes."""
    interval = INTERVALS_MS.get(settings.interval, HOUR_MS)
    bars = usable(view.candles(instrument, interval), view.at, settings.window_days * DAY_MS // interval)
    wrong = staleness(bars, view.at)
    if wrong is None and interval <= FIVE_MIN_MS:
        found = realised_variance(bars)
        if found.value is not None:
            return found
        wrong = found.reason
    elif wrong is None and len(bars) >= FEWEST_RANGE:
        return rogers_satchell("realised", bars, Quality.OK, "")
    wrong = wrong or f"{len(bars)} of {FEWEST_RANGE} {interval_name(interval)} bars"
    minutes = usable(view.candles(instrument, MINUTE_MS), view.at)
    if staleness(minutes, view.at) is None and len(minutes) >= FEWEST_MINUTES:
        return rogers_satchell("realised", minutes, Quality.FALLBACK, wrong)
    return missing("realised", f"{interval_name(interval)} candles", wrong, n_obs=len(bars), as_of=bars.as_of)


def rogers_satchell(name: str, bars: CandleSeries, quality: Quality, reason: str) -> Measure:
    """Return the drift-free range volatility of bars; missing where the price never moved."""
    variance = volatility.rogers_satchell(bars.open, bars.high, bars.low, bars.close)
    return _measure(name, "rogers-satchell", variance, bars, quality, reason)


def realised_variance(bars: CandleSeries, name: str = "realised", *, trailing: bool = False) -> Measure:
    """Return the root of the mean daily realised variance from 5-minute closes; a day needs 90 % of them.

    Days are UTC days, or with ``trailing`` the 24 hours up to the newest bar and those before.
    """
    step = FIVE_MIN_MS
    ends = (bars.ts + bars.interval_ms) % step == 0
    ts, close = bars.ts[ends] + bars.interval_ms - step, bars.close[ends]
    if trailing and len(ts):
        ts = ts - (int(ts[-1]) + step) % DAY_MS
    days, variances = volatility.realised_days(ts, close, step)
    source = f"{interval_name(bars.interval_ms)} candles"
    if not len(days):
        return missing(
            name, source, "no day with 90 % of its 5-minute bars", n_obs=len(bars), as_of=bars.as_of
        )
    vol = annualised(float(np.mean(variances)), 365.0)
    count = 288 * len(days)
    return Measure(
        name=name,
        value=vol,
        source=source,
        method="realised variance 5m",
        quality=Quality.OK,
        as_of=bars.as_of,
        n_obs=count,
        std_error=volatility.standard_error(vol, count),
    )


def hourly_range(view: View, instrument: InstrumentId, tried: tuple[str, ...]) -> Measure:
    """Return Parkinson on the hourly bars there are: the forecast's last resort; missing when there are too few."""
    hours = usable(view.candles(instrument, HOUR_MS), view.at)
    wrong = staleness(hours, view.at)
    if wrong is None and len(hours) >= FEWEST_RANGE:
        variance = volatility.parkinson(hours.high, hours.low)
        return _measure("garch", "parkinson", variance, hours, Quality.FALLBACK, "; ".join(tried))
    reasons = (*tried, wrong or f"parkinson: {len(hours)} of {FEWEST_RANGE} hourly bars")
    return missing("garch", "1d candles", "; ".join(reasons), n_obs=len(hours), as_of=hours.as_of)


class SideBySide(NamedTuple):
    """Every estimator on the same bars, and the variance ratio of their returns: below 1 prices revert."""

    estimators: tuple[Measure, ...]
    variance_ratio: float | None
    variance_ratio_p: float | None = None


def side_by_side(
    view: View, instrument: InstrumentId, settings: VolSettings, known: SideBySide | None = None
) -> SideBySide:
    """Return every estimator on the configured bars, EWMA on days, and the last day's 5-minute variance.

    What ``known`` says is taken over while no newer bar has closed; only the minutes move between two bars.
    """
    interval = INTERVALS_MS.get(settings.interval, HOUR_MS)
    bars = usable(view.candles(instrument, interval), view.at, settings.window_days * DAY_MS // interval)
    minutes = usable(view.candles(instrument, MINUTE_MS), view.at)
    last_day = realised_variance(minutes, "realised 5m", trailing=True)
    if known is not None and known.estimators[0].as_of == bars.as_of is not None:
        return known._replace(estimators=(*known.estimators[:-1], last_day))
    o, h, low, c = bars.open, bars.high, bars.low, bars.close
    returns = consecutive_returns(bars.ts, c, interval)
    found = [
        _estimate("close-close", volatility.close_close(returns), bars, FEWEST_CLOSE, returns),
        _estimate("parkinson", volatility.parkinson(h, low), bars, FEWEST_RANGE, returns),
        _estimate("garman-klass", volatility.garman_klass(o, h, low, c), bars, FEWEST_RANGE, returns),
        _estimate("rogers-satchell", volatility.rogers_satchell(o, h, low, c), bars, FEWEST_RANGE, returns),
    ]
    yang_zhang = volatility.yang_zhang(previous_closes(bars.ts, c, interval), o, h, low, c)
    found.append(_estimate("yang-zhang", yang_zhang, bars, FEWEST_RANGE + 1, returns))
    days = usable(view.candles(instrument, DAY_MS), view.at)
    daily = consecutive_returns(days.ts, days.close, DAY_MS)
    variance = volatility.ewma_variance(daily, settings.ewma_lambda) if len(daily) >= FEWEST_CLOSE else None
    found.append(_estimate("ewma", variance, days, FEWEST_CLOSE + 1, daily))
    ratio = variance_ratio(returns, RATIO_PERIODS)
    if ratio is None:
        return SideBySide((*found, last_day), None)
    return SideBySide((*found, last_day), ratio.ratio, ratio.p_reverting)


def error_of(vol: float, returns: Floats) -> float | None:
    """Return the standard error of a volatility that rests on these returns, fat tails counted."""
    return volatility.standard_error(vol, len(returns), volatility.excess_kurtosis(returns))


def _estimate(name: str, variance: float | None, bars: CandleSeries, fewest: int, returns: Floats) -> Measure:
    if len(bars) < fewest:
        source = f"{interval_name(bars.interval_ms)} candles"
        return missing(name, source, f"{len(bars)} of {fewest} bars", n_obs=len(bars), as_of=bars.as_of)
    return _measure(name, name, variance, bars, Quality.OK, "", volatility.excess_kurtosis(returns))


def _measure(
    name: str,
    method: str,
    variance: float | None,
    bars: CandleSeries,
    quality: Quality,
    reason: str,
    kurtosis: float = 0.0,
) -> Measure:
    source = f"{interval_name(bars.interval_ms)} candles"
    if variance is None or not np.isfinite(variance) or variance <= 0.0:
        return missing(name, source, "the price did not move", n_obs=len(bars), as_of=bars.as_of)
    vol = annualised(variance, periods_per_year(bars.interval_ms))
    return Measure(
        name=name,
        value=vol,
        source=source,
        method=f"{method} {interval_name(bars.interval_ms)}",
        quality=quality,
        as_of=bars.as_of,
        n_obs=len(bars),
        std_error=volatility.standard_error(vol, len(bars), kurtosis, EFFICIENCY.get(method, 1.0)),
        reason=reason,
    )
