"""The one table of keys: what each does, where, and whether it writes. Bindings, help and footer come from it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

ANYWHERE = ""


@dataclass(frozen=True)
class Key:
    """One key. ``writes``: it leads to a request to the engine. ``where``: digits of the screens it belongs to."""

    key: str
    action: str
    label: str
    shown: str
    writes: bool = False
    where: str = ANYWHERE

    @property
    def binding(self) -> Binding:
        return Binding(self.key, self.action, self.label, show=False, priority=self.key in _FIRST)


_FIRST = {"tab", "shift+tab", "ctrl+k", "ctrl+q", "ctrl+p"}

SCREENS: dict[str, tuple[str, str]] = {
    "1": ("Overview", "Over"),
    "2": ("Vol", "Vol"),
    "3": ("Signals", "Sig"),
    "4": ("Hedge", "Hdg"),
    "5": ("Funding", "Fund"),
    "6": ("Flow", "Flow"),
    "7": ("Risk & Inventory", "Risk"),
    "8": ("Orders", "Ord"),
    "9": ("Journal", "Jrnl"),
    "0": ("Ops", "Ops"),
}
OF_ONE_SYMBOL = "236"
"""Screens whose title names the focused symbol."""

KEYS: tuple[Key, ...] = (
    *(Key(digit, f"screen('{digit}')", name, digit) for digit, (name, _) in SCREENS.items()),
    Key("tab", "next_panel(1)", "next panel", "Tab"),
    Key("shift+tab", "next_panel(-1)", "previous panel", "Shift+Tab"),
    Key("left_square_bracket", "symbol(-1)", "previous symbol", "["),
    Key("right_square_bracket", "symbol(1)", "next symbol", "]"),
    Key("up,k", "move(-1)", "up", "↑"),
    Key("down,j", "move(1)", "down", "↓"),
    Key("pageup", "move(-10)", "page up", "PgUp"),
    Key("pagedown", "move(10)", "page down", "PgDn"),
    Key("enter", "drill", "drill down", "Enter"),
    Key("z", "zoom", "zoom the panel", "z"),
    Key("slash", "filter", "filter the focused table", "/"),
    Key("escape", "back", "back one level, always", "Esc"),
    Key("right", "next_mark", "next line of the demo's tour", "→"),
    Key("x", "why", "why: the decision behind it", "x"),
    Key("g", "chart", "chart of the symbol", "g"),
    Key("y", "copy", "copy the selected id", "y"),
    Key("end", "live", "back to live", "End", where="9"),
    Key("s", "state", "next group of states", "s", where="8"),
    Key("t", "theme", "next theme", "t"),
    Key("question_mark", "keys", "help from the table of keys", "?"),
    Key("colon", "prompt('')", "run a command of the shell", ":", writes=True),
    Key("ctrl+p", "command_palette", "command palette", "Ctrl+P"),
    Key("less_than_sign", "speed(-1)", "slower (demo and replay)", "<", writes=True),
    Key("greater_than_sign", "speed(1)", "faster (demo and replay)", ">", writes=True),
    Key("space", "pause", "pause or resume the selected strategy", "Space", writes=True, where="10"),
    Key("n", "ticket", "new order: the ticket", "n", writes=True),
    Key("C", "cancel", "cancel the selected order", "C", writes=True, where="8"),
    Key("ctrl+k", "kill", "kill dialog", "Ctrl+K", writes=True),
    Key("ctrl+q", "leave", "quit", "Ctrl+Q"),
)

WRITING = frozenset(key.action.partition("(")[0] for key in KEYS if key.writes)
"""Names of the actions that read-only removes."""


def keys_of(screen: str) -> list[Key]:
    """Return the keys that mean something on a screen, its own first."""
    own = [key for key in KEYS if screen and screen in key.where]
    return own + [key for key in KEYS if key.where == ANYWHERE]
