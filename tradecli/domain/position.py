"""Positions and balances: the fold of fills, exact to the last digit.

Average prices are not stored, because dividing loses digits. A position keeps the signed cost of what is open; closing
a part releases a part of that cost, rounded once to 1e-12, and books the rest as realised. Whatever the rounding,
``realised + unrealised`` is then exactly what the fills say (INV-03, residual 0).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tradecli.domain.instrument import InstrumentId
from tradecli.domain.number import ZERO

_STEP = Decimal("1e-12")


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A signed quantity in base units and its money, in quote currency. ``+`` is long."""

    instrument: InstrumentId
    qty: Decimal = ZERO
    open_cost: Decimal = ZERO
    """Signed cost of the open quantity: positive when long."""
    realised: Decimal = ZERO
    """Profit of what was closed, before fees and funding."""
    fees: Decimal = ZERO
    """Fees paid, valued in quote currency at the fill; positive is a cost."""
    funding: Decimal = ZERO
    """Funding received (+) or paid (-)."""
    traded: Decimal = ZERO
    """Sum of absolute notional."""
    fills: int = 0

    @property
    def average_price(self) -> Decimal | None:
        return self.open_cost / self.qty if self.qty else None

    def unrealised(self, mark: Decimal) -> Decimal:
        """Return the open profit at ``mark``, in quote currency."""
        return self.qty * mark - self.open_cost

    def value(self, mark: Decimal) -> Decimal:
        """Return the signed exposure at ``mark``, in quote currency."""
        return self.qty * mark


def after_trade(position: Position, signed_qty: Decimal, price: Decimal) -> Position:
    """Return the position after buying (+) or selling (-) ``signed_qty`` base units at ``price``."""
    qty, cost, realised = position.qty, position.open_cost, position.realised
    closing = ZERO
    if qty and (signed_qty > 0) != (qty > 0):
        closing = min(abs(signed_qty), abs(qty)).copy_sign(qty)
        released = cost if closing == qty else (cost * closing / qty).quantize(_STEP)
        realised += closing * price - released
        cost -= released
        qty -= closing
    opening = signed_qty + closing
    return msgspec.structs.replace(
        position,
        qty=qty + opening,
        open_cost=cost + opening * price,
        realised=realised,
        traded=position.traded + abs(signed_qty) * price,
        fills=position.fills + 1,
    )


def after_fee(position: Position, fee: Decimal, price: Decimal, *, in_base: bool) -> Position:
    """Return the position after a fee: in quote currency, or in base coin, which also shrinks the holding.

    A fee in base coin is the same as selling that quantity at the fill price and paying with the proceeds.
    """
    if not in_base:
        return msgspec.structs.replace(position, fees=position.fees + fee)
    sold = after_trade(position, -fee, price)
    return msgspec.structs.replace(
        sold, fees=position.fees + fee * price, traded=position.traded, fills=position.fills
    )


def after_funding(position: Position, amount: Decimal) -> Position:
    """Return the position after receiving (+) or paying (-) ``amount`` of funding."""
    return msgspec.structs.replace(position, funding=position.funding + amount)


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of one coin at one venue. The sum of the entries is the balance.

    ``kind`` is ``deposit``, ``trade``, ``pnl``, ``fee``, ``funding``, ``transfer`` or ``adjustment``; ``ref`` makes the
    entry unique for ever (trade id, payment id), so that importing twice changes nothing.
    """

    venue: str
    coin: str
    amount: Decimal
    kind: str
    ts: int
    ref: str
    instrument: InstrumentId | None = None
