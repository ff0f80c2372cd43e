"""What a topic needs to know, and how much of the past. A feed is a request for data, not data."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tradecli.domain.instrument import InstrumentId

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

PUBLISHED = "DVOL-"
"""How the names of indices begin that a venue publishes."""

INTERVALS_MS = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "1h": HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "1d": DAY_MS,
}
"""Bar lengths by the name users type."""


class CandleFeed(msgspec.Struct, frozen=True, tag=True):
    """Closed bars; ``count`` is how many of the past are wanted."""

    instrument: InstrumentId
    interval_ms: int
    count: int = 0


class QuoteFeed(msgspec.Struct, frozen=True, tag=True):
    instrument: InstrumentId


class BookFeed(msgspec.Struct, frozen=True, tag=True):
    instrument: InstrumentId
    depth: int = 20


class TradeFeed(msgspec.Struct, frozen=True, tag=True):
    instrument: InstrumentId
    window_ms: int = 0


class FundingFeed(msgspec.Struct, frozen=True, tag=True):
    """Settled and predicted funding; ``window_ms`` of settled history."""

    instrument: InstrumentId
    window_ms: int = 0


class MarkFeed(msgspec.Struct, frozen=True, tag=True):
    instrument: InstrumentId
    window_ms: int = 0


class OpenInterestFeed(msgspec.Struct, frozen=True, tag=True):
    instrument: InstrumentId
    window_ms: int = 0


class VolIndexFeed(msgspec.Struct, frozen=True, tag=True):
    """A number over time by its name: a venue's index, or one that a desk computed or imported and keeps itself."""

    name: str
    window_ms: int = 0

    @property
    def is_published(self) -> bool:
        """Say whether a venue publishes it; all others are known to the store alone."""
        return self.name.startswith(PUBLISHED)


class SentimentFeed(msgspec.Struct, frozen=True, tag=True):
    name: str
    window_ms: int = 0


class OptionsFeed(msgspec.Struct, frozen=True, tag=True):
    venue: str
    currency: str


Feed: TypeAlias = (
    CandleFeed
    | QuoteFeed
    | BookFeed
    | TradeFeed
    | FundingFeed
    | MarkFeed
    | OpenInterestFeed
    | VolIndexFeed
    | SentimentFeed
    | OptionsFeed
)
