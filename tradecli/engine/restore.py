"""Puts an account, or a whole engine, back as it stood, from the rows of a ledger: for answers that no engine is
running for, and for a start after a stop or a kill.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from tradecli.domain.control import Latch
from tradecli.domain.enums import StrategyState
from tradecli.domain.events import Fill, FundingPaid, Transferred
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.order import Order
from tradecli.domain.position import LedgerEntry
from tradecli.engine.account import Changes
from tradecli.engine.core import Engine
from tradecli.engine.state import State


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger says of an account, oldest first in every list.

    ``capital`` has equity as decisions saw it with its drawdown in percent, and movements of capital: (time, equity or
    None, drawdown, moved).
    """

    seq: int = 0
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    capital: tuple[tuple[int, Decimal | None, float, Decimal], ...] = ()
    decisions: int = 0
    latches: tuple[Latch, ...] = ()
    strategies: Mapping[str, StrategyState] = {}
    keys: Mapping[str, InstrumentId] = {}
    sent_at: tuple[int, ...] = ()
    crashes: tuple[int, ...] = ()
    """Moments of starts that no orderly stop followed."""


def restore_engine(engine: Engine, past: Past) -> None:
    """Take up where the ledger ends: books, counters, ids that are never given out again, rate and request memory.

    Latches come back through the kill flag (``Spine.load_flag``), so that what they do is finished.
    """
    state = engine.state
    restore_account(state, past.orders, past.fills, past.entries, ())
    for at, equity, drawdown_pct, moved in past.capital:
        if equity is None:
            state.equity.move_capital(moved)
            continue
        state.equity.update(equity, at)
        if state.equity.peak is not None and drawdown_pct < 100:
            peak = equity / (1 - Decimal(str(drawdown_pct)) / 100)
            state.equity.peak = max(state.equity.peak, peak)
    engine.seq = past.seq
    engine.decider.number = past.decisions
    engine.decider.reserve_ids(order.client_id for order in past.orders)
    engine.keys.update(past.keys)
    state.order_times.extend(past.sent_at)
    state.strategies.update(
        {name: each for name, each in past.strategies.items() if name in state.strategies}
    )


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
