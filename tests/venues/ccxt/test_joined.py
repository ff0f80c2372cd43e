"""Several venues as one market: one that cannot be reached closes itself and no other."""

from __future__ import annotations

import asyncio

import pytest

from tests.venues.ccxt.conftest import Make
from tradecli.domain import feed as f
from tradecli.domain.events import LinkChanged, TimerFired
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Quote
from tradecli.errors import Unavailable
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.joined import JoinedMarket, place_of
from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.faults import Kind as Wrong
from tradecli.venues.loopback.server import Loopback


def two(market: Make) -> JoinedMarket:
    inbox = Inbox()
    return JoinedMarket(("binance", "bybit"), lambda venue: market(venue, inbox=inbox), inbox)


@pytest.mark.asyncio
async def test_one_venue_that_is_down_is_said_to_be_and_the_other_is_heard(
    server: Loopback, market: Make
) -> None:
    server.switchboard.set(Fault(kind=Wrong.UNAVAILABLE, venue="bybit", times=0))
    joined = two(market)
    found = await joined.instruments()
    assert {each.venue for each in found} == {"binance"} and set(joined.missing) == {"bybit"}
    feeds = [f.QuoteFeed(InstrumentId(f"BTCUSDT@{venue}")) for venue in joined.venues]
    seen: set[str] = set()
    stream = joined.stream(feeds)
    async with asyncio.timeout(20):
        async for event in stream:
            if isinstance(event, LinkChanged) and event.venue == "bybit":
                assert not event.up and event.reason
                seen.add("down")
            elif isinstance(event, Quote):
                assert event.instrument == "BTCUSDT@binance"
                seen.add("price")
            elif isinstance(event, TimerFired):
                seen.add("time")
            if seen == {"down", "price", "time"}:
                break
    await stream.aclose()  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_none_that_can_be_reached_is_an_error(server: Loopback, market: Make) -> None:
    server.switchboard.set(Fault(kind=Wrong.UNAVAILABLE, venue="*", times=0))
    with pytest.raises(Unavailable):
        await two(market).instruments()


def test_each_feed_has_one_place_and_what_nobody_publishes_has_none() -> None:
    assert place_of(f.VolIndexFeed("DVOL-BTC")) == "deribit"
    assert place_of(f.OptionsFeed("deribit", "BTC")) == "deribit"
    assert place_of(f.SentimentFeed("long_short_btcusdt_okx")) == "okx"
    assert place_of(f.SentimentFeed("fear_greed")) is None
    assert place_of(f.MarkFeed(InstrumentId("BTCUSDT@bybit"))) == "bybit"
