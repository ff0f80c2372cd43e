"""The application: what the keys do. Looking is done at once; whatever writes opens a dialog first, and goes through
the pen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual.screen import Screen

from tradecli.domain.enums import StrategyState
from tradecli.engine.snapshot import Session
from tradecli.errors import BrokenInvariant
from tradecli.present.blocks import Tone
from tradecli.present.format import visible
from tradecli.tui.face import Face
from tradecli.tui.keys import keys_of
from tradecli.tui.panels.journal import CyclesPanel
from tradecli.tui.panels.orders import BlotterPanel
from tradecli.tui.panels.overview import StrategiesPanel
from tradecli.tui.table import TablePanel
from tradecli.tui.theme import PALETTES


class Console(Face):
    """The application: the face, and what its keys do. ``flags`` go before the words of a command that is run here."""

    flags: Sequence[str] = ()

    def open(self, dialog: Screen[None]) -> None:
        """Put a dialog over the screen."""
        _ = self.push_screen(dialog)

    # -- looking ---------------------------------------------------------------------------------------------------

    def action_screen(self, digit: str) -> None:
        self.area.zoomed = False
        self.show_screen(digit)

    def action_next_panel(self, by: int) -> None:
        self.area.step(by)
        self.tick()

    def action_symbol(self, by: int) -> None:
        known = self.look.snapshot.instruments if self.look.snapshot is not None else ()
        if known:
            at = known.index(self.focus_symbol) if self.focus_symbol in known else 0
            self.focus_on(known[(at + by) % len(known)])

    def action_move(self, rows: int) -> None:
        panel = self.area.focused_panel
        if panel is not None:
            panel.move(rows)

    def action_drill(self) -> None:
        panel = self.area.focused_panel
        if panel is None:
            return
        target = {"watch": "2", "strategies": "9", "risk": "7", "events": "9", "fills": "8", "positions": "7"}
        to = {"blotter": "order", "cycles": "decision"}.get(panel.name or "")
        if to is not None and to in self.area.panels:
            self.area.choose(to)
            self.tick()
        elif panel.name in target and target[panel.name] != self.shown:
            self.show_screen(target[panel.name])

    def action_zoom(self) -> None:
        self.area.zoom(not self.area.zoomed)
        self.call_after_refresh(self.tick)

    async def action_back(self) -> None:
        panel = self.area.focused_panel
        if isinstance(panel, TablePanel) and panel.filter:
            panel.set_filter("")
        elif self.note:
            if self.tour.is_showing:
                self.tour.end()
            self.note = ()
            self.tick()
        elif self.area.zoomed:
            self.area.zoom(False)
            self.call_after_refresh(self.tick)
        elif self.shown != "1":
            self.show_screen("1")

    def action_next_mark(self) -> None:
        """Go on in the tour of a demo."""
        if self.tour.is_showing:
            self.tour.go_on()
            self.note = ()
            self.tick()

    def action_filter(self) -> None:
        from tradecli.tui.dialogs import FilterDialog

        panel = self.area.focused_panel
        if isinstance(panel, TablePanel):
            self.open(FilterDialog(self.palette, panel))

    def action_why(self) -> None:
        """Show the decision behind the selected order or strategy: the newest that names it."""
        snapshot, panel = self.look.snapshot, self.area.focused_panel
        if snapshot is None or not isinstance(panel, TablePanel):
            return
        key = panel.key
        for decision in snapshot.decisions:
            named = {*decision.orders, *decision.cancels, *(each.source for each in decision.proposals)}
            named |= {each.instrument for each in decision.proposals}
            if key in named:
                self.show_screen("9")
                cycles = self.area.panels["cycles"]
                if isinstance(cycles, CyclesPanel):
                    cycles.key = str(decision.number)
                return
        self.say("no decision that is still in sight names this selection", Tone.MUTED)

    def action_chart(self) -> None:
        self.show_screen("2")

    def action_copy(self) -> None:
        panel = self.area.focused_panel
        if isinstance(panel, TablePanel) and panel.key is not None:
            self.copy_to_clipboard(panel.key)
            self.say(f"copied {visible(panel.key)}", Tone.MUTED)

    def action_live(self) -> None:
        cycles = self.area.panels.get("cycles")
        if isinstance(cycles, CyclesPanel):
            cycles.to_live()

    def action_state(self) -> None:
        blotter = self.area.panels.get("blotter")
        if isinstance(blotter, BlotterPanel):
            blotter.next_group()

    def action_theme(self) -> None:
        names = list(PALETTES)
        self.wear(PALETTES[names[(names.index(self.palette.name) + 1) % len(names)]])

    def action_prompt(self, text: str) -> None:
        from tradecli.tui.prompt import PromptDialog

        if self.pen is not None:
            self.open(PromptDialog(self.palette, self.flags, text))

    def shell_commands(self) -> Mapping[str, str]:
        from tradecli.tui.prompt import commands

        return commands()

    def action_keys(self) -> None:
        from tradecli.tui.dialogs import HelpDialog

        self.open(HelpDialog(self.palette, keys_of(self.shown), self.read_only))

    # -- writing: every one of these asks first --------------------------------------------------------------------

    def action_pause(self) -> None:
        """Pause or resume the selected strategy: the only thing a single key does, because it is reversible."""
        panel, snapshot = self.area.panels.get("strategies"), self.look.snapshot
        if self.pen is None or snapshot is None or not isinstance(panel, StrategiesPanel):
            return
        names = [each.name for each in snapshot.strategies]
        key = panel.key if panel.key in names else names[0] if len(names) == 1 else None
        if key is None:
            self.say("choose a strategy first: Tab to Strategies, then ↑ ↓", Tone.MUTED)
            return
        state = next(each.state for each in snapshot.strategies if each.name == key)
        if state is StrategyState.ACTIVE:
            self.pen.set_strategy(key, StrategyState.PAUSED)
            self.say(f"{visible(key)}: pause asked for; Space resumes", Tone.WARN)
        elif state is StrategyState.PAUSED:
            self.pen.set_strategy(key, StrategyState.ACTIVE)
            self.say(f"{visible(key)}: resume asked for", Tone.GOOD)
        else:
            self.say(
                f"{visible(key)} is {state.value}: only ACTIVE and PAUSED change on this key", Tone.MUTED
            )

    def action_speed(self, step: int) -> None:
        if self.pen is None:
            return
        if self.pen.change_speed(step) is None:
            self.say("time is real here: it has one speed", Tone.MUTED)
        self.tick()

    def action_ticket(self) -> None:
        from tradecli.tui.ticket import TicketDialog

        snapshot = self.look.snapshot
        if self.pen is not None and self.session is not None and snapshot is not None:
            self.open(TicketDialog(self.palette, self.session, self.pen, snapshot, self.focus_symbol))

    def action_cancel(self) -> None:
        from tradecli.tui.dialogs import cancel_dialog

        blotter, snapshot = self.area.panels.get("blotter"), self.look.snapshot
        if self.pen is None or snapshot is None or not isinstance(blotter, BlotterPanel):
            return
        order = next((each for each in snapshot.orders if each.client_id == blotter.key), None)
        if order is None or not order.is_live:
            self.say("choose a working order first: only those can be canceled", Tone.MUTED)
            return
        self.open(cancel_dialog(self.palette, self.pen, snapshot.mode, order))

    def action_kill(self) -> None:
        from tradecli.tui.kill import KillDialog

        if (
            self.pen is not None
            and self.look.snapshot is not None
            and not isinstance(self.screen, KillDialog)
        ):
            self.open(KillDialog(self.palette, self.pen, self.look.snapshot))

    def action_leave(self) -> None:
        self.exit()


def run_console(
    start: Callable[[], Session],
    *,
    read_only: bool = False,
    theme: str = "dark",
    flags: Sequence[str] = (),
) -> None:
    """Run the console until the person leaves; raise what kept the session from starting or ended it.

    ``flags`` choose the profile of the commands that are run in the console.
    """
    app = Console(start, read_only=read_only, theme=theme)
    app.flags = flags
    app.run()
    if app.session is not None:
        app.session.stop()
    broken = app.failure or getattr(app.session, "failure", None)
    if broken is not None:
        raise broken
    if app.return_code:
        raise BrokenInvariant("the screen broke; the engine was ended in order", number=115)
