"""A market store in memory: the History port over sorted lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tradecli.domain import feed as f
from tradecli.domain import market as m
from tradecli.ports import Coverage

KINDS: dict[type, tuple[type, ...]] = {
    f.CandleFeed: (m.Candle,),
    f.QuoteFeed: (m.Quote,),
    f.BookFeed: (m.Book, m.BookDelta),
    f.TradeFeed: (m.Trade,),
    f.FundingFeed: (m.FundingRate,),
    f.MarkFeed: (m.MarkPrice,),
    f.OpenInterestFeed: (m.OpenInterest,),
    f.VolIndexFeed: (m.VolIndex,),
    f.SentimentFeed: (m.Sentiment,),
    f.OptionsFeed: (m.OptionChain,),
}


def belongs(event: Any, feed: f.Feed) -> bool:
    """Say whether ``event`` is what ``feed`` asks for."""
    if not isinstance(event, KINDS[type(feed)]):
        return False
    match feed:
        case f.CandleFeed():
            return bool(event.instrument == feed.instrument and event.interval_ms == feed.interval_ms)
        case f.VolIndexFeed() | f.SentimentFeed():
            return bool(event.name == feed.name)
        case f.OptionsFeed():
            return bool(event.venue == feed.venue and event.currency == feed.currency)
        case _:
            return bool(event.instrument == feed.instrument)


class MemoryHistory:
    """Keeps events in the order they were written; reads them by the time they became known."""

    def __init__(self, events: Sequence[Any] = ()) -> None:
        self.events: list[Any] = list(events)
        self.reads = 0

    async def write(self, rows: Sequence[Any]) -> int:
        new = [row for row in rows if row not in self.events]
        self.events += new
        return len(new)

    async def read(self, feed: f.Feed, since: int, until: int) -> AsyncIterator[Any]:
        self.reads += 1
        known = [
            (m.available_at(event), place) for place, event in enumerate(self.events) if belongs(event, feed)
        ]
        for at, place in sorted(known):
            if since <= at < until:
                yield self.events[place]

    async def coverage(self) -> Sequence[Coverage]:
        """Return the coverage of instruments and names, bars apart by interval."""
        series: dict[tuple[str, str, int | None], list[int]] = {}
        for event in self.events:
            subject = (
                getattr(event, "instrument", None)
                or getattr(event, "name", None)
                or f"{event.currency}@{event.venue}"
            )
            key = type(event).__name__, str(subject), getattr(event, "interval_ms", None)
            series.setdefault(key, []).append(event.ts)
        return [
            Coverage(
                kind=kind,
                subject=subject,
                interval_ms=interval,
                first_ts=min(ts),
                last_ts=max(ts),
                rows=len(ts),
            )
            for (kind, subject, interval), ts in sorted(series.items(), key=str)
        ]
