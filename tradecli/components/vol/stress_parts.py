"""The parts of the stress score: each a number now, and its mid-rank among the year before (METHODS section 5.3).

History is strictly before the present. The parts of the option chain rest on the series that ``vol backfill`` keeps;
what needs a recorded year of books says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tradecli.components.bars import staleness, usable
from tradecli.components.base import View
from tradecli.components.vol import chains, curve
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.quant.returns import Floats
from tradecli.quant.stress import WEIGHTS, percentile_rank
from tradecli.quant.volatility import ewma_path

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries, Times

YEAR_DAYS, LEAST_DAYS = 365, 60
PAIR_DAYS, HIGH_DAYS, VOV_DAYS = 30, 90, 30
LEAST_FUNDING, FUNDING_WINDOW = 60, 90
SKEW_DAYS = 7
OLDEST_CURVE_MS = 2 * DAY_MS
"""A number of the chain that is older is not today's."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part: its value now, its rank in [0, 1] among its past, and its weight; None with a reason where unknown."""

    name: str
    value: float | None
    rank: float | None
    weight: float
    method: str
    n_obs: int
    reason: str = ""


def measure(view: View, instrument: InstrumentId, settings: VolSettings) -> tuple[Part, ...]:
    """Return all eight parts in the order of their weights' table."""
    days = usable(view.candles(instrument, DAY_MS), view.at, YEAR_DAYS + HIGH_DAYS)
    wrong = staleness(days, view.at)
    level = _levels(view, instrument, days, settings.ewma_lambda) if wrong is None else np.empty(0)
    found = {
        "vol_level": _ranked("vol_level", level[-YEAR_DAYS - 1 :], "EWMA with the last 24 h", wrong),
        "vol_of_vol": _ranked("vol_of_vol", _vol_of_vol(level), "30-d sd of Δln σ", wrong),
        "term_inversion": _term(view, instrument),
        "skew": _skew(view, instrument),
        "illiquidity": _absent("illiquidity", "no recorded year of books"),
        "funding": _funding(view, instrument),
        "correlation": _correlation(view, instrument, days, wrong),
        "drawdown": _ranked("drawdown", _drawdowns(days), "below the 90-d high", wrong),
    }
    return tuple(found[name] for name in WEIGHTS)


def _ranked(name: str, path: Floats, method: str, wrong: str | None) -> Part:
    """Return a part whose past and present are one path, the present last."""
    path = path[np.isfinite(path)]
    if wrong is not None or len(path) < LEAST_DAYS:
        return _absent(name, wrong or f"{len(path)} of {LEAST_DAYS} days")
    past, now = path[-YEAR_DAYS - 1 : -1], float(path[-1])
    return Part(
        name=name,
        value=now,
        rank=percentile_rank(past, now),
        weight=WEIGHTS[name],
        method=method,
        n_obs=len(past),
    )


def _absent(name: str, reason: str) -> Part:
    return Part(name=name, value=None, rank=None, weight=WEIGHTS[name], method="none", n_obs=0, reason=reason)


def _levels(view: View, instrument: InstrumentId, days: CandleSeries, lam: float) -> Floats:
    """Return EWMA volatility at each day's end, and now with the last 24 hours as if they were the next day."""
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.diff(np.log(days.close))
    returns = np.where(np.isfinite(returns), returns, 0.0)
    path = ewma_path(np.append(returns, 0.0), lam)
    known = path[np.isfinite(path)]
    if not len(known):
        return known
    hours = usable(view.candles(instrument, HOUR_MS), view.at, 25)
    if len(hours) == 25 and staleness(hours, view.at) is None and float(np.min(hours.close)) > 0.0:
        last = float(np.sum(np.diff(np.log(hours.close)) ** 2))
        known = np.append(known, lam * known[-1] + (1.0 - lam) * last)
    return np.sqrt(np.maximum(known, 0.0) * 365.0)


def _vol_of_vol(level: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.diff(np.log(level))
    changes = changes[np.isfinite(changes)]
    if len(changes) < VOV_DAYS:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(changes, VOV_DAYS)
    return np.asarray(np.std(windows, axis=1, ddof=1))


def _drawdowns(days: CandleSeries) -> Floats:
    if len(days) < HIGH_DAYS or not float(np.min(days.high)) > 0.0:
        return np.empty(0)
    highs = np.max(np.lib.stride_tricks.sliding_window_view(days.high, HIGH_DAYS), axis=1)
    return np.asarray(1.0 - days.close[HIGH_DAYS - 1 :] / highs)


def curve_series(instrument: InstrumentId) -> tuple[str, str]:
    """Return the names of the kept series of the coin's chain: term inversion, risk reversal."""
    coin = chains.coin_named(symbol_of(instrument))
    return curve.series_of("term", coin), curve.series_of("skew", coin)


def _by_day(view: View, name: str) -> tuple[Times, Floats, str | None]:
    """Return (days since 1970, the last value of each) of a kept series, oldest first, and what is wrong with it."""
    series = view.vol_index(name)
    known = np.isfinite(series.value) & (series.ts <= view.at) & (series.ts > view.at - YEAR_DAYS * DAY_MS)
    ts, value = series.ts[known], series.value[known]
    if not len(ts):
        return ts, value, f"no {name} is kept: tradecli vol backfill"
    if view.at - int(ts[-1]) > OLDEST_CURVE_MS:
        return ts, value, f"{name} ends {(view.at - int(ts[-1])) / DAY_MS:.0f} days ago"
    day = ts // DAY_MS
    last = np.append(day[1:] != day[:-1], True)
    return day[last], value[last], None


def _term(view: View, instrument: InstrumentId) -> Part:
    _, value, wrong = _by_day(view, curve_series(instrument)[0])
    return _ranked("term_inversion", value, "IV7 − IV30, daily", wrong)


def _skew(view: View, instrument: InstrumentId) -> Part:
    """Return by how much the 30-day risk reversal changed in a week, either way, ranked among such changes before."""
    day, value, wrong = _by_day(view, curve_series(instrument)[1])
    _, now, before = np.intersect1d(day, day + SKEW_DAYS, return_indices=True)
    if wrong is None and (not len(now) or int(now[-1]) != len(day) - 1):
        wrong = f"no risk reversal of {SKEW_DAYS} days ago"
    return _ranked("skew", np.abs(value[now] - value[before]), f"abs change in {SKEW_DAYS} d, daily", wrong)


def _funding(view: View, instrument: InstrumentId) -> Part:
    """Return how far settled funding is from its own month, in deviations, ranked among what it was before."""
    rates = view.funding(instrument).rate
    rates = rates[np.isfinite(rates)]
    if len(rates) < LEAST_FUNDING + FUNDING_WINDOW:
        return _absent("funding", f"{len(rates)} of {LEAST_FUNDING + FUNDING_WINDOW} settlements")
    windows = np.lib.stride_tricks.sliding_window_view(rates, FUNDING_WINDOW)[:-1]
    spread = np.std(windows, axis=1, ddof=1)
    gaps = np.abs(rates[FUNDING_WINDOW:] - np.mean(windows, axis=1))
    sizes = np.where(spread > 1e-12, gaps / np.maximum(spread, 1e-12), 0.0)
    return Part(
        name="funding",
        value=float(sizes[-1]),
        rank=percentile_rank(sizes[:-1], float(sizes[-1])),
        weight=WEIGHTS["funding"],
        method=f"abs z over {FUNDING_WINDOW} settlements",
        n_obs=len(sizes) - 1,
    )


def _correlation(view: View, instrument: InstrumentId, days: CandleSeries, wrong: str | None) -> Part:
    """Return the mean correlation of this instrument's days with the others watched, over a month, and its rank."""
    paths = []
    for other in view.instruments:
        if other == instrument or wrong is not None:
            continue
        theirs = usable(view.candles(other, DAY_MS), view.at, YEAR_DAYS + HIGH_DAYS)
        common, left, right = np.intersect1d(days.ts, theirs.ts, return_indices=True)
        if len(common) < LEAST_DAYS + PAIR_DAYS or int(common[-1]) != int(days.ts[-1]):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = np.diff(np.log(days.close[left])), np.diff(np.log(theirs.close[right]))
        if np.all(np.isfinite(a)) and np.all(np.isfinite(b)):
            paths.append(_rolling_correlation(a, b))
    if not paths:
        return _absent("correlation", wrong or "no second instrument with a year of days is watched")
    size = min(len(each) for each in paths)
    mean = np.mean([each[len(each) - size :] for each in paths], axis=0)
    return _ranked("correlation", mean, f"{PAIR_DAYS}-d, {len(paths)} pairs", None)


def _rolling_correlation(a: Floats, b: Floats) -> Floats:
    view = np.lib.stride_tricks.sliding_window_view
    left, right = view(a, PAIR_DAYS), view(b, PAIR_DAYS)
    left = left - np.mean(left, axis=1, keepdims=True)
    right = right - np.mean(right, axis=1, keepdims=True)
    power = np.sqrt(np.sum(left**2, axis=1) * np.sum(right**2, axis=1))
    return np.where(power > 0.0, np.sum(left * right, axis=1) / np.maximum(power, 1e-300), 0.0)
