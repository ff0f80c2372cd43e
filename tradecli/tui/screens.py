"""Which panels each screen has, and how they are laid out at each width."""

from __future__ import annotations

from collections.abc import Callable

from tradecli.tui.panel import Panel
from tradecli.tui.panels.journal import CyclesPanel, DecisionPanel
from tradecli.tui.panels.orders import BlotterPanel, FillsPanel, OrderPanel, PositionsPanel
from tradecli.tui.panels.overview import EventsPanel, RiskPanel, StrategiesPanel, WatchPanel
from tradecli.tui.panels.report import ReportPanel
from tradecli.tui.tiles import Tree, Width, columns, rows

_REPORTS = {
    "vol": ("vol.show", "Volatility"),
    "grid": ("vol.grid", "Grid preview"),
    "signals": ("signals.show", "Signals"),
    "greeks": ("hedge.greeks", "Greeks"),
    "rates": ("funding.rates", "Funding rates"),
    "imbalance": ("flow.imbalance", "Imbalance"),
    "inventory": ("inventory.show", "Inventory"),
}
_KINDS: dict[str, Callable[[str], Panel]] = {
    "watch": WatchPanel,
    "risk": RiskPanel,
    "strategies": StrategiesPanel,
    "events": EventsPanel,
    "blotter": BlotterPanel,
    "order": OrderPanel,
    "positions": PositionsPanel,
    "fills": FillsPanel,
    "cycles": CyclesPanel,
    "decision": DecisionPanel,
}


def make(name: str) -> Panel:
    """Return a new panel of that name."""
    if name in _REPORTS:
        topic, title = _REPORTS[name]
        return ReportPanel(name, topic, title)
    return _KINDS[name](name)


_OVERVIEW = rows((5, columns((58, "watch"), (42, "risk"))), (4, columns((58, "strategies"), (42, "events"))))

LAYOUTS: dict[str, dict[Width, Tree]] = {
    "1": {Width.MEDIUM: _OVERVIEW},
    "2": {Width.MEDIUM: columns((1, "vol"), (1, "grid"))},
    "3": {Width.MEDIUM: rows((3, "signals"), (2, columns((58, "watch"), (42, "events"))))},
    "4": {Width.MEDIUM: rows((3, "greeks"), (2, "positions"))},
    "5": {Width.MEDIUM: rows((3, "rates"), (2, "positions"))},
    "6": {Width.MEDIUM: columns((1, "imbalance"), (1, "fills"))},
    "7": {Width.MEDIUM: rows((3, columns((58, "inventory"), (42, "risk"))), (2, "positions"))},
    "8": {Width.MEDIUM: rows((3, "blotter"), (2, columns((1, "fills"), (1, "order"))))},
    "9": {Width.MEDIUM: columns((36, "cycles"), (64, "decision"))},
    "0": {Width.MEDIUM: columns((1, "strategies"), (1, "events"))},
}


def tree_of(screen: str, width: Width) -> Tree:
    """Return the layout of a screen, that of the widest size which is not wider than asked for."""
    layouts = LAYOUTS[screen]
    usable = [kind for kind in layouts if kind <= max(width, Width.MEDIUM)]
    return layouts[max(usable)]
