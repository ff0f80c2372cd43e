"""``SimulatedMarket``: the whole market in a box, behind the MarketData port.

Spot pairs and perpetuals of BTC, ETH and BNB at Binance, Bybit and OKX, option chains of BTC and ETH at Deribit,
from a seed and a tape and nothing else: no network, no clock, no files. What is listened to changes what is
yielded, never a value of it. Prices come from ``process``, ``basis``, ``book`` and ``chain``; their order from
``run``; the past from ``recall``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import cached_property

from tradecli.domain.events import Event
from tradecli.domain.feed import MINUTE_MS, Feed
from tradecli.domain.instrument import Instrument
from tradecli.domain.market import MarketEvent
from tradecli.venues.simulated.listing import LINES
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.recall import Recall
from tradecli.venues.simulated.run import Run
from tradecli.venues.simulated.tapes import TOUR, Script, Tape
from tradecli.venues.simulated.wanted import Wanted, everything

START_MS = 1_767_571_197_000
"""2026-01-04T23:59:57Z: three seconds before a day, an hour, a minute and a funding interval end."""


def is_opening(ts: int) -> bool:
    """Say whether a run may start at ``ts``: on a whole second that leaves no stretch of flow under two seconds."""
    second = ts // 1_000 % 60
    return ts % 1_000 == 0 and second >= 10 and second % 10 >= 2 and second % 5 <= 3


class SimulatedMarket:
    """A seeded market. ``seed`` is a non-negative integer; every stream starts again at ``start``."""

    def __init__(self, seed: int, tape: Tape = TOUR, start: int = START_MS) -> None:
        """``start`` is a moment that ``is_opening`` accepts; ``ValueError`` otherwise."""
        if seed < 0:
            raise ValueError(f"a seed is a whole number from 0 up, not {seed}")
        if not is_opening(start):
            raise ValueError(f"a run cannot start at {start}: see is_opening")
        self.seed = seed
        self.tape = tape
        self.start = start
        self._script = Script(tape, start)

    async def instruments(self) -> Sequence[Instrument]:
        """Return the eighteen tradable instruments; options are quoted in chains only."""
        return tuple(line.instrument for line in LINES)

    async def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what ``feed`` declares of the past, oldest first, all of it known before ``until``."""
        return self.recall(feed, until)

    def recall(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what ``history`` returns, without a loop; from any thread, for no stream looks at what was asked."""
        return self._recall.history(feed, until)

    def remember(self) -> Iterator[None]:
        """Make the past by short steps, between which prices may move on. Without it the first question makes all."""
        return self._past.steps()

    async def stream(self, feeds: Iterable[Feed]) -> AsyncIterator[Event]:
        """Yield market and link events from ``start`` on, in the order they became known, without end."""
        for event in self.events(feeds):
            yield event

    def events(self, feeds: Iterable[Feed]) -> Iterator[Event]:
        """Yield what ``stream`` yields, without a loop."""
        return self._run(Wanted(feeds)).events()

    @staticmethod
    def all_feeds() -> tuple[Feed, ...]:
        """Return the feeds of everything there is."""
        return everything()

    @cached_property
    def _past(self) -> Past:
        return Past(self.seed, self.start // MINUTE_MS * MINUTE_MS, self._script, LINES)

    @cached_property
    def _recall(self) -> Recall:
        return Recall(self._past, self._run)

    def _run(self, wanted: Wanted) -> Run:
        return Run(self.seed, self.start, self._script, self._past, wanted)
