"""Windows of the past as arrays: what a ``View`` hands to a topic. Read-only, newest last, all of equal length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CandleSeries:
    """Closed bars of one instrument and interval; ``ts`` are open times, UTC ms; ``volume`` in base units."""

    interval_ms: int
    ts: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def as_of(self) -> int | None:
        """The moment the newest bar closed."""
        return int(self.ts[-1]) + self.interval_ms if len(self.ts) else None


@dataclass(frozen=True, slots=True)
class TradeSeries:
    """Public prints; ``sign`` is +1 where the aggressor bought and -1 where it sold."""

    ts: Times
    price: Floats
    qty: Floats
    sign: Floats

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True)
class FundingSeries:
    """Settled funding: time of settlement, rate per interval as a fraction, interval in hours (NaN: unknown)."""

    ts: Times
    rate: Floats
    interval_h: Floats

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True)
class ValueSeries:
    """A single number over time: mark, open interest, an index."""

    ts: Times
    value: Floats

    def __len__(self) -> int:
        return len(self.ts)
