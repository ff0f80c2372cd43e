"""One screen's panels, placed by the layout of the terminal's size. Hidden panels are neither drawn nor compared."""

from __future__ import annotations

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from tradecli.tui.look import Look
from tradecli.tui.panel import Panel
from tradecli.tui.screens import make, tree_of
from tradecli.tui.theme import Palette
from tradecli.tui.tiles import Width, names, place, width_class


class Area(Widget, can_focus=False):
    """The panels of one screen. ``current`` has the focus; ``zoomed`` gives it the whole area."""

    DEFAULT_CSS = "Area { height: 1fr; width: 1fr; }"

    def __init__(self, screen: str, palette: Palette) -> None:
        super().__init__(id=f"area-{screen}", markup=False)
        self.number = screen
        self.palette = palette
        self.kind = Width.NARROW
        self.current = ""
        self.zoomed = False
        self.panels: dict[str, Panel] = {}
        self._tiles = _Tiles(self)

    @property
    def layout(self) -> Layout:
        return self._tiles

    def show_as(self, terminal: Size) -> None:
        """Take the layout for a terminal of that size, and make the panels it needs."""
        self.kind = width_class(terminal)
        fresh = [name for name in self.order if name not in self.panels]
        for name in fresh:
            panel = make(name)
            panel.palette = self.palette
            self.panels[name] = panel
        if self.current not in self.order:
            self.current = self.order[0]
        if fresh:
            _ = self.mount_all(self.panels[name] for name in fresh)
        self._place()

    def _place(self) -> None:
        """Show the panels that have a place now; the layout follows what is shown."""
        shown = [self.current] if self.is_single else self.order
        for name, panel in self.panels.items():
            panel.display = name in shown
        self.refresh(layout=True)

    def dress(self, palette: Palette) -> None:
        """Change every panel's palette."""
        self.palette = palette
        for panel in self.panels.values():
            panel.palette = palette

    @property
    def order(self) -> list[str]:
        """The panels of this layout, in the order of Tab."""
        return names(tree_of(self.number, self.kind))

    @property
    def is_single(self) -> bool:
        return self.zoomed or self.kind <= Width.NARROW

    def tiles(self, size: Size) -> dict[str, Region]:
        """Return where each visible panel lies."""
        whole = Region(0, 0, size.width, size.height)
        if self.is_single:
            return {self.current: whole} if self.current else {}
        return place(tree_of(self.number, self.kind), whole)

    @property
    def focused_panel(self) -> Panel | None:
        return self.panels.get(self.current)

    def choose(self, name: str) -> None:
        """Focus a panel by name."""
        self.current = name
        if self.is_single:
            self._place()
        self.panels[name].focus(scroll_visible=False)

    def step(self, by: int) -> None:
        """Focus the next or previous panel."""
        order = self.order
        self.choose(order[(order.index(self.current) + by) % len(order)])

    def zoom(self, on: bool) -> None:
        """Give the focused panel the whole area, or take it back."""
        self.zoomed = on
        self._place()

    def update(self, look: Look) -> int:
        """Draw the visible panels; return how many rows were repainted."""
        return sum(self.panels[name].update(look) for name in self.tiles(self.size) if name in self.panels)


class _Tiles(Layout):
    """Places children by ``Area.tiles``."""

    name = "tiles"

    def __init__(self, area: Area) -> None:
        self.area = area

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        tiles = self.area.tiles(size)
        order = self.area.order
        placed = []
        for child in children:
            region = tiles.get(child.name or "")
            if region is not None:
                at = order.index(child.name or "")
                placed.append(WidgetPlacement(region, Offset(), Spacing(), child, at))
        return placed
