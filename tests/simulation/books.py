"""The checker's own books: positions and money counted from the events alone, with no arithmetic of the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal

from tradecli.domain import events as e
from tradecli.domain.instrument import InstrumentId

ZERO = Decimal(0)
Price = Callable[[InstrumentId], Decimal | None]


class OwnBooks:
    """Fills and payments by their keys; ``sums`` are signed positions, ``cash`` what is left of the money."""

    def __init__(self) -> None:
        self.fills: dict[str, e.Fill] = {}
        self.paid: dict[str, Decimal] = {}
        self.sums: dict[InstrumentId, Decimal] = {}
        self.cash = ZERO

    def keep_only(self, booked: Collection[str]) -> None:
        """Forget what an engine that was killed had heard and not written: it will be told again."""
        fills = {key: fill for key, fill in self.fills.items() if key in booked}
        paid = {key: amount for key, amount in self.paid.items() if key in booked}
        self.__init__()  # type: ignore[misc]
        for fill in fills.values():
            self.take_fill(fill)
        for key, amount in paid.items():
            self.take_paid(key, amount)

    def take_fill(self, fill: e.Fill) -> bool:
        """Count a fill, once; say whether it was new."""
        key = f"{fill.instrument}:{fill.trade_id}"
        if key in self.fills:
            return False
        self.fills[key] = fill
        signed = fill.qty * fill.side.sign
        self.sums[fill.instrument] = self.sums.get(fill.instrument, ZERO) + signed
        self.cash -= signed * fill.price + fill.fee
        return True

    def take_paid(self, key: str, amount: Decimal) -> None:
        """Count a payment, once."""
        if key not in self.paid:
            self.paid[key] = amount
            self.cash += amount

    def held(self, instrument: InstrumentId) -> Decimal:
        return self.sums.get(instrument, ZERO)

    def net(self, price: Price) -> Decimal | None:
        """Return signed exposure over all instruments, in quote; None when a held one has no price."""
        total = ZERO
        for instrument, qty in self.sums.items():
            if qty:
                at = price(instrument)
                if at is None:
                    return None
                total += qty * at
        return total
