"""The past of a feed: what ``SimulatedMarket.history`` answers. Before the run from ``past``, after that by
re-running.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import assert_never

import msgspec

from tradecli.domain.enums import FundingKind
from tradecli.domain.feed import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    BookFeed,
    CandleFeed,
    Feed,
    FundingFeed,
    MarkFeed,
    OpenInterestFeed,
    OptionsFeed,
    QuoteFeed,
    SentimentFeed,
    TradeFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import (
    MARKET_TYPES,
    FundingRate,
    MarketEvent,
    MarkPrice,
    OpenInterest,
    Sentiment,
    VolIndex,
    available_at,
)
from tradecli.venues.simulated import calibration as cal
from tradecli.venues.simulated.basis import INTERVAL_MS
from tradecli.venues.simulated.board import INTEREST_HALF_LIFE_H, INTEREST_SD, open_interest
from tradecli.venues.simulated.candles import candles_of
from tradecli.venues.simulated.listing import LINES, OPTION_COINS, Line
from tradecli.venues.simulated.past import Past
from tradecli.venues.simulated.run import Run
from tradecli.venues.simulated.wanted import FEAR_GREED, Wanted, check_interval, index_name, listed

_BY_ID: dict[InstrumentId, Line] = {line.id: line for line in LINES}


class Posted(msgspec.Struct, frozen=True):
    """``count`` values, one every ``step_ms`` from ``first`` on; ``made`` makes those at some places."""

    first: int
    step_ms: int
    count: int
    made: Callable[[range], list[MarketEvent]]

    def between(self, since: int, until: int) -> list[MarketEvent]:
        """Return the values from ``since`` on and before ``until``, and the newest of all before ``until`` anyway."""
        end = min(max(_steps(until - self.first, self.step_ms), 0), self.count)
        begin = max(min(_steps(since - self.first, self.step_ms), end - 1), 0)
        return self.made(range(begin, end)) if begin < end else []


NOTHING = Posted(0, 1, 0, lambda places: [])


def _steps(length: int, step: int) -> int:
    """Return how many whole or begun steps there are in a length."""
    return -(-length // step)


class Recall:
    """Answers for one seed and tape; ``run`` makes a fresh run for a set of wanted feeds."""

    def __init__(self, past: Past, run: Callable[[Wanted], Run]) -> None:
        self._past = past
        self._run = run

    def history(self, feed: Feed, until: int) -> Sequence[MarketEvent]:
        """Return what ``feed`` declares, oldest first, known before ``until``."""
        match feed:
            case CandleFeed():
                check_interval(feed)
                line = _BY_ID[listed(feed.instrument)]
                bars = self._past.summed(line, feed.interval_ms)
                old: list[MarketEvent] = list(candles_of(line, feed.interval_ms, bars, feed.count, until - 1))
                closed = until > self._past.end + MINUTE_MS  # has any bar of the run closed?
                new = self._since(feed, until) if closed else []
                return [*old, *new][-feed.count :] if feed.count else []
            case TradeFeed():
                return [event for event in self._since(feed, until) if event.ts >= until - feed.window_ms]
            case QuoteFeed() | BookFeed() | OptionsFeed():
                return self._since(feed, until)[-1:]
            case FundingFeed():
                return self._funding(feed, until)
            case MarkFeed():
                return self._within(self._marks(feed.instrument), feed, feed.window_ms, until)
            case OpenInterestFeed():
                return self._within(self._interest(feed.instrument), feed, feed.window_ms, until)
            case VolIndexFeed():
                return self._within(self._indices(feed.name), feed, feed.window_ms, until)
            case SentimentFeed():
                return self._within(self._moods(feed.name), feed, feed.window_ms, until)
            case _:
                assert_never(feed)

    def _since(self, feed: Feed, until: int) -> list[MarketEvent]:
        """Return what the run itself showed of ``feed`` before ``until``, its hidden minute included."""
        found: list[MarketEvent] = []
        run = self._run(Wanted([feed]))
        if until <= run.now:
            return found
        for event in run.events(hidden=True, until=until):
            if isinstance(event, MARKET_TYPES):
                if available_at(event) >= until:
                    break
                found.append(event)
        return found

    def _within(self, old: Posted, feed: Feed, window_ms: int, until: int) -> list[MarketEvent]:
        """Return the newest known value and everything younger than the window."""
        fresh = self._since(feed, until)
        since = until - window_ms
        if not fresh or available_at(fresh[0]) > since:
            fresh = [*old.between(since, until), *fresh]
        return [event for event in fresh[:-1] if available_at(event) >= since] + fresh[-1:]

    def _funding(self, feed: FundingFeed, until: int) -> list[MarketEvent]:
        line = _BY_ID[listed(feed.instrument)]
        if not line.perp:
            return []
        ts, rates = self._past.funding(line)
        first = int(ts.searchsorted(until - feed.window_ms))
        settled: list[MarketEvent] = [
            FundingRate(line.id, t, rate, cal.FUNDING_INTERVAL_H, FundingKind.SETTLED, t + INTERVAL_MS)
            for t, rate in zip(ts[first:].tolist(), rates[first:].tolist(), strict=True)
        ]
        fresh = self._since(feed, until)
        settled += [
            event for event in fresh if isinstance(event, FundingRate) and event.kind is FundingKind.SETTLED
        ]
        predicted = [
            event
            for event in fresh
            if isinstance(event, FundingRate) and event.kind is not FundingKind.SETTLED
        ]
        return [event for event in settled if until - feed.window_ms <= event.ts < until] + predicted[-1:]

    def _marks(self, instrument: InstrumentId) -> Posted:
        line = _BY_ID[listed(instrument)]

        def made(places: range) -> list[MarketEvent]:
            bars = self._past.summed(line, HOUR_MS)
            closes = (bars.close[places.start : places.stop] / line.per_unit).tolist()
            ends = (bars.ts[places.start : places.stop] + HOUR_MS).tolist()
            return list(map(MarkPrice, repeat(line.id), ends, closes))

        return self._hourly(made) if line.perp else NOTHING

    def _interest(self, instrument: InstrumentId) -> Posted:
        line = _BY_ID[listed(instrument)]

        def made(places: range) -> list[MarketEvent]:
            logs = self._past.interest(line, INTEREST_SD, INTEREST_HALF_LIFE_H).tolist()
            return [
                OpenInterest(line.id, self._hour(place), open_interest(line, logs[place])) for place in places
            ]

        return self._hourly(made) if line.perp else NOTHING

    def _indices(self, name: str) -> Posted:
        coins = [coin for coin in OPTION_COINS if index_name(coin) == name]

        def made(places: range) -> list[MarketEvent]:
            values = self._past.index(coins[0]).tolist()
            return [VolIndex(name, self._hour(place), values[place]) for place in places]

        return self._hourly(made) if coins else NOTHING

    def _moods(self, name: str) -> Posted:
        days = range(self._past.start + 31 * DAY_MS, self._past.end, DAY_MS)

        def made(places: range) -> list[MarketEvent]:
            return [
                Sentiment(name, day, self._past.mood(day, None), day)
                for day in days[places.start : places.stop]
            ]

        return Posted(days.start, DAY_MS, len(days), made) if name == FEAR_GREED else NOTHING

    def _hour(self, place: int) -> int:
        return self._past.start + HOUR_MS * (place + 1)

    def _hourly(self, made: Callable[[range], list[MarketEvent]]) -> Posted:
        """Return what was posted at the end of every whole hour."""
        whole = (self._past.end - self._past.start) // HOUR_MS
        return Posted(self._hour(0), HOUR_MS, whole, made)
