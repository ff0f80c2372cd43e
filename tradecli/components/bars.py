"""Which bars a topic may use (METHODS section 6.1), and a measure with all that is known about it (section 0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import INTERVALS_MS

if TYPE_CHECKING:
    from tradecli.domain.series import CandleSeries

ALLOWANCE_MS = 2_000
"""A bar counts as known this long after its close."""
STALE_BARS = 2
"""A series whose newest bar closed more than this many of its intervals ago is stale."""


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number. ``value`` None: not known, for ``reason``; else ``reason`` says what it fell back from."""

    name: str
    value: float | None
    source: str
    method: str
    quality: Quality
    as_of: int | None = None
    n_obs: int = 0
    std_error: float | None = None
    reason: str = ""


def missing(name: str, source: str, reason: str, *, n_obs: int = 0, as_of: int | None = None) -> Measure:
    """Return a measure that could not be taken."""
    return Measure(
        name=name,
        value=None,
        source=source,
        method="none",
        quality=Quality.UNAVAILABLE,
        as_of=as_of,
        n_obs=n_obs,
        reason=reason,
    )


def as_input(measure: Measure) -> Input:
    """Return a measure as a decision records it."""
    return Input(
        name=measure.name,
        value=measure.value,
        as_of=measure.as_of,
        source=measure.source,
        quality=measure.quality,
        reason=measure.reason,
    )


def usable(series: CandleSeries, at: int, count: int | None = None) -> CandleSeries:
    """Return the bars that had closed two seconds before ``at``, at most the newest ``count`` of them."""
    end = len(series)
    while end and int(series.ts[end - 1]) + series.interval_ms > at - ALLOWANCE_MS:
        end -= 1
    start = 0 if count is None else max(0, end - count)
    if start == 0 and end == len(series):
        return series
    part = slice(start, end)
    return type(series)(
        series.interval_ms,
        series.ts[part],
        series.open[part],
        series.high[part],
        series.low[part],
        series.close[part],
        series.volume[part],
    )


def staleness(series: CandleSeries, at: int) -> str | None:
    """Say how a series of bars is missing or too old to be measured at ``at``, or None."""
    newest = series.as_of
    name = interval_name(series.interval_ms)
    if newest is None:
        return f"no {name} bars"
    age = (at - newest) / series.interval_ms
    return f"newest {name} bar is {age:.1f} intervals old" if age > STALE_BARS else None


def interval_name(interval_ms: int) -> str:
    """Return the name of an interval as users type it."""
    for name, length in INTERVALS_MS.items():
        if length == interval_ms:
            return name
    return f"{interval_ms // 60_000}m"
