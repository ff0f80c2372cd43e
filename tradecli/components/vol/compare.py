"""``vol compare``: every estimate of the same volatility side by side, each beside the implied index.

Estimators look back, models look 30 days ahead, the index contains a risk premium: the table says which is which, and
what the premium is (METHODS section 5.1).
"""

from __future__ import annotations

import msgspec

from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import forecast, show
from tradecli.components.vol.forecast_report import ForecastReport
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import Feed
from tradecli.domain.instrument import InstrumentId
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one kind: ``realised``, ``forecast``, ``implied`` or ``composite``; ratio is to the index."""

    name: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    ratio: float | None
    method: str
    quality: Quality
    reason: str


class CompareReport(msgspec.Struct, frozen=True, kw_only=True):
    """All estimates of one instrument. ``premium`` is implied² − HAR² over 30 days, a variance a year."""

    instrument: InstrumentId
    at: int
    estimates: tuple[Estimate, ...]
    premium: float | None
    premium_reason: str
    spread: float | None
    """Highest over lowest of what is known."""


def asked_feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    return forecast.asked_feeds(instrument, settings)


def assess(view: View, settings: VolSettings, query: object) -> CompareReport:
    """Gather what ``show`` measured and ``forecast`` forecasts."""
    whole = view.report(show.VolReport) or show.assess(view, settings, show.ShowQuery())
    found = view.report(ForecastReport) or forecast.assess(view, settings, forecast.ForecastQuery())
    index = next((each for each in whole.measures if each.name == "bitvol"), None)
    base = index.value if index is not None else None
    rows = [
        _estimate(each.name, "realised", each.value, base, each.method, each.quality, each.reason)
        for each in whole.estimators
    ]
    for model in found.models:
        over = model.over("30d")
        if over is not None:
            row = _estimate(
                f"{model.model} 30d", "forecast", over.vol, base, model.method, model.quality, model.reason
            )
            rows.append(msgspec.structs.replace(row, low=over.low, high=over.high))
    rows += [
        _estimate(each.name, "implied", each.value, base, each.method, each.quality, each.reason)
        for each in whole.measures
        if each.name in ("bitvol", "lxvx")
    ]
    rows.append(
        _estimate(
            "composite", "composite", whole.composite, base, "weighted variance", whole.quality, whole.reason
        )
    )
    har = next((each.value for each in rows if each.name == "har 30d"), None)
    known = [each.value for each in rows if each.value]
    return CompareReport(
        instrument=focus_of(view),
        at=view.at,
        estimates=tuple(rows),
        premium=None if base is None or har is None else base**2 - har**2,
        premium_reason=""
        if base is not None and har is not None
        else "no index"
        if base is None
        else "no HAR forecast",
        spread=max(known) / min(known) if known else None,
    )


def _estimate(
    name: str, kind: str, value: float | None, base: float | None, method: str, quality: Quality, reason: str
) -> Estimate:
    return Estimate(
        name=name,
        kind=kind,
        value=value,
        low=None,
        high=None,
        ratio=None if value is None or not base else value / base,
        method=method,
        quality=quality if value is not None else Quality.UNAVAILABLE,
        reason=reason or ("" if value is not None else "no forecast"),
    )


def present(report: CompareReport) -> Panel:
    columns = (
        Column(name="estimate", align=Align.LEFT, width=15),
        Column(name="kind", align=Align.LEFT, priority=2, width=9),
        Column(name="vol", unit="/year", width=6),
        Column(name="80 %", priority=3, width=10),
        Column(name="of index", priority=2, width=7),
        Column(name="method", align=Align.LEFT, priority=4),
    )
    rows = tuple(
        (
            Cell(each.name, Tone.ACCENT if each.kind == "composite" else Tone.TEXT),
            Cell(each.kind, Tone.MUTED),
            Cell(fmt.pct(each.value, 1), Tone.WARN if each.quality is not Quality.OK else Tone.TEXT),
            Cell(
                f"{fmt.pct(each.low, 0)}–{fmt.pct(each.high, 0)}" if each.low is not None else "", Tone.MUTED
            ),
            Cell(fmt.number(each.ratio, 2)),
            Cell(each.reason or each.method, Tone.MUTED),
        )
        for each in report.estimates
    )
    premium = fmt.number(report.premium, 4) if report.premium is not None else report.premium_reason
    blocks: list[Block] = [
        Table(columns=columns, rows=rows),
        Facts(
            (
                ("variance premium, 30 d", Cell(f"{premium}  (implied² − HAR²)")),
                ("highest over lowest", Cell(fmt.number(report.spread, 2))),
            )
        ),
        Notice("realised looks back, forecasts look 30 days ahead, the index contains a risk premium"),
    ]
    return Panel(title=f"Compare {report.instrument}", as_of=report.at, blocks=tuple(blocks))


def inputs(report: CompareReport) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=f"estimate {each.name}",
            value=each.value,
            as_of=report.at,
            source=each.method,
            quality=each.quality,
            reason=each.reason,
        )
        for each in report.estimates
    )


COMPARE = Topic(
    name="compare",
    summary="Estimators, models and index side by side",
    needs=("show", "forecast"),
    report=CompareReport,
    assess=assess,
    present=present,
    asked_feeds=asked_feeds,
    inputs=inputs,
    units={"estimates.value": "fraction/year", "premium": "variance/year", "estimates.ratio": "of the index"},
)
