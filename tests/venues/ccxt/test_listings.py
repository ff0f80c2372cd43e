"""A listing that is looked at again: halts, ends of halts, what is new and what counts otherwise than before."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from tests.venues.ccxt.conftest import QUICK, VENUES, Make
from tradecli.domain import feed as f
from tradecli.domain.budget import OwnBudget
from tradecli.domain.events import LinkChanged
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.domain.market import Quote
from tradecli.engine.clock import SystemClock
from tradecli.errors import RateLimited, VenueError
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.client import MOST_PAGES, Client
from tradecli.venues.ccxt.profile import Profile, Request
from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.faults import Kind as Wrong
from tradecli.venues.loopback.server import Loopback

LOOKED = {
    "binance": {"/fapi/v1/exchangeInfo": 1},
    "okx": {"/api/v5/public/instruments": 1},
    "bybit": {"/v5/market/instruments-info": 2},
    "deribit": {"/api/v2/public/get_instruments": 1},
}


def first_of(source: Any) -> InstrumentId:
    return sorted(
        id for id, each in source.client.by_id.items() if each.instrument.kind in ("linear", "inverse")
    )[0]


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", VENUES)
async def test_d16_a_halt_and_its_end_are_seen_in_the_listing_and_said(
    venue: str, server: Loopback, market: Make
) -> None:
    source = market(venue, pace=msgspec.structs.replace(QUICK, listing_ms=100))
    await source.instruments()
    first = first_of(source)
    halt = Fault(kind=Wrong.HALTED, venue=venue, where=symbol_of(first), times=0)
    said: list[LinkChanged] = []
    stream = source.stream((f.QuoteFeed(first),))
    async with asyncio.timeout(15):
        async for event in stream:
            if isinstance(event, Quote) and not said and not server.switchboard.armed():
                server.switchboard.set(halt)
            if isinstance(event, LinkChanged) and event.feed == first:
                said.append(event)
                server.switchboard.clear()
            if [each.up for each in said] == [False, True]:
                break
    await stream.aclose()
    assert "does not trade it" in said[0].reason and said[1].reason == "trading again"


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", VENUES)
async def test_a_second_look_costs_its_requests_alone_and_one_that_fails_is_told_apart_and_halts_nothing(
    venue: str, server: Loopback, market: Make
) -> None:
    client = market(venue).client
    await client.load()
    found, asked = dict(client.by_symbol), len(server.seen)
    await client.relist()
    assert client.by_symbol == found and all(each.steps for each in found.values())
    assert Counter(each.path for each in list(server.seen)[asked:]) == LOOKED[venue]
    for wrong in (Wrong.REFUSED, Wrong.GARBAGE, Wrong.UNAVAILABLE, Wrong.TOO_MANY):
        server.switchboard.set(Fault(kind=wrong, venue=venue, seconds=33))
        with pytest.raises(VenueError) as failed:
            await client.relist()
        stop = client.budget.stopped(venue, client.clock.now())
        assert (stop is not None) == isinstance(failed.value, RateLimited) == (wrong is Wrong.TOO_MANY)
    assert client.by_symbol == found


class _Answers:
    """A transport whose answers are ready: texts, one for each request."""

    def __init__(self, profile: Profile, texts: Sequence[str]) -> None:
        self.profile, self.texts = profile, list(texts)
        self.asked: list[Request] = []

    async def read(self, request: Request, reader: Callable[[str], Any]) -> Any:
        self.asked.append(request)
        return reader(self.texts.pop(0))


def _row(symbol: str, tick: str = "0.10", status: str = "Trading") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": status,
        "baseCoin": symbol.removesuffix("USDT"),
        "quoteCoin": "USDT",
        "priceFilter": {"tickSize": tick},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001"},
    }


def _page(*rows: dict[str, Any], cursor: str = "") -> str:
    return json.dumps({"retCode": 0, "result": {"list": list(rows), "nextPageCursor": cursor}})


def _bybit(*texts: str, known: Sequence[dict[str, Any]]) -> tuple[Client, _Answers]:
    answers = _Answers(profile_of("bybit"), texts)
    client = Client(answers, OwnBudget(), SystemClock())  # type: ignore[arg-type]
    client.take_in(known)
    return client, answers


@pytest.mark.asyncio
async def test_v18_an_instrument_that_counts_in_other_steps_is_closed_until_it_counts_as_before() -> None:
    btc, other = _row("BTCUSDT"), _row("BTCUSDT", tick="0.01")
    client, _ = _bybit(*(_page(row) for row in (other, other, other, other, btc, btc)), known=[btc])
    for _ in range(2):
        await client.relist()
        listed = client.by_symbol["BTCUSDT"]
        assert "tick 0.10, lot 0.001 became tick 0.01, lot 0.001" in listed.halted
        assert listed.tick == 0.1
    await client.relist()
    assert client.by_symbol["BTCUSDT"].halted == ""


@pytest.mark.asyncio
async def test_what_is_new_in_a_listing_is_known_after_a_look_and_what_left_it_is_halted() -> None:
    btc, eth, odd = _row("BTCUSDT"), _row("ETHUSDT"), _row("Ж")
    client, _ = _bybit(_page(eth, odd), _page(), known=[btc])
    await client.relist()
    assert client.listed(InstrumentId("ETHUSDT@bybit")).halted == ""
    assert client.by_symbol["BTCUSDT"].halted == "no longer listed"
    assert "Ж" not in client.by_symbol


@pytest.mark.asyncio
async def test_a_listing_in_pages_is_read_to_its_end_and_one_without_an_end_is_left() -> None:
    rows = [_row("BTCUSDT"), _row("ETHUSDT")]
    client, answers = _bybit(_page(rows[0], cursor="x"), _page(rows[1]), _page(), known=rows)
    await client.relist()
    assert [each.params.get("cursor") for each in answers.asked] == [None, "x", None]
    assert not any(each.halted for each in client.by_symbol.values())
    client, answers = _bybit(*[_page(rows[0], cursor="x")] * MOST_PAGES, _page(rows[1]), known=rows)
    await client.relist()
    assert len(answers.asked) == MOST_PAGES + 1


OTHERS = {
    "BTCUSDT.spot@okx": "/api/v5/public/instruments",
    "BTCUSD.inverse@bybit": "/v5/market/instruments-info",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", OTHERS)
async def test_d16_a_halt_of_another_kind_of_market_is_seen_by_looking_at_its_own_listing_alone(
    name: str, server: Loopback, market: Make
) -> None:
    id = InstrumentId(name)
    client = market(venue_of(id)).client
    client.want([id])
    await client.load()
    found = client.listed(id)
    assert found.halted == "" and found.steps
    server.switchboard.set(Fault(kind=Wrong.HALTED, venue=venue_of(id), where=symbol_of(id), times=0))
    asked = len(server.seen)
    await client.relist()
    assert client.listed(id).halted
    assert Counter(each.path for each in list(server.seen)[asked:]) == {OTHERS[name]: 1}


@pytest.mark.asyncio
async def test_what_is_known_of_several_kinds_of_market_is_kept_apart_and_asked_for_once(
    server: Loopback, market: Make
) -> None:
    client = market("binance").client
    names = [InstrumentId(f"{each}@binance") for each in ("BTCUSDT", "BTCUSDT.spot", "BTCUSD.inverse")]
    client.want(names)
    for _ in range(2):
        assert len({each.id for each in await client.load()}) == 9
    listed = [client.listed(each) for each in names]
    assert [each.symbol for each in listed] == ["BTCUSDT", "BTCUSDT", "BTCUSD_PERP"]
    assert [each.size for each in listed] == [1.0, 1.0, 100.0] and listed[0].tick != listed[1].tick
    paths = Counter(each.path for each in server.seen)
    assert paths == {f"/{root}/exchangeInfo": 1 for root in ("fapi/v1", "api/v3", "dapi/v1")}
    again = market("binance").client
    for each in client.by_id.values():
        again.know(each)
    again.want(names[:1])
    await again.load()
    assert Counter(each.path for each in server.seen) == paths, "what is known from before is not asked for"
