"""Which events a listener asked for. It owns the reading of feeds, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from tradecli.domain.feed import (
    DAY_MS,
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
from tradecli.domain.instrument import InstrumentId, venue_of
from tradecli.errors import NotFound, Unsupported
from tradecli.venues.simulated.listing import LINES, OPTION_COINS, OPTION_VENUE

FEAR_GREED = "fear_greed"
_LISTED = frozenset(line.id for line in LINES)


def index_name(coin: str) -> str:
    """Return the name of a coin's volatility index, ``DVOL-BTC``."""
    return f"DVOL-{coin}"


def everything() -> tuple[Feed, ...]:
    """Return the feeds of all that the simulated venues publish, minutes as the only bars."""
    feeds: list[Feed] = []
    for line in LINES:
        feeds += [QuoteFeed(line.id), TradeFeed(line.id), BookFeed(line.id), CandleFeed(line.id, MINUTE_MS)]
        if line.perp:
            feeds += [FundingFeed(line.id), MarkFeed(line.id), OpenInterestFeed(line.id)]
    for coin in OPTION_COINS:
        feeds += [VolIndexFeed(index_name(coin)), OptionsFeed(OPTION_VENUE, coin)]
    return (*feeds, SentimentFeed(FEAR_GREED))


class Wanted:
    """The sets that a run looks into: one per kind of event."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        """Read ``feeds``; an instrument that is not listed raises ``NotFound``."""
        self.quotes: set[InstrumentId] = set()
        self.trades: set[InstrumentId] = set()
        self.books: set[InstrumentId] = set()
        self.candles: dict[InstrumentId, set[int]] = {}
        self.funding: set[InstrumentId] = set()
        self.marks: set[InstrumentId] = set()
        self.interest: set[InstrumentId] = set()
        self.indices: set[str] = set()
        self.sentiments: set[str] = set()
        self.options: set[str] = set()
        for feed in feeds:
            self._add(feed)

    def _add(self, feed: Feed) -> None:
        match feed:
            case QuoteFeed():
                self.quotes.add(listed(feed.instrument))
            case TradeFeed():
                self.trades.add(listed(feed.instrument))
            case BookFeed():
                self.books.add(listed(feed.instrument))
            case CandleFeed():
                check_interval(feed)
                self.candles.setdefault(listed(feed.instrument), set()).add(feed.interval_ms)
            case FundingFeed():
                self.funding.add(listed(feed.instrument))
            case MarkFeed():
                self.marks.add(listed(feed.instrument))
            case OpenInterestFeed():
                self.interest.add(listed(feed.instrument))
            case VolIndexFeed():
                self.indices.add(feed.name)
            case SentimentFeed():
                self.sentiments.add(feed.name)
            case OptionsFeed():
                if feed.venue == OPTION_VENUE:
                    self.options.add(feed.currency)
            case _:
                assert_never(feed)

    def flows(self) -> frozenset[InstrumentId]:
        """Return the instruments whose order flow must be made."""
        return frozenset(self.quotes | self.trades | self.books | set(self.candles))


def listed(instrument: InstrumentId) -> InstrumentId:
    """Return ``instrument``, or raise ``NotFound`` when no simulated venue lists it."""
    if instrument not in _LISTED:
        raise NotFound(f"{instrument} is not traded in the simulated market", hint="data list shows what is")
    return instrument


def check_interval(feed: CandleFeed) -> None:
    """Refuse bars that are not whole minutes, whole five minutes from five on, and an even part of a day."""
    interval = feed.interval_ms
    step = MINUTE_MS if interval < 5 * MINUTE_MS else 5 * MINUTE_MS
    if interval <= 0 or interval % step or DAY_MS % interval:
        raise Unsupported(f"no bars of {interval} ms", venue=venue_of(feed.instrument), number=120)
