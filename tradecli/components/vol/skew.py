"""``vol skew``: 25-delta risk reversal and butterfly of each expiry, by a stated convention (METHODS section 7).

A positive risk reversal says that calls are rich; no sign is expected. The two conventions of delta differ by more
than a point of volatility, so the answer always names its own.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Annotated, Literal

import msgspec

from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import chains, curve, smiles
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant.smile import DeltaRule, skew
from tradecli.quant.surface import Smile

BEYOND = 0.10
"""Share of σ√T by which a strike may lie outside the quotes before it counts as extrapolated."""
NAMES = {"forward": "forward Black delta N(d1)", "premium": "premium-adjusted delta (K/F) N(d2)"}


class SkewQuery(msgspec.Struct, frozen=True):
    """Which delta is meant."""

    delta: Annotated[
        Literal["forward", "premium"], msgspec.Meta(description="forward: Black's; premium: for coin wealth")
    ] = "forward"


class SkewExpiry(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry; volatilities are annualised fractions. ``slope`` is dσ/dk at the money.

    ``is_extrapolated``: a 25-delta strike lies outside the quotes by more than a tenth of σ√T.
    """

    expiry_ts: int
    days: float
    atm: float
    rr25: float | None
    bf25: float | None
    call_strike: float | None
    put_strike: float | None
    call_vol: float | None
    put_vol: float | None
    slope: float | None
    is_extrapolated: bool
    kind: str


class SkewReport(msgspec.Struct, frozen=True, kw_only=True):
    """The skew of one coin under the delta convention named."""

    instrument: InstrumentId
    at: int
    coin: str
    as_of: int | None
    quality: Quality
    reason: str
    delta: str
    convention: str
    expiries: tuple[SkewExpiry, ...]
    notices: tuple[str, ...] = ()


def assess(view: View, settings: VolSettings, query: SkewQuery) -> SkewReport:
    """Return the skew of every expiry now, or why there is none."""
    found = smiles.fitted(view, settings)
    rows = tuple(_row(found, each, DeltaRule(query.delta)) for each in found.surface.smiles)
    doubts = [found.reason] if found.reason else []
    outside = sum(each.is_extrapolated for each in rows)
    if outside:
        doubts.append(f"{outside} expiries have a 25-delta strike outside their quotes")
    return SkewReport(
        instrument=focus_of(view),
        at=view.at,
        coin=found.coin,
        as_of=found.as_of,
        quality=Quality.DEGRADED if outside and found.quality is Quality.OK else found.quality,
        reason="; ".join(doubts),
        delta=query.delta,
        convention=NAMES[query.delta],
        expiries=rows,
        notices=found.notices,
    )


def _row(found: smiles.Fitted, smile: Smile, rule: DeltaRule) -> SkewExpiry:
    one = skew(smile.model, smile.years, rule)
    slack = BEYOND * sqrt(max(smile.model.at(0.0), 0.0))
    outside = one is not None and (one.call_k > smile.high + slack or one.put_k < smile.low - slack)
    return SkewExpiry(
        expiry_ts=smiles.expiry_of(found, smile),
        days=smile.years * 365.0,
        atm=smile.atm,
        rr25=one.rr if one else None,
        bf25=one.bf if one else None,
        call_strike=smile.forward * exp(one.call_k) if one else None,
        put_strike=smile.forward * exp(one.put_k) if one else None,
        call_vol=one.call_vol if one else None,
        put_vol=one.put_vol if one else None,
        slope=one.slope if one else None,
        is_extrapolated=outside,
        kind=smile.kind,
    )


def present(report: SkewReport) -> Panel:
    """Return the convention and one row an expiry."""
    columns = (
        Column(name="expiry", align=Align.LEFT),
        Column(name="days", priority=2),
        Column(name="ATM", unit="/year"),
        Column(name="RR25"),
        Column(name="BF25"),
        Column(name="25Δ put", priority=3),
        Column(name="25Δ call", priority=3),
        Column(name="slope", priority=3),
        Column(name="smile", align=Align.LEFT, priority=2),
    )
    rows = tuple(
        (
            Cell(fmt.day(each.expiry_ts)),
            Cell(fmt.number(each.days, 1)),
            Cell(fmt.pct(each.atm, 2)),
            Cell(fmt.pct(each.rr25, 2, sign=True), Tone.WARN if each.is_extrapolated else Tone.TEXT),
            Cell(fmt.pct(each.bf25, 2, sign=True), Tone.WARN if each.is_extrapolated else Tone.TEXT),
            Cell(fmt.price(each.put_strike)),
            Cell(fmt.price(each.call_strike)),
            Cell(fmt.number(each.slope, 3, sign=True)),
            Cell(f"{each.kind}, extrapolated" if each.is_extrapolated else each.kind, Tone.MUTED),
        )
        for each in report.expiries
    )
    notes = [Notice(text) for text in dict.fromkeys((report.reason, *report.notices)) if text]
    return Panel(
        title=f"Skew {report.coin}",
        status=report.quality.value,
        as_of=report.as_of,
        blocks=(
            Facts((("25 delta is", Cell(report.convention)),)),
            Table(columns=columns, rows=rows, empty=report.reason or "no expiry"),
            *notes,
        ),
    )


def inputs(report: SkewReport) -> tuple[Input, ...]:
    """Return the risk reversal at 30 days; that of each expiry is recorded with its smile."""
    value = at_month(report)
    return (
        Input(
            name="RR25 30 d",
            value=value,
            as_of=report.as_of,
            source=f"{report.coin} options, {report.delta} delta",
            quality=report.quality if value is not None else Quality.UNAVAILABLE,
            reason=report.reason or ("" if value is not None else "no expiries enclose 30 days"),
        ),
    )


def at_month(report: SkewReport) -> float | None:
    """Return the risk reversal at 30 days, by the convention of the report."""
    return curve.at_tenor((each.days, each.rr25) for each in report.expiries if each.rr25 is not None)


def kept(report: SkewReport) -> tuple[VolIndex, ...]:
    """Return the risk reversal at 30 days, as ``vol backfill`` computes it of a recorded chain."""
    value = at_month(report) if report.delta == DeltaRule.FORWARD else None
    if value is None or report.as_of is None:
        return ()
    return (VolIndex(curve.series_of("skew", report.coin), report.as_of, value),)


_FRACTIONS = ("atm", "rr25", "bf25", "call_vol", "put_vol")
SKEW = Topic(
    name="skew",
    summary="25-delta risk reversal and butterfly by expiry",
    report=SkewReport,
    query=SkewQuery,
    assess=assess,
    present=present,
    feeds=smiles.feeds,
    inputs=inputs,
    needs=(),
    kept=kept,
    concerns=chains.has_chain,
    every_ms=chains.RECORDED_MS,
    units={f"expiries.{name}": "fraction/year" for name in _FRACTIONS},
)
