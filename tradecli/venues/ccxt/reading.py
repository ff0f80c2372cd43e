"""Fields of a venue's message, read strictly: what is missing or of the wrong type is ``Malformed``, never zero.

Pure. Numbers come as JSON numbers or as text; both pass the same bounds. A field that a venue leaves empty where it
knows nothing (``""``, null) is None when read with ``maybe``, and refused otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

LARGEST = 1e15
SMALLEST = 1e-18
LATEST_MS = 4_102_444_800_000
"""2100-01-01: a later time is seconds, micro- or nanoseconds taken for milliseconds."""
_LONGEST = 64
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")


class Malformed(ValueError):
    """A message that does not say what its kind must say."""


UNREADABLE = (AttributeError, TypeError, LookupError, ArithmeticError, ValueError, RecursionError)
"""What reading a message that no field check foresaw can raise; ``Malformed`` is among them."""

F = TypeVar("F", bound=Callable[..., Any])


def strict(reader: F) -> F:
    """Make a reader raise ``Malformed`` also where a message is built in a way that no field check foresaw."""

    @wraps(reader)
    def reads(*args: Any, **named: Any) -> Any:
        try:
            return reader(*args, **named)
        except Malformed:
            raise
        except UNREADABLE as error:
            raise Malformed(f"{type(error).__name__}: {str(error)[:100]}") from None

    return reads  # type: ignore[return-value]


def field(body: Any, key: str) -> Any:
    """Return the value of ``key``, which must be there."""
    if not isinstance(body, Mapping):
        raise Malformed(f"{key}: not inside an object")
    if key not in body:
        raise Malformed(f"{key} is missing")
    return body[key]


def rows(body: Any, name: str = "rows") -> Sequence[Any]:
    """Return a list, which it must be."""
    if not isinstance(body, list):
        raise Malformed(f"{name}: not a list")
    return body


def text(body: Any, key: str) -> str:
    """Return a text of 1 to 64 characters."""
    value = field(body, key)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise Malformed(f"{key}: not a short text")
    return value


def number(value: Any, name: str) -> float:
    """Return a finite number of bounded size, from a JSON number or a plain decimal text."""
    if isinstance(value, str):
        if len(value) > _LONGEST or not _NUMBER.match(value):
            raise Malformed(f"{name}: not a number")
        value = float(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{name}: not a number")
    if not math.isfinite(value) or abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        raise Malformed(f"{name}: out of bounds")
    return float(value)


def positive(value: Any, name: str) -> float:
    """Return a number above zero."""
    found = number(value, name)
    if found <= 0:
        raise Malformed(f"{name}: not above zero")
    return found


def amount(value: Any, name: str) -> float:
    """Return a number of zero or more."""
    found = number(value, name)
    if found < 0:
        raise Malformed(f"{name}: below zero")
    return found


def maybe(value: Any, name: str) -> float | None:
    """Return a number, or None where the venue leaves the field empty."""
    return None if value is None or value == "" else number(value, name)


def price_or_none(value: Any, name: str) -> float | None:
    """Return a price above zero, or None where there is none: empty, null, or zero."""
    found = maybe(value, name)
    return found if found is not None and found > 0 else None


def whole(value: Any, name: str) -> int:
    """Return an integer, from a JSON integer or its text."""
    if (
        isinstance(value, str)
        and len(value) <= _LONGEST
        and value.removeprefix("-").isdecimal()
        and value.isascii()
    ):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Malformed(f"{name}: not a whole number")


def stamp(value: Any, name: str) -> int:
    """Return UTC milliseconds between 1970 and 2100."""
    found = whole(value, name)
    if not 0 < found < LATEST_MS:
        raise Malformed(f"{name}: not a time in milliseconds")
    return found


def decimal_text(value: Any, name: str) -> str:
    """Return the text of a number above zero, for a ``Decimal``."""
    positive(value, name)
    return value if isinstance(value, str) else repr(value)
