"""Orders: the blotter with states, the life of the chosen order, the positions and the fills."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tradecli.domain.enums import OrderStatus, OrderType, Side
from tradecli.domain.instrument import symbol_of, venue_of
from tradecli.domain.order import Order
from tradecli.engine.snapshot import Snapshot
from tradecli.present.blocks import Align, Cell, Column, Tone
from tradecli.present.format import UNKNOWN, age, money, percent, price, qty, time
from tradecli.tui.lines import Line, Span, left, line, span, toned, wrap
from tradecli.tui.look import Look, Rests
from tradecli.tui.panel import Panel
from tradecli.tui.table import Row, TablePanel

GROUPS: tuple[tuple[str, frozenset[OrderStatus]], ...] = (
    ("Open", frozenset({OrderStatus.INTENT, OrderStatus.SENDING, OrderStatus.OPEN, OrderStatus.UNKNOWN})),
    ("Filled", frozenset({OrderStatus.FILLED})),
    ("Canceled", frozenset({OrderStatus.CANCELED, OrderStatus.EXPIRED})),
    (
        "Rejected",
        frozenset({OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.VOID, OrderStatus.NOT_PLACED}),
    ),
    ("Unknown", frozenset({OrderStatus.UNKNOWN})),
    ("All", frozenset(OrderStatus)),
)
STATUS_TONES = {
    OrderStatus.INTENT: Tone.MUTED,
    OrderStatus.SENDING: Tone.ACCENT,
    OrderStatus.UNKNOWN: Tone.BAD,
    OrderStatus.OPEN: Tone.ACCENT,
    OrderStatus.FILLED: Tone.GOOD,
    OrderStatus.REJECTED: Tone.WARN,
    OrderStatus.DENIED: Tone.WARN,
}
_TYPES = {OrderType.LIMIT: "LMT", OrderType.MARKET: "MKT", OrderType.STOP: "STP"}


def side_cell(side: Side) -> Cell:
    """Return a side in its word and tone."""
    return Cell("▲ BUY" if side is Side.BUY else "▼ SELL", Tone.GOOD if side is Side.BUY else Tone.BAD)


def type_word(order: Order) -> str:
    """Return the type as a blotter writes it."""
    return "PO" if order.request.post_only else _TYPES[order.request.type]


class BlotterPanel(TablePanel):
    """The orders of one group; ``s`` goes to the next group."""

    TITLE = "Blotter"
    KEYS = "enter life · C cancel · n new · s state · / filter"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.group = 0

    def next_group(self) -> None:
        """Show the next group of states."""
        self.group = (self.group + 1) % len(GROUPS)
        self._first = 0
        self.redraw()

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="time", align=Align.LEFT, priority=4, width=8),
            Column(name="id", align=Align.LEFT, priority=4, width=10),
            Column(name="symbol", align=Align.LEFT, width=8),
            Column(name="side", align=Align.LEFT, width=6),
            Column(name="type", align=Align.LEFT, priority=5),
            Column(name="price", width=8),
            Column(name="qty", priority=2),
            Column(name="done", priority=3),
            Column(name="age", priority=4, width=4),
            Column(name="owner", align=Align.LEFT, priority=2, width=6),
            Column(name="venue", align=Align.LEFT, priority=5),
            Column(name="state", align=Align.LEFT, width=8),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        if look.snapshot is None:
            return ()
        name, states = GROUPS[self.group]
        orders = look.snapshot.orders
        counts = [(label, sum(order.status in group for order in orders)) for label, group in GROUPS]
        self.EMPTY_TEXT = _EMPTY.get(name, "no such order")
        self.status = tuple(
            span(
                f" [{label} {n}]" if label == name else f" {label} {n}" if n else f" {label}",
                Tone.ACCENT if label == name else Tone.BAD if label == "Unknown" and n else Tone.FAINT,
            )
            for label, n in counts
        )
        return [_order_row(look, order, look.snapshot.at) for order in orders if order.status in states]


_EMPTY = {"Open": "no working orders: the grid places its first within a minute, or press n for a ticket"}


def _order_row(look: Look, order: Order, at: int) -> Row:
    request = order.request
    lot = look.lot(request.instrument)
    state = order.status.value + (" ⌫" if order.cancel_pending else "")
    cells = (
        Cell(time(order.created_at)[:8], Tone.MUTED),
        Cell(order.client_id, Tone.MUTED),
        Cell(symbol_of(request.instrument)),
        side_cell(request.side),
        Cell(type_word(order), Tone.MUTED),
        Cell(look.price_text(request.instrument, request.price) if request.price is not None else "market"),
        Cell(qty(request.qty, lot)),
        Cell(qty(order.filled, lot) if order.filled else "0", Tone.GOOD if order.filled else Tone.FAINT),
        Cell(age(at - order.created_at), Tone.FAINT),
        Cell(request.source, Tone.MINE if request.source == "manual" else Tone.MUTED),
        Cell(venue_of(request.instrument), Tone.MUTED),
        Cell(state, STATUS_TONES.get(order.status, Tone.MUTED)),
    )
    return Row(order.client_id, cells)


class OrderPanel(Panel):
    """The life of the order chosen in the blotter: what was asked, what is known, its fills."""

    TITLE = "Order"
    KEYS = "C cancel · ↑↓ scroll"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.client_id: str | None = None

    def heading(self, look: Look) -> str:
        return f"Order {self.client_id}" if self.client_id else self.TITLE

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        snapshot = look.snapshot
        if snapshot is None:
            return []
        order = next((each for each in snapshot.orders if each.client_id == self.client_id), None)
        if order is None:
            order = next(iter(snapshot.orders), None)
            self.client_id = order.client_id if order is not None else None
        if order is None:
            return wrap("choose an order in the blotter to see its life", width, Tone.FAINT)
        return [*_asked(look, order, width), (), *_life(snapshot, order, width)]


def _asked(look: Look, order: Order, width: int) -> list[Line]:
    request = order.request
    lot = look.lot(request.instrument)
    side = side_cell(request.side)
    at_price = look.price_text(request.instrument, request.price) if request.price is not None else "market"
    flags = [request.tif.value.upper(), *(["post-only"] if request.post_only else [])]
    flags += ["reduce-only"] if request.reduce_only else []
    flags += ["protective"] if request.protective else []
    out = [
        line(
            span(side.text, side.tone, bold=True),
            f" {qty(request.qty, lot)} {request.instrument} at {at_price}",
        ),
        line(span("terms    ", Tone.MUTED), f"{type_word(order)} {' '.join(flags)}"),
        line(span("owner    ", Tone.MUTED), request.source),
        line(span("venue id ", Tone.MUTED), order.venue_id or UNKNOWN),
        line(
            span("done     ", Tone.MUTED),
            f"{qty(order.filled, lot)} of {qty(request.qty, lot)}",
            span(f"  average {look.price_text(request.instrument, order.average_price)}", Tone.MUTED),
        ),
    ]
    if request.reason:
        label = "because  "
        for row, text in enumerate(wrap(request.reason, max(width - len(label), 8), Tone.MUTED)):
            out.append((span(label if row == 0 else " " * len(label), Tone.MUTED), *text))
    return out


def _life(snapshot: Snapshot, order: Order, width: int) -> list[Line]:
    made: list[tuple[int, str, str, Tone]] = [
        (order.created_at, "decided", "checked and journaled", Tone.MUTED)
    ]
    decision = next((each for each in snapshot.decisions if order.client_id in each.orders), None)
    if decision is not None:
        passed = sum(check.verdict.value == "pass" for check in decision.checks)
        made[0] = (
            order.created_at,
            "decided",
            f"cycle {decision.number}, {passed} of {len(decision.checks)} checks passed",
            Tone.MUTED,
        )
    for fill in snapshot.fills:
        if fill.client_id == order.client_id:
            fee = money(fill.fee, fill.fee_coin, decimals=4)
            said = f"{qty(fill.qty)} at {price(fill.price)} {fill.liquidity.value}, fee {fee}"
            made.append((fill.ts, "fill", said, Tone.GOOD))
    words = order.reason or ("a cancel is on its way" if order.cancel_pending else "")
    made.append((order.updated_at, order.status.value, words, STATUS_TONES.get(order.status, Tone.MUTED)))
    out: list[Line] = []
    for at, what, said, tone in sorted(made, key=lambda each: each[0]):
        head = (span(f"{time(at)[:8]} ", Tone.FAINT), span(f"● {left(what, 9)} ", tone))
        parts = wrap(said, max(width - 21, 10), Tone.TEXT)
        out += [(*head, *parts[0]), *((Span(" " * 21), *rest) for rest in parts[1:])]
    return out


class PositionsPanel(TablePanel):
    """What is held: quantity, average, value at the newest price, and its money."""

    TITLE = "Positions"
    RESTS_ON = Rests.HELD
    EMPTY_TEXT = "flat: nothing is held"
    KEYS = "↑↓ select · / filter"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="symbol", align=Align.LEFT, width=8),
            Column(name="qty"),
            Column(name="average", priority=2),
            Column(name="mark", priority=3),
            Column(name="value", priority=2),
            Column(name="%eq", priority=3),
            Column(name="open P&L"),
            Column(name="realised", priority=3),
            Column(name="fees", priority=4),
            Column(name="funding", priority=4),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        snapshot = look.snapshot
        if snapshot is None:
            return ()
        out = []
        for each in snapshot.positions:
            if not each.qty and not each.fills:
                continue
            mid = look.mid(each.instrument)
            mark = Decimal(repr(mid)) if mid is not None else None
            value = each.value(mark) if mark is not None else None
            gain = each.unrealised(mark) if mark is not None else None
            share = float(value / snapshot.equity) * 100 if value is not None and snapshot.equity else None
            cells = (
                Cell(symbol_of(each.instrument)),
                Cell(qty(each.qty, look.lot(each.instrument), sign=True), Tone.MINE),
                Cell(look.price_text(each.instrument, each.average_price), Tone.MUTED),
                Cell(look.price_text(each.instrument, mark)),
                Cell(money(value, wide=look.wide)),
                Cell(percent(share, 1), Tone.MUTED),
                Cell(money(gain, sign=True, wide=look.wide), toned(None if gain is None else float(gain))),
                Cell(money(each.realised, sign=True, wide=look.wide), toned(float(each.realised))),
                Cell(money(each.fees, wide=look.wide), Tone.MUTED),
                Cell(money(each.funding, sign=True, wide=look.wide), Tone.MUTED),
            )
            out.append(Row(each.instrument, cells))
        return out


class FillsPanel(TablePanel):
    """Executions, newest first."""

    TITLE = "Fills"
    EMPTY_TEXT = "no fill yet"
    KEYS = "↑↓ select · / filter"

    def columns(self, look: Look) -> Sequence[Column]:
        return (
            Column(name="time", align=Align.LEFT, width=8),
            Column(name="symbol", align=Align.LEFT, width=8),
            Column(name="side", align=Align.LEFT, width=6),
            Column(name="qty"),
            Column(name="price"),
            Column(name="fee", priority=3),
            Column(name="liq", align=Align.LEFT, priority=4, width=5),
            Column(name="order", align=Align.LEFT, priority=5, width=6),
        )

    def rows(self, look: Look) -> Sequence[Row]:
        if look.snapshot is None:
            return ()
        self.status = (span(f"{len(look.snapshot.fills)}", Tone.FAINT),)
        return [
            Row(
                f"{fill.instrument}/{fill.trade_id}",
                (
                    Cell(time(fill.ts)[:8], Tone.FAINT),
                    Cell(symbol_of(fill.instrument)),
                    side_cell(fill.side),
                    Cell(qty(fill.qty, look.lot(fill.instrument))),
                    Cell(look.price_text(fill.instrument, fill.price)),
                    Cell(f"{money(fill.fee, decimals=4)} {fill.fee_coin}", Tone.MUTED),
                    Cell(fill.liquidity.value, Tone.MUTED),
                    Cell(fill.client_id or UNKNOWN, Tone.FAINT),
                ),
            )
            for fill in look.snapshot.fills
        ]
