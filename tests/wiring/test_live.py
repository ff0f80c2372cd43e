"""Live markets end to end: the console's own wiring and the real clients, with loopback venues for a network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.limits import limits
from tests.fakes.paper_engine import until
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.domain.feed import HOUR_MS, CandleFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.engine.clock import SystemClock
from tradecli.errors import UsageError
from tradecli.store.market import MarketStore
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


async def _coverage(path: Path) -> list[object]:
    async with await MarketStore.open(path, writable=False) as store:
        return list(await store.coverage())


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


def test_a_rehearsal_without_its_server_is_told_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="no loopback server"):
        network(Mode.REHEARSAL, "rehearsal")
    assert network(Mode.PAPER, "paper") is None
