"""The venue's back office: working orders, fills, ends, room to fill, funding, snapshots. Pure.

It books what the matching decided and schedules the reports on the wire; it never looks at books or bars.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite

from msgspec.structs import replace

from tradecli.domain import events as e
from tradecli.domain.enums import InstrumentKind, OrderStatus
from tradecli.domain.instrument import Instrument, InstrumentId, venue_of
from tradecli.domain.market import FundingRate
from tradecli.domain.number import plain
from tradecli.domain.order import Approved, Order
from tradecli.ports import AccountSnapshot
from tradecli.venues.paper.account import Account, exact, fee_of
from tradecli.venues.paper.pit import Match, Pit, Working
from tradecli.venues.paper.wire import Wire

REDUCED = "reduce-only: the position is closed"

KEPT_FILLS = 5_000
"""Newest fills per venue that a snapshot shows."""

KEPT_ENDED = 5_000
"""Newest ended orders that can still be found by their id."""


class Clearing:
    """Accounts, working orders and trade ids of all simulated venues."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument], wire: Wire) -> None:
        self.instruments = dict(instruments)
        self.pits = {id: Pit(instrument) for id, instrument in self.instruments.items()}
        self.accounts = {venue: Account() for venue in sorted({i.venue for i in self.instruments.values()})}
        self.working: dict[str, Working] = {}
        self._ended: OrderedDict[str, Order] = OrderedDict()
        self._wire = wire
        self._fills: dict[str, deque[e.Fill]] = {venue: deque(maxlen=KEPT_FILLS) for venue in self.accounts}
        self._trade_ids = dict.fromkeys(self.instruments, 0)
        self._paid: set[str] = set()
        self._admitted = 0

    def pit_of(self, order: Working) -> Pit:
        return self.pits[order.approved.request.instrument]

    def account_of(self, pit: Pit) -> Account:
        return self.accounts[pit.instrument.venue]

    def refuse(self, approved: Approved, code: str, reason: str, at: int, back: int) -> None:
        self._wire.tell(
            e.OrderRejected(client_id=approved.client_id, ts=at, code=code, reason=reason), at + back
        )

    def admit(self, pit: Pit, approved: Approved, at: int, back: int) -> Working:
        """Take an order on and report it as accepted."""
        order = self._make(pit, approved, at, back)
        self._wire.tell(e.OrderAccepted(client_id=order.client_id, ts=at, venue_id=order.venue_id), at + back)
        return order

    def restore(self, snapshot: AccountSnapshot) -> list[Working]:
        """Take over balances, positions, trade ids, paid funding and working orders; return the orders to be placed."""
        account = self.accounts[snapshot.venue]
        account.balances = {coin: Decimal(amount) for coin, amount in snapshot.balances.items()}
        account.positions = {position.instrument: position for position in snapshot.positions}
        for fill in snapshot.fills:
            self._trade_ids[fill.instrument] = max(self._trade_ids[fill.instrument], int(fill.trade_id))
        self._fills[snapshot.venue].extend(snapshot.fills)
        self._paid.update(paid.payment_id for paid in snapshot.income if isinstance(paid, e.FundingPaid))
        restored = []
        for open_order in snapshot.open_orders:
            pit = self.pits[open_order.request.instrument]
            approved = Approved(
                client_id=open_order.client_id,
                request=open_order.request,
                reserved=open_order.reserved,
                at=open_order.created_at,
            )
            order = self._make(pit, approved, snapshot.ts, 0)
            order.filled = int(open_order.filled / pit.instrument.lot)
            order.cost = open_order.cost
            restored.append(order)
        return restored

    def _make(self, pit: Pit, approved: Approved, at: int, back: int) -> Working:
        request, instrument = approved.request, pit.instrument
        self._admitted += 1
        order = Working(
            approved=approved,
            buy=request.side.sign > 0,
            lots=int(request.qty / instrument.lot),
            ticks=None if request.price is None else int(request.price / instrument.tick),
            trigger=None if request.trigger is None else int(request.trigger / instrument.tick),
            arrived=at,
            back=back,
            rank=self._admitted,
            venue_id=f"P{self._admitted}",
        )
        self.working[order.client_id] = order
        return order

    def fill_all(self, fills: Iterable[Match], at: int) -> None:
        for fill in fills:
            if not fill.order.done:
                self.fill(fill, at, at)

    def fill(self, match: Match, ts: int, at: int) -> int:
        """Book a fill as far as there is room, schedule its report, and return the lots booked."""
        order, ticks, lots, liquidity = match
        lots = min(lots, self.room(order, ticks))
        if lots <= 0:
            return 0
        pit = self.pit_of(order)
        instrument = pit.instrument
        qty, price = instrument.lot * lots, instrument.tick * ticks
        fee, coin = fee_of(instrument, order.side, qty, price, liquidity)
        self.account_of(pit).trade(instrument, order.side, qty, price, fee, coin)
        self._trade_ids[instrument.id] += 1
        fill = e.Fill(
            instrument=instrument.id,
            trade_id=str(self._trade_ids[instrument.id]),
            client_id=order.client_id,
            side=order.side,
            qty=qty,
            price=price,
            fee=fee,
            fee_coin=coin,
            liquidity=liquidity,
            ts=ts,
        )
        self._fills[instrument.venue].append(fill)
        self._wire.tell(fill, at + order.back)
        order.filled += lots
        order.cost += qty * price
        if order.left == 0:
            self._end(pit, order, OrderStatus.FILLED, "", at)
        self._sweep(pit, at)
        return lots

    def room(self, order: Working, ticks: int) -> int:
        """Return the lots that reduce-only and spot balances let ``order`` fill at a price in ticks."""
        pit = self.pit_of(order)
        instrument, lots = pit.instrument, order.left
        if order.approved.request.reduce_only:
            closable = self.account_of(pit).closable(instrument.id, order.side)
            lots = min(lots, int(closable / instrument.lot))
        if instrument.kind is InstrumentKind.SPOT:
            room = self.spot_room(pit, order.buy, instrument.tick * ticks, order)
            lots = min(lots, max(int(room / instrument.lot), 0))
        return lots

    def spot_room(self, pit: Pit, buy: bool, price: Decimal, order: Working | None) -> Decimal:
        """Return the base quantity that the free spot balance covers; what other resting orders need is taken off."""
        instrument = pit.instrument
        coin = instrument.quote if buy else instrument.base
        free = self.account_of(pit).balance(coin)
        for other in self.working.values():
            if other is order or other.buy != buy or other.ticks is None or other.trigger is not None:
                continue
            held = self.pit_of(other).instrument
            if held.kind is not InstrumentKind.SPOT or held.venue != instrument.venue:
                continue
            if (held.quote if buy else held.base) == coin:
                qty = held.lot * other.left
                free -= qty * held.tick * other.ticks if buy else qty
        return free / price if buy else free

    def cancel(self, order: Working, reason: str, at: int) -> None:
        """End an order as canceled: on request, or because the venue says so."""
        self._end(self.pit_of(order), order, OrderStatus.CANCELED, reason, at)
        done = e.OrderCanceled(
            client_id=order.client_id, ts=at, reason=reason, cum_filled=self._filled(order)
        )
        self._wire.tell(done, at + order.back)

    def expire(self, order: Working, reason: str, at: int) -> None:
        """End an order by its time in force."""
        self._end(self.pit_of(order), order, OrderStatus.EXPIRED, reason, at)
        done = e.OrderExpired(client_id=order.client_id, ts=at, reason=reason, cum_filled=self._filled(order))
        self._wire.tell(done, at + order.back)

    def fund(self, rate: FundingRate, at: int) -> None:
        """Pay or receive a settled rate on the position of this moment, once: -position x mark x rate.

        The mark is the event's own, else the last mark price, else the last close (METHODS 9.1).
        """
        pit = self.pits[rate.instrument]
        account = self.account_of(pit)
        position = account.held(rate.instrument)
        mark = next(
            (m for m in (rate.mark, pit.mark, pit.last) if m is not None and isfinite(m) and m > 0), None
        )
        payment = f"{rate.instrument}:{rate.ts}"
        if position == 0 or mark is None or payment in self._paid:
            return
        self._paid.add(payment)
        price, fraction = Decimal(repr(mark)), Decimal(repr(rate.rate))
        paid = e.FundingPaid(
            instrument=rate.instrument,
            payment_id=payment,
            ts=rate.ts,
            rate=fraction,
            position=position,
            mark=price,
            amount=exact(-position * price * fraction),
            coin=pit.instrument.settle,
        )
        account.fund(pit.instrument, paid.amount)
        self._wire.tell(paid, at)

    def snapshot(self, venue: str, at: int) -> AccountSnapshot:
        account = self.accounts[venue]
        working = [order for order in self.working.values() if self.pit_of(order).instrument.venue == venue]
        return AccountSnapshot(
            venue=venue,
            ts=at,
            balances={coin: plain(amount) for coin, amount in sorted(account.balances.items())},
            positions=tuple(p for _, p in sorted(account.positions.items()) if p.qty),
            open_orders=tuple(self._as_order(order, at) for order in sorted(working, key=lambda o: o.rank)),
            fills=tuple(self._fills[venue]),
        )

    def has_nothing_to_reduce(self, order: Working) -> bool:
        """Say whether a reduce-only order has lost its position."""
        request, pit = order.approved.request, self.pit_of(order)
        closable = self.account_of(pit).closable(request.instrument, request.side)
        return request.reduce_only and closable < pit.instrument.lot

    def _sweep(self, pit: Pit, at: int) -> None:
        """End the reduce-only orders that have nothing left to reduce (V25, V26)."""
        for order in [o for o in pit.orders() if o.approved.request.reduce_only]:
            if self.has_nothing_to_reduce(order):
                self.cancel(order, REDUCED, at)

    def find(self, venue: str, client_id: str, at: int) -> tuple[Order, ...]:
        """Return the order of this id at ``venue``, working or ended."""
        working = self.working.get(client_id)
        order = self._ended.get(client_id) if working is None else self._as_order(working, at)
        return () if order is None or venue_of(order.request.instrument) != venue else (order,)

    def _end(self, pit: Pit, order: Working, status: OrderStatus, reason: str, at: int) -> None:
        order.done = True
        pit.remove(order)
        del self.working[order.client_id]
        ended = replace(self._as_order(order, at), status=status, reason=reason)
        self._ended[order.client_id] = ended
        if len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)

    def _filled(self, order: Working) -> Decimal:
        return self.pit_of(order).instrument.lot * order.filled

    def _as_order(self, order: Working, at: int) -> Order:
        return Order(
            client_id=order.client_id,
            request=order.approved.request,
            status=OrderStatus.OPEN,
            created_at=order.approved.at,
            updated_at=at,
            reserved=order.approved.reserved,
            filled=self._filled(order),
            cost=order.cost,
            venue_id=order.venue_id,
        )
