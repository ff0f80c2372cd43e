"""``funding rates``: what a perpetual paid last, is about to pay, and what that is a year (METHODS section 9.1).

Settled and predicted rates are never mixed. A rate whose interval nobody stated is shown as it is and put on no
common terms: the same number is three times as dear every eight hours as it is every day.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.funding.settings import FundingSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import InstrumentKind, Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, Feed, FundingFeed
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Notice, Panel, Table, Tone
from tradecli.quant import funding as terms

if TYPE_CHECKING:
    from tradecli.domain.series import FundingSeries

EVERY_MS = 5 * MINUTE_MS
STALE_INTERVALS = 2.0
PERPETUAL = (InstrumentKind.LINEAR, InstrumentKind.INVERSE)
NO_INTERVAL = "interval unknown: not annualised"


class VenueRate(msgspec.Struct, frozen=True, kw_only=True):
    """Funding of one symbol at one venue. Rates are fractions, positive where longs pay; a year has 365 days.

    ``per_8h``, ``apr`` and ``apy`` belong to the settled rate; ``mean_per_8h`` is what was paid over the history,
    by its hours, and ``n`` how many settlements that rests on.
    """

    venue: str
    rate: float | None
    settled_at: int | None
    age_s: float | None
    interval_h: float | None
    per_8h: float | None
    apr: float | None
    apy: float | None
    predicted: float | None
    predicted_at: int | None
    predicted_apr: float | None
    next_at: int | None
    mean_per_8h: float | None
    mean_apr: float | None
    n: int
    history_days: float | None
    quality: Quality
    reason: str = ""


class RatesReport(msgspec.Struct, frozen=True, kw_only=True):
    """Funding of one instrument, and of the same symbol at the other venues that are watched.

    ``spread_per_8h``: the highest less the lowest settled rate over all of them, None with fewer than two.
    """

    instrument: InstrumentId
    at: int
    own: VenueRate
    others: tuple[VenueRate, ...]
    spread_per_8h: float | None
    notices: tuple[str, ...] = ()


def feeds(instrument: InstrumentId, settings: FundingSettings) -> tuple[Feed, ...]:
    return (FundingFeed(instrument, settings.history_days * DAY_MS),)


def assess(view: View, settings: FundingSettings, query: NoQuery) -> RatesReport:
    """Put the newest rates of an instrument on common terms, beside those of the same symbol elsewhere."""
    instrument = focus_of(view)
    own = _venue_rate(view, instrument, settings)
    others = tuple(
        _venue_rate(view, each, settings)
        for each in view.instruments
        if each != instrument and symbol_of(each) == symbol_of(instrument)
    )
    known = [each.per_8h for each in (own, *others) if each.per_8h is not None]
    return RatesReport(
        instrument=instrument,
        at=view.at,
        own=own,
        others=others,
        spread_per_8h=max(known) - min(known) if len(known) > 1 else None,
        notices=tuple(f"{each.venue}: {each.reason}" for each in (own, *others) if each.reason),
    )


class _Predicted(NamedTuple):
    rate: float | None
    at: int | None
    interval_h: float | None
    next_at: int | None


def _venue_rate(view: View, instrument: InstrumentId, settings: FundingSettings) -> VenueRate:
    series = view.funding(instrument)
    newest = len(series) - 1
    rate, settled_at, interval_h = (
        (float(series.rate[newest]), int(series.ts[newest]), _hours(float(series.interval_h[newest])))
        if newest >= 0
        else (None, None, None)
    )
    predicted = _predicted(view, instrument)
    interval_h = interval_h or predicted.interval_h
    mean, n, days = _mean(series, view.at, settings.history_days)
    quality, reason = _judge(view, instrument, rate, settled_at, interval_h, predicted)
    known = rate if interval_h is not None else None
    ahead_h = predicted.interval_h or interval_h
    return VenueRate(
        venue=venue_of(instrument),
        rate=rate,
        settled_at=settled_at,
        age_s=(view.at - settled_at) / 1000 if settled_at is not None else None,
        interval_h=interval_h,
        per_8h=terms.per_8h(known, interval_h) if known is not None and interval_h else None,
        apr=terms.apr(known, interval_h) if known is not None and interval_h else None,
        apy=terms.apy(known, interval_h) if known is not None and interval_h else None,
        predicted=predicted.rate,
        predicted_at=predicted.at,
        predicted_apr=terms.apr(predicted.rate, ahead_h) if predicted.rate is not None and ahead_h else None,
        next_at=predicted.next_at,
        mean_per_8h=mean,
        mean_apr=terms.apr(mean, 8.0) if mean is not None else None,
        n=n,
        history_days=days,
        quality=quality,
        reason=reason,
    )


def _hours(value: float) -> float | None:
    return value if math.isfinite(value) and value > 0.0 else None


def _predicted(view: View, instrument: InstrumentId) -> _Predicted:
    """Return the venue's own forecast while it is for a settlement still to come."""
    found = view.predicted_funding(instrument)
    if found is None or (found.next_ts is not None and found.next_ts <= view.at):
        return _Predicted(None, None, None, None)
    return _Predicted(found.rate, found.ts, found.interval_h, found.next_ts)


def _mean(series: FundingSeries, at: int, history_days: int) -> tuple[float | None, int, float | None]:
    """Return (rate paid per eight hours, settlements, days covered) over the history whose intervals are known."""
    recent = (
        (series.ts > at - history_days * DAY_MS) & np.isfinite(series.interval_h) & (series.interval_h > 0)
    )
    n = int(np.sum(recent))
    if n == 0:
        return None, 0, None
    hours = float(np.sum(series.interval_h[recent]))
    return terms.per_8h(float(np.sum(series.rate[recent])), hours), n, hours / 24.0


def _judge(
    view: View,
    instrument: InstrumentId,
    rate: float | None,
    settled_at: int | None,
    interval_h: float | None,
    predicted: _Predicted,
) -> tuple[Quality, str]:
    spec = view.instrument(instrument)
    if spec is not None and spec.kind not in PERPETUAL:
        return Quality.UNAVAILABLE, f"{spec.kind} instruments pay no funding"
    if rate is None or settled_at is None:
        return Quality.UNAVAILABLE, "no settled rate" + (
            ", only a predicted one" if predicted.rate is not None else ""
        )
    if interval_h is None:
        return Quality.DEGRADED, NO_INTERVAL
    age_h = (view.at - settled_at) / HOUR_MS
    if age_h > STALE_INTERVALS * interval_h:
        return Quality.DEGRADED, f"settled {age_h:.0f} h ago, and is due every {interval_h:g} h"
    return Quality.OK, ""


# -- showing -----------------------------------------------------------------------------------------------------------


def present(report: RatesReport) -> Panel:
    columns = (
        Column(name="venue", align=Align.LEFT, width=8),
        Column(name="rate", unit="per interval", width=8),
        Column(name="every", unit="h", priority=2, width=5),
        Column(name="per 8h", width=8),
        Column(name="APR", width=7),
        Column(name="predicted", priority=2, width=9),
        Column(name="next", priority=3, width=9),
        Column(name="mean APR", priority=3, width=8),
        Column(name="n", priority=4, width=4),
        Column(name="age", priority=2, width=4),
    )
    rows = tuple(_row(each, report.at) for each in (report.own, *report.others))
    spread = (
        f" · widest {fmt.pct(report.spread_per_8h, 4)} per 8h" if report.spread_per_8h is not None else ""
    )
    return Panel(
        title=f"Funding {report.instrument}",
        status=f"APR {fmt.pct(report.own.apr, 1, sign=True)}{spread}",
        as_of=report.at,
        blocks=(Table(columns=columns, rows=rows), *(Notice(text, Tone.WARN) for text in report.notices)),
    )


def _row(each: VenueRate, at: int) -> tuple[Cell, ...]:
    tone = Tone.WARN if each.quality is Quality.DEGRADED else Tone.TEXT
    ahead = None if each.next_at is None else each.next_at - at
    return (
        Cell(each.venue),
        Cell(fmt.pct(each.rate, 4, sign=True), tone),
        Cell(fmt.number(each.interval_h, 0)),
        Cell(fmt.pct(each.per_8h, 4, sign=True), tone),
        Cell(fmt.pct(each.apr, 1, sign=True), tone),
        Cell(fmt.pct(each.predicted, 4, sign=True), Tone.MUTED),
        Cell(f"in {fmt.duration(ahead)}" if ahead is not None else fmt.UNKNOWN, Tone.MUTED),
        Cell(fmt.pct(each.mean_apr, 1, sign=True)),
        Cell(fmt.count(each.n)),
        Cell(fmt.age(None if each.age_s is None else 1000 * each.age_s)),
    )


def inputs(report: RatesReport) -> tuple[Input, ...]:
    own = report.own
    return (
        Input(
            name="funding settled",
            value=own.rate,
            as_of=own.settled_at,
            source=own.venue,
            quality=own.quality,
            reason=own.reason,
        ),
        Input(
            name="funding APR",
            value=own.apr,
            as_of=own.settled_at,
            source=own.venue,
            quality=own.quality if own.apr is not None else Quality.UNAVAILABLE,
            reason=own.reason,
        ),
        Input(
            name="funding predicted",
            value=own.predicted,
            as_of=own.predicted_at,
            source=own.venue,
            quality=Quality.OK if own.predicted is not None else Quality.UNAVAILABLE,
            reason="" if own.predicted is not None else "no prediction for a coming settlement",
        ),
    )


RATES = Topic(
    name="rates",
    summary="Settled and predicted funding on common terms",
    report=RatesReport,
    assess=assess,
    present=present,
    feeds=feeds,
    inputs=inputs,
    same_as=lambda report: symbol_of(report.instrument),
    every_venue=True,
    every_ms=EVERY_MS,
    units={
        "rate": "fraction per interval",
        "predicted": "fraction per interval",
        "interval_h": "h",
        "per_8h": "fraction per 8 h",
        "mean_per_8h": "fraction per 8 h",
        "spread_per_8h": "fraction per 8 h",
        "apr": "fraction/year",
        "apy": "fraction/year",
        "predicted_apr": "fraction/year",
        "mean_apr": "fraction/year",
        "age_s": "s",
        "history_days": "days",
    },
)
