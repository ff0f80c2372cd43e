"""Dialogs: a card of lines over the dimmed screen. Each owns the keyboard while it stands, and Esc always leaves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from tradecli.domain.enums import Mode
from tradecli.domain.instrument import venue_of
from tradecli.domain.order import Order
from tradecli.present.blocks import Tone
from tradecli.present.format import money, price, qty
from tradecli.tui.header import MODE_TONES, PATTERNS
from tradecli.tui.lines import Line, Span, left, line, span
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.pen import Pen
from tradecli.tui.table import TablePanel
from tradecli.tui.theme import Palette

if TYPE_CHECKING:
    from tradecli.tui.keys import Key

_BY_ONE_KEY = frozenset({Mode.DEMO, Mode.REPLAY, Mode.PAPER})
_WIDEST = 96
_LONGEST = 120


def mode_span(mode: Mode) -> Span:
    """Return the mode as word and pattern."""
    return Span(f"{mode.value.upper()} {PATTERNS[mode]}", MODE_TONES[mode], True)


class Card(Panel):
    """The framed lines of a dialog."""

    def __init__(self, dialog: Dialog) -> None:
        super().__init__("card")
        self.dialog = dialog

    def heading(self, look: Look) -> str:
        return self.dialog.heading()

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        return self.dialog.lines(width)


class Dialog(ModalScreen[None]):
    """A card that redraws itself after every key. Subclasses say its ``heading`` and ``lines``, and take keys."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog Card { width: 96; height: 20; }
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__()
        self.palette = palette
        self.card = Card(self)
        self.card.palette = palette

    def compose(self) -> ComposeResult:
        yield self.card

    def on_mount(self) -> None:
        self.card.focus()
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Fit the card to its lines and draw it."""
        width = min(self.width(), self.app.size.width)
        lines = self.lines(width - 4)
        self.card.styles.width = width
        self.card.styles.height = min(len(lines) + 2, self.app.size.height)
        self.call_after_refresh(self.card.update, Look(None, None, None, {}, 0, False))

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            _ = self.dismiss()
        elif event.key in ("up", "down", "pageup", "pagedown") and not self.takes_arrows:
            self.card.move({"up": -1, "down": 1, "pageup": -10, "pagedown": 10}[event.key])
        else:
            self.take(event)
            if self.is_current:
                self.draw()

    takes_arrows = False

    def width(self) -> int:
        """Return how many columns the card would like."""
        return _WIDEST

    def heading(self) -> str:
        """Return the title of the card."""
        return ""

    def lines(self, width: int) -> list[Line]:
        """Return what the card shows."""
        return []

    def take(self, event: events.Key) -> None:
        """Take one key."""


def typed(text: str, event: events.Key, *, longest: int = _LONGEST) -> str:
    """Return a field's text after a key."""
    if event.key in ("backspace", "ctrl+h"):
        return text[:-1]
    if event.key == "ctrl+u":
        return ""
    if event.character is not None and event.is_printable and len(text) < longest:
        return text + event.character
    return text


class Confirmation:
    """What must be pressed before something is sent: ``y`` where money is not real, the typed word where it is."""

    def __init__(self, mode: Mode, word: str) -> None:
        self.mode = mode
        self.word = word
        self.text = ""

    def line(self) -> Line:
        """Return the line that asks."""
        if self.mode in _BY_ONE_KEY:
            return line(
                mode_span(self.mode),
                span("  press ", Tone.TEXT),
                span("y", Tone.ACCENT, bold=True),
                span(f" to {self.word}, Esc to go back", Tone.TEXT),
            )
        return line(
            mode_span(self.mode),
            span("  type ", Tone.TEXT),
            span(self.word, Tone.BAD, bold=True),
            span(": ", Tone.TEXT),
            span(f"{self.text}▏", Tone.ACCENT),
        )

    def take(self, event: events.Key) -> bool:
        """Take a key; say whether it confirmed. Enter alone never does."""
        if self.mode in _BY_ONE_KEY:
            return event.key == "y"
        if event.key == "enter":
            return self.text == self.word
        self.text = typed(self.text, event, longest=40)
        return False


class ConfirmDialog(Dialog):
    """Shows what would be done, and does it once confirmed."""

    def __init__(
        self,
        palette: Palette,
        mode: Mode,
        title: str,
        shown: Sequence[Line],
        word: str,
        do: Callable[[], None],
    ) -> None:
        super().__init__(palette)
        self.title = title
        self._shown = list(shown)
        self._ask = Confirmation(mode, word)
        self._do = do

    def heading(self) -> str:
        return self.title or ""

    def lines(self, width: int) -> list[Line]:
        return [*self._shown, (), self._ask.line()]

    def take(self, event: events.Key) -> None:
        if self._ask.take(event):
            self._do()
            _ = self.dismiss()


def cancel_dialog(palette: Palette, pen: Pen, mode: Mode, order: Order) -> ConfirmDialog:
    """Return the question before one order is canceled."""
    request = order.request
    notional = order.remaining * request.price if request.price is not None else None
    shown = [
        line(span("order    ", Tone.MUTED), order.client_id),
        line(
            span("what     ", Tone.MUTED),
            f"{request.side.value.upper()} {qty(order.remaining)} {request.instrument} at {price(request.price)}",
        ),
        line(span("venue    ", Tone.MUTED), venue_of(request.instrument)),
        line(span("notional ", Tone.MUTED), money(notional, "USDT")),
    ]
    if request.protective:
        shown.append(line(span("this order protects a position: without it nothing stops a loss", Tone.WARN)))

    def do() -> None:
        pen.cancel(order.client_id, "asked on the console")

    return ConfirmDialog(palette, mode, "Cancel order", shown, "cancel", do)


class HelpDialog(Dialog):
    """The keys of this screen, from the table that binds them."""

    def __init__(self, palette: Palette, keys: Sequence[Key], read_only: bool) -> None:
        super().__init__(palette)
        self._keys = [key for key in keys if not (read_only and key.writes)]

    def heading(self) -> str:
        return "Keys"

    def lines(self, width: int) -> list[Line]:
        half = (len(self._keys) + 1) // 2 if width >= 76 else len(self._keys)
        column = width // 2 if width >= 76 else width
        out = []
        for i in range(half):
            parts: list[Span] = []
            for key in (self._keys[i], *self._keys[i + half : i + half + 1]):
                tone = Tone.WARN if key.writes else Tone.ACCENT
                parts += [
                    Span(left(key.shown, 11), tone),
                    Span(left(key.label, column - 12) + " ", Tone.TEXT),
                ]
            out.append(tuple(parts))
        return [*out, (), line(span("amber: asks before it sends anything · Esc closes", Tone.MUTED))]


class FilterDialog(Dialog):
    """One line: only rows that contain it stay."""

    def __init__(self, palette: Palette, panel: TablePanel) -> None:
        super().__init__(palette)
        self._panel = panel
        self._text = panel.filter

    def heading(self) -> str:
        return f"Filter {self._panel.TITLE.lower()}"

    def lines(self, width: int) -> list[Line]:
        return [
            line(span("/ ", Tone.ACCENT), f"{self._text}▏"),
            line(span("Enter keeps · Esc clears", Tone.MUTED)),
        ]

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            self._panel.set_filter("")
        super().on_key(event)

    def take(self, event: events.Key) -> None:
        if event.key == "enter":
            _ = self.dismiss()
            return
        self._text = typed(self._text, event, longest=40)
        self._panel.set_filter(self._text)
