"""The tour of a demo: one line at a time, true when it is shown, gone for good when it is not wanted."""

from __future__ import annotations

import msgspec
import pytest

from tests.fakes.session import FakeSession
from tests.tui.conftest import opened, settled, text_of
from tradecli.domain.enums import Mode, Severity
from tradecli.engine.snapshot import FeedState, Snapshot, Told
from tradecli.tui.lines import Line
from tradecli.tui.tour import Tour


def shot(session: FakeSession, **changes: object) -> Snapshot:
    session.changes = changes
    return session.snapshot()


def looks(tour: Tour, snapshot: Snapshot, count: int) -> list[str]:
    """Return what is said in ``count`` looks at the same snapshot."""
    said: list[Line | None] = [tour.look(snapshot) for _ in range(count)]
    return ["".join(part.text for part in line) for line in said if line]


QUIET = {"reports": {}, "orders": (), "fills": (), "told": (), "feeds": ()}
VOL = {("vol.show", None): None}
UP = FeedState(venue="okx", feed="all", up=True, age_ms=10)
DOWN = FeedState(venue="okx", feed="all", up=False, age_ms=9_000)


def test_nothing_is_said_before_it_is_true(session: FakeSession) -> None:
    tour = Tour()
    assert looks(tour, shot(session, **QUIET), 500) == []
    said = looks(tour, shot(session, **QUIET | {"reports": VOL}), 500)
    assert len(said) == 1 and "volatility is complete" in said[0]


def test_each_line_stays_long_enough_to_be_read_and_the_arrow_goes_on_at_once(session: FakeSession) -> None:
    tour = Tour()
    snapshot = shot(session, **QUIET | {"reports": VOL, "orders": session.snapshot().orders})
    assert looks(tour, snapshot, 47) == [] and len(looks(tour, snapshot, 1)) == 1
    assert looks(tour, snapshot, 40) == []
    tour.go_on()
    assert "the grid works" in looks(tour, snapshot, 1)[0]


def test_the_line_on_what_happened_comes_once_a_venue_that_was_silent_is_back(session: FakeSession) -> None:
    tour = Tour()
    assert looks(tour, shot(session, **QUIET | {"feeds": (UP,)}), 100) == []
    assert "fell silent" in looks(tour, shot(session, **QUIET | {"feeds": (UP, DOWN)}), 100)[0]
    back = Told(at=0, severity=Severity.NOTE, topic="feed", text="okx all feeds up")
    assert "what just happened" in looks(tour, shot(session, **QUIET | {"told": (back,)}), 100)[0]


def test_the_exits_are_shown_after_the_first_minute(session: FakeSession) -> None:
    tour = Tour()
    snapshot = shot(session, **QUIET)
    later = msgspec.structs.replace(snapshot, at=snapshot.at + 55_000)
    assert looks(tour, snapshot, 100) == [] and "config init" in looks(tour, later, 1)[0]


def test_no_other_mode_has_a_tour() -> None:
    paper = FakeSession(Mode.PAPER)
    assert looks(Tour(), paper.snapshot(), 1_000) == []


@pytest.mark.asyncio
async def test_escape_ends_the_tour_for_good(session: FakeSession) -> None:
    async with opened(session, (80, 24)) as pilot:
        await pilot.press("escape")
        for _ in range(60):
            pilot.app.tick()
        await settled(pilot)
        assert "→ · Esc" in text_of(pilot.app)
        await pilot.press("escape")
        for _ in range(200):
            pilot.app.tick()
        await settled(pilot)
        assert "→ · Esc" not in text_of(pilot.app)


@pytest.mark.asyncio
async def test_the_arrow_puts_a_line_away(session: FakeSession) -> None:
    async with opened(session) as pilot:
        for _ in range(60):
            pilot.app.tick()
        await settled(pilot)
        assert "→ · Esc" in text_of(pilot.app)
        session.changes = QUIET
        await pilot.press("right")
        await settled(pilot)
        assert "→ · Esc" not in text_of(pilot.app)
