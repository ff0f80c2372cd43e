"""A full order book from snapshots and differences, valid only while the venue's sequence numbers prove it. Pure.

Theory of operation. A book starts WAITING: differences are kept until a snapshot comes, then joined to it by the
venue's own rule. From then on each difference must follow the last one. A missing one makes the book a GAP at once, a
best bid at or above the best ask makes it CROSSED, a level that is not a number makes it BAD; in each case nothing may
be priced from it until a new full snapshot replaces it (D01 to D04). Differences that come meanwhile are kept for that
snapshot. A snapshot replaces everything: no old level survives (D02).

Each side is a dict of sizes by tick with its best price beside it. When the best level goes, the next is nearly always
a few ticks away; on the recorded books this costs half of what a heap of prices does.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from heapq import nlargest, nsmallest
from typing import TypeAlias

from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.domain.liquidity import Sample
from tradecli.domain.market import Book, BookDelta, Level
from tradecli.venues.rows import LARGEST, AnyDepth, Depth, NamedDepth, Scale

KEPT_WHILE_WAITING = 20_000
"""Differences kept for the next snapshot; the oldest go first."""

NEAR = 64
"""Ticks searched one by one when the best level goes; beyond, the whole side is looked through."""

Keep: TypeAlias = Callable[[Level], None]

NO_BID, NO_ASK = 0, 1 << 62
"""The best prices of an empty side."""


class Rule(StrEnum):
    """How a venue numbers its messages."""

    BINANCE_FUTURES = "binance-futures"
    """``prev_id`` (pu) names the message before; the first after a snapshot has first_id <= snapshot id <= last_id."""
    BINANCE_SPOT = "binance-spot"
    """first_id is the last last_id + 1; the first after a snapshot has first_id <= snapshot id + 1 <= last_id."""
    CHAIN = "chain"
    """``prev_id`` is the last_id of the message before, snapshot included (Deribit, OKX)."""
    COUNT = "count"
    """``last_id`` grows by one with each message, snapshot included (Bybit)."""


class Status(StrEnum):
    OK = "ok"
    WAITING = "waiting"
    GAP = "gap"
    CROSSED = "crossed"
    BAD = "bad"


UNNUMBERED = -(1 << 62)
"""The id of a message without one: nothing continues it."""

_OK, _FUTURES, _SPOT, _CHAIN = Status.OK, Rule.BINANCE_FUTURES, Rule.BINANCE_SPOT, Rule.CHAIN
# Names of the module: reading a member of an enumeration through its class costs as much as a level.


def rule_of(instrument: InstrumentId) -> Rule:
    """Return the rule of an instrument's venue; ``KeyError`` where none is known."""
    venue = venue_of(instrument)
    if venue == "binance":
        return Rule.BINANCE_SPOT if symbol_of(instrument).endswith(".spot") else Rule.BINANCE_FUTURES
    return {"deribit": Rule.CHAIN, "okx": Rule.CHAIN, "bybit": Rule.COUNT}[venue]


def continues(rule: Rule, last: int, delta: BookDelta | AnyDepth) -> bool:
    """Say whether a difference is the very next one after the message that ended with ``last``."""
    if rule is _FUTURES or rule is _CHAIN:
        return delta.prev_id == last
    return (delta.first_id if rule is _SPOT else delta.last_id) == last + 1


class BookBuilder:
    """One instrument's book. ``tick`` is the price of one tick in quote units, ``scale`` what a venue's rows mean."""

    def __init__(self, instrument: InstrumentId, tick: float, rule: Rule, scale: Scale | None = None) -> None:
        self.instrument = instrument
        self.tick = tick
        self.rule = rule
        self.scale = scale or Scale(instrument, tick)
        self.status = Status.WAITING
        self.gaps = 0
        self.crossed = 0
        self.bad = 0
        self.ignored = 0
        """Messages that were older than the book: repeated or late."""
        self.last_id = UNNUMBERED
        self.ts = 0
        self._bids: dict[int, float] = {}
        self._asks: dict[int, float] = {}
        self._bid, self._ask = NO_BID, NO_ASK
        self.joining = False
        """There is a snapshot, and no difference has proven yet that it belongs to the stream."""
        self._by_prev = rule in (Rule.BINANCE_FUTURES, Rule.CHAIN)
        self._kept: list[BookDelta] = []

    def apply(self, delta: BookDelta) -> Status:
        """Take one message and return the state of the book after it."""
        if self.status is not _OK or self.joining or delta.is_snapshot:
            return self._apply_unjoined(delta)
        last = self.last_id
        if delta.prev_id == last if self._by_prev else continues(self.rule, last, delta):
            self.last_id = UNNUMBERED if delta.last_id is None else delta.last_id
            return self._merge(delta)
        return self._break(delta)

    def take(self, depth: AnyDepth) -> Status:
        """Take one message whose rows are as the venue wrote them, and return the state of the book after it."""
        last = self.last_id
        if self.status is not _OK or self.joining or depth.is_snapshot:
            return self._apply_unjoined(self.scale.delta(depth))
        if not (depth.prev_id == last if self._by_prev else continues(self.rule, last, depth)):
            return self._break(self.scale.delta(depth))
        self.last_id = UNNUMBERED if depth.last_id is None else depth.last_id
        return self._merge_named(depth) if depth.named else self._merge_rows(depth)  # type: ignore[arg-type]

    def take_kept(self, depth: AnyDepth) -> tuple[Status, BookDelta]:
        """Do what ``take`` does and return also the message in ticks and base units, for who keeps it."""
        last = self.last_id
        follows = depth.prev_id == last if self._by_prev else continues(self.rule, last, depth)
        if self.status is not _OK or self.joining or depth.is_snapshot or not follows:
            delta = self.scale.delta(depth)
            return self.apply(delta), delta
        self.last_id = UNNUMBERED if depth.last_id is None else depth.last_id
        bids: list[Level] = []
        asks: list[Level] = []
        merge = self._merge_named if isinstance(depth, NamedDepth) else self._merge_rows
        status = merge(depth, bids.append, asks.append)  # type: ignore[arg-type]
        if status is Status.BAD:  # not all of its rows were looked at
            return status, self.scale.delta(depth)
        return status, self.scale.told(depth, tuple(bids), tuple(asks))

    def _apply_unjoined(self, delta: BookDelta) -> Status:
        """Take a message while there is no book yet, or none any more, or only a snapshot."""
        if delta.is_snapshot:
            return self._replace(delta)
        if self.status is not _OK:
            self._keep(delta)
            return self.status
        if self._joins(delta):
            self.joining = False
            self.last_id = UNNUMBERED if delta.last_id is None else delta.last_id
            return self._merge(delta)
        return self._break(delta)

    def _break(self, delta: BookDelta) -> Status:
        """Ignore a message that is older than the book; any other that does not continue it ends it."""
        if delta.last_id is not None and delta.last_id <= self.last_id:
            self.ignored += 1
            return self.status
        self.gaps += 1
        self.status = Status.GAP
        self._keep(delta)
        return self.status

    def best(self) -> tuple[Level, Level] | None:
        """Return the best bid and ask as (ticks, size), or None while the book is not valid."""
        if self.status is not _OK:
            return None
        bid, ask = self._bid, self._ask
        return (bid, self._bids[bid]), (ask, self._asks[ask])

    def book(self, depth: int = 20) -> Book | None:
        """Return the best ``depth`` levels of each side, or None while the book is not valid."""
        if self.status is not _OK:
            return None
        bids = tuple((ticks, self._bids[ticks]) for ticks in nlargest(depth, self._bids))
        asks = tuple((ticks, self._asks[ticks]) for ticks in nsmallest(depth, self._asks))
        if bids[-1][0] <= 0:
            self._spoil()
            return None
        return Book(self.instrument, self.ts, self.tick, bids, asks, max(self.last_id, 0))

    def near(self, bps: float) -> Sample | None:
        """Return the spread, and the notional of both sides within ``bps`` basis points of the mid.

        In quote currency; None of it where the known levels of a side end before. None while the book is not valid.
        """
        if self.status is not _OK:
            return None
        bid, ask = self._bid, self._ask
        mid = (bid + ask) / 2.0
        low, high = mid * (1.0 - bps / 10_000.0), mid * (1.0 + bps / 10_000.0)
        reaches = min(self._bids) <= low and max(self._asks) >= high
        ticks = sum(price * size for price, size in self._bids.items() if price >= low)
        ticks += sum(price * size for price, size in self._asks.items() if price <= high)
        return Sample((ask - bid) / mid * 10_000.0, ticks * self.tick if reaches else None)

    # -- joining ------------------------------------------------------------------------------------------------

    def _keep(self, delta: BookDelta) -> None:
        self._kept.append(delta)
        if len(self._kept) > KEPT_WHILE_WAITING:
            del self._kept[: KEPT_WHILE_WAITING // 2]

    def _replace(self, snapshot: BookDelta) -> Status:
        """Start anew from a snapshot and what was kept for it."""
        numbered = self.rule in (Rule.BINANCE_FUTURES, Rule.BINANCE_SPOT)
        new = UNNUMBERED if snapshot.last_id is None else snapshot.last_id
        if self.status is _OK and numbered and new < self.last_id:
            self.ignored += 1  # Binance never counts back: this one is late, and the book already knows more
            return self.status
        self._bids, self._asks = {}, {}
        self._bid, self._ask = NO_BID, NO_ASK
        self.last_id, self.joining = new, numbered
        self.status = _OK
        self._merge(snapshot)
        kept, self._kept = self._kept, []
        for place, delta in enumerate(kept):
            if self.status is _OK:
                self.apply(delta)
            if self.status is not _OK:
                self._kept = kept[place:]
                break
        return self.status

    def _joins(self, delta: BookDelta) -> bool:
        """Say whether a difference is the first after the snapshot, by Binance's published procedure."""
        last = self.last_id
        if delta.first_id is None or delta.last_id is None:
            return False
        reached = last if self.rule is Rule.BINANCE_FUTURES else last + 1
        return delta.first_id <= reached <= delta.last_id

    # -- levels -------------------------------------------------------------------------------------------------

    def _merge(self, delta: BookDelta) -> Status:
        """Put levels in and take levels of size 0 out, then look at the best prices."""
        self.ts = delta.ts
        bids, best = self._bids, self._bid
        for ticks, size in delta.bids:
            if 0.0 < size < LARGEST:
                bids[ticks] = size
                if ticks > best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in bids:
                del bids[ticks]
        self._bid = bid = best if best in bids else self._next_best(bids, best, -1)
        asks, best = self._asks, self._ask
        for ticks, size in delta.asks:
            if 0.0 < size < LARGEST:
                asks[ticks] = size
                if ticks < best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in asks:
                del asks[ticks]
        self._ask = ask = best if best in asks else self._next_best(asks, best, 1)
        if not NO_BID < bid < ask < NO_ASK:
            self.crossed += 1
            self.status = Status.CROSSED
        return self.status

    def _merge_rows(self, depth: Depth, keep_bid: Keep | None = None, keep_ask: Keep | None = None) -> Status:
        """Do what ``_merge`` does from the venue's own rows, whose sizes are bounded where they are decoded.

        Each level goes to ``keep_bid`` or ``keep_ask`` as well: reading the rows again would cost as much as the book.
        """
        self.ts = depth.ts
        scale = self.scale
        ticks_of, unit, inverse = scale.ticks, scale.unit, scale.inverse
        dollars = inverse and unit == 1.0
        bids, best = self._bids, self._bid
        for row in depth.bids:
            price = row.price
            try:
                ticks = ticks_of[price]
            except KeyError:
                ticks = scale.learn(price)
            size = row.size / price if dollars else row.size * unit / price if inverse else row.size * unit
            if keep_bid is not None:
                keep_bid((ticks, size))
            if size > 0.0:
                bids[ticks] = size
                if ticks > best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in bids:
                del bids[ticks]
        self._bid = bid = best if best in bids else self._next_best(bids, best, -1)
        asks, best = self._asks, self._ask
        for row in depth.asks:
            price = row.price
            try:
                ticks = ticks_of[price]
            except KeyError:
                ticks = scale.learn(price)
            size = row.size / price if dollars else row.size * unit / price if inverse else row.size * unit
            if keep_ask is not None:
                keep_ask((ticks, size))
            if size > 0.0:
                asks[ticks] = size
                if ticks < best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in asks:
                del asks[ticks]
        self._ask = ask = best if best in asks else self._next_best(asks, best, 1)
        if not NO_BID < bid < ask < NO_ASK:
            self.crossed += 1
            self.status = Status.CROSSED
        return self.status

    def _merge_named(
        self, depth: NamedDepth, keep_bid: Keep | None = None, keep_ask: Keep | None = None
    ) -> Status:
        """Do what ``_merge_rows`` does from rows that are tuples: taken apart at once, they cost less than fields."""
        self.ts = depth.ts
        scale = self.scale
        ticks_of, unit, inverse = scale.ticks, scale.unit, scale.inverse
        dollars = inverse and unit == 1.0
        bids, best = self._bids, self._bid
        for _, price, size in depth.bids:
            try:
                ticks = ticks_of[price]
            except KeyError:
                ticks = scale.learn(price)
            if dollars:
                size = size / price
            else:
                size = size * unit / price if inverse else size * unit
            if keep_bid is not None:
                keep_bid((ticks, size))
            if size > 0.0:
                bids[ticks] = size
                if ticks > best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in bids:
                del bids[ticks]
        self._bid = bid = best if best in bids else self._next_best(bids, best, -1)
        asks, best = self._asks, self._ask
        for _, price, size in depth.asks:
            try:
                ticks = ticks_of[price]
            except KeyError:
                ticks = scale.learn(price)
            if dollars:
                size = size / price
            else:
                size = size * unit / price if inverse else size * unit
            if keep_ask is not None:
                keep_ask((ticks, size))
            if size > 0.0:
                asks[ticks] = size
                if ticks < best:
                    best = ticks
            elif size != 0.0:
                return self._spoil()
            elif ticks in asks:
                del asks[ticks]
        self._ask = ask = best if best in asks else self._next_best(asks, best, 1)
        if not NO_BID < bid < ask < NO_ASK:
            self.crossed += 1
            self.status = Status.CROSSED
        return self.status

    def _next_best(self, side: dict[int, float], gone: int, step: int) -> int:
        """Return the best price after ``gone``: a few ticks away as a rule, otherwise looked for everywhere."""
        if not side:
            return NO_BID if step < 0 else NO_ASK
        for ticks in range(gone + step, gone + step * NEAR, step):
            if ticks in side:
                return ticks
        return max(side) if step < 0 else min(side)

    def _spoil(self) -> Status:
        self.bad += 1
        self.status = Status.BAD
        return self.status
