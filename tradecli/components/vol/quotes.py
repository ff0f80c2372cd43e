"""Where a grid's nearest orders stand by inventory and fill rate: GLFT on the tape (METHODS section 5.4).

It measures how often prints reach a distance, turns that and the volatility into two offsets, and puts the first
order of each side there. The farther orders stay on the lines of the lattice, which stand still.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from tradecli.components.base import View
from tradecli.components.vol.grid_report import Quoting
from tradecli.components.vol.lattice import Lattice
from tradecli.components.vol.settings import GridSettings
from tradecli.domain.enums import Side
from tradecli.domain.feed import MINUTE_MS
from tradecli.domain.instrument import Instrument
from tradecli.domain.intent import Rung
from tradecli.domain.number import ceil_to, floor_to
from tradecli.domain.series import CandleSeries
from tradecli.quant.grid import sigma_over
from tradecli.quant.quoting import FillRate, fit_fill_rate, glft_quotes

FEWEST_FILLS = 500
"""Waits that reached the nearest distance, below which A and k are not trusted (METHODS section 5.4)."""
MINUTE_HOURS = 1.0 / 60.0
KEPT = 0.20
"""A resting order stays while it is no farther than this share of the offset from where it would be put now."""
APART = 0.5
"""Steps that the next line must lie beyond the nearest order to be quoted."""

UNITS = {
    "quotes.inventory": "orders",
    "quotes.bid_offset": "quote currency",
    "quotes.ask_offset": "quote currency",
    "quotes.reservation": "quote currency",
    "quotes.skew": "quote currency",
    "quotes.fill_rate": "fills/hour",
    "quotes.decay": "1/quote currency",
    "quotes.aversion": "1/quote currency",
    "quotes.volatility": "quote currency/sqrt(hour)",
}

Resting = set[tuple[Side, Decimal | None]]


class Market(NamedTuple):
    """What the offsets rest on: the market now, the lattice and what it holds."""

    spec: Instrument
    mid: float
    vol: float
    """Fraction a year."""
    lattice: Lattice
    position: Decimal
    capital: Decimal


def lead(
    orders: tuple[Rung, ...], market: Market, view: View, settings: GridSettings, resting: Resting
) -> tuple[Quoting | None, tuple[Rung, ...]]:
    """Return what the nearest orders are led by, None for the lines of the grid alone, and the orders."""
    if settings.quotes != "glft":
        return None, orders
    quoting = assess(market, view.candles(market.spec.id, MINUTE_MS), settings.aversion)
    return quoting, lean(orders, quoting, market, resting)


def fill_rate(minutes: CandleSeries, mid: float) -> FillRate | None:
    """Return the fill rate by distance at today's price, per hour: how far the prints of each minute left its open."""
    scale = mid / minutes.open
    up, down = (minutes.high - minutes.open) * scale, (minutes.open - minutes.low) * scale
    return fit_fill_rate(np.concatenate((up, down)), MINUTE_HOURS)


def assess(market: Market, minutes: CandleSeries, aversion: float) -> Quoting:
    """Return both offsets, clipped at the maker's fee and one tick; without enough of a tape, why the rule stands."""
    rate = fill_rate(minutes, market.mid) if len(minutes) else None
    reached = rate.reached if rate is not None else 0
    if rate is None or reached < FEWEST_FILLS:
        words = f"glft: {reached} of {FEWEST_FILLS} fills: spacing by the rule"
        if rate is None and len(minutes):
            words = "glft: no fill rate that falls with distance: spacing by the rule"
        return Quoting(is_calibrated=False, reason=words, reached=reached)
    q = float(market.position / market.lattice.qty)
    sigma = sigma_over(market.vol, 1.0) * market.mid
    gamma = aversion_per_order(aversion, market)
    found = glft_quotes(q, sigma, rate.A, rate.k, gamma)
    least = max(float(market.spec.maker_fee) * market.mid, float(market.spec.tick))
    bid, ask = max(found.bid_offset, least), max(found.ask_offset, least)
    skew = (found.ask_offset - found.bid_offset) / 2.0
    limit = market.lattice.levels
    return Quoting(
        is_calibrated=True,
        reason=_words(q, bid, ask, skew, least, reached),
        reached=reached,
        inventory=q,
        bid_offset=None if q >= limit else bid,
        ask_offset=None if q <= -limit else ask,
        reservation=market.mid + skew,
        skew=skew,
        fill_rate=rate.A,
        decay=rate.k,
        aversion=gamma,
        volatility=sigma,
    )


def aversion_per_order(aversion: float, market: Market) -> float:
    """Return gamma per unit of price: aversion over the grid's capital, times the quantity of one order.

    A relative aversion over a wealth is an absolute one of aversion/wealth; a move of one unit of price is worth
    ``qty`` to one order.
    """
    if market.capital <= 0:
        return 0.0
    return aversion * float(market.lattice.qty) / float(market.capital)


def lean(
    orders: tuple[Rung, ...],
    quoting: Quoting,
    market: Market,
    resting: Resting,
) -> tuple[Rung, ...]:
    """Return the orders with the nearest of each side at its offset and the next ones at least half a step beyond."""
    if not quoting.is_calibrated:
        return orders
    found: list[Rung] = []
    for side, offset in ((Side.BUY, quoting.bid_offset), (Side.SELL, quoting.ask_offset)):
        own = [each for each in orders if each.side is side]
        if not own or offset is None:
            continue
        price = _nearest(side, offset, market, resting)
        if not _may_stand(price, market):
            continue
        beyond = float(price) * math.exp(-side.sign * APART * market.lattice.spacing)
        farther = [each for each in own if (float(each.price) - beyond) * side.sign <= 0.0]
        found += [Rung(side, price, market.lattice.qty), *farther[: len(own) - 1]]
    return tuple(found)


def _nearest(side: Side, offset: float, market: Market, resting: Resting) -> Decimal:
    """Return the price of the offset, or of an order resting near it or already passed by the mid."""
    tick = market.spec.tick
    exact = Decimal(repr(market.mid - side.sign * offset))
    wanted = floor_to(exact, tick) if side is Side.BUY else ceil_to(exact, tick)
    kept = max(KEPT * offset, float(tick))
    standing = [price for each, price in resting if each is side and price is not None]
    passed = [price for price in standing if (float(price) - market.mid) * side.sign >= 0.0]
    near = [price for price in standing if abs(float(price - wanted)) <= kept]
    return min(passed or near or [wanted], key=lambda each: (abs(each - wanted), each))


def _may_stand(price: Decimal, market: Market) -> bool:
    lattice = market.lattice
    if price <= 0 or market.spec.notional(lattice.qty, price) < market.spec.min_notional:
        return False
    return abs(math.log(float(price) / lattice.anchor)) <= lattice.reach + 1e-12


def _words(q: float, bid: float, ask: float, skew: float, least: float, reached: int) -> str:
    floor = ", at the floor of fees" if min(bid, ask) == least else ""
    lean = f"skew {skew:+.4g} at {q:+.3g} orders"
    return f"glft: bid −{bid:.6g}, ask +{ask:.6g}{floor}, {lean}, {reached} fills of the tape"
