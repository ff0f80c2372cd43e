"""Ours against the venue's: which events bring our books up to the venue's truth, and what remains unexplained.

Pure, and the same for a normal start, a restart after a crash and a reconnect (RELIABILITY section 4). Absence
from one list proves nothing: an order that we hold open and the venue neither lists nor finds becomes UNKNOWN, never
closed. A difference that no event explains is returned as a mismatch for a person; nothing is ever sent to make
numbers agree.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from decimal import Decimal

import msgspec

from tradecli.domain.enums import OrderStatus
from tradecli.domain.events import (
    AccountEvent,
    CancelFailed,
    Fill,
    FundingPaid,
    OrderAccepted,
    OrderAdopted,
    OrderAmbiguous,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderVoided,
    Transferred,
)
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.domain.number import ZERO, plain
from tradecli.domain.order import FINAL, Order
from tradecli.engine.account import Account
from tradecli.ports import AccountSnapshot

S = OrderStatus
CANCEL_PATIENCE_MS = 5_000
"""A cancel that is not confirmed for so long counts as failed, so that it can be asked again."""
NOT_SENT = "not sent before the restart"
NOT_SEEN = "sent before the restart, outcome not seen"


class Mismatch(msgspec.Struct, frozen=True):
    """Both sides of one number that should be equal."""

    what: str
    ours: str
    theirs: str

    def told(self, venue: str) -> str:
        return f"{self.what}: {self.ours} here, {self.theirs} at {venue}"


class Reconciled(msgspec.Struct, frozen=True):
    """Events to apply, in order; mismatches that remain once they are applied; orders of others."""

    events: tuple[AccountEvent, ...]
    mismatches: tuple[Mismatch, ...]
    foreign: tuple[Order, ...]


Found = Mapping[str, tuple[Order, ...]]
"""What the venue answered to look-ups by client id; an empty answer is a definite "no such order"."""


def reconcile(
    account: Account,
    theirs: AccountSnapshot,
    id_prefix: str,
    at: int,
    *,
    found: Found | None = None,
    in_flight: Container[str] = (),
) -> Reconciled:
    """Compare one venue's complete snapshot with our books; ``in_flight`` are orders whose request is running.

    Apply the events and call again: with the same snapshot the second answer has no events.
    """
    ours_there = [order for order in theirs.open_orders if order.client_id.startswith(id_prefix)]
    listed = {order.client_id: order for order in ours_there}
    events: tuple[AccountEvent, ...] = (
        *_adopt(account, ours_there, at),
        *_settle_orders(account, theirs.venue, listed, found or {}, in_flight, at),
        *_missed(account, theirs),
    )
    foreign = tuple(order for order in theirs.open_orders if not order.client_id.startswith(id_prefix))
    mismatches = () if events else differences(account, theirs)
    return Reconciled(events, mismatches, foreign)


def restarted(account: Account, at: int) -> Iterable[AccountEvent]:
    """Yield what a restart makes of orders that were on their way: never sent is void, marked as sent is unknown."""
    for order in list(account.live.values()):
        if order.status is S.INTENT:
            yield OrderVoided(client_id=order.client_id, ts=at, reason=NOT_SENT)
        elif order.status is S.SENDING:
            yield OrderAmbiguous(client_id=order.client_id, ts=at, reason=NOT_SEEN)


def settle_found(order: Order, found: tuple[Order, ...], at: int) -> Iterable[AccountEvent]:
    """Yield what the venue's answer to a look-up says about ``order``; fills are facts of their own.

    Where ids need not be unique more than one order may match: the others are adopted under names of their own.
    """
    if not found:
        if order.status in (S.SENDING, S.OPEN):
            reason = "sent, and the venue finds no such order" if order.status is S.SENDING else "open here"
            yield OrderAmbiguous(client_id=order.client_id, ts=at, reason=f"{reason}: not found by its id")
        return
    theirs = found[0]
    name, why = order.client_id, theirs.reason
    if theirs.status in (S.OPEN, S.FILLED):
        if order.status in (S.SENDING, S.UNKNOWN):
            yield OrderAccepted(client_id=name, ts=at, venue_id=theirs.venue_id)
        elif theirs.status is S.OPEN and order.cancel_pending and _waited(order, at):
            yield CancelFailed(
                client_id=name, ts=at, reason="not confirmed: the order still works at the venue"
            )
    elif theirs.status is S.CANCELED:
        yield OrderCanceled(client_id=name, ts=at, reason=why or "found canceled", cum_filled=theirs.filled)
    elif theirs.status is S.EXPIRED:
        yield OrderExpired(client_id=name, ts=at, reason=why or "found expired", cum_filled=theirs.filled)
    elif theirs.status is S.REJECTED:
        yield OrderRejected(client_id=name, ts=at, code="found", reason=why or "found rejected")
    for number, other in enumerate(found[1:], start=2):
        twin = msgspec.structs.replace(other, client_id=f"{order.client_id}n{number}")
        yield OrderAdopted(order=twin, ts=at, reason=f"the venue has {len(found)} orders of one client id")


def differences(account: Account, theirs: AccountSnapshot) -> tuple[Mismatch, ...]:
    """Return every number of the snapshot that differs from our books, exactly compared."""
    return tuple(_compare(account, theirs))


def _waited(order: Order, at: int) -> bool:
    return at - order.updated_at >= CANCEL_PATIENCE_MS


def _adopt(account: Account, ours_there: Iterable[Order], at: int) -> Iterable[AccountEvent]:
    for theirs in ours_there:
        ours = account.order(theirs.client_id)
        if ours is None:
            taken = msgspec.structs.replace(theirs, filled=ZERO, cost=ZERO, status=S.OPEN)
            yield OrderAdopted(order=taken, ts=at, reason="the venue lists it, and it is not in our books")
        elif ours.status in (S.VOID, S.NOT_PLACED, S.DENIED):
            yield OrderAccepted(client_id=theirs.client_id, ts=at, venue_id=theirs.venue_id)


def _settle_orders(
    account: Account,
    venue: str,
    listed: dict[str, Order],
    found: Found,
    in_flight: Container[str],
    at: int,
) -> Iterable[AccountEvent]:
    for order in list(account.live.values()):
        name = order.client_id
        if venue_of(order.request.instrument) != venue:
            continue
        theirs = listed.get(name)
        if theirs is not None:
            yield from settle_found(order, (msgspec.structs.replace(theirs, status=S.OPEN),), at)
        elif name in in_flight:
            continue
        elif order.status is S.INTENT:
            yield OrderVoided(client_id=name, ts=at, reason=NOT_SENT)
        elif name in found:
            yield from settle_found(order, found[name], at)
        elif order.status is S.SENDING:
            yield OrderAmbiguous(client_id=name, ts=at, reason=NOT_SEEN)
        elif order.status is S.OPEN:
            yield OrderAmbiguous(client_id=name, ts=at, reason="open here, not in the venue's list")


def _missed(account: Account, theirs: AccountSnapshot) -> list[Fill | FundingPaid | Transferred]:
    """Return fills and income that are not booked yet, in the venue's order."""
    fills = [fill for fill in theirs.fills if f"{fill.instrument}:{fill.trade_id}" not in account.booked]
    income = [paid for paid in theirs.income if _income_key(paid) not in account.booked]
    known = [fill for fill in fills if fill.instrument in account.instruments]
    return [
        *sorted(income, key=lambda paid: paid.ts),
        *sorted(known, key=lambda fill: (fill.ts, fill.instrument, len(fill.trade_id), fill.trade_id)),
    ]


def _income_key(paid: FundingPaid | Transferred) -> str:
    if isinstance(paid, FundingPaid):
        return f"funding:{paid.instrument}:{paid.payment_id}"
    return f"transfer:{paid.venue}:{paid.ref}"


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
    for order in theirs.open_orders:
        known = account.order(order.client_id)
        if known is not None and known.status in FINAL:
            yield Mismatch(f"order {order.client_id}", known.status.value, order.status.value)
    for fill in theirs.fills:
        if fill.instrument not in account.instruments:
            yield Mismatch(f"fill {fill.instrument}:{fill.trade_id}", "unknown instrument", plain(fill.qty))


def _positions(account: Account, theirs: AccountSnapshot) -> Iterable[tuple[InstrumentId, Decimal, Decimal]]:
    at_venue = {position.instrument: position.qty for position in theirs.positions}
    ours = {
        each: position.qty for each, position in account.positions.items() if venue_of(each) == theirs.venue
    }
    for instrument in sorted(at_venue.keys() | ours.keys()):
        yield instrument, ours.get(instrument, ZERO), at_venue.get(instrument, ZERO)
