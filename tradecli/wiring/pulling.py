"""History from the venues into the market store: page after page, each kept at once, none asked for twice.

A pull that was broken off goes on where it stopped, because a page that the store holds is not asked for again. One
series that fails says why and leaves the others alone.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tradecli.domain.budget import Priority
from tradecli.domain.enums import Mode
from tradecli.domain.feed import (
    DAY_MS,
    CandleFeed,
    Feed,
    FundingFeed,
    OpenInterestFeed,
    TradeFeed,
    VolIndexFeed,
)
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import FundingRate, MarketEvent
from tradecli.errors import TradecliError, UsageError, VenueError
from tradecli.store.market import MarketStore
from tradecli.venues.ccxt import past
from tradecli.venues.ccxt.joined import place_of
from tradecli.venues.ccxt.market import CcxtMarket
from tradecli.venues.ccxt.profile import Kind, is_missing

Tell = Callable[[str, float], None]
"""Hears (which series, how much of it is done, 0 to 1)."""

_KINDS: Mapping[type, Kind] = {
    CandleFeed: Kind.CANDLES,
    FundingFeed: Kind.FUNDING_HISTORY,
    OpenInterestFeed: Kind.INTEREST_HISTORY,
    VolIndexFeed: Kind.VOL_INDEX,
    TradeFeed: Kind.TRADES,
}
_DENSE = 0.99
"""A page of the store with this share of the rows it could hold is whole: a venue may lack a few."""
MOST_DAYS = 3_660


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """One series after a pull: ``new`` rows were not there before; ``reason`` says why it is not complete."""

    kind: str
    instrument: str
    interval: str | None
    since: int
    until: int
    rows: int
    new: int
    complete: bool
    reason: str
    is_listed: bool = True
    """False: the venue has no such series at all."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pull:
    """What to pull, and where it is kept."""

    mode: Mode
    profile: str
    store: Path
    feeds: Sequence[Feed]
    since: int
    until: int


def pull(what: Pull, tell: Tell) -> list[Pulled]:
    """Pull every series, the venues side by side; ``UsageError`` for a span that cannot be meant."""
    if not 0 < what.until - what.since <= MOST_DAYS * DAY_MS:
        raise UsageError(f"a pull spans at most {MOST_DAYS} days", number=133)
    return asyncio.run(_pull(what, tell))


async def _pull(what: Pull, tell: Tell) -> list[Pulled]:
    from tradecli.wiring.live import Reach

    reach = Reach(what.mode, what.profile, priority=Priority.HISTORY)
    by_venue: dict[str, list[Feed]] = {}
    for feed in what.feeds:
        by_venue.setdefault(place_of(feed) or "", []).append(feed)
    markets: dict[str, CcxtMarket] = {}
    try:
        async with await MarketStore.open(what.store) as store:
            for venue in by_venue:
                markets[venue] = reach.market(venue)
            done = await asyncio.gather(
                *(_venue(markets[venue], store, feeds, what, tell) for venue, feeds in by_venue.items())
            )
    finally:
        for market in markets.values():
            await market.close()
        await reach.close()
    return [each for rows in done for each in rows]


async def _venue(
    market: CcxtMarket, store: MarketStore, feeds: Sequence[Feed], what: Pull, tell: Tell
) -> list[Pulled]:
    """Pull the series of one venue, one after the other."""
    try:
        await market.know(feeds)
        await store.keep_instruments(await market.instruments())
        paying = {feed.instrument for feed in feeds if isinstance(feed, FundingFeed)}
        for product in sorted({market.client.profile.product_of(each) for each in paying}):
            await market.client.learn_intervals(product)
    except VenueError as error:
        return [_failed(feed, what, 0, 0, error) for feed in feeds]
    return [await _series(market, store, feed, what, tell) for feed in feeds]


async def _series(market: CcxtMarket, store: MarketStore, feed: Feed, what: Pull, tell: Tell) -> Pulled:
    kind, rows, new = _KINDS[type(feed)], 0, 0
    interval = feed.interval_ms if isinstance(feed, CandleFeed) else 0
    name = _name(feed)

    async def have(start: int, end: int) -> bool:
        step = interval or past.STEPS.get(kind, 0)
        if not step or kind is Kind.FUNDING_HISTORY:
            return False
        return await store.count(feed, start + step, end + 1) >= _DENSE * ((end - start) // step)

    try:
        if not market.offers(feed):
            return _pulled(feed, what, 0, 0, False, _missing(market, feed), is_listed=False)
        if await _holds_contracts(store, feed):
            return _pulled(
                feed, what, 0, 0, False, "what is stored of it is in contracts, as earlier versions kept it"
            )
        listed = None if isinstance(feed, VolIndexFeed) else market.client.listed(feed.instrument)  # type: ignore[union-attr]
        coin = feed.name.rpartition("-")[2] if isinstance(feed, VolIndexFeed) else ""
        pages = past.rows(
            market.client,
            kind,
            listed,
            what.since,
            what.until,
            interval_ms=interval,
            currency=coin,
            have=have,
        )
        async for end, found in pages:
            rows += len(found)
            new += await store.write(_kept(found))
            tell(name, (end - what.since) / (what.until - what.since))
    except TradecliError as error:
        return _failed(feed, what, rows, new, error)
    return _pulled(feed, what, rows, new, True, "")


async def _holds_contracts(store: MarketStore, feed: Feed) -> bool:
    """Say whether pulled coins would be mixed with contracts."""
    from tradecli.datasets.kinds import Kind as Stored
    from tradecli.datasets.units import holds_contracts

    interval = feed.interval_ms if isinstance(feed, CandleFeed) else None
    return await holds_contracts(store, Stored(WORDS[type(feed)]), _subject(feed), interval)


def _missing(market: CcxtMarket, feed: Feed) -> str:
    if isinstance(feed, VolIndexFeed):
        return f"{feed.name} is not published by {market.name}"
    return is_missing(market.client.profile, feed.instrument)  # type: ignore[union-attr]


def _kept(found: Sequence[past.Row]) -> list[MarketEvent]:
    return [row for row in found if not isinstance(row, FundingRate) or row.kind.value == "settled"]


def _failed(feed: Feed, what: Pull, rows: int, new: int, error: TradecliError) -> Pulled:
    return _pulled(feed, what, rows, new, False, error.message)


def _pulled(
    feed: Feed, what: Pull, rows: int, new: int, complete: bool, reason: str, *, is_listed: bool = True
) -> Pulled:
    from tradecli.datasets.kinds import interval_name

    interval = interval_name(feed.interval_ms) if isinstance(feed, CandleFeed) else None
    return Pulled(
        kind=WORDS[type(feed)],
        instrument=_subject(feed),
        interval=interval,
        since=what.since,
        until=what.until,
        rows=rows,
        new=new,
        complete=complete,
        reason=reason,
        is_listed=is_listed,
    )


WORDS: Mapping[type, str] = {
    CandleFeed: "candles",
    FundingFeed: "funding",
    OpenInterestFeed: "open_interest",
    VolIndexFeed: "vol_index",
    TradeFeed: "trades",
}
"""Feed -> the word of ``--kind``."""


def feeds_of(
    kinds: Sequence[str], ids: Sequence[InstrumentId], coins: Sequence[str], intervals: Sequence[int]
) -> list[Feed]:
    """Return the series that words, instruments, coins and bar lengths name."""
    feeds: list[Feed] = []
    for kind in kinds:
        match kind:
            case "candles":
                feeds += [CandleFeed(id, length) for id in ids for length in intervals]
            case "vol_index":
                feeds += [VolIndexFeed(f"DVOL-{coin}") for coin in coins]
            case "funding":
                feeds += [FundingFeed(id) for id in ids]
            case "open_interest":
                feeds += [OpenInterestFeed(id) for id in ids]
            case "trades":
                feeds += [TradeFeed(id) for id in ids]
            case _:
                raise UsageError(f"{kind} cannot be pulled", number=134, hint=", ".join(WORDS.values()))
    return feeds


def _subject(feed: Feed) -> str:
    return feed.name if isinstance(feed, VolIndexFeed) else str(feed.instrument)  # type: ignore[union-attr]


def _name(feed: Feed) -> str:
    return f"{WORDS[type(feed)]} {_subject(feed)}"
