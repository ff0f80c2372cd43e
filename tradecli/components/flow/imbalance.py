"""``flow imbalance``: what the visible book leans to (METHODS section 10.1).

A book that is missing, old, crossed or locked is not measured at all: every number is then absent with one reason.
Venues that send only the best prices give a book of one level, and depth that the book does not reach is absent.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from tradecli.components.base import NoQuery, Topic, View, focus_of
from tradecli.components.flow.settings import FlowSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import BookFeed, Feed, QuoteFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, Level, Quote
from tradecli.present import format as fmt
from tradecli.present.blocks import Align, Bars, Cell, Column, Facts, Notice, Panel, Table, Tone
from tradecli.quant import book as measures
from tradecli.quant.returns import Floats

EVERY_MS = 5_000
NEAR_BPS, FAR_BPS = 10.0, 50.0
SHOWN_LEVELS = 5


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """Notional of one side, in quote currency; None where the visible book does not reach that far."""

    within_10bps: float | None
    within_50bps: float | None


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """One visible level of both sides."""

    bid: float | None
    bid_qty: float | None
    ask: float | None
    ask_qty: float | None


class ImbalanceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The lean of one book. Imbalances lie in [−1, 1], positive where bids are larger; sizes are in base units."""

    instrument: InstrumentId
    at: int
    as_of: int | None
    age_s: float | None
    source: str
    quality: Quality
    reason: str = ""
    levels: int = 0
    bid: float | None = None
    ask: float | None = None
    mid: float | None = None
    weighted_mid: float | None = None
    spread_bps: float | None = None
    imbalance_l1: float | None = None
    imbalance_l5: float | None = None
    imbalance_l20: float | None = None
    weighted_imbalance: float | None = None
    bids: Depth | None = None
    asks: Depth | None = None
    top: tuple[Rank, ...] = ()


class _Sides(NamedTuple):
    bid: Floats
    bid_qty: Floats
    ask: Floats
    ask_qty: Floats
    ts: int
    source: str


def feeds(instrument: InstrumentId, settings: FlowSettings) -> tuple[Feed, ...]:
    return (BookFeed(instrument, settings.depth), QuoteFeed(instrument))


def assess(view: View, settings: FlowSettings, query: NoQuery) -> ImbalanceReport:
    """Measure the newest book, or the best prices where no depth is sent; say why where neither can be."""
    instrument = focus_of(view)
    sides = _newest(view.book(instrument), view.quote(instrument))
    if sides is None:
        return _without(instrument, view.at, None, "no book and no quote")
    wrong = measures.is_sound(sides.bid, sides.bid_qty, sides.ask, sides.ask_qty)
    if wrong is not None:
        return _without(
            instrument, view.at, sides, f"the {sides.source} is {wrong}" if " " not in wrong else wrong
        )
    age_s = (view.at - sides.ts) / 1000
    if age_s > settings.max_book_age_s:
        return _without(
            instrument,
            view.at,
            sides,
            f"the {sides.source} is {age_s:.1f} s old, over {settings.max_book_age_s:g} s",
        )
    levels = min(len(sides.bid), len(sides.ask))
    mid = measures.mid(sides.bid, sides.ask)
    return ImbalanceReport(
        instrument=instrument,
        at=view.at,
        as_of=sides.ts,
        age_s=age_s,
        source=sides.source,
        quality=Quality.OK if levels >= settings.levels else Quality.DEGRADED,
        reason="" if levels >= settings.levels else f"{levels} of {settings.levels} levels visible",
        levels=levels,
        bid=float(sides.bid[0]),
        ask=float(sides.ask[0]),
        mid=mid,
        weighted_mid=measures.weighted_mid(*sides[:4]),
        spread_bps=measures.spread_bps(sides.bid, sides.ask),
        imbalance_l1=measures.imbalance(sides.bid_qty, sides.ask_qty),
        imbalance_l5=_if_seen(sides, 5),
        imbalance_l20=_if_seen(sides, 20),
        weighted_imbalance=measures.weighted_imbalance(
            sides.bid_qty, sides.ask_qty, levels=settings.levels, decay=settings.decay
        ),
        bids=_depth(sides.bid, sides.bid_qty, mid),
        asks=_depth(sides.ask, sides.ask_qty, mid),
        top=_top(sides),
    )


def _newest(book: Book | None, quote: Quote | None) -> _Sides | None:
    """Return the book, or the quote where it is newer than a book or there is none."""
    if book is not None and (quote is None or book.ts >= quote.ts or len(book.bids) > 1):
        bid, bid_qty = _arrays(book.bids, book.tick)
        ask, ask_qty = _arrays(book.asks, book.tick)
        return _Sides(bid, bid_qty, ask, ask_qty, book.ts, "book")
    if quote is None:
        return None
    bid, bid_qty = np.array([quote.bid]), np.array([quote.bid_qty])
    ask, ask_qty = np.array([quote.ask]), np.array([quote.ask_qty])
    return _Sides(bid, bid_qty, ask, ask_qty, quote.ts, "quote")


def _arrays(levels: tuple[Level, ...], tick: float) -> tuple[Floats, Floats]:
    if not levels:
        return np.empty(0), np.empty(0)
    table = np.array(levels, dtype=np.float64)
    return table[:, 0] * tick, table[:, 1]


def _if_seen(sides: _Sides, levels: int) -> float | None:
    """Return the imbalance of so many levels, or None where the book shows fewer on a side."""
    if min(len(sides.bid), len(sides.ask)) < levels:
        return None
    return measures.imbalance(sides.bid_qty, sides.ask_qty, levels)


def _depth(price: Floats, qty: Floats, mid: float) -> Depth:
    near, far = (
        measures.depth(price, qty, mid, bps) if measures.reaches(price, mid, bps) else None
        for bps in (NEAR_BPS, FAR_BPS)
    )
    return Depth(within_10bps=near, within_50bps=far)


def _top(sides: _Sides) -> tuple[Rank, ...]:
    count = min(SHOWN_LEVELS, max(len(sides.bid), len(sides.ask)))
    bid, bid_qty, ask, ask_qty = (side[:count].tolist() + [None] * (count - len(side)) for side in sides[:4])
    return tuple(Rank(bid=bid[i], bid_qty=bid_qty[i], ask=ask[i], ask_qty=ask_qty[i]) for i in range(count))


def _without(instrument: InstrumentId, at: int, sides: _Sides | None, reason: str) -> ImbalanceReport:
    return ImbalanceReport(
        instrument=instrument,
        at=at,
        as_of=sides.ts if sides is not None else None,
        age_s=(at - sides.ts) / 1000 if sides is not None else None,
        source=sides.source if sides is not None else "none",
        quality=Quality.UNAVAILABLE,
        reason=reason,
    )


# -- showing -----------------------------------------------------------------------------------------------------------


def present(report: ImbalanceReport) -> Panel:
    age = fmt.age(None if report.age_s is None else 1000 * report.age_s)
    if report.quality is Quality.UNAVAILABLE:
        return Panel(
            title=f"Book {report.instrument}",
            status=f"{report.quality} · {age}",
            as_of=report.at,
            blocks=(Notice(report.reason, Tone.WARN),),
        )
    leans = (
        ("L1", report.imbalance_l1),
        ("L5", report.imbalance_l5),
        ("L20", report.imbalance_l20),
        ("weighted", report.weighted_imbalance),
    )
    bars = Bars(
        tuple(
            (name, value or 0.0, Cell(fmt.number(value, 2, sign=True), _tone(value))) for name, value in leans
        )
    )
    facts = (
        ("mid", Cell(fmt.price(report.mid))),
        ("weighted mid", Cell(fmt.price(report.weighted_mid))),
        ("spread", Cell(fmt.number(report.spread_bps, 2) + " bps")),
        ("bids within 10 / 50 bps", Cell(_depths(report.bids))),
        ("asks within 10 / 50 bps", Cell(_depths(report.asks))),
    )
    notice = (Notice(report.reason, Tone.WARN),) if report.reason else ()
    return Panel(
        title=f"Book {report.instrument}",
        status=f"{report.source} · {age}",
        as_of=report.at,
        blocks=(_ladder(report), bars, Facts(facts), *notice),
    )


def _depths(depth: Depth | None) -> str:
    if depth is None:
        return fmt.UNKNOWN
    return f"{fmt.money(depth.within_10bps, decimals=0)} / {fmt.money(depth.within_50bps, decimals=0)}"


def _ladder(report: ImbalanceReport) -> Table:
    columns = (
        Column(name="bid size", unit="base", priority=2, width=8),
        Column(name="bid", width=9),
        Column(name="ask", align=Align.LEFT, width=9),
        Column(name="ask size", unit="base", align=Align.LEFT, priority=2, width=8),
    )
    rows = tuple(
        (
            Cell(fmt.qty(each.bid_qty)),
            Cell(fmt.price(each.bid), Tone.GOOD),
            Cell(fmt.price(each.ask), Tone.BAD),
            Cell(fmt.qty(each.ask_qty)),
        )
        for each in report.top
    )
    return Table(columns=columns, rows=rows, empty="no levels")


def _tone(value: float | None) -> Tone:
    if value is None:
        return Tone.FAINT
    return Tone.GOOD if value > 0 else Tone.BAD if value < 0 else Tone.TEXT


def inputs(report: ImbalanceReport) -> tuple[Input, ...]:
    return tuple(
        Input(
            name=name,
            value=value,
            as_of=report.as_of,
            source=report.source,
            quality=report.quality if value is not None else Quality.UNAVAILABLE,
            reason=report.reason if report.reason or value is not None else "fewer levels are visible",
        )
        for name, value in (
            ("mid", report.mid),
            ("spread bps", report.spread_bps),
            ("imbalance L1", report.imbalance_l1),
            ("imbalance weighted", report.weighted_imbalance),
        )
    )


IMBALANCE = Topic(
    name="imbalance",
    summary="Spread, depth and lean of the order book",
    report=ImbalanceReport,
    assess=assess,
    present=present,
    feeds=feeds,
    inputs=inputs,
    every_ms=EVERY_MS,
    live=True,
    units={
        "mid": "quote currency",
        "weighted_mid": "quote currency",
        "spread_bps": "bps of mid",
        "imbalance_l1": "-1 to 1",
        "imbalance_l5": "-1 to 1",
        "imbalance_l20": "-1 to 1",
        "weighted_imbalance": "-1 to 1",
        "bids": "quote currency",
        "asks": "quote currency",
        "top": "quote currency, base units",
        "age_s": "s",
    },
)
