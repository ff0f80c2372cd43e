"""Which change of a risk limit makes it tighter, and limits that only ever become so while an engine runs (G06).

Pure. Loosening a limit is for a person who starts the engine again.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradecli.engine.settings import RiskSettings

_LONGER_IS_TIGHTER = frozenset({"stale_clean_s"})
_AT_START = frozenset({"max_stall_s"})
"""Read once, by the watchdog: a change is for the next start."""


def is_tighter(key: str, before: Any, after: Any) -> bool:
    """Say whether ``after`` allows strictly less than ``before``, and may be put in force while the engine runs."""
    if key in _AT_START:
        return False
    return bool(after > before if key in _LONGER_IS_TIGHTER else after < before)


def tightened(limits: RiskSettings, changed: Mapping[str, str]) -> RiskSettings:
    """Return ``limits`` with those of ``changed`` that are tighter; what would loosen one is left as it is."""
    types = typing.get_type_hints(RiskSettings)
    values: dict[str, Any] = {}
    for key, text in changed.items():
        value = types[key](Decimal(text))
        if is_tighter(key, getattr(limits, key), value):
            values[key] = value
    return dataclasses.replace(limits, **values)
