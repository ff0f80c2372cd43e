"""The market of the simulation: a random walk in ticks, seen by the twin as it is and by the engine through faults.

The engine's quotes come from books that ``BookBuilder`` made of differences, so that a lost, doubled or crossed
message is met where it is met in earnest.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal

from tests.fakes.virtual import VirtualClock
from tests.fakevenue.core import Venue
from tests.simulation.wire import Switchboard
from tradecli.domain.enums import Side
from tradecli.domain.events import Event, LinkChanged
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Level, Quote, Trade
from tradecli.venues.sequence import BookBuilder, Rule, Status

STEP_MS = 250
_DEPTH = 3


class Walk:
    """One instrument's true price in ticks, and the book messages about it."""

    def __init__(self, instrument: InstrumentId, tick: Decimal, start: int) -> None:
        self.instrument = instrument
        self.tick = tick
        self.bid = start
        self.number = 0
        self.shown: dict[bool, set[int]] = {True: set(), False: set()}
        self.builder = BookBuilder(instrument, float(tick), Rule.CHAIN)
        self.wants_snapshot = True

    def levels(self) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        bids = tuple((self.bid - n, 1.0 + n) for n in range(_DEPTH))
        asks = tuple((self.bid + 1 + n, 1.0 + n) for n in range(_DEPTH))
        return bids, asks

    def message(self, at: int) -> BookDelta:
        """Return the next message: a snapshot where one is wanted, else the difference."""
        bids, asks = self.levels()
        self.number += 1
        if self.wants_snapshot:
            self.wants_snapshot = False
            delta = BookDelta(self.instrument, at, True, None, self.number, None, bids, asks)
        else:
            gone_bids = tuple((t, 0.0) for t in sorted(self.shown[True] - {t for t, _ in bids}))
            gone_asks = tuple((t, 0.0) for t in sorted(self.shown[False] - {t for t, _ in asks}))
            delta = BookDelta(
                self.instrument,
                at,
                False,
                None,
                self.number,
                self.number - 1,
                (*gone_bids, *bids),
                (*gone_asks, *asks),
            )
        self.shown = {True: {t for t, _ in bids}, False: {t for t, _ in asks}}
        return delta


class Market:
    """Moves the twin's market and yields what the engine hears of it, until ``stopped``."""

    def __init__(
        self, twin: Venue, clock: VirtualClock, faults: Switchboard, starts: dict[InstrumentId, int]
    ):
        self.twin = twin
        self.clock = clock
        self.faults = faults
        self.walks = [
            Walk(instrument, twin.instruments[instrument].tick, start) for instrument, start in starts.items()
        ]
        self.frozen_until = 0
        self.trades = 0
        self.step_ms = STEP_MS
        self.reversion = {walk.instrument: walk.bid for walk in self.walks}
        self._link_down = False
        self.at_book: Callable[[str, bool, str], None] = lambda name, ok, told: None

    def move(self) -> None:
        """Take one step of the walk: mostly a few ticks, at times a jump, always drawn back."""
        rng, now = self.faults.rng, self.clock.now()
        for walk in self.walks:
            pull = (self.reversion[walk.instrument] - walk.bid) // 200
            walk.bid += rng.randint(-6, 6) + pull + (rng.choice((-60, 60)) if rng.random() < 0.02 else 0)
            bid = walk.tick * walk.bid
            self.twin.quote(walk.instrument, bid, bid + walk.tick, now)

    def events(self) -> list[Event]:
        """Return what the engine hears of this step."""
        faults, now = self.faults, self.clock.now()
        heard: list[Event] = []
        if now < self.frozen_until:
            return heard
        if faults.hits("data_frozen"):
            self.frozen_until = now + faults.rng.randint(6_000, 9_000)
        if self._link_down or faults.hits("feed_down"):
            self._link_down = not self._link_down
            heard.append(
                LinkChanged(venue=self.twin.name, up=not self._link_down, ts=now, reason="market link")
            )
        for walk in self.walks:
            heard += self._book_events(walk, now)
            if faults.rng.random() < 0.2:
                self.trades += 1
                price = float(walk.tick * walk.bid)
                heard.append(Trade(walk.instrument, now, price, 0.5, Side.SELL, str(self.trades)))
        return heard

    def _book_events(self, walk: Walk, now: int) -> list[Event]:
        faults = self.faults
        message = walk.message(now)
        if faults.hits("book_gap"):
            return []
        if faults.hits("crossed_book"):
            crossed = ((walk.bid + 5, 1.0),)
            bids = (*(level for level in message.bids if level[0] != walk.bid + 5), *crossed)
            message = BookDelta(
                message.instrument,
                now,
                message.is_snapshot,
                None,
                message.last_id,
                message.prev_id,
                bids,
                message.asks,
            )
        if faults.hits("bad_number"):
            message = BookDelta(
                message.instrument,
                now,
                message.is_snapshot,
                None,
                message.last_id,
                message.prev_id,
                ((walk.bid, float("nan")),),
                message.asks,
            )
        status = walk.builder.apply(message)
        if faults.hits("book_duplicate"):
            status = walk.builder.apply(message)
        book = walk.builder.book(2 * _DEPTH)  # a right one has no more than the market's own levels
        if status is not Status.OK or book is None:
            walk.wants_snapshot = True
            return []
        truth = walk.levels()
        told = f"a book of {walk.instrument} is valid, and the market is another"
        self.at_book("INV-18", (book.bids, book.asks) == truth, told)
        (bid, bid_qty), (ask, ask_qty) = book.bids[0], book.asks[0]
        tick = book.tick
        return [book, Quote(walk.instrument, now, bid * tick, bid_qty, ask * tick, ask_qty)]

    async def stream(self) -> AsyncIterator[Event]:
        """Yield market events for good."""
        for walk in self.walks:
            walk.wants_snapshot = True
        while True:
            await self.clock.sleep_until(self.clock.now() + self.step_ms)
            for event in self.events():
                yield event

    async def run(self) -> None:
        """Move the true market for good, engine or not."""
        while True:
            await self.clock.sleep_until(self.clock.now() + self.step_ms)
            self.move()
