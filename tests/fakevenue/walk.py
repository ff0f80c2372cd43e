"""The fake venue's market: a seeded random walk in ticks, drawn back to where it began."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from tradecli.domain.enums import InstrumentKind
from tradecli.domain.instrument import Instrument, InstrumentId
from tradecli.domain.market import Quote

BTC = InstrumentId("BTCUSDT@binance")
ETH = InstrumentId("ETHUSDT@binance")
STARTS = {BTC: 600_000, ETH: 300_000}


def instruments(venue: str = "binance") -> dict[InstrumentId, Instrument]:
    """Return two linear perpetuals of ``venue``."""
    made = {}
    for base, tick, lot in (("BTC", "0.1", "0.001"), ("ETH", "0.01", "0.001")):
        name = InstrumentId(f"{base}USDT@{venue}")
        made[name] = Instrument(
            id=name,
            kind=InstrumentKind.LINEAR,
            base=base,
            quote="USDT",
            settle="USDT",
            tick=Decimal(tick),
            lot=Decimal(lot),
            min_qty=Decimal(lot),
            min_notional=Decimal(5),
            max_qty=Decimal(1000),
            maker_fee=Decimal("0.0002"),
            taker_fee=Decimal("0.0005"),
        )
    return made


class Walk:
    """One instrument's best bid in ticks; the ask is one tick above it."""

    def __init__(self, spec: Instrument, start: int, rng: Random) -> None:
        self.spec = spec
        self.start = start
        self.bid = start
        self._rng = rng

    def move(self) -> tuple[Decimal, Decimal]:
        """Take a step: mostly a few ticks, at times a jump. Return bid and ask."""
        rng = self._rng
        jump = rng.choice((-60, 60)) if rng.random() < 0.02 else 0
        self.bid += rng.randint(-6, 6) + (self.start - self.bid) // 200 + jump
        bid = self.spec.tick * self.bid
        return bid, bid + self.spec.tick

    def quote(self, at: int) -> Quote:
        """Return what the market shows."""
        tick = float(self.spec.tick)
        return Quote(self.spec.id, at, self.bid * tick, 10.0, (self.bid + 1) * tick, 10.0)
