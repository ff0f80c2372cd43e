"""``inventory show``: what is held, what it is worth, and how it is spread (METHODS section 11).

Money is exact. Equity, positions and fees come from our own fills; a position whose market has no price has no value,
and then the totals that need it are absent as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec
import numpy as np

from tradecli.components.base import NoQuery, Reach, Topic, View
from tradecli.components.inventory.settings import InventorySettings
from tradecli.components.marks import exact_mark
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import MINUTE_MS, Feed, MarkFeed, QuoteFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.position import Position
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant.performance import drawdown
from tradecli.quant.sizing import effective_n, hhi

EVERY_MS = MINUTE_MS


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One position, in base units and quote currency. ``net``: realised + unrealised − fees + funding."""

    instrument: InstrumentId
    qty: Decimal
    average_price: Decimal | None
    mark: Decimal | None
    mark_at: int | None
    value: Decimal | None
    equity_share: float | None
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal
    funding: Decimal
    net: Decimal | None
    traded: Decimal
    fills: int
    reason: str = ""


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of one coin."""

    venue: str
    coin: str
    amount: Decimal


class InventoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole desk. Money in quote currency, shares as fractions of equity, drawdowns as positive fractions.

    ``turnover`` is the notional traded so far over equity; ``under_water_ms`` how long ago equity last stood at its
    highest.
    """

    at: int
    equity: Decimal | None
    holdings: tuple[Holding, ...]
    balances: tuple[Balance, ...]
    gross: Decimal | None
    net: Decimal | None
    gross_share: float | None
    net_share: float | None
    inventory_limit: float
    hhi: float | None
    effective_n: float | None
    drawdown: float | None
    max_drawdown: float | None
    under_water_ms: int | None
    turnover: float | None
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal
    funding: Decimal
    notices: tuple[str, ...] = ()


def feeds(instrument: InstrumentId, settings: InventorySettings) -> tuple[Feed, ...]:
    return (QuoteFeed(instrument), MarkFeed(instrument))


def assess(view: View, settings: InventorySettings, query: NoQuery) -> InventoryReport:
    """Value every position at its mark and say how concentrated and how far under water the desk is."""
    equity = view.equity()
    holdings = tuple(
        _holding(view, position, equity) for position in view.positions() if position.qty or position.fills
    )
    gross = _total(holdings, lambda each: None if each.value is None else abs(each.value))
    net = _total(holdings, lambda each: each.value)
    values = np.array([float(each.value) for each in holdings if each.value], dtype=np.float64)
    series = view.equity_series()
    fallen = drawdown(series.value)
    traded = sum((each.traded for each in holdings), ZERO)
    priced = gross is not None
    return InventoryReport(
        at=view.at,
        equity=equity,
        holdings=holdings,
        balances=tuple(
            Balance(venue=venue, coin=coin, amount=amount)
            for (venue, coin), amount in sorted(view.balances().items())
            if amount
        ),
        gross=gross,
        net=net,
        gross_share=_share(gross, equity),
        net_share=_share(net, equity),
        inventory_limit=settings.max_inventory_ratio,
        hhi=hhi(values) if priced else None,
        effective_n=effective_n(values) if priced else None,
        drawdown=fallen.now if fallen is not None else None,
        max_drawdown=fallen.largest if fallen is not None else None,
        under_water_ms=view.at - int(series.ts[-1 - fallen.under_water]) if fallen is not None else None,
        turnover=_share(traded, equity),
        realised=sum((each.realised for each in holdings), ZERO),
        unrealised=_total(holdings, lambda each: each.unrealised),
        fees=sum((each.fees for each in holdings), ZERO),
        funding=sum((each.funding for each in holdings), ZERO),
        notices=_notices(holdings, equity, net, settings),
    )


def _holding(view: View, position: Position, equity: Decimal | None) -> Holding:
    found = exact_mark(view, position.instrument)
    mark, mark_at = found if found is not None else (None, None)
    if position.qty == 0:
        value: Decimal | None = ZERO
        unrealised: Decimal | None = ZERO
    else:
        value = position.value(mark) if mark is not None else None
        unrealised = position.unrealised(mark) if mark is not None else None
    net = None if unrealised is None else position.realised + unrealised - position.fees + position.funding
    return Holding(
        instrument=position.instrument,
        qty=position.qty,
        average_price=position.average_price,
        mark=mark,
        mark_at=mark_at,
        value=value,
        equity_share=_share(value, equity),
        realised=position.realised,
        unrealised=unrealised,
        fees=position.fees,
        funding=position.funding,
        net=net,
        traded=position.traded,
        fills=position.fills,
        reason="" if value is not None else f"no price of {position.instrument}",
    )


def _total(holdings: Iterable[Holding], part: Callable[[Holding], Decimal | None]) -> Decimal | None:
    """Return the sum of a part of each holding, or None where one of them is not known."""
    total = ZERO
    for each in holdings:
        value = part(each)
        if value is None:
            return None
        total += value
    return total


def _share(amount: Decimal | None, equity: Decimal | None) -> float | None:
    return float(amount / equity) if amount is not None and equity is not None and equity > 0 else None


def _notices(
    holdings: tuple[Holding, ...], equity: Decimal | None, net: Decimal | None, settings: InventorySettings
) -> tuple[str, ...]:
    found = [each.reason for each in holdings if each.reason]
    if equity is None:
        found.append("equity is not known: no account yet, or a held coin has no price")
    share = _share(net, equity)
    if share is not None and abs(share) > settings.max_inventory_ratio:
        found.append("net inventory is above max_inventory_ratio")
    return tuple(found)


# -- showing -----------------------------------------------------------------------------------------------------------


def present(report: InventoryReport) -> Panel:
    columns = (
        Column(name="instrument", align=Align.LEFT, width=16),
        Column(name="qty", unit="base", width=8),
        Column(name="average", priority=3, width=9),
        Column(name="mark", priority=2, width=9),
        Column(name="value", unit="quote", width=9),
        Column(name="equity", unit="share", priority=2, width=6),
        Column(name="unrealised", width=9),
        Column(name="realised", priority=2, width=9),
        Column(name="fees", priority=3, width=8),
        Column(name="funding", priority=3, width=8),
        Column(name="fills", priority=4, width=5),
    )
    rows = tuple(_row(each) for each in report.holdings)
    return Panel(
        title="Inventory",
        status=f"equity {fmt.money(report.equity)} · DD {fmt.pct(report.drawdown, 1)}",
        as_of=report.at,
        blocks=(
            Table(columns=columns, rows=rows, empty="nothing is held"),
            Facts(_facts(report)),
            *(Notice(text, Tone.WARN) for text in report.notices),
        ),
    )


def _row(each: Holding) -> tuple[Cell, ...]:
    return (
        Cell(each.instrument),
        Cell(fmt.qty(each.qty, sign=True)),
        Cell(fmt.price(each.average_price)),
        Cell(fmt.price(each.mark)),
        Cell(fmt.money(each.value, decimals=0)),
        Cell(fmt.pct(each.equity_share, 1)),
        Cell(fmt.money(each.unrealised, sign=True), _tone(each.unrealised)),
        Cell(fmt.money(each.realised, sign=True), _tone(each.realised)),
        Cell(fmt.money(each.fees)),
        Cell(fmt.money(each.funding, sign=True)),
        Cell(fmt.count(each.fills)),
    )


def _facts(report: InventoryReport) -> tuple[tuple[str, Cell], ...]:
    limit = fmt.pct(report.inventory_limit, 0)
    net = f"{fmt.money(report.net, decimals=0)} ({fmt.pct(report.net_share, 1)}, limit ±{limit})"
    spread = f"{fmt.number(report.hhi, 2)} (as {fmt.number(report.effective_n, 1)} equal positions)"
    water = f"{fmt.pct(report.drawdown, 2)} now, {fmt.pct(report.max_drawdown, 2)} at worst"
    return (
        ("gross", Cell(f"{fmt.money(report.gross, decimals=0)} ({fmt.pct(report.gross_share, 1)})")),
        ("net", Cell(net)),
        ("HHI", Cell(spread)),
        ("drawdown", Cell(f"{water}, high {fmt.duration(report.under_water_ms)} ago")),
        ("turnover", Cell(f"{fmt.number(report.turnover, 2)} × equity")),
        ("fees", Cell(fmt.money(report.fees))),
        ("funding", Cell(fmt.money(report.funding, sign=True))),
        *((f"{each.venue} {each.coin}", Cell(fmt.qty(each.amount))) for each in report.balances),
    )


def _tone(value: Decimal | None) -> Tone:
    if value is None:
        return Tone.FAINT
    return Tone.GOOD if value > 0 else Tone.BAD if value < 0 else Tone.TEXT


def inputs(report: InventoryReport) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=name,
            value=float(value) if value is not None else None,
            as_of=report.at,
            source="fills and marks",
            quality=Quality.OK if value is not None else Quality.UNAVAILABLE,
            reason="" if value is not None else "; ".join(report.notices) or "nothing to measure",
        )
        for name, value in (
            ("equity", report.equity),
            ("gross exposure", report.gross),
            ("net exposure", report.net),
            ("HHI", report.hhi),
            ("drawdown", report.drawdown),
        )
    )


SHOW = Topic(
    name="show",
    summary="Positions, exposure, concentration and drawdown",
    report=InventoryReport,
    assess=assess,
    present=present,
    reach=Reach.PORTFOLIO,
    feeds=feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    units={
        "equity": "quote currency",
        "gross": "quote currency",
        "net": "quote currency",
        "realised": "quote currency",
        "unrealised": "quote currency",
        "fees": "quote currency",
        "funding": "quote currency",
        "gross_share": "fraction of equity",
        "net_share": "fraction of equity",
        "hhi": "0 to 1",
        "effective_n": "positions",
        "drawdown": "fraction",
        "max_drawdown": "fraction",
        "under_water_ms": "ms",
        "turnover": "traded notional over equity",
        "holdings.qty": "base units",
    },
)
