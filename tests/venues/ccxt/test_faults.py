"""The fault catalogue as market data meet it: the real client against a loopback venue that misbehaves.

Rows N05 to N16, D01, D02, D09 to D16, C01 and M12, one named test each; D01, D02 and D09 have long forms in
``test_books`` and ``test_wire_fixtures``.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.venues.books import Server, Wire, levels, read
from tests.venues.ccxt.conftest import QUICK, Make
from tests.venues.wire_fixtures import anything
from tradecli.domain import feed as f
from tradecli.domain.budget import Allowance, Priority, Stop
from tradecli.domain.enums import Side
from tradecli.domain.events import Event, LinkChanged
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import Book, FundingRate, MarkPrice, Quote, Trade
from tradecli.engine.freshness import staleness
from tradecli.engine.settings import RiskSettings
from tradecli.engine.state import State
from tradecli.errors import BadPayload, RateLimited, Unavailable, VenueError
from tradecli.store.budget import SharedBudget
from tradecli.venues.ccxt import profile_of
from tradecli.venues.ccxt.inbox import Inbox
from tradecli.venues.ccxt.profile import Kind, Listed, Question
from tradecli.venues.ccxt.reading import Malformed
from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.faults import Kind as Wrong
from tradecli.venues.loopback.server import Loopback
from tradecli.venues.sequence import BookBuilder, Status

BTC = InstrumentId("BTCUSDT@binance")
PRICES = (f.QuoteFeed(BTC), f.BookFeed(BTC), f.TradeFeed(BTC))
IMPATIENT = msgspec.structs.replace(
    QUICK, deadlines=dict.fromkeys((Kind.QUOTE, Kind.BOOK, Kind.MARK), 700) | {Kind.TRADES: 60_000}
)

Enough = Callable[[list[Event]], bool]


async def heard(source: Any, feeds: Any, enough: Enough, seconds: float = 15.0) -> list[Event]:
    """Listen until there is enough."""
    events: list[Event] = []
    stream = source.stream(feeds)
    try:
        async with asyncio.timeout(seconds):
            async for event in stream:
                events.append(event)
                if enough(events):
                    return events
    finally:
        await stream.aclose()
    raise AssertionError("the stream ended")


def links(events: list[Event], *, up: bool) -> list[LinkChanged]:
    return [each for each in events if isinstance(each, LinkChanged) and each.up is up and not each.feed]


def is_restored(events: list[Event]) -> bool:
    """Say whether a venue went down and came up again."""
    changes = [each.up for each in events if isinstance(each, LinkChanged) and not each.feed]
    return False in changes and changes[-1]


# -- network -----------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_n05_a_silent_socket_is_called_stale_within_its_deadline_and_opened_again(
    server: Loopback, market: Make
) -> None:
    source = market("binance", pace=IMPATIENT)
    server.switchboard.set(Fault(kind=Wrong.SILENT, venue="binance", after=40))
    events = await heard(source, PRICES, is_restored)
    down = links(events, up=False)[0]
    assert "for" in down.reason and "asked for over HTTP" in down.reason
    assert (
        server.counts["binance WS /public/ws/0"] >= 2 or sum(each.method == "WS" for each in server.seen) >= 2
    )


@pytest.mark.asyncio
async def test_n06_a_storm_of_reconnects_leaves_tasks_bounded_and_tells_no_print_twice(
    server: Loopback, market: Make
) -> None:
    source = market("binance")
    server.switchboard.set(Fault(kind=Wrong.CLOSE, venue="binance", times=12, after=3))

    def enough(events: list[Event]) -> bool:
        return len(links(events, up=False)) >= 3 and is_restored(events)

    events = await heard(source, PRICES, enough, 25)
    prints = [each.trade_id for each in events if isinstance(each, Trade)]
    assert len(prints) == len(set(prints))
    assert len(asyncio.all_tasks()) < 40
    assert source.streams is not None
    waits = [source.streams._wait_ms(attempt) for attempt in range(1, 30)]
    assert max(waits) <= QUICK.longest_wait_ms and len(set(waits)) > 10


@pytest.mark.asyncio
async def test_n07_one_socket_lost_closes_the_venue_while_the_other_goes_on(
    server: Loopback, market: Make
) -> None:
    source = market("binance", pace=IMPATIENT)
    server.switchboard.set(Fault(kind=Wrong.SILENT, venue="binance", where="*markPrice*", after=2))

    def enough(events: list[Event]) -> bool:
        return bool(links(events, up=False)) and isinstance(events[-1], Quote)

    events = await heard(source, (*PRICES, f.MarkFeed(BTC)), enough)
    assert "mark" in links(events, up=False)[0].reason


def test_n08_differences_in_any_order_end_in_the_servers_book_or_in_a_flag() -> None:
    for venue in ("binance", "okx", "bybit", "deribit"):
        server = Server(random.Random(3))
        wire, profile = Wire(venue, server), profile_of(venue)
        listed = Listed(InstrumentId(f"X@{venue}"), wire.symbol, 0.5)
        first = wire.snapshot()
        messages = [wire.diff(*server.change()) for _ in range(4)]
        for order in itertools.permutations(messages):
            builder = BookBuilder(listed.id, 0.5, profile.rule)
            for delta in read(profile, listed, first, whole=profile.rest_snapshots):
                builder.apply(delta)
            for message in order:
                for delta in read(profile, listed, message, whole=False):
                    builder.apply(delta)
            whole = builder.status is Status.OK and not builder.joining
            assert not whole or builder.last_id < server.last or levels(builder) == (server.bids, server.asks)


@pytest.mark.asyncio
async def test_n09_messages_delivered_twice_change_nothing(server: Loopback, market: Make) -> None:
    source = market("binance")
    server.switchboard.set(Fault(kind=Wrong.DUPLICATE, venue="binance", times=0))

    def enough(events: list[Event]) -> bool:
        return sum(isinstance(each, Trade) for each in events) >= 4 and any(
            isinstance(e, Book) for e in events
        )

    events = await heard(source, PRICES, enough)
    prints = [each.trade_id for each in events if isinstance(each, Trade)]
    assert len(prints) == len(set(prints))
    assert source.ears is not None and source.ears.late > 0
    assert source.ears.followed(BTC).builder.status is Status.OK
    assert source.ears.followed(BTC).builder.gaps == 0


def test_n10_a_snapshot_older_than_the_book_takes_nothing_back() -> None:
    server = Server(random.Random(5))
    wire, profile = Wire("binance", server), profile_of("binance")
    listed = Listed(BTC, wire.symbol, 0.5)
    first, old = wire.diff(*server.change()), wire.snapshot()
    later = [(wire.diff(*server.change()), False) for _ in range(5)]
    builder = BookBuilder(BTC, 0.5, profile.rule)
    for message, whole in [(first, False), (old, True), *later, (old, True)]:
        for delta in read(profile, listed, message, whole=whole):
            builder.apply(delta)
    assert levels(builder) == (server.bids, server.asks)


def test_n11_a_reader_that_falls_behind_loses_only_prints_and_they_are_counted() -> None:
    inbox = Inbox(most=100)
    for number in range(1_000):
        inbox.put(Trade(BTC, number, 1.0, 1.0, Side.BUY, str(number)))
        inbox.put(Quote(BTC, number, 1.0, 1.0, 2.0, 1.0))
    inbox.put(LinkChanged(venue="binance", up=False, ts=1))
    taken = list(iter(inbox.take, None))
    assert len(taken) <= 102 and inbox.lost >= 899 and inbox.conflated == 999
    assert [each.ts for each in taken if isinstance(each, Quote)] == [999]
    assert any(isinstance(each, LinkChanged) for each in taken)


@pytest.mark.asyncio
@pytest.mark.parametrize("wrong", [Wrong.TRUNCATED, Wrong.GARBAGE, Wrong.DROPPED])
async def test_n12_an_answer_that_is_cut_or_no_answer_is_an_error_with_a_type_and_no_value(
    wrong: Wrong, server: Loopback, market: Make
) -> None:
    source = market("binance")
    await source.instruments()
    server.switchboard.set(Fault(kind=wrong, venue="binance", where="*openInterest*", times=2))
    heard_of: list[Any] = []
    with suppress(BadPayload, Unavailable):
        heard_of = await source.client.ask(Question(kind=Kind.INTEREST, listed=source.client.listed(BTC)))
    assert heard_of == []
    assert server.switchboard.struck


@pytest.mark.asyncio
async def test_n13_a_certificate_that_proves_nothing_is_refused_and_not_asked_again(tmp_path: Path) -> None:
    from tests.venues.ccxt.untrusted import listening
    from tradecli.venues.ccxt.transport import connect

    async with listening(tmp_path) as (port, counted):
        transport = connect(profile_of("binance"))
        transport.exchange.urls["api"]["fapiPublic"] = f"https://127.0.0.1:{port}/fapi/v1"
        transport.exchange.timeout_on_exit = 0
        request = profile_of("binance").request(Question(kind=Kind.TIME))
        assert request is not None
        try:
            with pytest.raises(Unavailable) as refused:
                await transport.call(request)
        finally:
            await transport.close()
    assert "certificate" in refused.value.message and refused.value.number == 114
    assert counted == []


@pytest.mark.asyncio
async def test_n14_a_subscription_whose_end_is_not_confirmed_is_made_anew_and_brings_a_whole_book(
    server: Loopback, market: Make
) -> None:
    source = market("bybit")
    btc = InstrumentId("BTCUSDT@bybit")
    server.switchboard.set(Fault(kind=Wrong.MISSING, venue="bybit", where="*orderbook*", after=5))

    def enough(events: list[Event]) -> bool:
        mended = [
            each
            for each in events
            if isinstance(each, LinkChanged) and each.feed.startswith("book") and each.up
        ]
        return bool(mended) and isinstance(events[-1], Book)

    events = await heard(source, (f.BookFeed(btc),), enough)
    broken = [
        each
        for each in events
        if isinstance(each, LinkChanged) and each.feed == f"book {btc}" and not each.up
    ]
    assert broken[0].reason == "book gap"


@pytest.mark.asyncio
async def test_n15_a_refused_subscription_is_said_and_tried_again(server: Loopback, market: Make) -> None:
    source = market("okx")
    btc = InstrumentId("BTCUSDT@okx")
    await source.instruments()
    source.client.by_id[btc] = source.client.listed(btc)._replace(symbol="NOSUCH-USDT-SWAP")
    events = await heard(source, (f.TradeFeed(btc),), lambda events: bool(links(events, up=False)))
    assert "refused" in links(events, up=False)[0].reason


@pytest.mark.asyncio
async def test_n16_a_listener_that_is_cancelled_anywhere_leaves_no_task_behind(market: Make) -> None:
    source = market("binance")
    await source.instruments()
    for wait in (0.0, 0.01, 0.05, 0.2):
        task = asyncio.ensure_future(source.listen(PRICES))
        await asyncio.sleep(wait)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await source.client.transport.exchange.close_ws_clients()
    await asyncio.sleep(0.05)
    left = [str(task.get_coro()) for task in asyncio.all_tasks() if "venues/ccxt/" in str(task.get_coro())]
    assert not [each for each in left if "tests/" not in each], left


# -- data --------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", ["@binance", "@okx", "@bybit", "@deribit", "BTCUSDT.spot@binance", "BTCUSD.inverse@bybit"]
)
async def test_d01_a_gap_takes_the_book_away_at_once_and_a_new_one_is_asked_for(
    name: str, server: Loopback, market: Make
) -> None:
    symbol, _, venue = name.partition("@")
    source = market(venue)
    if symbol:
        source.client.want([InstrumentId(name)])
    kinds = ("linear", "inverse", "spot") if symbol else ("linear", "inverse")
    known = sorted(each.id for each in await source.instruments() if each.kind in kinds)
    first = InstrumentId(name) if symbol else known[0]
    where = {"binance": "*depth*", "okx": "*books*", "bybit": "*orderbook*", "deribit": "*book.*"}[venue]
    server.switchboard.set(Fault(kind=Wrong.MISSING, venue=venue, where=where, after=4))
    state = State([each for each in await source.instruments() if each.id == first], {})
    seen: list[str] = []
    stream = source.stream((f.BookFeed(first),))
    async with asyncio.timeout(20):
        async for event in stream:
            state.apply(event, 1)
            if isinstance(event, LinkChanged) and event.feed == f"book {first}":
                seen.append(f"{event.up}")
                assert event.up or first not in state.books
            if seen and isinstance(event, Book) and seen[-1] == "True":
                break
    await stream.aclose()
    assert first in state.books and seen[0] == "False"


def test_d02_a_new_snapshot_replaces_every_level() -> None:
    for venue in ("binance", "okx", "bybit", "deribit"):
        server = Server(random.Random(9))
        wire, profile = Wire(venue, server), profile_of(venue)
        listed = Listed(InstrumentId(f"X@{venue}"), wire.symbol, 0.5)
        builder = BookBuilder(listed.id, 0.5, profile.rule)
        for shift in (0, 50_000):
            server.bids = {tick + shift: size for tick, size in server.bids.items()}
            server.asks = {tick + shift: size for tick, size in server.asks.items()}
            server.last += 10
            for delta in read(profile, listed, wire.snapshot(), whole=profile.rest_snapshots):
                builder.apply(delta)
        assert levels(builder) == (server.bids, server.asks), venue


@pytest.mark.asyncio
async def test_d09_a_message_that_cannot_be_read_is_counted_and_the_stream_goes_on(
    server: Loopback, market: Make
) -> None:
    source = market("binance")
    server.switchboard.set(Fault(kind=Wrong.NOISE, venue="binance", times=5, after=2))

    def enough(events: list[Event]) -> bool:
        return server.switchboard.struck.get("noise", 0) >= 5 and isinstance(events[-1], Quote)

    await heard(source, PRICES, enough)
    assert source.ears is not None and sum(source.ears.refused.values()) >= 1


@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "deribit"])
def test_d10_nesting_and_size_are_capped_before_anything_is_made_of_a_message(venue: str) -> None:
    decode = profile_of(venue).decode
    for bomb in ('{"a":' * 100_000, "[" * 100_000, '{"e":' + "[" * 5_000 + "]" * 5_000 + "}"):
        with pytest.raises(Malformed):
            decode(bomb, anything)


@pytest.mark.asyncio
async def test_d10_a_message_of_over_four_mebibytes_is_refused(market: Make) -> None:
    source = market("binance")
    await heard(source, PRICES, lambda events: isinstance(events[-1], Quote))
    assert source.streams is not None and source.ears is not None
    assert source.streams.tap("x", "x" * (5 << 20))
    assert any("characters" in reason for reason in source.ears.refused)


@pytest.mark.asyncio
async def test_d11_bars_come_once_and_in_order_and_one_that_runs_is_no_bar(market: Make) -> None:
    source = market("bybit")
    now = source.client.clock.now()
    bars = await source.history(f.CandleFeed(InstrumentId("BTCUSDT@bybit"), f.MINUTE_MS, 50), now)
    times = [bar.ts for bar in bars]  # type: ignore[union-attr]
    assert times == sorted(set(times)) and len(times) == 50
    assert times[-1] + f.MINUTE_MS <= now


def test_d12_a_hostile_name_is_no_instrument_and_reaches_no_screen() -> None:
    for venue in ("binance", "okx", "bybit", "deribit"):
        profile = profile_of(venue)
        for name in ("[bold]X[/]", "X\x1b[31m", "../X", "x" * 500, "Ж", "X Y"):
            raw = dict.fromkeys(("symbol", "instId", "instrument_name", "baseAsset", "quoteAsset"), name)
            with suppress(Malformed):
                assert profile.listed(raw) is None


@pytest.mark.asyncio
async def test_d13_an_absurd_funding_rate_is_shown_as_it_came_and_one_that_is_no_rate_is_not(
    market: Make,
) -> None:
    source = market("binance")
    await source.instruments()
    decode, names = source.client.profile.decode, source.client.names
    text = '{"e":"markPriceUpdate","E":1700000000000,"s":"BTCUSDT","p":"1","r":"%s","T":1700006400000}'
    shown = [each for each in decode(text % "-3.0", names) if isinstance(each, FundingRate)]
    assert [each.rate for each in shown] == [-3.0]
    for absurd in ("NaN", "1e400", "Infinity", "3%"):
        with pytest.raises(Malformed):
            decode(text % absurd, names)


@pytest.mark.asyncio
async def test_d14_an_index_that_cannot_be_asked_is_absent_and_never_a_number(
    server: Loopback, market: Make
) -> None:
    source = market("deribit")
    await source.instruments()
    server.switchboard.set(Fault(kind=Wrong.UNAVAILABLE, venue="deribit", where="*volatility*", times=0))
    with pytest.raises(Unavailable):
        await source.history(f.VolIndexFeed("DVOL-BTC", f.DAY_MS), source.client.clock.now())
    assert await market("binance").history(f.VolIndexFeed("DVOL-BTC"), source.client.clock.now()) == []


@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "deribit"])
def test_d15_no_number_of_a_message_is_ever_nan_or_infinite(venue: str) -> None:
    wire, profile = Wire(venue, Server(random.Random(2))), profile_of(venue)
    listed = Listed(InstrumentId(f"X@{venue}"), wire.symbol, 0.5)
    first, message = wire.snapshot(), wire.diff({119_000: 1.0}, {121_000: 1.0})
    quote = "" if venue == "deribit" else '"'
    price, size = ("59500.0", "1.0") if venue == "deribit" else ("59500.0", "1.000")
    for wrong in ('"NaN"', '"Infinity"', '"-1"', '"1e999"'):
        for right in (price, size):
            builder = BookBuilder(listed.id, 0.5, profile.rule)
            for delta in read(profile, listed, first, whole=profile.rest_snapshots):
                builder.apply(delta)
            with suppress(Malformed):
                text = message.replace(f"{quote}{right}{quote}", wrong, 1)
                for delta in read(profile, listed, text, whole=False):
                    builder.apply(delta)
            book = builder.book(500)
            assert book is None or all(0 < level < 1e15 for row in (*book.bids, *book.asks) for level in row)


@pytest.mark.asyncio
async def test_d16_a_halted_instrument_closes_itself_and_no_other(server: Loopback, market: Make) -> None:
    source = market("binance", pace=msgspec.structs.replace(QUICK, listing_ms=100))
    eth = InstrumentId("ETHUSDT@binance")

    def enough(events: list[Event]) -> bool:
        if isinstance(events[-1], Quote) and not server.switchboard.armed():
            server.switchboard.set(Fault(kind=Wrong.HALTED, venue="binance", where="BTCUSDT", times=0))
        return any(isinstance(each, LinkChanged) and each.feed == BTC for each in events)

    events = await heard(source, (f.QuoteFeed(BTC), f.QuoteFeed(eth)), enough)
    state = State(list(await source.instruments()), {})
    for event in events:
        state.apply(event, getattr(event, "ts", 1))
    at = max(event.ts for event in events)  # type: ignore[union-attr]
    limits = _limits()
    assert "halted" in (staleness(state, BTC, limits, at) or "")
    assert "halted" not in (staleness(state, eth, limits, at) or "")


def _limits() -> RiskSettings:
    from tradecli.config.loading import load

    return load("demo").risk


# -- clock and processes -----------------------------------------------------------------------------------------------


@pytest.mark.asyncio
@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "deribit"])
async def test_c01_a_clock_that_is_off_is_measured(venue: str, server: Loopback, market: Make) -> None:
    server.switchboard.set(Fault(kind=Wrong.SKEW, venue=venue, skew_ms=30_000))
    found = await market(venue).client.measure_clock()
    assert abs(found.offset_ms - 30_000) <= 100 + found.round_trip_ms


_WINDOW = Allowance(1_000, 3_600_000)


def _spend(path: str, gate: Any, result: Any) -> None:
    budget, taken = SharedBudget(Path(path)), 0
    gate.wait()
    for _ in range(300):
        taken += budget.take("binance", _WINDOW, 5, Priority.HISTORY, 7_200_000) == 0
    result.put(taken)


def test_m12_processes_share_one_budget_and_cancels_still_pass(tmp_path: Path) -> None:
    path = tmp_path / "budget.db"
    SharedBudget(path).take("binance", _WINDOW, 5, Priority.HISTORY, 7_200_000)
    spawn = multiprocessing.get_context("fork")
    gate, result = spawn.Event(), spawn.Queue()
    processes = [spawn.Process(target=_spend, args=(str(path), gate, result)) for _ in range(3)]
    for process in processes:
        process.start()
    gate.set()
    taken = sum(result.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert (taken + 1) * 5 == 500
    budget = SharedBudget(path)
    assert budget.take("binance", _WINDOW, 5, Priority.HISTORY, 7_200_000) > 0
    assert budget.take("binance", _WINDOW, 5, Priority.LIVE, 7_200_000) == 0
    assert budget.take("binance", _WINDOW, 5, Priority.CANCEL, 7_200_000) == 0
    budget.close()


@pytest.mark.asyncio
@pytest.mark.parametrize(("wrong", "status"), [(Wrong.TOO_MANY, 429), (Wrong.BANNED, 418)])
async def test_v05_v06_a_venue_that_says_stop_is_left_alone_until_then_by_every_process(
    wrong: Wrong, status: int, server: Loopback, market: Make, tmp_path: Path
) -> None:
    source = market("binance")
    await source.instruments()
    source.client.budget = SharedBudget(tmp_path / "budget.db")
    server.switchboard.set(Fault(kind=wrong, venue="binance", where="*time*", seconds=77))
    asked = Question(kind=Kind.TIME)
    with pytest.raises(RateLimited) as slowed:
        await source.client.ask(asked)
    assert slowed.value.retry_after_s == 77 and str(status) in slowed.value.message
    seen = len(server.seen)
    with pytest.raises(RateLimited):
        await source.client.ask(asked, Priority.CANCEL)
    assert len(server.seen) == seen
    stop = SharedBudget(tmp_path / "budget.db").stopped("binance", source.client.clock.now())
    assert isinstance(stop, Stop) and stop.until > source.client.clock.now() + 70_000


@pytest.mark.asyncio
async def test_v07_a_venue_under_maintenance_is_unavailable_and_comes_back(
    server: Loopback, market: Make
) -> None:
    source = market("okx")
    await source.instruments()
    server.switchboard.set(Fault(kind=Wrong.MAINTENANCE, venue="okx"))
    with pytest.raises(VenueError):
        await source.client.ask(Question(kind=Kind.TIME))
    server.switchboard.clear("okx")
    assert await source.client.ask(Question(kind=Kind.TIME))


@pytest.mark.asyncio
async def test_prices_come_over_http_while_a_socket_cannot_be_opened(server: Loopback, market: Make) -> None:
    source = market("binance")
    await source.instruments()

    def cannot(*_: Any, **__: Any) -> Any:
        raise OSError("no route to the host")

    source.client.transport.exchange.session.ws_connect = cannot
    try:
        events = await heard(
            source, (*PRICES, f.MarkFeed(BTC)), lambda events: _kinds(events) >= {Quote, Book, MarkPrice}
        )
    finally:
        del source.client.transport.exchange.session.ws_connect
    assert not links(events, up=True) and "asked for over HTTP" in links(events, up=False)[0].reason


def _kinds(events: list[Event]) -> set[type]:
    return {type(each) for each in events}
