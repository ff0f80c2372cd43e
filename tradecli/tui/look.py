"""What every panel draws from: one snapshot, the session to ask for books and candles, the focused symbol, the beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tradecli.components.base import Topic
from tradecli.domain.instrument import InstrumentId, symbol_of
from tradecli.engine.snapshot import Session, Snapshot
from tradecli.present.format import price


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
        """Return the middle of the newest quote."""
        quote = self.snapshot.quotes.get(instrument) if self.snapshot is not None else None
        return quote.mid if quote is not None else None

    def price_text(self, instrument: InstrumentId, value: float | Decimal | None) -> str:
        """Return a price with the instrument's own decimals."""
        return price(value, self.tick(instrument), wide=self.wide)

    @property
    def focus_symbol(self) -> str:
        return symbol_of(self.focus) if self.focus is not None else ""
