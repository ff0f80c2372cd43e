"""Which panels each screen has, and how they are laid out at each width."""

from __future__ import annotations

from collections.abc import Callable

from tradecli.tui.panel import Panel
from tradecli.tui.panels.journal import CyclesPanel, DecisionPanel
from tradecli.tui.panels.market import ChartPanel, LadderPanel, TapePanel
from tradecli.tui.panels.ops import EnginePanel, FeedsPanel, LimitsPanel
from tradecli.tui.panels.orders import BlotterPanel, FillsPanel, OrderPanel, PositionsPanel
from tradecli.tui.panels.overview import EventsPanel, RiskPanel, StrategiesPanel, WatchPanel
from tradecli.tui.panels.report import ReportPanel
from tradecli.tui.tiles import Tree, Width, columns, rows


def _cone(name: str) -> Panel:
    from tradecli.tui.panels.vol import (
        ConePanel,
    )  # the reports it draws bring numpy: not before the first frame

    return ConePanel(name)


def _surface(name: str) -> Panel:
    from tradecli.tui.panels.vol import SurfacePanel  # as above

    return SurfacePanel(name)


_REPORTS = {
    "vol": ("vol.show", "Inputs → composite"),
    "grid": ("vol.grid", "Grid preview"),
    "stress": ("vol.stress", "Stress"),
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
    "chart": ChartPanel,
    "ladder": LadderPanel,
    "tape": TapePanel,
    "feeds": FeedsPanel,
    "engine": EnginePanel,
    "limits": LimitsPanel,
    "cone": _cone,
    "surface": _surface,
}


def make(name: str) -> Panel:
    """Return a new panel of that name."""
    if name in _REPORTS:
        topic, title = _REPORTS[name]
        return ReportPanel(name, topic, title)
    return _KINDS[name](name)


_HELD = columns((1, "positions"), (1, "fills"))

LAYOUTS: dict[str, dict[Width, Tree]] = {
    "1": {
        Width.MEDIUM: rows(
            (5, columns((58, "watch"), (42, "risk"))), (4, columns((58, "strategies"), (42, "events")))
        ),
        Width.WIDE: columns(
            (62, rows((9, "watch"), (20, "chart"), (9, "strategies"))),
            (38, rows((13, "risk"), (12, "positions"), (13, "events"))),
        ),
        Width.VAST: columns(
            (46, rows((10, "watch"), (26, "chart"), (12, "strategies"))),
            (27, rows((30, "ladder"), (18, "tape"))),
            (27, rows((14, "risk"), (12, "positions"), (22, "events"))),
        ),
    },
    "2": {
        Width.MEDIUM: columns((53, rows((17, "vol"), (11, "surface"))), (47, rows((1, "cone"), (1, "grid")))),
        Width.WIDE: columns(
            (58, rows((1, "vol"), (1, "cone"))), (51, "surface"), (51, rows((28, "grid"), (15, "stress")))
        ),
        Width.VAST: columns(
            (68, rows((6, "vol"), (7, "cone"))),
            (51, "surface"),
            (51, rows((33, "grid"), (20, "stress"))),
            (50, rows((1, "ladder"), (1, "chart"))),
        ),
    },
    "3": {
        Width.MEDIUM: rows((3, "signals"), (2, columns((58, "watch"), (42, "events")))),
        Width.WIDE: rows((1, columns((3, "signals"), (2, "watch"))), (1, "chart")),
    },
    "4": {
        Width.MEDIUM: rows((3, "greeks"), (2, "positions")),
        Width.WIDE: rows((3, columns((3, "greeks"), (2, "risk"))), (2, _HELD)),
        Width.VAST: columns(
            (5, rows((2, "greeks"), (3, "chart"))), (3, rows((3, "risk"), (2, "positions"), (4, "fills")))
        ),
    },
    "5": {
        Width.MEDIUM: rows((3, "rates"), (2, "positions")),
        Width.WIDE: rows((3, columns((3, "rates"), (2, "chart"))), (2, _HELD)),
        Width.VAST: columns((5, rows((1, "rates"), (3, "chart"))), (3, rows((1, "positions"), (3, "fills")))),
    },
    "6": {
        Width.MEDIUM: rows((3, columns((3, "ladder"), (2, "tape"))), (2, "imbalance")),
        Width.WIDE: columns((3, rows((3, "chart"), (2, "imbalance"))), (2, rows((3, "ladder"), (2, "tape")))),
        Width.VAST: columns(
            (4, rows((3, "chart"), (2, "imbalance"))), (3, "ladder"), (2, rows((3, "tape"), (2, "fills")))
        ),
    },
    "7": {
        Width.MEDIUM: rows(
            (3, columns((58, "inventory"), (42, "risk"))), (2, columns((58, "positions"), (42, "limits")))
        ),
        Width.WIDE: rows(
            (3, columns((2, "inventory"), (1, "risk"))), (2, columns((1, "positions"), (1, "limits")))
        ),
        Width.VAST: columns(
            (1, rows((4, "inventory"), (2, "positions"), (5, "chart"))), (1, rows((3, "risk"), (5, "limits")))
        ),
    },
    "8": {
        Width.MEDIUM: rows((3, "blotter"), (2, columns((1, "fills"), (1, "order")))),
        Width.WIDE: columns((3, rows((3, "blotter"), (2, "fills"))), (2, rows((3, "order"), (2, "ladder")))),
        Width.VAST: columns(
            (4, rows((3, "blotter"), (2, columns((1, "positions"), (1, "fills"))))),
            (2, "order"),
            (2, "ladder"),
        ),
    },
    "9": {
        Width.MEDIUM: columns((40, "cycles"), (60, "decision")),
        Width.WIDE: columns((1, "cycles"), (2, "decision")),
    },
    "0": {
        Width.MEDIUM: columns(
            (1, rows((2, "feeds"), (3, "strategies"))), (1, rows((3, "engine"), (2, "events")))
        ),
        Width.WIDE: columns(
            (1, rows((10, "feeds"), (8, "strategies"), (25, "limits"))),
            (1, rows((28, "engine"), (15, "cycles"))),
            (1, "events"),
        ),
    },
}
"""By screen and width; a screen without a layout of its own size takes the next smaller one."""


def tree_of(screen: str, width: Width) -> Tree:
    """Return the layout of a screen, that of the widest size which is not wider than asked for."""
    layouts = LAYOUTS[screen]
    usable = [kind for kind in layouts if kind <= max(width, Width.MEDIUM)]
    return layouts[max(usable)]
