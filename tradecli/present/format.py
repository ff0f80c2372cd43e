"""The only formatting of prices, quantities, money, ratios, durations and times, for tables and screens.

It must not be used for data: JSON and CSV carry plain numbers with ``-`` and ``.``. On screen a minus is U+2212, an
unknown is ``—`` and never 0, decimals follow the instrument's tick, and thousands get a thin gap only where the caller
says there is room. ``wearing`` sets the reader's choice of ratio unit and time zone for one piece of work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

Number: TypeAlias = Decimal | float | int

UNKNOWN = "—"
MINUS = "−"
GAP = "\u202f"
_OWN_DIGITS = 8
_MS_S, _MS_MIN, _MS_H, _MS_DAY = 1_000, 60_000, 3_600_000, 86_400_000

_ratio_unit: ContextVar[str] = ContextVar("ratio_unit", default="pct")
_local_time: ContextVar[bool] = ContextVar("local_time", default=False)


@contextmanager
def wearing(*, ratio_unit: str = "pct", local_time: bool = False) -> Iterator[None]:
    """Show ratios as ``pct``, ``bps`` or ``frac`` and times in UTC or local time while the block runs."""
    unit, zone = _ratio_unit.set(ratio_unit), _local_time.set(local_time)
    try:
        yield
    finally:
        _ratio_unit.reset(unit)
        _local_time.reset(zone)


def number(value: Number | None, decimals: int = 2, *, sign: bool = False, wide: bool = False) -> str:
    """Return ``value`` with a fixed count of decimals; ``—`` for None and for what is not finite."""
    if value is None or not _is_finite(value):
        return UNKNOWN
    grouping = "," if wide else ""
    text = format(abs(value), f"{grouping}.{decimals}f").replace(",", GAP)
    is_zero = not any(c in "123456789" for c in text)
    if value < 0 and not is_zero:
        return MINUS + text
    return "+" + text if sign else text


def price(value: Number | None, tick: Decimal | None = None, *, wide: bool = False) -> str:
    """Return a price with the decimals of its tick; without one, with its own or about six significant digits."""
    return number(value, _decimals(value, tick, significant=6), wide=wide)


def qty(value: Number | None, lot: Decimal | None = None, *, sign: bool = False) -> str:
    """Return a quantity with the decimals of its lot; without one, with its own or about five significant digits."""
    return number(value, _decimals(value, lot, significant=5), sign=sign)


def money(
    value: Number | None, coin: str = "", *, decimals: int = 2, sign: bool = False, wide: bool = False
) -> str:
    """Return an amount of ``coin``; leave ``coin`` out where the column header names it."""
    text = number(value, decimals, sign=sign, wide=wide)
    return f"{text} {coin}" if coin and text != UNKNOWN else text


def pct(fraction: Number | None, decimals: int = 2, *, sign: bool = False) -> str:
    """Return a plain fraction as a percentage (0.0123 is ``1.23%``), or in the unit the reader asked for."""
    unit = _ratio_unit.get()
    if unit == "bps":
        return bps(fraction, max(decimals - 2, 0), sign=sign)
    if unit == "frac":
        return number(fraction, decimals + 2, sign=sign)
    text = number(_times(fraction, 100), decimals, sign=sign)
    return text if text == UNKNOWN else text + "%"


def percent(value: Number | None, decimals: int = 2, *, sign: bool = False) -> str:
    """Return a figure that is already in percent (a name that ends in ``_pct``)."""
    return pct(_times(value, Decimal("0.01") if isinstance(value, Decimal) else 0.01), decimals, sign=sign)


def bps(fraction: Number | None, decimals: int = 1, *, sign: bool = False) -> str:
    """Return a plain fraction in basis points (0.0012 is ``12.0 bps``)."""
    text = number(_times(fraction, 10_000), decimals, sign=sign)
    return text if text == UNKNOWN else text + " bps"


def count(value: int | None, *, wide: bool = False) -> str:
    """Return a whole number."""
    return number(value, 0, wide=wide)


def duration(ms: float | None) -> str:
    """Return a length of time in its two largest units: ``41 ms``, ``9 s``, ``1m 05s``, ``3h 12m``, ``2d 04h``."""
    if ms is None or not math.isfinite(ms):
        return UNKNOWN
    if ms < 0:
        return MINUS + duration(-ms)
    if ms < _MS_S:
        return f"{ms:.0f} ms"
    if ms < _MS_MIN:
        return f"{ms / _MS_S:.0f} s" if ms >= 10 * _MS_S else f"{ms / _MS_S:.1f} s".replace(".0", "")
    if ms < _MS_H:
        return f"{int(ms // _MS_MIN)}m {int(ms % _MS_MIN // _MS_S):02d}s"
    if ms < _MS_DAY:
        return f"{int(ms // _MS_H)}h {int(ms % _MS_H // _MS_MIN):02d}m"
    return f"{int(ms // _MS_DAY)}d {int(ms % _MS_DAY // _MS_H):02d}h"


def age(ms: float | None) -> str:
    """Return how old something is, in one unit, as short as a column wants it: ``9s``, ``12m``, ``3h``, ``2d``."""
    if ms is None or not math.isfinite(ms):
        return UNKNOWN
    if ms < 0:
        return "0s"
    for size, unit in ((_MS_DAY, "d"), (_MS_H, "h"), (_MS_MIN, "m")):
        if ms >= size:
            return f"{int(ms // size)}{unit}"
    return f"{int(ms // _MS_S)}s"


def time(ts: int | None) -> str:
    """Return the time of day: ``12:04:31Z``, or local time without the Z."""
    return _moment(ts, "%H:%M:%S")


def moment(ts: int | None) -> str:
    """Return date and time to the second: ``2023-08-10 00:00:00Z``."""
    return _moment(ts, "%Y-%m-%d %H:%M:%S")


def day(ts: int | None) -> str:
    """Return the date."""
    return UNKNOWN if ts is None else _moment(ts, "%Y-%m-%d").rstrip("Z")


def visible(text: str) -> str:
    """Return ``text`` with control, escape and direction characters replaced by a visible mark (U01, U02)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _is_harmless(c) else f"<{ord(c):02X}>" for c in text)


def _is_harmless(c: str) -> bool:
    if c in (GAP, " "):
        return True
    if 0xFE00 <= ord(c) <= 0xFE0F or 0xE0000 <= ord(c) <= 0xE0FFF:
        return False
    return c.isprintable()


def _moment(ts: int | None, pattern: str) -> str:
    if ts is None:
        return UNKNOWN
    try:
        at = datetime.fromtimestamp(ts / 1_000, UTC)
    except (OverflowError, ValueError, OSError):
        return UNKNOWN
    if _local_time.get():
        return at.astimezone().strftime(pattern)
    return at.strftime(pattern) + "Z"


def _is_finite(value: Number) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _times(value: Number | None, factor: Number) -> Number | None:
    if value is None:
        return None
    return value * Decimal(factor) if isinstance(value, Decimal) else float(value) * float(factor)


def _decimals(value: Number | None, step: Decimal | None, *, significant: int) -> int:
    if step is not None and step > 0:
        exponent = step.normalize().as_tuple().exponent
        return max(-exponent, 0) if isinstance(exponent, int) else 0
    if isinstance(value, Decimal) and value.is_finite():
        own = value.as_tuple().exponent
        if isinstance(own, int) and own >= -_OWN_DIGITS:
            return max(-own, 0)
    if value is None or not _is_finite(value) or value == 0:
        return 2
    magnitude = math.floor(math.log10(abs(float(value)))) if abs(float(value)) > 0 else 0
    return min(max(significant - 1 - magnitude, 0), 10)
