"""U01, U02: words from outside are data. Nothing is parsed as markup, and no control character reaches the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.session import IDS, FakeSession
from tests.tui.conftest import opened, settled, text_of
from tradecli.components.base import Reach, Topic
from tradecli.engine.snapshot import Reported
from tradecli.present.blocks import Bars, Cell, Column, Facts, Notice, Panel, Spark, Table
from tradecli.tui.keys import SCREENS

HOSTILE = "[red]x[/] [link=y \x1b[31mred\x1b]0;t\x07 \u202eright\u2066 \ud83d\ufe0f\r\n\t\x00\x9b2J"


def _topic(reach: Reach) -> Topic:
    def present(report: Any) -> Panel:
        word = HOSTILE
        return Panel(
            title=word,
            status=word,
            blocks=(
                Facts(rows=((word, Cell(word)),)),
                Table(
                    columns=(Column(name=word), Column(name="b", unit=word)), rows=((Cell(word), Cell("1")),)
                ),
                Spark(label=word, values=(1.0, None, 2.0), low=word, high=word, last=word),
                Bars(rows=((word, 0.5, Cell(word)),)),
                Notice(text=word),
            ),
        )

    return Topic(name="show", summary="", report=str, assess=lambda *_: None, present=present, reach=reach)


def is_harmless(text: str) -> bool:
    """Say whether nothing in ``text`` can steer a terminal or turn its direction."""
    banned = {
        *range(0x0A),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    }
    return not any(ord(c) in banned for c in text)


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (220, 55)])
async def test_u01_u02_hostile_words_are_shown_and_do_nothing_on_every_screen(size: tuple[int, int]) -> None:
    session = FakeSession(hostile=HOSTILE)
    topics = {
        key: _topic(Reach.PORTFOLIO if key in ("inventory.show", "hedge.greeks") else Reach.INSTRUMENT)
        for key in (
            "vol.show",
            "vol.grid",
            "signals.show",
            "hedge.greeks",
            "funding.rates",
            "flow.imbalance",
            "inventory.show",
        )
    }
    at = session.snapshot().at
    session.reports = {
        (key, None if topic.reach is Reach.PORTFOLIO else IDS[0]): Reported("r", at)
        for key, topic in topics.items()
    }
    async with opened(session, size, topics=lambda: topics) as pilot:
        for screen in SCREENS:
            await pilot.press(screen)
            await settled(pilot)
            for _ in pilot.app.area.order:
                await pilot.press("tab")
                await settled(pilot)
                assert is_harmless(text_of(pilot.app)), screen
                if not pilot.app.area.is_single:
                    break
        await pilot.press("2")
        await settled(pilot)
        assert "[red]x[/]" in text_of(pilot.app) and "<1B>[31mred" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_u01_hostile_words_in_a_dialog_are_data_too() -> None:
    session = FakeSession(hostile=HOSTILE)
    session.refusal = HOSTILE
    async with opened(session, (100, 40)) as pilot:
        await pilot.press("n", "1")
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await settled(pilot)
        assert is_harmless(text_of(pilot.app)) and "[red]x[/]" in text_of(pilot.app)


def test_the_test_itself_sees_an_escape() -> None:
    assert not is_harmless("\x1b[31m") and not is_harmless("\u202e") and is_harmless("plain — ▲\n")
