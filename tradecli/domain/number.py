"""The one parser of numbers that come from outside.

Accepts the ASCII decimal grammar only: an optional sign, digits, an optional point, an optional exponent. It refuses
NaN, infinities, underscores, thousands separators, hexadecimal, blanks and non-ASCII digits, and anything longer or
larger than a price, a size or a rate can be. It never goes through ``float``.
"""

from __future__ import annotations

import re
from decimal import Decimal

_GRAMMAR = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\Z")
_LONGEST = 64
LARGEST = Decimal("1e15")
SMALLEST = Decimal("1e-18")

ZERO = Decimal(0)
ONE = Decimal(1)


def parse_decimal(
    text: str,
    *,
    name: str = "number",
    minimum: Decimal | None = None,
    maximum: Decimal | None = LARGEST,
    positive: bool = False,
) -> Decimal:
    """Return the Decimal that ``text`` spells, or raise ``ValueError`` with one clear sentence naming ``name``."""
    if len(text) > _LONGEST or not _GRAMMAR.match(text):
        raise ValueError(f"{name} must be a plain decimal number such as 0.05 or 1200, not {text[:40]!r}")
    value = Decimal(text)
    if value != 0 and abs(value) < SMALLEST:
        raise ValueError(f"{name} is closer to zero than {SMALLEST}")
    if positive and value <= 0:
        raise ValueError(f"{name} must be greater than zero, not {text}")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, not {text}")
    if maximum is not None and abs(value) > maximum:
        raise ValueError(f"{name} must be at most {maximum}, not {text}")
    return value + ZERO if value == 0 else value


def plain(value: Decimal) -> str:
    """Return ``value`` in positional notation without trailing zeros: the form stored and exchanged."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Round ``value`` down to a multiple of ``step`` (exact; toward minus infinity)."""
    return (value / step).to_integral_value("ROUND_FLOOR") * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Round ``value`` up to a multiple of ``step`` (exact; toward plus infinity)."""
    return (value / step).to_integral_value("ROUND_CEILING") * step
