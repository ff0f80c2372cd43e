"""The table panel: columns by priority and width, a selection that stays on its row, and a filter.

Rows have keys. The selection follows its key wherever sorting or new rows move it; a filter hides rows and says so in
the frame. Subclasses override ``columns``, ``rows`` and, where they need it, ``foot``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tradecli.present.blocks import Align, Cell, Column, Tone
from tradecli.present.format import visible
from tradecli.tui.drawing import heading
from tradecli.tui.lines import Line, Span, cells, left, right, wrap
from tradecli.tui.look import Look
from tradecli.tui.panel import Panel

_GAP = 2
_SHORTEST = 6
_STRETCH = 44
_BETWEEN = Span(" " * _GAP)


class Row(NamedTuple):
    """A row and the key that names it whatever its place."""

    key: str
    cells: tuple[Cell, ...]


class TablePanel(Panel):
    """A panel with one table."""

    EMPTY_TEXT = "nothing yet"
    FOLLOWS_FIRST = False
    """Nothing is selected until a person chooses; the first row is marked meanwhile."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.key: str | None = None
        self.filter = ""
        self._keys: list[str] = []
        self._first = 0
        self._widths: dict[str, int] = {}

    def columns(self, look: Look) -> Sequence[Column]:
        """Return the columns there could be, first to last."""
        return ()

    def rows(self, look: Look) -> Sequence[Row]:
        """Return the rows in order."""
        return ()

    def foot(self, look: Look, width: int, room: int) -> list[Line]:
        """Return lines under the table, in at most ``room`` rows."""
        return []

    # -- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        rows = self.rows(look)
        if self.filter:
            wanted = self.filter.lower()
            rows = [row for row in rows if any(wanted in cell.text.lower() for cell in row.cells)]
        self._keys = [row.key for row in rows]
        room = height - 1
        self.selected = self._place(room)
        if not rows:
            said = f"nothing matches “{self.filter}” (Esc clears)" if self.filter else self.EMPTY_TEXT
            return [*wrap(said, width, Tone.MUTED), *self.foot(look, width, height - 2)]
        columns = self.columns(look)
        shown = rows[self._first : self._first + room]
        texts = [[visible(cell.text) for cell in row.cells] for row in shown]
        kept = self._kept(columns, texts, width)
        lines = [self._line([heading(columns[i]) for i in kept], kept, columns, [Tone.FAINT] * len(kept))]
        for row, words in zip(shown, texts, strict=True):
            tones = [row.cells[i].tone for i in kept]
            lines.append(self._line([words[i] for i in kept], kept, columns, tones))
        left_over = room - len(shown) - 1
        foot = self.foot(look, width, left_over) if left_over > 0 else []
        return [*lines, *[()] * max(left_over + 1 - len(foot), 1), *foot] if foot else lines

    @property
    def extent(self) -> tuple[int, int, int] | None:
        room, every = self.inner[1] - 1, len(self._keys)
        return (self._first + 1, min(self._first + room, every), every) if every > room else None

    def _place(self, room: int) -> int | None:
        """Return the line of the selection, and scroll so that it is in sight; the headings stay."""
        self._first = min(self._first, max(len(self._keys) - room, 0))
        if not self._keys:
            return None
        if self.key is None or self.key not in self._keys:
            if self.key is None and self.FOLLOWS_FIRST:
                self._first = 0
                return 1
            if self.key is None and not self.has_focus:
                return None
            if self.key is None:
                self.key = self._keys[0]
            else:
                return None
        at = self._keys.index(self.key)
        self._first = min(max(self._first, at - room + 1), at)
        return at - self._first + 1

    def _kept(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> dict[int, int]:
        """Return index and width of the columns that fit; a width never shrinks, so that nothing jumps."""
        needs = {}
        for i, column in enumerate(columns):
            need = max(
                column.width,
                cells(heading(column)),
                *(cells(row[i]) for row in rows),
            )
            need = min(max(need, self._widths.get(column.name, 0)), _STRETCH)
            self._widths[column.name] = need
            needs[i] = need
        floors = {
            i: min(need, max(_SHORTEST, columns[i].width)) if columns[i].align is Align.LEFT else need
            for i, need in needs.items()
        }
        kept = list(needs)
        while len(kept) > 1 and sum(floors[i] + _GAP for i in kept) - _GAP > width:
            kept.remove(max(kept, key=lambda i: (columns[i].priority, i)))
        room = width - (sum(floors[i] + _GAP for i in kept) - _GAP)
        widths = {}
        for i in kept:
            more = max(min(needs[i] - floors[i], room), 0)
            widths[i] = floors[i] + more
            room -= more
        texts = [i for i in kept if columns[i].align is Align.LEFT]
        if texts and texts[-1] == kept[-1] and room > 0:
            widths[texts[-1]] += room
        return widths

    def _line(
        self, texts: Sequence[str], kept: dict[int, int], columns: Sequence[Column], tones: Sequence[Tone]
    ) -> Line:
        parts = []
        for text, (i, size), tone in zip(texts, kept.items(), tones, strict=True):
            put = left if columns[i].align is Align.LEFT else right
            parts.append(Span(put(text, size), tone))
            parts.append(_BETWEEN)
        return tuple(parts[:-1])

    # -- selection -------------------------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Move the selection by ``rows``."""
        if not self._keys:
            return
        first = rows if self.FOLLOWS_FIRST else 0 if rows > 0 else len(self._keys) - 1
        at = self._keys.index(self.key) + rows if self.key in self._keys else first
        self.key = self._keys[min(max(at, 0), len(self._keys) - 1)]
        self.redraw()
        self.on_select()

    def on_select(self) -> None:
        """Tell the app that another row was chosen, so that panels which show it follow at once."""
        if self.is_attached:
            self.app.call_next(getattr(self.app, "tick"))  # noqa: B009 - the app is known by what it does

    def set_filter(self, text: str) -> None:
        """Show only rows that contain ``text``."""
        self.filter = text
        self._first = 0
        self.redraw()

    def on_click(self, event: object) -> None:
        y = getattr(event, "y", 0) - 2 + self._first
        if 0 <= y < len(self._keys):
            self.key = self._keys[y]
            self.redraw()
            self.on_select()
