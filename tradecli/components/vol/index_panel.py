"""How an index report is shown."""

from __future__ import annotations

from tradecli.components.vol.basket import BasketFound
from tradecli.components.vol.index_report import ExpiryUsed, IndexReport, StrikeUsed
from tradecli.domain.enums import Quality
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Block, Cell, Column, Facts, Notice, Panel, Table, Tone

TONES = {
    Quality.OK: Tone.TEXT,
    Quality.DEGRADED: Tone.WARN,
    Quality.FALLBACK: Tone.WARN,
    Quality.UNAVAILABLE: Tone.FAINT,
}
TITLES = {"bvx": "BVX", "lvx": "LVX basket", "dvol": "DVOL", "import": "imported index"}


def present(report: IndexReport) -> Panel:
    """Return value and grade, both constructions, expiries, and what was asked to be listed."""
    blocks: list[Block] = [Facts(tuple(_facts(report)))]
    if report.expiries:
        blocks.append(_expiries(report.expiries))
    if report.strip:
        blocks.append(_strip(report.strip))
    if report.basket is not None:
        blocks.append(_basket(report.basket))
    blocks += [Notice(text) for text in report.notices]
    return Panel(
        title=f"{TITLES[report.asked]} {'' if report.asked == 'lvx' else report.coin}".strip(),
        status=report.quality.value,
        as_of=report.as_of,
        blocks=tuple(blocks),
    )


def _facts(report: IndexReport) -> list[tuple[str, Cell]]:
    rows = [
        ("index", Cell(fmt.pct(report.value, 2), TONES[report.quality])),
        ("method", Cell(report.method)),
        ("from", Cell(report.source, Tone.MUTED)),
    ]
    if report.reason:
        rows.append(("because", Cell(report.reason, TONES[report.quality])))
    if report.wings is not None:
        rows += [
            ("full", Cell(fmt.pct(report.full, 2))),
            ("5 delta", Cell(fmt.pct(report.five_delta, 2))),
            ("wing share", Cell(fmt.pct(report.wing_share, 2))),
            ("smiles integrated", Cell(fmt.pct(report.smooth, 2))),
            (
                "beyond the quotes",
                Cell(fmt.pct(report.left_out, 2), Tone.WARN if report.truncated else Tone.TEXT),
            ),
            ("coarse strikes", Cell(fmt.pct(report.coarse, 2))),
        ]
    found = report.basket
    if found is not None:
        rows += [
            ("basket's own", Cell(fmt.pct(found.own, 2))),
            ("implied correlation", Cell(fmt.number(found.correlation, 2))),
            ("without BTC", Cell(fmt.pct(found.ex_btc, 2))),
            ("BTC in the composite", Cell(fmt.pct(found.btc_load, 1))),
            ("implied share", Cell(fmt.pct(found.implied_share, 0))),
            ("effective members", Cell(fmt.number(found.effective_members, 1))),
        ]
    if report.dvol is not None and report.asked in ("bvx", "import"):
        rows.append(("DVOL", Cell(fmt.pct(report.dvol, 2))))
        rows.append(("less DVOL", Cell(fmt.pct(report.dvol_difference, 2, sign=True))))
    return rows


def _expiries(expiries: tuple[ExpiryUsed, ...]) -> Table:
    columns = (
        Column(name="expiry", align=Align.LEFT),
        Column(name="days"),
        Column(name="vol", unit="/year"),
        Column(name="forward", priority=2),
        Column(name="K0", priority=3),
        Column(name="puts", priority=2),
        Column(name="calls", priority=2),
        Column(name="strikes", priority=3),
    )
    rows = tuple(
        (
            Cell(fmt.day(each.expiry_ts)),
            Cell(fmt.number(each.days, 1)),
            Cell(fmt.pct(each.vol, 2)),
            Cell(fmt.price(each.forward)),
            Cell(fmt.price(each.k0)),
            Cell(fmt.count(each.puts)),
            Cell(fmt.count(each.calls)),
            Cell(f"{fmt.price(each.lowest)} – {fmt.price(each.highest)}"),
        )
        for each in expiries
    )
    return Table(columns=columns, rows=rows)


def _strip(strip: tuple[StrikeUsed, ...]) -> Table:
    columns = (
        Column(name="expiry", align=Align.LEFT),
        Column(name="strike"),
        Column(name="side", align=Align.LEFT),
        Column(name="price", unit="USD", priority=2),
        Column(name="share"),
    )
    rows = tuple(
        (
            Cell(fmt.day(each.expiry_ts)),
            Cell(fmt.price(each.strike)),
            Cell(each.side),
            Cell(fmt.number(each.price, 2)),
            Cell(fmt.pct(each.share, 2)),
        )
        for each in strip
    )
    return Table(columns=columns, rows=rows)


def _basket(found: BasketFound) -> Table:
    columns = (
        Column(name="member", align=Align.LEFT),
        Column(name="weight"),
        Column(name="vol", unit="/year"),
        Column(name="volume", unit="USD/day", priority=3),
        Column(name="method", align=Align.LEFT, priority=2),
    )
    rows = tuple(
        (
            Cell(each.coin),
            Cell(fmt.number(each.weight, 3)),
            Cell(fmt.pct(each.vol, 1), TONES[each.quality]),
            Cell(fmt.number(each.volume_usd, 0, wide=True)),
            Cell(each.method if each.vol is not None else each.reason, Tone.MUTED),
        )
        for each in found.members
    )
    return Table(columns=columns, rows=rows, empty="--members lists them")
