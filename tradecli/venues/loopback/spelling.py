"""Ticks and lots as text, in the decimals of a venue."""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.instrument import Instrument
from tradecli.venues.loopback.display import Rows

_HASH = 0x9E3779B97F4A7C15


def places(step: Decimal) -> int:
    """Return the decimals a step is written with."""
    exponent = step.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def trimmed(text: str) -> str:
    """Return a decimal without the zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


class Spelling:
    """How one instrument's prices and sizes are written.

    ``contract`` base units are one unit of size; ``trim`` leaves out the zeros at the end.
    """

    def __init__(
        self,
        instrument: Instrument,
        *,
        price_places: int | None = None,
        size_places: int | None = None,
        contract: Decimal = Decimal(1),
        trim: bool = False,
    ) -> None:
        self.price_places = places(instrument.tick) if price_places is None else price_places
        lot = instrument.lot / contract
        self.size_places = places(lot) if size_places is None else size_places
        self._tick, self._lot = float(instrument.tick), float(lot)
        self._base = float(instrument.lot)
        self._trim = trim

    def px(self, ticks: int) -> str:
        text = f"{ticks * self._tick:.{self.price_places}f}"
        return trimmed(text) if self._trim else text

    def qty(self, lots: int) -> str:
        text = f"{lots * self._lot:.{self.size_places}f}"
        return trimmed(text) if self._trim else text

    def base(self, lots: int) -> float:
        """Return base units."""
        return lots * self._base

    def price(self, ticks: int) -> float:
        return round(ticks * self._tick, 10)

    def quote(self, ticks: int, lots: int, digits: int = 4) -> str:
        """Return the quote volume of ``lots`` at ``ticks``."""
        return f"{ticks * self._tick * lots * self._base:.{digits}f}"

    def volume(self, ticks: int, lots: int) -> str:
        """Return the volume of a bar that closed at ``ticks``, in the units that sizes are written in."""
        return self.qty(lots)

    def turnover(self, ticks: int, lots: int, digits: int = 4) -> str:
        """Return the volume of a bar in the other currency."""
        return self.quote(ticks, lots, digits)

    def rows(self, rows: Rows) -> list[list[str]]:
        return [[self.px(ticks), self.qty(lots)] for ticks, lots in rows]


def wave(ts: int, salt: int, period_ms: int) -> float:
    """Return a number in [-1, 1] that changes once a period: for figures that the simulated market does not make."""
    word = ((ts // period_ms) * _HASH + salt * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    word ^= word >> 31
    word = (word * _HASH) & 0xFFFFFFFFFFFFFFFF
    return ((word >> 40) & 0xFFFF) / 32767.5 - 1.0
