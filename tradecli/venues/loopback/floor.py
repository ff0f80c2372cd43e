"""The floor: the simulated market at the pace of a clock, and the newest state of everything on it.

It owns the run of the market and the past before it; the venues listen and ask. Bars of the past come from the
market's own history, everything since the opening from what was shown. ``step`` brings the floor up to the clock;
``run`` does so again and again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tradecli.domain.enums import FundingKind
from tradecli.domain.events import Event
from tradecli.domain.feed import (
    DAY_MS,
    MINUTE_MS,
    CandleFeed,
    Feed,
    FundingFeed,
    OpenInterestFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import (
    MARKET_TYPES,
    Candle,
    FundingRate,
    MarketEvent,
    OpenInterest,
    OptionChain,
    VolIndex,
)
from tradecli.venues.loopback.coins import FOLLOWED, SOURCES, CoinStand, OfLine
from tradecli.venues.loopback.stand import Stand
from tradecli.venues.simulated.listing import LINES, OPTION_COINS, Line
from tradecli.venues.simulated.market import START_MS, SimulatedMarket, is_opening
from tradecli.venues.simulated.tapes import QUIET, Tape
from tradecli.venues.simulated.wanted import index_name

PACE_MS = 20
MOST_BARS = 21_600
"""Bars of the past that are kept of each interval: fifteen days of minutes."""
_PAST_MS = 520 * DAY_MS

Now = Callable[[], int]
Listener = Callable[[MarketEvent], None]


class Floor:
    """The market as it stands. ``now`` is the clock in market time; nothing later than it is ever shown."""

    def __init__(self, seed: int, now: Now, *, tape: Tape = QUIET, start: int = START_MS) -> None:
        self.market = SimulatedMarket(seed, tape, start)
        self.now = now
        self.stands: dict[InstrumentId, Stand] = {line.id: Stand(line, self._recall) for line in LINES}
        self.followers: dict[InstrumentId, CoinStand] = {
            source: CoinStand(line, self.stands[source], self._recall) for source, line in FOLLOWED.items()
        }
        self.stands |= {each.line.id: each for each in self.followers.values()}
        self.chains: dict[str, OptionChain] = {}
        self.indices: dict[str, list[VolIndex]] = {}
        self._listeners: list[Listener] = []
        self._events = self.market.events(self.market.all_feeds())
        self._next: Event | None = None
        self._opened = start // MINUTE_MS * MINUTE_MS + 1
        self._past: dict[Feed, Sequence[MarketEvent]] = {}

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with every market event, once the floor knows it."""
        self._listeners.append(listener)

    def stand(self, symbol: str, venue: str) -> Stand | None:
        return self.stands.get(InstrumentId(f"{symbol}@{venue}"))

    def step(self, most: int = 5_000) -> bool:
        """Show what became known by now, at most ``most`` events; say whether more is due."""
        until = self.now()
        for _ in range(most):
            event = self._next if self._next is not None else next(self._events)
            if _known_at(event) > until:
                self._next = event
                return False
            self._next = None
            if isinstance(event, MARKET_TYPES):
                self._take(event)
        return True

    async def run(self) -> None:
        """Keep up with the clock until cancelled."""
        while True:
            behind = self.step()
            await asyncio.sleep(0 if behind else PACE_MS / 1_000)

    def _take(self, event: MarketEvent) -> None:
        if isinstance(event, OptionChain):
            self.chains[event.currency] = event
        elif isinstance(event, VolIndex):
            self.indices.setdefault(event.name, []).append(event)
        else:
            stand = self.stands.get(getattr(event, "instrument", InstrumentId("")))
            if stand is not None:
                stand.take(event)
        for listener in self._listeners:
            listener(event)
        if isinstance(event, OfLine):
            follower = self.followers.get(event.instrument)
            if follower is not None:
                self._take(follower.coined(event))

    # -- the past --------------------------------------------------------------------------------------------------

    def _recall(self, line: Line, interval_ms: int) -> Sequence[Candle]:
        feed = CandleFeed(line.id, interval_ms, min(_PAST_MS // interval_ms, MOST_BARS))
        return [event for event in self.market.recall(feed, self._opened) if isinstance(event, Candle)]

    def _known(self, feed: Feed) -> Sequence[MarketEvent]:
        found = self._past.get(feed)
        if found is None:
            found = self._past[feed] = self.market.recall(feed, self._opened)
        return found

    def funding(self, line: Line) -> list[FundingRate]:
        """Return every settled rate of a perpetual, oldest first."""
        source = SOURCES.get(line.id, line.id)
        past = self._known(FundingFeed(source, _PAST_MS))
        old = [
            event for event in past if isinstance(event, FundingRate) and event.kind is FundingKind.SETTLED
        ]
        return old + self.stands[source].settled

    def interest(self, line: Line) -> list[OpenInterest]:
        """Return the open interest of a perpetual, hourly before the opening and each minute since."""
        source = SOURCES.get(line.id, line.id)
        past = self._known(OpenInterestFeed(source, _PAST_MS))
        old = [event for event in past if isinstance(event, OpenInterest)]
        return old + self.stands[source].interest

    def index(self, coin: str) -> list[VolIndex]:
        """Return the volatility index of a coin, hourly before the opening and each minute since."""
        name = index_name(coin)
        past = self._known(VolIndexFeed(name, _PAST_MS))
        old = [event for event in past if isinstance(event, VolIndex)]
        return old + self.indices.get(name, [])

    @property
    def coins(self) -> tuple[str, ...]:
        """The coins that options are listed on."""
        return OPTION_COINS


def _known_at(event: Event) -> int:
    if isinstance(event, Candle):
        return event.ts + event.interval_ms
    return int(getattr(event, "ts", 0))


def opening(now: int) -> int:
    """Return the newest moment at or before ``now`` at which a run may start."""
    second = now // 1_000 * 1_000
    while not is_opening(second):
        second -= 1_000
    return second
