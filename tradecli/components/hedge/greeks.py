"""``hedge greeks``: what the desk gains or loses when a coin moves, in coins and in USD (METHODS sections 8.1 and 8.2).

Spot and perpetuals are linear: their delta is their quantity and they have no gamma, vega or theta. Resting ladders are
not positions, but they buy on the way down and sell on the way up: their row is called effective, and its gamma is
that of a short option (−size over price times spacing).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tradecli.components.base import NoQuery, Reach, Topic, View
from tradecli.components.hedge.settings import HedgeSettings
from tradecli.components.marks import coin_price
from tradecli.domain.decision import Input
from tradecli.domain.enums import InstrumentKind, OrderType, Quality
from tradecli.domain.feed import MINUTE_MS, Feed, MarkFeed, QuoteFeed
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.order import Order
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Cell, Column, Facts, Notice, Panel, Table, Tone

EVERY_MS = MINUTE_MS
SPOT, PERPETUAL, GRID, NET = "spot", "perpetual", "grid (effective)", "net"
LADDER_SOURCE = "grid"
_LINEAR = (InstrumentKind.LINEAR, InstrumentKind.FUTURE)


class BookGreeks(msgspec.Struct, frozen=True, kw_only=True):
    """One book of one coin. Delta in coins and USD; ``cash_gamma`` is the change of USD delta for a move of 1 %.

    ``gamma`` is in coins for each unit of price. USD figures are None while the coin has no price.
    """

    book: str
    delta: Decimal
    delta_usd: Decimal | None
    gamma: float
    cash_gamma: float | None
    vega: float = 0.0
    theta: float = 0.0


class CoinGreeks(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that moves with one coin, and the sum of it."""

    coin: str
    price: Decimal | None
    books: tuple[BookGreeks, ...]
    net: BookGreeks
    reason: str = ""


class GreeksReport(msgspec.Struct, frozen=True, kw_only=True):
    """The exposure of the desk to each coin. ``net_share`` is the USD delta of all coins over equity."""

    at: int
    equity: Decimal | None
    coins: tuple[CoinGreeks, ...]
    net_delta_usd: Decimal | None
    net_share: float | None
    target_share: float
    band_share: float
    within_band: bool | None
    notices: tuple[str, ...] = ()


class _Part(NamedTuple):
    coin: str
    book: str
    delta: Decimal
    gamma: float = 0.0


def feeds(instrument: InstrumentId, settings: HedgeSettings) -> tuple[Feed, ...]:
    return (QuoteFeed(instrument), MarkFeed(instrument))


def assess(view: View, settings: HedgeSettings, query: NoQuery) -> GreeksReport:
    """Add up what is held and what rests, per coin, and set the sum beside the band."""
    parts, notices = _parts(view)
    coins = tuple(_coin(view, coin, [each for each in parts if each.coin == coin]) for coin in _coins(parts))
    known = [each.net.delta_usd for each in coins]
    total = None if None in known else sum((each for each in known if each is not None), ZERO)
    equity = view.equity()
    share = float(total / equity) if total is not None and equity is not None and equity > 0 else None
    target, band = settings.target_delta_pct / 100.0, settings.hard_band_pct / 100.0
    return GreeksReport(
        at=view.at,
        equity=equity,
        coins=coins,
        net_delta_usd=total,
        net_share=share,
        target_share=target,
        band_share=band,
        within_band=None if share is None else abs(share - target) <= band,
        notices=(*notices, *(each.reason for each in coins if each.reason)),
    )


def _parts(view: View) -> tuple[list[_Part], list[str]]:
    """Return every piece of exposure, and what had to be left out."""
    parts: list[_Part] = []
    notices: list[str] = []
    cash = _cash(view)
    parts += [_Part(coin, SPOT, amount) for (_, coin), amount in sorted(cash.items()) if amount]
    for position in view.positions():
        spec = view.instrument(position.instrument)
        if not position.qty:
            continue
        if spec is None or not (spec.kind in _LINEAR or spec.kind is InstrumentKind.SPOT):
            notices.append(f"{position.instrument}: its greeks are not built yet, so it is left out")
            continue
        own = view.position(position.instrument, LADDER_SOURCE).qty
        if spec.kind is InstrumentKind.SPOT:
            if (spec.venue, spec.base) not in cash:
                parts.append(_Part(spec.base, SPOT, position.qty))
            continue
        parts.append(_Part(spec.base, GRID, own))
        parts.append(_Part(spec.base, PERPETUAL, position.qty - own))
    for spec, orders in _ladders(view):
        parts.append(_Part(spec.base, GRID, ZERO, pseudo_gamma(orders)))
    return parts, notices


def _cash(view: View) -> dict[tuple[str, str], Decimal]:
    """Return balances in coins that are traded here: they hold the spot positions and any collateral beside them."""
    bases = {spec.base for spec in map(view.instrument, view.instruments) if spec is not None}
    return {key: amount for key, amount in view.balances().items() if key[1] in bases}


def _ladders(view: View) -> list[tuple[Instrument, list[Order]]]:
    """Return the resting limit orders of ladders by instrument, in the order of the watched instruments."""
    resting: dict[InstrumentId, list[Order]] = {}
    for order in view.orders(LADDER_SOURCE):
        if order.request.type is OrderType.LIMIT and order.request.price is not None and order.remaining:
            resting.setdefault(order.request.instrument, []).append(order)
    found = []
    for instrument, orders in sorted(resting.items()):
        spec = view.instrument(instrument)
        if spec is not None:
            found.append((spec, orders))
    return found


def pseudo_gamma(orders: Sequence[Order]) -> float:
    """Return the gamma of a ladder: minus what rests over the range it rests in; 0 for fewer than two prices.

    For levels of one size at even distances this is −size/(price · spacing), the short gamma of METHODS section 8.2.
    """
    prices = [order.request.price for order in orders if order.request.price is not None]
    reach = max(prices, default=ZERO) - min(prices, default=ZERO)
    if reach <= 0:
        return 0.0
    return -float(sum((order.remaining for order in orders), ZERO) / reach)


def _coins(parts: Iterable[_Part]) -> list[str]:
    return sorted({each.coin for each in parts})


def _coin(view: View, coin: str, parts: Sequence[_Part]) -> CoinGreeks:
    price = coin_price(view, coin)
    books = []
    for name in (SPOT, PERPETUAL, GRID):
        own = [each for each in parts if each.book == name]
        if any(each.delta or each.gamma for each in own):
            books.append(_book(name, own, price))
    return CoinGreeks(
        coin=coin,
        price=price,
        books=tuple(books),
        net=_book(NET, parts, price),
        reason="" if price is not None else f"no price of {coin}: its delta in USD is not known",
    )


def _book(name: str, parts: Sequence[_Part], price: Decimal | None) -> BookGreeks:
    delta = sum((each.delta for each in parts), ZERO)
    gamma = sum(each.gamma for each in parts)
    return BookGreeks(
        book=name,
        delta=delta,
        delta_usd=delta * price if price is not None else None,
        gamma=gamma,
        cash_gamma=gamma * float(price) ** 2 / 100.0 if price is not None else None,
    )


# -- showing -----------------------------------------------------------------------------------------------------------


def present(report: GreeksReport) -> Panel:
    columns = (
        Column(name="coin", align=Align.LEFT, width=5),
        Column(name="book", align=Align.LEFT, width=16),
        Column(name="delta", unit="coins", width=9),
        Column(name="delta", unit="USD", width=9),
        Column(name="gamma 1%", unit="USD", priority=2, width=8),
        Column(name="vega", priority=3, width=5),
        Column(name="theta", priority=3, width=5),
    )
    rows = []
    for coin in report.coins:
        rows += [_row(coin.coin, each, Tone.TEXT) for each in coin.books]
        rows.append(_row(coin.coin, coin.net, Tone.ACCENT))
    state = {True: "in band", False: "outside the band", None: fmt.UNKNOWN}[report.within_band]
    facts = (
        (
            "net delta",
            Cell(f"{fmt.money(report.net_delta_usd, 'USD')} ({fmt.pct(report.net_share, 2)} of equity)"),
        ),
        ("band", Cell(f"{fmt.pct(report.target_share, 1)} ± {fmt.pct(report.band_share, 1)}: {state}")),
    )
    return Panel(
        title="Greeks",
        status=state,
        as_of=report.at,
        blocks=(
            Table(columns=columns, rows=tuple(rows), empty="no exposure"),
            Facts(facts),
            *(Notice(text, Tone.WARN) for text in report.notices),
        ),
    )


def _row(coin: str, each: BookGreeks, tone: Tone) -> tuple[Cell, ...]:
    return (
        Cell(coin, Tone.MUTED),
        Cell(each.book, tone),
        Cell(fmt.qty(each.delta, sign=True), tone),
        Cell(fmt.money(each.delta_usd, decimals=0, sign=True), tone),
        Cell(fmt.number(each.cash_gamma, 1, sign=True), tone),
        Cell(fmt.number(each.vega, 1)),
        Cell(fmt.number(each.theta, 1)),
    )


def inputs(report: GreeksReport) -> tuple[Input, ...]:
    rows = [(f"delta {each.coin}", float(each.net.delta), "") for each in report.coins]
    total = None if report.net_delta_usd is None else float(report.net_delta_usd)
    why = "" if total is not None else "; ".join(report.notices)
    return tuple(
        Input(
            name=name,
            value=value,
            as_of=report.at,
            source="fills, balances and marks",
            quality=Quality.OK if value is not None else Quality.UNAVAILABLE,
            reason=reason,
        )
        for name, value, reason in (*rows, ("net delta USD", total, why))
    )


GREEKS = Topic(
    name="greeks",
    summary="Delta and gamma of the desk, per coin and in USD",
    report=GreeksReport,
    assess=assess,
    present=present,
    reach=Reach.PORTFOLIO,
    feeds=feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    units={
        "delta": "coins",
        "delta_usd": "USD",
        "gamma": "coins per unit of price",
        "cash_gamma": "USD of delta per 1 %",
        "vega": "USD per 1.00 vol",
        "theta": "USD per year",
        "net_delta_usd": "USD",
        "net_share": "fraction of equity",
        "target_share": "fraction of equity",
        "band_share": "fraction of equity",
    },
)
