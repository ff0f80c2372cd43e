"""``tradecli paper``: the account that paper trading goes on with from start to start, and how to begin a new one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tradecli.cli import desk, options, order_entry
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.loading import load
from tradecli.errors import NotEnoughData
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.present.format import money
from tradecli.store.reader import LedgerReader

app = Commands("paper", "The paper account.")
SCHEMA = "tradecli.paper.reset/1"


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A paper account that was begun, and the run that holds the one before."""

    run_id: str
    before: str | None
    initial_balance: Decimal


@app.answers("reset", schema=SCHEMA, row=NewAccount)
def reset(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> Answer:
    """Begin a new paper account; the old one stays in the ledger, as it ended.

    Refused while an engine runs. Kill levels stay in force: tradecli kill release lifts them.
    """
    place = desk.here()
    order_entry.need_account(place)
    given = options.current()
    config = load(given.profile, given.config, given.db)
    balance = config.paper.initial_balance
    order_entry.confirm(f"{place.mode.upper()}: leave this account and begin one of {balance} USDT", yes=yes)
    before = _newest(place.ledger)
    from tradecli.wiring.ordering import reset as begin  # the store's driver: only now

    row = NewAccount(run_id=begin(config), before=before, initial_balance=balance)
    standing = desk.latches(place)
    told = (f"{len(standing)} kill levels stay in force: tradecli kill status",) if standing else ()
    return Answer(
        schema=SCHEMA,
        mode=place.mode,
        data=[row],
        as_of=given.now,
        asked_at=given.now,
        units={"initial_balance": "USDT"},
        warnings=told,
        panels=lambda: [_panel(row)],
    )


def _newest(path: Path) -> str | None:
    try:
        with LedgerReader(path) as reader:
            return reader.run().run_id
    except NotEnoughData:
        return None


def _panel(row: NewAccount) -> Panel:
    facts = (
        ("account", Cell(row.run_id)),
        ("before", Cell(row.before or "none")),
        ("balance", Cell(money(row.initial_balance, "USDT"))),
    )
    return Panel(title="new paper account", blocks=(Facts(rows=facts),))
