"""What one bar does to our orders when bars are all there is. Pure.

A bar tells four prices and a volume, not their order. What it leaves open is resolved against us:

- Only orders that had arrived when the bar opened take part; one placed during a bar waits for the next.
- A limit order fills only when the bar trades at least one tick beyond its price; a touch is not a fill.
- All our fills of one bar together are at most ``share`` of its volume.
- Market orders fill at the open, one tick worse but not outside the bar. A stop fills at the worse of its trigger and
  the open, one tick worse likewise; a stop-limit that triggers rests from the next bar on.
- All our fills of one bar are on one side: a buy and its paired sell never meet inside a bar. Orders that fill at the
  open decide the side. Otherwise, where the bar reaches orders of both sides, only the side fills that leaves us worse
  off at the bar's close; the other waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor, inf
from typing import NamedTuple, TypeAlias

from tradecli.domain.enums import Liquidity
from tradecli.domain.market import Candle
from tradecli.venues.paper.pit import Match, Pit, Working

OFF_TICK = 1e-6
"""Prices nearer than this to a tick are on it: float noise, in ticks."""

Allow: TypeAlias = Callable[[Working, int], int]
"""How many lots an order may fill at a price in ticks: reduce-only room, spot funds."""


class Bar(NamedTuple):
    """A candle in ticks, and the lots of it that may be ours. High and low are rounded inward."""

    ts: int
    end: int
    open: int
    high: int
    low: int
    close: int
    lots: int


class Live(NamedTuple):
    """A stop that this bar set off and that takes part from the next one."""

    order: Working


class Drop(NamedTuple):
    """An order that ends with this bar. ``expired``: its time in force; otherwise the venue cancels it."""

    order: Working
    expired: bool
    reason: str


def read_bar(pit: Pit, candle: Candle, share: float) -> Bar | None:
    """Return the bar in ticks, or None when its numbers cannot be a bar."""
    low, high = candle.low, candle.high
    if not (
        0 < low <= candle.open <= high < inf and low <= candle.close <= high and 0 <= candle.volume < inf
    ):
        return None
    tick = pit.tick
    return Bar(
        ts=candle.ts,
        end=candle.ts + candle.interval_ms,
        open=round(candle.open / tick),
        high=floor(high / tick + OFF_TICK),
        low=ceil(low / tick - OFF_TICK),
        close=round(candle.close / tick),
        lots=pit.lots_of(candle.volume * share),
    )


def touches_nothing(pit: Pit, candle: Candle) -> bool:
    """Say quickly that a bar can neither fill nor trigger anything: the extremes of both sides are out of reach."""
    if pit.takers or pit.stops:
        return False
    buys, sells = pit.buys, pit.sells
    if buys and ((buys[0].ticks or 0) * pit.tick > candle.low or buys[0].crossing):
        return False
    return not (sells and ((sells[0].ticks or 0) * pit.tick < candle.high or sells[0].crossing))


def match_bar(pit: Pit, bar: Bar, allow: Allow) -> Iterator[Match | Live | Drop]:
    """Yield the fills and ends that ``bar`` brings; each must be booked before the next is asked for."""
    side: bool | None = None
    budget = bar.lots
    for order in _at_the_open(pit, bar):
        if order.done:
            continue
        price = _open_price(order, bar)
        room = allow(order, price) if price is not None else 0
        if price is not None and room == 0:
            yield Drop(order, False, "no position to reduce, or no balance")
            continue
        can = min(order.left, budget, room) if side in (None, order.buy) else 0
        if order.all_or_none and can < order.left:
            can = 0
        order.crossing = False
        if price is not None and can:
            side, budget = order.buy, budget - can
            yield Match(order, price, can, Liquidity.TAKER)
        if order.immediate and order.left and not order.done:
            yield Drop(order, True, "nothing more at once within its limit")
    plans = {buy: _plan(pit, bar, buy, budget) for buy in ((True, False) if side is None else (side,))}
    if side is None:
        side = _worse_side(plans[True], plans[False])
    stops = [stop for stop in pit.stops if _sets_off(stop, bar)]
    for order, price, _, liquidity in plans[side].fills:
        can = 0 if order.done else min(order.left, budget, allow(order, price))
        if can:
            budget -= can
            yield Match(order, price, can, liquidity)
    for order in stops:
        if not order.done:
            yield Live(order)


def _at_the_open(pit: Pit, bar: Bar) -> list[Working]:
    crossing = [order for order in (*pit.buys, *pit.sells) if order.crossing]
    return sorted((o for o in (*pit.takers, *crossing) if o.arrived <= bar.ts), key=lambda o: o.rank)


def _open_price(order: Working, bar: Bar) -> int | None:
    """Return what a taker pays at the open, or None when the open is beyond its limit."""
    limit = order.ticks
    if order.buy:
        if limit is not None and bar.open > limit:
            return None
        price = min(bar.open + 1, bar.high)
        return price if limit is None else min(price, limit)
    if limit is not None and bar.open < limit:
        return None
    price = max(bar.open - 1, bar.low)
    return price if limit is None else max(price, limit)


class _Plan(NamedTuple):
    fills: list[Match]
    worth: int
    """Profit of the fills at the bar's close, in ticks times lots."""


def _worse_side(buys: _Plan, sells: _Plan) -> bool:
    """Say whether it is the buys that fill: the only side reached, or the one that leaves us worse off."""
    if buys.fills and sells.fills:
        return buys.worth <= sells.worth
    return bool(buys.fills)


def _plan(pit: Pit, bar: Bar, buy: bool, budget: int) -> _Plan:
    """Return what one side would fill in this bar: its stops first, then its limits from the best price on."""
    reached: list[tuple[Working, int, Liquidity]] = []
    for order in pit.stops:
        if order.buy == buy and order.ticks is None and _sets_off(order, bar):
            trigger = order.trigger or 0
            price = (
                min(max(trigger, bar.open) + 1, bar.high) if buy else max(min(trigger, bar.open) - 1, bar.low)
            )
            reached.append((order, price, Liquidity.TAKER))
    for order in pit.buys if buy else pit.sells:
        ticks = order.ticks or 0
        if bar.low >= ticks if buy else bar.high <= ticks:
            break
        if order.arrived <= bar.ts:
            reached.append((order, ticks, Liquidity.MAKER))
    fills, worth = [], 0
    for order, price, liquidity in reached:
        take = min(order.left, budget)
        if take:
            budget -= take
            fills.append(Match(order, price, take, liquidity))
            worth += take * (bar.close - price if buy else price - bar.close)
    return _Plan(fills, worth)


def _sets_off(order: Working, bar: Bar) -> bool:
    if order.trigger is None or order.arrived > bar.ts:
        return False
    return bar.high >= order.trigger if order.buy else bar.low <= order.trigger
