"""The configuration: TOML in, validated settings out. pydantic is imported when a file is read, and nowhere else.

``load`` gives a whole ``Config``; ``place.locate`` says cheaply which profile is meant and where its files lie;
``folders`` knows the folders of this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tradecli.config.loading import Config, load
    from tradecli.config.place import Place, locate

__all__ = ["Config", "Place", "load", "locate"]


def __getattr__(name: str) -> Any:
    """Import ``load`` and ``locate`` when they are first used: a command that only reads a store pays for neither."""
    if name in ("Config", "load"):
        from tradecli.config import loading

        return getattr(loading, name)
    if name in ("Place", "locate"):
        from tradecli.config import place

        return getattr(place, name)
    raise AttributeError(name)
