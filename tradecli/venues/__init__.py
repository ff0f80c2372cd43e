"""Where market data come from and orders go to. A venue is imported when it is used, not before."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

VENUES: dict[str, str] = {
    "recorded": "tradecli.venues.recorded:Recorded",
    "simulated": "tradecli.venues.simulated:SimulatedMarket",
    "paper": "tradecli.venues.paper.venue:PaperVenue",
}
"""Name -> ``module:factory``. ``recorded`` and ``simulated`` give market data, ``paper`` takes orders."""


def factory(name: str) -> Callable[..., Any]:
    """Return the factory of a venue, importing its module now; ``KeyError`` for a name that is not in VENUES."""
    module, _, attribute = VENUES[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found
