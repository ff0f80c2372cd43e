"""The past of a feed: what ``SimulatedMarket.history`` answers. Before the run from ``past``, after that by
re-running.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from tradecli.domain.enums import FundingKind
from tradecli.domain.feed import (
    DAY_MS,
    HOUR_MS,
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
                return [*old, *self._since(feed, until)][-feed.count :] if feed.count else []
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
        for event in run.events(hidden=True):
            if isinstance(event, MARKET_TYPES):
                if available_at(event) >= until:
                    break
                found.append(event)
            elif run.now > until:
                break
        return found

    def _within(self, old: list[MarketEvent], feed: Feed, window_ms: int, until: int) -> list[MarketEvent]:
        """Return the newest known value and everything younger than the window."""
        before = (event for event in old if available_at(event) <= self._past.end)  # the run tells the rest
        known = [event for event in (*before, *self._since(feed, until)) if available_at(event) < until]
        return [event for event in known[:-1] if available_at(event) >= until - window_ms] + known[-1:]

    def _funding(self, feed: FundingFeed, until: int) -> list[MarketEvent]:
        line = _BY_ID[listed(feed.instrument)]
        if not line.perp:
            return []
        ts, rates = self._past.funding(line)
        settled: list[MarketEvent] = [
            FundingRate(line.id, t, rate, cal.FUNDING_INTERVAL_H, FundingKind.SETTLED, t + INTERVAL_MS)
            for t, rate in zip(ts.tolist(), rates.tolist(), strict=True)
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

    def _marks(self, instrument: InstrumentId) -> list[MarketEvent]:
        line = _BY_ID[listed(instrument)]
        if not line.perp:
            return []
        bars = self._past.summed(line, HOUR_MS)
        return [
            MarkPrice(line.id, ts + HOUR_MS, close / line.per_unit)
            for ts, close in zip(bars.ts.tolist(), bars.close.tolist(), strict=True)
        ]

    def _interest(self, instrument: InstrumentId) -> list[MarketEvent]:
        line = _BY_ID[listed(instrument)]
        if not line.perp:
            return []
        logs = self._past.interest(line, INTEREST_SD, INTEREST_HALF_LIFE_H)[:-1].tolist()
        first = self._past.start + HOUR_MS
        return [
            OpenInterest(line.id, first + HOUR_MS * hour, open_interest(line, log))
            for hour, log in enumerate(logs)
        ]

    def _indices(self, name: str) -> list[MarketEvent]:
        for coin in OPTION_COINS:
            if index_name(coin) == name:
                values = self._past.index(coin)
                return [
                    VolIndex(name, self._past.start + HOUR_MS * hour, value)
                    for hour, value in enumerate(values.tolist(), start=1)
                ]
        return []

    def _moods(self, name: str) -> list[MarketEvent]:
        if name != FEAR_GREED:
            return []
        days = range(self._past.start + 31 * DAY_MS, self._past.end, DAY_MS)
        return [Sentiment(name, day, self._past.mood(day, None), day) for day in days]
