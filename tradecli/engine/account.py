"""Our side of the books: orders, fills, positions, balances, equity. The only place that changes them.

Money is exact. Equity is counted twice, once from balances and once from positions; the difference is the residual
of INV-03 and must be zero to the last digit. Every fill, payment and transfer is counted once, by its own key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from tradecli.domain.enums import InstrumentKind, OrderStatus, Side
from tradecli.domain.events import Fill, FundingPaid, OrderEvent, Transferred
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.domain.number import ZERO
from tradecli.domain.order import FINAL, Approved, Denied, Order, apply
from tradecli.domain.position import (
    LedgerEntry,
    Position,
    after_fee,
    after_funding,
    after_trade,
)
from tradecli.engine.folding import Fold

_RECENT_FINAL = 2_000


class Changes:
    """What one event changed: order rows as they stand afterwards, money movements, corrections to raise."""

    __slots__ = ("corrections", "entries", "fills", "orders")

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.entries: list[LedgerEntry] = []
        self.fills: list[Fill] = []
        self.corrections: list[tuple[Order, str]] = []


class Account:
    """Orders and money of every venue of this desk."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self.instruments = instruments
        self.live: dict[str, Order] = {}
        self.live_by_instrument: dict[InstrumentId, dict[str, Order]] = {}
        self.final: OrderedDict[str, Order] = OrderedDict()
        self.positions: dict[InstrumentId, Position] = {}
        self.books: dict[tuple[InstrumentId, str], Position] = {}
        self.balances: dict[tuple[str, str], Decimal] = {}
        self.deposits = ZERO
        self.booked: set[str] = set()
        self.shares: dict[str, tuple[tuple[str, Decimal], ...]] = {}
        self._pending: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
        self._folds: dict[InstrumentId, Fold] = {}
        self._realised_booked: dict[InstrumentId, Decimal] = {}
        self.order_count = 0
        self.fill_count = 0
        self.fees = ZERO
        self.funding = ZERO

    def order(self, client_id: str) -> Order | None:
        return self.live.get(client_id) or self.final.get(client_id)

    def orders_on(self, instrument: InstrumentId) -> Iterable[Order]:
        """Return the unresolved orders on one instrument, oldest first."""
        return self.live_by_instrument.get(instrument, {}).values()

    def position(self, instrument: InstrumentId) -> Position:
        return self.positions.get(instrument) or Position(instrument=instrument)

    def book(self, instrument: InstrumentId, source: str) -> Position:
        """Return the part of a position that belongs to one strategy."""
        return self.books.get((instrument, source)) or Position(instrument=instrument)

    def open_intent(self, approved: Approved, at: int, shares: tuple[tuple[str, Decimal], ...] = ()) -> Order:
        """Enter an approved request as an INTENT. ``shares`` splits its fills among strategies (fractions)."""
        order = Order(
            client_id=approved.client_id,
            request=approved.request,
            status=OrderStatus.INTENT,
            created_at=at,
            updated_at=at,
            reserved=approved.reserved,
        )
        if shares:
            self.shares[approved.client_id] = shares
        self.order_count += 1
        self._keep(order)
        return order

    def enter_denied(self, denied: Denied) -> Order:
        """Keep a refused request of an operator as a final order: never sent, and answerable."""
        order = Order(
            client_id=denied.client_id,
            request=denied.request,
            status=OrderStatus.DENIED,
            created_at=denied.at,
            updated_at=denied.at,
            reason=f"E-RISK-{denied.number} {denied.reason}",
        )
        self._keep(order)
        return order

    def apply_order(self, event: OrderEvent, at: int, changes: Changes) -> None:
        """Apply an order event, or a fill, to the order it names and to the money it moves."""
        if isinstance(event, Fill):
            self._apply_fill(event, at, changes)
            return
        order = self.order(event.client_id)
        if order is None:
            return
        applied = apply(order, event, at)
        if applied.order is not order:
            self._keep(applied.order)
            changes.orders.append(applied.order)
        if applied.correction:
            changes.corrections.append((applied.order, applied.correction))

    def _apply_fill(self, fill: Fill, at: int, changes: Changes) -> None:
        if f"{fill.instrument}:{fill.trade_id}" in self.booked:
            return
        order = self.order(fill.client_id) if fill.client_id else None
        source = "external"
        if order is not None:
            applied = apply(order, fill, at)
            self._keep(applied.order)
            changes.orders.append(applied.order)
            if applied.correction:
                changes.corrections.append((applied.order, applied.correction))
            source = order.request.source
        self.book_fill(fill, source, changes)

    def book_fill(self, fill: Fill, source: str, changes: Changes) -> None:
        """Book a fill's position and money, once; the order it belongs to is not touched."""
        key = f"{fill.instrument}:{fill.trade_id}"
        if key in self.booked:
            return
        self.booked.add(key)
        self.fill_count += 1
        changes.fills.append(fill)
        self._book_position(fill, source)
        self._book_money(fill, changes)

    def adopt(self, order: Order) -> None:
        """Put an order back as it stood: after a restart, or for an answer about the past."""
        self.order_count += 1
        self._keep(order)

    def _book_position(self, fill: Fill, source: str) -> None:
        instrument = self.instruments[fill.instrument]
        is_spot = instrument.kind is InstrumentKind.SPOT
        in_base = is_spot and fill.fee_coin == instrument.base

        def after(before: Position, each: Fill) -> Position:
            paid_in_base = is_spot and each.fee_coin == instrument.base
            return _after(before, each, each.signed_qty, each.fee, paid_in_base)

        fold = self._folds.get(fill.instrument)
        if fold is None:
            fold = self._folds[fill.instrument] = Fold()
        self.positions[fill.instrument] = fold.take(self.position(fill.instrument), fill, after)
        shares = self.shares.get(fill.client_id or "", ((source, Decimal(1)),))
        qty_left, fee_left = fill.signed_qty, fill.fee
        for index, (owner, share) in enumerate(shares):
            last = index == len(shares) - 1
            qty = qty_left if last else instrument.round_qty(fill.signed_qty * share)
            fee = fee_left if last else fill.fee * share
            qty_left -= qty
            fee_left -= fee
            self.books[(fill.instrument, owner)] = _after(
                self.book(fill.instrument, owner), fill, qty, fee, in_base
            )

    def _book_money(self, fill: Fill, changes: Changes) -> None:
        instrument = self.instruments[fill.instrument]
        ref = f"{fill.instrument}:{fill.trade_id}"
        if instrument.kind is InstrumentKind.SPOT:
            self._enter(changes, fill, instrument.base, fill.signed_qty, "trade", f"{ref}:base")
            self._enter(
                changes, fill, instrument.quote, -fill.signed_qty * fill.price, "trade", f"{ref}:quote"
            )
        else:
            realised = self.positions[fill.instrument].realised
            booked = self._realised_booked.get(fill.instrument, ZERO)
            if realised != booked:
                self._realised_booked[fill.instrument] = realised
                self._enter(changes, fill, instrument.settle, realised - booked, "pnl", f"{ref}:pnl")
        if fill.fee:
            self._enter(changes, fill, fill.fee_coin, -fill.fee, "fee", f"{ref}:fee")
            self.fees += fill.fee * fill.price if fill.fee_coin == instrument.base else fill.fee

    def _enter(self, changes: Changes, fill: Fill, coin: str, amount: Decimal, kind: str, ref: str) -> None:
        entry = LedgerEntry(
            venue=venue_of(fill.instrument),
            coin=coin,
            amount=amount,
            kind=kind,
            ts=fill.ts,
            ref=ref,
            instrument=fill.instrument,
        )
        self._book_entry(entry, changes)

    def _book_entry(self, entry: LedgerEntry, changes: Changes) -> None:
        key = (entry.venue, entry.coin)
        self.balances[key] = self.balances.get(key, ZERO) + entry.amount
        changes.entries.append(entry)

    def apply_funding(self, paid: FundingPaid, changes: Changes) -> None:
        """Book one funding payment, once."""
        key = f"funding:{paid.instrument}:{paid.payment_id}"
        if key in self.booked:
            return
        self.booked.add(key)
        self.funding += paid.amount
        self.positions[paid.instrument] = after_funding(self.position(paid.instrument), paid.amount)
        self._share_funding(paid)
        self._book_entry(
            LedgerEntry(
                venue=venue_of(paid.instrument),
                coin=paid.coin,
                amount=paid.amount,
                kind="funding",
                ts=paid.ts,
                ref=key,
                instrument=paid.instrument,
            ),
            changes,
        )

    def _share_funding(self, paid: FundingPaid) -> None:
        """Split a payment among the strategies that hold the position, in proportion to what each holds."""
        owners = [(key, book) for key, book in self.books.items() if key[0] == paid.instrument and book.qty]
        total = sum((book.qty for _, book in owners), ZERO)
        left = paid.amount
        for index, (key, book) in enumerate(owners):
            part = left if index == len(owners) - 1 else paid.amount * book.qty / total if total else ZERO
            left -= part
            self.books[key] = after_funding(book, part)

    def apply_transfer(self, moved: Transferred, changes: Changes) -> None:
        """Book a deposit, withdrawal or confirmed adjustment, once."""
        key = f"transfer:{moved.venue}:{moved.ref}"
        if key in self.booked:
            return
        self.booked.add(key)
        self._book_entry(
            LedgerEntry(
                venue=moved.venue, coin=moved.coin, amount=moved.amount, kind=moved.kind, ts=moved.ts, ref=key
            ),
            changes,
        )
        self.deposits += moved.amount

    def cross_inside(
        self, instrument: InstrumentId, qty: Decimal, buyer: str, seller: str, price: Decimal
    ) -> None:
        """Move ``qty`` from one strategy's book to another's at ``price``: no order, no fee, the position
        unchanged.
        """
        self.books[(instrument, buyer)] = after_trade(self.book(instrument, buyer), qty, price)
        self.books[(instrument, seller)] = after_trade(self.book(instrument, seller), -qty, price)

    def pending(self, instrument: InstrumentId) -> tuple[Decimal, Decimal]:
        """Return what unresolved buys and sells could still add, reduce-only ones left out."""
        return self._pending.get(instrument, (ZERO, ZERO))

    def _count(self, order: Order, sign: int) -> None:
        """Add (+1) an unresolved order's remainder to what is pending, or take it out (-1)."""
        request = order.request
        if request.reduce_only:
            return
        buys, sells = self._pending.get(request.instrument, (ZERO, ZERO))
        remaining = order.remaining * sign
        if request.side is Side.BUY:
            self._pending[request.instrument] = (buys + remaining, sells)
        else:
            self._pending[request.instrument] = (buys, sells + remaining)

    def _keep(self, order: Order) -> None:
        instrument = order.request.instrument
        before = self.live.get(order.client_id)
        if before is not None:
            self._count(before, -1)
        if order.status not in FINAL:
            self._count(order, 1)
        if order.status in FINAL:
            self.live.pop(order.client_id, None)
            self.live_by_instrument.get(instrument, {}).pop(order.client_id, None)
            self.final[order.client_id] = order
            while len(self.final) > _RECENT_FINAL:
                gone, _ = self.final.popitem(last=False)
                self.shares.pop(gone, None)
        else:
            self.live[order.client_id] = order
            self.live_by_instrument.setdefault(instrument, {})[order.client_id] = order
            self.final.pop(order.client_id, None)


def _after(position: Position, fill: Fill, qty: Decimal, fee: Decimal, in_base: bool) -> Position:
    if qty:
        position = after_trade(position, qty, fill.price)
    return after_fee(position, fee, fill.price, in_base=in_base) if fee else position


class Exposure(msgspec.Struct, frozen=True):
    """Signed base quantity, and the worst long and short it could become if every unresolved order filled."""

    qty: Decimal
    longest: Decimal
    shortest: Decimal

    @property
    def worst(self) -> Decimal:
        return max(abs(self.longest), abs(self.shortest))


def exposure(account: Account, instrument: InstrumentId, extra: Decimal = ZERO) -> Exposure:
    """Return the exposure on ``instrument`` with every unresolved order counted, and ``extra`` signed base on top.

    Reduce-only orders are left out: they can only bring the position closer to zero.
    """
    qty = account.position(instrument).qty
    buys, sells = account.pending(instrument)
    if extra > 0:
        buys += extra
    else:
        sells -= extra
    return Exposure(qty, qty + buys, qty - sells)
