"""The console's face: one clock, one snapshot a beat, one area of panels at a time. Trades nothing itself.

The frame is painted before the engine exists: ``start`` builds the session in a thread while the skeleton stands. From
then on each beat pulls ``Session.snapshot()`` and every visible panel repaints the rows that changed.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from textual.app import App, ComposeResult, SystemCommand
from textual.screen import Screen

from tradecli.components.base import Component, Topic, topic_key
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.engine.snapshot import Session, Snapshot
from tradecli.present.blocks import Tone
from tradecli.present.format import number
from tradecli.tui.area import Area
from tradecli.tui.header import Bar, header, tiny
from tradecli.tui.keys import KEYS, OF_ONE_SYMBOL, SCREENS, WRITING
from tradecli.tui.lines import Line, Span, ends, line, span
from tradecli.tui.look import Look
from tradecli.tui.panels.journal import CyclesPanel, DecisionPanel
from tradecli.tui.panels.orders import BlotterPanel, OrderPanel
from tradecli.tui.pen import Pen
from tradecli.tui.theme import PALETTES, Palette
from tradecli.tui.tiles import Width, width_class
from tradecli.tui.tour import Tour

FPS = 8
_THOUSANDS_AT = 160
_NARROW = 96
_SILENT_S = 5
_FIRST_SYMBOL = "BTC"
_BEHIND_A_DIALOG = {key.action.partition("(")[0] for key in KEYS} - {"kill", "leave"}
_CSS = """
Screen { layout: vertical; overflow: hidden; }
#note { display: none; }
#note.shown { display: block; }
"""


class Face(App[None]):
    """The application without its actions. ``start`` returns a running session; it is called once, after the paint."""

    CSS = _CSS
    BINDINGS = [key.binding for key in KEYS]
    TITLE = "tradecli"
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        start: Callable[[], Session],
        *,
        read_only: bool = False,
        theme: str = "dark",
        fps: int = FPS,
        load_topics: Callable[[], Mapping[str, Topic]] | None = None,
    ) -> None:
        super().__init__()
        self._start = start
        self._load_topics = load_topics or built_topics
        self.read_only = read_only
        self.fps = fps
        self.palette: Palette = PALETTES[theme]
        self.session: Session | None = None
        self.pen: Pen | None = None
        self.failure: BaseException | None = None
        self.topics: Mapping[str, Topic] = {}
        self.look = Look(None, None, None, {}, 0, False)
        self.shown = "1"
        self.areas: dict[str, Area] = {}
        self.focus_symbol: InstrumentId | None = None
        self.note: Line = ()
        self.tour = Tour()
        self._last: Snapshot | None = None
        self._last_beat = 0
        self.painted_rows = 0
        self.top, self.line, self.bottom = Bar("header"), Bar("note"), Bar("footer")
        for palette in PALETTES.values():
            self.register_theme(palette.textual)
        self.theme = self.palette.textual.name

    # -- building --------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self.top
        yield self.line
        yield self._area("1")
        yield self.bottom

    def on_mount(self) -> None:
        self._dress()
        self.show_screen("1")
        self.tick()
        self.set_interval(1 / self.fps, self.tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Build the session, now that the frame stands; what the frame is made of is no garbage from here on."""
        gc.freeze()
        gc.enable()
        threading.Thread(target=self._build, name="start", daemon=True).start()

    def _build(self) -> None:
        """Start the session. A failure ends the console and is raised by ``run_console``."""
        try:
            session = self._start()
            topics = self._load_topics()
        except BaseException as broken:  # the thread's supervisor
            self.failure = broken
            self.call_from_thread(self.exit)
            return
        self.topics = topics
        self.pen = Pen(session, read_only=self.read_only)
        self.session = session

    def _area(self, screen: str) -> Area:
        area = self.areas.get(screen)
        if area is None:
            area = self.areas[screen] = Area(screen, self.palette)
        return area

    @property
    def area(self) -> Area:
        """The panels that are on screen."""
        return self.areas[self.shown]

    def show_screen(self, screen: str) -> None:
        """Go to a screen by its digit; its panels are made when it is first shown."""
        self.shown = screen
        area = self._area(screen)
        if not area.is_attached:
            _ = self.screen_stack[0].mount(area, before="#footer")
        for each in self.areas.values():
            each.display = each is area
        area.show_as(self.size)
        self.call_after_refresh(self._settle, area)

    def _settle(self, area: Area) -> None:
        if area.number == self.shown and area.current and len(self.screen_stack) == 1:
            area.choose(area.current)
        self.tick()

    def on_resize(self) -> None:
        if self.areas:
            self.area.show_as(self.size)
            self.call_after_refresh(self.tick)

    def _dress(self) -> None:
        for bar in (self.top, self.line, self.bottom):
            bar.palette = self.palette
        for area in self.areas.values():
            area.dress(self.palette)

    def wear(self, palette: Palette) -> None:
        """Change the theme."""
        self.palette = palette
        self.theme = palette.textual.name
        self._dress()
        self.tick()

    # -- the clock -------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Pull one snapshot and repaint what changed."""
        session = self.session
        snapshot = session.snapshot() if session is not None else None
        if snapshot is not None and self.focus_symbol is None and snapshot.instruments:
            known = snapshot.instruments
            self.focus_symbol = next((each for each in known if each.startswith(_FIRST_SYMBOL)), known[0])
            has_speed = session is not None and session.speed is not None
            self.note = self.note or _welcome(snapshot.note, has_speed=has_speed)
        elif snapshot is not None and not self.tour.is_over:
            self.note = self.tour.look(snapshot) or self.note
        wide = self.size.width >= _THOUSANDS_AT
        beat = self.look.beat + 1
        self.look = Look(snapshot, session, self.focus_symbol, self.topics, beat, wide)
        small = width_class(self.size) is Width.LINE
        self.top.show(
            tiny(snapshot, self.size.width) if small else header(snapshot, self._title(), self.size.width)
        )
        note = self._silence(snapshot) or self.note
        self.line.set_class(bool(note) and not small, "shown")
        self.line.show(note)
        self.bottom.show(() if small else self._footer())
        self.area.visible = not small
        self.follow(self.area)
        self.painted_rows = 0 if small else self.area.update(self.look)

    def _silence(self, snapshot: Snapshot | None) -> Line:
        """Say that the engine has said nothing for seconds: what is on screen is then as old, whatever its ages say."""
        if snapshot is None or snapshot is not self._last:
            self._last, self._last_beat = snapshot, self.look.beat
        silent_s = (self.look.beat - self._last_beat) // self.fps
        if snapshot is None or not snapshot.running or silent_s < _SILENT_S:
            return ()
        said = f" the engine has said nothing for {silent_s} s: all that is shown is as old"
        return (Span(said, Tone.BAD, True),)

    def _title(self) -> str:
        name = SCREENS[self.shown][0]
        symbol = (
            f" · {symbol_of(self.focus_symbol)}" if self.focus_symbol and self.shown in OF_ONE_SYMBOL else ""
        )
        return f"{self.shown} {name}{symbol}"

    def _footer(self) -> Line:
        parts: list[Span] = [Span(" ")]
        for digit, (_, short) in SCREENS.items():
            here = digit == self.shown
            parts.append(Span(digit, Tone.ACCENT if here else Tone.MUTED, here))
            parts.append(Span(f"{short} ", Tone.TEXT if here else Tone.MUTED, here))
        narrow = self.size.width < _NARROW
        speed = self.session.speed if self.session is not None else None
        tail = (
            [span(f"×{number(speed, 2).rstrip('0').rstrip('.')}  ", Tone.MUTED)] if speed is not None else []
        )
        tail.append(span("? " if narrow else "? help  ^p palette  ", Tone.MUTED))
        if self.read_only:
            tail.append(span("read-only ", Tone.WARN))
        else:
            tail.append(span("^k " if narrow else "^k kill ", Tone.MUTED))
        return ends(tuple(parts), tuple(tail), self.size.width)

    def focus_on(self, instrument: InstrumentId) -> None:
        """Make a symbol the one that every panel of one symbol shows."""
        self.focus_symbol = instrument
        self.tick()

    def follow(self, area: Area) -> None:
        """Let the panels that show a selection show what is selected now."""
        cycles, decision = area.panels.get("cycles"), area.panels.get("decision")
        if isinstance(cycles, CyclesPanel) and isinstance(decision, DecisionPanel):
            decision.number = int(cycles.key) if cycles.key else None
        blotter, order = area.panels.get("blotter"), area.panels.get("order")
        if isinstance(blotter, BlotterPanel) and isinstance(order, OrderPanel):
            order.client_id = blotter.key

    def say(self, text: str, tone: Tone = Tone.ACCENT) -> None:
        """Show one line under the header until Esc."""
        self.note = line(Span(" "), span(text, tone))
        self.tick()

    # -- what Textual asks -----------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The gate of read-only: no key that writes does anything. Dialogs own the keyboard while they stand."""
        if self.read_only and action in WRITING:
            return False
        return len(self.screen_stack) == 1 or action not in _BEHIND_A_DIALOG

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for key in KEYS:
            name = key.action.partition("(")[0]
            if name in ("move", "back", "command_palette", "prompt") or (self.read_only and name in WRITING):
                continue
            yield SystemCommand(f"{key.label} ({key.shown})", key.action, self._caller(key.action))
        if not self.read_only:
            for words, does in self.shell_commands().items():
                yield SystemCommand(words, does, self._caller(f"prompt('{words} ')"))
        for palette in PALETTES.values():
            yield SystemCommand(
                f"theme {palette.name}", "change the colours", lambda chosen=palette: self.wear(chosen)
            )

    def shell_commands(self) -> Mapping[str, str]:
        """Return the commands of the shell that the palette offers, with what each does."""
        return {}

    def _caller(self, action: str) -> Callable[[], None]:
        def call() -> None:
            self.call_later(self.run_action, action)

        return call


def built_topics() -> dict[str, Topic]:
    """Return the topics of all components by key. Imports them, so it is called after the first paint."""
    every: tuple[Component, ...] = getattr(import_module("tradecli.components"), "ALL", ())
    return {topic_key(each.name, topic.name): topic for each in every for topic in each.topics}


def _welcome(note: str, *, has_speed: bool) -> Line:
    speed = " · < > speed" if has_speed else ""
    return line(
        Span(" "),
        span(note.rstrip("."), Tone.ACCENT),
        span(f" — ? help{speed} · ^q leave · Esc hides", Tone.MUTED),
    )
