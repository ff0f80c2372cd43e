"""The published and computed test vectors of ``../shared/vectors``, and how a result is compared with one.

Owns the tolerance rules, so that no test invents its own:

- a tolerance names a key of ``expected`` and holds for every leaf below it;
- ``*`` (or a bare ``{"abs": ...}``) holds for every leaf without a tolerance of its own;
- a number without any tolerance must agree to 1e-9 of itself, a little more than the files print;
- words, flags and ``null`` compare exactly;
- a key whose name says ``published``, and one whose tolerance is a note only, is left out unless the test gives it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXACT = "exact"
UNSTATED = {"rel": 1e-9}


@dataclass(frozen=True)
class Vector:
    """One vector: ``inputs`` for the function under test, ``check`` for what it returned."""

    id: str
    description: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Vector:
        raw = json.loads(path.read_text(encoding="utf-8"))
        fields = ("id", "description", "inputs", "expected", "tolerance")
        return cls(**{name: raw[name] for name in fields})

    def check(self, actual: Mapping[str, Any], *, skip: Collection[str] = ()) -> None:
        """Compare a mapping shaped like ``expected``; every key is due unless it is skipped by name.

        Values may be floats, Decimals, arrays, tuples or nested mappings. All differences are reported at once.
        """
        unknown = set(actual) - set(self.expected) | set(skip) - set(self.expected)
        assert not unknown, f"{self.id}: the vector expects nothing named {sorted(unknown)}"
        due = [key for key in self.expected if key in actual or not (key in skip or self._is_aside(key))]
        missing = [key for key in due if key not in actual]
        assert not missing, f"{self.id}: nothing was given for {missing}"
        differences = [text for key in due for text in self._differences(key, actual[key])]
        assert not differences, f"{self.id}:\n  " + "\n  ".join(differences)

    def check_at(self, path: str, actual: Any) -> None:
        """Compare one value with the leaf or branch at a dotted path, such as ``case_full.weights``."""
        expected: Any = self.expected
        for step in path.split("."):
            expected = expected[int(step)] if isinstance(expected, list) else expected[step]
        differences = list(_compare(expected, actual, path, self.tolerance_of(path.split(".")[0])))
        assert not differences, f"{self.id}:\n  " + "\n  ".join(differences)

    def tolerance_of(self, key: str) -> Any:
        """Return what holds for a key of ``expected``: a mapping with ``rel`` or ``abs``, or ``exact``."""
        everywhere = (
            self.tolerance if {"abs", "rel"} & set(self.tolerance) else self.tolerance.get("*", UNSTATED)
        )
        return self.tolerance.get(key, everywhere)

    def _is_aside(self, key: str) -> bool:
        own = self.tolerance.get(key)
        note_only = isinstance(own, Mapping) and not {"abs", "rel"} & set(own)
        return "published" in key or note_only

    def _differences(self, key: str, actual: Any) -> Iterator[str]:
        return _compare(self.expected[key], actual, key, self.tolerance_of(key))


def _compare(expected: Any, actual: Any, path: str, tolerance: Any) -> Iterator[str]:
    actual = _plain(actual)
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or set(actual) != set(expected):
            yield f"{path}: keys {_keys(actual)}, expected {sorted(expected)}"
            return
        for key, value in expected.items():
            yield from _compare(value, actual[key], f"{path}.{key}", tolerance)
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            yield f"{path}: {actual!r} has not the {len(expected)} values expected"
            return
        for index, value in enumerate(expected):
            yield from _compare(value, actual[index], f"{path}.{index}", tolerance)
    elif not _agree(expected, actual, tolerance):
        yield f"{path}: {actual!r}, expected {expected!r} within {tolerance}"


def _agree(expected: Any, actual: Any, tolerance: Any) -> bool:
    if expected is None or isinstance(expected, str | bool):
        return type(actual) is type(expected) and actual == expected
    if isinstance(actual, bool) or not isinstance(actual, int | float):
        return False
    if tolerance == EXACT:
        return bool(actual == expected)
    allowed = max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(expected))
    return math.isfinite(actual) and abs(actual - expected) <= allowed


def _plain(value: Any) -> Any:
    """Turn arrays, tuples, Decimals and numpy scalars into what JSON would have given."""
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return value.tolist()
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, str | bool | int | float | list | Mapping):
        return value
    return float(value)


def _keys(value: Any) -> Any:
    return sorted(value) if isinstance(value, Mapping) else repr(value)
