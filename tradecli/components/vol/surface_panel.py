"""How a surface is shown: expiries with their checks, and the grid of volatilities."""

from __future__ import annotations

from tradecli.components.vol.surface_report import SurfaceExpiry, SurfaceReport
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone


def present(report: SurfaceReport) -> Panel:
    """Return the shared smile, one row an expiry, the heat map as numbers, and every violation."""
    shared = report.ssvi
    facts: tuple[tuple[str, Cell], ...] = ()
    if shared is not None:
        text = f"ρ {shared.rho:+.3f}  η {shared.eta:.3f}  γ {shared.gamma:.3f}, misses by {fmt.pct(shared.error, 2)}"
        facts = (("SSVI of all expiries", Cell(text)),)
    notes = [Notice(text) for text in dict.fromkeys((report.reason, *report.notices)) if text]
    notes += [
        Notice(
            f"calendar: {each.far_days:.1f} d has less variance than {each.near_days:.1f} d at k {each.k:+.2f}",
            Tone.WARN,
        )
        for each in report.calendar
    ]
    return Panel(
        title=f"Surface {report.coin}",
        status=report.quality.value,
        as_of=report.as_of,
        blocks=(Facts(facts), _expiries(report), _grid(report), *notes),
    )


def _expiries(report: SurfaceReport) -> Table:
    columns = (
        Column(name="expiry", align=Align.LEFT),
        Column(name="ATM", unit="/year"),
        Column(name="RR25"),
        Column(name="BF25"),
        Column(name="fwd vol", priority=2),
        Column(name="fit", priority=2),
        Column(name="n", priority=3),
        Column(name="arb", align=Align.LEFT),
        Column(name="smile", align=Align.LEFT, priority=3),
    )
    crossed = {round(each.far_days, 6) for each in report.calendar}
    rows = tuple(
        (
            Cell(fmt.day(each.expiry_ts)),
            Cell(fmt.pct(each.atm, 2)),
            Cell(fmt.pct(each.rr25, 2, sign=True)),
            Cell(fmt.pct(each.bf25, 2, sign=True)),
            Cell(fmt.pct(each.forward_vol, 1)),
            Cell(fmt.pct(each.fit_error, 2)),
            Cell(fmt.count(each.n)),
            _arbitrage(each, crossed=round(each.days, 6) in crossed),
            Cell("; ".join((each.kind, *each.reasons)), Tone.MUTED),
        )
        for each in report.expiries
    )
    return Table(columns=columns, rows=rows, empty=report.reason or "no expiry")


def _arbitrage(row: SurfaceExpiry, *, crossed: bool) -> Cell:
    if not row.is_free_of_butterflies:
        return Cell("butterfly", Tone.BAD)
    return Cell("calendar", Tone.WARN) if crossed else Cell("ok", Tone.GOOD)


def _grid(report: SurfaceReport) -> Table:
    columns = (
        Column(name="ln(K/F)", align=Align.LEFT),
        *(Column(name=f"{k:+.2f}", priority=1 if abs(k) < 0.15 else 2, width=5) for k in report.grid),
    )
    rows = tuple(
        (Cell(fmt.day(each.expiry_ts)), *(Cell(fmt.pct(vol, 1)) for vol in each.vols))
        for each in report.expiries
    )
    return Table(columns=columns, rows=rows, empty="")
