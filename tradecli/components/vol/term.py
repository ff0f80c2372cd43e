"""``vol term``: at-the-money volatility by time, from expiry to expiry and at fixed tenors (METHODS section 7).

At the money means at the forward. Between expiries total variance is linear; beyond the last one the tenor is marked.
"""

from __future__ import annotations

import msgspec

from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.vol import chains, curve, smiles
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import VolIndex
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant import surface


class TermExpiry(msgspec.Struct, frozen=True, kw_only=True):
    """One expiry. ``forward_vol`` runs from the expiry before it; None where total variance falls."""

    expiry_ts: int
    days: float
    forward: float
    atm: float
    forward_vol: float | None


class TermTenor(msgspec.Struct, frozen=True, kw_only=True):
    """Volatility at a number of days; ``is_inside`` false where no two expiries enclose it."""

    days: int
    atm: float | None
    is_inside: bool


class TermReport(msgspec.Struct, frozen=True, kw_only=True):
    """The term structure of one coin; volatilities are annualised fractions.

    ``slope`` = IV90 − IV30, ``ratio`` = IV7 / IV30, inverted above 1.05; None where a tenor is not enclosed.
    """

    instrument: InstrumentId
    at: int
    coin: str
    as_of: int | None
    quality: Quality
    reason: str
    slope: float | None
    ratio: float | None
    is_inverted: bool | None
    tenors: tuple[TermTenor, ...]
    expiries: tuple[TermExpiry, ...]
    notices: tuple[str, ...] = ()


def assess(view: View, settings: VolSettings, query: NoQuery) -> TermReport:
    """Return the term structure now, or why there is none."""
    found = smiles.fitted(view, settings)
    rows = found.surface.smiles
    tenors = surface.term(rows)
    known = {each.days: each.vol for each in tenors if each.inside}
    near, month, far = known.get(7), known.get(30), known.get(90)
    ratio = near / month if near is not None and month else None
    return TermReport(
        instrument=focus_of(view),
        at=view.at,
        coin=found.coin,
        as_of=found.as_of,
        quality=found.quality,
        reason=found.reason,
        slope=far - month if far is not None and month is not None else None,
        ratio=ratio,
        is_inverted=None if ratio is None else ratio > surface.INVERTED,
        tenors=tuple(TermTenor(days=each.days, atm=each.vol, is_inside=each.inside) for each in tenors),
        expiries=tuple(
            TermExpiry(
                expiry_ts=smiles.expiry_of(found, each),
                days=each.years * 365.0,
                forward=each.forward,
                atm=each.atm,
                forward_vol=forward,
            )
            for each, forward in zip(rows, surface.forward_vols(rows), strict=True)
        ),
        notices=found.notices,
    )


def present(report: TermReport) -> Panel:
    """Return slope and inversion, the fixed tenors and the expiries."""
    known = report.is_inverted is not None
    facts = (
        ("90 d less 30 d", Cell(fmt.pct(report.slope, 2, sign=True))),
        ("7 d over 30 d", Cell(fmt.number(report.ratio, 3), Tone.WARN if report.is_inverted else Tone.TEXT)),
        ("inverted", Cell(("yes" if report.is_inverted else "no") if known else fmt.UNKNOWN)),
    )
    tenors = Table(
        columns=(Column(name="tenor"), Column(name="ATM", unit="/year"), Column(name="", align=Align.LEFT)),
        rows=tuple(
            (
                Cell(f"{each.days} d"),
                Cell(fmt.pct(each.atm, 2), Tone.TEXT if each.is_inside else Tone.FAINT),
                Cell("" if each.is_inside or each.atm is None else "beyond the expiries", Tone.FAINT),
            )
            for each in report.tenors
        ),
    )
    expiries = Table(
        columns=(
            Column(name="expiry", align=Align.LEFT),
            Column(name="days"),
            Column(name="ATM", unit="/year"),
            Column(name="forward vol"),
            Column(name="forward", priority=2),
        ),
        rows=tuple(
            (
                Cell(fmt.day(each.expiry_ts)),
                Cell(fmt.number(each.days, 1)),
                Cell(fmt.pct(each.atm, 2)),
                Cell(fmt.pct(each.forward_vol, 2), Tone.WARN if each.forward_vol is None else Tone.TEXT),
                Cell(fmt.price(each.forward)),
            )
            for each in report.expiries
        ),
        empty=report.reason or "no expiry",
    )
    notes = [Notice(text) for text in dict.fromkeys((report.reason, *report.notices)) if text]
    return Panel(
        title=f"Term structure {report.coin}",
        status=report.quality.value,
        as_of=report.as_of,
        blocks=(Facts(facts), tenors, expiries, *notes),
    )


def inputs(report: TermReport) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=f"ATM {each.days} d",
            value=each.atm if each.is_inside else None,
            as_of=report.as_of,
            source=f"{report.coin} options",
            quality=report.quality,
            reason=report.reason,
        )
        for each in report.tenors
    )


def kept(report: TermReport) -> tuple[VolIndex, ...]:
    """Return how inverted the term structure is, IV7 − IV30, as ``vol backfill`` computes it of a recorded chain."""
    known = {each.days: each.atm for each in report.tenors if each.is_inside}
    near, month = known.get(7), known.get(30)
    if near is None or month is None or report.as_of is None:
        return ()
    return (VolIndex(curve.series_of("term", report.coin), report.as_of, near - month),)


TERM = Topic(
    name="term",
    summary="At-the-money volatility by expiry and tenor, forward volatility",
    report=TermReport,
    assess=assess,
    present=present,
    feeds=smiles.feeds,
    inputs=inputs,
    needs=(),
    kept=kept,
    concerns=chains.has_chain,
    every_ms=chains.RECORDED_MS,
    units=dict.fromkeys(("slope", "tenors.atm", "expiries.atm", "expiries.forward_vol"), "fraction/year"),
)
