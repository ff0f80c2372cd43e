"""Puts an account back as it stood at a moment, from the rows of a ledger: for answers that no engine is running
for.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tradecli.domain.events import Fill, FundingPaid, Transferred
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.engine.account import Changes
from tradecli.engine.state import State


def restore_account(
    state: State,
    orders: Iterable[Order],
    fills: Iterable[Fill],
    entries: Iterable[LedgerEntry],
    equity: Iterable[tuple[int, Decimal]],
) -> None:
    """Book fills, funding and transfers again and put the orders back; instruments that are not known are left out."""
    account, changes = state.account, Changes()
    sources = {}
    for order in orders:
        if order.request.instrument in state.instruments:
            sources[order.client_id] = order.request.source
            account.adopt(order)
    for fill in fills:
        if fill.instrument in state.instruments:
            account.book_fill(fill, sources.get(fill.client_id or "", "external"), changes)
    for entry in entries:
        _book(state, entry, changes)
    for when, value in equity:
        state.equity.update(value, when)


def _book(state: State, entry: LedgerEntry, changes: Changes) -> None:
    if entry.kind == "funding" and entry.instrument in state.instruments:
        paid = FundingPaid(
            instrument=entry.instrument,
            payment_id=entry.ref.removeprefix(f"funding:{entry.instrument}:"),
            ts=entry.ts,
            rate=Decimal(0),
            position=Decimal(0),
            mark=Decimal(0),
            amount=entry.amount,
            coin=entry.coin,
        )
        state.account.apply_funding(paid, changes)
    elif entry.instrument is None:
        moved = Transferred(
            venue=entry.venue,
            coin=entry.coin,
            amount=entry.amount,
            ts=entry.ts,
            ref=entry.ref.removeprefix(f"transfer:{entry.venue}:"),
            kind=entry.kind,
        )
        state.account.apply_transfer(moved, changes)
