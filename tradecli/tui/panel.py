"""The panel widget: a rounded frame around finished lines, painted row by row and only where a row changed.

It asks its ``draw`` for lines when the clock ticks, compares them with what is on screen, and refreshes the regions of
changed rows. It holds no trading logic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tradecli.present.blocks import Tone
from tradecli.present.format import age, visible
from tradecli.tui.lines import EMPTY, Line, Span, cut, dimmed, fit, span, width_of
from tradecli.tui.look import Look, Rests

if TYPE_CHECKING:
    from tradecli.tui.theme import Palette


class Panel(Widget, can_focus=True):
    """A framed piece of the screen. Subclasses override ``draw`` and state their ``title`` and ``keys``."""

    TITLE: ClassVar[str] = ""
    KEYS: ClassVar[str] = ""
    RESTS_ON: ClassVar[Rests] = Rests.NOTHING
    DEFAULT_CSS = "Panel { height: 1fr; width: 1fr; }"

    def __init__(self, name: str) -> None:
        super().__init__(name=name, id=f"panel-{name}", markup=False)
        self.palette: Palette | None = None
        self.status: Line = EMPTY
        self.selected: int | None = None
        self.scroll_row = 0
        self._lines: list[Line] = []
        self._shown: list[Line] = []
        self._marked: int | None = None
        self._painted: tuple[object, tuple[str, Line], object] = (None, ("", EMPTY), None)
        self._look: Look | None = None

    # -- what subclasses say ---------------------------------------------------------------------------------------

    def heading(self, look: Look) -> str:
        """Return the title at the left of the top edge."""
        return self.TITLE

    def draw(self, look: Look, width: int, height: int) -> list[Line]:
        """Return the content as lines; more than ``height`` of them can be scrolled."""
        return []

    def rests_on(self, look: Look) -> Rests:
        """Return whose prices the content rests on."""
        return self.RESTS_ON

    def content(self, look: Look, width: int, height: int) -> list[Line]:
        """Return what is drawn, dimmed and with its age in the frame where it rests on old prices."""
        lines = self.draw(look, width, height)
        old = look.age_of(self.rests_on(look))
        if old is None:
            return lines
        self.status = (span(f"◌ {age(old)} old", Tone.WARN),)
        return [dimmed(each) for each in lines]

    # -- the clock's side ------------------------------------------------------------------------------------------

    @property
    def inner(self) -> tuple[int, int]:
        """Columns and rows inside the frame."""
        return max(self.size.width - 4, 1), max(self.size.height - 2, 1)

    def update(self, look: Look) -> int:
        """Draw again from ``look``; repaint changed rows only, and return how many there were."""
        self._look = look
        if self.size.width < 6 or self.size.height < 3:
            return 0
        width, height = self.inner
        before, marked_before = self._shown, self._marked
        self._lines = self.content(look, width, height)
        self._shown = self._window(self._lines, height)
        self._marked = None if self.selected is None else self.selected - self.scroll_row
        frame, top, bottom = (
            (self.has_focus, self.palette, self.size),
            (self.heading(look), self.status),
            self.extent,
        )
        old_frame, old_top, old_bottom = self._painted
        self._painted = (frame, top, bottom)
        if frame != old_frame:
            self.refresh()
            return height
        changed = {y for y in range(height) if _at(self._shown, y) != _at(before, y)}
        if self._marked != marked_before:
            changed |= {y for y in (self._marked, marked_before) if y is not None and 0 <= y < height}
        dirty = [y + 1 for y in sorted(changed)]
        dirty += [0] if top != old_top else []
        dirty += [height + 1] if bottom != old_bottom else []
        if dirty:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in dirty))
        return len(changed)

    @property
    def extent(self) -> tuple[int, int, int] | None:
        """First and last shown line and how many there are, or None where all are in sight."""
        height = self.inner[1]
        if len(self._lines) <= height:
            return None
        return self.scroll_row + 1, min(self.scroll_row + height, len(self._lines)), len(self._lines)

    def redraw(self) -> None:
        """Draw again from what was last seen: after a key that changes only this panel."""
        if self._look is not None:
            self.update(self._look)
            self.refresh()

    def _window(self, lines: list[Line], height: int) -> list[Line]:
        most = max(len(lines) - height, 0)
        self.scroll_row = min(self.scroll_row, most)
        return lines[self.scroll_row : self.scroll_row + height]

    # -- painting --------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        palette = self.palette
        width, height = self.size
        if palette is None or width < 4:
            return Strip.blank(width)
        if y == 0 or y == height - 1:
            return self._edge(palette, width, top=y == 0)
        content = _at(self._shown, y - 1)
        edge = palette.focus_style if self.has_focus else palette.edge_style
        marked = self._marked == y - 1
        fitted = fit(content, width - 4)
        pad = palette.style(Span(" "), selected=marked)
        segments = [Segment("│", edge), Segment(" ", pad)]
        segments += [Segment(part.text, palette.style(part, selected=marked)) for part in fitted]
        segments += [Segment(" ", pad), Segment("│", edge)]
        return Strip(segments, width)

    def _edge(self, palette: Palette, width: int, *, top: bool) -> Strip:
        edge = palette.focus_style if self.has_focus else palette.edge_style
        start, end = ("╭", "╮") if top else ("╰", "╯")
        inner = width - 2
        title, status = self._painted[1]
        if top:
            left: Line = (Span(f" {cut(visible(title), inner - 4)} ", Tone.TEXT, True),)
            right: Line = (Span(" "), *status, Span(" ")) if status else EMPTY
        else:
            left = (Span(f" {self.KEYS} ", Tone.MUTED),) if self.KEYS and self.has_focus else EMPTY
            right = EMPTY
            if self.extent is not None:
                first, last, every = self.extent
                right = (Span(f" {first}–{last} of {every} ", Tone.FAINT),)
        if top and right and width_of(left) + width_of(right) + 3 > inner:
            # An age matters more than the symbol, which the top line names too.
            left = (Span(f" {visible(title).partition(' · ')[0]} ", Tone.TEXT, True),)
        if width_of(left) + width_of(right) + 3 > inner:
            right = EMPTY
            left = (Span(f" {cut(visible(title), inner - 4)} ", Tone.TEXT, True),) if top else left
        if width_of(left) + 2 > inner:
            left = fit(left, max(inner - 2, 0))
        rule = max(inner - 1 - width_of(left) - width_of(right) - (1 if right else 0), 0)
        segments = [Segment(f"{start}─", edge)]
        segments += [Segment(part.text, palette.style(part)) for part in left]
        segments.append(Segment("─" * rule, edge))
        segments += [Segment(part.text, palette.style(part)) for part in right]
        segments.append(Segment(("─" if right else "") + end, edge))
        return Strip(segments).adjust_cell_length(width)

    # -- keys and pointer ------------------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Scroll by ``rows``; tables move their selection instead."""
        self.scroll_row = max(self.scroll_row + rows, 0)
        self.redraw()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-3)


def _at(lines: list[Line], row: int) -> Line:
    return lines[row] if row < len(lines) else EMPTY
