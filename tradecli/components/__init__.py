"""Six components. ``ALL`` is the order of assessment; help and screens keep their own.

``ALL`` and each folder's ``COMPONENT`` are put together when first asked for, because commands that only read
the settings of a component must not load its numerics.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradecli.components.base import Component

    ALL: tuple[Component, ...]

NAMES = ("vol", "signals", "flow", "funding", "inventory", "hedge")


def __getattr__(name: str) -> Any:
    if name != "ALL":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = tuple(import_module(f"{__name__}.{each}.component").COMPONENT for each in NAMES)
    globals()["ALL"] = found
    return found
