"""Live markets end to end: the console's own wiring and the real clients, with loopback venues for a network."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.fakes.limits import limits
from tests.fakes.paper_engine import order, until
from tradecli.config import folders
from tradecli.domain.enums import Mode, Side
from tradecli.domain.feed import DAY_MS, HOUR_MS, MINUTE_MS, BookFeed, CandleFeed, Feed, FundingFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Candle
from tradecli.engine.clock import SystemClock
from tradecli.engine.session import EngineSession
from tradecli.engine.snapshot import FeedState, Snapshot
from tradecli.errors import UsageError
from tradecli.store.market import MarketStore
from tradecli.venues.ccxt.joined import JoinedMarket
from tradecli.venues.ccxt.streams import Streams
from tradecli.venues.loopback.faults import Fault
from tradecli.venues.loopback.faults import Kind as Wrong
from tradecli.venues.loopback.floor import Floor, opening
from tradecli.venues.loopback.server import Loopback
from tradecli.wiring import assess_once, live_session
from tradecli.wiring.live import PORT_FILE, network
from tradecli.wiring.pulling import Pull, pull

CONFIG = f"""
[run]
venues = ["binance"]
symbols = ["BTCUSDT"]
[profiles.rehearsal]
mode = "rehearsal"
{limits(10_000)}[inventory]
total_capital = 100000
"""


class Served:
    """A loopback server on a thread of its own."""

    def __init__(self) -> None:
        self.port = 0
        self.server: Loopback | None = None
        self._ready = threading.Event()
        self._end: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    async def _main(self) -> None:
        now, done, loop = SystemClock().now, asyncio.Event(), asyncio.get_running_loop()
        self.server = Loopback(Floor(7, now, start=opening(now())))
        self.port = await self.server.start()
        self._end = lambda: loop.call_soon_threadsafe(done.set)  # type: ignore[assignment, return-value]
        self._ready.set()
        await done.wait()
        await self.server.stop()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._end()
            self._thread.join(20)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = folders.made(tmp_path / "config" / "tradecli") / "config.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    found = Served()
    found.start()
    folder = folders.made(folders.profile_dir("rehearsal"))
    (folder / PORT_FILE).write_text(str(found.port))
    yield found
    found.stop()


def test_a_session_shows_live_prices_says_so_when_they_stop_and_signs_nothing(served: Served) -> None:
    session = live_session(profile="rehearsal")
    try:
        bitcoin = InstrumentId("BTCUSDT@binance")
        shot = until(session, lambda shot: bool(shot.quotes) and session.book(bitcoin) is not None)
        assert shot.mode is Mode.REHEARSAL
        _imbalance_streams(session, bitcoin)
        assert served.server is not None and served.server.signed_requests == 0
        served.stop()
        shot = until(session, lambda shot: any(not feed.up for feed in shot.feeds))
        down = next(feed for feed in shot.feeds if not feed.up)
        assert down.venue == "binance" and down.reason
    finally:
        session.stop("leave")
        assert session.join(60)
    store = folders.market_file(Mode.REHEARSAL, "rehearsal")
    kinds = {row.kind for row in asyncio.run(_coverage(store))}
    assert {"Quote", "BookDelta"} <= kinds


def _imbalance_streams(session: EngineSession, instrument: InstrumentId) -> None:
    """See the imbalance of the live book follow the screen, while its recorded turn comes with the cycle."""
    key = ("flow.imbalance", instrument)
    seen: dict[int, int] = {}

    def look(shot: Snapshot) -> bool:
        found = session.report(*key)
        if found is not None and found.report.as_of is not None and found is not shot.reports.get(key):
            assert session.snapshot().at - found.at < 1_000
            seen[found.report.as_of] = found.at
        return len(seen) >= 5

    until(session, look)
    times = sorted(seen.values())
    assert times[-1] - times[0] < 20_000, "not one in a minute"


async def _coverage(path: Path) -> list[object]:
    async with await MarketStore.open(path, writable=False) as store:
        return list(await store.coverage())


def test_v07_n04_a_venue_that_hangs_and_refuses_at_the_start_is_asked_again_and_joins_with_its_past(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradecli.venues.ccxt.joined.AGAIN_S", (0.2,))
    monkeypatch.setattr("tradecli.wiring.parts.declared_feeds", _an_hour)
    path = folders.config_file()
    path.write_text(path.read_text().replace('["binance"]', '["binance", "okx"]'))
    assert served.server is not None
    switch, listing = served.server.switchboard, "*public/instruments*"
    switch.set(Fault(kind=Wrong.HANG, venue="okx", where=listing))
    switch.set(Fault(kind=Wrong.UNAVAILABLE, venue="okx", where=listing, times=0))
    ours, late = InstrumentId("BTCUSDT@binance"), InstrumentId("BTCUSDT@okx")
    with monkeypatch.context() as hurried:
        hurried.setattr("tradecli.venues.ccxt.transport.TIMEOUT_MS", 1_500)
        session = live_session(profile="rehearsal")
    try:
        shot = until(session, lambda shot: ours in shot.quotes and not okx(shot).up)
        assert "cannot be reached (503)" in okx(shot).reason or "asked again" in okx(shot).reason
        assert session.instrument(late) is None and late not in shot.quotes
        switch.clear("okx")
        until(session, lambda shot: okx(shot).up and late in shot.quotes)
        until(session, lambda _: len(session.candles(late, MINUTE_MS).ts) > 50)
        asked = msgspec.structs.replace(order(Side.BUY, "0.02"), instrument=late)
        until(session, lambda _: session.preview(asked).refused is None)
        session.submit(asked)
        until(session, lambda shot: any(each.instrument == late for each in shot.fills))
    finally:
        session.stop("leave")
        assert session.join(60)


def _an_hour(_: object, watched: tuple[InstrumentId, ...]) -> tuple[Feed, ...]:
    """Return a past that is read quickly, in place of the year that topics declare."""
    return tuple(CandleFeed(each, MINUTE_MS, 60) for each in watched)


def okx(shot: Snapshot) -> FeedState:
    return next(each for each in shot.feeds if each.venue == "okx")


def test_every_book_message_that_a_session_took_is_on_its_tape_to_the_last(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    tap, close = Streams.tap, JoinedMarket.close

    def tapped(self: Streams, url: str, data: str | bytes) -> bool:
        heard = tap(self, url, data)
        message = json.loads(data)
        if message.get("e") == "depthUpdate":
            taken.append(message["u"])
        return heard

    async def slowly(self: JoinedMarket) -> None:
        """Let some messages come between the end of the run and the end of the sockets."""
        before = len(taken)
        while len(taken) < before + 3:  # noqa: ASYNC110 - what comes is counted on this loop
            await asyncio.sleep(0.01)
        await close(self)

    monkeypatch.setattr("tradecli.wiring.parts.declared_feeds", _an_hour)
    monkeypatch.setattr(Streams, "tap", tapped)
    session = live_session(profile="rehearsal")
    monkeypatch.setattr(JoinedMarket, "close", slowly)
    until(session, lambda _: len(taken) > 5)
    session.stop("leave")
    assert session.join(60)
    tape = asyncio.run(_books(folders.market_file(Mode.REHEARSAL, "rehearsal")))
    snapshots = {each.last_id for each in tape if each.is_snapshot}
    assert [each.last_id for each in tape if not each.is_snapshot] == taken and snapshots


async def _books(path: Path) -> list[BookDelta]:
    async with await MarketStore.open(path, writable=False) as store:
        feed = BookFeed(InstrumentId("BTCUSDT@binance"))
        return [each async for each in store.read(feed, 0, 1 << 62) if isinstance(each, BookDelta)]


def test_one_answer_asks_the_venues_and_keeps_what_it_asked(served: Served) -> None:
    found = assess_once(
        profile="rehearsal",
        config_path=None,
        db=None,
        component="funding",
        topic="rates",
        symbols=("BTCUSDT",),
        venues=("binance", "okx", "bybit"),
        query={},
        at=None,
        offline=False,
        seed=None,
    )
    assert found.mode is Mode.REHEARSAL
    late = {
        warning.partition(":")[0] for warning in found.warnings
    }  # a busy machine may be slower than a deadline
    answered = [venue for venue in ("binance", "okx", "bybit") if venue not in late]
    assert len(found.reports) >= len(answered) >= 1
    store = folders.market_file(Mode.REHEARSAL, "rehearsal")
    subjects = {row.subject for row in asyncio.run(_coverage(store))}  # type: ignore[attr-defined]
    assert {f"BTCUSDT@{venue}" for venue in answered} <= subjects


def test_a_pull_that_is_made_again_asks_for_nothing_that_is_there(served: Served) -> None:
    now = SystemClock().now()
    until_ms = now - now % HOUR_MS
    what = Pull(
        mode=Mode.REHEARSAL,
        profile="rehearsal",
        store=folders.market_file(Mode.REHEARSAL, "rehearsal"),
        feeds=[CandleFeed(InstrumentId("BTCUSDT@binance"), HOUR_MS)],
        since=until_ms - 48 * HOUR_MS,
        until=until_ms,
    )
    told: list[float] = []
    first = pull(what, lambda _, share: told.append(share))
    assert [(row.new, row.complete) for row in first] == [(48, True)] and told[-1] == 1.0
    assert served.server is not None
    asked = sum(each.path.endswith("/klines") for each in served.server.seen)
    again = pull(what, lambda *_: None)
    assert [(row.new, row.complete) for row in again] == [(0, True)]
    assert sum(each.path.endswith("/klines") for each in served.server.seen) == asked


def test_a_series_that_no_venue_lists_says_so_and_leaves_the_others_alone(served: Served) -> None:
    now = SystemClock().now()
    what = Pull(
        mode=Mode.REHEARSAL,
        profile="rehearsal",
        store=folders.market_file(Mode.REHEARSAL, "rehearsal"),
        feeds=[
            CandleFeed(InstrumentId("NOSUCH@binance"), HOUR_MS),
            CandleFeed(InstrumentId("BTCUSDT@binance"), HOUR_MS),
        ],
        since=now - 5 * HOUR_MS,
        until=now,
    )
    rows = pull(what, lambda *_: None)
    assert [row.complete for row in rows] == [False, True]
    assert "not listed" in rows[0].reason


def test_coins_are_not_pulled_into_a_series_that_is_stored_in_contracts(served: Served) -> None:
    now, coin = SystemClock().now(), InstrumentId("BTCUSD.inverse@binance")
    start = now - now % HOUR_MS - 48 * HOUR_MS
    store = folders.market_file(Mode.REHEARSAL, "rehearsal")
    old = [Candle(coin, start + i * HOUR_MS, HOUR_MS, 10, 12, 9, 11, 206.0 + i) for i in range(9)]

    async def keep() -> None:
        async with await MarketStore.open(store) as history:
            await history.write(old)

    asyncio.run(keep())
    feeds = [CandleFeed(coin, HOUR_MS), FundingFeed(coin)]
    what = Pull(
        mode=Mode.REHEARSAL, profile="rehearsal", store=store, feeds=feeds, since=start, until=start + DAY_MS
    )
    bars, funding = pull(what, lambda *_: None)
    assert (bars.rows, bars.complete) == (0, False) and "in contracts" in bars.reason
    assert funding.complete


def test_a_rehearsal_without_its_server_is_told_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no loopback server"):
        network(Mode.REHEARSAL, "rehearsal")
    assert network(Mode.PAPER, "paper") is None
