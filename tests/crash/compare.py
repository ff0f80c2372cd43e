"""The venue's log and books against the ledger: what is lost, what is doubled, what was sent without a record."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec

from tests.fakevenue.running import Running
from tradecli import codec
from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import Fill
from tradecli.domain.order import Order
from tradecli.store.reader import LedgerReader


class Verdict(msgspec.Struct, kw_only=True):
    """What one try came to."""

    requests: int = 0
    orders: int = 0
    fills: int = 0
    lost: list[str] = []
    doubled: list[str] = []
    wrong: list[str] = []

    @property
    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def compare(venue: Running, ledger: Path) -> Verdict:
    """Hold the ledger against the venue; both must be at rest."""
    verdict = Verdict(lost=[], doubled=[], wrong=[])
    truth = venue.ask("truth")
    created = [request for request in venue.requests() if request.kind == "create"]
    verdict.requests, verdict.orders = len(created), len(truth.orders)
    verdict.fills = len(truth.fills)
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT client_id, status, body FROM orders_full ORDER BY seq").fetchall()
        fills = [codec.decode(body, Fill) for (body,) in db.execute("SELECT body FROM fills_full")]
        entries = [Decimal(amount) for (amount,) in db.execute("SELECT amount FROM entries")]
    states: dict[str, set[str]] = {}
    newest: dict[str, Order] = {}
    for client_id, status, body in rows:
        states.setdefault(client_id, set()).add(status)
        newest[client_id] = codec.decode(body, Order)
    for client_id, count in Counter(request.client_id for request in created).items():
        if count > 1:
            verdict.doubled.append(f"{client_id} was sent {count} times")
        missing = {"INTENT", "SENDING"} - states.get(client_id, set())
        if missing:
            verdict.lost.append(f"{client_id} was sent, and the ledger has no {sorted(missing)}")
    _orders(verdict, {order.client_id: order for order in truth.orders}, newest)
    _fills(verdict, truth.fills, fills)
    balance = Decimal(truth.balances["USDT"])
    if sum(entries, Decimal(0)) != balance:
        verdict.wrong.append(f"balance {sum(entries, Decimal(0))} here, {balance} at the venue")
    with LedgerReader(ledger) as reader:
        chain = reader.verify("crash")
    if not chain.ok:
        verdict.wrong.append(f"audit: {chain.reason}")
    return verdict


def _orders(verdict: Verdict, theirs: dict[str, Order], ours: dict[str, Order]) -> None:
    for client_id, order in theirs.items():
        known = ours.get(client_id)
        if known is None:
            verdict.lost.append(f"order {client_id} is not in the ledger")
        elif (known.status, known.filled) != (order.status, order.filled):
            told = f"{client_id}: {known.status} {known.filled} here, {order.status} {order.filled} there"
            verdict.wrong.append(told)
    never = (OrderStatus.DENIED, OrderStatus.VOID, OrderStatus.REJECTED, OrderStatus.NOT_PLACED)
    for client_id, order in ours.items():
        if client_id not in theirs and order.status not in never:
            verdict.wrong.append(f"{client_id} is {order.status} here, and the venue does not know it")


def _fills(verdict: Verdict, theirs: tuple[Fill, ...], ours: list[Fill]) -> None:
    count = Counter(f"{fill.instrument}:{fill.trade_id}" for fill in ours)
    for fill in theirs:
        times = count.pop(f"{fill.instrument}:{fill.trade_id}", 0)
        if times == 0:
            verdict.lost.append(f"fill {fill.trade_id} of {fill.client_id}")
        elif times > 1:
            verdict.doubled.append(f"fill {fill.trade_id}")
    verdict.doubled += [f"fill {key} that the venue never made" for key in count]
