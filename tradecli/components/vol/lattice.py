"""The lines a grid quotes on, how its centre follows its fills, and the resting orders that follow. Pure.

Theory of operation. Lines lie at ``anchor · e^(k·spacing)`` for whole k and do not move while spacing and anchor are
kept, so that orders keep their place in the queue. One line, the centre, is vacant: buys rest on the lines below it,
sells on those above. A bought level makes its own line the new centre, which puts a sell on the old one, a step away;
a sold level does the opposite. So a filled order is never placed again at its own price before the price has moved a
step. Fills are read from the strategy's own position: every whole level of it moves the centre by one line, and what
is less than a level belongs to an order that still rests.
"""

from __future__ import annotations

import math
from collections.abc import Container
from decimal import Decimal
from functools import lru_cache

import msgspec

from tradecli.domain.enums import InstrumentKind, Side
from tradecli.domain.instrument import Instrument
from tradecli.domain.intent import Rung
from tradecli.domain.number import ZERO, ceil_to, floor_to

HEADROOM = Decimal("0.95")
"""Share of the capital that sizes are made for: the rest keeps a grid within its share when equity shrinks a little."""
WHOLE = Decimal("0.02")
"""A level counts as filled when no more than this share of it is missing: a fee in the coin makes a fill smaller."""
SPACING_TOLERANCE = 0.20
MOST_SKEW = 1.0
"""Most steps that the anchor is set away from the price, however large the inventory."""


class Lattice(msgspec.Struct, frozen=True, kw_only=True):
    """A standing grid. ``held`` is the position that the centre accounts for; ``qty`` that of one level."""

    anchor: float
    anchored_at: int
    spacing: float
    reach: float
    """Log distance from the anchor beyond which no line is quoted."""
    levels: int
    qty: Decimal
    centre: int
    held: Decimal

    def line(self, k: int) -> float:
        return self.anchor * math.exp(k * self.spacing)

    def steps_from(self, price: float) -> float:
        """Return how many steps ``price`` lies above the centre."""
        return math.log(price / self.line(self.centre)) / self.spacing


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a new grid would be made with: log spacing and reach, most levels a side, capital in quote currency."""

    spacing: float
    reach: float
    levels: int
    capital: Decimal
    skew: float = 0.0
    """Log distance of the anchor from the price with the inventory at its limit; negative for a long one."""


def level_size(spec: Instrument, price: float, wanted: Wanted) -> tuple[int, Decimal]:
    """Return (levels a side, quantity of one), with fewer levels where the capital is too small; (0, 0) for none."""
    for levels in range(wanted.levels, 0, -1):
        dearest = Decimal(repr(price * math.exp(levels * wanted.spacing)))
        cheapest = Decimal(repr(price * math.exp(-levels * wanted.spacing)))
        qty = spec.round_qty(wanted.capital * HEADROOM / levels / dearest)
        if spec.max_qty is not None:
            qty = min(qty, spec.round_qty(spec.max_qty))
        if qty >= max(spec.min_qty, spec.lot) and spec.notional(qty, cheapest) >= spec.min_notional:
            return levels, qty
    return 0, ZERO


def anchored(spec: Instrument, mid: float, at: int, position: Decimal, wanted: Wanted) -> Lattice | None:
    """Return a new grid around ``mid``, shifted against the inventory; None where the capital buys no level."""
    levels, qty = level_size(spec, mid, wanted)
    if not levels:
        return None
    share = inventory_share(position, mid, wanted.capital)
    most = MOST_SKEW * wanted.spacing
    shift = max(-most, min(most, share * wanted.skew))
    return Lattice(
        anchor=mid * math.exp(shift),
        anchored_at=at,
        spacing=wanted.spacing,
        reach=wanted.reach,
        levels=levels,
        qty=qty,
        centre=0,
        held=position,
    )


def inventory_share(position: Decimal, price: float, capital: Decimal) -> float:
    """Return the signed inventory as a fraction of the capital it may hold, between −1 and 1."""
    if capital <= 0:
        return 0.0
    return max(-1.0, min(1.0, float(position) * price / float(capital)))


def is_due(lattice: Lattice, wanted: Wanted, at: int, horizon_ms: int) -> str | None:
    """Say why a grid must be laid out anew, or None."""
    if abs(wanted.spacing / lattice.spacing - 1.0) > SPACING_TOLERANCE:
        return f"spacing moved from {lattice.spacing:.4%} to {wanted.spacing:.4%}"
    if at - lattice.anchored_at >= horizon_ms:
        return f"centred {horizon_ms / 3_600_000:g} h ago"
    return None


def follow(lattice: Lattice, position: Decimal, mid: float, recentre_steps: float) -> Lattice:
    """Move the centre by the levels that filled, and to the market where the price left it behind without fills."""
    filled = (lattice.held - position) / lattice.qty
    moved = int(filled + WHOLE.copy_sign(filled))
    held = position if abs(filled - moved) <= WHOLE else lattice.held - moved * lattice.qty
    if abs(moved) > 2 * lattice.levels:
        moved, held = (
            0,
            position,
        )  # no grid fills that much between two looks: the position was changed by others
    after = msgspec.structs.replace(lattice, centre=lattice.centre + moved, held=held)
    away = after.steps_from(mid)
    if abs(away) <= recentre_steps:
        return after
    return msgspec.structs.replace(after, centre=after.centre + round(away), held=position)


@lru_cache(maxsize=4_096)
def line_price(anchor: float, spacing: float, k: int, tick: Decimal, side: Side) -> Decimal:
    """Return the limit price of a line: down to the tick for buys, up for sells; kept, because lines stand still."""
    price = Decimal(repr(anchor * math.exp(k * spacing)))
    return floor_to(price, tick) if side is Side.BUY else ceil_to(price, tick)


def rungs(
    lattice: Lattice,
    spec: Instrument,
    mid: float,
    position: Decimal,
    capital: Decimal,
    resting: Container[tuple[Side, Decimal | None]] = (),
) -> tuple[Rung, ...]:
    """Return the orders that should rest: buys below and sells above ``mid``, the nearest first on each side.

    An order that is ``resting`` at a line already stays there when the mid passes it: it is about to fill.
    A side ends where its exposure, with the inventory, would exceed the capital, where the reach ends, and on a spot
    market where there is nothing left to sell.
    """
    found: list[Rung] = []
    price_now = Decimal(repr(mid))
    for side in (Side.BUY, Side.SELL):
        exposed = position * side.sign
        for step in range(1, lattice.levels + 1):
            k = lattice.centre - step * side.sign
            price = line_price(lattice.anchor, lattice.spacing, k, spec.tick, side)
            if price <= 0 or abs(k) * lattice.spacing > lattice.reach + 1e-12:
                break
            if (price - price_now) * side.sign >= 0 and (side, price) not in resting:
                continue
            if side is Side.SELL and spec.kind is InstrumentKind.SPOT and -exposed < lattice.qty:
                break
            if (exposed + lattice.qty) * max(price, price_now) > capital:
                break
            if spec.notional(lattice.qty, price) < spec.min_notional:
                break
            exposed += lattice.qty
            found.append(Rung(side, price, lattice.qty))
    return tuple(found)
