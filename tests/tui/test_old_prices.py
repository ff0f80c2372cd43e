"""When prices stop, nothing on any screen goes on looking as if it were of this moment (U05, D07, N05).

The panels are those of the layouts, and what rests on the market is found by moving the market: a new panel is held to
the same without being named here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.components.vol.test_cone import assess as assess_cone
from tests.components.vol.test_show import view
from tests.fakes.session import IDS, FakeSession
from tests.tui.conftest import opened, settled, text_of
from tests.tui.test_vol_panels import SURFACE
from tradecli.domain.market import Book
from tradecli.domain.series import CandleSeries, TradeSeries
from tradecli.engine.snapshot import Reported, Snapshot
from tradecli.present.blocks import Cell, Facts, Panel
from tradecli.tui.face import built_topics
from tradecli.tui.keys import SCREENS
from tradecli.tui.look import Look
from tradecli.tui.screens import LAYOUTS, make
from tradecli.tui.tiles import names

PANELS = sorted({name for layouts in LAYOUTS.values() for tree in layouts.values() for name in names(tree)})
OURS = {"blotter", "order", "fills", "cycles", "decision", "limits", "events", "engine"}
"""What shows our orders, our decisions and the log: with their own times, and no price of the market."""
CUT_MS = 600_000
CONE, SURFACE_OF = "vol.cone", "vol.surface"


def topics() -> dict[str, Any]:
    """Return the topics of every component, each drawing its report as one number."""

    def present(report: Any) -> Panel:
        return Panel(title="", blocks=(Facts((("value", Cell(f"{report.value:.4f}")),)),))

    return {key: msgspec.structs.replace(topic, present=present) for key, topic in built_topics().items()}


TOPICS = topics()


class Market(FakeSession):
    """A session whose market stands ``factor`` times as high as it did, and was heard ``silent_ms`` ago."""

    def __init__(self, factor: float = 1.0, silent_ms: int = 0) -> None:
        super().__init__()
        self.factor = factor
        self.silent_ms = silent_ms

    def snapshot(self) -> Snapshot:
        shot = super().snapshot()
        at, f = shot.at + self.silent_ms, self.factor
        quotes = {
            each: msgspec.structs.replace(quote, bid=quote.bid * f, ask=quote.ask * f)
            for each, quote in shot.quotes.items()
        }
        moved = {name: getattr(shot, name) for name in ("equity", "pnl_day")}
        return msgspec.structs.replace(
            shot,
            at=at,
            quotes=quotes,
            closes={
                each: tuple(c * (f if i % 2 else 1) for i, c in enumerate(closes))
                for each, closes in shot.closes.items()
            },
            equity_curve=tuple(c * (f if i % 2 else 1) for i, c in enumerate(shot.equity_curve)),
            drawdown_pct=(shot.drawdown_pct or 0) * f,
            strategies=tuple(
                msgspec.structs.replace(each, pnl_day=each.pnl_day * int(f)) for each in shot.strategies
            ),
            feeds=tuple(
                msgspec.structs.replace(each, age_ms=(each.age_ms or 0) + self.silent_ms)
                for each in shot.feeds
            ),
            reports=self._reports(at),
            **{name: value * int(f) for name, value in moved.items()},
        )

    def _reports(self, at: int) -> dict[Any, Reported]:
        """Return newly made reports: the engine goes on although the market does not."""
        made: dict[Any, Reported] = {}
        for key, topic in TOPICS.items():
            for focus in (None, IDS[0]):
                report: Any = SimpleNamespace(value=self.factor, topic=topic.name)
                made[(key, focus)] = Reported(report, at)
        cone = assess_cone(view())
        lines = tuple(
            msgspec.structs.replace(each, now=(each.now or 0.5) * self.factor) for each in cone.lines
        )
        made[(CONE, IDS[0])] = Reported(msgspec.structs.replace(cone, lines=lines), at)
        smiles = tuple(
            msgspec.structs.replace(each, atm=(each.atm or 0.5) * self.factor) for each in SURFACE.expiries
        )
        chain = at - self.silent_ms
        made[(SURFACE_OF, IDS[0])] = Reported(
            msgspec.structs.replace(SURFACE, expiries=smiles, as_of=chain), at
        )
        del made[("vol.forecast", IDS[0])]
        return made

    def book(self, instrument: Any) -> Book | None:
        book = super().book(instrument)
        return None if book is None else msgspec.structs.replace(book, tick=book.tick * self.factor)

    def candles(self, instrument: Any, interval_ms: int) -> CandleSeries:
        found = super().candles(instrument, interval_ms)
        f = self.factor
        return CandleSeries(
            interval_ms,
            found.ts,
            found.open * f,
            found.high * f,
            found.low * f,
            found.close * f,
            found.volume,
        )

    def trades(self, instrument: Any) -> TradeSeries:
        found = super().trades(instrument)
        return TradeSeries(found.ts, found.price * self.factor, found.qty, found.sign)


def drawn(name: str, session: Market) -> str:
    """Return all text of a panel: its lines, and the status in its frame."""
    panel = make(name)
    look = Look(session.snapshot(), session, IDS[0], TOPICS, 0, False)
    lines = panel.content(look, 70, 40)
    return "\n".join("".join(part.text for part in each) for each in (*lines, panel.status))


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_that_the_market_moves_says_how_old_its_prices_are_once_they_stop(name: str) -> None:
    moves = drawn(name, Market()) != drawn(name, Market(factor=2.0))
    assert moves is (name not in OURS | {"feeds"}), (
        "a new panel: does it show the market, or only what is ours?"
    )
    silent = drawn(name, Market(silent_ms=CUT_MS))
    if moves or name == "feeds":
        assert "10m" in silent, silent


@pytest.mark.parametrize("name", ["watch", "positions", "ladder"])
def test_a_price_past_its_limit_is_unknown_and_not_the_last_one(name: str) -> None:
    session = Market(silent_ms=CUT_MS)
    last = f"{session.mid(IDS[0]):.1f}"
    assert last in drawn(name, Market()) or name == "ladder"
    silent = drawn(name, session)
    assert last not in silent and ("—" in silent or "nothing is priced from it" in silent)


@pytest.mark.parametrize("name", [name for name in PANELS if name not in OURS])
def test_fresh_prices_are_not_called_old(name: str) -> None:
    fresh = drawn(name, Market())
    assert " old" not in fresh and "stale" not in fresh


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(100, 30), (220, 55)])
async def test_on_every_screen_the_age_fits_into_the_frame(size: tuple[int, int]) -> None:
    async with opened(Market(silent_ms=CUT_MS), size, topics=lambda: TOPICS) as pilot:
        app: Any = pilot.app
        for screen in SCREENS:
            await pilot.press(screen)
            await settled(pilot)
            shown = text_of(app)
            assert "feeds 0/2 !" in shown
            for panel in app.area.panels.values():
                if panel.display and panel.rests_on(app.look).value != "nothing":
                    frame = "".join(segment.text for segment in panel.render_line(0))
                    assert "10m old" in frame, (screen, panel.name, frame)


@pytest.mark.asyncio
async def test_when_the_engine_itself_falls_silent_the_console_says_for_how_long_until_it_speaks_again() -> (
    None
):
    session = FakeSession()
    shot = session.snapshot()
    session.snapshot = lambda: shot  # type: ignore[method-assign]
    async with opened(session) as pilot:
        app: Any = pilot.app
        for _ in range(7 * app.fps):
            app.tick()
        await pilot.pause()
        assert "the engine has said nothing for 7 s: all that is shown is as old" in text_of(app)
        session.snapshot = lambda: msgspec.structs.replace(shot, at=shot.at + 7_000)  # type: ignore[method-assign]
        await settled(pilot)
        assert "said nothing" not in text_of(app)
