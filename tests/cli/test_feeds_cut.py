"""With every feed cut: what is shown says how old it is, nothing can be ordered within the deadline, and a one-shot
answer that may not be old ends with 6.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_rehearse import CONFIG
from tradecli.config import folders
from tradecli.domain.enums import OrderType, Side
from tradecli.domain.order import OrderRequest
from tradecli.tui.app import Console
from tradecli.tui.keys import SCREENS
from tradecli.tui.look import Rests
from tradecli.venues.loopback.faults import Fault, Kind
from tradecli.wiring import live_session
from tradecli.wiring.rehearsal import rehearsing

QUOTE_AGE_S = 2.0
SLACK_S = 4.0
"""How much later than its deadline a busy machine may notice."""


@pytest.fixture
def configured(home: Path) -> Path:
    folder = folders.made(home / "config" / "tradecli")
    (folder / "config.toml").write_text(CONFIG + f"max_quote_age_s = {QUOTE_AGE_S}\n")
    return home


def wait_for(what: Callable[[], Any], seconds: float) -> float:
    """Return after how many seconds ``what`` was true; fail when it was not in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if what():
            return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def settled(count: Callable[[], int], seconds: float = 90.0) -> None:
    """Wait until a count stands still for two seconds."""
    last, since = -1, time.monotonic()

    def still() -> bool:
        nonlocal last, since
        now = count()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 2.0

    wait_for(still, seconds)


def order(instrument: Any) -> OrderRequest:
    return OrderRequest(
        instrument=instrument,
        side=Side.BUY,
        qty=Decimal("0.002"),
        type=OrderType.MARKET,
        source="manual",
    )


def test_n05_with_every_feed_cut_all_says_its_age_and_no_symbol_can_be_traded_within_its_deadline(
    run: Run, configured: Path
) -> None:
    with rehearsing("rehearsal", seed=5) as rehearsal:
        session = live_session(profile="rehearsal")
        try:
            wait_for(lambda: len(session.snapshot().quotes) >= 3, 60)
            instruments = sorted(session.snapshot().quotes)
            early = session.preview(order(instruments[0])).refused or ""
            assert "warming up: the past is still being read" in early

            def closed() -> list[str]:
                refusals = (session.preview(order(each)).refused or "" for each in instruments)
                return [text for text in refusals if "old" in text or "down" in text]

            wait_for(lambda: not closed(), 30)
            settled(lambda: rehearsal.asked().requests)  # the past is read: from now on time is told
            for venue in ("binance", "okx", "bybit", "deribit"):
                for kind in (Kind.SILENT, Kind.UNAVAILABLE):
                    rehearsal.strike(Fault(kind=kind, venue=venue, times=0))
            took = wait_for(lambda: len(closed()) == len(instruments), QUOTE_AGE_S + SLACK_S)
            print(f"closed {len(instruments)} instruments {took:.1f} s after the cut")

            wait_for(
                lambda: any("old" in each.text or "down" in each.text for each in session.snapshot().told), 20
            )
            wait_for(lambda: not any(f.is_fine for f in session.snapshot().feeds if f.has_prices), SLACK_S)
            shot = session.snapshot()
            assert all(shot.at - quote.ts > 1_000 for quote in shot.quotes.values())
            assert all(not each.up or each.age_ms is None or each.age_ms > 1_000 for each in shot.feeds)
            asyncio.run(_every_screen_says_so(session))
            wait_for(lambda: _oldest(run) > QUOTE_AGE_S, 10)
            for line in ("status", "positions list"):
                assert run(*line.split(), "--profile", "rehearsal", "--max-age", "2s").code == 6
            asked = ("flow", "imbalance", "BTCUSDT", "--profile", "rehearsal", "--max-age", "2s")
            assert run(*asked).code == 5  # nobody answers
            assert run(*asked, "--offline").code == 6  # what was recorded is older than that
        finally:
            session.stop("leave")
        assert rehearsal.asked().signed_requests == 0


async def _every_screen_says_so(session: Any) -> None:
    """Walk through the screens of a console over the session: what rests on the market says that it is old."""
    app = Console(lambda: session)
    async with app.run_test(size=(220, 55)) as pilot:
        while app.session is None:  # noqa: ASYNC110 - it is built by a thread
            await asyncio.sleep(0.05)
        told = 0
        for screen in SCREENS:
            await pilot.press(screen)
            await pilot.pause(0.3)
            for panel in app.area.panels.values():
                if panel.display and panel.rests_on(app.look) is Rests.FOCUS:
                    told += 1
                    assert " old" in "".join(part.text for part in panel.status), (screen, panel.name)
        assert told >= 15


def _oldest(run: Run) -> float:
    answer = run("status", "--profile", "rehearsal", "--format", "json")
    return float(answer.data[0]["feeds"]["oldest_age_s"] or 0.0)
