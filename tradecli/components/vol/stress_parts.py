"""The parts of the stress score: each a number now, and its mid-rank among the year before (METHODS section 5.3).

History is strictly before the present. The parts of the option chain and of the book rest on series that desks and
``vol backfill`` keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tradecli.components.bars import staleness, usable
from tradecli.components.base import View
from tradecli.components.vol import chains, curve, illiquidity
from tradecli.components.vol.ranked import LEAST_DAYS, YEAR_DAYS, Part, absent, ranked
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.feed import DAY_MS, HOUR_MS
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.quant.returns import Floats
from tradecli.quant.stress import WEIGHTS, percentile_rank
from tradecli.quant.volatility import ewma_path

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries, Times

PAIR_DAYS, HIGH_DAYS, VOV_DAYS = 30, 90, 30
LEAST_FUNDING, FUNDING_WINDOW = 60, 90
SKEW_DAYS = 7
OLDEST_CURVE_MS = 2 * DAY_MS
"""A number of the chain that is older is not today's."""


def measure(view: View, instrument: InstrumentId, settings: VolSettings) -> tuple[Part, ...]:
    """Return all eight parts in the order of their weights' table."""
    days = usable(view.candles(instrument, DAY_MS), view.at, YEAR_DAYS + HIGH_DAYS)
    wrong = staleness(days, view.at)
    level = _levels(view, instrument, days, settings.ewma_lambda) if wrong is None else np.empty(0)
    as_of = _newest(days.as_of, view.candles(instrument, HOUR_MS).as_of, view.at)
    found = {
        "vol_level": ranked("vol_level", level[-YEAR_DAYS - 1 :], "EWMA with the last 24 h", wrong, as_of),
        "vol_of_vol": ranked("vol_of_vol", _vol_of_vol(level), "30-d sd of Δln σ", wrong, as_of),
        "term_inversion": _term(view, instrument),
        "skew": _skew(view, instrument),
        "illiquidity": illiquidity.measure(view, instrument),
        "funding": _funding(view, instrument),
        "correlation": _correlation(view, instrument, days, wrong),
        "drawdown": ranked("drawdown", _drawdowns(days), "below the 90-d high", wrong, days.as_of),
    }
    return tuple(found[name] for name in WEIGHTS)


def _newest(days: int | None, hours: int | None, at: int) -> int | None:
    """Return the end of the newest bar that the level rests on."""
    return max((each for each in (days, hours) if each is not None and each <= at), default=None)


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


class _Days(NamedTuple):
    """A kept series by day: days since 1970, the last value of each, when the newest was, and what is wrong with it."""

    day: Times
    value: Floats
    as_of: int | None
    wrong: str | None


def _by_day(view: View, name: str) -> _Days:
    series = view.vol_index(name)
    known = np.isfinite(series.value) & (series.ts <= view.at) & (series.ts > view.at - YEAR_DAYS * DAY_MS)
    ts, value = series.ts[known], series.value[known]
    if not len(ts):
        return _Days(ts, value, None, f"no {name} is kept: tradecli vol backfill")
    as_of = int(ts[-1])
    day = ts // DAY_MS
    last = np.append(day[1:] != day[:-1], True)
    old = view.at - as_of
    wrong = f"{name} ends {old / DAY_MS:.0f} days ago" if old > OLDEST_CURVE_MS else None
    return _Days(day[last], value[last], as_of, wrong)


def _term(view: View, instrument: InstrumentId) -> Part:
    found = _by_day(view, curve_series(instrument)[0])
    return ranked("term_inversion", found.value, "IV7 − IV30, daily", found.wrong, found.as_of)


def _skew(view: View, instrument: InstrumentId) -> Part:
    """Return by how much the 30-day risk reversal changed in a week, either way, ranked among such changes before."""
    found = _by_day(view, curve_series(instrument)[1])
    day, value, wrong = found.day, found.value, found.wrong
    _, now, before = np.intersect1d(day, day + SKEW_DAYS, return_indices=True)
    if wrong is None and (not len(now) or int(now[-1]) != len(day) - 1):
        wrong = f"no risk reversal of {SKEW_DAYS} days ago"
    changes = np.abs(value[now] - value[before])
    return ranked("skew", changes, f"abs change in {SKEW_DAYS} d, daily", wrong, found.as_of)


def _funding(view: View, instrument: InstrumentId) -> Part:
    """Return how far settled funding is from its own month, in deviations, ranked among what it was before."""
    settled = view.funding(instrument)
    known = np.isfinite(settled.rate)
    rates = settled.rate[known]
    as_of = int(settled.ts[known][-1]) if len(rates) else None
    if len(rates) < LEAST_FUNDING + FUNDING_WINDOW:
        reason = f"{len(rates)} of {LEAST_FUNDING + FUNDING_WINDOW} settlements"
        return absent("funding", reason, as_of=as_of)
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
        as_of=as_of,
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
        return absent("correlation", wrong or "no second instrument with a year of days is watched")
    size = min(len(each) for each in paths)
    mean = np.mean([each[len(each) - size :] for each in paths], axis=0)
    return ranked("correlation", mean, f"{PAIR_DAYS}-d, {len(paths)} pairs", None, days.as_of)


def _rolling_correlation(a: Floats, b: Floats) -> Floats:
    view = np.lib.stride_tricks.sliding_window_view
    left, right = view(a, PAIR_DAYS), view(b, PAIR_DAYS)
    left = left - np.mean(left, axis=1, keepdims=True)
    right = right - np.mean(right, axis=1, keepdims=True)
    power = np.sqrt(np.sum(left**2, axis=1) * np.sum(right**2, axis=1))
    return np.where(power > 0.0, np.sum(left * right, axis=1) / np.maximum(power, 1e-300), 0.0)
