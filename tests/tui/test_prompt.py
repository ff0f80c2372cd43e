"""The command line in the console: every command, run as a process of its own, its answer shown as text."""

from __future__ import annotations

import asyncio

import pytest
from textual.pilot import Pilot

from tests.fakes.session import FakeSession
from tests.tui.conftest import opened, settled, text_of
from tradecli import __version__
from tradecli.tui.prompt import PromptDialog, commands, matching


async def answered(pilot: Pilot[None]) -> PromptDialog:
    """Wait until the command that runs has ended and its answer is drawn."""
    dialog = pilot.app.screen
    assert isinstance(dialog, PromptDialog)
    # The thread that waits for the process knows no event of this loop.
    while dialog.is_busy:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await settled(pilot)
    return dialog


def test_every_rendered_command_is_known_and_groups_are_not() -> None:
    known = commands()
    assert {"vol show", "kill halt", "status", "orders list"} <= set(known)
    assert "vol" not in known and "tradecli" not in known
    assert known["vol show"] == "Composite volatility and its parts."


def test_what_begins_with_the_words_comes_before_what_only_holds_their_letters() -> None:
    among = ["orders list", "vol grid", "vol show", "positions show"]
    assert matching("vol ", among) == ["vol grid", "vol show"]
    assert matching("pshow", among) == ["positions show"]
    assert matching("zzz", among) == []


@pytest.mark.asyncio
async def test_a_typed_command_is_run_and_its_answer_and_exit_code_are_shown(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("colon", *"version", "enter")
        await answered(pilot)
        shown = text_of(pilot.app)
        assert __version__ in shown and "exit code 0" in shown


@pytest.mark.asyncio
async def test_a_command_that_needs_an_answer_does_not_wait_for_one(session: FakeSession) -> None:
    async with opened(session, flags=["--profile", "demo"]) as pilot:
        await pilot.press("colon", *"tui", "enter")
        await answered(pilot)
        assert "exit code 2" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_a_quotation_that_does_not_end_is_said_and_nothing_runs(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("colon", *"vol show ", "quotation_mark", "x", "enter")
        await settled(pilot)
        assert "No closing quotation" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_tab_completes_and_the_first_offer_is_shown(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("colon", *"vol sh")
        await settled(pilot)
        assert "Composite volatility and its parts." in text_of(pilot.app)
        await pilot.press("tab")
        await settled(pilot)
        assert "tradecli vol show ▏" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_what_a_command_prints_is_shown_literally(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("colon")
        dialog = pilot.app.screen
        assert isinstance(dialog, PromptDialog)
        dialog.show_answer(0, "[bold]x[/] \x1b[31mred")
        await settled(pilot)
        shown = text_of(pilot.app)
        assert "[bold]x[/]" in shown and "\x1b" not in shown


@pytest.mark.asyncio
async def test_read_only_runs_no_command(session: FakeSession) -> None:
    async with opened(session, read_only=True) as pilot:
        await pilot.press("colon")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, PromptDialog)
        offered = [each.title for each in pilot.app.get_system_commands(pilot.app.screen)]
        assert "vol show" not in offered


@pytest.mark.asyncio
async def test_the_palette_offers_every_command(session: FakeSession) -> None:
    async with opened(session) as pilot:
        offered = {each.title: each for each in pilot.app.get_system_commands(pilot.app.screen)}
        assert set(commands()) <= set(offered)
        offered["vol show"].callback()
        await settled(pilot)
        assert "tradecli vol show ▏" in text_of(pilot.app)
