"""``tradecli fills``: our executions, from the ledger."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.cli import desk
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.domain.events import Fill
from tradecli.domain.instrument import InstrumentId
from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone
from tradecli.present.format import moment, number, price, qty

app = Commands("fills", "Fills of the ledger.")
UNITS = {"qty": "base", "price": "quote", "notional": "quote", "fee": "fee coin"}


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One execution: ``ts`` is the venue's time in UTC ms; quantities in base units, prices in quote units."""

    ts: int
    instrument: InstrumentId
    side: str
    qty: Decimal
    price: Decimal
    notional: Decimal
    fee: Decimal
    fee_coin: str
    liquidity: str
    trade_id: str
    client_id: str | None
    cause: str


@app.answers("list", uses=desk.SELECT, schema="tradecli.fills.list/1", row=FillRow)
def list_fills(run: desk.RunId = "") -> Answer:
    """List fills in the order they were booked."""
    with desk.opened(run) as ledger:
        found = ledger.reader.fills(ledger.run.run_id, since=ledger.since, at=ledger.until)
        rows = [fill_row(fill) for fill in found if ledger.selects(fill.instrument)]
        return ledger.answer("tradecli.fills.list/1", rows, units=UNITS, panels=lambda: [_table(rows)])


def fill_row(fill: Fill) -> FillRow:
    """Return a fill as a record."""
    return FillRow(
        ts=fill.ts,
        instrument=fill.instrument,
        side=fill.side.value,
        qty=fill.qty,
        price=fill.price,
        notional=fill.qty * fill.price,
        fee=fill.fee,
        fee_coin=fill.fee_coin,
        liquidity=fill.liquidity.value,
        trade_id=fill.trade_id,
        client_id=fill.client_id,
        cause=fill.cause,
    )


def _table(rows: list[FillRow]) -> Panel:
    columns = (
        Column(name="time", align=Align.LEFT, priority=2),
        Column(name="instrument", align=Align.LEFT),
        Column(name="side", align=Align.LEFT),
        Column(name="qty"),
        Column(name="price"),
        Column(name="notional", priority=3),
        Column(name="fee", priority=2),
        Column(name="coin", align=Align.LEFT, priority=4),
        Column(name="as", align=Align.LEFT, priority=3),
        Column(name="order", align=Align.LEFT, priority=5),
    )
    cells = tuple(
        (
            Cell(moment(row.ts), Tone.MUTED),
            Cell(row.instrument),
            Cell(row.side, Tone.GOOD if row.side == "buy" else Tone.BAD),
            Cell(qty(row.qty)),
            Cell(price(row.price)),
            Cell(number(row.notional)),
            Cell(number(row.fee, 4)),
            Cell(row.fee_coin),
            Cell(row.liquidity),
            Cell(row.client_id or "—", Tone.MUTED),
        )
        for row in rows
    )
    return Panel(title="fills", blocks=(Table(columns=columns, rows=cells, empty="no fills"),))
