"""The configuration in words: the commented example file, one row a key, and the JSON Schema of the file."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from tradecli.config import profiles, sections
from tradecli.domain.number import plain

HEADER = """\
# Configuration of tradecli. Every key is optional except those under [risk], which a profile
# that trades must state. Unknown keys are refused; `tradecli config validate` checks the file,
# `tradecli config explain KEY` says what a key does, `tradecli config show` where a value came from.
# Order: defaults < built-in profile < this file < [profiles.NAME] < TRADECLI_SECTION__KEY < flags.
"""
FOOTER = """
# Keys of a venue are references, never the key itself: env:NAME, keyring:NAME or file:PATH.
[venues.binance]
key = "env:BINANCE_API_KEY"
secret = "env:BINANCE_API_SECRET"

# A profile names its mode and may override any section. Built in: demo, replay, paper.
[profiles.careful]
mode = "paper"
[profiles.careful.risk]
max_order_notional_usd = 1000
"""
_INTERVALS_PER_YEAR = Decimal(365 * 3)


def example(values: Mapping[str, Any] | None = None, *, extras: bool = True) -> str:
    """Return a commented file of every key at its default or the demo's limit.

    With ``values``, only those and the limits are in force; every other line is commented out.
    """
    stated = {key: value for key, value in profiles.STATED["demo"].items() if key.startswith("risk.")}
    chosen = {**stated, **(values or {})}
    lines = [HEADER]
    for section, cls in sections.SECTIONS.items():
        lines.append(f"# {_summary(cls)}")
        table = ""
        for key in sections.keys(section):
            own, _, name = key.name.rpartition(".")
            if own != table:
                table = own
                lines += ["", f"[{table}]"] if table != section else [f"[{table}]"]
            value = chosen.get(key.name, key.default)
            off = "" if values is None or key.name in chosen else "# "
            lines.append(f"{off}{name} = {toml(value)}".ljust(38) + f" # {comment(key)}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + (FOOTER if extras else "")


def comment(key: sections.Key) -> str:
    """Return a key's help with its unit."""
    return key.help + (f" [{key.unit}]" if key.unit else "")


def toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def kind(key: sections.Key) -> str:
    """Return the type of a key in a word, or what may be chosen."""
    if typing.get_origin(key.type) is list:
        return "list of texts"
    if typing.get_origin(key.type) is typing.Literal:
        return "one of " + ", ".join(typing.get_args(key.type))
    return {int: "whole number", float: "number", Decimal: "decimal", str: "text", bool: "true/false"}[
        key.type
    ]


def bounds(key: sections.Key) -> str:
    """Return the bounds of a key, such as ``> 0, <= 100``."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return ", ".join(f"{signs[name]} {value:g}" for name, value in key.bounds.items() if value is not None)


def conversion(key: str, value: Any) -> str:
    """Return what a value means in another unit, where the unit is easily misread."""
    note = _CONVERSIONS.get(key)
    return note(value) if note is not None and value is not None else ""


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema of the configuration file."""
    properties = {name: _table_schema(cls) for name, cls in sections.SECTIONS.items()}
    venue = _table_schema(sections.VenueSettings)
    profile = {
        "type": "object",
        "properties": {
            "mode": {"enum": [mode.value for mode in profiles.ORDER]},
            "account_id": {"type": "string"},
        }
        | {name: {"type": "object"} for name in sections.SECTIONS},
        "additionalProperties": False,
    }
    properties[sections.VENUES] = {"type": "object", "additionalProperties": venue}
    properties[sections.PROFILES] = {"type": "object", "additionalProperties": profile}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tradecli configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _table_schema(cls: type) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    properties: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            properties[field.name] = _table_schema(hint)
            continue
        properties[field.name] = _key_schema(hint, field.metadata)
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "description": _summary(cls),
    }


def _key_schema(hint: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    if typing.get_origin(hint) is list:
        schema: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    elif typing.get_origin(hint) is typing.Literal:
        schema = {"type": "string", "enum": list(typing.get_args(hint))}
    else:
        schema = {
            "type": {int: "integer", float: "number", Decimal: "number", str: "string", bool: "boolean"}[hint]
        }
    names = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
    schema |= {names[key]: metadata[key] for key in names if metadata.get(key) is not None}
    unit = f" [{metadata['unit']}]" if metadata.get("unit") else ""
    return schema | {"description": metadata.get("help", "") + unit}


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _per_8h(value: Any) -> str:
    rate = Decimal(str(value)) * 100
    return f"{plain(rate)} % per 8 h is {plain(rate * _INTERVALS_PER_YEAR)} % a year (simple): rarely reached"


def _share(value: Any) -> str:
    return f"{float(value) * 100:g} %"


_CONVERSIONS: Mapping[str, Callable[[Any], str]] = {
    "funding.min_rate_difference": _per_8h,
    "funding.min_net_apr": _share,
    "inventory.max_inventory_ratio": _share,
    "inventory.kelly_multiplier": _share,
    "inventory.max_cluster_ratio": _share,
    "inventory.max_quote_coin_ratio": _share,
    "vol.grid.capital_share": _share,
    "risk.vol_breaker": _share,
}
