"""Deribit's perpetuals. The simulated market has none of its own: they follow Bybit's, in Deribit's steps and units.

Prices are multiples of the tick, sizes multiples of the contract in USD; a coin's size becomes USD at its own price.
"""

from __future__ import annotations

from typing import NamedTuple

from tradecli.domain.instrument import InstrumentId
from tradecli.venues.loopback.display import Rows
from tradecli.venues.loopback.floor import Floor
from tradecli.venues.loopback.listed import Listed
from tradecli.venues.loopback.spelling import Spelling
from tradecli.venues.loopback.stand import Stand

FOLLOWS = "bybit"
FIRST_ID = 136_000_000_000


class Steps(NamedTuple):
    """Tick and contract in USD, and what the venue numbers the instrument by."""

    tick: float
    contract: float
    id: int
    created: int


STEPS = {
    "BTC": Steps(0.5, 10.0, 210838, 1_534_167_754_000),
    "ETH": Steps(0.05, 1.0, 210760, 1_552_568_454_000),
}


class Perpetual(Listed):
    """One perpetual. ``tick`` and ``contract`` are in USD; its levels are in those units."""

    def __init__(self, floor: Floor, coin: str, *, restless: bool) -> None:
        self.coin = coin
        self.tick, self.contract = STEPS[coin].tick, STEPS[coin].contract
        stand = floor.stands[_followed(floor, coin)]
        super().__init__(
            stand,
            f"{coin}-PERPETUAL",
            f"{coin}-PERPETUAL",
            Spelling(stand.line.instrument),
            first_id=FIRST_ID,
            restless=restless,
            levels=lambda: (self._levels(stand, stand.bids, -1), self._levels(stand, stand.asks, 1)),
        )
        self.own = f"{coin}-PERPETUAL"

    def _levels(self, stand: Stand, rows: Rows, sign: int) -> Rows:
        """Return levels in this venue's steps, rounded away from the middle so that the book cannot cross."""
        line = stand.line
        out: dict[int, int] = {}
        for ticks, lots in rows:
            usd = ticks / line.per_unit
            place = usd / self.tick
            step = -int(-place // 1) if sign > 0 else int(place // 1)
            size = max(round(lots / line.per_coin * usd / self.contract), 1)
            out[step] = out.get(step, 0) + size
        return sorted(out.items(), reverse=sign < 0)

    def at(self, ticks: int) -> float:
        """Return the price of a number of this venue's ticks."""
        return round(ticks * self.tick, 8)

    def snapped(self, ticks: int) -> float:
        """Return a price of the followed line on this venue's tick."""
        return self.at(round(ticks / self.stand.line.per_unit / self.tick))

    def amount(self, size: int) -> float:
        return size * self.contract

    def usd(self, ticks: int, lots: int) -> float:
        """Return lots of the followed line as USD, in whole contracts and at least one."""
        line = self.stand.line
        worth = lots / line.per_coin * ticks / line.per_unit
        return max(round(worth / self.contract), 1) * self.contract

    def best(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the best published bid and ask in this venue's units."""
        bids, asks = self.display.snapshot(1)
        return bids[0], asks[0]


def _followed(floor: Floor, coin: str) -> InstrumentId:
    return next(
        name
        for name, stand in floor.stands.items()
        if stand.line.venue == FOLLOWS and stand.line.base == coin and stand.line.perp
    )
