"""What writes asks first: the ticket, the cancel question and the kill dialog, to the request they make."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.fakes.session import IDS, FakeSession
from tests.tui.conftest import opened, settled, text_of
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, OrderType, ScopeKind, Side
from tradecli.domain.order import OrderRequest


async def previewed(pilot: Pilot[None], session: FakeSession, times: int) -> None:
    """Wait until the ticket asked the session that many times and drew the answer."""
    for _ in range(500):
        if sum(call[0] == "preview" for call in session.calls) >= times:
            break
        await pilot.pause()
        await asyncio.sleep(0)
    await pilot.app.workers.wait_for_complete()
    await settled(pilot)


def submitted(session: FakeSession) -> list[OrderRequest]:
    return [call[1] for call in session.calls if call[0] == "submit"]


@pytest.mark.asyncio
async def test_the_ticket_shows_what_the_engine_says_and_sends_only_after_y(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("n", "0", "full_stop", "0", "5")
        await previewed(pilot, session, 1)
        shown = text_of(pilot.app)
        for part in (
            "Ticket (DEMO)",
            "executable 0.050",
            "0.60 USDT",
            "largest allowed now",
            "symbol limit",
            "11.1%",
        ):
            assert part in shown, part
        await pilot.press("enter")
        await settled(pilot)
        shown = text_of(pilot.app)
        assert (
            "DEMO ▒" in shown
            and "venue    binance" in shown
            and "qty      0.050" in shown
            and "notional" in shown
        )
        await pilot.press("enter", "enter")
        assert not submitted(session), "Enter never confirms"
        await pilot.press("y")
        await settled(pilot)
        [request] = submitted(session)
        assert request.instrument == IDS[0] and request.side is Side.BUY and request.qty == Decimal("0.05")
        assert request.type is OrderType.LIMIT and request.source == "manual"
        assert len(pilot.app.screen_stack) == 1


@pytest.mark.asyncio
async def test_a_refused_order_names_its_code_and_cannot_be_sent(session: FakeSession) -> None:
    session.refusal = "symbol limit: 11.1% of equity is over 10%"
    async with opened(session) as pilot:
        await pilot.press("n", "9")
        await previewed(pilot, session, 1)
        assert "E-RISK-103" in text_of(pilot.app)
        await pilot.press("enter", "y", "y")
        await settled(pilot)
        assert not submitted(session)


@pytest.mark.asyncio
async def test_what_is_no_number_is_never_asked_about(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("n", *"1e", "x", "enter", "y")
        await settled(pilot)
        assert "plain decimal number" in text_of(pilot.app)
        assert not submitted(session)


@pytest.mark.asyncio
async def test_an_answer_about_a_quantity_that_was_deleted_cannot_be_sent(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("n", "9")
        await previewed(pilot, session, 1)
        await pilot.press("backspace", "enter")
        await settled(pilot)
        assert "type a quantity" in text_of(pilot.app) and len(pilot.app.screen_stack) == 2
        await pilot.press("y")
        assert not submitted(session)


@pytest.mark.asyncio
async def test_equals_takes_the_largest_size_that_is_allowed(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("n", "9")
        await previewed(pilot, session, 1)
        await pilot.press("equals_sign")
        await previewed(pilot, session, 2)
        asked = [call[1] for call in session.calls if call[0] == "preview"]
        assert asked[-1].qty == Decimal("0.0318")


@pytest.mark.asyncio
async def test_a_live_order_needs_the_typed_word() -> None:
    session = FakeSession(Mode.LIVE)
    async with opened(session) as pilot:
        await pilot.press("n", "1")
        await previewed(pilot, session, 1)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("y", "enter")
        assert not submitted(session)
        await pilot.press("backspace", *"send", "enter")
        await settled(pilot)
        assert len(submitted(session)) == 1


@pytest.mark.asyncio
async def test_cancel_asks_about_the_selected_order_and_names_it(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("8")
        await settled(pilot)
        chosen = pilot.app.area.panels["blotter"].key  # type: ignore[attr-defined]
        await pilot.press("C")
        await settled(pilot)
        assert chosen in text_of(pilot.app) and "Cancel order" in text_of(pilot.app)
        await pilot.press("escape", "C", "y")
        await settled(pilot)
        assert session.writes == [("cancel", chosen, "asked on the console")]


async def _kill(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press("ctrl+k", *keys)
    await settled(pilot)


@pytest.mark.asyncio
async def test_the_kill_dialog_names_five_levels_and_does_nothing_before_its_last_line(
    session: FakeSession,
) -> None:
    async with opened(session) as pilot:
        await _kill(pilot)
        shown = text_of(pilot.app)
        assert all(level.value in shown for level in KillLevel) and "(20)" in shown
        await pilot.press("3", "enter", "y", "enter", "enter")
        await settled(pilot)
        assert not session.writes and "press y to cancel" in text_of(pilot.app)
        await pilot.press("y")
        assert session.writes == [("kill", KillLevel.CANCEL, Scope(), "y")]


@pytest.mark.asyncio
async def test_a_kill_without_a_reason_goes_no_further(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await _kill(pilot, "5", "enter", "space", "enter", "y")
        assert not session.writes


@pytest.mark.asyncio
async def test_a_kill_may_be_scoped_to_one_symbol(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await _kill(pilot, "right", "right", "enter", *"why", "enter", "y")
        assert session.writes == [("kill", KillLevel.PAUSE, Scope(ScopeKind.SYMBOL, "BNBUSDT"), "why")]


@pytest.mark.asyncio
async def test_a_live_kill_needs_the_typed_level() -> None:
    session = FakeSession(Mode.LIVE)
    async with opened(session) as pilot:
        await _kill(pilot, "4", "enter", *"why", "enter", "y", "enter")
        assert not session.writes
        await pilot.press("backspace", *"flatten", "enter")
        assert session.writes == [("kill", KillLevel.FLATTEN, Scope(), "why")]


@pytest.mark.asyncio
async def test_a_latch_is_shown_in_the_header_and_released_with_a_reason(session: FakeSession) -> None:
    session.latches = (Latch(level=KillLevel.REDUCE, scope=Scope(), reason="drill", by="operator", at=0),)
    async with opened(session) as pilot:
        assert "REDUCE all" in text_of(pilot.app).splitlines()[0]
        await _kill(pilot, "r", *"done", "enter", "y")
        assert session.writes == [("release", Scope(), "done")]


@pytest.mark.asyncio
async def test_a_release_that_is_refused_for_a_mismatch_says_so_and_stays_open(session: FakeSession) -> None:
    session.latches = (
        Latch(level=KillLevel.REDUCE, scope=Scope(), reason="drill", by="reconciliation", at=0),
    )
    session.differs = "not released: position BTCUSDT@binance: 1 here, 2 at binance"
    async with opened(session) as pilot:
        await _kill(pilot, "r", *"done", "enter", "y")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 2
        assert "1 here, 2 at binance" in text_of(pilot.app)
        await pilot.press("escape")
        assert len(pilot.app.screen_stack) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("opening", [("ctrl+k",), ("n",), ("question_mark",), ("slash",), ("ctrl+p",)])
async def test_escape_leaves_every_dialog(session: FakeSession, opening: Any) -> None:
    async with opened(session) as pilot:
        await pilot.press(*opening)
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 2
        await pilot.press("escape")
        await settled(pilot)
        assert len(pilot.app.screen_stack) == 1 and not session.writes
