"""Funding: what perpetuals pay, in comparable terms.

``COMPONENT`` is defined in ``component`` and loaded when first asked for: the settings beside it must stay light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradecli.components.base import Component

    COMPONENT: Component


def __getattr__(name: str) -> Any:
    if name != "COMPONENT":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.component").COMPONENT
