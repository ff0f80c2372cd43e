"""Depth as a venue writes it: rows of price and size, and how they become ticks and base units. Pure.

A depth message is the hottest thing that is heard. Its rows stay as they were decoded; a ``BookBuilder`` puts them into
its book in one pass, and a ``BookDelta`` is made of them only for who keeps one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal, Protocol, TypeAlias

import msgspec

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import BookDelta, Level

PRICES_KEPT = 1_024
"""Prices of one instrument whose ticks are remembered: the same ones come again and again."""

LARGEST = 1e15
"""A price or size from here on is none, as infinity and what is no number (D05)."""
Price = Annotated[float, msgspec.Meta(gt=1e-18, lt=LARGEST)]
Size = Annotated[float, msgspec.Meta(lt=LARGEST)]


class Row(Protocol):
    """One level: what it costs, and how much there is in the venue's own units; 0 removes it."""

    @property
    def price(self) -> float: ...
    @property
    def size(self) -> float: ...


class Pair(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A row that begins with price and size; what follows is passed over."""

    price: Price
    size: Size


Named: TypeAlias = tuple[Literal["new", "change", "delete"], Price, Size]
"""A row that begins with what happened to the level, and has no more than that; the size of one that is gone is 0."""


class Depth(msgspec.Struct, frozen=True, gc=False):
    """A ``BookDelta`` whose rows are not read yet; ``symbol`` is the venue's own spelling of the instrument."""

    symbol: str
    ts: int
    is_snapshot: bool
    first_id: int | None
    last_id: int | None
    prev_id: int | None
    bids: Sequence[Row]
    asks: Sequence[Row]
    named: ClassVar[bool] = False


class NamedDepth(
    msgspec.Struct,
    gc=False,
    rename={
        "symbol": "instrument_name",
        "ts": "timestamp",
        "last_id": "change_id",
        "prev_id": "prev_change_id",
    },
):
    """A ``Depth`` of ``Named`` rows, decoded as it is: its names in JSON are Deribit's, who alone writes such rows."""

    symbol: str
    ts: int
    last_id: int
    bids: list[Named]
    asks: list[Named]
    type: str = "change"
    prev_id: int | None = None
    first_id: ClassVar[None] = None
    named: ClassVar[bool] = True

    @property
    def is_snapshot(self) -> bool:
        return self.prev_id is None or self.type == "snapshot"


AnyDepth: TypeAlias = Depth | NamedDepth


class Scale:
    """What the rows of ``instrument`` mean: ``tick`` is the price of one tick, ``unit`` what one of quantity is worth.

    In base units, or in quote units where ``inverse`` is true: there a quantity becomes base units by its price.
    """

    __slots__ = ("instrument", "inverse", "per", "ticks", "unit")

    def __init__(
        self, instrument: InstrumentId, tick: float, unit: float = 1.0, *, inverse: bool = False
    ) -> None:
        self.instrument = instrument
        self.per = 1.0 / tick
        self.unit = unit
        self.inverse = inverse
        self.ticks: dict[float, int] = {}

    def learn(self, price: float) -> int:
        """Return the ticks of a price that is not remembered, and remember them."""
        if len(self.ticks) >= PRICES_KEPT:
            self.ticks.clear()
        found = self.ticks[price] = round(price * self.per)
        return found

    def levels(self, rows: Iterable[tuple[float, float]]) -> tuple[Level, ...]:
        """Return prices and sizes in ticks and base units."""
        per, unit = self.per, self.unit
        if self.inverse:
            return tuple([(round(price * per), size * unit / price) for price, size in rows])
        return tuple([(round(price * per), size * unit) for price, size in rows])

    def delta(self, depth: AnyDepth) -> BookDelta:
        """Return the whole message in ticks and base units."""
        return self.told(depth, *[self.levels(side) for side in _sides(depth)])

    def told(self, depth: AnyDepth, bids: tuple[Level, ...], asks: tuple[Level, ...]) -> BookDelta:
        """Return the message whose rows are read already."""
        snapshot = depth.is_snapshot
        first, last, before = depth.first_id, depth.last_id, None if snapshot else depth.prev_id
        return BookDelta(self.instrument, depth.ts, snapshot, first, last, before, bids, asks)


def _sides(depth: AnyDepth) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the prices and sizes of bids and asks."""
    if isinstance(depth, NamedDepth):
        return [row[1:] for row in depth.bids], [row[1:] for row in depth.asks]
    return [(row.price, row.size) for row in depth.bids], [(row.price, row.size) for row in depth.asks]
