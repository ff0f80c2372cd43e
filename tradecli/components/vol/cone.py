"""``vol cone``: where volatility over a week to a quarter stands in its own past, and the implied index in its own
(METHODS section 4).

Quantiles are of overlapping windows with their bias removed (Hodges & Tompkins 2002); the number of independent windows
is shown, because it is small.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol.chains import COINS
from tradecli.components.vol.daily import daily
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, HOUR_MS, CandleFeed, Feed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.present import format as fmt
from tradecli.present.blocks import Block, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant import realised
from tradecli.quant.stress import percentile_rank

LEAST_INDEX = 30


class ConeQuery(msgspec.Struct, frozen=True):
    """How far back."""

    days: Annotated[int, msgspec.Meta(ge=60, le=3650, description="Days of history")] = 365


class ConeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One horizon: quantiles of the past, the present, and its rank in [0, 1] among the past.

    ``independent`` counts windows without overlap; ``implied_rank`` is that of the implied index among the same past.
    """

    horizon_days: int
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    now: float
    rank: float
    independent: float
    implied_rank: float | None


class ImpliedRank(msgspec.Struct, frozen=True, kw_only=True):
    """The published index now, its rank between the year's extremes, and its percentile among the year's readings."""

    name: str
    value: float | None
    as_of: int | None
    rank: float | None
    percentile: float | None
    days: int
    reason: str = ""


class ConeReport(msgspec.Struct, frozen=True, kw_only=True):
    """The cone of one instrument. Volatilities are annualised fractions."""

    instrument: InstrumentId
    at: int
    lines: tuple[ConeLine, ...]
    days: int
    as_of: int | None
    source: str
    implied: ImpliedRank
    quality: Quality
    reason: str = ""


def asked_feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (
        CandleFeed(instrument, HOUR_MS, 24 * 366),
        *(VolIndexFeed(f"DVOL-{coin}", 365 * DAY_MS) for coin in COINS),
    )


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return (CandleFeed(instrument, DAY_MS, settings.garch_bars + 1),)


def assess(view: View, settings: VolSettings, query: ConeQuery) -> ConeReport:
    """Rank the present among the last year of days; a horizon that does not fit in twice is left out."""
    instrument = focus_of(view)
    found = daily(view, instrument, query.days)
    index = _implied(view, instrument)
    variances = found.variances if found.wrong is None else found.variances[:0]
    lines = tuple(_line(each, variances, index.value) for each in realised.cone(variances))
    reason = found.wrong or ("" if lines else f"{len(variances)} of 14 days of variance")
    return ConeReport(
        instrument=instrument,
        at=view.at,
        lines=lines,
        days=len(variances),
        as_of=found.as_of,
        source=found.source,
        implied=index,
        quality=Quality.OK if lines else Quality.UNAVAILABLE,
        reason=reason,
    )


def _line(row: realised.ConeRow, variances: np.ndarray, index: float | None) -> ConeLine:
    p5, p25, p50, p75, p95 = (row.quantiles[each] for each in realised.CONE_QUANTILES)
    rank = None
    if index is not None:
        sums = np.concatenate(([0.0], np.cumsum(variances)))
        past = np.sqrt((sums[row.horizon :] - sums[: -row.horizon]) / row.horizon * 365.0)
        rank = percentile_rank(past, index)
    return ConeLine(
        horizon_days=row.horizon,
        p5=p5,
        p25=p25,
        p50=p50,
        p75=p75,
        p95=p95,
        now=row.now,
        rank=row.rank,
        independent=row.independent,
        implied_rank=rank,
    )


def _implied(view: View, instrument: InstrumentId) -> ImpliedRank:
    spec = view.instrument(instrument)
    coin = spec.base if spec is not None and spec.base in COINS else "BTC"
    name = f"DVOL-{coin}"
    series = view.vol_index(name)
    since = view.at - 365 * DAY_MS
    kept = (series.ts >= since) & (series.ts <= view.at) & np.isfinite(series.value)
    ts, values = series.ts[kept], series.value[kept]
    if not len(ts):
        return ImpliedRank(
            name=name, value=None, as_of=None, rank=None, percentile=None, days=0, reason=f"no {name}"
        )
    value, past = float(values[-1]), values[:-1]
    days = int((int(ts[-1]) - int(ts[0])) // DAY_MS)
    if days < LEAST_INDEX:
        reason = f"{days} of {LEAST_INDEX} days of {name}"
        return ImpliedRank(
            name=name, value=value, as_of=int(ts[-1]), rank=None, percentile=None, days=days, reason=reason
        )
    low, high = float(np.min(values)), float(np.max(values))
    note = "" if spec is not None and spec.base == coin else f"{coin}'s index, beside another coin"
    return ImpliedRank(
        name=name,
        value=value,
        as_of=int(ts[-1]),
        rank=(value - low) / (high - low) if high > low else None,
        percentile=percentile_rank(past, value),
        days=days,
        reason=note,
    )


def present(report: ConeReport) -> Panel:
    columns = (
        Column(name="days", width=4),
        *(Column(name=name, unit="/y", priority=rank, width=6) for name, rank in _QUANTILES),
        Column(name="now", unit="/y", width=6),
        Column(name="rank", width=5),
        Column(name="implied rank", priority=3, width=7),
        Column(name="indep.", priority=3, width=6),
    )
    rows = tuple(
        (
            Cell(str(each.horizon_days), Tone.ACCENT),
            *(Cell(fmt.pct(getattr(each, name), 1), Tone.MUTED) for name, _ in _QUANTILES),
            Cell(fmt.pct(each.now, 1)),
            Cell(fmt.pct(each.rank, 0), Tone.WARN if not 0.05 <= each.rank <= 0.95 else Tone.TEXT),
            Cell(fmt.pct(each.implied_rank, 0)),
            Cell(fmt.number(each.independent, 0), Tone.FAINT),
        )
        for each in report.lines
    )
    index = report.implied
    facts = (
        (index.name, Cell(fmt.pct(index.value, 1))),
        ("IV rank, 1 y", Cell(fmt.pct(index.rank, 0))),
        ("IV percentile, 1 y", Cell(fmt.pct(index.percentile, 0))),
    )
    blocks: list[Block] = [Table(columns=columns, rows=rows, empty=report.reason or "no cone"), Facts(facts)]
    blocks += [Notice(text, Tone.WARN) for text in (index.reason,) if text]
    blocks.append(Notice(f"{report.days} days of {report.source}; indep. = windows without overlap"))
    return Panel(
        title=f"Cone {report.instrument}", status=f"{report.days} d", as_of=report.at, blocks=tuple(blocks)
    )


_QUANTILES = (("p5", 2), ("p25", 3), ("p50", 1), ("p75", 3), ("p95", 2))


def inputs(report: ConeReport) -> tuple[Input, ...]:
    index = report.implied
    rows = [
        Input(
            name=f"cone rank {each.horizon_days}d", value=each.rank, as_of=report.as_of, source=report.source
        )
        for each in report.lines
    ]
    rows.append(
        Input(
            name="implied rank",
            value=index.rank,
            as_of=index.as_of,
            source=index.name,
            quality=Quality.OK if index.rank is not None else Quality.UNAVAILABLE,
            reason=index.reason,
        )
    )
    return tuple(rows)


CONE = Topic(
    name="cone",
    summary="Where volatility stands in its own past",
    needs=(),
    every_ms=HOUR_MS,
    report=ConeReport,
    query=ConeQuery,
    assess=assess,
    present=present,
    feeds=feeds,
    asked_feeds=asked_feeds,
    inputs=inputs,
    units={
        "lines.now": "fraction/year",
        "lines.p50": "fraction/year",
        "lines.rank": "fraction",
        "implied.value": "fraction/year",
    },
)
