"""What the paper venue holds for us: balances by coin, positions, fees and funding. Exact, Decimal, pure.

Spot exchanges one coin for the other and takes its fee in what was received; a linear contract moves realised profit,
fee and funding in its settlement coin; an option is paid by its premium. Contracts settled in their own base coin are
not traded here: see ``rules``.
"""

from __future__ import annotations

from decimal import Decimal

from tradecli.domain.enums import InstrumentKind, Liquidity, Side
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.number import ZERO
from tradecli.domain.position import Position, after_fee, after_funding, after_trade

FINEST = Decimal("1e-12")
"""No amount is finer than this: sums of amounts then stay exact in 28 digits."""

OPTION_FEE_CAP = Decimal("0.125")
"""An option's fee is at most this fraction of its premium (Deribit's fee schedule)."""


def exact(amount: Decimal) -> Decimal:
    """Return ``amount``, rounded half-even to 1e-12 where it is finer than that."""
    exponent = amount.as_tuple().exponent
    return amount.quantize(FINEST) if isinstance(exponent, int) and exponent < -12 else amount


def fee_of(
    instrument: Instrument, side: Side, qty: Decimal, price: Decimal, liquidity: Liquidity
) -> tuple[Decimal, str]:
    """Return (fee, coin). Spot buys pay in base and sells in quote; contracts pay in their settlement coin.

    Options settled in their base coin pay the rate on the underlying, capped at 12.5 % of the premium (Deribit).
    """
    rate = instrument.maker_fee if liquidity is Liquidity.MAKER else instrument.taker_fee
    if instrument.kind is InstrumentKind.SPOT:
        if side is Side.BUY:
            return exact(qty * rate), instrument.base
        return exact(qty * price * rate), instrument.quote
    if instrument.kind is InstrumentKind.OPTION and instrument.settle == instrument.base:
        return exact(qty * min(rate, OPTION_FEE_CAP * price)), instrument.settle
    return exact(qty * price * rate), instrument.settle


class Account:
    """Our balances and positions at one venue."""

    def __init__(self) -> None:
        self.balances: dict[str, Decimal] = {}
        self.positions: dict[InstrumentId, Position] = {}

    def credit(self, coin: str, amount: Decimal) -> None:
        self.balances[coin] = self.balances.get(coin, ZERO) + amount

    def balance(self, coin: str) -> Decimal:
        return self.balances.get(coin, ZERO)

    def held(self, instrument: InstrumentId) -> Decimal:
        """Return the signed position in base units."""
        position = self.positions.get(instrument)
        return position.qty if position else ZERO

    def closable(self, instrument: InstrumentId, side: Side) -> Decimal:
        """Return how much an order on ``side`` may fill before the position is closed (INV-12)."""
        held = self.held(instrument)
        if side is Side.BUY:
            return -held if held < 0 else ZERO
        return held if held > 0 else ZERO

    def trade(
        self, instrument: Instrument, side: Side, qty: Decimal, price: Decimal, fee: Decimal, fee_coin: str
    ) -> None:
        """Book one fill: coins, position, fee."""
        signed = qty if side is Side.BUY else -qty
        before = self.positions.get(instrument.id) or Position(instrument=instrument.id)
        after = after_trade(before, signed, price)
        if instrument.kind is InstrumentKind.SPOT:
            self.credit(instrument.base, signed)
            self.credit(instrument.quote, -signed * price)
        elif instrument.kind is InstrumentKind.OPTION:
            self.credit(instrument.settle, -signed * price)
        else:
            self.credit(instrument.settle, after.realised - before.realised)
        self.credit(fee_coin, -fee)
        in_base = instrument.kind is InstrumentKind.SPOT and fee_coin == instrument.base
        self.positions[instrument.id] = after_fee(after, fee, price, in_base=in_base)

    def fund(self, instrument: Instrument, amount: Decimal) -> None:
        """Book a funding payment: received (+) or paid (-)."""
        self.credit(instrument.settle, amount)
        self.positions[instrument.id] = after_funding(self.positions[instrument.id], amount)
