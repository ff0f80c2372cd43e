"""What the market-data suite is run on: a market, what it has, and why it does not have the rest."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, NamedTuple

from tradecli.domain.feed import (
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
    TradeFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.domain.market import Book, Candle, FundingRate, MarkPrice, OpenInterest, Quote, Trade
from tradecli.ports import MarketData

ENOUGH: Mapping[type, int] = {Quote: 8, Trade: 5, Book: 5, MarkPrice: 2, Candle: 1, FundingRate: 1}
PERPETUAL_ONLY = (MarkPrice, FundingRate, OpenInterest)
PATIENCE_S = 30.0


class Subject(NamedTuple):
    """One market under test. ``absent`` says, by the number of a check, why it cannot be asked here."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[MarketData]]
    perp: InstrumentId
    now: Callable[[], int]
    absent: Mapping[int, str] = {}
    coin: str = "BTC"
    option_venue: str = ""
    depth: int = 10
    least_bars: int = 100

    @property
    def is_spot(self) -> bool:
        """Say whether it is a spot pair: there is no mark, no funding and no open interest of it."""
        return symbol_of(self.perp).endswith(".spot")

    @property
    def without(self) -> Mapping[int, str]:
        """Why each check that is not run is not."""
        return self.absent if self.is_spot else {**self.absent, 22: "it is no spot pair"}

    @property
    def enough(self) -> Mapping[type, int]:
        """How much of each kind must be shown."""
        return {kind: n for kind, n in ENOUGH.items() if not self.is_spot or kind not in PERPETUAL_ONLY}

    @property
    def feeds(self) -> list[Feed]:
        """The feeds that are listened to: all of one instrument, minutes as bars."""
        perp = self.perp
        feeds: list[Feed] = [
            QuoteFeed(perp), TradeFeed(perp), BookFeed(perp), MarkFeed(perp), FundingFeed(perp),
            OpenInterestFeed(perp), CandleFeed(perp, MINUTE_MS),
        ]  # fmt: skip
        if self.option_venue:
            feeds += [OptionsFeed(self.option_venue, self.coin), VolIndexFeed(f"DVOL-{self.coin}")]
        return feeds


class Seen:
    """What a market showed: enough of every kind, or all it had until patience ended."""

    def __init__(self, subject: Subject, market: MarketData) -> None:
        self.subject = subject
        self.market = market
        self.events: list[Any] = []
        self.missing: dict[str, int] = {}

    async def listen(self) -> None:
        """Listen until there is enough of everything, or patience ends: ``missing`` says of what there was not."""
        have: Counter[type] = Counter()

        async def gather() -> None:
            stream: Any = self.market.stream(self.subject.feeds)
            async with aclosing(stream):
                async for event in stream:
                    self.events.append(event)
                    have[type(event)] += 1
                    if all(have[kind] >= count for kind, count in self.subject.enough.items()):
                        return

        try:
            await asyncio.wait_for(gather(), PATIENCE_S)
        except TimeoutError:
            wanted = self.subject.enough.items()
            self.missing = {kind.__name__: have[kind] for kind, n in wanted if have[kind] < n}

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


__all__ = ["HOUR_MS", "MINUTE_MS", "PERPETUAL_ONLY", "Seen", "Subject"]
