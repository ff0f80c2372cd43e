"""Which sections there are, and which settings class declares each. The one place that lists them."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tradecli.components.flow.settings import FlowSettings
from tradecli.components.funding.settings import FundingSettings
from tradecli.components.hedge.settings import HedgeSettings
from tradecli.components.inventory.settings import InventorySettings
from tradecli.components.signals.settings import SignalsSettings
from tradecli.components.vol.settings import VolSettings
from tradecli.engine.settings import PaperSettings, RiskSettings, RunSettings
from tradecli.settings import setting, settings


@settings
class VenueSettings:
    """Access to one venue. Keys are references, never the key itself."""

    key: str = setting("", help="API key, as env:NAME, keyring:NAME or file:PATH")
    secret: str = setting("", help="API secret, as env:NAME, keyring:NAME or file:PATH")
    passphrase: str = setting("", help="API passphrase where the venue asks for one, as a reference")


DESK: Mapping[str, type] = {"run": RunSettings, "risk": RiskSettings, "paper": PaperSettings}
COMPONENTS: Mapping[str, type] = {
    "vol": VolSettings,
    "signals": SignalsSettings,
    "flow": FlowSettings,
    "funding": FundingSettings,
    "inventory": InventorySettings,
    "hedge": HedgeSettings,
}
SECTIONS: Mapping[str, type] = {**DESK, **COMPONENTS}
VENUES = "venues"
PROFILES = "profiles"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: its dotted name, its type, and what its settings class says of it."""

    name: str
    type: Any
    default: Any
    """``dataclasses.MISSING`` where the key must be stated."""
    help: str
    unit: str | None
    bounds: Mapping[str, float | None]


def keys(section: str, cls: type | None = None) -> Iterator[Key]:
    """Yield the keys of a section in their declared order, those of its sub-tables last."""
    cls = cls or SECTIONS[section]
    hints = typing.get_type_hints(cls)
    nested = []
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(hints[field.name]):
            nested.append((f"{section}.{field.name}", hints[field.name]))
            continue
        yield Key(
            name=f"{section}.{field.name}",
            type=hints[field.name],
            default=_default(field),
            help=field.metadata.get("help", ""),
            unit=field.metadata.get("unit"),
            bounds={name: field.metadata.get(name) for name in ("ge", "gt", "le", "lt")},
        )
    for name, inner in nested:
        yield from keys(name, inner)


def all_keys() -> dict[str, Key]:
    """Return every key of every section by its dotted name."""
    return {key.name: key for section in SECTIONS for key in keys(section)}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
