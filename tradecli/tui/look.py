"""What every panel draws from: one snapshot, the session to ask for books and candles, the focused symbol, the beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from tradecli.components.base import Topic
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.engine.snapshot import Session, Snapshot
from tradecli.present.format import price


class Rests(Enum):
    """Whose prices what a panel shows rests on. What rests on old prices says so and is dimmed."""

    NOTHING = "nothing"
    """On none, or each row says its own age."""
    FOCUS = "focus"
    HELD = "held"


@dataclass(frozen=True, eq=False)
class Look:
    """One beat of the console. ``session`` None: it is still being started."""

    snapshot: Snapshot | None
    session: Session | None
    focus: InstrumentId | None
    topics: Mapping[str, Topic]
    beat: int
    wide: bool
    """Room for thousands gaps."""

    def tick(self, instrument: InstrumentId) -> Decimal | None:
        """Return the price step of an instrument, where it is known."""
        spec = self.session.instrument(instrument) if self.session is not None else None
        return spec.tick if spec is not None else None

    def lot(self, instrument: InstrumentId) -> Decimal | None:
        """Return the quantity step of an instrument, where it is known."""
        spec = self.session.instrument(instrument) if self.session is not None else None
        return spec.lot if spec is not None else None

    def mid(self, instrument: InstrumentId) -> float | None:
        """Return the middle of the newest quote; None where there is none, or where it is past its limit."""
        snapshot = self.snapshot
        quote = snapshot.quotes.get(instrument) if snapshot is not None else None
        if quote is None or snapshot is None or snapshot.is_old(instrument):
            return None
        return quote.mid

    def age_of(self, rests: Rests) -> int | None:
        """Return how old the prices are that ``rests`` names, in ms, where they are past their limit."""
        snapshot = self.snapshot
        if snapshot is None or rests is Rests.NOTHING:
            return None
        if rests is Rests.HELD:
            return snapshot.held_age()
        if self.focus is None or not snapshot.is_old(self.focus):
            return None
        return snapshot.price_age(self.focus)

    def price_text(self, instrument: InstrumentId, value: float | Decimal | None) -> str:
        """Return a price with the instrument's own decimals."""
        return price(value, self.tick(instrument), wide=self.wide)

    @property
    def focus_symbol(self) -> str:
        return symbol_of(self.focus) if self.focus is not None else ""
