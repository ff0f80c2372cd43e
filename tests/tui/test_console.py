"""The console on a fake session: what is on screen, and what each key may do."""

from __future__ import annotations

import threading

import pytest

from tests.fakes.session import IDS, FakeSession
from tests.tui.conftest import opened, settled, started, text_of
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode, StrategyState
from tradecli.tui.app import Console
from tradecli.tui.keys import KEYS, SCREENS, WRITING
from tradecli.tui.theme import PALETTES

SIZES = [(80, 24), (100, 30), (160, 45), (220, 55)]


@pytest.mark.asyncio
async def test_the_frame_stands_before_the_session_is_built() -> None:
    gate = threading.Event()
    session = FakeSession()

    def start() -> FakeSession:
        gate.wait(10)
        return session

    app = Console(start, load_topics=dict)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        shown = text_of(app)
        assert "Watchlist" in shown and "starting the engine" in shown
        gate.set()
        await started(app)
        await settled(pilot)
        assert "DEMO ▒" in text_of(app)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.asyncio
async def test_every_screen_names_itself_and_the_mode_at_every_size(size: tuple[int, int]) -> None:
    async with opened(FakeSession(), size) as pilot:
        for screen, (name, _) in SCREENS.items():
            await pilot.press(screen)
            await settled(pilot)
            first, *rest = text_of(pilot.app).splitlines()
            assert "DEMO ▒" in first and f"{screen} {name}" in first
            assert len(rest) == size[1] - 1
            assert "╭─" in "".join(rest)


@pytest.mark.asyncio
async def test_prices_on_screen_are_those_of_the_newest_snapshot(session: FakeSession) -> None:
    async with opened(session) as pilot:
        before = f"{session.mid(IDS[0]):.1f}"
        assert before in text_of(pilot.app)
        session.beat += 10
        await settled(pilot)
        after = f"{session.mid(IDS[0]):.1f}"
        assert after != before
        assert after in text_of(pilot.app) and before not in text_of(pilot.app)


@pytest.mark.asyncio
async def test_an_unchanged_snapshot_repaints_no_row(session: FakeSession) -> None:
    async with opened(session) as pilot:
        for _ in range(6):
            pilot.app.tick()
        assert pilot.app.painted_rows == 0
        session.beat += 1
        pilot.app.tick()
        assert 0 < pilot.app.painted_rows < 16


@pytest.mark.asyncio
async def test_an_unknown_number_is_a_dash_and_a_stale_price_shows_its_age(session: FakeSession) -> None:
    quotes = dict(session.snapshot().quotes)
    quotes.pop(IDS[2])
    session.changes = {"quotes": quotes, "equity": None, "drawdown_pct": None}
    async with opened(session) as pilot:
        shown = text_of(pilot.app)
        row = next(line for line in shown.splitlines() if "BNBUSDT" in line)
        assert "—" in row and "571" not in row
        assert next(line for line in shown.splitlines() if "equity " in line).count("—")


@pytest.mark.asyncio
async def test_below_the_least_size_one_line_keeps_mode_profit_and_kill_state(session: FakeSession) -> None:
    session.latches = (Latch(level=KillLevel.HALT, scope=Scope(), reason="drill", by="operator", at=0),)
    async with opened(session, (50, 10)) as pilot:
        first, *rest = text_of(pilot.app).splitlines()
        assert "DEMO ▒" in first and "+191.40" in first and "HALT" in first
        assert not "".join(rest).strip()


@pytest.mark.asyncio
async def test_tab_cycles_the_panels_of_a_narrow_screen_one_at_a_time(session: FakeSession) -> None:
    async with opened(session, (80, 24)) as pilot:
        seen = []
        for _ in range(4):
            seen.append(
                next(
                    name
                    for name in ("Watchlist", "Risk now", "Strategies", "Events")
                    if name in text_of(pilot.app)
                )
            )
            await pilot.press("tab")
            await settled(pilot)
        assert seen == ["Watchlist", "Risk now", "Strategies", "Events"]
        assert "Watchlist" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_brackets_change_the_symbol_that_every_panel_shows(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("2")
        await settled(pilot)
        assert "2 Vol · BTCUSDT" in text_of(pilot.app)
        await pilot.press("right_square_bracket")
        await settled(pilot)
        assert "2 Vol · ETHUSDT" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_zoom_gives_a_panel_the_area_and_escape_takes_it_back(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("escape", "z")
        await settled(pilot)
        assert "Watchlist" in text_of(pilot.app) and "Risk now" not in text_of(pilot.app)
        await pilot.press("escape")
        await settled(pilot)
        assert "Risk now" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_a_filter_hides_rows_and_escape_shows_them_again(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("8", "slash", *"eth", "enter")
        await settled(pilot)
        blotter = pilot.app.area.panels["blotter"]
        assert blotter._keys and all("tc" in key for key in blotter._keys)
        assert len(blotter._keys) < 20
        await pilot.press("escape")
        await settled(pilot)
        assert len(blotter._keys) == 20


@pytest.mark.asyncio
async def test_a_selected_order_keeps_its_row_when_newer_orders_arrive(session: FakeSession) -> None:
    async with opened(session) as pilot:
        await pilot.press("8")
        await settled(pilot)
        await pilot.press("down", "down")
        await settled(pilot)
        blotter = pilot.app.area.panels["blotter"]
        chosen = blotter.key
        orders = session.snapshot().orders
        session.changes = {"orders": (orders[-2], *orders[:-2])}
        await settled(pilot)
        assert blotter.key == chosen and f"Order {chosen}" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_the_journal_shows_every_check_with_value_threshold_and_verdict(session: FakeSession) -> None:
    async with opened(session, (120, 40)) as pilot:
        await pilot.press("9")
        await settled(pilot)
        shown = text_of(pilot.app)
        for part in (
            "Decision 8812",
            "composite volatility",
            "no chain",
            "confidence 0.61",
            "✗ order notional",
            "20 400 / 20 000",
            "cancel tc5498",
        ):
            assert part in shown, part
        await pilot.press("down")
        await settled(pilot)
        assert "Decision 8811" in text_of(pilot.app)


@pytest.mark.asyncio
async def test_help_is_drawn_from_the_table_of_keys(session: FakeSession) -> None:
    async with opened(session, (100, 40)) as pilot:
        await pilot.press("question_mark")
        await settled(pilot)
        shown = text_of(pilot.app)
        assert all(key.label[:24] in shown for key in KEYS if not key.where)


@pytest.mark.asyncio
async def test_themes_change_the_whole_screen_and_leave_the_text_alone(session: FakeSession) -> None:
    async with opened(session) as pilot:
        before = text_of(pilot.app)
        for _ in PALETTES:
            await pilot.press("t")
            await settled(pilot)
            assert text_of(pilot.app) == before
        assert pilot.app.palette.name == "dark"


@pytest.mark.asyncio
async def test_a_session_that_does_not_start_ends_the_console_with_its_error() -> None:
    def start() -> FakeSession:
        raise ValueError("no market")

    app = Console(start, load_topics=dict)
    async with app.run_test() as pilot:
        await started(app)
        await pilot.pause()
    assert isinstance(app.failure, ValueError)


@pytest.mark.asyncio
async def test_space_pauses_the_selected_strategy_and_resumes_a_paused_one(session: FakeSession) -> None:
    async with opened(session) as pilot:
        pilot.app.area.choose("strategies")
        await settled(pilot)
        await pilot.press("space")
        assert session.writes == [("set_strategy", "grid", StrategyState.PAUSED, "asked on the console")]


@pytest.mark.asyncio
async def test_read_only_leaves_no_key_on_any_screen_that_writes(session: FakeSession) -> None:
    async with opened(session, read_only=True) as pilot:
        bound = [binding for binding in pilot.app.active_bindings.values() if binding.node is pilot.app]
        actions = {each.binding.action.partition("(")[0] for each in bound}
        assert not actions & WRITING
        for screen in ("1", "8"):
            await pilot.press(screen)
            await settled(pilot)
            pilot.app.area.choose("strategies" if screen == "1" else "blotter")
            for key in KEYS:
                if key.writes:
                    await pilot.press(key.key, "y")
            assert len(pilot.app.screen_stack) == 1
        assert session.writes == []
        assert pilot.app.pen is not None
        with pytest.raises(Exception, match="read-only"):
            pilot.app.pen.cancel(None, "x")


def test_every_action_that_reaches_the_pen_is_named_as_writing() -> None:
    import ast
    import inspect
    import textwrap

    tree = ast.parse(textwrap.dedent(inspect.getsource(Console)))
    reaching = {
        node.name.removeprefix("action_")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(isinstance(part, ast.Attribute) and part.attr == "pen" for part in ast.walk(node))
    }
    assert reaching == WRITING


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.asyncio
async def test_the_mode_is_a_word_and_a_pattern_of_its_own(mode: Mode) -> None:
    async with opened(FakeSession(mode)) as pilot:
        assert mode.value.upper() in text_of(pilot.app).splitlines()[0]
