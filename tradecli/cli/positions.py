"""``tradecli positions``: what we hold, rebuilt from the fills and funding of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import desk, options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.domain.position import Position
from tradecli.errors import NotFound
from tradecli.present.blocks import Align, Cell, Column, Facts, Panel, Table, Tone
from tradecli.present.format import money, number, price, qty

app = Commands("positions", "Positions of the ledger.")
UNITS = {
    "qty": "base",
    "average_price": "quote",
    "mark": "quote",
    "value": "quote",
    "realised": "quote",
    "unrealised": "quote",
    "fees": "quote",
    "funding": "quote",
    "traded": "quote",
}


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One position: signed base quantity (+ is long), money in quote currency. ``mark`` null: no price is known."""

    instrument: InstrumentId
    qty: Decimal
    average_price: Decimal | None
    mark: Decimal | None
    value: Decimal | None
    realised: Decimal
    unrealised: Decimal | None
    fees: Decimal
    funding: Decimal
    traded: Decimal
    fills: int


@app.answers(
    "list", uses=("symbols", "watchlist", "venue", "at"), schema="tradecli.positions.list/1", row=PositionRow
)
def list_positions(
    flat: Annotated[bool, typer.Option("--flat", help="also those that are closed")] = False,
    run: desk.RunId = "",
) -> Answer:
    """List positions with their profit."""
    with desk.opened(run) as ledger:
        rows = [row for row in rows_of(ledger) if ledger.selects(row.instrument) and (row.qty or flat)]
        return ledger.answer(
            "tradecli.positions.list/1",
            rows,
            units=UNITS,
            panels=lambda: [_table(rows)],
            rests_on_prices=True,
        )


@app.answers("show", uses=("venue", "at"), schema="tradecli.positions.show/1", row=PositionRow)
def show_position(
    symbol: Annotated[
        str, typer.Argument(metavar="SYMBOL", help="symbol, as the venue writes it", show_default=False)
    ],
    run: desk.RunId = "",
) -> Answer:
    """Show one position, open or closed."""
    name, _ = parse.symbol(symbol, options.current().venue)
    with desk.opened(run) as ledger:
        rows = [
            row for row in rows_of(ledger) if symbol_of(row.instrument) == name and _at_venue(row, symbol)
        ]
        if not rows:
            raise NotFound(f"no position in {symbol}", number=142, hint="tradecli positions list --flat")
        return ledger.answer(
            "tradecli.positions.show/1",
            rows,
            units=UNITS,
            panels=lambda: [_facts(r) for r in rows],
            rests_on_prices=True,
        )


def rows_of(ledger: desk.Desk) -> list[PositionRow]:
    """Return every position of the run as a record, with the newest mark that the engine told."""
    marks = _marks(ledger)
    positions = ledger.reader.positions(ledger.run.run_id, at=ledger.until)
    return [position_row(position, marks.get(position.instrument)) for position in positions]


def position_row(position: Position, mark: Decimal | None) -> PositionRow:
    """Return a position as a record at ``mark``."""
    return PositionRow(
        instrument=position.instrument,
        qty=position.qty,
        average_price=position.average_price,
        mark=mark,
        value=position.value(mark) if mark is not None else None,
        realised=position.realised,
        unrealised=position.unrealised(mark) if mark is not None else None,
        fees=position.fees,
        funding=position.funding,
        traded=position.traded,
        fills=position.fills,
    )


def _marks(ledger: desk.Desk) -> Mapping[str, Decimal]:
    """Return the prices of the engine's last sign of life, or of the run's end; none for a moment in between."""
    if options.current().at is not None:
        return {}
    body: Mapping[str, Any] = ledger.beat.body if ledger.beat else ledger.run.summary or {}
    found = body.get("positions")
    if not isinstance(found, list):  # a running desk says how many there are, not at which prices
        return {}
    return {row["instrument"]: Decimal(str(row["mark"])) for row in found if row.get("mark") is not None}


def _at_venue(row: PositionRow, symbol: str) -> bool:
    _, venue = parse.symbol(symbol, options.current().venue)
    return venue is None or row.instrument.endswith(f"@{venue}")


def _tone(value: Decimal | None) -> Tone:
    return Tone.MUTED if not value else Tone.GOOD if value > 0 else Tone.BAD


def _table(rows: list[PositionRow]) -> Panel:
    columns = (
        Column(name="instrument", align=Align.LEFT),
        Column(name="qty"),
        Column(name="average", priority=2),
        Column(name="mark", priority=2),
        Column(name="value", priority=1),
        Column(name="unrealised", priority=2),
        Column(name="realised", priority=2),
        Column(name="fees", priority=3),
        Column(name="funding", priority=3),
        Column(name="fills", priority=4),
    )
    cells = tuple(
        (
            Cell(row.instrument),
            Cell(qty(row.qty, sign=True)),
            Cell(price(row.average_price)),
            Cell(price(row.mark)),
            Cell(number(row.value)),
            Cell(money(row.unrealised, sign=True), _tone(row.unrealised)),
            Cell(money(row.realised, sign=True), _tone(row.realised)),
            Cell(money(row.fees)),
            Cell(money(row.funding, sign=True)),
            Cell(str(row.fills)),
        )
        for row in rows
    )
    return Panel(title="positions", blocks=(Table(columns=columns, rows=cells, empty="flat"),))


def _facts(row: PositionRow) -> Panel:
    facts = (
        ("quantity", Cell(qty(row.qty, sign=True))),
        ("average price", Cell(price(row.average_price))),
        ("mark", Cell(price(row.mark))),
        ("value", Cell(money(row.value))),
        ("unrealised", Cell(money(row.unrealised, sign=True), _tone(row.unrealised))),
        ("realised", Cell(money(row.realised, sign=True), _tone(row.realised))),
        ("fees", Cell(money(row.fees))),
        ("funding", Cell(money(row.funding, sign=True))),
        ("traded", Cell(money(row.traded))),
        ("fills", Cell(str(row.fills))),
    )
    return Panel(title=row.instrument, blocks=(Facts(rows=facts),))
