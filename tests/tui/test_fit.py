"""No label is cut: at 100x30 and wider every row of every screen names what it shows in full.

The screens are those of the layouts and the reports are real ones, so a new panel or a longer label is held to it too.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.components.flow import test_imbalance
from tests.components.hedge import test_greeks
from tests.components.inventory import test_show as test_inventory
from tests.components.signals import test_show as test_signals
from tests.components.vol import test_cone, test_grid, test_stress
from tests.components.vol.test_show import assess as assess_show
from tests.components.vol.test_show import view
from tests.fakes.desk import BTC
from tests.fakes.session import FakeSession
from tests.tui.conftest import opened, text_of
from tests.tui.test_vol_panels import SURFACE
from tradecli.components.vol.forecast import FORECAST
from tradecli.components.vol.settings import VolSettings
from tradecli.engine.snapshot import Reported
from tradecli.present.blocks import Cell, Column, Facts, Panel, Table
from tradecli.tui.drawing import aged, draw
from tradecli.tui.face import built_topics
from tradecli.tui.header import header
from tradecli.tui.keys import OF_ONE_SYMBOL, SCREENS

SIZES = [(100, 30), (160, 45), (220, 55)]
CUT_LABEL = re.compile(r"(\S+ ?…)\s{2,}[^\s│]")
"""What was cut with more of its row behind it: a label or a heading. A text at the end of its row may be cut."""


def cut_labels(screen: str) -> list[str]:
    """Return the labels that end in an ellipsis, panel by panel: what stands beside a frame is another panel."""
    return [found for row in screen.splitlines() for part in re.split("[│╭╮╰╯]", row) for found in _cut(part)]


def _cut(part: str) -> list[str]:
    return [match[1] for match in CUT_LABEL.finditer(part)]


def reports() -> dict[Any, Any]:
    """Return what the components report of BTC and of the portfolio."""
    return {
        ("vol.show", BTC): assess_show(view()),
        ("vol.cone", BTC): test_cone.assess(view()),
        ("vol.forecast", BTC): FORECAST.assess(view(), VolSettings(), FORECAST.standing),
        ("vol.grid", BTC): test_grid.assess(test_grid.view(reports=(test_grid.report_of(),))),
        ("vol.stress", BTC): test_stress.assess(test_stress.view()),
        ("vol.surface", BTC): SURFACE,
        ("signals.show", BTC): test_signals.assess(test_signals.view()),
        ("flow.imbalance", BTC): test_imbalance.assess(),
        ("hedge.greeks", None): test_greeks.assess(),
        ("inventory.show", None): test_inventory.assess(),
    }


@pytest.mark.asyncio
async def test_no_label_is_cut_and_every_volatility_panel_tells_its_age() -> None:
    session = FakeSession()
    at = session.snapshot().at
    session.reports = {key: Reported(report, at - 90_000) for key, report in reports().items()}
    async with opened(session, SIZES[0], topics=built_topics) as pilot:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for screen in SCREENS:
                await pilot.press(screen)
                await pilot.pause()
                app: Any = pilot.app
                app.tick()
                await pilot.pause()
                shown = text_of(app)
                assert cut_labels(shown) == [], (size, screen)
                assert "not built into" not in shown, (size, screen)
                for name in ("vol", "cone", "surface", "grid") if screen == "2" else ():
                    edge = "".join(segment.text for segment in app.area.panels[name].render_line(0))
                    assert re.search(r" \d+[smhd] ─", edge), (size, edge)


def test_a_cut_label_would_be_found_and_a_cut_text_is_none() -> None:
    assert cut_labels("│ variance ratio, 4 b…  0.78 (p 0.02)  ││ LVX basket  59.1%  3 of 3 mem…  │") == ["b…"]
    assert cut_labels("│ equity █▁▅  99 950.41 … 100 000.00 ││ x │") == []


@pytest.mark.parametrize("width", [80, 100, 160, 220])
def test_the_top_line_keeps_mode_screen_drawdown_kill_state_and_clock(width: int) -> None:
    snapshot = FakeSession().snapshot()
    for screen, (name, _) in SCREENS.items():
        title = f"{screen} {name}" + (" · BTCUSDT" if screen in OF_ONE_SYMBOL else "")
        top = "".join(part.text for part in header(snapshot, title, width))
        assert len(top) == width
        for word in ("DEMO ▒", title, "DD −1.20%/15%", "● active", "Z "):
            assert word in top, (screen, word)


def test_the_age_of_an_input_goes_on_while_its_report_stands() -> None:
    shown = Panel(
        title="",
        blocks=(
            Table(columns=(Column(name="age"),), rows=((Cell("2s", since=1_000),),)),
            Facts((("of", Cell("2s", since=1_000)), ("name", Cell("BVX")))),
        ),
    )
    text = ["".join(part.text for part in each) for each in draw(aged(shown, 181_000), 20)]
    assert [each.strip() for each in text if each.strip()] == ["age", "3m", "of    3m", "name  BVX"]
    assert aged(Panel(title="", blocks=shown.blocks[1:]), 3_000) == Panel(title="", blocks=shown.blocks[1:])
