"""Ours against the venue's: which events bring our books up to the venue's truth, and what remains unexplained.

Pure, and the same for a normal start, a restart after a crash and a reconnect (RELIABILITY section 4). Absence
from one list proves nothing: an order that we hold open and the venue does not list becomes UNKNOWN, never closed.
A difference that no event explains is returned as a mismatch for a person; nothing is ever sent to make numbers
agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import AccountEvent, OrderAccepted, OrderAmbiguous, OrderVoided
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.number import ZERO, plain
from tradecli.domain.order import Order
from tradecli.engine.account import Account
from tradecli.ports import AccountSnapshot


class Mismatch(msgspec.Struct, frozen=True):
    """Both sides of one number that should be equal."""

    what: str
    ours: str
    theirs: str


class Reconciled(msgspec.Struct, frozen=True):
    """Events to apply, in order; mismatches that remain once they are applied; orders of others."""

    events: tuple[AccountEvent, ...]
    mismatches: tuple[Mismatch, ...]
    foreign: tuple[Order, ...]


def reconcile(account: Account, theirs: AccountSnapshot, id_prefix: str, at: int) -> Reconciled:
    """Compare one venue's complete snapshot with our books.

    Apply the events and call again: with the same snapshot the second answer has no events.
    """
    listed = {order.client_id: order for order in theirs.open_orders}
    missed = tuple(
        fill for fill in theirs.fills if f"{fill.instrument}:{fill.trade_id}" not in account.booked
    )
    settled = tuple(_settle_orders(account, theirs.venue, listed, at))
    events: tuple[AccountEvent, ...] = (*settled, *sorted(missed, key=lambda fill: (fill.ts, fill.trade_id)))
    foreign = tuple(order for order in theirs.open_orders if not order.client_id.startswith(id_prefix))
    mismatches = () if events else tuple(_compare(account, theirs))
    return Reconciled(events, mismatches, foreign)


def _settle_orders(account: Account, venue: str, listed: dict[str, Order], at: int) -> Iterable[AccountEvent]:
    for order in list(account.live.values()):
        if venue_of(order.request.instrument) != venue:
            continue
        theirs = listed.get(order.client_id)
        if theirs is not None and order.status in (OrderStatus.SENDING, OrderStatus.UNKNOWN):
            yield OrderAccepted(client_id=order.client_id, ts=at, venue_id=theirs.venue_id)
        elif order.status is OrderStatus.INTENT:
            yield OrderVoided(client_id=order.client_id, ts=at, reason="not sent before the restart")
        elif order.status is OrderStatus.SENDING:
            yield OrderAmbiguous(
                client_id=order.client_id, ts=at, reason="sent before the restart, outcome not seen"
            )
        elif theirs is None and order.status is OrderStatus.OPEN:
            yield OrderAmbiguous(
                client_id=order.client_id, ts=at, reason="open here, not in the venue's list"
            )


def _compare(account: Account, theirs: AccountSnapshot) -> Iterable[Mismatch]:
    for instrument, ours, other in _positions(account, theirs):
        if ours != other:
            yield Mismatch(f"position {instrument}", plain(ours), plain(other))
    coins = {coin for venue, coin in account.balances if venue == theirs.venue} | set(theirs.balances)
    for coin in sorted(coins):
        ours = account.balances.get((theirs.venue, coin), ZERO)
        other = Decimal(theirs.balances.get(coin, "0"))
        if ours != other:
            yield Mismatch(f"balance {coin}@{theirs.venue}", plain(ours), plain(other))


def _positions(account: Account, theirs: AccountSnapshot) -> Iterable[tuple[InstrumentId, Decimal, Decimal]]:
    at_venue = {position.instrument: position.qty for position in theirs.positions}
    ours = {
        each: position.qty for each, position in account.positions.items() if venue_of(each) == theirs.venue
    }
    for instrument in sorted(at_venue.keys() | ours.keys()):
        yield instrument, ours.get(instrument, ZERO), at_venue.get(instrument, ZERO)
