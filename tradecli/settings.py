"""``@settings``: how a section of the configuration is declared.

A settings class is a frozen, keyword-only dataclass with no behaviour and no imports beyond the standard library, so
that reading a component never loads the validator. ``tradecli.config`` turns it into a validated section; each field
carries its help sentence, its unit and its bounds in ``setting(...)``.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


def setting(
    default: Any = dataclasses.MISSING,
    *,
    help: str,
    unit: str | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Any:
    """Declare one key: its default, a sentence of help, its unit and its bounds.

    A field without a default must be present in the file: use that for risk keys, which have no silent default.
    """
    metadata = {"help": help, "unit": unit, "ge": ge, "gt": gt, "le": le, "lt": lt}
    if isinstance(default, dict | list):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


# No field specifiers: a type checker would look for the default under its keyword only, and call every default missing.
@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen, keyword-only dataclass with slots."""
    return dataclasses.dataclass(frozen=True, kw_only=True, slots=True)(cls)
