"""The built-in profiles: what they run in, and the values they state. The file's own values come after these.

``demo`` and ``replay`` state every risk key, so that they work without a file; ``paper``, ``rehearsal`` and ``live``
state none: whoever trades says how much may be lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradecli.domain.enums import Mode

_LIMITS: Mapping[str, Any] = {
    "risk.max_order_notional_usd": Decimal(10_000),
    "risk.max_symbol_pct": 10.0,
    "risk.max_venue_pct": 40.0,
    "risk.max_gross_pct": 300.0,
    "risk.max_net_pct": 30.0,
    "risk.max_open_orders": 200,
    "risk.max_orders_per_min": 600,
    "risk.max_drawdown_pct": 15.0,
    "risk.max_daily_loss_pct": 4.0,
    "inventory.total_capital": Decimal(100_000),
}

UNUSED_LIMITS: Mapping[str, Any] = {key: value for key, value in _LIMITS.items() if key.startswith("risk.")}
"""Stand where a limit must have a value and none is used: a command that only asks sends no order."""

_DEMO: Mapping[str, Any] = {"vol.grid.tau_hours": 0.02}
"""The grid of the demo steps as tightly as costs allow, so that fills are seen within minutes and not hours."""

MODES: Mapping[str, Mode] = {
    "demo": Mode.DEMO,
    "replay": Mode.REPLAY,
    "paper": Mode.PAPER,
    "rehearsal": Mode.REHEARSAL,
}
STATED: Mapping[str, Mapping[str, Any]] = {
    "demo": {**_LIMITS, **_DEMO},
    "replay": _LIMITS,
    "paper": {},
    "rehearsal": {},
}

ORDER = (Mode.DEMO, Mode.REPLAY, Mode.PAPER, Mode.REHEARSAL, Mode.LIVE)
"""From the mode that can do least to the one that sends real orders."""


def is_lower(asked: Mode, own: Mode) -> bool:
    """Say whether ``asked`` can do no more than ``own``: a profile's mode may be lowered, never raised."""
    return ORDER.index(asked) <= ORDER.index(own)
