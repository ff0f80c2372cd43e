"""``tradecli orders``: what was asked of the venues and what became of it, from the ledger; one order, one cancel."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
import typer

from tradecli.cli import desk, options, order_entry, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.enums import OrderStatus
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order
from tradecli.errors import ExitCode
from tradecli.present.blocks import Align, Cell, Column, Facts, Panel, Table, Tone
from tradecli.present.format import age, moment, price, qty, time

_MOST = 1_000_000
app = Commands("orders", "Orders: send one, cancel, list.")
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]
UNITS = {"qty": "base", "filled": "base", "remaining": "base", "price": "quote", "average_price": "quote"}
_TONES = {
    OrderStatus.OPEN: Tone.ACCENT,
    OrderStatus.FILLED: Tone.GOOD,
    OrderStatus.UNKNOWN: Tone.WARN,
    OrderStatus.REJECTED: Tone.BAD,
    OrderStatus.DENIED: Tone.BAD,
}


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it stood: quantities in base units, prices in quote units, times in UTC ms."""

    client_id: str
    created_at: int
    updated_at: int
    instrument: InstrumentId
    side: str
    type: str
    qty: Decimal
    price: Decimal | None
    trigger: Decimal | None
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None
    status: str
    source: str
    tif: str
    post_only: bool
    reduce_only: bool
    cancel_pending: bool
    venue_id: str | None
    reason: str


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an order."""

    seq: int
    at: int
    status: str
    filled: Decimal
    reason: str


class OrderStory(msgspec.Struct, frozen=True, kw_only=True):
    """An order and every change of it, oldest first."""

    order: OrderRow
    steps: tuple[StepRow, ...]


@app.answers("list", uses=desk.SELECT, schema="tradecli.orders.list/1", row=OrderRow)
def list_orders(
    status: Annotated[
        str, typer.Option("--status", help="only this state, such as OPEN", show_default=False)
    ] = "",
    by: Annotated[str, typer.Option("--by", help="only orders of this strategy", show_default=False)] = "",
    open_only: Annotated[bool, typer.Option("--open", help="only orders that may still fill")] = False,
    run: desk.RunId = "",
) -> Answer:
    """List orders, newest first."""
    wanted = parse.one_of(status.upper(), tuple(OrderStatus), "--status") if status else ""
    owner = parse.name(by, "strategy") if by else None
    with desk.opened(run) as ledger:
        orders = ledger.reader.orders(
            ledger.run.run_id, at=ledger.until, status=(wanted,) if wanted else (), source=owner, limit=_MOST
        )
        rows = [
            order_row(order)
            for order in orders
            if ledger.selects(order.request.instrument)
            and order.created_at >= ledger.since
            and (order.is_live or not open_only)
        ]
        return ledger.answer("tradecli.orders.list/1", rows, units=UNITS, panels=lambda: [_table(rows)])


@app.answers("show", uses=("at",), schema="tradecli.orders.show/1", row=OrderStory)
def show_order(
    order_id: Annotated[str, typer.Argument(metavar="ID", help="our id of the order", show_default=False)],
    run: desk.RunId = "",
) -> Answer:
    """Show one order with its whole story."""
    with desk.opened(run) as ledger:
        states = ledger.reader.order(order_id, ledger.run.run_id, at=ledger.until)
        story = OrderStory(
            order=order_row(states[-1].order),
            steps=tuple(
                StepRow(
                    seq=state.seq,
                    at=state.at,
                    status=state.order.status.value,
                    filled=state.order.filled,
                    reason=state.order.reason,
                )
                for state in states
            ),
        )
        return ledger.answer("tradecli.orders.show/1", [story], units=UNITS, panels=lambda: _story(story))


@app.answers("new", uses=("venue",), schema="tradecli.orders.new/1", row=OrderRow)
def new_order(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="as the venue writes it", show_default=False)
    ],
    side: Annotated[str, typer.Argument(metavar="SIDE", help="buy or sell", show_default=False)],
    quantity: Annotated[str, typer.Argument(metavar="QTY", help="in base units", show_default=False)],
    price_limit: Annotated[
        str, typer.Option("--price", help="a limit order at this price", show_default=False)
    ] = "",
    market: Annotated[bool, typer.Option("--market", help="take what there is at once")] = False,
    stop: Annotated[str, typer.Option("--stop", help="wait for this price", show_default=False)] = "",
    tif: Annotated[
        str, typer.Option("--tif", help="gtc, ioc or fok [default: gtc]", show_default=False)
    ] = "",
    post_only: Annotated[bool, typer.Option("--post-only", help="never take liquidity")] = False,
    reduce_only: Annotated[
        bool, typer.Option("--reduce-only", help="only bring the position to zero")
    ] = False,
    idempotency_key: Annotated[
        str, typer.Option("--idempotency-key", help="send once for this name, for ever", show_default=False)
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="an order like the last one is meant")] = False,
    yes: Yes = False,
) -> Answer:
    """Send one order of the paper account, through every limit, and say what became of it.

    While an engine runs on the account it is refused (exit 9): trade in its console.
    """
    asked = order_entry.ticket(
        symbol,
        side,
        quantity,
        limit=price_limit,
        market=market,
        stop=stop,
        tif=tif,
        post_only=post_only,
        reduce_only=reduce_only,
        key=idempotency_key,
        again=again,
    )
    placed = order_entry.send(asked, yes=yes)
    return done("tradecli.orders.new/1", [order_row(placed.order)], placed.rounded)


@app.answers("cancel", schema="tradecli.orders.cancel/1", row=OrderRow)
def cancel_orders(
    order_id: Annotated[
        str, typer.Argument(metavar="ID", help="our id of the order", show_default=False)
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="every working order")] = False,
    yes: Yes = False,
) -> Answer:
    """Cancel one working order of the paper account, or all, and say how they ended."""
    orders = order_entry.withdraw(order_id, everything=everything, yes=yes)
    rows = [order_row(order) for order in orders]
    told = [] if everything or rows[0].reason else [f"{order_id} was {rows[0].status} already"]
    return done("tradecli.orders.cancel/1", rows, told)


def done(
    schema: str, rows: list[OrderRow], warnings: Sequence[str], codes: Sequence[ExitCode] = ()
) -> Answer:
    """Return what became of orders just now."""
    now = max((row.updated_at for row in rows), default=options.current().now)
    return Answer(
        schema=schema,
        mode=desk.here().mode,
        data=rows,
        as_of=now,
        asked_at=now,
        units=UNITS,
        warnings=tuple(warnings),
        codes=codes,
        panels=lambda: [_table(rows)],
    )


def order_row(order: Order) -> OrderRow:
    """Return an order as a record."""
    request = order.request
    return OrderRow(
        client_id=order.client_id,
        created_at=order.created_at,
        updated_at=order.updated_at,
        instrument=request.instrument,
        side=request.side.value,
        type=request.type.value,
        qty=request.qty,
        price=request.price,
        trigger=request.trigger,
        filled=order.filled,
        remaining=order.remaining,
        average_price=order.average_price,
        status=order.status.value,
        source=request.source,
        tif=request.tif.value,
        post_only=request.post_only,
        reduce_only=request.reduce_only,
        cancel_pending=order.cancel_pending,
        venue_id=order.venue_id,
        reason=order.reason,
    )


def _table(rows: list[OrderRow]) -> Panel:
    columns = (
        Column(name="time", align=Align.LEFT, priority=3),
        Column(name="id", align=Align.LEFT, priority=4),
        Column(name="instrument", align=Align.LEFT, priority=1),
        Column(name="side", align=Align.LEFT, priority=1),
        Column(name="type", align=Align.LEFT, priority=5),
        Column(name="price", priority=1),
        Column(name="qty", priority=1),
        Column(name="done", priority=2),
        Column(name="by", align=Align.LEFT, priority=4),
        Column(name="state", align=Align.LEFT, priority=1),
        Column(name="reason", align=Align.LEFT, priority=6),
    )
    cells = tuple(
        (
            Cell(moment(row.created_at), Tone.MUTED),
            Cell(row.client_id),
            Cell(row.instrument),
            Cell(row.side, Tone.GOOD if row.side == "buy" else Tone.BAD),
            Cell("post-only" if row.post_only else row.type),
            Cell(price(row.price)),
            Cell(qty(row.qty)),
            Cell(qty(row.filled)),
            Cell(row.source),
            Cell(row.status, _TONES.get(OrderStatus(row.status), Tone.MUTED)),
            Cell(row.reason, Tone.MUTED),
        )
        for row in rows
    )
    return Panel(title="orders", blocks=(Table(columns=columns, rows=cells, empty="no orders"),))


def _story(story: OrderStory) -> list[Panel]:
    row = story.order
    facts = (
        ("instrument", Cell(row.instrument)),
        ("order", Cell(f"{row.side} {row.qty} {row.type} at {price(row.price)}, {row.tif}")),
        ("filled", Cell(f"{row.filled} at {price(row.average_price)}" if row.filled else "0")),
        ("state", Cell(row.status, _TONES.get(OrderStatus(row.status), Tone.TEXT))),
        ("by", Cell(row.source)),
        ("venue id", Cell(row.venue_id or "—")),
        ("reason", Cell(row.reason or "—")),
    )
    columns = (
        Column(name="time", align=Align.LEFT),
        Column(name="after", priority=2),
        Column(name="state", align=Align.LEFT),
        Column(name="filled"),
        Column(name="reason", align=Align.LEFT, priority=2),
    )
    first = story.steps[0].at
    cells = tuple(
        (
            Cell(time(step.at), Tone.MUTED),
            Cell(age(step.at - first)),
            Cell(step.status),
            Cell(qty(step.filled)),
            Cell(step.reason, Tone.MUTED),
        )
        for step in story.steps
    )
    return [
        Panel(title=f"order {row.client_id}", blocks=(Facts(rows=facts),)),
        Panel(title="its story", blocks=(Table(columns=columns, rows=cells),)),
    ]
