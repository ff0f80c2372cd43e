"""One instrument's trading pit: what the market shows, and our orders that stand in it. Pure state and its reading.

Quantities are whole lots and prices whole ticks here; market sizes stay ``float``. What fills is decided in
``matching`` and ``bars``.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import NamedTuple

from tradecli.domain.enums import Liquidity, Side, TimeInForce
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import Book, Candle, Quote
from tradecli.domain.number import ZERO
from tradecli.domain.order import Approved

FRESH_MS = 5_000
"""A book or quote older than this is no market to trade against (METHODS 12.2, "Data")."""

SLACK = 1e-9
"""Rounding noise of a float size in lots; far below one lot."""


@dataclass(slots=True, eq=False)
class Working:
    """An order that has reached the venue, with its place in the queue."""

    approved: Approved
    buy: bool
    lots: int
    ticks: int | None
    trigger: int | None
    arrived: int
    back: int
    rank: int
    venue_id: str
    filled: int = 0
    cost: Decimal = ZERO
    ahead: float | None = None
    """Displayed size before us at our price, base units; None: unknown."""
    shown: float = 0.0
    traded: float = 0.0
    crossing: bool = False
    """Marketable on arrival with only bars to go by: a taker at the next bar's open."""
    done: bool = False

    @property
    def left(self) -> int:
        return self.lots - self.filled

    @property
    def side(self) -> Side:
        return Side.BUY if self.buy else Side.SELL

    @property
    def client_id(self) -> str:
        return self.approved.client_id

    @property
    def immediate(self) -> bool:
        return self.approved.request.tif is not TimeInForce.GTC

    @property
    def all_or_none(self) -> bool:
        return self.approved.request.tif is TimeInForce.FOK


class Match(NamedTuple):
    """A decided fill: ``lots`` of ``order`` at ``ticks``."""

    order: Working
    ticks: int
    lots: int
    liquidity: Liquidity


class Shown(NamedTuple):
    """A level that can be taken: price in ticks, lots still there, lots displayed."""

    ticks: int
    left: int
    size: int


class Pit:
    """The state of one instrument. ``buys`` and ``sells`` are sorted best price first, then by arrival."""

    __slots__ = (
        "book", "buys", "candle", "checked", "count", "instrument", "last", "lot", "mark", "quote", "sells", "sound",
        "stops", "takers", "tick", "tick_ts", "used",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.tick = float(instrument.tick)
        self.lot = float(instrument.lot)
        self.book: Book | None = None
        self.quote: Quote | None = None
        self.candle: Candle | None = None
        self.last: float | None = None
        self.mark: float | None = None
        self.tick_ts = -1
        """Time of the newest book, quote or trade: bars that end later than it are matched."""
        self.used: dict[tuple[bool, int], int] = {}
        self.buys: list[Working] = []
        self.sells: list[Working] = []
        self.stops: list[Working] = []
        self.takers: list[Working] = []
        self.count = 0
        self.checked: Book | None = None
        self.sound = False

    def rest(self, order: Working) -> None:
        """Put a limit order in its place by price and time."""
        side = self.buys if order.buy else self.sells
        insort(side, order, key=_buy_place if order.buy else _sell_place)
        self.count += 1

    def wait(self, order: Working) -> None:
        """Keep a taker until there is a market for it."""
        self.takers.append(order)
        self.count += 1

    def arm(self, order: Working) -> None:
        """Keep a stop order until its trigger."""
        self.stops.append(order)
        self.count += 1

    def remove(self, order: Working) -> None:
        for orders in (self.buys, self.sells, self.stops, self.takers):
            if order in orders:
                orders.remove(order)
                self.count -= 1
                return

    def orders(self) -> Iterator[Working]:
        yield from self.buys
        yield from self.sells
        yield from self.stops
        yield from self.takers

    def ticks(self, price: float) -> int:
        return round(price / self.tick)

    def last_ticks(self) -> int | None:
        return None if self.last is None else self.ticks(self.last)

    def is_next(self, candle: Candle) -> bool:
        """Say whether a bar follows the last one; a longer bar over time that shorter ones cover does not."""
        last = self.candle
        if last is None:
            return True
        if candle.interval_ms > last.interval_ms:
            return candle.ts >= last.close_ts
        return candle.ts > last.ts

    def lots_of(self, size: float) -> int:
        """Return the whole lots in a market size."""
        return int(size / self.lot + SLACK)

    def own_best(self, buy: bool) -> int | None:
        """Return the price of our best resting order that a taker on this side would meet."""
        resting = self.sells if buy else self.buys
        return resting[0].ticks if resting else None

    def top(self) -> tuple[int, int] | None:
        """Return the best bid and ask in ticks as last shown, whatever their age; None when they are not sound."""
        book, quote = self.book, self.quote
        if quote is not None and (book is None or quote.ts > book.ts):
            return (self.ticks(quote.bid), self.ticks(quote.ask)) if quote_is_sound(quote) else None
        if book is None or not self.book_is_sound():
            return None
        scale = 1.0 if book.tick == self.tick else book.tick / self.tick
        return round(book.bids[0][0] * scale), round(book.asks[0][0] * scale)

    def book_is_sound(self) -> bool:
        """Say whether the newest book is uncrossed, sorted, positive and finite; looked at once per book."""
        if self.book is not self.checked:
            self.checked = self.book
            self.sound = self.book is not None and is_sound(self.book)
        return self.sound


def _buy_place(order: Working) -> tuple[int, int]:
    return -(order.ticks or 0), order.rank


def _sell_place(order: Working) -> tuple[int, int]:
    return order.ticks or 0, order.rank


def is_sound(book: Book) -> bool:
    """Say whether a book can be priced from (INV-11, INV-18)."""
    if not book.bids or not book.asks or not 0 < book.tick < inf or book.bids[0][0] >= book.asks[0][0]:
        return False
    above = book.bids[0][0] + 1
    for ticks, size in book.bids:
        if not (0 < ticks < above and 0 < size < inf):
            return False
        above = ticks
    below = book.asks[0][0] - 1
    for ticks, size in book.asks:
        if not (below < ticks and 0 < size < inf):
            return False
        below = ticks
    return True


def quote_is_sound(quote: Quote) -> bool:
    """Say whether a quote is positive, finite and uncrossed."""
    return 0 < quote.bid < quote.ask < inf and 0 < quote.bid_qty < inf and 0 < quote.ask_qty < inf


def visible(pit: Pit, buy: bool, at: int) -> list[Shown] | None:
    """Return the levels a taker on this side can see, best first, or None when there is no market to trade against.

    The newer of book and quote rules; a quote that is newer than the book replaces its top and keeps what lies behind.
    """
    book, quote = pit.book, pit.quote
    deep = book if book is not None and abs(at - book.ts) <= FRESH_MS and pit.book_is_sound() else None
    levels: list[tuple[int, float]] = []
    if quote is not None and (book is None or quote.ts > book.ts):
        if abs(at - quote.ts) > FRESH_MS or not quote_is_sound(quote):
            return None
        top = pit.ticks(quote.ask if buy else quote.bid)
        levels.append((top, quote.ask_qty if buy else quote.bid_qty))
        if deep is not None:
            behind = levels_of(pit, deep, buy)
            levels += [level for level in behind if (level[0] > top if buy else level[0] < top)]
    elif deep is not None:
        levels = levels_of(pit, deep, buy)
    else:
        return None
    used = pit.used
    result = []
    for ticks, size in levels:
        lots = pit.lots_of(size)
        taken = used.get((buy, ticks), 0) if used else 0
        result.append(Shown(ticks, max(lots - taken, 0), lots))
    return result


def levels_of(pit: Pit, book: Book, buy: bool) -> list[tuple[int, float]]:
    """Return the side that a taker meets, in the instrument's own ticks."""
    side = book.asks if buy else book.bids
    if book.tick == pit.tick:
        return list(side)
    ratio = book.tick / pit.tick
    return [(round(ticks * ratio), size) for ticks, size in side]


def displayed(pit: Pit, buy: bool, ticks: int) -> float | None:
    """Return the size displayed at a price on our own side: 0 inside the visible range, None outside it."""
    book, quote = pit.book, pit.quote
    if quote is not None and (book is None or quote.ts > book.ts):
        if not quote_is_sound(quote):
            return None
        top = pit.ticks(quote.bid if buy else quote.ask)
        if ticks == top:
            return quote.bid_qty if buy else quote.ask_qty
        if ticks > top if buy else ticks < top:
            return 0.0
    if book is None or not pit.book_is_sound():
        return None
    for level, size in levels_of(pit, book, not buy):
        if level == ticks:
            return size
        if level < ticks if buy else level > ticks:
            return 0.0
    return None
